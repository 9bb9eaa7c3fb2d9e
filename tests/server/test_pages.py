"""Live pages: what they show, to whom, and that what is typed or written stays text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.server.query.served import Running

from lockgate.store.ingest import Collected, Loader


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("live")
    server = Running(folder, secure=False)
    now = datetime.now(UTC)
    seen = {"TimeGenerated": now.isoformat(), "ClusterName": "harbour", "ClusterId": "/harbour", "Computer": "node-a"}
    rows = {
        "ContainerLogV2": [
            {"PodNamespace": space, "PodName": "web-1", "ContainerName": "web", "LogMessage": text,
             "TimeGenerated": (now - timedelta(minutes=age)).isoformat()}
            for space, text, age in (("shop", "<script>alert(1)</script>", 1), ("pay", "paid 'all'", 2),
                                     ("shop", "an hour ago", 60))
        ],
        "KubeEvents": [{"TimeGenerated": now.isoformat(), "LastSeen": now.isoformat(), "Namespace": "shop",
                        "KubeEventType": "Warning", "Reason": "BackOff", "Name": "web-1", "Message": "again & again",
                        "Count": 3.0}],
        "KubeNodeInventory": [{**seen, "Status": "NotReady"}],
        "KubePodInventory": [{**seen, "Name": "web-1", "Namespace": "shop", "PodUid": "u1", "ControllerName": "web",
                              "ControllerKind": "ReplicaSet", "PodStatus": "Running", "ContainerName": "u1/web",
                              "ContainerStatus": "running"}],
        "Perf": [{"TimeGenerated": (now - timedelta(minutes=age)).isoformat(), "Computer": "node-a",
                  "ObjectName": kind, "InstanceName": f"/harbour/{name}", "CounterName": counter, "CounterValue": value}
                 for age in (1, 20)
                 for kind, name, counter, value in (
                     ("K8SNode", "node-a", "cpuCapacityNanoCores", 4e9),
                     ("K8SNode", "node-a", "cpuUsageNanoCores", 1e9),
                     ("K8SContainer", "u1/web", "cpuLimitNanoCores", 5e8),
                     ("K8SContainer", "u1/web", "cpuUsageNanoCores", 2e8 + age * 1e6))],
    }  # fmt: skip
    for name, own in rows.items():
        loader = Loader(Collected(server.record), name)
        loader.load(b"".join(json.dumps(row).encode() + b"\n" for row in own), received=now)
        loader.close()
    yield server
    server.close()


@pytest.fixture
def page(running):
    def get(path: str, **arguments: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {running.token}"}
        return httpx.get(f"{running.url}/insights{path}", params=arguments, headers=headers, timeout=60)

    return get


def test_what_containers_write_is_shown_latest_first_and_asked_for_again(page) -> None:
    found = page("/logs")
    assert found.status_code == 200
    assert found.headers["refresh"] == "5"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found.text
    assert "<script" not in found.text
    assert found.text.index("alert(1)") < found.text.index("paid &#x27;all&#x27;")
    assert "an hour ago" not in found.text
    assert "an hour ago" in page("/logs", minutes="90").text
    assert "refresh" not in page("/logs", refresh="0").headers


@pytest.mark.parametrize(("typed", "seen"), [
    ({"namespace": "pay"}, ["paid"]), ({"word": "PAID 'all'"}, ["paid"]),
    ({"pod": "web", "container": "web"}, ["alert", "paid"]),
    ({"word": "' or true or '"}, []), ({"namespace": "x\" | take 1 //"}, []), ({"lines": "1"}, ["alert"]),
    ({"minutes": "1; drop", "lines": "-1"}, ["alert", "paid"]),
])  # fmt: skip
def test_what_is_typed_is_a_parameter(page, typed, seen) -> None:
    body = page("/logs", **typed).text.partition("<section>")[2]
    assert [word for word in ("alert", "paid") if word in body] == seen


def test_events_and_the_health_of_clusters_are_shown(page) -> None:
    assert "again &amp; again" in page("/events", namespace="shop").text
    assert "again" not in page("/events", namespace="pay").text.partition("<section>")[2]
    whole = page("").text
    assert "Critical" in whole and 'href="/insights/nodes?Cluster' not in whole
    assert '<a href="/insights/nodes?cluster=harbour&amp;metric=cpu&amp;show=p95">harbour</a>' in whole
    assert "Node CPU %" in whole and '<svg class="trend"' in whole
    assert "alerts/node-not-ready" in page("/alerts").text
    assert "alerts/node-not-ready" not in page("/alerts", cluster="other").text.partition("<section>")[2]


@pytest.mark.parametrize(("path", "seen", "figures"), [
    ("/nodes", "node-a", ["25.0", "1000.0"]), ("/controllers", "ReplicaSet", ["44.0", "220.0", "500.0"]),
    ("/containers", "web-1", ["44.0", "220.0", "500.0"]),
])  # fmt: skip
def test_what_is_used_is_shown_with_its_trend(page, path, seen, figures) -> None:
    found = page(path, show="max", metric="cpu")
    body = found.text.partition("<section>")[2]
    assert found.headers["refresh"] == "60"
    assert seen in body and '<svg class="trend"' in body
    assert all(f'<td class="number">{figure}</td>' in body for figure in figures)
    assert "max" in found.text and "Max %" in body and "mCores" in body
    assert seen not in page(path, cluster="harbour' or true //").text.partition("<section>")[2]
    assert "P95 %" in page(path, show="x' | take 1 //", metric="'").text


def test_a_node_leads_to_its_containers_and_a_pod_to_its_logs(page) -> None:
    assert 'href="/insights/containers?cluster=harbour&amp;node=node-a&amp;' in page("/nodes").text
    assert "web-1" in page("/containers", node="node-a", cluster="harbour").text.partition("<section>")[2]
    assert "web-1" not in page("/containers", node="node-b").text.partition("<section>")[2]
    assert 'href="/insights/logs?namespace=shop&amp;pod=web-1"' in page("/containers").text


def test_only_who_may_ask_sees_a_page_and_browsers_are_asked_for_a_token(running) -> None:
    refused = httpx.get(f"{running.url}/insights")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="lockgate"')
    assert httpx.get(f"{running.url}/insights", auth=("ana", running.token)).status_code == 200
    assert httpx.post(f"{running.url}/insights", auth=("ana", running.token)).status_code == 405
    assert httpx.get(f"{running.url}/insights/none", auth=("ana", running.token)).status_code == 404
    other = httpx.post(f"{running.url}/v1/rest/query", json={"csl": "print 1"})
    assert other.headers["www-authenticate"] == "Bearer"
