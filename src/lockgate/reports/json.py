"""The whole result as JSON for programs: versioned, stable, in a fixed order.

Fields are added within ``lockgate/result/1``; one that goes or changes its meaning makes it ``/2``. The same result
gives the same bytes. Text is the original text, because a program has to find the file again: whoever shows it to a
person escapes it. The expected old text of an edit stays out, because it may be the line that holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from lockgate.formats import plain_json
from lockgate.model import (
    Component,
    ComponentKind,
    Confidence,
    Family,
    Finding,
    Location,
    PlanAction,
    PlanStep,
    Result,
    Scope,
    SettledFinding,
    Severity,
    SkipKind,
    State,
    Verdict,
)
from lockgate.reports import Report, fix_of, tally, worst_first

SCHEMA = "lockgate/result/1"


def document(result: Result) -> dict[str, Any]:
    """The result as dicts, lists and strings; :func:`schema` describes the shape."""
    return {key: list(one) if isinstance(one, Iterator) else one for key, one in _members(result).items()}


def _members(result: Result) -> dict[str, Any]:
    """The members of the document; those that may be long are iterators."""
    run = result.run
    return {
        "schema": SCHEMA,
        "run": {
            "id": run.id,
            "started": run.started.isoformat(),
            "ended": run.ended.isoformat(),
            "root": run.root,
            "mode": run.mode,
            "version": run.version,
            "rules_digest": run.rules_digest,
            "revision": run.revision,
            "branch": run.branch,
            "families": [str(family) for family in run.families],
            "files": run.files,
            "bytes": run.bytes,
        },
        "decision": {
            "gate": result.decision.gate,
            "verdict": str(result.decision.verdict),
            "reasons": [
                {
                    "verdict": str(reason.verdict),
                    "rule": reason.rule,
                    "text": reason.text,
                    "identities": list(reason.identities),
                }
                for reason in result.decision.reasons
            ],
            "nothing_checked": list(result.decision.nothing_checked),
        },
        "summary": _summary(result),
        "findings": (_settled(result, settled) for settled in worst_first(result.findings)),
        "fixed": (_settled(result, settled) for settled in worst_first(result.fixed)),
        "skips": [
            {"path": skip.path, "line": skip.line, "kind": str(skip.kind), "family": skip.family, "reason": skip.reason}
            for skip in sorted(result.skips, key=lambda skip: (skip.path, skip.line, skip.kind, skip.family))
        ],
        "components": (_component(component) for component in sorted(result.components, key=_component_order)),
        "rules": {
            rule.id: {
                "title": rule.title,
                "why": rule.why,
                "fix": rule.fix,
                "severity": str(rule.severity),
                "confidence": str(rule.confidence),
                "tags": list(rule.tags),
                "references": list(rule.references),
            }
            for rule in sorted(result.rules.values(), key=lambda rule: rule.id)
        },
        "coverage": dict(sorted(result.coverage.items())),
        "notices": list(result.notices),
        "plan": [_step(step) for step in result.plan],
    }


def _summary(result: Result) -> dict[str, Any]:
    counts = tally(result)
    return {
        "open": {str(severity): count for severity, count in counts.open.items()},
        "total": counts.total,
        "new": counts.new,
        "waived": counts.waived,
        "expired_waivers": counts.expired,
        "fixed": counts.fixed,
        "skipped": counts.skipped,
        "components": counts.components,
    }


def _step(step: PlanStep) -> dict[str, Any]:
    return {
        "action": str(step.action),
        "text": step.text,
        "packages": list(step.packages),
        "target": step.target,
        "layer": step.layer,
        "findings": list(step.identities),
        "open": {str(severity): step.severities.count(severity) for severity in sorted(Severity, reverse=True)},
    }


def _settled(result: Result, settled: SettledFinding) -> dict[str, Any]:
    waiver = settled.waiver
    return {
        "identity": settled.identity,
        "state": str(settled.state),
        "waived": settled.waived,
        **_finding(settled.finding, fix=fix_of(result, settled)),
        "locations": [_location(place) for place in settled.locations],
        "waiver": None
        if waiver is None
        else {
            "id": waiver.id,
            "by": waiver.by,
            "reason": waiver.reason,
            "expires": waiver.expires,
            "expired": waiver.expired,
            "where": waiver.where,
        },
        "owners": list(settled.owners),
        "introduced": {"by": settled.introduced_by, "at": settled.introduced_at, "in": settled.introduced_in},
        "first_seen": settled.first_seen,
    }


def _finding(finding: Finding, *, fix: str) -> dict[str, Any]:
    edits = finding.fix.edits if finding.fix else ()
    return {
        "rule": finding.rule,
        "family": str(finding.family),
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "message": finding.message,
        "subject": {"kind": finding.subject.kind, "name": finding.subject.name, "key": finding.subject.key},
        "location": _location(finding.location),
        "fix": fix,
        "edits": [{"path": e.path, "line": e.line, "end_line": e.end_line, "text": e.text} for e in edits],
        "aliases": list(finding.aliases),
        "facts": [{"name": fact.name, "value": fact.value} for fact in finding.facts],
    }


def _location(place: Location) -> dict[str, Any]:
    return {
        "path": place.path,
        "line": place.line,
        "end_line": place.end_line,
        "column": place.column,
        "end_column": place.end_column,
        "pointer": place.pointer,
        "commit": place.commit,
        "snippet": list(place.snippet),
    }


def _component(component: Component) -> dict[str, Any]:
    return {
        "ecosystem": component.ecosystem,
        "name": component.name,
        "version": component.version,
        "path": component.path,
        "line": component.line,
        "direct": component.direct,
        "parents": list(component.parents),
        "via": list(component.via),
        "scope": str(component.scope),
        "licence": component.licence,
        "hashes": list(component.hashes),
        "purl": component.purl,
        "requirement": component.requirement,
        "kind": str(component.kind),
        "source": component.source,
        "source_version": component.source_version,
        "architecture": component.architecture,
        "layer": component.layer,
        "owner": component.owner,
    }


def _component_order(component: Component) -> tuple[str, str, str, str, int]:
    return component.path, component.ecosystem, component.name, component.version, component.line


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of :func:`document`, from which the reference page is generated."""
    text, whole, flag = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
    texts = {"type": "array", "items": text}
    severity = {"enum": [str(grade) for grade in Severity]}
    confidence = {"enum": [str(grade) for grade in Confidence]}
    family, verdict = {"enum": [str(name) for name in Family]}, {"enum": [str(name) for name in Verdict]}
    place = _object(
        path=text, line=whole, end_line=whole, column=whole, end_column=whole, pointer=text, commit=text, snippet=texts
    )
    settled = _object(
        identity=text,
        state={"enum": [str(state) for state in State]},
        waived=flag,
        rule=text,
        family=family,
        severity=severity,
        confidence=confidence,
        message=text,
        subject=_object(kind=text, name=text, key=text),
        location=place,
        fix=text,
        edits=_list(_object(path=text, line=whole, end_line=whole, text=text)),
        aliases=texts,
        facts=_list(_object(name=text, value=text)),
        locations=_list(place),
        waiver={
            "oneOf": [{"type": "null"}, _object(id=text, by=text, reason=text, expires=text, expired=flag, where=text)]
        },
        owners=texts,
        introduced=_object(**{"by": text, "at": text, "in": text}),
        first_seen=text,
    )
    component = _object(
        ecosystem=text,
        name=text,
        version=text,
        path=text,
        line=whole,
        direct={"type": ["boolean", "null"]},
        parents=texts,
        via=texts,
        scope={"enum": [str(scope) for scope in Scope]},
        licence=text,
        hashes=texts,
        purl=text,
        requirement=text,
        kind={"enum": [str(kind) for kind in ComponentKind]},
        source=text,
        source_version=text,
        architecture=text,
        layer=text,
        owner=text,
    )
    rule = _object(
        title=text, why=text, fix=text, severity=severity, confidence=confidence, tags=texts, references=texts
    )
    run = _object(
        id=text,
        started={"type": "string", "format": "date-time"},
        ended={"type": "string", "format": "date-time"},
        root=text,
        mode=text,
        version=text,
        rules_digest=text,
        revision=text,
        branch=text,
        families=_list(family),
        files=whole,
        bytes=whole,
    )
    decision = _object(
        gate=text,
        verdict=verdict,
        reasons=_list(_object(verdict=verdict, rule=text, text=text, identities=texts)),
        nothing_checked=texts,
    )
    skip = _object(path=text, line=whole, kind={"enum": [str(kind) for kind in SkipKind]}, family=text, reason=text)
    summary = _object(
        open=_object(**{str(grade): whole for grade in Severity}),
        total=whole,
        new=whole,
        waived=whole,
        expired_waivers=whole,
        fixed=whole,
        skipped=whole,
        components=whole,
    )
    step = _object(
        action={"enum": [str(action) for action in PlanAction]},
        text=text,
        packages=texts,
        target=text,
        layer={"type": ["integer", "null"], "minimum": 0},
        findings=texts,
        open=_object(**{str(grade): whole for grade in Severity}),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **_object(
            schema={"const": SCHEMA},
            run=run,
            decision=decision,
            summary=summary,
            findings=_list(settled),
            fixed=_list(settled),
            skips=_list(skip),
            components=_list(component),
            rules={"type": "object", "additionalProperties": rule},
            coverage={"type": "object", "additionalProperties": text},
            notices=texts,
            plan=_list(step),
        ),
    }


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    plain_json.write(_members(result), out)


REPORT = Report("json", "application/json", ".json", write, "the whole result for programs, schema lockgate/result/1")
