"""A Result as rows of the record's tables: dicts by column name, and columns for findings. Pure; Arrow comes later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from lockgate.formats.moments import moment_of
from lockgate.model import (
    Component,
    Confidence,
    Decision,
    ImageFacts,
    LayerFacts,
    Location,
    Related,
    Result,
    SettledFinding,
    Severity,
    Skip,
)  # fmt: skip

Row = dict[str, Any]
Columns = dict[str, list[Any]]
"""Column name -> a value for each row."""


_SEVERITIES = [str(one) for one in sorted(Severity)]
_CONFIDENCES = [str(one) for one in sorted(Confidence)]


def rows_of(result: Result, batch: str) -> dict[str, Iterator[Row]]:
    """Table name -> rows, but for ``Findings``. ``Runs`` last: its row is the mark that the others count. Each can be
    read once."""
    common = {name: value for name, (value,) in common_columns(result, batch, 1).items()}
    tables: dict[str, Iterator[Row]] = {
        "Images": (image_row(one) for one in result.images),
        "ImageLayers": (layer_row(one, layer) for one in result.images for layer in one.layers),
        "Components": (component_row(one) for one in result.components),
        "Skips": (skip_row(one) for one in result.skips),
        "Decisions": decision_rows(result.decision),
        "Runs": iter([run_row(result)]),
    }
    return {name: (common | row for row in rows) for name, rows in tables.items()}


def common_columns(result: Result, batch: str, count: int) -> Columns:
    """What every of ``count`` rows of a run says."""
    return {"TimeGenerated": [result.run.started] * count, "RunId": [result.run.id] * count, "Batch": [batch] * count}


def run_row(result: Result) -> Row:
    """The row of ``Runs``."""
    run = result.run
    return {
        "Ended": run.ended, "Root": run.root, "Mode": run.mode, "Version": run.version,
        "RulesDigest": run.rules_digest, "Revision": run.revision, "Branch": run.branch,
        "Families": _json([str(family) for family in run.families]), "Files": run.files, "Bytes": run.bytes,
        "Verdict": result.decision.verdict.value, "FindingCount": len(result.findings),
        "WaivedCount": sum(one.waived for one in result.findings if one.waiver is not None),
        "FixedCount": len(result.fixed), "SkipCount": len(result.skips), "ComponentCount": len(result.components),
        "Coverage": _json(dict(sorted(result.coverage.items()))),
    }  # fmt: skip


_NEAR = 1_000
"""So many findings are gone through for all columns before the next: a processor's cache holds them so long."""


def finding_columns(settled: Sequence[SettledFinding]) -> Columns:
    """The columns of ``Findings``. Column by column, since a run may have a hundred thousand: a row of its own for each
    took longer than all that is done with it. Columns that say one thing in all rows, and the same, are one list, so
    that whoever writes them makes that but once."""
    texts = _Texts()
    columns = _finding_columns(settled[:_NEAR], texts)
    for start in range(_NEAR, len(settled), _NEAR):
        for name, values in _finding_columns(settled[start : start + _NEAR], texts).items():
            columns[name] += values
    same: dict[str, list[Any]] = {}
    for name in _OFTEN_ONE:
        column = columns[name]
        if column and column.count(column[0]) == len(column):
            columns[name] = same.setdefault(column[0], column)
    return columns


def _finding_columns(settled: Sequence[SettledFinding], texts: _Texts) -> Columns:
    """Those of a few."""
    findings = [one.finding for one in settled]
    subjects = [one.subject for one in findings]
    places = [one.location for one in findings]
    levels = [one.severity._value_ for one in findings]
    listed, begun, stated = texts.listed, texts.begun, texts.stated
    return {
        "Identity": [one.identity for one in settled],
        "State": [one.state._value_ for one in settled],
        "Rule": [one.rule for one in findings],
        "Family": [one.family._value_ for one in findings],
        "Severity": [_SEVERITIES[level] for level in levels],
        "SeverityLevel": levels,
        "Confidence": [_CONFIDENCES[one.confidence._value_] for one in findings],
        "SubjectKind": [one.kind for one in subjects],
        "SubjectName": [one.name for one in subjects],
        "SubjectKey": [one.key for one in subjects],
        "Path": [one.path for one in places],
        "Line": [one.line for one in places],
        "EndLine": [one.end_line for one in places],
        "StartColumn": [one.column for one in places],
        "EndColumn": [one.end_column for one in places],
        "Pointer": [one.pointer for one in places],
        "Commit": [one.commit for one in places],
        "Locations": [
            f'{begun[(place := one.locations[0]).path]}{place.line},"commit":""}}]'  # as of nearly all
            if len(one.locations) == 1 and not one.locations[0].commit
            else _spotted(one.locations)
            for one in settled
        ],
        "Message": [one.message for one in findings],
        "FixText": [one.fix.text if one.fix else "" for one in findings],
        "Fixable": [bool(one.fix and one.fix.edits) for one in findings],
        "Aliases": [listed[one.aliases] for one in findings],
        "Facts": [stated.get(id(one.facts)) or texts.state(one.facts) for one in findings],
        **_waiver_columns(settled),
        "Owners": [listed[one.owners] for one in settled],
        "IntroducedBy": [one.introduced_by for one in settled],
        "IntroducedAt": [one.introduced_at for one in settled],
        "IntroducedIn": [one.introduced_in for one in settled],
        "FirstSeen": [one.first_seen for one in settled],
    }


