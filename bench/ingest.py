"""What taking rows in costs: events a CPU second from a file and over HTTP, and seconds until a row is seen.

Run: ``python -m bench.ingest [events]``. Events of an audit log at level Metadata, about 1 KB each, from a seed. The
file is loaded by the command line, the requests are answered by ``lockgate serve``: each a process whose CPU time the
kernel counts, start included; what sends the requests is not counted. The second way is the same file into a custom
table with the same fields, all of which are looked at.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

WANTED = 200_000
A_REQUEST = 900
"""Events of one request, of some 0.9 MB."""
_HOST = {"content-type": "application/json", "content-encoding": "gzip"}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WANTED
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lockgate.yaml").write_text("version: 1\n")
        path = Path(folder) / "audit.log"
        lines = [json.dumps(event, separators=(",", ":")).encode() for event in events(count)]
        path.write_bytes(b"\n".join(lines) + b"\n")
        print(f"{count:,} events, {path.stat().st_size / count:,.0f} bytes each\n")
        print("| way | CPU s | events a CPU s | wall s | MB at the peak |\n|---|---|---|---|---|")
        for name, more in (("file, AKSAudit", ("--format", "audit")), ("file, custom table", ("--table", "Audit_CL"))):
            for _ in range(3):
                print(f"| {name} | {loaded(folder, *more, count=count)} |", flush=True)
        shown, seen = sent(folder, lines)
        print(f"| HTTP, gzip | {shown} |\n\nseconds from the answer until a row is seen, ten rows: {seen}")


def events(count: int) -> list[dict[str, object]]:
    """Events as an API server writes them."""
    chosen = random.Random(7)
    made: list[dict[str, object]] = []
    for number in range(count):
        space, kind = f"team-{chosen.randrange(50)}", chosen.choice(("pods", "configmaps", "leases", "nodes", "events"))
        name = f"{kind}-{chosen.randrange(2000)}"
        moment = f"2026-11-20T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.{number % 10**6:06}Z"
        user = {
            "username": f"system:serviceaccount:{space}:sa-{chosen.randrange(30)}",
            "uid": str(uuid.UUID(int=chosen.getrandbits(128))),
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/pod-name": [name]},
        }
        made.append({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
            "auditID": str(uuid.UUID(int=chosen.getrandbits(128))), "stage": "ResponseComplete",
            "requestURI": f"/api/v1/namespaces/{space}/{kind}/{name}?timeout=10s",
            "verb": chosen.choice(("get", "list", "watch", "update", "patch", "create")), "user": user,
            "sourceIPs": [f"10.0.{chosen.randrange(255)}.{chosen.randrange(255)}"],
            "userAgent": "kube-controller-manager/v1.33.1 (linux/amd64) kubernetes/8adc0f0/leader-election",
            "objectRef": {"resource": kind, "namespace": space, "name": name, "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200}, "requestReceivedTimestamp": moment,
            "stageTimestamp": moment,
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason":
                f'RBAC: allowed by RoleBinding "{space}/edit" of ClusterRole "edit" to ServiceAccount'},
        })  # fmt: skip
    return made


def loaded(folder: str, *more: str, count: int) -> str:
    """Cells of one load of the file."""
    command = [sys.executable, "-m", "lockgate", "ingest", "audit.log", "--again", "--quiet", *more]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    return _cells(process, count, begun)


def _cells(process: subprocess.Popen[bytes], count: int, begun: float, end: float | None = None) -> str:
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, -signal.SIGTERM), process.returncode
    seconds = used.ru_utime + used.ru_stime
    wall = (end or time.monotonic()) - begun
    return f"{seconds:.2f} | {count / seconds:,.0f} | {wall:.1f} | {used.ru_maxrss / 1024:,.0f}"


def sent(folder: str, lines: list[bytes]) -> tuple[str, str]:
    """Cells of all events over HTTP, and how long ten single rows took to be seen."""
    from lockgate.store import Record
    from lockgate.store.ask import ask

    bodies = [
        gzip.compress(b"[" + b",".join(lines[at : at + A_REQUEST]) + b"]", 1) for at in range(0, len(lines), A_REQUEST)
    ]
    command = [sys.executable, "-m", "lockgate", "serve", "--anonymous", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    found = re.search(rb"listening on (\d+)", process.stdout.readline())
    assert found is not None
    record = Record.open(Path(folder) / ".lockgate")

    def post(body: bytes, table: str) -> None:
        stream = f"/dataCollectionRules/bench/streams/Custom-{table}?api-version=2023-01-01"
        url = f"http://127.0.0.1:{int(found[1])}{stream}"
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, body, _HOST)) as answer:
                    assert answer.status == 204
                    return
            except urllib.error.HTTPError as error:
                assert error.code == 429, error.code
                time.sleep(1)

    def rows(table: str) -> int:
        tables = record.asked()
        try:
            return int(ask(f"{table} | count", tables).rows[0][0])  # type: ignore[call-overload]
        finally:
            tables.connection.close()

    begun = time.monotonic()
    for body in bodies:
        post(body, "Sent_CL")
    while rows("Sent_CL") < len(lines):
        time.sleep(0.2)
    end = time.monotonic()
    seen = []
    post(gzip.compress(b'[{"n":0}]'), "Seen_CL")
    time.sleep(2)
    for number in range(2, 12):
        post(gzip.compress(b'[{"n":1}]'), "Seen_CL")
        answered = time.monotonic()
        while rows("Seen_CL") < number:
            time.sleep(0.01)
        seen.append(f"{time.monotonic() - answered:.2f}")
    process.send_signal(signal.SIGTERM)
    return _cells(process, len(lines), begun, end), ", ".join(seen)


if __name__ == "__main__":
    main()
