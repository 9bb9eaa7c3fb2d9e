"""Results that the store's tests write, and a process that writes them until it is killed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from lockgate.model import (
    Component,
    Confidence,
    Decision,
    Family,
    Finding,
    ImageFacts,
    LayerFacts,
    Location,
    Reason,
    Result,
    RuleId,
    Run,
    SettledFinding,
    Severity,
    Skip,
    SkipKind,
    State,
    Subject,
    Verdict,
)  # fmt: skip
from lockgate.store import Record

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


def result(run: str, *, findings: int = 3, components: int = 2, started: datetime = NOW) -> Result:
    """A run with so many findings and components, one skip and one reason."""
    return Result(
        run=Run(run, started, started, ".", "tree", "0.1.0", "digest", families=(Family.SECRETS,), files=7),
        decision=Decision("check", Verdict.DENY, (Reason(Verdict.DENY, "deny[0]", "a secret", ("lg1-0",)),)),
        findings=tuple(_finding(number) for number in range(findings)),
        fixed=(),
        skips=(Skip("pipe", SkipKind.SPECIAL, "a FIFO"),),
        components=tuple(Component("PyPI", f"p{number}", "1", "uv.lock") for number in range(components)),
        coverage={"secrets": "7 files"},
        images=(ImageFacts("sha256:a", "", "sha256:c", "cart", layers=(LayerFacts(0, "sha256:l", "", "tar", 9),)),),
    )


def _finding(number: int) -> SettledFinding:
    place = Location(f"f{number}.py", number + 1)
    subject = Subject("code", f"line {number}", f"key-{number}")
    finding = Finding(RuleId("secrets/x"), Family.SECRETS, Severity.HIGH, Confidence.LOW, subject, place, "found")
    return SettledFinding(finding, f"lg1-{number:032x}", State.NEW, (place,))


def write_for_ever(workspace: str, name: str, count: int) -> None:
    """Append runs, and say each once it is stored."""
    record = Record.open(workspace)
    for number in range(count):
        record.append_result(result(f"{name}-{number}", findings=20))
        sys.stdout.write(f"{name}-{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    write_for_ever(sys.argv[1], sys.argv[2], int(sys.argv[3]))
