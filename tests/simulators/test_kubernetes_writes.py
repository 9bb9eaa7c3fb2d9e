"""Create, update, patch and delete: true of a real API server and of the simulator."""

import secrets

import pytest

MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}


def config_map(name="m", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(image="nginx:1.27", **spec):
    containers = [{"name": "web", "image": image}, {"name": "log", "image": "busybox:1.36"}]
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "shop"}},
                 "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": containers}}, **spec},
    }  # fmt: skip


@pytest.fixture
def held(cluster):
    """The stored ConfigMap ``m``."""
    answer = cluster.api.post(cluster.path("configmaps"), json=config_map(a="1", b="2"))
    assert answer.status_code == 201
    return answer.json()


def test_a_created_object_has_identity_version_and_time(held, cluster):
    metadata = held["metadata"]
    assert metadata["namespace"] == cluster.namespace
    assert metadata["uid"] and metadata["creationTimestamp"].endswith("Z") and int(metadata["resourceVersion"]) > 0
    again = cluster.api.post(cluster.path("configmaps"), json=config_map())
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")


def test_a_generated_name_is_the_prefix_and_five_signs(cluster):
    body = {"metadata": {"generateName": "job-"}}
    made = [cluster.api.post(cluster.path("configmaps"), json=body).json()["metadata"]["name"] for _ in range(2)]
    assert len(set(made)) == 2
    assert all(name.startswith("job-") and len(name) == 9 for name in made)


def test_an_update_against_an_older_version_is_a_conflict(held, cluster):
    path = cluster.path("configmaps", "m")
    newer = cluster.api.put(path, json={**held, "data": {"a": "2"}})
    assert newer.status_code == 200
    stale = cluster.api.put(path, json={**held, "data": {"a": "3"}})
    assert (stale.status_code, stale.json()["reason"]) == (409, "Conflict")
    assert stale.json()["message"].endswith("please apply your changes to the latest version and try again")


def test_a_write_that_changes_nothing_keeps_the_version(held, cluster):
    answer = cluster.api.put(cluster.path("configmaps", "m"), json=held)
    assert answer.json()["metadata"]["resourceVersion"] == held["metadata"]["resourceVersion"]


def test_a_merge_patch_replaces_lists_and_removes_nulls(held, cluster):
    path = cluster.path("configmaps", "m")
    answer = cluster.api.patch(path, json={"data": {"a": None, "c": "3"}}, headers=MERGE)
    assert answer.json()["data"] == {"b": "2", "c": "3"}


def test_a_json_patch_applies_in_order_or_not_at_all(held, cluster):
    path = cluster.path("configmaps", "m")
    good = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "move", "from": "/data/a", "path": "/data/z"}]
    assert cluster.api.patch(path, json=good, headers=JSON_PATCH).json()["data"] == {"b": "2", "z": "1"}
    bad = [{"op": "remove", "path": "/data/b"}, {"op": "remove", "path": "/data/none"}]
    assert cluster.api.patch(path, json=bad, headers=JSON_PATCH).status_code == 422
    assert cluster.api.get(path).json()["data"] == {"b": "2", "z": "1"}


def test_a_strategic_patch_merges_containers_by_name(cluster):
    path = cluster.path("deployments", group="apps")
    assert cluster.api.post(path, json=deployment()).status_code == 201
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:1.28"}]}}}}
    answer = cluster.api.patch(f"{path}/shop", json=patch, headers=STRATEGIC)
    images = {one["name"]: one["image"] for one in answer.json()["spec"]["template"]["spec"]["containers"]}
    assert images == {"web": "nginx:1.28", "log": "busybox:1.36"}
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "log", "$patch": "delete"}]}}}}
    answer = cluster.api.patch(f"{path}/shop", json=gone, headers=STRATEGIC)
    assert [one["name"] for one in answer.json()["spec"]["template"]["spec"]["containers"]] == ["web"]


def test_an_unknown_kind_of_patch_is_415(held, cluster):
    headers = {"Content-Type": "application/json"}
    assert cluster.api.patch(cluster.path("configmaps", "m"), json={}, headers=headers).status_code == 415


def test_a_spec_change_raises_the_generation_and_a_label_does_not(cluster):
    path = cluster.path("deployments", group="apps")
    first = cluster.api.post(path, json=deployment()).json()["metadata"]["generation"]
    label = cluster.api.patch(f"{path}/shop", json={"metadata": {"labels": {"a": "b"}}}, headers=MERGE).json()
    assert label["metadata"]["generation"] == first
    spec = cluster.api.patch(f"{path}/shop", json={"spec": {"minReadySeconds": 5}}, headers=MERGE).json()
    assert spec["metadata"]["generation"] == first + 1


