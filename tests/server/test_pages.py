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
        "KubeNodeInventory": [{"TimeGenerated": now.isoformat(), "ClusterName": "harbour", "Computer": "node-a",
                               "Status": "NotReady"}],
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
        return httpx.get(f"{running.url}/insights{path}", params=arguments, headers=headers)

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
    assert "harbour" in whole and "alerts/node-not-ready" in whole and "Critical" in whole


def test_only_who_may_ask_sees_a_page_and_browsers_are_asked_for_a_token(running) -> None:
    refused = httpx.get(f"{running.url}/insights")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="lockgate"')
    assert httpx.get(f"{running.url}/insights", auth=("ana", running.token)).status_code == 200
    assert httpx.post(f"{running.url}/insights", auth=("ana", running.token)).status_code == 405
    assert httpx.get(f"{running.url}/insights/none", auth=("ana", running.token)).status_code == 404
    other = httpx.post(f"{running.url}/v1/rest/query", json={"csl": "print 1"})
    assert other.headers["www-authenticate"] == "Bearer"
