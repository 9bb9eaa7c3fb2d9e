"""Which observations are one finding, and which finding of an earlier run each is.

A fingerprint hashes rule and subject, never a path, line or wording, so it survives renames, moves, reformatting and
edits elsewhere. Where one fingerprint shows several times: secrets and components are one finding with several places;
anything else is a finding each, told apart by where it was last seen (same path, then a rename the version control
knows, then the nearest path among those that vanished), and only then by a new identity.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol, TypeVar

from lockgate.dataclass import dataclass
from lockgate.findings.moves import alikeness, guessed_renames
from lockgate.model import Finding, Location
from lockgate.store.known import KnownFinding

PREFIX = "lg1-"
_VERSION = b"lockgate-finding-1"
MERGED_KINDS = frozenset({"secret", "component"})
"""Kinds of subjects that are one thing wherever they show."""


class _HasMark(Protocol):
    @property
    def fingerprint(self) -> str: ...


_Marked = TypeVar("_Marked", bound=_HasMark)


@dataclass(slots=True)
class Group:
    """Observations that are one finding, with the known finding they are, if any."""

    finding: Finding
    """The gravest observation, at the first place."""
    locations: tuple[Location, ...]
    fingerprint: str
    known: KnownFinding | None = None
    absorbed: tuple[KnownFinding, ...] = ()
    """Further known findings that turned out to be this one: two names of one vulnerability."""
    identity: str = ""


def fingerprint(finding: Finding) -> str:
    """``lg1-`` and 32 hex digits over rule, kind and key of the subject; for a vulnerability its best known name
    instead of the rule, because one package has many and two sources name one flaw by different rules."""
    subject = finding.subject
    if finding.aliases:
        return _hashed(f"alias:{_best_alias(finding.aliases)}", subject.kind, subject.key)
    key = subject.key.encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.sha256(b"%b%d:%b" % (_start(finding.rule, subject.kind), len(key), key)).hexdigest()[:32]


def grouped(observed: Iterable[Finding]) -> list[Group]:
    """The distinct findings among ``observed``, not yet known again."""
    alone: dict[str, Finding] = {}
    several: dict[str, list[Finding]] = {}
    vulnerable: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in observed:
        if finding.aliases:
            vulnerable[finding.subject.kind, finding.subject.key].append(finding)
            continue
        mark = fingerprint(finding)
        first = alone.setdefault(mark, finding)
        if first is not finding:
            several.setdefault(mark, [first]).append(finding)
    groups: list[Group] = []
    for mark, finding in alone.items():
        same = several.get(mark)
        if same is None:
            groups.append(Group(finding, (finding.location,), mark))
        elif finding.subject.kind in MERGED_KINDS:
            groups.append(_merged(same, mark))
        else:
            groups.extend(_each(same, mark))
    for same in vulnerable.values():
        groups.extend(_merged(flaw, fingerprint(flaw[0])) for flaw in _by_flaw(same))
    return groups


def recognise(
    groups: Sequence[Group], known: Sequence[KnownFinding], *, renames: Mapping[str, str], whole: bool
) -> list[KnownFinding]:
    """Give every group its known finding and identity; returns the known findings that nothing was matched to.

    ``whole``: everything was looked at, so a known finding that does not show where it was may have moved anywhere.
    """
    if not known:
        _name(groups, known)
        return []
    flawed, plain = _apart(groups)
    left = _recognise_flaws(flawed, known)
    moved = {**guessed_renames(plain, left), **renames} if whole else renames
    here, here_more = _by_mark(plain)
    before, before_more = _by_mark(left)
    unseen: list[KnownFinding] = []
    for mark, one in before.items():
        group = here.get(mark)
        if group is None:
            unseen.extend(before_more.get(mark) or (one,))
        elif mark not in here_more and mark not in before_more and (whole or _same_path(group, one, moved)):
            group.known = one  # as most are: one was known, one is there
        else:
            known_here = before_more.get(mark) or [one]
            unseen.extend(_pair(here_more.get(mark) or [group], known_here, renames=moved, whole=whole))
    _name(groups, known)
    return unseen


def _apart(groups: Sequence[Group]) -> tuple[list[Group], Sequence[Group]]:
    """Those that are vulnerabilities, and the others."""
    flawed = [group for group in groups if group.finding.aliases]
    return flawed, [group for group in groups if not group.finding.aliases] if flawed else groups


def _by_mark(marked: Iterable[_Marked]) -> tuple[dict[str, _Marked], dict[str, list[_Marked]]]:
    """The first of each fingerprint, and of the few that show several times all: a list for each costs a lot."""
    alone: dict[str, _Marked] = {}
    several: dict[str, list[_Marked]] = {}
    for one in marked:
        first = alone.setdefault(one.fingerprint, one)
        if first is not one:
            several.setdefault(one.fingerprint, [first]).append(one)
    return alone, several


def _same_path(group: Group, one: KnownFinding, renames: Mapping[str, str]) -> bool:
    path, before = group.finding.location.path, one.path
    return path == before or (bool(renames) and path == renames.get(before))


def _pair(
    groups: list[Group], known: list[KnownFinding], *, renames: Mapping[str, str], whole: bool
) -> list[KnownFinding]:
    """Match groups and known findings of one fingerprint; returns the known findings left over."""
    if groups[0].finding.subject.kind in MERGED_KINDS:
        groups[0].known = min(known, key=_seniority)
        return [one for one in known if one is not groups[0].known]
    known = _pair_by_path(groups, sorted(known, key=_seniority), {})
    if renames:
        known = _pair_by_path(groups, known, renames)
    return _pair_by_nearness(groups, known) if whole else known


def _pair_by_path(groups: list[Group], known: list[KnownFinding], renames: Mapping[str, str]) -> list[KnownFinding]:
    """Same path: the very line first, the others in their order."""
    waiting: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        if group.known is None:
            waiting[group.finding.location.path].append(group)
    before: dict[str, list[KnownFinding]] = defaultdict(list)
    for one in known:
        before[renames.get(one.path, one.path)].append(one)
    left: list[KnownFinding] = []
    for path, candidates in before.items():
        left.extend(_pair_in_file(waiting.get(path, []), candidates))
    return left


def _pair_in_file(groups: list[Group], known: list[KnownFinding]) -> list[KnownFinding]:
    """As many as before: by order, since edits above move all alike. Else the very line first. Open before fixed."""
    if not groups:
        return known
    present = [one for one in known if not one.fixed_at]
    if len(present) != len(groups):
        lines = {group.finding.location.line: group for group in groups}
        for one in present:
            group = lines.get(one.line)
            if group is not None and group.known is None:
                group.known = one
    used = {group.known.identity for group in groups if group.known is not None}
    waiting = sorted((group for group in groups if group.known is None), key=_line)
    left = [one for one in known if one.identity not in used]
    left.sort(key=lambda one: (one.fixed_at != "", one.line))
    chosen = sorted(left[: len(waiting)], key=lambda one: one.line)
    for group, one in zip(waiting, chosen, strict=False):
        group.known = one
    return left[len(waiting) :]


def _pair_by_nearness(groups: list[Group], known: list[KnownFinding]) -> list[KnownFinding]:
    """What is left moved: most alike paths first. Bounded, since many times many pairs would be quadratic."""
    waiting = [group for group in groups if group.known is None]
    if not waiting or not known:
        return known
    if len(waiting) * len(known) > 40_000:
        waiting, known = sorted(waiting, key=_place), sorted(known, key=lambda one: _sort_key(one.finding.location))
        for group, one in zip(waiting, known, strict=False):
            group.known = one
        return known[len(waiting) :]
    pairs = sorted(
        (
            (one.fixed_at != "", -alikeness(group.finding.location.path, one.path), index, number)
            for index, group in enumerate(waiting)
            for number, one in enumerate(known)
        ),
    )
    used: set[int] = set()
    for _, _, index, number in pairs:
        if waiting[index].known is None and number not in used:
            waiting[index].known = known[number]
            used.add(number)
    return [one for number, one in enumerate(known) if number not in used]


def _recognise_flaws(groups: Sequence[Group], known: Sequence[KnownFinding]) -> list[KnownFinding]:
    """Vulnerabilities: one shared name in the same package is enough, because names are added later."""
    if not groups:
        return list(known)
    by_name: dict[tuple[str, str, str], list[KnownFinding]] = defaultdict(list)
    # At the path of most, none has names.
    for one in [one for one in known if (bodies := one.bodies) is None or bodies.named]:
        names = one.names
        if names:
            kind, key = one.flawed
            for alias in names:
                by_name[kind, key, alias].append(one)
    used: set[str] = set()
    for group in groups:
        subject = group.finding.subject
        met = {
            one.identity: one
            for alias in group.finding.aliases
            for one in by_name.get((subject.kind, subject.key, alias), ())
            if one.identity not in used
        }
        if met:
            group.known, *others = sorted(met.values(), key=_seniority)
            group.absorbed = tuple(others)
            used.update(met)
    return [one for one in known if one.identity not in used] if used else list(known)


def _name(groups: Sequence[Group], known: Sequence[KnownFinding]) -> None:
    """The identity of the known finding where there is one. New ones, none of which gets that of a known one: the
    fingerprint itself for the first, for further ones with the file's name and its ordinal, so that moving a folder
    changes none even where no earlier run is known.
    """
    fresh: list[Group] = []
    for group in groups:
        if group.known is None:
            fresh.append(group)
            continue
        group.identity = group.known.identity
        if group.identity == group.fingerprint:
            group.fingerprint = group.identity  # one text in memory
    if fresh:
        _name_fresh(fresh, {one.identity for one in known})


def _name_fresh(groups: Sequence[Group], taken: set[str]) -> None:
    first: dict[str, Group] = {}
    further: dict[str, list[Group]] = {}
    for group in groups:
        mark = group.fingerprint
        if mark in taken or first.setdefault(mark, group) is not group:
            further.setdefault(mark, []).append(group)
        else:
            group.identity = mark
    taken.update(first.keys() - further.keys())
    for mark, same in further.items():
        _name_each(mark, sorted([first[mark], *same] if mark in first else same, key=_place), taken)


def _name_each(mark: str, same: Sequence[Group], taken: set[str]) -> None:
    ordinals: dict[str, int] = defaultdict(int)
    for group in same:
        name = mark
        while name in taken:
            base = group.finding.location.path.rpartition("/")[2]
            ordinals[base] += 1
            name = _hashed(mark, base, str(ordinals[base]))
        group.identity = name
        taken.add(name)


def _by_flaw(findings: list[Finding]) -> list[list[Finding]]:
    """Findings of one package, joined where their names overlap (also through a third)."""
    home: dict[str, int] = {}
    flaws: dict[int, list[Finding]] = {}
    for number, finding in enumerate(findings):
        met = {home[alias] for alias in finding.aliases if alias in home}
        target = min(met, default=number)
        members = [member for one in sorted(met) for member in flaws.pop(one)]
        flaws[target] = [*members, finding]
        for member in flaws[target]:
            home.update(dict.fromkeys(member.aliases, target))
    return [_share_names(flaw) for flaw in flaws.values()]


def _share_names(flaw: list[Finding]) -> list[Finding]:
    names = tuple(sorted({alias for finding in flaw for alias in finding.aliases}))
    return [finding if finding.aliases == names else replace(finding, aliases=names) for finding in flaw]


def _merged(same: Sequence[Finding], mark: str) -> Group:
    """One finding with every place; the gravest observation speaks."""
    places = {_sort_key(finding.location): finding.location for finding in reversed(same)}
    ordered = tuple(places[key] for key in sorted(places))
    gravest = max(same, key=lambda finding: (finding.severity, finding.confidence, finding.fix is not None))
    if gravest.location != ordered[0]:
        gravest = replace(gravest, location=ordered[0])
    return Group(gravest, ordered, mark)


def _each(same: Sequence[Finding], mark: str) -> list[Group]:
    """A finding each; the very same place said twice is one."""
    by_place: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in same:
        by_place[_sort_key(finding.location)].append(finding)
    return [
        _merged(one, mark) if len(one) > 1 else Group(one[0], (one[0].location,), mark) for one in by_place.values()
    ]


def _best_alias(aliases: Sequence[str]) -> str:
    """CVE before GHSA before any other, then the lowest: the name most likely to stay."""
    return min(aliases, key=lambda alias: (not alias.startswith("CVE-"), not alias.startswith("GHSA-"), alias))


def _hashed(*parts: str) -> str:
    return PREFIX + hashlib.sha256(_VERSION + b"".join(map(_framed, parts))).hexdigest()[:32]


def _framed(part: str) -> bytes:
    data = part.encode("utf-8", "surrogatepass")
    return b"%d:%s" % (len(data), data)


@lru_cache(maxsize=2_048)
def _start(rule: str, kind: str) -> bytes:
    """What the fingerprints of one rule have in common."""
    return _VERSION + _framed(f"rule:{rule}") + _framed(kind)


def _seniority(one: KnownFinding) -> tuple[bool, str, str]:
    return one.fixed_at != "", one.first_seen, one.identity


def _sort_key(place: Location) -> tuple[str, int, int, str, str]:
    return place.path, place.line, place.column, place.pointer, place.commit


def _line(group: Group) -> tuple[int, int]:
    return group.finding.location.line, group.finding.location.column


def _place(group: Group) -> tuple[str, int, int, str, str]:
    return _sort_key(group.finding.location)
