"""SARIF 2.1.0, for code scanning pages and other tools.

Shape: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. The file stays within what GitHub accepts (its page "SARIF
results exceed one or more limits"): the least severe findings go first, and what was cut is told in a notification
and in the properties of the run. ``partialFingerprints`` carries our identity. GitHub's ``primaryLocationLineHash``
counts equal lines of the whole file, which a report does not have; its upload action computes it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import quote, urlsplit

from lockgate.formats.plain_json import dumps, well_formed
from lockgate.model import Edit, Location, Result, Rule, SettledFinding, Severity, Skip, State
from lockgate.reports import Report, fix_of, tally, worst_first

MAX_RESULTS = 25_000
SHOWN_RESULTS = 5_000
"""More are accepted, but only the most severe so many are shown."""
MAX_TAGS = 20
MAX_LOCATIONS = 100
"""1,000 are accepted, 100 kept."""
MAX_GZIP_BYTES = 10_000_000
MAX_NOTIFICATIONS = 1_000

_ROOT_ID = "SRCROOT"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""In the middle of GitHub's bands: over 9.0 critical, 7.0 high, 4.0 medium, 0.1 low. Information has no band."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes into the file."""

    findings: Sequence[SettledFinding]
    cut: int = 0
    """Findings that were left out."""
    why: str = ""
    snippets: bool = True


def document(result: Result, *, max_results: int = MAX_RESULTS) -> dict[str, Any]:
    """The log as dicts and lists, without the limit on bytes, which :func:`write` keeps."""
    return _log(result, _plan(result, max_results))


def _plan(result: Result, max_results: int) -> _Plan:
    ordered = worst_first(result.findings)
    cut = max(len(ordered) - max_results, 0)
    return _Plan(ordered[:max_results], cut, f"more than {max_results:,} results" if cut else "")


def write(result: Result, out: TextIO) -> None:
    """Draw the result within the limits on counts and bytes."""
    out.write(_fitted(result, _plan(result, MAX_RESULTS), MAX_GZIP_BYTES))


def _fitted(result: Result, plan: _Plan, limit: int) -> str:
    """Drop snippets first, because the findings themselves matter more; then the least severe findings."""
    text = dumps(_log(result, plan), compact=True)
    while (size := _packed(text, limit)) > limit and plan.findings:
        if plan.snippets:
            plan = replace(plan, snippets=False)
        else:
            kept = min(int(len(plan.findings) * limit / size * 0.95), len(plan.findings) - 1)
            lost = len(plan.findings) - kept
            plan = replace(plan, findings=plan.findings[:kept], cut=plan.cut + lost, why=f"over {limit:,} bytes packed")
        text = dumps(_log(result, plan), compact=True)
    return text


def _packed(text: str, limit: int) -> int:
    raw = text.encode()
    return len(raw) if len(raw) <= limit else len(gzip.compress(raw, compresslevel=6))


def _log(result: Result, plan: _Plan) -> dict[str, Any]:
    descriptors = _descriptors(result, plan.findings)
    index = {name: number for number, name in enumerate(descriptors)}
    run = result.run
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Lockgate",
                        "semanticVersion": run.version,
                        "version": run.version,
                        "rules": list(descriptors.values()),
                    }
                },
                "invocations": [_invocation(result, plan)],
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT_ID: {"description": {"text": "Root of what was read."}}},
                "results": [_result(result, settled, index, plan) for settled in plan.findings],
                "properties": _properties(result, plan),
            }
        ],
    }


def _properties(result: Result, plan: _Plan) -> dict[str, Any]:
    counts, run = tally(result), result.run
    return {
        "lockgate/run": run.id,
        "lockgate/rulesDigest": run.rules_digest,
        "lockgate/revision": run.revision,
        "lockgate/verdict": str(result.decision.verdict),
        "lockgate/fixed": counts.fixed,
        "lockgate/waived": counts.waived,
        "lockgate/skipped": counts.skipped,
        "lockgate/cut": plan.cut,
    }


