"""What judging Pods by Gatekeeper policies costs: ``python -m bench.gatekeeper [--pods N]``.

Constraints of gatekeeper-library (``LOCKGATE_CORPORA``), each made to match Pods and multiplied under new names, judge
Pods made from a seed (``mean``, ``p50``, ``p99``: all different), and Pods that people wrote (``bench.recorded_pods``):
``first`` when each is seen for the first time, ``again`` when its next replica follows. Each row is a fresh process.
Times are CPU milliseconds for one Pod and all constraints, in process, without HTTP. Beside ``gator bench``
(``LOCKGATE_GATOR`` or PATH) on the same files: its mean CPU milliseconds, the collector's threads included, and the
ratio to our mean; above 1, the peer costs more.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import math
import os
import random
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

from bench.recorded_pods import recorded, replica, request_of
from lockgate.policy.gatekeeper.kept import Kept
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
_SHOWN = ("first", "first99", "again", "again99", "mean", "p50", "p99", "load", "loaded")
_POD = {"group": "", "version": "v1", "kind": "Pod"}


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
    reloading = time.process_time() - started
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
    first, again = written(library)
    return {
        "first": statistics.median(first),
        "first99": sorted(first)[int(len(first) * 0.99)],
        "again": statistics.median(again),
        "again99": sorted(again)[int(len(again) * 0.99)],
        "mean": statistics.fmean(times),
        "p50": statistics.median(times),
        "p99": times[int(len(times) * 0.99) - 1],
        "load": loading,
        "loaded": reloading,
        "rss": _rss() - before,
        "dump": len(dumped) / 1e6,
        "found": found / len(times),
    }


def written(library: Library) -> tuple[list[float], list[float]]:
    """CPU milliseconds of each Pod that somebody wrote, the best of three rounds: its first replica, and its next."""
    found, dice = recorded(), random.Random(1)
    best = [[math.inf] * len(found), [math.inf] * len(found)]
    for _ in range(3):
        library.kept = Kept()
        for times in best:
            for number, pod in enumerate(found):
                request = request_of(replica(pod, dice), number)
                begun = time.process_time_ns()
                library.evaluate(Review.of_request(request))
                times[number] = min(times[number], (time.process_time_ns() - begun) / 1e6)
    return best[0], best[1]


def gator(count: int, matching: float, engine: str) -> float | None:
    """Mean CPU milliseconds of ``gator bench`` for one Pod: what three rounds cost more than one, by the reviews that
    they make more. None where there is no gator."""
    if not GATOR or engine == "both":
        return None
    templates, constraints = objects(count, matching, engine)
    reviewed = pods(20 if count < 1000 else 5)
    with tempfile.TemporaryDirectory() as folder:
        text = "\n---\n".join(json.dumps(each) for each in [*templates, *constraints, *reviewed])
        Path(folder, "all.yaml").write_text(text)
        command = [GATOR, "bench", "--filename", folder, "--engine", engine, "--output", "json", "--warmup", "0"]
        spent = [_cpu_of([*command, "--iterations", rounds]) for rounds in ("1", "3")]
    return (spent[1] - spent[0]) / (2 * len(reviewed)) * 1e3


def _cpu_of(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"gator bench ended with {process.returncode}"
    return usage.ru_utime + usage.ru_stime


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
    print(
        "| constraints | engine | first | p99 | again | p99 | mean | p50 | p99 | load s | loaded s | RSS MB | answers "
        "| gator | ratio |"
    )
    print(f"|{'---|' * 15}")
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
            theirs = f"{peer:.2f} | {peer / row['mean']:.1f}" if peer else "- | -"
            figures = " | ".join(f"{row[key]:.2f}" for key in _SHOWN)
            print(
                f"| {name} | {engine} | {figures} | {row['rss']:.0f} | {row['found']:.1f} | {theirs} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
