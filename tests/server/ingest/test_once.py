"""What a sender sends again is taken once where an id says that it is the same, else as often as it comes."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.server.ingest import syslog_ng
from tests.server.ingest.served import Served

from lockgate.server.access import add
from lockgate.server.ingest.once import keep, taking
from lockgate.server.ingest.taking import BusyError

_OMELASTICSEARCH = shutil.which("rsyslogd") and list(Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so"))
_FALCO = {"rule": "r", "priority": "Notice", "time": "2026-11-26T10:00:00.123456789Z", "output_fields": {"evt.num": 1}}
_FLOW = {"flow": {"uuid": "u1", "verdict": "DROPPED"}, "time": "2026-11-26T10:00:00Z"}
_EVENT = {"auditID": "1", "level": "Metadata", "stage": "ResponseComplete", "verb": "create",
          "stageTimestamp": "2026-11-26T10:00:00.000002Z"}  # fmt: skip
_EXEC = {"process_exec": {"process": {"exec_id": "e1"}}, "time": "2026-11-26T10:00:00.7Z"}


def _sent(served, path, body, **headers):
    answer = httpx.post(f"http://127.0.0.1:{served.port}{path}", json=body, headers={**served.bearer, **headers})
    assert answer.status_code in (200, 204), answer.text


@pytest.mark.parametrize(("form", "value", "other", "table"), [
    ("falco", _FALCO, {**_FALCO, "time": "2026-11-26T10:00:00.123456790Z"}, "FalcoEvents_CL"),
    ("hubble", _FLOW, {**_FLOW, "flow": {**_FLOW["flow"], "uuid": "u2"}}, "ContainerNetworkLogs"),
    ("kubernetes-audit", _EVENT, {**_EVENT, "stage": "RequestReceived"}, "AKSAudit"),
    ("tetragon", _EXEC, {**_EXEC, "time": "2026-11-26T10:00:00.8Z"}, "TetragonEvents_CL"),
])  # fmt: skip
def test_an_event_that_is_sent_again_is_one_row_and_another_of_its_kind_is_its_own(served, form, value, other, table):
    for body in (value, [value, value], [dict(reversed(value.items())), other]):
        _sent(served, f"/ingest/{form}", body)
    served.until(f"{table} | count", [(2,)])


def test_what_nothing_tells_apart_is_taken_as_often_as_it_comes(served):
    for _ in range(2):
        _sent(served, "/ingest/hubble", {"flow": {"verdict": "DROPPED", "aggregate": {"egress_flow_count": 2}}})
        _sent(served, "/ingest/rows?table=Own_CL", [{"n": 1}, {"n": 1}])
        _sent(served, "/ingest/rows?table=Ids_CL&id-field=id", [{"id": "a"}, {"id": "b"}, {"id": "a"}, {"n": 1}])
        _sent(served, "/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]})
    served.until("ContainerNetworkLogs | summarize count(), sum(EgressFlowCount)", [(2, 4)])
    served.until("Own_CL | count", [(4,)])
    served.until("Ids_CL | summarize count() by id | order by id asc", [("", 2), ("a", 1), ("b", 1)])
    served.until("OTelLogs | count", [(2,)])


def test_a_request_that_has_a_name_is_taken_once_and_its_name_with_other_rows_is_another_request(served):
    path = "/dataCollectionRules/dcr-1/streams/Custom-Own_CL?api-version=2023-01-01"
    for header, name, n in (("x-ms-client-request-id", "one", 1), ("x-ms-client-request-id", "one", 2),
                            ("idempotency-key", "two", 1), ("other", "one", 3)):  # fmt: skip
        for _ in range(2):
            _sent(served, path, [{"n": n}], **{header: name})
    served.until("Own_CL | summarize count() by n | order by n asc", [(1, 2), (2, 1), (3, 2)])


def test_the_client_of_azure_sends_again_under_the_same_name_what_was_kept_without_an_answer(tmp_path, monkeypatch):
    from azure.core.credentials import AccessToken
    from azure.monitor.ingestion import LogsIngestionClient

    from lockgate.server.ingest import app, door

    running = Served(tmp_path, secure=True)
    asked = []

    async def kept(taker, batches, ids):
        asked.append(ids)
        await keep(taker, batches, ids)
        if len(asked) == 1:
            raise BusyError  # as a proxy would answer for a server that died

    class Credential:
        def get_token(self, *scopes, **more):
            return AccessToken(running.token, int(time.time()) + 3600)

    monkeypatch.setattr(app, "keep", kept)
    monkeypatch.setattr(door, "RETRY", "0")
    try:
        authority = str(tmp_path / "authority" / "ca.crt")
        with LogsIngestionClient(running.url, Credential(), connection_verify=authority) as client:
            for n in range(2):
                client.upload("dcr-1", "Custom-Own_CL", [{"n": n}])
        running.until("Own_CL | summarize count(), dcount(n, 4)", [(2, 2)])
    finally:
        running.close()
    assert len(asked) == 2


def test_an_export_of_telemetry_is_taken_once_for_each_person(served):
    record = {"timeUnixNano": "1577934245000000000", "body": {"stringValue": "x"}}
    for _ in range(2):
        _sent(served, "/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    served.until("OTelLogs | count", [(1,)])


def test_an_id_that_another_request_is_bringing_must_wait(served):
    async def both():
        async with taking(served.taker, [b"a" * 16]) as known:
            assert known == set()
            with pytest.raises(BusyError):
                async with taking(served.taker, [b"a" * 16]):
                    pass

    asyncio.run(both())
    assert served.taker.underway == set()


class _Server:
    """A process of `lockgate serve` that can be killed, and begins again at the same address."""

    def __init__(self, folder, token):
        self.folder, self.token, self.process = folder, token, None
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.start()

    def start(self):
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "lockgate", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=self.folder, env=surroundings, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)  # fmt: skip
        assert self.process.stdout.readline().startswith("listening on ")

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def ask(self, query):
        """The rows of a query; none where its table is not there yet."""
        body, shown = {"csl": query}, {"authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/v1/rest/query", json=body, headers=shown, timeout=30)
        return answer.json()["Tables"][0]["Rows"] if answer.status_code == 200 else []

    def through_kills(self, table, total, *, kills=2):
        """Kill it whenever some more rows are there, until all are: none is lost then, none twice."""
        begun, killed, last = time.monotonic(), 0, 0
        while True:
            rows = self.ask(f"{table} | count")
            count = rows[0][0] if rows else 0
            if killed < kills and count > last:
                last, killed = count, killed + 1
                self.kill()
                self.start()
            elif count >= total and killed == kills:
                return
            assert time.monotonic() - begun < 90, (count, killed)
            time.sleep(0.1)


@pytest.fixture
def server(tmp_path):
    (tmp_path / ".lockgate").mkdir()
    token = add(tmp_path / ".lockgate" / "tokens", "ana", words="may=ingest,query")
    running = _Server(tmp_path, token)
    yield running
    running.kill()


def test_an_api_server_s_webhook_loses_and_doubles_no_event_while_the_server_is_killed(server, tmp_path):
    if not shutil.which("audit-sender"):
        pytest.skip("audit-sender is not built (.ci/fetch-oracles)")
    (tmp_path / "kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {
            "server": f"http://ana:{server.token}@127.0.0.1:{server.port}/ingest/kubernetes-audit"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}], "users": [{"name": "a", "user": {}}],
    }))  # fmt: skip
    sender = subprocess.Popen(["audit-sender", "webhook", tmp_path / "kubeconfig", "600", "8ms"])
    try:
        server.through_kills("AKSAudit", 1200)
        assert sender.wait(60) == 0
    finally:
        sender.kill()
        sender.wait()
    assert server.ask("AKSAudit | summarize count(), dcount(strcat(AuditId, Stage), 4)") == [[1200, 1200]]
    assert server.ask("AKSAudit | where isnotempty(Annotations['audit.k8s.io/truncated']) | count") == [[20]]
    assert server.ask("AKSAudit | where tostring(RequestObject) has 'c3VyZWx5IG5vdCB0aGlz' | count") == [[0]]


@pytest.mark.skipif(not _OMELASTICSEARCH, reason="rsyslog's module for Elasticsearch is not here")
def test_rsyslog_s_documents_are_each_there_once_while_the_server_is_killed(server, tmp_path):
    source = tmp_path / "in.log"
    source.write_text("")
    (tmp_path / "r.conf").write_text(
        f'global(workDirectory="{tmp_path}")\nmodule(load="imfile" mode="polling" pollingInterval="1")\n'
        'module(load="omelasticsearch")\n'
        'template(name="document" type="list" option.json="on") {\n'
        ' constant(value="{\\"message\\":\\"") property(name="msg")\n'
        ' constant(value="\\",\\"@timestamp\\":\\"") property(name="timereported" dateFormat="rfc3339")\n'
        ' constant(value="\\"}") }\n'
        'template(name="id" type="string" string="%msg%")\n'
        f'input(type="imfile" File="{source}" Tag="read:")\n'
        f'action(type="omelasticsearch" server="http://127.0.0.1" serverport="{server.port}" uid="ana" '
        f'pwd="{server.token}" searchIndex="logs-app" bulkmode="on" template="document" dynbulkid="on" bulkid="id" '
        'writeoperation="create" action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="linkedlist" '
        'queue.dequeueBatchSize="40")\n'
    )
    process = subprocess.Popen(["rsyslogd", "-n", "-f", tmp_path / "r.conf", "-i", tmp_path / "pid"],
                               stderr=subprocess.DEVNULL)  # fmt: skip
    writing = threading.Thread(target=_written, args=(source, 200))
    writing.start()
    try:
        server.through_kills("logs_app_CL", 200, kills=1)
    finally:
        process.kill()
        process.wait()
        writing.join()
    assert server.ask("logs_app_CL | summarize count(), dcount(message, 4)") == [[200, 200]]


@syslog_ng.PRESENT
def test_syslog_ng_s_objects_are_each_there_once_by_the_field_that_is_their_id(server, tmp_path):
    source = tmp_path / "in.log"
    source.write_text("")
    writing = threading.Thread(target=_written, args=(source, 400))
    writing.start()
    url = f"http://127.0.0.1:{server.port}/ingest/rows?table=Ng_CL&id-field=id"
    with syslog_ng.sending(tmp_path, source, url, f'user("ana") password("{server.token}") delimiter("\\n")'):
        server.through_kills("Ng_CL", 400)
    writing.join()
    assert server.ask("Ng_CL | summarize count(), dcount(message, 4)") == [[400, 400]]


def _written(file, count):
    for number in range(count):
        with file.open("a") as stream:
            stream.write(f"line {number}\n")
        time.sleep(0.01)
