"""A Result as rows of the record's tables: plain dicts by column name. Pure; Arrow comes later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from lockgate.model import Component, Decision, Location, Result, SettledFinding, Skip

Row = dict[str, Any]


def rows_of(result: Result, batch: str) -> dict[str, Iterator[Row]]:
    """Table name -> rows, ``Runs`` last: its row is the mark that the others count. Each can be read once."""
    common = {"TimeGenerated": result.run.started, "RunId": result.run.id, "Batch": batch}
    tables: dict[str, Iterator[Row]] = {
        "Findings": (finding_row(one) for one in (*result.findings, *result.fixed)),
        "Components": (component_row(one) for one in result.components),
        "Skips": (skip_row(one) for one in result.skips),
        "Decisions": decision_rows(result.decision),
        "Runs": iter([run_row(result)]),
    }
    return {name: (common | row for row in rows) for name, rows in tables.items()}


def run_row(result: Result) -> Row:
    """The row of ``Runs``."""
    run = result.run
    return {
        "Ended": run.ended, "Root": run.root, "Mode": run.mode, "Version": run.version,
        "RulesDigest": run.rules_digest, "Revision": run.revision, "Branch": run.branch,
        "Families": _json([str(family) for family in run.families]), "Files": run.files, "Bytes": run.bytes,
        "Verdict": result.decision.verdict.value, "FindingCount": len(result.findings),
        "WaivedCount": sum(one.waived for one in result.findings), "FixedCount": len(result.fixed),
        "SkipCount": len(result.skips), "ComponentCount": len(result.components), "Coverage": _json(result.coverage),
    }  # fmt: skip


def finding_row(one: SettledFinding) -> Row:
    """A row of ``Findings``."""
    finding, place, waiver = one.finding, one.finding.location, one.waiver
    return {
        "Identity": one.identity, "State": one.state.value, "Rule": finding.rule, "Family": finding.family.value,
        "Severity": str(finding.severity), "SeverityLevel": int(finding.severity),
        "Confidence": str(finding.confidence), "SubjectKind": finding.subject.kind,
        "SubjectName": finding.subject.name, "SubjectKey": finding.subject.key,
        "Path": place.path, "Line": place.line,
        "EndLine": place.end_line, "StartColumn": place.column, "EndColumn": place.end_column,
        "Pointer": place.pointer, "Commit": place.commit,
        "Locations": _json([_place(where) for where in one.locations]),
        "Message": finding.message, "FixText": finding.fix.text if finding.fix else "",
        "Fixable": bool(finding.fix and finding.fix.edits), "Aliases": _listed(finding.aliases),
        "Facts": _json([{"name": fact.name, "value": fact.value} for fact in finding.facts]), "Waived": one.waived,
        "WaiverId": waiver.id if waiver else "", "WaivedBy": waiver.by if waiver else "",
        "WaiverReason": waiver.reason if waiver else "", "WaiverExpires": waiver.expires if waiver else "",
        "Owners": _listed(one.owners), "IntroducedBy": one.introduced_by, "IntroducedAt": one.introduced_at,
        "IntroducedIn": one.introduced_in, "FirstSeen": one.first_seen,
    }  # fmt: skip


def component_row(one: Component) -> Row:
    """A row of ``Components``."""
    return {
        "Ecosystem": one.ecosystem, "Name": one.name, "PackageVersion": one.version, "Path": one.path,
        "Line": one.line, "Direct": one.direct, "Parents": _json(one.parents), "Via": _json(one.via),
        "Scope": one.scope.value, "Licence": one.licence, "Hashes": _json(one.hashes), "Purl": one.purl,
        "Requirement": one.requirement,
    }  # fmt: skip


def skip_row(one: Skip) -> Row:
    """A row of ``Skips``."""
    return {"Path": one.path, "Kind": one.kind.value, "Reason": one.reason, "Family": one.family, "Line": one.line}


def decision_rows(decision: Decision) -> Iterator[Row]:
    """Rows of ``Decisions``: one a reason, one when there is none."""
    whole: Row = {
        "Gate": decision.gate, "Verdict": decision.verdict.value, "NothingChecked": _json(decision.nothing_checked),
    }  # fmt: skip
    if not decision.reasons:
        yield whole | {"Reason": "", "ReasonVerdict": "", "GateRule": "", "Identities": "[]"}
    for reason in decision.reasons:
        yield whole | {
            "Reason": reason.text, "ReasonVerdict": reason.verdict.value, "GateRule": reason.rule,
            "Identities": _json(reason.identities),
        }  # fmt: skip


def _place(where: Location) -> Row:
    return {"path": where.path, "line": where.line, "commit": where.commit}


def _listed(names: tuple[str, ...]) -> str:
    return _json(names) if names else "[]"


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
