"""The client of Azure's Logs Ingestion API sends rows unchanged; what is acknowledged is kept, once, whatever dies."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

from lockgate.errors import StoreError
from lockgate.server import web
from lockgate.server.access import People, add
from lockgate.server.ingest.app import MOST, PREFIXES, IngestApp
from lockgate.server.ingest.taking import Taker
from lockgate.server.mounts import Mount, Mounts
from lockgate.server.tls.authority import OwnAuthority
from lockgate.sources.cluster.audited import cleaned
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import Collected, Loader, Times

_PATH = "/dataCollectionRules/dcr-1/streams/Custom-Rows_CL?api-version=2023-01-01"


def _count(record, query="Rows_CL | summarize count(), dcount(n, 4)"):
    tables = record.asked()
    try:
        return ask(query, tables).rows
    except Exception:  # the table is not there yet
        return []
    finally:
        tables.connection.close()


def _until(record, wanted, query="Rows_CL | count", seconds=20.0):
    begun = time.monotonic()
    while (found := _count(record, query)) != wanted:
        assert time.monotonic() - begun < seconds, found
        time.sleep(0.05)
    return time.monotonic() - begun


class Running:
    """A server in a thread that takes rows in."""

    def __init__(self, folder, *, secure=False, **more):
        self.record = Record.open(folder)
        self.broken = False
        self.token = add(folder / "tokens", "ana", words="may=ingest")
        self.reader = add(folder / "tokens", "rob")
        self.taker = Taker(folder / "incoming", self._loader, **more)
        mount = Mount(PREFIXES, IngestApp(self.taker), "ingest", close=self.taker.close)
        self.authority = OwnAuthority(folder / "authority", names=["localhost"]) if secure else None
        self.port, self.end, self.started = 0, None, threading.Event()
        app = Mounts([mount], People(folder / "tokens").of)
        self.thread = threading.Thread(target=self._run, args=(app,))
        self.thread.start()
        assert self.started.wait(30)
        self.url = f"{'https' if secure else 'http'}://localhost:{self.port}"

    def _loader(self, table, origin):
        if self.broken:
            raise StoreError("the disk is full")
        clean = partial(cleaned, salt=b"salt")
        return Loader(Collected(self.record), table, times=Times.SERVICE, origin=origin, clean=clean)

    def _run(self, app):
        def begun(port):
            self.port = port
            self.started.set()

        options = web.Options(host="localhost", port=0, end_seconds=10)
        web.serve(app, options, certificates=self.authority, started=begun,
                  stop=lambda end: setattr(self, "end", end))  # fmt: skip

    def post(self, rows, *, path=_PATH, **headers):
        content = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        given = {"authorization": f"Bearer {self.token}", "content-type": "application/json", **headers}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", content=content, headers=given, timeout=30)

    def close(self):
        self.end()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def server(tmp_path):
    running = Running(tmp_path)
    yield running
    running.close()


def test_the_client_of_azure_sends_rows_and_they_are_asked_for_within_a_second(tmp_path):
    from azure.core.credentials import AccessToken
    from azure.monitor.ingestion import LogsIngestionClient

    running = Running(tmp_path, secure=True)

    class Credential:
        def get_token(self, *scopes, **more):
            return AccessToken(running.token, int(time.time()) + 3600)

    try:
        with LogsIngestionClient(
            running.url, Credential(), connection_verify=str(tmp_path / "authority" / "ca.crt")
        ) as client:
            client.upload("dcr-1", "Custom-Rows_CL", [{"n": 0, "TimeGenerated": datetime.now(UTC).isoformat()}])
            _until(running.record, [(1,)])
            rows = [{"n": n, "TimeGenerated": datetime.now(UTC).isoformat(), "text": "x" * 300} for n in range(1, 6000)]
            client.upload("dcr-1", "Custom-Rows_CL", rows)
            _until(running.record, [(6000,)])
        assert _count(running.record, "Rows_CL | summarize count(), sum(n)") == [(6000, sum(range(6000)))]
    finally:
        running.close()


def test_a_time_that_is_too_old_becomes_that_of_ingestion(server):
    old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    assert server.post([{"n": 1, "TimeGenerated": old}]).status_code == 204
    _until(server.record, [(1,)], "Rows_CL | where TimeGenerated == ingestion_time() | count")


def test_what_does_not_fit_is_kept_beside_the_table_with_its_stream(server):
    path = _PATH.replace("Custom-Rows_CL", "Microsoft-ContainerLogV2")
    assert server.post([{"PodName": "web", "Colour": "red"}], path=path).status_code == 204
    asked = "ContainerLogV2_errors | project Field, Origin"
    _until(server.record, [("Colour", "dcr-1/Microsoft-ContainerLogV2")], asked)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {}, 400), (b"[1]", {}, 400), (b"[{}", {}, 400), (b'[{"a":"\xff"}]', {}, 400),
        (b'[{"a":NaN}]', {}, 400), (b"[" * 100_000, {}, 400), (b'[{"a":"' + b"x" * MOST + b'"}]', {}, 413),
        (b"[" + b" " * 3 * MOST + b"]", {}, 413), (b"[]", {"content_encoding": "br"}, 415),
        (gzip.compress(b" " * 100 * MOST, mtime=0), {"content_encoding": "gzip"}, 413),
        (gzip.compress(b'[{"a":"' + b"x" * MOST + b'"}]', mtime=0), {"content_encoding": "gzip"}, 413),
        (gzip.compress(b"[]", mtime=0)[:-3], {"content_encoding": "gzip"}, 400),
        (b"[]", {"content_encoding": "gzip"}, 400),
        (b"[]", {"content_type": "text/plain"}, 415), (b"[]", {"authorization": "Bearer nobody"}, 401),
        (b"[]", {}, 204),
    ],
)  # fmt: skip
def test_a_request_that_is_wrong_is_told_so_and_nothing_of_it_is_kept(server, body, headers, status):
    answer = server.post(body, **{name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == status, answer.text
    if status not in (204, 401):
        assert answer.json()["error"]["code"]
    assert server.taker._journal.size == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (_PATH.replace("Custom-Rows_CL", "Custom-Rows"), 404),
        (_PATH.replace("Custom-Rows_CL", "Microsoft-Nothing"), 404),
        (_PATH.replace("Custom-Rows_CL", "Microsoft-AzureDiagnostics"), 404),
        (_PATH.replace("Custom-Rows_CL", "Custom-Findings"), 404),
        (_PATH.replace("Custom-Rows_CL", "Custom-..%2Fx_CL"), 404),
        (_PATH.replace("2023-01-01", "1"), 400), (_PATH.replace("streams", "flows"), 404),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_told_so(server, path, status):
    assert server.post([{"a": 1}], path=path).status_code == status


def test_who_may_not_send_rows_is_refused(server):
    assert server.post([{"a": 1}], authorization=f"Bearer {server.reader}").status_code == 403


def test_where_too_much_waits_a_client_is_asked_to_come_later_and_nothing_is_lost(tmp_path):
    running = Running(tmp_path, most_waiting=100_000)
    running.broken = True
    try:
        taken = 0
        for n in range(30):
            answer = running.post([{"n": n, "text": "x" * 10_000}])
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) > 0
                break
            assert answer.status_code == 204
            taken += 1
        assert 5 <= taken < 15
    finally:
        running.broken = False
        running.close()
    assert _count(running.record) == [(taken, taken)]


def test_a_disk_that_cannot_be_written_is_no_acknowledgement(tmp_path, monkeypatch):
    running = Running(tmp_path)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    try:
        with monkeypatch.context() as patched:
            patched.setattr("lockgate.store.journal.os.fdatasync", full)
            assert running.post([{"n": 1}]).status_code == 503
        assert running.post([{"n": 2}]).status_code == 204
        _until(running.record, [(1,)])
        assert _count(running.record, "Rows_CL | project n") == [(2,)]
    finally:
        running.close()


def _serve(folder):
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "lockgate", "serve", "--anonymous", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = re.search(rb"listening on (\d+)", process.stdout.readline())
    assert found is not None
    return process, int(found[1])


def test_what_was_acknowledged_before_a_kill_is_there_once_after_it(tmp_path):
    (tmp_path / "lockgate.yaml").write_text("version: 1\n")
    acknowledged = []
    number = iter(range(1_000_000))
    for seconds in (1.0, 1.6, 2.3):
        process, port = _serve(tmp_path)
        stop = threading.Event()

        def send(port=port, stop=stop):
            with httpx.Client() as client:
                while not stop.is_set():
                    n = next(number)
                    try:
                        answer = client.post(f"http://127.0.0.1:{port}{_PATH}", json=[{"n": n}])
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 204:
                        acknowledged.append(n)

        with ThreadPoolExecutor(4) as senders:
            for _ in range(4):
                senders.submit(send)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
            stop.set()
        process.stdout.close()
    process, _ = _serve(tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, -signal.SIGTERM)
    process.stdout.close()
    record = Record.open(tmp_path / ".lockgate")
    found = [row[0] for row in _count(record, "Rows_CL | project n")]
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    assert len(acknowledged) > 50
    assert len(found) - len(acknowledged) <= 12  # written, and killed before it was said
    assert not list((tmp_path / ".lockgate" / "incoming").glob("*/*.jsonl"))


def test_fields_that_are_told_in_the_journal_are_not_trusted_to_be_known(server):
    assert server.post([{"n": n, "text": "x" * 300} for n in range(300)]).status_code == 204
    _until(server.record, [(300,)])
    rows = [{"n": 300 + n, "text": "x" * 300, **({"late": n} if n == 299 else {})} for n in range(300)]
    assert server.post(rows).status_code == 204
    _until(server.record, [(600,)])
    assert _count(server.record, "Rows_CL | where isnotnull(late) | project n, late") == [(599, 299)]
    assert server.post([{f"f{n}": n for n in range(5_000)}]).status_code == 204  # more than a head of a journal holds
    _until(server.record, [(601,)])


def test_rows_of_many_requests_that_wait_come_in_files_of_a_bounded_size(tmp_path, monkeypatch):
    monkeypatch.setattr("lockgate.server.ingest.taking._MOST_FILE", 50_000)
    running = Running(tmp_path)
    running.broken = True
    try:
        for n in range(12):
            assert running.post([{"n": n, "text": "x" * 20_000}]).status_code == 204
        files = sorted((tmp_path / "incoming").glob("*/*"), key=lambda one: one.name)
        sizes = [one.stat().st_size for one in files if one.suffix in (".jsonl", ".part")]
        assert len(sizes) >= 3
        assert max(sizes) < 75_000
    finally:
        running.broken = False
        running.close()
    assert _count(running.record) == [(12, 12)]
    assert not list((tmp_path / "incoming").glob("*/*.jsonl"))
