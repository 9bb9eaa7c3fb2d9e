"""`lockgate serve` and `lockgate tokens` as processes: whom they answer, and how they end."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time

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