def _rule_name(settled: SettledFinding, rule: Rule | None) -> str:
    """GitHub reads the severity from the rule alone, so a rule that judges case by case is told once a severity."""
    finding = settled.finding
    usual = rule.severity if rule else finding.severity
    return finding.rule if finding.severity == usual else f"{finding.rule}/{finding.severity}"


def _descriptors(result: Result, findings: Iterable[SettledFinding]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for settled in findings:
        rule = result.rules.get(settled.finding.rule)
        name = _rule_name(settled, rule)
        if name not in found:
            found[name] = _descriptor(name, settled, rule)
    return dict(sorted(found.items()))


def _descriptor(name: str, settled: SettledFinding, rule: Rule | None) -> dict[str, Any]:
    finding = settled.finding
    title = rule.title if rule else str(finding.rule)
    descriptor: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": rule.why if rule else title},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "help": {"text": _help(rule) if rule else title},
        "properties": {
            "tags": _tags(finding.family, rule),
            "precision": str(finding.confidence),
        },
    }
    if finding.severity in _SCORES:
        descriptor["properties"]["security-severity"] = _SCORES[finding.severity]
    address = next((reference for reference in rule.references if _is_address(reference)), "") if rule else ""
    return descriptor | ({"helpUri": address} if address else {})


def _help(rule: Rule) -> str:
    return "\n".join([rule.why, f"Fix: {rule.fix}", *rule.references])


def _tags(family: str, rule: Rule | None) -> list[str]:
    """CWE numbers take the form that code scanning pages filter by."""
    stated = rule.tags if rule else ()
    tags = ["security", str(family), *(f"external/cwe/{tag}" if tag.startswith("cwe-") else tag for tag in stated)]
    return list(dict.fromkeys(tags))[:MAX_TAGS]


def _is_address(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https") and text.isascii() and text.isprintable() and " " not in text


def _result(result: Result, settled: SettledFinding, index: dict[str, int], plan: _Plan) -> dict[str, Any]:
    finding = settled.finding
    name = _rule_name(settled, result.rules.get(finding.rule))
    places = (settled.locations or (finding.location,))[:MAX_LOCATIONS]
    entry: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": index[name],
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message or finding.rule},
        "locations": [_location(place, snippets=plan.snippets) for place in places],
        "partialFingerprints": {"lockgate/v1": settled.identity},
        "baselineState": "new" if settled.state is State.NEW else "unchanged",
        # Either every result of a run says whether it is suppressed, or none does (section 3.27.23).
        "suppressions": _suppressions(settled),
        "properties": _facts(result, settled),
    }
    edits = finding.fix.edits if finding.fix else ()
    return entry | ({"fixes": [_fix(fix_of(result, settled), edits)]} if edits else {})


def _facts(result: Result, settled: SettledFinding) -> dict[str, Any]:
    finding = settled.finding
    facts: dict[str, Any] = {
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "rule": finding.rule,
        "subject": finding.subject.name,
        "fix": fix_of(result, settled),
    }
    if finding.severity in _SCORES:
        facts["security-severity"] = finding.fact("cvss") or _SCORES[finding.severity]
    optional = {
        "aliases": list(finding.aliases),
        "owners": list(settled.owners),
        "introducedBy": settled.introduced_by,
        "introducedAt": settled.introduced_at,
        "introducedIn": settled.introduced_in,
        "firstSeen": settled.first_seen,
        "expiredWaiver": settled.waiver.id if settled.waiver and settled.waiver.expired else "",
    }
    return facts | {name: value for name, value in optional.items() if value}


def _suppressions(settled: SettledFinding) -> list[dict[str, Any]]:
    waiver = settled.waiver
    if waiver is None or waiver.expired:
        return []
    said = f"{waiver.reason} (waiver {waiver.id} by {waiver.by}, until {waiver.until})"
    return [{"kind": "external", "status": "accepted", "justification": said}]


