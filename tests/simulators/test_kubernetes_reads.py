"""Lists, watches and discovery: true of a real API server and of the simulator."""

import json
import threading

import pytest

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
def ten(cluster):
    """Ten ConfigMaps, two of them labelled."""
    for number in range(10):
        labels = {"pair": "yes"} if number in (3, 7) else {}
        body = {"metadata": {"name": f"map-{number}", "labels": labels}, "data": {"n": str(number)}}
        assert cluster.api.post(cluster.path("configmaps"), json=body).status_code == 201
    return cluster


def names(answer):
    return [item["metadata"]["name"] for item in answer.json()["items"] if item["metadata"]["name"].startswith("map-")]


def every_line(cluster, path, **params):
    params = {"watch": "1", "timeoutSeconds": "1", **params}
    with cluster.api.stream("GET", path, params=params) as answer:
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.iter_lines() if line]


def test_a_list_is_cut_into_chunks_and_goes_on_where_it_stopped(ten):
    path, seen, token = ten.path("configmaps"), [], ""
    while True:
        answer = ten.api.get(path, params={"limit": "4", **({"continue": token} if token else {})})
        seen += names(answer)
        token = answer.json()["metadata"].get("continue", "")
        if not token:
            break
        assert len(answer.json()["items"]) == 4
    assert seen == [f"map-{number}" for number in range(10)]


def test_later_chunks_show_the_world_as_it_stood_at_the_first(ten):
    path = ten.path("configmaps")
    first = ten.api.get(path, params={"limit": "3"}).json()["metadata"]
    assert ten.api.delete(ten.path("configmaps", "map-8")).status_code == 200
    answer = ten.api.get(path, params={"continue": first["continue"]})
    assert "map-8" in names(answer)
    assert answer.json()["metadata"]["resourceVersion"] == first["resourceVersion"]
    assert "map-8" not in names(ten.api.get(path))


def test_a_forgotten_continue_token_answers_410_with_a_token_that_goes_on(simulator_ten):
    path = simulator_ten.path("configmaps")
    token = simulator_ten.api.get(path, params={"limit": "3"}).json()["metadata"]["continue"]
    simulator_ten.api.delete(simulator_ten.path("configmaps", "map-1"))
    simulator_ten.simulator.store.compact()
    answer = simulator_ten.api.get(path, params={"continue": token})
    assert answer.status_code == 410
    assert answer.json()["reason"] == "Expired"
    rest = simulator_ten.api.get(path, params={"continue": answer.json()["metadata"]["continue"]})
    assert names(rest) == [f"map-{number}" for number in range(3, 10)]


@pytest.fixture
def simulator_ten(ten):
    if ten.simulator is None:
        pytest.skip("a real server is not compacted on demand")
    return ten


def test_items_of_builtin_lists_carry_no_kind(ten):
    body = ten.api.get(ten.path("configmaps")).json()
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item for item in body["items"])


def test_selectors_choose_by_label_and_by_name(ten):
    path = ten.path("configmaps")
    assert names(ten.api.get(path, params={"labelSelector": "pair=yes"})) == ["map-3", "map-7"]
    assert names(ten.api.get(path, params={"labelSelector": "pair in (yes,no),!other"})) == ["map-3", "map-7"]
    assert len(names(ten.api.get(path, params={"labelSelector": "pair!=yes"}))) == 8
    assert names(ten.api.get(path, params={"fieldSelector": "metadata.name=map-2"})) == ["map-2"]
    assert ten.api.get(path, params={"fieldSelector": "data.n=2"}).status_code == 400


def test_a_list_may_come_as_a_table_or_as_metadata_alone(ten):
    path = ten.path("configmaps")
    table = ten.api.get(path, headers={"Accept": _TABLE}, params={"labelSelector": "pair"}).json()
    assert table["kind"] == "Table"
    assert next(column["name"] for column in table["columnDefinitions"]) == "Name"
    assert [row["cells"][0] for row in table["rows"]] == ["map-3", "map-7"]
    assert {row["object"]["kind"] for row in table["rows"]} == {"PartialObjectMetadata"}
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    partial = ten.api.get(path, headers={"Accept": accept}, params={"labelSelector": "pair"}).json()
    assert partial["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item for item in partial["items"])


def test_a_watch_tells_what_happened_since_a_version_in_order(ten):
    path = ten.path("configmaps")
    start = ten.api.get(path).json()["metadata"]["resourceVersion"]
    ten.api.post(path, json={"metadata": {"name": "map-new"}})
    patch = {"data": {"n": "changed"}}
    ten.api.patch(f"{path}/map-new", json=patch, headers={"Content-Type": "application/merge-patch+json"})
    ten.api.delete(f"{path}/map-new")
    events = every_line(ten, path, resourceVersion=start, fieldSelector="metadata.name=map-new")
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[0]["object"]["kind"] == "ConfigMap"


def test_an_object_that_stops_matching_a_watch_is_told_as_deleted(ten):
    path = ten.path("configmaps")
    start = ten.api.get(path).json()["metadata"]["resourceVersion"]
    merge = {"Content-Type": "application/merge-patch+json"}
    ten.api.patch(f"{path}/map-3", json={"metadata": {"labels": {"pair": None}}}, headers=merge)
    ten.api.patch(f"{path}/map-4", json={"metadata": {"labels": {"pair": "yes"}}}, headers=merge)
    events = every_line(ten, path, resourceVersion=start, labelSelector="pair=yes")
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("DELETED", "map-3"), ("ADDED", "map-4"),
    ]  # fmt: skip


