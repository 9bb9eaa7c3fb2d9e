"""Measures reports and SARIF import: ``python bench/reports.py``. Prints one table; CPU seconds, best of three.

Goals: import with identity at least 20,000 findings a second; a bill of 2,000 components within 0.1 s; memory of an
import within 512 MB.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lockgate.model import (
    Component,
    Confidence,
    Decision,
    Family,
    Finding,
    Fix,
    Location,
    Result,
    RuleId,
    Run,
    SettledFinding,
    Severity,
    State,
    Subject,
    Verdict,
)
from lockgate.reports import get, members
from lockgate.sources.sarif import SarifSource


def sarif_log(count: int) -> bytes:
    """A log as a code scanner writes it: 200 rules, snippets, fingerprints, a code flow in every tenth result."""
    rules = [
        {
            "id": f"py/rule-{n}",
            "shortDescription": {"text": f"Rule {n}"},
            "fullDescription": {"text": "What can go wrong. " * 5},
            "defaultConfiguration": {"level": "warning"},
            "properties": {"security-severity": str(n % 10), "precision": "high", "tags": ["external/cwe/cwe-079"]},
        }
        for n in range(200)
    ]
    return json.dumps(
        {
            "version": "2.1.0",
            "runs": [
                {"tool": {"driver": {"name": "CodeQL", "rules": rules}}, "results": [_entry(n) for n in range(count)]}
            ],
        }
    ).encode()


def _entry(number: int) -> dict[str, object]:
    place = {
        "physicalLocation": {
            "artifactLocation": {
                "uri": f"src/package_{number % 50}/module_{number % 3000}.py",
                "uriBaseId": "%SRCROOT%",
            },
            "region": {
                "startLine": number % 900 + 1,
                "startColumn": 9,
                "endColumn": 40,
                "snippet": {"text": f"    cursor.execute('select {number}' + name)\n"},
            },
            "contextRegion": {
                "startLine": number % 900,
                "snippet": {"text": "def load(name):\n    cursor = open()\n" * 3},
            },
        }
    }
    entry: dict[str, object] = {
        "ruleId": f"py/rule-{number % 200}",
        "ruleIndex": number % 200,
        "message": {"text": f"This query depends on a value of the user ({number})."},
        "locations": [place],
        "partialFingerprints": {"primaryLocationLineHash": f"{number:016x}:1"},
    }
    if number % 10 == 0:
        entry["codeFlows"] = [{"threadFlows": [{"locations": [{"location": place}] * 6}]}]
    return entry


def result(findings: int, components: int) -> Result:
    """A result of that size."""
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    settled = tuple(_settled(number) for number in range(findings))
    return Result(
        Run("r", moment, moment, "shop", "tree", "0.1.0", "sha256:0"),
        Decision("local", Verdict.WARN),
        settled,
        (),
        (),
        tuple(_part(number) for number in range(components)),
    )


def _settled(number: int) -> SettledFinding:
    place = Location(f"src/file_{number % 997}.py", number + 1, number + 1, 3, 20, snippet=("value = load(name)",))
    found = Finding(
        RuleId(f"secrets/rule-{number % 200}"),
        Family.SECRETS,
        Severity(number % 5),
        Confidence.HIGH,
        Subject("secret", "key", f"{number}"),
        place,
        "A key stands in the code.",
        Fix("Revoke it."),
    )
    return SettledFinding(found, f"lg1-{number:032x}", State.NEW, (place,))


def _part(number: int) -> Component:
    return Component(
        "npm",
        f"package-{number}",
        "1.0.0",
        "package-lock.json",
        number + 1,
        parents=(f"package-{number // 2}@1.0.0",),
        licence="MIT",
        hashes=("sha512:" + f"{number:0128x}",),
        purl=f"pkg:npm/package-{number}@1.0.0",
    )


def best(work: Callable[[], object]) -> float:
    """CPU seconds of the best of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def imported(path: Path) -> int:
    """Parse, make findings and tell the identities apart; the number of identities."""
    source = SarifSource(path, salt=b"0" * 16)
    return len(
        {(item.rule, item.subject.key) for item in source.collect(lambda path, size: True) if isinstance(item, Finding)}
    )


def drawn(name: str, value: Result) -> int:
    """Characters that the report writes."""
    out = io.StringIO()
    get(name).write(value, out)
    return len(out.getvalue())


def line(what: str, figure: str, goal: str = "") -> None:
    print(f"{what:<46} {figure:>24}   {goal}")


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.sarif"
        content = sarif_log(50_000)
        path.write_bytes(content)
        seconds = best(lambda: imported(path))
        rate = 50_000 / seconds
        missed |= rate < 20_000
        line(f"SARIF import, 50,000 of {len(content) >> 20} MB", f"{rate:,.0f} findings/s", "goal 20,000")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    missed |= memory > 512
    line("memory so far", f"{memory:,.0f} MB", "goal 512")
    bill, many = result(0, 2000), result(10_000, 0)
    for name in members():
        if name in ("cyclonedx", "spdx"):
            seconds = best(lambda name=name: drawn(name, bill))  # type: ignore[misc]
            missed |= seconds > 0.1
            line(f"{name}, 2,000 components", f"{seconds * 1000:,.1f} ms", "goal 100 ms")
        else:
            seconds = best(lambda name=name: drawn(name, many))  # type: ignore[misc]
            line(f"{name}, 10,000 findings", f"{seconds * 1000:,.0f} ms, {drawn(name, many) / 1e6:.1f} MB")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
