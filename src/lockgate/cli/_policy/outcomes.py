"""What came of the cases of many suites, drawn for people, for programs and for a CI server."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from lockgate.errors import ExitCode
from lockgate.formats.printable import printable

PASSED, FAILED, ERROR, SKIPPED = "passed", "failed", "error", "skipped"
_MARKS = {PASSED: "ok", FAILED: "FAIL", ERROR: "ERROR", SKIPPED: "skip"}
_ELEMENTS = {FAILED: "failure", ERROR: "error", SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case."""

    file: str
    language: str
    """``gatekeeper``, ``kubernetes`` or ``azure``."""
    suite: str
    test: str
    """Empty where the suite has no tests between itself and its cases."""
    case: str
    """Empty for a test that has no cases, or whose cases could not be run."""
    outcome: str
    """``passed``, ``failed``, ``error`` (it could not be run) or ``skipped``."""
    message: str = ""
    """Why it did not pass."""

    @property
    def name(self) -> str:
        """Test and case."""
        return "//".join(filter(None, (self.test, self.case)))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Every case, in the order of the files."""

    cases: Sequence[Case]
    files: int
    """Files that hold a suite."""
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """Cases by outcome."""
        counted = Counter(case.outcome for case in self.cases)
        return {name: counted[name] for name in (PASSED, FAILED, ERROR, SKIPPED)}

    @property
    def exit_code(self) -> ExitCode:
        """A failure denies; what could not be run, or nothing run at all, is no pass."""
        counts = self.counts
        if counts[FAILED]:
            return ExitCode.DENIED
        if counts[ERROR] or not counts[PASSED]:
            return ExitCode.NOTHING_CHECKED
        return ExitCode.ALLOWED


def draw(outcomes: Outcomes, form: str, out: TextIO | None = None, *, verbose: bool = False) -> None:
    """Write the outcomes as ``text``, ``json`` or ``junit``."""
    {"text": _text, "json": _json, "junit": _junit}[form](outcomes, out or sys.stdout, verbose)


def _text(outcomes: Outcomes, out: TextIO, verbose: bool) -> None:
    by_file: dict[str, list[Case]] = {}
    for case in outcomes.cases:
        by_file.setdefault(case.file, []).append(case)
    for file, cases in by_file.items():
        counted = Counter(case.outcome for case in cases)
        worst = next((one for one in (ERROR, FAILED, PASSED, SKIPPED) if counted[one]), SKIPPED)
        ran = len(cases) - counted[SKIPPED]
        out.write(f"{_MARKS[worst]:<6}{printable(file)}  {counted[PASSED]} of {ran} cases\n")
        for case in cases:
            if verbose or case.outcome in (FAILED, ERROR):
                said = f": {printable(case.message)}" if case.message else ""
                out.write(f"      {_MARKS[case.outcome]:<6}{printable(case.name)}{said}\n")
    counts = outcomes.counts
    ran = len(outcomes.cases) - counts[SKIPPED]
    rest = "".join(f", {counts[name]} {word}" for name, word in
                   ((FAILED, "failed"), (ERROR, "could not be run"), (SKIPPED, "skipped")) if counts[name])  # fmt: skip
    out.write(f"{_plural(outcomes.files, 'suite')}: {counts[PASSED]} of {_plural(ran, 'case')} passed{rest}")
    out.write(f"  ({outcomes.seconds:.1f} s)\n")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _json(outcomes: Outcomes, out: TextIO, verbose: bool) -> None:  # noqa: ARG001 -- JSON always says everything
    whole = {
        "files": outcomes.files,
        "counts": outcomes.counts,
        "seconds": round(outcomes.seconds, 3),
        "cases": [asdict(case) for case in outcomes.cases],
    }
    out.write(json.dumps(whole, indent=2) + "\n")


def _junit(outcomes: Outcomes, out: TextIO, verbose: bool) -> None:  # noqa: ARG001 -- a CI server folds by itself
    by_suite: dict[tuple[str, str], list[Case]] = {}
    for case in outcomes.cases:
        by_suite.setdefault((case.file, case.suite), []).append(case)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<testsuites name="lockgate policy" {_totals(outcomes.cases)} time="{outcomes.seconds:.3f}">\n')
    for (file, suite), cases in by_suite.items():
        out.write(f"  <testsuite name={_attribute(suite or file)} file={_attribute(file)} {_totals(cases)}>\n")
        for case in cases:
            out.write(f"    <testcase classname={_attribute(file)} name={_attribute(case.name)}")
            element = _ELEMENTS.get(case.outcome)
            if element is None:
                out.write("/>\n")
            else:
                text = escape(printable(case.message))
                out.write(f"><{element} message={_attribute(case.message)}>{text}</{element}></testcase>\n")
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _totals(cases: Sequence[Case]) -> str:
    counted = Counter(case.outcome for case in cases)
    return f'tests="{len(cases)}" failures="{counted[FAILED]}" errors="{counted[ERROR]}" skipped="{counted[SKIPPED]}"'


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
