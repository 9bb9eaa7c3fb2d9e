"""Findings, skips, components and waivers as compact bytes for the cache and the ledger.

Positional JSON lists through orjson: short, quick, and never code when read back. ``VERSION`` is part of every cache
key, so a list of another shape is never read. What does not belong: the public JSON of reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.model import (
    Component,
    ComponentKind,
    Confidence,
    Edit,
    Family,
    Finding,
    Fix,
    Location,
    Related,
    RuleId,
    Scope,
    Severity,
    Skip,
    SkipKind,
    Subject,
)  # fmt: skip
from lockgate.model.quick import maker
from lockgate.store.waiver import Waiver

VERSION = "5"
"""Raised whenever a noun below gains, loses or moves a field."""

# A look-up costs a third of what calling the class of a constant does.
_FAMILIES = {one.value: one for one in Family}
_SEVERITIES = {one.value: one for one in Severity}
_CONFIDENCES = {one.value: one for one in Confidence}
pack = orjson.dumps
unpack = orjson.loads


@dataclass(frozen=True, slots=True)
class Kept:
    """What judging one file gave, as the cache keeps it."""

    findings: tuple[Finding, ...] = ()
    skips: tuple[Skip, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    components: tuple[Component, ...] = ()
    loaded: int = 0
    """Bytes that were read when it was judged."""
    bodies: bytes = field(default=b"", compare=False, repr=False)
    """Of what was read back: the findings as the ledger keeps them, in their order; empty where they are not all in one
    file."""


def encode(kept: Kept) -> bytes:
    """Compact bytes; ``decode`` gives an equal value back. A file that gave nothing is the decimal of its size.

    The second of two lines is what the ledger keeps of the findings, so that nobody has to write that again.
    """
    if not (kept.findings or kept.skips or kept.waivers or kept.components):
        return b"%d" % kept.loaded
    paths = [one.location.path for one in kept.findings]
    head = orjson.dumps([
        kept.loaded, paths[0] if paths and paths.count(paths[0]) == len(paths) else paths,
        [_beside(one) for one in kept.findings],
        [_skip_to_list(skip) for skip in kept.skips],
        [_waiver_to_list(waiver) for waiver in kept.waivers],
        [_component_to_list(component) for component in kept.components],
    ])  # fmt: skip
    return b"%b\n%b" % (head, orjson.dumps(bare_to_list([(one, (one.location,)) for one in kept.findings])))


def decode(payload: bytes) -> Kept:
    """The value of ``payload``. Raises ``ValueError`` on anything that ``encode`` did not write."""
    if payload.isdigit():
        return Kept(loaded=int(payload))
    try:
        head, _, bodies = payload.partition(b"\n")
        loaded, paths, beside, skips, waivers, components = orjson.loads(head)
        together = isinstance(paths, str)
        return Kept(
            _whole([paths] * len(beside) if together else paths, beside, *orjson.loads(bodies)),
            tuple([_skip_from_list(row) for row in skips]),
            tuple([Waiver(*row) for row in waivers]),
            tuple([_component_from_list(row) for row in components]),
            loaded,
            bodies if together else b"",
        )
    except (TypeError, IndexError, KeyError) as error:
        raise ValueError(f"not a payload of codec {VERSION}: {error}") from None


def _beside(one: Finding) -> list[Any]:
    """What :func:`bare_to_list` leaves out but for the path: the fix and the lines."""
    fix = one.fix
    return [None if fix is None else fix.text, _edits_to_list(fix), one.location.snippet]


def _whole(
    paths: Sequence[str], beside: Sequence[Any], shared: Sequence[Any], rows: Sequence[Any]
) -> tuple[Finding, ...]:
    """The findings of both lines."""
    facts = [tuple([_fact(*fact) for fact in one]) for one in shared]
    found: list[Finding] = []
    make, about, located = maker(Finding), maker(Subject), maker(Location)
    for path, (text, edits, snippet), (
        rule, family, severity, confidence, kind, name, key, message, aliases, at,
        line, end_line, column, end_column, pointer, commit, _,
    ) in zip(paths, beside, rows, strict=True):  # fmt: skip
        found.append(make(
            _same(rule), _FAMILIES[family], _SEVERITIES[severity], _CONFIDENCES[confidence],
            about(_same(kind), name, key),
            located(path, line, end_line, column, end_column, pointer, commit, tuple(snippet)), message,
            None if text is None else Fix(text, tuple([Edit(*edit) for edit in edits])) if edits else _fix(text),
            tuple(aliases), facts[at],
        ))  # fmt: skip
    return tuple(found)


def _edits_to_list(fix: Fix | None) -> list[Any]:
    if fix is None or not fix.edits:
        return []
    return [[edit.path, edit.line, edit.end_line, edit.text, edit.expect] for edit in fix.edits]


@lru_cache(maxsize=4_096)
def _same(name: str) -> RuleId:
    """One text in memory for the name of a rule, or of a kind of subject."""
    return RuleId(name)


@lru_cache(maxsize=4_096)
def _fix(text: str) -> Fix:
    """What a rule advises is the same for most of its findings."""
    return Fix(text)


def finding_to_list(finding: Finding) -> list[Any]:
    """A finding as a list of plain values."""
    fix = finding.fix
    return [
        finding.rule, finding.family.value, int(finding.severity), int(finding.confidence),
        [finding.subject.kind, finding.subject.name, finding.subject.key],
        location_to_list(finding.location), finding.message,
        None if fix is None else [
            fix.text, [[edit.path, edit.line, edit.end_line, edit.text, edit.expect] for edit in fix.edits]
        ],
        finding.aliases, [[fact.name, fact.value] for fact in finding.facts],
    ]  # fmt: skip


def finding_from_list(row: Sequence[Any]) -> Finding:
    """The finding of such a list. Raises ``LookupError``, ``TypeError`` or ``ValueError`` on any other."""
    rule, family, severity, confidence, subject, location, message, fix, aliases, facts = row
    return maker(Finding)(
        RuleId(rule), _FAMILIES[family], _SEVERITIES[severity], _CONFIDENCES[confidence], maker(Subject)(*subject),
        location_from_list(location), message,
        None if fix is None else Fix(fix[0], tuple(Edit(*edit) for edit in fix[1])),
        tuple(aliases), tuple([_fact(*fact) for fact in facts]),
    )  # fmt: skip


@lru_cache(maxsize=4_096)
def _fact(name: str, value: str) -> Related:
    """The findings of one rule share most facts."""
    return Related(name, value)


def location_to_list(place: Location) -> list[Any]:
    """A location as a list; empty fields at its end are left out."""
    row: list[Any] = [
        place.path, place.line, place.end_line, place.column, place.end_column, place.pointer, place.commit,
        place.snippet,
    ]  # fmt: skip
    while len(row) > 1 and not row[-1]:
        row.pop()
    return row


def bare_location_to_list(place: Location) -> list[Any]:
    """As :func:`location_to_list`, without the lines."""
    row: list[Any] = [place.path, place.line, place.end_line, place.column, place.end_column]
    if place.commit:
        row += place.pointer, place.commit
    elif place.pointer:
        row.append(place.pointer)
    else:
        while len(row) > 1 and not row[-1]:
            row.pop()
    return row


def location_from_list(row: Sequence[Any]) -> Location:
    """The location of such a list."""
    if len(row) != 8:
        return maker(Location)(*row[:7])
    path, line, end_line, column, end_column, pointer, commit, snippet = row
    return maker(Location)(path, line, end_line, column, end_column, pointer, commit, tuple(snippet))


def bare_to_list(findings: Iterable[tuple[Finding, tuple[Location, ...]]]) -> list[Any]:
    """Findings whose first places are in one file, with their places, as a list: without fixes, lines and that path."""
    facts: list[Any] = []
    known: dict[int, int] = {}
    rows: list[Any] = []
    for one, places in findings:
        held, subject, place = one.facts, one.subject, one.location
        at = known.get(id(held))  # all of them live until this returns
        if at is None:
            at = known[id(held)] = len(facts)
            facts.append([[fact.name, fact.value] for fact in held])
        alone = len(places) == 1 and places[0] is place
        rows.append([
            one.rule, one.family._value_, one.severity._value_, one.confidence._value_,
            subject.kind, subject.name, subject.key, one.message, one.aliases, at,
            place.line, place.end_line, place.column, place.end_column, place.pointer, place.commit,
            0 if alone else [bare_location_to_list(where) for where in places],
        ])  # fmt: skip
    return [facts, rows]


def bare_lines(stored: Sequence[Any]) -> list[int]:
    """The line of each finding of such a list."""
    return [row[10] for row in stored[1]]


def bare_names(stored: Sequence[Any]) -> list[Sequence[str]] | bool:
    """Of each finding of such a list that has aliases kind and key of its subject and those; False where none has."""
    rows = stored[1]
    if not any(row[8] for row in rows):
        return False
    return [(row[4], row[6], *row[8]) if row[8] else () for row in rows]


class BareRows:
    """What :func:`bare_to_list` was given, finding by finding, each made when it is asked for."""

    __slots__ = ("_facts", "_rows", "_shared")

    def __init__(self, stored: Sequence[Any]) -> None:
        """Raises, as what is asked of it does, ``LookupError``, ``TypeError`` or ``ValueError`` on any other list."""
        self._facts, self._rows = stored
        self._shared: dict[int, tuple[Related, ...]] = {}

    def aliases(self, number: int) -> Sequence[str]:
        """Those of a finding."""
        aliases: Sequence[str] = self._rows[number][8]
        return aliases

    def subject(self, number: int) -> tuple[str, str]:
        """Kind and key of that of a finding."""
        row = self._rows[number]
        return row[4], row[6]

    def of(self, number: int, path: str) -> tuple[Finding, tuple[Location, ...]]:
        """A finding and its places; ``path`` is that of the first."""
        (
            rule, family, severity, confidence, kind, name, key, message, aliases, at,
            line, end_line, column, end_column, pointer, commit, places,
        ) = self._rows[number]  # fmt: skip
        facts = self._shared.get(at)
        if facts is None:
            facts = self._shared[at] = tuple([_fact(*fact) for fact in self._facts[at]])
        place = maker(Location)(path, line, end_line, column, end_column, pointer, commit)
        finding = maker(Finding)(
            _same(rule), _FAMILIES[family], _SEVERITIES[severity], _CONFIDENCES[confidence],
            maker(Subject)(_same(kind), name, key), place, message, None, tuple(aliases), facts,
        )  # fmt: skip
        return finding, (place,) if places == 0 else tuple([location_from_list(one) for one in places])


def _skip_to_list(skip: Skip) -> list[Any]:
    return [skip.path, skip.kind.value, skip.reason, skip.family, skip.line]


def _skip_from_list(row: Sequence[Any]) -> Skip:
    path, kind, reason, family, line = row
    return Skip(path, SkipKind(kind), reason, family, line)


def _waiver_to_list(waiver: Waiver) -> list[Any]:
    return [
        waiver.by, waiver.reason, waiver.expires, waiver.where, waiver.rule, waiver.identity, waiver.alias, waiver.path,
        waiver.package, waiver.line, waiver.problem, waiver.namespace, waiver.name, waiver.kind, waiver.selector,
        waiver.cluster, waiver.scope,
    ]  # fmt: skip


def _component_to_list(one: Component) -> list[Any]:
    return [
        one.ecosystem, one.name, one.version, one.path, one.line, one.direct, one.parents, one.via, one.scope.value,
        one.licence, one.hashes, one.purl, one.requirement, one.kind.value, one.source, one.source_version,
        one.architecture, one.layer, one.owner,
    ]  # fmt: skip


def _component_from_list(row: Sequence[Any]) -> Component:
    (ecosystem, name, version, path, line, direct, parents, via, scope, licence, hashes, purl, requirement, kind,
     *installed) = row  # fmt: skip
    return Component(
        ecosystem, name, version, path, line, direct, tuple(parents), tuple(via), Scope(scope), licence, tuple(hashes),
        purl, requirement, ComponentKind(kind), *installed,
    )  # fmt: skip
