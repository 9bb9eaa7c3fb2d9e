"""Says of every finding whether it is new, known or fixed, waived, whose it is and who brought it.

Never loses one: waived findings stay among the open ones, and a finding that an earlier run knew counts as fixed only
when this run looked at everything and could read the file it was in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import field, replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

from lockgate.cycles import unsearched
from lockgate.dataclass import dataclass
from lockgate.findings.blame import Introduction, Introductions
from lockgate.findings.fixed import Fixed, Said, said
from lockgate.findings.identity import Group, grouped, recognise
from lockgate.findings.owners import Owners
from lockgate.findings.waivers import Matcher, Waivers
from lockgate.model import Family, Finding, RuleId, SettledFinding, State
from lockgate.model.quick import maker, unfilled
from lockgate.store.known import KnownFinding

if TYPE_CHECKING:
    from lockgate.findings.vex import Vex

_NOBODY = Introduction()
_KNOWN, _NEW = State.KNOWN, State.NEW
_MADE_AT_ONCE = 2_000
"""Findings that are gone: of more, each takes its memory only while somebody looks at it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a run knows of its findings."""

    findings: tuple[SettledFinding, ...]
    """Open ones, waived ones among them; most severe first, then path, line, rule."""
    fixed: Sequence[SettledFinding]
    """Of very many each is made when it is asked for."""
    rules: Set[RuleId]
    """Which are named by any of both."""
    notices: tuple[str, ...]
    """About waivers: expired, unused, wrong."""
    told: Sequence[SettledFinding] = field(repr=False)
    """The open ones as they were met."""
    prints: Sequence[str] = field(repr=False)
    """The fingerprint of each of those."""
    others: tuple[KnownFinding, ...] = field(repr=False)
    """Those of earlier runs that are not open now, or were not looked for."""

    @property
    def known(self) -> tuple[KnownFinding, ...]:
        """To remember: every finding of this run and of earlier ones. Made when it is asked for, which nobody does who
        remembers nothing."""
        with unsearched():
            return (*_remembered(self.told, self.prints), *self.others)


def settle(
    observed: Sequence[Finding],
    *,
    known: Sequence[KnownFinding] = (),
    waivers: Waivers | None = None,
    today: date,
    now: datetime,
    owners: Owners | None = None,
    introductions: Mapping[tuple[str, int], Introduction] | Introductions | None = None,
    scope: Literal["full", "partial"] = "full",
    renames: Mapping[str, str] | None = None,
    families: Collection[Family] | None = None,
    unread: Collection[str] = (),
    vex: Vex | None = None,
) -> Settled:
    """Settle ``observed`` against what was known.

    ``scope`` is ``partial`` when less than everything was looked at: then nothing is fixed by not being seen. So it is
    for families outside ``families`` (None: all were checked), for the paths in ``unread`` (of one that ends with a
    stroke: all below it), and for what history showed. ``renames`` maps old paths to new ones. ``introductions`` is
    asked only about places not asked about before.
    ``vex``: what others say of flaws, where no waiver covers them.
    """
    with unsearched():
        whole = scope == "full"
        matcher = Matcher(waivers or Waivers(), today)
        groups = grouped(observed)
        unseen = recognise(groups, known, renames=renames or {}, whole=whole)
        brought = _introduced(groups, introductions)
        stamp = now.isoformat(timespec="seconds")
        told = _told(groups, matcher, owners, brought=brought, stamp=stamp)
        if vex is not None:
            told = [_with_vex(one, vex) for one in told]
        stay, gone = _sorted_out(unseen, whole=whole, families=families, unread=frozenset(unread))
        fixed = [_closed(one, stamp) for one in gone]
        absorbed = [replace(one, fixed_at=stamp) for group in groups for one in group.absorbed]
        lost = Fixed(fixed, partial(_fixed, owners=owners))
        return Settled(
            findings=tuple(_ordered(told)),
            fixed=tuple(lost) if len(lost) <= _MADE_AT_ONCE else lost,
            rules=lost.rules | {group.finding.rule for group in groups},
            notices=(*matcher.notices(tell_unused=whole), *(vex.notices if vex is not None else ())),
            told=told,
            prints=[group.fingerprint for group in groups],
            others=(*stay, *fixed, *absorbed),
        )


def _told(
    groups: Sequence[Group], matcher: Matcher, owners: Owners | None, *, brought: Mapping[str, Introduction], stamp: str
) -> list[SettledFinding]:
    """What to say of each finding."""
    make, covering, waivers = maker(SettledFinding), matcher.covering, matcher.any
    owned: dict[str, tuple[str, ...]] = {}
    told: list[SettledFinding] = []
    for group in groups:
        before, finding, identity, places = group.known, group.finding, group.identity, group.locations
        introduction = (brought.get(identity) if brought else None) or (
            _introduction(before) if before is not None else _NOBODY
        )
        path = finding.location.path
        names = owned.get(path)
        if names is None:
            names = owned[path] = owners.of(path) if owners is not None else ()
        told.append(make(
            finding,
            identity,
            _KNOWN if before is not None and not before.fixed_at else _NEW,
            places,
            covering(identity, finding, places) if waivers else None,
            names,
            introduction.by,
            introduction.at,
            introduction.commit,
            before.first_seen if before is not None else stamp,
        ))  # fmt: skip
    return told


def _with_vex(one: SettledFinding, vex: Vex) -> SettledFinding:
    """What VEX says of it; a waiver of ours goes before it, unless that has expired."""
    finding, cover = vex.told(one.finding, one.locations)
    if finding is one.finding:
        return one
    return replace(one, finding=finding, waiver=one.waiver if one.waived or cover is None else cover)


def _introduction(before: KnownFinding) -> Introduction:
    if not (before.introduced_by or before.introduced_at or before.introduced_in):
        return _NOBODY
    return Introduction(before.introduced_by, before.introduced_at, before.introduced_in)


def _introduced(
    groups: Iterable[Group], source: Mapping[tuple[str, int], Introduction] | Introductions | None
) -> dict[str, Introduction]:
    """Identity -> introduction of those that have a line and none remembered."""
    if source is None:
        return {}
    wanted = {
        group.identity: (group.finding.location.path, group.finding.location.line)
        for group in groups
        if group.finding.location.line > 0
        and not group.finding.location.commit
        and (group.known is None or not group.known.introduced_in)
    }
    if not wanted:
        return {}
    answers = source if isinstance(source, Mapping) else source(sorted(set(wanted.values())))
    return {identity: answers[place] for identity, place in wanted.items() if place in answers}


def _sorted_out(
    unseen: Iterable[KnownFinding], *, whole: bool, families: Collection[Family] | None, unread: frozenset[str]
) -> tuple[list[KnownFinding], list[KnownFinding]]:
    """Those that stay as they are, and those that this run found gone."""
    if not whole:
        return list(unseen), []
    unseen = list(unseen)
    near = sorted(range(len(unseen)), key=lambda at: unseen[at].path)
    looked: set[int] = set()
    below = tuple(path for path in unread if path.endswith("/"))
    for at, (finding, places) in zip(near, said([unseen[at] for at in near]), strict=True):
        if (families is None or finding.family in families) and not any(
            place.commit or place.path in unread or place.path.startswith(below) for place in places
        ):
            looked.add(at)
    stay: list[KnownFinding] = []
    gone: list[KnownFinding] = []
    for at, one in enumerate(unseen):
        (gone if at in looked and not one.fixed_at else stay).append(one)
    return stay, gone


def _closed(one: KnownFinding, stamp: str) -> KnownFinding:
    """The same, fixed by now; what it says is not made of what was read for it."""
    if one.bodies is None:
        return replace(one, fixed_at=stamp)
    return unfilled(KnownFinding, "finding", "locations")(
        one.identity, one.fingerprint, one.first_seen, stamp, one.introduced_by, one.introduced_at, one.introduced_in,
        one.bodies, one.number,
    )  # fmt: skip


def _fixed(one: KnownFinding, said: Said, *, owners: Owners | None) -> SettledFinding:
    """Without fix and lines: both spoke of what is no longer there, and none was read that the ledger kept."""
    finding, places = said
    if finding.fix is not None or finding.location.snippet:
        finding = replace(finding, fix=None, location=replace(finding.location, snippet=()))
    if any(place.snippet for place in places):
        places = tuple([replace(place, snippet=()) for place in places])
    return SettledFinding(
        finding=finding,
        identity=one.identity,
        state=State.FIXED,
        locations=places,
        owners=owners.of(finding.location.path) if owners is not None else (),
        introduced_by=one.introduced_by,
        introduced_at=one.introduced_at,
        introduced_in=one.introduced_in,
        first_seen=one.first_seen,
    )


def _remembered(told: Sequence[SettledFinding], prints: Sequence[str]) -> list[KnownFinding]:
    """What to know of each of ``told``, which have the fingerprints ``prints``."""
    make = maker(KnownFinding)
    return [
        make(
            one.identity, fingerprint, one.finding, one.locations, one.first_seen, "",
            one.introduced_by, one.introduced_at, one.introduced_in,
        )
        for one, fingerprint in zip(told, prints, strict=True)
    ]  # fmt: skip


def _ordered(findings: Sequence[SettledFinding]) -> list[SettledFinding]:
    """Most severe first, then path, line, rule, identity. Many findings lie in few files: those of one severity in one
    file are put in order by themselves."""
    together: dict[tuple[int, str], list[tuple[int, str, str, int]]] = defaultdict(list)
    for number, one in enumerate(findings):
        finding = one.finding
        place = finding.location
        together[-finding.severity._value_, place.path].append((place.line, finding.rule, one.identity, number))
    return [findings[number] for key in sorted(together) for _, _, _, number in sorted(together[key])]
