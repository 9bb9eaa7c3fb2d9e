"""What admission by real policies costs: ``python -m bench.admission_policies``.

Constraints of gatekeeper-library (``LOCKGATE_CORPORA``) for Pods, multiplied under new names, beside the rulebook. They
judge Pods that people wrote (``bench.recorded_pods``): each when it is seen for the first time (after others were, as
in a cluster), and as its next replica follows, with another token's volume. In process, with and without the rulebook:
CPU milliseconds of one review, of each Pod the best of ROUNDS. Over HTTPS: replicas only, ``lockgate admission serve``
in a process of its own with its record, load from this one; "per core" is reviews by CPU seconds of the webhook, which
stays true on a machine that others use. What the caller waits is taken at 0.3 of the rate at which it was answered
at most, from when a review was due; "late" is by how much this process itself came too late to send it, which is in it.
With LOCKGATE_BENCH_APART and root the webhook and what it starts are on one processor and this process on another,
both before everything else (SCHED_RR, which the settling process gives up): others' work is not measured then.
The start is the second one, from the cache, until the port answers; memory is what is resident then and after the load,
without the 10 MB of what starts the settling process. LOCKGATE_BENCH_RUNS: of so many runs over HTTPS the median of
each figure. LOCKGATE_BENCH_CONSTRAINTS: only these numbers.
"""

from __future__ import annotations

import gc
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from tests.policy.gatekeeper.pods import pods as generated

from bench.admission import cpu_seconds, load
from bench.gatekeeper import objects
from bench.recorded_pods import recorded, replica, request_of
from lockgate.gates.admission import Placed, PolicySet, load_policies
from lockgate.model import Family
from lockgate.rules import load as load_rules
from lockgate.settings import AdmissionSettings

SCENARIOS = ((30, 1.0), (100, 1.0), (300, 1.0), (1000, 0.03), (1000, 1.0))
EACH = 40
ROUNDS = int(os.environ.get("LOCKGATE_BENCH_ROUNDS", "3"))
RUNS = int(os.environ.get("LOCKGATE_BENCH_RUNS", "1"))
APART = bool(os.environ.get("LOCKGATE_BENCH_APART"))
ONLY = [int(one) for one in os.environ.get("LOCKGATE_BENCH_CONSTRAINTS", "").split()]


def policies(count: int, matching: float) -> list[Any]:
    """Templates and constraints; violations are counted and refuse nothing, so that every answer is alike."""
    templates, constraints = objects(count, matching, "both")
    for body in constraints:
        body["spec"]["enforcementAction"] = "dryrun"
    return [*templates, *constraints]


def in_process(bodies: list[Any], *, rulebook: bool) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile of the Pods, CPU milliseconds: seen for the first time, and as replicas."""
    rules = load_rules((Family.POLICY,)).of(Family.POLICY) if rulebook else ()
    placed, compiled, dice = [Placed("bench", one) for one in bodies], dict[str, bytes](), random.Random(1)
    found = recorded()
    best: dict[str, list[float]] = {kind: [math.inf] * len(found) for kind in ("first", "again")}
    for _ in range(ROUNDS):
        made = PolicySet(load_policies(placed, compiled=compiled), AdmissionSettings(), rules=rules, compiled=compiled)
        for pod in generated(40):
            made.review(request_of(pod, 0))
        for kind in ("first", "again"):
            for number, pod in enumerate(found):
                request = request_of(replica(pod, dice), number)
                began = time.process_time()
                made.review(request, until=time.monotonic() + 10)
                best[kind][number] = min(best[kind][number], (time.process_time() - began) * 1000)
    return {kind: (statistics.median(all_), sorted(all_)[int(len(all_) * 0.99)]) for kind, all_ in best.items()}


def replicas(seed: int) -> list[bytes]:
    """Bodies to post: so many of each Pod that the load comes to none of them twice, and others for every seed."""
    dice = random.Random(seed)
    wanted = [replica(pod, dice) for _ in range(EACH) for pod in recorded()]
    head = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}
    return [json.dumps({**head, "request": request_of(pod, at)}).encode() for at, pod in enumerate(wanted)]


class Server:
    """``lockgate admission serve`` over a project in a folder."""

    def __init__(self, folder: Path) -> None:
        settings = folder / "lockgate.yaml"
        settings.write_text(json.dumps({"admission": {"policies": ["policies.json"], "deny": [{"rule": "none"}]}}))
        command = [sys.executable, "-m", "lockgate", "admission", "serve", "--project", str(folder), "--port", "0",
                   "--host", "127.0.0.1", "--name", "127.0.0.1", "--drain-seconds", "0"]  # fmt: skip
        began = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split()[-1])
        self.start = time.perf_counter() - began
        self.start_cpu = cpu_seconds(self.process.pid)
        self.bundle = (folder / ".lockgate/authority/ca.crt").read_text()

    def resident(self) -> float:
        """Megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def _on(processor: int) -> Iterator[None]:
    """This process, and what it starts within, on one processor and before everything else; else as it is."""
    if not APART:
        yield
        return
    every = os.sched_getaffinity(0)
    gc.collect()
    gc.disable()  # what this process has made before would be walked over while it waits for an answer
    os.sched_setaffinity(0, {sorted(every)[processor % len(every)]})
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(50))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, every)
        gc.enable()