_OFTEN_ONE = (
    "State", "Family", "SubjectKind", "Pointer", "Commit", "FixText", "WaiverId", "WaivedBy", "WaiverReason",
    "WaiverExpires", "IntroducedBy", "IntroducedAt", "IntroducedIn", "FirstSeen",
)  # fmt: skip
"""Columns of text that may say one thing in all rows."""


def _waiver_columns(settled: Sequence[SettledFinding]) -> Columns:
    waivers = [one.waiver for one in settled]
    if not any(waivers):
        names = ("WaiverId", "WaivedBy", "WaiverReason", "WaiverExpires")
        return {"Waived": [False] * len(waivers)} | {name: [""] * len(waivers) for name in names}
    return {
        "Waived": [one is not None and not one.expired for one in waivers],
        "WaiverId": [one.id if one else "" for one in waivers],
        "WaivedBy": [one.by if one else "" for one in waivers],
        "WaiverReason": [one.reason if one else "" for one in waivers],
        "WaiverExpires": [one.expires if one else "" for one in waivers],
    }


def component_row(one: Component) -> Row:
    """A row of ``Components``."""
    return {
        "Ecosystem": one.ecosystem, "Name": one.name, "PackageVersion": one.version, "Path": one.path,
        "Line": one.line, "Direct": one.direct, "Parents": _json(one.parents), "Via": _json(one.via),
        "Scope": one.scope.value, "Licence": one.licence, "Hashes": _json(one.hashes), "Purl": one.purl,
        "Requirement": one.requirement, "ComponentKind": one.kind.value, "SourcePackage": one.source,
        "SourceVersion": one.source_version, "Architecture": one.architecture, "Layer": one.layer, "Owner": one.owner,
    }  # fmt: skip


def image_row(one: ImageFacts) -> Row:
    """A row of ``Images``."""
    return {
        "ImageDigest": one.digest, "IndexDigest": one.index_digest, "ConfigDigest": one.config_digest,
        "Name": one.name, "Registry": one.registry, "Repository": one.repository, "Tag": one.tag,
        "Platform": one.platform, "Created": moment_of(one.created), "BaseName": one.base_name,
        "BaseDigest": one.base_digest, "User": one.user, "Entrypoint": _json(one.entrypoint),
        "Command": _json(one.command), "WorkingDir": one.working_dir, "Ports": _json(one.ports),
        "Volumes": _json(one.volumes), "Variables": _json(one.variables), "Labels": _json(dict(one.labels)),
        "Healthcheck": one.healthcheck, "LayerCount": len(one.layers),
        "PackedBytes": sum(layer.size for layer in one.layers), "Inventoried": one.inventoried,
    }  # fmt: skip


def layer_row(image: ImageFacts, one: LayerFacts) -> Row:
    """A row of ``ImageLayers``."""
    return {
        "ImageDigest": image.digest, "Position": one.position, "Digest": one.digest, "DiffId": one.diff_id,
        "MediaType": one.media_type, "PackedBytes": one.size, "Instruction": one.instruction, "Line": one.line,
        "Created": moment_of(one.created),
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


class _Listed(dict[tuple[str, ...], str]):
    """Names as a JSON list: those of owners are the same for many findings."""

    def __missing__(self, names: tuple[str, ...]) -> str:
        text = self[names] = _json(names)
        return text


class _Begun(dict[str, str]):
    """How the JSON list of one place begins, by its path: many findings lie in one file, nearly all in one place."""

    def __missing__(self, path: str) -> str:
        text = self[path] = f'[{{"path":{_json(path)},"line":'
        return text


def _spotted(places: tuple[Location, ...]) -> str:
    """Places as a JSON list of path, line and commit."""
    return _json([{"path": one.path, "line": one.line, "commit": one.commit} for one in places])


class _Texts:
    """What many findings of a run have in common becomes JSON once."""

    def __init__(self) -> None:
        self.listed, self.begun = _Listed(), _Begun()
        self.stated: dict[int, str] = {}
        """By the facts, which findings of one rule share: told apart by where they lie in memory, since whoever asks
        holds the findings all the while."""

    def state(self, facts: tuple[Related, ...]) -> str:
        """Facts as a JSON list of name and value, stated from now on."""
        text = self.stated[id(facts)] = _json([{"name": fact.name, "value": fact.value} for fact in facts])
        return text


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
