"""What the admission webhook costs by itself: reviews a second and latency over HTTPS with a trivial judge.

The webhook runs in a process of its own, the load in this one, over TLS connections that are kept. "Per core" is
reviews by CPU seconds of the webhook's process, which stays true on a machine that others use; latency is what the
caller waits, taken while as many reviews are under way as the row says, or while they arrive at a fixed rate. Rows
that record do so in a journal, secrets removed and synced to the disk, as the command does.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

SECONDS = float(os.environ.get("LOCKGATE_BENCH_SECONDS", "4"))
_TICKS = os.sysconf("SC_CLK_TCK")


def pod_review(containers: int = 3) -> bytes:
    """A review of about 5 kB: a Pod as a Deployment makes it."""
    items = [
        {
            "name": f"app-{number}", "image": f"registry.example/shop/app-{number}:1.4.{number}",
            "env": [{"name": f"SETTING_{one}", "value": "x" * 20} for one in range(8)],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": f"v{one}", "mountPath": f"/data/{one}"} for one in range(3)],
        }
        for number in range(containers)
    ]  # fmt: skip
    labels = {f"shop.example/label-{one}": "value" for one in range(8)}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-7d4b9", "namespace": "shop", "labels": labels,
        "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
                           "fieldsV1": {f"f:field-{one}": {} for one in range(40)}}]},
        "spec": {"containers": items, "serviceAccountName": "web"},
    }  # fmt: skip
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "name": "web-7d4b9", "namespace": "shop",
        "operation": "CREATE", "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod, "oldObject": None, "dryRun": False,
    }  # fmt: skip
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def serve(folder: str, threads: int, *, record: bool) -> None:
    """The process under load."""
    from lockgate.server.admission import AdmissionServer, Denial, Options, Verdict
    from lockgate.server.admission.recorder import JournalRecorder
    from lockgate.server.tls.authority import OwnAuthority
    from lockgate.store.journal import Journal

    class Trivial:
        version = "bench"

        def review(self, request: Any, *, deadline: float) -> Verdict:  # noqa: ARG002
            containers = request["object"]["spec"]["containers"]
            denials = tuple(
                Denial("no-privileged", one["name"])
                for one in containers if one.get("securityContext", {}).get("privileged")
            )  # fmt: skip
            return Verdict(not denials, self.version, denials)

    def announce(bundle: str) -> None:
        (Path(folder) / "bundle.pem").write_text(bundle)

    authority = OwnAuthority(Path(folder) / "authority", names=["127.0.0.1"])
    options = Options(host="127.0.0.1", port=0, threads=threads, drain_seconds=0, record_seconds=0.1)
    salt = b"s" * 32
    recorder = JournalRecorder(Journal(Path(folder) / "journal", "bench"), salt=salt) if record else None
    server = AdmissionServer(Trivial(), authority, options=options, recorder=recorder, salt=salt,
                             bundle_changed=announce)  # fmt: skip

    import threading

    def tell() -> None:
        server.started.wait()
        print(server.port, flush=True)

    threading.Thread(target=tell, daemon=True).start()
    server.run()


class Connection:
    """One kept connection: one request at a time, whole bytes prepared before, in turns where there are several."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes]) -> None:
        self._reader, self._writer, self._requests = reader, writer, cycle(requests)

    async def ask(self) -> float:
        """Seconds until the whole answer is here."""
        began = time.perf_counter()
        self._writer.write(next(self._requests))
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        assert b'"allowed":true' in body
        return time.perf_counter() - began


async def load(
    port: int, bundle: str, *, connections: int, rate: float, bodies: Sequence[bytes] = (),
    late: list[float] | None = None,
) -> tuple[list[float], float]:  # fmt: skip
    """(latencies, wall seconds); ``rate`` in reviews a second, or 0 for as many as the connections carry. Each
    connection sends all of ``bodies`` in turns, from a place of its own; one review of a Pod where none are given.
    ``late`` takes by how many seconds this process itself was too late to send each: it is part of the latency."""
    head = f"POST /validate?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies or (pod_review(),)]
    first = [len(requests) * at // connections for at in range(connections)]
    trust = ssl.create_default_context(cadata=bundle)
    opened = [
        Connection(*await asyncio.open_connection("127.0.0.1", port, ssl=trust), requests[at:] + requests[:at])
        for at in first
    ]
    for one in opened:
        await one.ask()
    seen: list[float] = []
    began = time.perf_counter()
    end = began + SECONDS

    async def closed(one: Connection) -> None:
        while time.perf_counter() < end:
            seen.append(await one.ask())

    async def paced(one: Connection, at: int) -> None:
        due = began + at / rate
        while due < end:
            free = time.perf_counter()
            await asyncio.sleep(max(0.0, due - free))
            if late is not None:
                late.append(max(0.0, time.perf_counter() - max(due, free)))
            await one.ask()
            seen.append(time.perf_counter() - due)  # from when it was due, so that a stall is not left out
            due += connections / rate

    tasks = [paced(one, at) if rate else closed(one) for at, one in enumerate(opened)]
    await asyncio.gather(*tasks)
    wall = time.perf_counter() - began
    for one in opened:
        one._writer.close()
    return sorted(seen), wall


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def measure(threads: int, connections: int, rate: float, *, record: bool) -> None:
    """One row."""
    import uvloop

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.admission", "--serve", folder, str(threads), str(int(record))]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            bundle = (Path(folder) / "bundle.pem").read_text()
            before = cpu_seconds(server.pid)
            seen, wall = uvloop.run(load(port, bundle, connections=connections, rate=rate))
            used = cpu_seconds(server.pid) - before
        finally:
            server.terminate()
            server.wait(10)
            assert server.stdout is not None
            server.stdout.close()
    count, offered = len(seen), f"{rate:.0f}/s" if rate else "all"
    p50, p99 = (seen[int(count * part)] * 1000 for part in (0.5, 0.99))
    print(f"{threads:>7} {record!s:>6} {connections:>11} {offered:>7} {count / wall:>10.0f} {count / used:>10.0f} "
          f"{p50:>8.2f} {p99:>8.2f} {seen[-1] * 1000:>8.1f}")  # fmt: skip


def main() -> None:
    """Print the table."""
    print(f"one review is {len(pod_review()):,} bytes; {SECONDS:.0f} s a row; load average {os.getloadavg()[0]:.1f}")
    print("threads record connections offered  reviews/s   per core   p50 ms   p99 ms   max ms")
    for threads, connections, rate, record in (
        (0, 1, 0, False), (0, 8, 0, False), (0, 8, 0, True), (0, 8, 300, True), (4, 8, 0, False), (4, 8, 300, True),
    ):  # fmt: skip
        measure(threads, connections, rate, record=record)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], int(sys.argv[3]), record=sys.argv[4] == "1")
    else:
        main()
