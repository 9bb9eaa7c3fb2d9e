"""What taking rows in costs: events a CPU second from a file and over HTTP, and seconds until a row is seen.

Run: ``python -m bench.ingest [events]``. Events of an audit log from a seed: at level Metadata, about 1 KB each; small
ones, with what the API server always writes; large ones, at level RequestResponse with an object of some 2 KB. A file
is loaded by the command line, requests are answered by ``lockgate serve``: each a process whose CPU time the kernel
counts; what sends the requests is not counted. All of it is counted until rows are in the table, as Parquet that a
commit of Delta names, and synced. A file is loaded as it is and three times as long, in turns: "in all" is of the long
one, the start of the process among it; "sustained" is what the longer file takes more, at the medians of five. Over
HTTP "sustained" is what the server takes from when a first row was seen until all are; it does not look after the
record meanwhile, which ``bench.scale`` measures. The load average is told beside each row, since other work on the
machine takes the processor's caches from this one.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WANTED = 100_000
RUNS, LONGER = 5, 3
_HOST = {"content-type": "application/json", "content-encoding": "gzip"}


@dataclass(frozen=True)
class Way:
    """One way of sending events."""

    name: str
    table: str
    """Where they are seen; ``{}`` stands for a name of the run."""
    path: str
    at_once: int
    """Events of a request."""
    begin: bytes
    end: bytes
    """What stands around the events of a body."""
    packed: bool


WAYS = (
    Way("Logs Ingestion API, gzip", "Sent{}_CL",
        "/dataCollectionRules/bench/streams/Custom-{}?api-version=2023-01-01", 900, b"[", b"]", packed=True),
    Way("audit webhook, ids kept", "AKSAudit", "/ingest/kubernetes-audit", 400,
        b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[', b"]}\n", packed=False),
)  # fmt: skip
"""The API server sends 400 events a request at the most as it comes, not packed; what is no get or list goes into
AKSAuditAdmin too."""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WANTED
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lockgate.yaml").write_text("version: 1\n")
        made = events(count)
        _write(folder, "one.log", made[:1])
        one = min(loaded(folder, "one.log", "--format", "audit").cpu for _ in range(5))
        print(f"{count:,} events; one alone: {one:.2f} CPU s\n")
        print("| way | bytes an event | events a CPU s in all | sustained | MB a CPU s, sustained | wall s | MB peak "
              "| load |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|")
        for size, change in (("usual", None), ("small", _small), ("large", _large)):
            lines = _write(folder, "audit.log", made if change is None else map(change, made))
            print(_of_file(folder, f"file, AKSAudit, {size} events", lines, "--format", "audit"), flush=True)
        lines = _write(folder, "audit.log", made)
        print(_of_file(folder, "file, custom table", lines, "--table", "Audit_CL"), flush=True)
        for way in WAYS:
            for _ in range(3):
                used, sustained, told, seen = sent(folder, lines, way)
                print(_row(f"HTTP, {way.name}", lines, used, sustained, len(lines)), flush=True)
        print(f"\nHTTP: {told:.2f} CPU s until all were acknowledged, so durable in the journal (the table among it)")
        print(f"seconds from the answer until a row is seen, ten rows: {seen}")


def _write(folder: str, name: str, made: Iterable[dict[str, object]]) -> list[bytes]:
    lines = [json.dumps(event, separators=(",", ":")).encode() for event in made]
    (Path(folder) / name).write_bytes(b"\n".join(lines) + b"\n")
    return lines


def _small(event: dict[str, object]) -> dict[str, object]:
    kept = ("kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "requestReceivedTimestamp",
            "stageTimestamp")  # fmt: skip
    return {name: event[name] for name in kept} | {"user": {"username": "system:apiserver"}}


def _large(event: dict[str, object]) -> dict[str, object]:
    managed = [
        {"manager": f"controller-{number}", "operation": "Update", "apiVersion": "v1",
         "time": event["stageTimestamp"], "fieldsType": "FieldsV1",
         "fieldsV1": {"f:status": {"f:conditions": {'k:{"type":"Ready"}': {"f:message": {}}}}}}
        for number in range(5)
    ]  # fmt: skip
    conditions = [
        {"type": kind, "status": "True", "reason": "AsExpected", "message": f"all is well with {event['requestURI']}"}
        for kind in ("Ready", "Initialized", "Scheduled", "Available", "Progressing")
    ]
    body = {"kind": "Event", "metadata": {"managedFields": managed}, "status": {"conditions": conditions}}
    return event | {"level": "RequestResponse", "responseObject": body}


@dataclass(frozen=True)
class Used:
    """What a process used."""

    cpu: float
    wall: float
    peak: float
    """MB."""


def _of_file(folder: str, name: str, lines: list[bytes], *more: str) -> str:
    content = (Path(folder) / "audit.log").read_bytes()
    (Path(folder) / "long.log").write_bytes(content * LONGER)
    short, long = [], []
    for _ in range(RUNS):
        short.append(loaded(folder, "audit.log", *more))
        long.append(loaded(folder, "long.log", *more))
    longer = statistics.median(one.cpu for one in long) - statistics.median(one.cpu for one in short)
    used = sorted(long, key=lambda one: one.cpu)[RUNS // 2]
    return _row(name, lines * LONGER, used, longer, (LONGER - 1) * len(lines))


def _row(name: str, lines: list[bytes], used: Used, sustained: float, events: int) -> str:
    """``sustained``: CPU s that so many ``events`` of them took, without the start of the process."""
    size = (sum(map(len, lines)) + len(lines)) / len(lines)
    rates = f"{len(lines) / used.cpu:,.0f} | {events / sustained:,.0f} | {events * size / sustained / 1e6:,.0f}"
    return f"| {name} | {size:,.0f} | {rates} | {used.wall:.1f} | {used.peak:,.0f} | {os.getloadavg()[0]:.1f} |"


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


_TIMED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""Runs a command from a small process: what a process began as counts as memory of it, and this one is large."""


