"""How many findings a second become known again: identity, deduplication, settling, and storing.

    python -m bench.findings [COUNT] [--import RESULTS]

Findings are of all kinds: secrets in several files, vulnerabilities under several names, code lines, duplicates. The
goal is 20,000 a second for identity, deduplication and settling together, against what an earlier run remembered.

The last rows import a log of four tools with RESULTS results (``sarif_logs``; 50,000) and settle what it says, one
after the other, each time in a fresh process, with waivers and owners, the garbage collector set as the command line
sets it: first as functions, then as ``lockgate check --import`` in a folder of one file, where an earlier run compiled
the rules: start, record, ledger and the terminal's report included. The goal is 20,000 a second for each of them.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from lockgate.findings import Owners, Waivers, settle
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
from lockgate.sources.sarif import SarifSource
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


WAIVERS = "waivers:\n- {rule: imported/%s, by: ada, reason: accepted for now, expires: 2031-12-31}"
OWNERS = "* @everyone\n*.md @docs\n" + "".join(f"/services/part{number}/ @team-{number % 9}\n" for number in range(60))


def imported(log: Path) -> tuple[float, float, float, int]:
    """CPU seconds of importing, of settling when all is new and when all is known, and the results; in this process."""
    gc.set_threshold(200_000, 30, 30)
    waivers, owners = Waivers.load(WAIVERS % "bandit/bandit/rule-3", where="w.yaml"), Owners.parse(OWNERS)
    times = [time.process_time()]
    observed = list(SarifSource(log, salt=b"0123456789abcdef").collect(lambda _path, _size: True))
    times.append(time.process_time())
    findings = [one for one in observed if isinstance(one, Finding)]
    first = settle(findings, waivers=waivers, owners=owners, today=NOW.date(), now=NOW)
    known = first.known
    times.append(time.process_time())
    second = settle(findings, known=known, waivers=waivers, owners=owners, today=NOW.date(), now=NOW)
    _ = second.known
    times.append(time.process_time())
    if [one.identity for one in first.findings] != [one.identity for one in second.findings]:
        raise SystemExit("identities changed between two runs over the same log")
    reading, new, again = (after - before for before, after in pairwise(times))
    return reading, new, again, len(findings)


def checked(log: Path, folder: Path) -> tuple[float, float]:
    """CPU seconds of a whole ``lockgate check --import``, and the MB of the largest of its processes at its peak."""
    command = (sys.executable, "-m", "lockgate", "check", "--quiet", "--family", "secrets", "--import", str(log))
    report = folder.parent / "report.txt"
    with report.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"the check failed: {report.read_text(errors='replace')[-500:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _write(log: Path, count: int) -> None:
    """Write a log in a process of its own: on Linux the peak of a process begins with that of who starts it."""
    made = f"import sys; from bench.sarif_logs import made; sys.stdout.buffer.write(made({count}))"
    with log.open("wb") as out:
        subprocess.run((sys.executable, "-c", made), stdout=out, check=True)


def import_rows(count: int) -> tuple[list[tuple[str, float]], tuple[float, float]]:
    """What each step of an import comes to, in fresh processes, and the peaks of both checks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "four.sarif"
        _write(log, count)
        (folder / "tree").mkdir()
        (folder / "tree" / "CODEOWNERS").write_text(OWNERS)
        command = (sys.executable, "-m", "bench.findings", "--child", str(log))
        child = subprocess.run(command, capture_output=True, check=True)
        reading, new, again, found = map(float, child.stdout.split())
        few = folder / "few.sarif"
        _write(few, 100)
        checked(few, folder / "tree")
        (first, peak), (second, peak_again) = checked(log, folder / "tree"), checked(log, folder / "tree")
    if found != count:
        raise SystemExit(f"{count} results gave {found:.0f} findings")
    rows = [
        ("import alone", count / reading),
        ("import and settle, all new", count / (reading + new)),
        ("import and settle, all known", count / (reading + again)),
        ("lockgate check --import, all new", count / first),
        ("lockgate check --import, all known", count / second),
    ]
    return rows, (peak, peak_again)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--import", dest="results", type=int, default=50_000, metavar="RESULTS")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(*imported(arguments.child))
        return 0
    rows, peaks = import_rows(arguments.results)  # first, while this process is small
    count = arguments.count
    observed = made(count, 1)
    waivers = Waivers.load(WAIVERS % "7", where="w.yaml")
    start = time.process_time()
    first = settle(observed, waivers=waivers, today=NOW.date(), now=NOW)
    known = first.known
    new = count / (time.process_time() - start)
    start = time.process_time()
    second = settle(observed, known=known, waivers=waivers, today=NOW.date(), now=NOW)
    _ = second.known
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
    print(f"{count} observations, {len(first.findings)} findings; {arguments.results} results of logs; CPU time")
    print(f"{'step':46}{'per second':>12}{'of goal':>9}")
    for name, rate in (
        ("identity, deduplication, settle: all new", new),
        ("identity, deduplication, settle: all known", again),
        ("ledger: written and read back", ledger_rate),
        ("record: appended to Delta", record_rate),
        *rows,
    ):
        print(f"{name:46}{rate:12,.0f}{rate / GOAL:8.1f}x")
    print("lockgate check --import, peak of its largest process: all new {:.0f} MB, all known {:.0f} MB".format(*peaks))
    return 0 if min(new, again, *(rate for _, rate in rows)) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
