"""MB per CPU second of the secrets engine over a tree, beside detect-secrets where it is installed.

``python bench/secrets.py TREE [--rules heuristic|all]``. Reading from a warm page cache is part of the time, walking
is not. The peer is given a sample of files of at most ``--peer-bytes``, because it is a hundred times slower.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib.util
import pstats
import resource
import tempfile
import time
from collections import Counter
from itertools import chain
from pathlib import Path

from lockgate.engine.judge import batches
from lockgate.model import Confidence, Family, File, Finding, Rule, RuleId, Severity
from lockgate.rules import load
from lockgate.scanners import ScanContext, feed_all
from lockgate.scanners.secrets import SCANNER
from lockgate.sources.repository.tree import TreeSource


def files_of(root: Path) -> list[File]:
    """Every file that the scanner wants, as a check would load it."""
    return [row for row in TreeSource(root, ignored_too=True).collect(SCANNER.wants) if isinstance(row, File)]


def own_rules(kind: str) -> list[Rule]:
    """The second tier alone, or the whole rulebook (with the second tier in any case)."""
    heuristics = [
        Rule(
            RuleId(f"secrets/{name}"), Family.SECRETS, name, "", Severity.HIGH, Confidence.MEDIUM, "",
            {"heuristic": name},
        )
        for name in ("password", "url")
    ]  # fmt: skip
    if kind == "heuristic":
        return heuristics
    rules = list(load([Family.SECRETS]).rules)
    have = {rule.logic.get("heuristic") for rule in rules}
    return rules + [rule for rule in heuristics if rule.logic["heuristic"] not in have]


def bench(files: list[File], rules: list[Rule], *, profile: bool, show: bool) -> None:
    """Prints one row for the cold (compiling) and one for the warm start."""
    total = sum(file.size for file in files)
    with tempfile.TemporaryDirectory() as cache:
        for start in ("cold", "warm"):
            begun = time.process_time()
            session = SCANNER.start(rules, ScanContext(salt=b"0" * 16, made_dir=Path(cache)))
            opened = time.process_time()
            profiler = cProfile.Profile() if profile and start == "warm" else None
            if profiler:
                profiler.enable()
            told = chain.from_iterable(feed_all(session, batch) for batch in batches(files))
            findings = [one for said in told for one in said if isinstance(one, Finding)]
            if profiler:
                profiler.disable()
                pstats.Stats(profiler).sort_stats("tottime").print_stats(18)
            spent = time.process_time() - opened
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"lockgate {start}: {len(files)} files {total / 1e6:.1f} MB, "
                f"start {opened - begun:.2f} s, "
                f"scan {spent:.2f} CPU s, {total / 1e6 / spent:.0f} MB/s, {len(findings)} findings, peak {peak:.0f} MB"
            )
    print(Counter(f"{one.rule} {one.confidence}" for one in findings).most_common(25))
    if show:
        for one in findings:
            place = f"{one.location.path}:{one.location.line}"
            print(f"{one.rule} {one.confidence} {place}: {one.location.snippet[0].strip()[:150]}")


def bench_peer(files: list[File], most: int) -> None:
    """detect-secrets on the first files up to ``most`` bytes."""
    if importlib.util.find_spec("detect_secrets") is None:
        print("detect-secrets: not installed")
        return
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    total, found, begun = 0, SecretsCollection(), time.process_time()
    with default_settings(), tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            if total > most:
                break
            place = Path(folder, f"{number}-{Path(file.path).name}")
            place.write_bytes(file.load())
            found.scan_file(str(place))
            total += file.size
    spent = time.process_time() - begun
    print(f"detect-secrets: {total / 1e6:.1f} MB, {spent:.2f} CPU s, {total / 1e6 / spent:.2f} MB/s")


def main() -> None:
    """Reads the arguments and runs both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rules", choices=("heuristic", "all"), default="all")
    parser.add_argument("--peer-bytes", type=int, default=1_000_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    gc.set_threshold(200_000, 30, 30)  # as the command line has it
    files = files_of(arguments.tree)
    bench(files, own_rules(arguments.rules), profile=arguments.profile, show=arguments.show)
    bench_peer(files, arguments.peer_bytes)


if __name__ == "__main__":
    main()
