"""`lockgate serve` and `lockgate tokens` as processes: whom they answer, and how they end."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest


@pytest.fixture
def serve(tmp_path):
    """Starts a server, and gives its process and address."""
    begun = []

    def start(*arguments):
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen([sys.executable, "-m", "lockgate", "serve", "--port", "0", *arguments],
                                   cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)  # fmt: skip
        begun.append(process)
        told = process.stdout.readline()
        assert told.startswith("listening on "), process.stderr.read()
        return process, f"http://127.0.0.1:{told.split()[-1]}"

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def test_everybody_on_this_machine_is_answered_where_that_is_said(serve):
    process, url = serve("--anonymous")
    found = httpx.post(f"{url}/v1/rest/query", json={"csl": "print x=1"})
    assert found.json()["Tables"][0]["Rows"] == [[1]]
    # A page that had its own name lead here would ask under that name.
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""):
        found = httpx.post(f"{url}/v1/rest/query", json={"csl": "print x=1"}, headers={"host": host})
        assert found.status_code in (400, 403), host
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert "Traceback" not in process.stderr.read()


def test_tokens_say_who_may_ask(serve, lockgate, tmp_path):
    token = lockgate("tokens", "add", "ana", "--may", "query", "--limit", "rows=2", cwd=tmp_path).stdout.strip()
    process, url = serve()
    shown = {"authorization": f"Bearer {token}"}
    body = {"csl": "range x from 1 to 5 step 1"}
    assert httpx.post(f"{url}/v1/rest/query", json=body).status_code == 401
    assert httpx.post(f"{url}/v1/rest/query", json=body, headers=shown).json()["Tables"][0]["Rows"] == [[1], [2]]
    assert "ana  query  4 at a time" in lockgate("tokens", "list", cwd=tmp_path).stdout
    key = lockgate("tokens", "key", "ana", cwd=tmp_path).stdout
    assert len(base64.b64decode(key)) == 64 and lockgate("tokens", "key", "ana", cwd=tmp_path).stdout == key
    assert lockgate("tokens", "key", "eve", cwd=tmp_path).returncode == 2
    assert lockgate("tokens", "remove", "ana", cwd=tmp_path).returncode == 0
    assert httpx.post(f"{url}/v1/rest/query", json=body, headers=shown).status_code == 401
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("arguments", "code", "said"), [
    ((), 3, "nobody may ask"), (("--anonymous", "--host", "0.0.0.0"), 2, "this machine alone"),
    (("--anonymous", "--threads", "0"), 2, "--threads"), (("--anonymous", "--tls", "nowhere"), 5, "tls.crt"),
])  # fmt: skip
def test_what_cannot_be_served_is_told(lockgate, tmp_path, arguments, code, said):
    done = lockgate("serve", "--port", "0", *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_syslog_is_taken_in_where_it_is_asked_for_and_is_there_after_the_end(serve, lockgate, tmp_path):
    process, _ = serve("--anonymous", "--syslog-tcp", "127.0.0.1:0", "--syslog-udp", "127.0.0.1:0")
    tcp, udp = (process.stdout.readline().split() for _ in range(2))
    assert (tcp[0], udp[0]) == ("syslog/tcp", "syslog/udp")
    with socket.create_connection(("127.0.0.1", int(tcp[-1]))) as stream:
        stream.sendall(b"<13>app: over tcp\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"<13>app: over udp", ("127.0.0.1", int(udp[-1])))
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    query = "Syslog | project SyslogMessage | order by SyslogMessage asc"
    done = lockgate("ask", query, "--format", "ndjson", cwd=tmp_path)
    assert [json.loads(line)["SyslogMessage"] for line in done.stdout.splitlines()] == ["over tcp", "over udp"]
    for wrong in (["--syslog-tcp", "514"], ["--syslog-tls", "127.0.0.1:0"]):
        assert lockgate("serve", "--anonymous", *wrong, cwd=tmp_path).returncode == 2


def _until(said, process, line=""):
    while said not in line:
        line = process.stderr.readline()
        assert line, f"it never said {said!r}"
    return line


def test_settings_are_read_again_when_they_change_and_wrong_ones_change_nothing(serve, lockgate, tmp_path):
    (tmp_path / "rows.ndjson").write_text('{"PodNamespace":"shop"}\n{"PodNamespace":"pay"}\n')
    assert lockgate("ingest", "--table", "ContainerLogV2", "rows.ndjson", cwd=tmp_path).returncode == 0
    process, url = serve("--anonymous")

    def seen():
        body = {"csl": "ContainerLogV2 | project PodNamespace | sort by PodNamespace asc"}
        return [row[0] for row in httpx.post(f"{url}/v1/rest/query", json=body).json()["Tables"][0]["Rows"]]

    settings = tmp_path / "lockgate.yaml"
    assert seen() == ["pay", "shop"]
    line = "tables: {ContainerLogV2: {access: [{people: [anonymous], where: PodNamespace == '%s'}]}}\n"
    settings.write_text(line % "shop")
    assert seen() == ["shop"]
    _until("hold from now on", process)
    for wrong in ("tables: {ContainerLogV2: {access: [{people: [anonymous], where: Nowhere == 1}]}}\n",
                  "tables: {ContainerLogV2: {paths: [LogMessage]}}\n", "tables: [\n"):  # fmt: skip
        settings.write_text(wrong)
        assert seen() == ["shop"]
        _until("the old settings hold", process)
    settings.write_text(line % "pay")
    assert seen() == ["pay"]
    settings.unlink()
    assert seen() == ["pay", "shop"]


def test_rows_are_forgotten_by_the_server_itself_as_the_settings_say(serve, lockgate, tmp_path):
    (tmp_path / "lockgate.yaml").write_text("tables: {ContainerLogV2: {retention_days: 30}}\n")
    rows = [{"PodNamespace": one, "TimeGenerated": moment} for one, moment in
            (("old", "2020-01-01T00:00:00Z"), ("new", datetime.now(UTC).isoformat()))]  # fmt: skip
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert lockgate("ingest", "--table", "ContainerLogV2", "rows.ndjson", cwd=tmp_path).returncode == 0
    process, url = serve("--anonymous", "--upkeep-minutes", "0.01")
    assert "1 rows of ContainerLogV2 older than 30 days are forgotten" in _until("forgotten", process)
    found = httpx.post(f"{url}/v1/rest/query", json={"csl": "ContainerLogV2 | project PodNamespace"}).json()
    assert found["Tables"][0]["Rows"] == [["new"]]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert lockgate("serve", "--anonymous", "--upkeep-minutes", "-1", cwd=tmp_path).returncode == 2


def test_alerts_about_clusters_are_kept_by_the_server_itself(serve, lockgate, tmp_path):
    from lockgate import rules
    from lockgate.engine import cluster_alerts

    rule = next(one for one in cluster_alerts.rules_of() if one.id == "alerts/node-not-ready")
    text = rules.expand_sample(next(sample.text for sample in rule.samples if sample.fires))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for line in text.splitlines():
        row = json.loads(line) | {"TimeGenerated": now}
        table = row.pop("Table")
        (tmp_path / "rows.ndjson").write_text(json.dumps(row) + "\n")
        assert lockgate("ingest", "--table", table, "rows.ndjson", cwd=tmp_path).returncode == 0
    (tmp_path / "lockgate.yaml").write_text("version: 1\nalerts: {minutes: 0.03}\n")
    process, url = serve("--anonymous")
    assert "new alert: Node is not ready: node-a of cluster harbour (1): high" in _until("new alert", process)
    assert "1 things are wrong in clusters" in _until("wrong in clusters", process)
    body = {"csl": "ClusterAlerts | distinct Rule"}
    found = httpx.post(f"{url}/v1/rest/query", json=body).json()
    assert found["Tables"][0]["Rows"] == [[rule.id]]


def test_a_data_collection_rule_that_changes_counts_without_the_settings_being_touched(serve, lockgate, tmp_path):
    (tmp_path / "rules").mkdir()
    rule = {"name": "shop", "properties": {"immutableId": "dcr-1", "streamDeclarations": {"Custom-A": {"columns": [
        {"name": "TimeGenerated", "type": "datetime"}]}}, "dataFlows": [
            {"streams": ["Custom-A"], "destinations": ["here"], "outputStream": "Custom-A_CL"}]}}  # fmt: skip
    (tmp_path / "rules" / "a.json").write_text(json.dumps(rule))
    (tmp_path / "lockgate.yaml").write_text("data_collection_rules: [rules]\n")
    process, url = serve("--anonymous")

    def send(name):
        path = f"/dataCollectionRules/{name}/streams/Custom-A?api-version=2023-01-01"
        return httpx.post(f"{url}{path}", json=[{"TimeGenerated": "2026-11-26T10:00:00Z"}]).status_code

    def until(name, status):
        begun = time.monotonic()
        while send(name) != status:
            assert time.monotonic() - begun < 30
            time.sleep(0.1)

    assert (send("shop"), send("other")) == (204, 404)
    (tmp_path / "rules" / "b.json").write_text(json.dumps(rule | {"name": "other"}).replace("dcr-1", "dcr-2"))
    until("other", 204)
    (tmp_path / "rules" / "b.json").write_text("{")
    time.sleep(1.1)  # files of rules are looked at once a second, where somebody asks
    assert send("other") == 204
    _until("the old settings hold", process)
    assert (send("shop"), send("other")) == (204, 204)
    (tmp_path / "rules" / "b.json").unlink()
    until("other", 404)