def test_a_watch_without_a_version_begins_with_what_there_is(ten):
    events = every_line(ten, ten.path("configmaps"), labelSelector="pair=yes", timeoutSeconds="1")
    assert [event["type"] for event in events if event["type"] != "BOOKMARK"] == ["ADDED", "ADDED"]


def test_a_watch_ends_with_a_bookmark_when_they_are_allowed(cluster):
    if cluster.simulator is None:
        pytest.skip("a real server sends bookmarks about once a minute")
    cluster.simulator.bookmark_every = 0.2
    start = cluster.api.get(cluster.path("pods")).json()["metadata"]["resourceVersion"]
    cluster.api.post(cluster.path("configmaps"), json={"metadata": {"name": "elsewhere"}})
    events = every_line(cluster, cluster.path("pods"), resourceVersion=start, allowWatchBookmarks="true")
    assert {event["type"] for event in events} == {"BOOKMARK"}
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > int(start)


def test_a_watch_from_a_forgotten_version_is_one_error_event_of_410(cluster):
    if cluster.simulator is None:
        pytest.skip("a real server is not compacted on demand")
    for number in range(3):
        cluster.api.post(cluster.path("configmaps"), json={"metadata": {"name": f"m{number}"}})
    cluster.simulator.store.compact()
    (event,) = every_line(cluster, cluster.path("configmaps"), resourceVersion="2")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_running_watch_hears_of_a_change_at_once(cluster):
    start = cluster.api.get(cluster.path("configmaps")).json()["metadata"]["resourceVersion"]
    later = threading.Timer(0.3, cluster.api.post, (cluster.path("configmaps"),), {"json": {"metadata": {"name": "m"}}})
    later.start()
    events = every_line(cluster, cluster.path("configmaps"), resourceVersion=start, timeoutSeconds="1")
    later.join()
    assert [event["object"]["metadata"]["name"] for event in events if event["type"] == "ADDED"] == ["m"]


def test_both_forms_of_discovery_tell_the_same_resources(cluster):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    told = set()
    for path in ("/api", "/apis"):
        answer = cluster.api.get(path, headers={"Accept": accept})
        assert "apidiscovery.k8s.io" in answer.headers["content-type"]
        for group in answer.json()["items"]:
            name = group["metadata"].get("name") or ""
            for version in group["versions"]:
                told |= {(name, version["version"], one["resource"], one["scope"] == "Namespaced")
                         for one in version["resources"]}  # fmt: skip
    plain = {("", "v1", one["name"], one["namespaced"]) for one in cluster.api.get("/api/v1").json()["resources"]}
    for group in cluster.api.get("/apis").json()["groups"]:
        for version in group["versions"]:
            rows = cluster.api.get(f"/apis/{version['groupVersion']}").json()["resources"]
            plain |= {(group["name"], version["version"], one["name"], one["namespaced"]) for one in rows}
    assert {one for one in plain if "/" not in one[2]} == told
    assert ("apps", "v1", "deployments", True) in told
    assert ("", "v1", "nodes", False) in told


def test_aggregated_discovery_is_not_sent_again_while_it_is_the_same(cluster):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    tag = cluster.api.get("/apis", headers={"Accept": accept}).headers["etag"]
    again = cluster.api.get("/apis", headers={"Accept": accept, "If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_not_served_is_404_and_a_wrong_method_405(cluster):
    assert cluster.api.get("/apis/nothing.example/v1/things").status_code == 404
    assert cluster.api.get(cluster.path("nothings")).status_code == 404
    answer = cluster.api.get(cluster.path("configmaps", "absent"))
    assert (answer.status_code, answer.json()["message"]) == (404, 'configmaps "absent" not found')
    assert cluster.api.put(cluster.path("configmaps"), json={}).status_code == 405