def over_https(folder: Path) -> dict[str, float]:
    """One run of a webhook of its own."""
    with _on(0):
        server = Server(folder)
    row = {"resident": server.resident(), "wall": server.start, "cpu": server.start_cpu}
    with _on(1):
        for what, seed in (("first", 2), ("then", 3)):
            posted = replicas(seed)
            before = cpu_seconds(server.process.pid)
            closed, wall = uvloop.run(load(server.port, server.bundle, connections=4, rate=0, bodies=posted))
            row[what] = len(closed) / (cpu_seconds(server.process.pid) - before)
        row["offered"] = 0.3 * len(closed) / wall
        late: list[float] = []
        paced, _ = uvloop.run(load(server.port, server.bundle, connections=4, rate=row["offered"], bodies=replicas(4),
                                   late=late))  # fmt: skip
    row["end"] = server.resident()
    server.stop()
    row |= {name: paced[int(len(paced) * part)] * 1000 for name, part in (("p50", 0.5), ("p99", 0.99))}
    return row | {"late": sorted(late)[int(len(late) * 0.99)] * 1000}


def measure(count: int, matching: float) -> None:
    """One row."""
    bodies = policies(count, matching)
    alone, both = in_process(bodies, rulebook=False), in_process(bodies, rulebook=True)
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "policies.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}))
            Server(folder).stop()
            runs.append(over_https(folder))
    cells = [each[kind][at] for each in (alone, both) for kind in ("first", "again") for at in (0, 1)]
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"{count:>11} {round(count * matching):>6} {' '.join(f'{cell:>7.2f}' for cell in cells)} "
          f"{middle['first']:>9.0f} {middle['then']:>6.0f} {middle['offered']:>7.0f} {middle['p50']:>8.2f} "
          f"{middle['p99']:>8.2f} {middle['late']:>5.2f} {middle['wall']:>6.2f} {middle['cpu']:>4.2f} "
          f"{middle['resident']:>5.0f} {middle['end']:>5.0f}")  # fmt: skip
    for name in ("first", "then", "p99") if len(runs) > 1 else ():
        print(f"{name:>25}: {' '.join(f'{run[name]:.1f}' for run in runs)}")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    sizes, busy = sorted(map(len, replicas(2))), os.getloadavg()[0]
    print(f"{len(sizes) // EACH} Pods, {sizes[len(sizes) // 2]:,} bytes a review; load average {busy:.1f}")
    print("in process: CPU ms of the constraints alone, then of constraints and rulebook, of Pods that are seen for")
    print("the first time and of their next replicas; over HTTPS: replicas; start: seconds; memory: MB")
    print("constraints  match   first     p99   again     p99   first     p99   again     p99 "
          " per core   seen offered   p50 ms   p99 ms  late   wall  cpu start end")  # fmt: skip
    for count, matching in SCENARIOS:
        if not ONLY or count in ONLY:
            measure(count, matching)


if __name__ == "__main__":
    main()
