"""How many findings a second become known again: identity, deduplication, settling, and storing.

    python bench/findings.py [COUNT]

Findings are of all kinds: secrets in several files, vulnerabilities under several names, code lines, duplicates. The
goal is 20,000 a second for identity, deduplication and settling together, against what an earlier run remembered.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from lockgate.findings import Waivers, settle
from lockgate.model import (
    Confidence,
    Decision,
    Family,
    Finding,
    Location,
    Result,
    RuleId,
    Run,
    Severity,
    Subject,
    Verdict,
)  # fmt: skip
from lockgate.store import Ledger, Record

GOAL = 20_000
NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


def made(count: int, seed: int) -> list[Finding]:
    """That many observations; about one in eight repeats another."""
    chance = random.Random(seed)
    out: list[Finding] = []
    for number in range(count):
        place = Location(f"src/part{number % 97}/file{number % 1009}.py", number % 400 + 1)
        kind = number % 4
        if kind == 0:
            subject, rule, family, aliases = (
                Subject("secret", "key", f"h{number // 8}"),
                "secrets/a",
                Family.SECRETS,
                (),
            )
        elif kind == 1:
            flaw = number // 8
            subject, rule, family = (
                Subject("component", "p", f"PyPI/p{flaw % 500}"),
                "dependencies/v",
                Family.DEPENDENCIES,
            )
            aliases = tuple(sorted((f"CVE-2030-{flaw}", f"GHSA-{flaw}", f"PYSEC-{flaw}")[chance.randrange(2) :]))
        else:
            subject, rule, family, aliases = (
                Subject("code", "line", f"c{number // 3}"),
                f"imported/{number % 50}",
                Family.IMPORTED,
                (),
            )
        out.append(
            Finding(
                RuleId(rule), family, Severity(number % 5), Confidence.HIGH, subject, place, "found", aliases=aliases
            )
        )
    return out


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    observed = made(count, 1)
    waivers = Waivers.load(
        "waivers:\n- {rule: imported/7, by: ada, reason: accepted for now, expires: 2031-12-31}", where="w.yaml"
    )
    start = time.process_time()
    first = settle(observed, waivers=waivers, today=NOW.date(), now=NOW)
    new = count / (time.process_time() - start)
    start = time.process_time()
    second = settle(observed, known=first.known, waivers=waivers, today=NOW.date(), now=NOW)
    again = count / (time.process_time() - start)
    if [one.identity for one in first.findings] != [one.identity for one in second.findings]:
        raise SystemExit("identities changed between two runs over the same observations")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        with Ledger.open(Path(folder)) as ledger:
            ledger.remember("p", second.known)
        with Ledger.open(Path(folder)) as ledger:
            ledger.known("p")
        ledger_rate = len(second.known) / (time.process_time() - start)
        result = Result(
            Run("r", NOW, NOW, ".", "tree", "0", "d"), Decision("check", Verdict.ALLOW), second.findings, (), (), ()
        )
        start = time.process_time()
        Record.open(folder).append_result(result)
        record_rate = len(second.findings) / (time.process_time() - start)
    print(f"{count} observations, {len(first.findings)} findings; CPU time, one process")
    print(f"{'step':46}{'per second':>12}{'of goal':>9}")
    for name, rate in (
        ("identity, deduplication, settle: all new", new),
        ("identity, deduplication, settle: all known", again),
        ("ledger: written and read back", ledger_rate),
        ("record: appended to Delta", record_rate),
    ):
        print(f"{name:46}{rate:12,.0f}{rate / GOAL:8.1f}x")
    return 0 if min(new, again) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
