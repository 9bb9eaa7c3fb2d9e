"""Alerts are findings: new, known, over; waived; each stored and told once, whoever looks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from lockgate.engine import alerting, cluster_alerts
from lockgate.engine.alert_notices import Notices, check
from lockgate.engine.request import Request
from lockgate.errors import ConfigurationError, StoreError
from lockgate.findings import Owners, Waivers
from lockgate.model import Result
from lockgate.settings import NoticeSettings
from lockgate.store import Record
from lockgate.store.ingest import Collected, Loader
from lockgate.transport import Trust

RULES = [one for one in cluster_alerts.rules_of() if one.id == "alerts/node-not-ready"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY = 300.0
KEY = b"not a secret, but twenty bytes"


def node(record: Record, minutes: float, status: str, name: str = "node-a") -> None:
    """What was collected of a node so many minutes after noon."""
    when = (NOON + timedelta(minutes=minutes)).isoformat()
    row = {"TimeGenerated": when, "ClusterName": "harbour", "Computer": name, "Status": status}
    loader = Loader(Collected(record), "KubeNodeInventory")
    loader.load(orjson.dumps(row) + b"\n")
    loader.close()


@pytest.fixture
def record(tmp_path: Path) -> Record:
    found = Record.open(tmp_path / "workspace")
    node(found, -1, "Unknown")
    return found


def look(
    record: Record, state: Path, minutes: float, *, waivers: str = "", notices: Notices | None = None,
    every: float = EVERY,
) -> list[Result]:  # fmt: skip
    state.parent.mkdir(exist_ok=True)
    request = Request(waivers=Waivers.load(waivers, where="w.yaml"), owners=Owners.parse("/harbour/ @ships\n"))
    now = (NOON + timedelta(minutes=minutes)).timestamp()
    looking = alerting.Looking(record, RULES, request, notices)
    return [result for _, result in alerting.keep(lambda: looking, state, every, now=now)]


def states(results: list[Result]) -> list[tuple[list[str], int]]:
    return [([str(one.state) for one in result.findings], len(result.fixed)) for result in results]


def test_an_alert_is_new_then_known_then_over_and_new_when_it_comes_back(record: Record, tmp_path: Path) -> None:
    node(record, 4, "Unknown")
    node(record, 9, "Ready")
    node(record, 14, "Unknown")
    results = [one for minutes in (0, 5, 10, 15) for one in look(record, tmp_path / "alerts", minutes)]
    assert states(results) == [(["new"], 0), (["known"], 0), ([], 1), (["new"], 0)]
    assert len({one.identity for result in results for one in (*result.findings, *result.fixed)}) == 1
    (first,) = results[0].findings
    assert (first.finding.subject.key, first.owners) == ("harbour/node-a", ("@ships",))
    kept = record.rows("Findings")
    assert [(row["State"], row["Rule"], row["Owners"]) for row in kept] == [
        (state, RULES[0].id, '["@ships"]') for state in ("new", "known", "fixed", "new")
    ]
    assert [row["Mode"] for row in record.rows("Runs")] == ["alerts"] * 4
    assert len(record.rows("ClusterAlerts")) == 3


def test_servers_that_know_nothing_of_each_other_take_turns_and_store_a_span_once(
    record: Record, tmp_path: Path
) -> None:
    node(record, 4, "Unknown")
    one, other = tmp_path / "one" / "alerts", tmp_path / "other" / "alerts"
    assert states(look(record, one, 0)) == [(["new"], 0)]
    assert states(look(record, other, 1)) == [(["known"], 0)]
    assert states(look(record, other, 5)) == [(["known"], 0)]
    assert states(look(record, one, 6)) == [(["known"], 0)]
    assert [row["State"] for row in record.rows("Findings")] == ["new", "known"]
    assert len(record.rows("Runs")) == 2


def test_spans_of_another_length_are_kept_too(record: Record, tmp_path: Path) -> None:
    node(record, 9, "Unknown")
    look(record, tmp_path / "alerts", 1, every=60.0)
    look(record, tmp_path / "alerts", 10, every=300.0)
    assert [row["State"] for row in record.rows("Findings")] == ["new", "known"]
    assert len(record.rows("ClusterAlerts")) == 2


@pytest.mark.parametrize("meant", ["rule: alerts/node-not-ready, cluster: harbour, kind: Node, name: node-*",
                                   "rule: alerts/node-not-ready, cluster: other",
                                   "rule: alerts/node-not-ready, path: harbour/**"])  # fmt: skip
def test_a_waived_alert_is_kept_and_counted(record: Record, tmp_path: Path, meant: str) -> None:
    text = f"waivers: [{{{meant}, by: Ann, reason: it is replaced, expires: 2026-02-01}}]"
    (result,) = look(record, tmp_path / "alerts", 0, waivers=text)
    waived = "other" not in meant
    assert [one.waived for one in result.findings] == [waived]
    assert result.decision.verdict == ("allow" if waived else "deny")
    assert [(row["Waived"], row["WaivedBy"]) for row in record.rows("Findings")] == [(waived, "Ann" if waived else "")]
    assert record.rows("Runs")[0]["WaivedCount"] == int(waived)
    assert len(record.rows("ClusterAlerts")) == 1


class _Receiver(ThreadingHTTPServer):
    """Takes notices, once it has answered with what ``answers`` holds."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.address = f"http://127.0.0.1:{self.server_port}/alerts"


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(status)
        self.send_header("Location", self.server.address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver():
    server = _Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def notices(receiver: _Receiver, tmp_path: Path):
    """Makes what holds the notices of a machine anew, as each look does."""
    (tmp_path / "key").write_text("whsec_" + base64.b64encode(KEY).decode() + "\n")

    def made(name: str = "notices") -> Notices:
        settings = NoticeSettings(receiver.address, f"file:{tmp_path / 'key'}")
        return Notices(tmp_path / f"{name}.json", settings, Trust())

    return made


def test_a_new_alert_is_told_once_with_a_signature_that_holds(record, receiver, notices, tmp_path) -> None:
    node(record, 4, "Unknown")
    node(record, 4, "Unknown", "node-b")
    for minutes in (0, 5, 6):
        look(record, tmp_path / "alerts", minutes, notices=notices())
    look(record, tmp_path / "other" / "alerts", 7, notices=notices("other"))
    told = [orjson.loads(body) for _, body in receiver.got]
    assert [[one["name"] for one in notice["data"]["alerts"]] for notice in told] == [["node-a"], ["node-b"]]
    assert told[0]["type"] == "lockgate.alerts.new"
    assert told[0]["data"]["alerts"][0]["owners"] == ["@ships"]
    for headers, body in receiver.got:
        content = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        digest = base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"


def test_nobody_is_told_of_an_alert_that_is_waived(record, receiver, notices, tmp_path) -> None:
    text = "waivers: [{rule: alerts/node-not-ready, by: Ann, reason: it is known, expires: 2026-02-01}]"
    look(record, tmp_path / "alerts", 0, waivers=text, notices=notices())
    assert receiver.got == []


def test_a_notice_waits_while_nobody_takes_it_and_is_given_up_in_the_end(record, receiver, notices, tmp_path) -> None:
    receiver.answers = [503] * 8
    look(record, tmp_path / "alerts", 0, notices=notices())
    now = [datetime.now(UTC).timestamp() + 1]
    notices().send(lambda: now[0])
    assert len(receiver.got) == 1  # it is not due yet
    while len(notices()):
        now[0] += 3_601
        notices().send(lambda: now[0])
    assert len(receiver.got) == 8
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


@pytest.mark.parametrize("status", [302, 403])
def test_a_notice_that_is_refused_is_dropped_and_no_redirect_is_followed(
    record, receiver, notices, tmp_path, status
) -> None:
    receiver.answers = [status]
    look(record, tmp_path / "alerts", 0, notices=notices())
    assert (len(receiver.got), len(notices())) == (1, 0)


def test_an_alert_whose_run_was_stored_before_a_stop_is_told_after_it(record, receiver, notices, tmp_path) -> None:
    class StoppedError(Exception):
        pass

    class Stopping(Notices):
        def end(self, record: Record) -> None:
            raise StoppedError

    settings = NoticeSettings(receiver.address, f"file:{tmp_path / 'key'}")
    with pytest.raises(StoppedError):
        look(record, tmp_path / "alerts", 0, notices=Stopping(tmp_path / "notices.json", settings, Trust()))
    assert receiver.got == [] and len(record.rows("Runs")) == 1
    look(record, tmp_path / "alerts", 1, notices=notices())
    assert len(receiver.got) == 1


def test_what_could_never_be_sent_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 32)
    (tmp_path / "short").write_text("k")
    (tmp_path / "wrong").write_text("whsec_%%%")
    good = f"file:{tmp_path / 'key'}"
    check(NoticeSettings("https://alerts.example/in", good))
    for address, secret in (("ftp://alerts.example", good), ("", good), ("https://a:b@alerts.example", good),
                            ("https://alerts.example", f"file:{tmp_path / 'short'}"), ("https://alerts.example", ""),
                            ("https://alerts.example", f"file:{tmp_path / 'wrong'}")):  # fmt: skip
        with pytest.raises(ConfigurationError):
            check(NoticeSettings(address, secret))


def test_an_address_without_tls_on_another_machine_is_not_asked(record, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 32)
    settings = NoticeSettings("http://192.0.2.1/in", f"file:{tmp_path / 'key'}")
    notices = Notices(tmp_path / "notices.json", settings, Trust())
    look(record, tmp_path / "alerts", 0, notices=notices)
    assert (len(notices), notices.sent) == (0, 0)


def test_a_file_of_notices_that_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / "notices.json").write_text("[1")
    with pytest.raises(StoreError, match="cannot be read"):
        Notices(tmp_path / "notices.json", NoticeSettings("https://alerts.example", "env:X"), Trust())
