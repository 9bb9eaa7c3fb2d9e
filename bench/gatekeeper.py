"""What judging Pods by Gatekeeper policies costs: ``python -m bench.gatekeeper [--pods N]``.

Constraints of gatekeeper-library (``LOCKGATE_CORPORA``), each made to match Pods and multiplied under new names, judge
Pods made from a seed; each row is a fresh process. Times are CPU milliseconds for one Pod and all constraints, in
process, without HTTP. Beside ``gator bench`` (``LOCKGATE_GATOR`` or PATH) on the same files, whose times are wall
milliseconds of one goroutine; the ratio is its p50 by ours, above 1: the peer takes longer.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.policy.gatekeeper.library_objects import library_objects
from tests.policy.gatekeeper.pods import pods

from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review

CORPORA = Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))
GATOR = os.environ.get("LOCKGATE_GATOR") or shutil.which("gator")
SCENARIOS = (
    ("30 match", 30, 1.0),
    ("300 match", 300, 1.0),
    ("1000 match", 1000, 1.0),
    ("1000 installed, 30 match", 1000, 0.03),
)
_POD = {"group": "", "version": "v1", "kind": "Pod"}
_UNITS = {"µs": 1e-3, "ms": 1.0, "ns": 1e-6, "s": 1e3}


def objects(count: int, matching: float, engine: str) -> tuple[list[Any], list[Any]]:
    """Templates and ``count`` constraints, of which this part is for Pods and the rest for Deployments.

    ``engine``: ``both`` as the library has them, ``rego`` with CEL dropped, ``cel`` only templates that have it.
    """
    templates, constraints = library_objects(CORPORA, for_pods=True)
    if engine != "both":
        for body in templates:
            target = body["spec"]["targets"][0]
            wanted = "Rego" if engine == "rego" else "K8sNativeValidation"
            target["code"] = [code for code in target.get("code", []) if code["engine"] == wanted]
        if engine == "cel":
            templates = [body for body in templates if body["spec"]["targets"][0]["code"]]
    kinds = {body["spec"]["crd"]["spec"]["names"]["kind"] for body in templates}
    per_kind = {body["kind"]: body for body in reversed(constraints) if body["kind"] in kinds}  # the first of each
    chosen, made = sorted(per_kind.values(), key=lambda body: body["kind"]), []
    for index in range(count):
        body = copy.deepcopy(chosen[index % len(chosen)])
        body["metadata"]["name"] = f"c-{index}"
        if index >= count * matching:
            body["spec"]["match"] = {"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]}
        made.append(body)
    used = {body["kind"] for body in made}
    return [body for body in templates if body["spec"]["crd"]["spec"]["names"]["kind"] in used], made


def measure(count: int, matching: float, engine: str, reviews: int) -> dict[str, float]:
    """One row, in this process."""
    templates, constraints = objects(count, matching, engine)
    before = _rss()
    started = time.process_time()
    library = Library()
    problems = library.load([*templates, *constraints])
    assert not problems, problems
    loading = time.process_time() - started
    dumped = library.dump()
    started = time.process_time()
    Library.loaded(dumped)
    again = time.process_time() - started
    requests = [{"kind": _POD, "operation": "CREATE", "object": body, "namespace": "harbour"} for body in pods(reviews)]
    for request in requests[:50]:
        library.evaluate(Review.of_request(request))
    gc.collect()
    gc.freeze()
    gc.disable()
    times: list[float] = []
    found = 0
    for request in requests:
        begun = time.process_time_ns()
        found += len(library.evaluate(Review.of_request(request)))
        times.append((time.process_time_ns() - begun) / 1e6)
    times.sort()
    return {
        "p50": statistics.median(times),
        "p99": times[int(len(times) * 0.99) - 1],
        "load": loading,
        "again": again,
        "rss": _rss() - before,
        "dump": len(dumped) / 1e6,
        "found": found / len(times),
    }


def gator(count: int, matching: float, engine: str) -> dict[str, float] | None:
    """p50 and p99 of ``gator bench`` in wall milliseconds, and what loading took; None where there is none."""
    if not GATOR or engine == "both":
        return None
    templates, constraints = objects(count, matching, engine)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "all.yaml").write_text(
            "\n---\n".join(json.dumps(each) for each in [*templates, *constraints, *pods(20)])
        )
        command = [GATOR, "bench", "--filename", folder, "--engine", engine, "--output", "json", "--iterations", "20"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        (result,) = json.loads(done.stdout)
    except ValueError:
        print(f"gator bench ended with {done.returncode}: {done.stderr[-200:]}", file=sys.stderr)
        return None
    return {name: _milliseconds(result["latencies"][name]) for name in ("p50", "p99")}


def _milliseconds(duration: str) -> float:
    unit = next(unit for unit in _UNITS if duration.endswith(unit))
    return float(duration.removesuffix(unit)) * _UNITS[unit]


def _rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=300, help="reviews of each row")
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not CORPORA.is_dir():
        print(f"no corpora at {CORPORA}: set LOCKGATE_CORPORA")
        return
    if arguments.row:
        count, matching, engine = arguments.row
        print(json.dumps(measure(int(count), float(matching), engine, arguments.pods)))
        return
    print("| constraints | engine | p50 | p99 | load s | again s | RSS MB | answers | gator p50 | gator p99 | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, count, matching in SCENARIOS:
        for engine in ("both", "rego", "cel"):
            command = [
                sys.executable,
                "-m",
                "bench.gatekeeper",
                "--pods",
                str(arguments.pods),
                "--row",
                str(count),
                str(matching),
                engine,
            ]
            row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            peer = gator(count, matching, engine)
            theirs = f"{peer['p50']:.2f} | {peer['p99']:.2f} | {peer['p50'] / row['p50']:.1f}" if peer else "- | - | -"
            print(
                f"| {name} | {engine} | {row['p50']:.2f} | {row['p99']:.2f} | {row['load']:.2f} | {row['again']:.2f} "
                f"| {row['rss']:.0f} | {row['found']:.1f} | {theirs} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