def test_the_status_changes_only_through_its_subresource(cluster):
    path = cluster.path("deployments", group="apps")
    cluster.api.post(path, json=deployment())
    plain = cluster.api.patch(f"{path}/shop", json={"status": {"collisionCount": 9}}, headers=MERGE).json()
    assert plain.get("status", {}).get("collisionCount") is None
    patch = {"status": {"collisionCount": 9}, "spec": {"minReadySeconds": 77}}
    status = cluster.api.patch(f"{path}/shop/status", json=patch, headers=MERGE).json()
    assert status["status"]["collisionCount"] == 9
    assert status["spec"].get("minReadySeconds", 0) == 0


def test_a_dry_run_answers_as_if_and_stores_nothing(cluster):
    path = cluster.path("configmaps")
    answer = cluster.api.post(path, json=config_map(), params={"dryRun": "All"})
    assert (answer.status_code, answer.json()["metadata"]["name"]) == (201, "m")
    assert cluster.api.get(f"{path}/m").status_code == 404


def test_unknown_fields_are_refused_warned_of_or_dropped_as_asked(cluster):
    path, body = cluster.path("configmaps"), {**config_map(), "dada": {}}
    strict = cluster.api.post(path, json=body, params={"fieldValidation": "Strict"})
    assert strict.status_code == 400
    assert 'strict decoding error: unknown field "dada"' in strict.json()["message"]
    warned = cluster.api.post(path, json=body, params={"fieldValidation": "Warn"})
    assert warned.headers["warning"] == '299 - "unknown field \\"dada\\""'
    assert "dada" not in warned.json()


def test_an_invalid_object_is_422_with_a_cause_for_each_field(cluster):
    pod = {"metadata": {"name": "Upper"}, "spec": {"containers": [{"image": "a"}]}}
    answer = cluster.api.post(cluster.path("pods"), json=pod)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert {"metadata.name", "spec.containers[0].name"} <= {one["field"] for one in answer.json()["details"]["causes"]}
    wrong = cluster.api.post(cluster.path("configmaps"), json={"metadata": {"name": "m"}, "data": {"a": 1}})
    assert wrong.status_code == 400
    assert "cannot unmarshal number" in wrong.json()["message"]


def test_a_finalizer_holds_an_object_until_it_is_taken_off(cluster):
    path = cluster.path("configmaps", "m")
    body = config_map()
    body["metadata"]["finalizers"] = ["harbour.example/lock"]
    cluster.api.post(cluster.path("configmaps"), json=body)
    assert cluster.api.delete(path).status_code == 200
    assert cluster.api.get(path).json()["metadata"]["deletionTimestamp"]
    cluster.api.patch(path, json={"metadata": {"finalizers": None}}, headers=MERGE)
    assert cluster.api.get(path).status_code == 404


def test_a_delete_with_another_uid_as_precondition_is_a_conflict(held, cluster):
    path = cluster.path("configmaps", "m")
    options = {"preconditions": {"uid": "another"}}
    assert cluster.api.request("DELETE", path, json=options).status_code == 409
    done = cluster.api.request("DELETE", path, json={"preconditions": {"uid": held["metadata"]["uid"]}}).json()
    assert (done["status"], done["details"]["name"]) == ("Success", "m")


def test_nothing_can_be_created_where_there_is_no_namespace(cluster):
    answer = cluster.api.post("/api/v1/namespaces/nowhere-at-all/configmaps", json=config_map())
    assert (answer.status_code, answer.json()["message"]) == (404, 'namespaces "nowhere-at-all" not found')
    other = {**config_map(), "metadata": {"name": "m", "namespace": "default"}}
    assert cluster.api.post(cluster.path("configmaps"), json=other).status_code == 400


def apply(cluster, body, manager, **params):
    path = cluster.path("configmaps", "m")
    return cluster.api.patch(path, json=body, headers=APPLY, params={"fieldManager": manager, **params})


def test_apply_creates_then_merges_what_two_managers_state(cluster):
    assert apply(cluster, config_map(a="1"), "one").status_code == 201
    both = apply(cluster, config_map(b="2"), "two")
    assert both.status_code == 200
    assert both.json()["data"] == {"a": "1", "b": "2"}
    owners = {one["manager"]: one["fieldsV1"]["f:data"] for one in both.json()["metadata"]["managedFields"]}
    assert owners == {"one": {"f:a": {}}, "two": {"f:b": {}}} or owners == {
        "one": {".": {}, "f:a": {}}, "two": {".": {}, "f:b": {}}}  # fmt: skip


