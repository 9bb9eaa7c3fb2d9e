"""JUnit XML, for the test page of a CI server.

One suite a family: a failed case for each open finding, a skipped one for each waived finding and each thing that was
not read, and a passed one that says what was checked. The decision is a suite of its own. The dialect is the common
part of what Jenkins, GitLab and Azure Pipelines read (``testsuites/testsuite/testcase/failure|skipped|error``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from lockgate.formats.printable import printable
from lockgate.model import Result, SettledFinding, Skip, Verdict
from lockgate.reports import Report, fix_of, place_of, title_of, worst_first


@dataclass(frozen=True, slots=True)
class _Case:
    classname: str
    name: str
    outcome: str = ""
    """``failure``, ``skipped``, ``error``; empty when it passed."""
    message: str = ""
    kind: str = ""
    body: str = ""


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    suites = {name: cases for name, cases in _suites(result).items() if cases}
    everything = [case for cases in suites.values() for case in cases]
    seconds = max((result.run.ended - result.run.started).total_seconds(), 0.0)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<testsuites name="lockgate" {_counts(everything)} time="{seconds:.3f}">\n')
    stamp = result.run.started.replace(tzinfo=None).isoformat(timespec="seconds")
    for name, cases in suites.items():
        out.write(f'  <testsuite name={_attribute(name)} {_counts(cases)} time="0" timestamp="{stamp}">\n')
        for case in cases:
            _write_case(case, out)
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _suites(result: Result) -> dict[str, list[_Case]]:
    suites: dict[str, list[_Case]] = {"decision": _decision_cases(result)}
    for family in sorted({*map(str, result.run.families), *result.coverage, *_families_found(result)}):
        coverage = result.coverage.get(family)
        suites[family] = [_Case(family, f"checked: {coverage}")] if coverage else []
    for settled in worst_first(result.findings):
        suites[str(settled.finding.family)].append(_finding_case(result, settled))
    suites["not read"] = [_skip_case(skip) for skip in result.skips]
    return suites


def _families_found(result: Result) -> Iterable[str]:
    return {str(settled.finding.family) for settled in result.findings}


def _decision_cases(result: Result) -> list[_Case]:
    decision = result.decision
    reasons = "\n".join(f"{reason.verdict}: {reason.rule}: {reason.text}" for reason in decision.reasons)
    blocked = decision.verdict in (Verdict.DENY, Verdict.ASK)
    gate = _Case(
        "decision", f"gate {decision.gate}: {decision.verdict}", "failure" if blocked else "",
        f"the gate answered {decision.verdict}", str(decision.verdict), reasons,
    )  # fmt: skip
    blind = [
        _Case("decision", f"{family} was checked", "error", f"{family} could not be checked at all", "nothing-checked")
        for family in decision.nothing_checked
    ]
    return [gate, *blind]


def _finding_case(result: Result, settled: SettledFinding) -> _Case:
    finding, waiver = settled.finding, settled.waiver
    name = f"{place_of(finding.location)} {title_of(result, settled)}"
    if waiver and settled.waived:
        said = f"waived until {waiver.until} by {waiver.by}: {waiver.reason}"
        return _Case(finding.rule, name, "skipped", said)
    lines = [
        finding.message,
        f"fix: {fix_of(result, settled)}",
        f"severity: {finding.severity}, confidence: {finding.confidence}, {settled.state}, {settled.identity}",
        f"owners: {', '.join(settled.owners)}" if settled.owners else "",
        f"the waiver {waiver.id} expired on {waiver.expires}" if waiver else "",
        *finding.location.snippet,
    ]
    body = "\n".join(line for line in lines if line)
    return _Case(finding.rule, name, "failure", finding.message, str(finding.severity), body)


def _skip_case(skip: Skip) -> _Case:
    return _Case(skip.family or "every family", f"{skip.path} ({skip.kind})", "skipped", skip.reason)


def _counts(cases: Iterable[_Case]) -> str:
    outcomes = [case.outcome for case in cases]
    return (
        f'tests="{len(outcomes)}" failures="{outcomes.count("failure")}" '
        f'errors="{outcomes.count("error")}" skipped="{outcomes.count("skipped")}"'
    )


def _write_case(case: _Case, out: TextIO) -> None:
    out.write(f'    <testcase classname={_attribute(case.classname)} name={_attribute(case.name)} time="0"')
    if not case.outcome:
        out.write("/>\n")
        return
    kind = f" type={_attribute(case.kind)}" if case.kind else ""
    body = escape("\n".join(printable(line) for line in case.body.split("\n")))
    out.write(f">\n      <{case.outcome} message={_attribute(case.message)}{kind}>{body}</{case.outcome}>\n")
    out.write("    </testcase>\n")


def _attribute(text: str) -> str:
    return quoteattr(printable(text))


REPORT = Report("junit", "application/xml", ".xml", write, "JUnit XML, for the test page of a CI server")