def loaded(folder: str, file: str, *more: str) -> Used:
    """One load of a file."""
    return timed(folder, "ingest", file, "--again", "--quiet", *more)


def timed(folder: str, *words: str) -> Used:
    """One call of ``lockgate`` in a folder."""
    command = [sys.executable, "-c", _TIMED, sys.executable, "-m", "lockgate", *words]
    begun = time.monotonic()
    told = subprocess.run(command, cwd=folder, env=with_byte_code(), check=True, capture_output=True)
    cpu, peak = map(float, told.stdout.split())
    return Used(cpu, time.monotonic() - begun, peak)


def with_byte_code() -> dict[str, str]:
    """The surroundings of an installed program, which does not compile its modules each time."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def sent(folder: str, lines: list[bytes], way: Way) -> tuple[Used, float, float, str]:
    """All events over HTTP until they are seen, the CPU s of that and until all were acknowledged, both without those
    until a first row was seen, and how long ten single rows took to be."""
    from lockgate.errors import LockgateError
    from lockgate.store import Record
    from lockgate.store.ask import ask

    run = str(time.time_ns())
    # Ids of a run of its own, or all of it would have been sent before.
    own = b'"auditID":"%s' % uuid.uuid4().hex[:8].encode()
    lines = [re.sub(rb'"auditID":"[0-9a-f]{8}', own, line) for line in lines]
    made = [
        way.begin + b",".join(lines[at : at + way.at_once]) + way.end for at in range(0, len(lines), way.at_once)
    ]  # fmt: skip
    bodies = [gzip.compress(one, 1) for one in made] if way.packed else made
    command = [sys.executable, "-m", "lockgate", "serve", "--anonymous", "--port", "0", "--upkeep-minutes", "0",
               "--alert-minutes", "0"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=with_byte_code(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    found = re.search(rb"listening on (\d+)", process.stdout.readline())
    assert found is not None
    record = Record.open(Path(folder) / ".lockgate")

    def post(body: bytes, table: str, way: Way = WAYS[0]) -> None:
        url = f"http://127.0.0.1:{int(found[1])}{way.path.format(table)}"
        headers = _HOST if way.packed else {"content-type": "application/json"}
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
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

    def cpu() -> float:
        ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def count(table: str) -> int:
        try:
            return rows(table)
        except LockgateError:  # it is not there yet
            return 0

    table = way.table.format(run)
    had = count(table)
    post(gzip.compress(b'[{"n":0}]'), "Seen_CL")
    while not count("Seen_CL"):
        time.sleep(0.05)
    before, begun = cpu(), time.monotonic()
    for body in bodies:
        post(body, table, way)
    told = cpu() - before
    while count(table) - had < len(lines):
        time.sleep(0.2)
    end, whole = time.monotonic(), cpu()
    last = rows("Seen_CL")
    seen = []
    for number in range(last + 1, last + 11):
        post(gzip.compress(b'[{"n":1}]'), "Seen_CL")
        answered = time.monotonic()
        while rows("Seen_CL") < number:
            time.sleep(0.01)
        seen.append(f"{time.monotonic() - answered:.2f}")
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak = int(re.findall(r"VmHWM:\s*(\d+)", status)[0]) / 1024
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM), process.returncode
    return Used(whole, end - begun, peak), whole - before, told, ", ".join(seen)


if __name__ == "__main__":
    main()