def test_apply_against_another_managers_value_is_a_conflict_that_names_it(cluster):
    apply(cluster, config_map(a="1"), "one")
    refused = apply(cluster, config_map(a="9"), "two")
    assert refused.status_code == 409
    assert refused.json()["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    (why,) = refused.json()["details"]["causes"]
    assert (why["reason"], why["field"]) == ("FieldManagerConflict", ".data.a")
    forced = apply(cluster, config_map(a="9"), "two", force="true")
    assert forced.json()["data"] == {"a": "9"}
    assert apply(cluster, config_map(a="1"), "one").status_code == 409


def test_what_a_manager_no_longer_states_is_removed_unless_another_owns_it(cluster):
    apply(cluster, config_map(a="1", b="2", c="3"), "one")
    apply(cluster, config_map(b="2"), "two")
    assert apply(cluster, config_map(a="1"), "one").json()["data"] == {"a": "1", "b": "2"}


def test_a_plain_update_takes_the_fields_it_changes(cluster):
    apply(cluster, config_map(a="1"), "one")
    path = cluster.path("configmaps", "m")
    cluster.api.patch(path, json={"data": {"a": "5"}}, headers=MERGE, params={"fieldManager": "hand"})
    refused = apply(cluster, config_map(a="1"), "one").json()["message"]
    assert refused.startswith('Apply failed with 1 conflict: conflict with "hand" using v1')


def test_apply_merges_containers_by_name(cluster):
    path = cluster.path("deployments", "shop", group="apps")
    body = deployment()
    cluster.api.patch(path, json=body, headers=APPLY, params={"fieldManager": "one"})
    body["spec"]["template"]["spec"]["containers"] = [{"name": "log", "env": [{"name": "LEVEL", "value": "info"}]}]
    answer = cluster.api.patch(path, json=body, headers=APPLY, params={"fieldManager": "two"}).json()
    containers = {one["name"]: one for one in answer["spec"]["template"]["spec"]["containers"]}
    assert containers["log"]["image"] == "busybox:1.36"
    assert containers["log"]["env"] == [{"name": "LEVEL", "value": "info"}]
    assert "web" in containers


@pytest.fixture
def definition(cluster):
    """A CustomResourceDefinition of its own group; removed at the end."""
    group = f"{secrets.token_hex(3)}.harbour.example"
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object", "required": ["berth"],
                "properties": {"berth": {"type": "integer", "minimum": 1}, "flag": {"type": "string", "default": "NO"}},
            },
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }  # fmt: skip
    body = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"ships.{group}"},
        "spec": {"group": group, "scope": "Namespaced",
                 "names": {"kind": "Ship", "plural": "ships", "singular": "ship"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                               "schema": {"openAPIV3Schema": schema}}]},
    }  # fmt: skip
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert cluster.api.post(path, json=body).status_code == 201
    for _ in range(100):
        if cluster.api.get(f"/apis/{group}/v1").status_code == 200:
            break
    yield group
    cluster.api.delete(f"{path}/ships.{group}")


def test_a_definition_brings_a_kind_with_its_schema(definition, cluster):
    path = cluster.path("ships", group=definition)
    ship = {"apiVersion": f"{definition}/v1", "kind": "Ship", "metadata": {"name": "s"}, "spec": {"berth": 3, "x": 1}}
    made = cluster.api.post(path, json=ship)
    assert made.json()["spec"] == {"berth": 3, "flag": "NO"}
    bad = cluster.api.post(path, json={**ship, "metadata": {"name": "t"}, "spec": {"berth": 0}})
    assert (bad.status_code, bad.json()["details"]["causes"][0]["field"]) == (422, "spec.berth")
    assert all(one["kind"] == "Ship" for one in cluster.api.get(path).json()["items"])
    assert cluster.api.patch(f"{path}/s", json={"spec": {"berth": 4}}, headers=STRATEGIC).status_code == 415
    unversioned = {**ship, "spec": {"berth": 5}}
    assert cluster.api.put(f"{path}/s", json=unversioned).status_code == 422


def test_dependents_go_with_their_owner(held, cluster):
    if cluster.simulator is None:
        pytest.skip("a real server collects garbage when it has the time")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "m", "uid": held["metadata"]["uid"]}
    child = config_map("child")
    child["metadata"]["ownerReferences"] = [owner]
    cluster.api.post(cluster.path("configmaps"), json=child)
    cluster.api.delete(cluster.path("configmaps", "m"))
    assert cluster.api.get(cluster.path("configmaps", "child")).status_code == 404


def test_too_large_a_body_is_413(cluster):
    answer = cluster.api.post(cluster.path("configmaps"), content=b'{"data":"' + b"x" * (3 * 1024 * 1024) + b'"}')
    assert answer.status_code == 413