def _location(place: Location, *, snippets: bool) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if place.path:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(place.path), "uriBaseId": _ROOT_ID}}
        if place.line:
            location["physicalLocation"]["region"] = _region(place, snippets=snippets)
    if place.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": place.pointer}]
    return location


def _uri(path: str) -> str:
    """A relative reference: a colon in the first segment would read as a scheme, so it is escaped too."""
    return quote(well_formed(path), safe="/-._~!$&'()*+,;=@")


def _region(place: Location, *, snippets: bool) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": place.line}
    if place.column:
        region["startColumn"] = place.column
    if place.end_line >= place.line:
        region["endLine"] = place.end_line
    if place.end_column > 0 and (place.end_line > place.line or place.end_column >= place.column):
        region["endColumn"] = place.end_column
    if snippets and place.snippet:
        region["snippet"] = {"text": "\n".join(place.snippet)}
    return region


def _fix(text: str, edits: Sequence[Edit]) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        changes.setdefault(edit.path, []).append(_replacement(edit))
    return {
        "description": {"text": text},
        "artifactChanges": [
            {"artifactLocation": {"uri": _uri(path), "uriBaseId": _ROOT_ID}, "replacements": replacements}
            for path, replacements in sorted(changes.items())
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    """Whole lines: the region runs from the first column of the first line to that of the line after the last."""
    text = edit.text if not edit.text or edit.text.endswith("\n") else edit.text + "\n"
    start = {"startLine": max(edit.line, 1), "startColumn": 1}
    return {
        "deletedRegion": start | {"endLine": max(edit.end_line + 1, edit.line, 1), "endColumn": 1},
        "insertedContent": {"text": text},
    }


def _invocation(result: Result, plan: _Plan) -> dict[str, Any]:
    notifications = [
        *_cuts(plan),
        *_blind(result),
        *_notices(result),
        *(_skip(skip) for skip in result.skips[:MAX_NOTIFICATIONS]),
    ]
    rest = len(result.skips) - MAX_NOTIFICATIONS
    if rest > 0:
        notifications.append(_notification("skip/more", f"{rest:,} more things were not read."))
    return {
        "executionSuccessful": not result.decision.nothing_checked,
        "startTimeUtc": _time(result.run.started),
        "endTimeUtc": _time(result.run.ended),
        "toolExecutionNotifications": notifications,
    }


def _cuts(plan: _Plan) -> list[dict[str, Any]]:
    notes = []
    if plan.cut:
        said = f"{plan.cut:,} findings, the least severe, were left out: {plan.why}. The JSON report has all."
        notes.append(_notification("limit/results", said))
    if not plan.snippets:
        notes.append(_notification("limit/snippets", "Snippets were left out to keep the file within its size."))
    if len(plan.findings) > SHOWN_RESULTS:
        said = f"{len(plan.findings):,} results: GitHub shows the {SHOWN_RESULTS:,} most severe."
        notes.append(_notification("limit/shown", said))
    many = sum(len(settled.locations) > MAX_LOCATIONS for settled in plan.findings)
    if many:
        notes.append(_notification("limit/locations", f"{many:,} findings show more than {MAX_LOCATIONS} places."))
    return notes


def _blind(result: Result) -> list[dict[str, Any]]:
    return [
        _notification("nothing-checked", f"Nothing was checked: {family}.", level="error")
        for family in result.decision.nothing_checked
    ]


def _notices(result: Result) -> list[dict[str, Any]]:
    return [_notification("notice", notice) for notice in result.notices[:MAX_NOTIFICATIONS]]


def _skip(skip: Skip) -> dict[str, Any]:
    note = _notification(f"skip/{skip.kind}", f"{skip.path or 'something'} was not read: {skip.reason}")
    if skip.path:
        note["locations"] = [_location(Location(skip.path, skip.line), snippets=False)]
    return note


def _notification(name: str, text: str, *, level: str = "warning") -> dict[str, Any]:
    return {"descriptor": {"id": name}, "level": level, "message": {"text": text}}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


REPORT = Report("sarif", "application/sarif+json", ".sarif", write, "SARIF 2.1.0, within GitHub's limits")
