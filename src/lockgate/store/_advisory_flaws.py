"""What the advisories about one package come to, worked out once, when the store is compiled.

Several records may tell of one flaw and differ in the versions they mean. Here the versions are cut into stretches in
which the same records hold, so that to match a version is to find its stretches: at most one for each flaw.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from lockgate.advisories.ranges import End, FixPlan
from lockgate.advisories.record import Kind
from lockgate.advisories.versions import major
from lockgate.store._advisory_form import STATE, Body, Columns

MAX_ROWS = 64
"""More advisories about one flaw in one package, which no database has, are taken as one, so that work stays linear."""
MAX_FIXES = 64
"""Of more major versions above a stretch that each have a fix of their own, the rest is not told."""
_RANK = (Kind.MALICIOUS, Kind.VULNERABLE, Kind.UNSOUND, Kind.UNMAINTAINED, Kind.UPDATE_PENDING)
_CURABLE = (Kind.VULNERABLE, Kind.UNSOUND, Kind.UPDATE_PENDING)
_NEXT = "\0"  # the smallest text above a key is the key and this


class Row(NamedTuple):
    """One advisory about the package."""

    records: tuple[int, ...]
    """Its number; several where more than ``MAX_ROWS`` were taken as one."""
    kind: Kind
    intervals: Sequence[tuple[str, str, int, str]]
    """Fields as in :class:`Interval`."""
    listed: Sequence[str]
    """As in :class:`Affected`."""
    state: str = ""
    """As in :class:`PackageRanges`."""


class Stretch(NamedTuple):
    """Versions with keys from ``start`` on and below ``end`` have one flaw, of which the same records tell."""

    start: str
    end: str
    """Empty: there is no end."""
    records: tuple[int, ...]
    """In the order in which they were read."""
    fixes: tuple[str, ...]
    """Versions above the stretch that these records do not hold, ascending, the first of each major version."""


def columns_of(flaws: Iterable[Sequence[Row]], number: Callable[[tuple[int, ...]], int]) -> Columns:
    """All flaws of one package, in the order of their names, in the form that is stored.

    ``number`` gives the number under which what some records say together is stored. Those that last longest come
    first: a version that somebody has is mostly a late one, so that what is said of its flaws lies together.
    """
    columns = Columns([], [], [], [], [], {})
    curable: list[tuple[Sequence[tuple[str, str, int, str]], Sequence[str]]] = []
    stretched = [(rows, stretches_of(rows)) for rows in flaws]
    lasting = sorted((one for _, stretches in stretched for one in stretches), key=_end, reverse=True)
    numbers = {one.records: number(one.records) for one in lasting}
    for rows, stretches in stretched:
        for start, end, records, fixes in stretches:
            columns.bodies.append(numbers[records])
            columns.starts.append(start)
            columns.ends.append(end)
            columns.fixes.append(fixes[0] if len(fixes) == 1 else fixes or _state(rows, records))
        for version, records in _without_key(rows).items():
            columns.without_key.setdefault(version, []).append(number(records))
        curable += [(row.intervals, row.listed) for row in rows if row.kind in _CURABLE]
    at_end = {
        (end, fixes if isinstance(fixes, str) else fixes[0]): at
        for at, (end, fixes) in enumerate(zip(columns.ends, columns.fixes, strict=True))
    }
    columns.ways_out.extend(at_end.get(way, way) for way in zip(*FixPlan.of(curable), strict=True))
    return columns


def _end(one: Stretch) -> tuple[bool, str]:
    return not one.end, one.end


def _state(rows: Sequence[Row], records: tuple[int, ...]) -> str:
    """What the records of a stretch without a fix say of that, where they say one thing."""
    states = {row.state for row in rows if not set(records).isdisjoint(row.records)}
    said = states.pop() if len(states) == 1 else ""
    return STATE + said if said else ""


def stretches_of(rows: Sequence[Row]) -> list[Stretch]:
    """The stretches of one flaw by ``start``, from its rows in the order in which they were read."""
    if len(rows) == 1 and len(rows[0].intervals) == 1 and not rows[0].listed:
        start, end, kind, fixed = rows[0].intervals[0]
        return [Stretch(start, _exclusive(end, kind), rows[0].records, (fixed,) if fixed else ())]
    if len(rows) > MAX_ROWS:
        rows = [_united(rows)]
    found: list[Stretch] = []
    plans: dict[tuple[int, ...], FixPlan] = {}
    for start, end, told in _cuts(rows):
        if told not in plans:
            plans[told] = FixPlan.of((rows[at].intervals, rows[at].listed) for at in told)
        ends, fixes = plans[told]
        above = _first_of_each_major(fixes[bisect_left(ends, end) :]) if end else ()
        records = _joined_numbers(rows[at] for at in told)
        if found and found[-1].end == start and found[-1][2:] == (records, above):
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(Stretch(start, end, records, above))
    return found


def _cuts(rows: Sequence[Row]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Start, end and the positions of the rows that hold in between, for every stretch that any row holds."""
    edges: list[tuple[str, int, int]] = []
    for at, row in enumerate(rows):
        spans = [(start, _exclusive(end, kind)) for start, end, kind, _ in row.intervals]
        spans += [(key, key + _NEXT) for key in row.listed if not key.startswith("=")]
        for start, end in spans:
            if not end or start < end:
                edges.append((start, at, 1))
            if end and start < end:
                edges.append((end, at, -1))
    open_spans = dict.fromkeys(range(len(rows)), 0)
    start = ""
    told: tuple[int, ...] = ()
    for point, group in groupby(sorted(edges), key=itemgetter(0)):
        if told:
            yield start, point, told
        for _, at, change in group:
            open_spans[at] += change
        start, told = point, tuple(at for at, spans in open_spans.items() if spans)
    if told:
        yield start, "", told


def _exclusive(end: str, kind: int) -> str:
    return end + _NEXT if kind == End.LAST_AFFECTED else end


def _without_key(rows: Sequence[Row]) -> dict[str, tuple[int, ...]]:
    """The records that list a version which has no order in its ecosystem, by that version as written."""
    told: dict[str, list[Row]] = {}
    for row in rows:
        for key in row.listed:
            if key.startswith("="):
                told.setdefault(key[1:], []).append(row)
    return {version: _joined_numbers(listing) for version, listing in told.items()}


def _united(rows: Sequence[Row]) -> Row:
    intervals = sorted({(start, end, kind, fixed) for row in rows for start, end, kind, fixed in row.intervals})
    listed = sorted({key for row in rows for key in row.listed})
    return Row(_joined_numbers(rows), rows[0].kind, intervals, listed)


def _joined_numbers(rows: Iterable[Row]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(record for row in rows for record in row.records))


def _first_of_each_major(fixes: Sequence[str]) -> tuple[str, ...]:
    """Those that a careful upgrade can mean: it takes the first of its own major version, otherwise the first."""
    firsts: dict[str, str] = {}
    for fixed in fixes:
        firsts.setdefault(major(fixed), fixed)
        if len(firsts) == MAX_FIXES:
            break
    return tuple(firsts.values())


def joined(bodies: Sequence[Body]) -> Body:
    """The worst record of a flaw, with what it leaves out from the others."""
    worst = max(bodies, key=lambda body: (body.score or -1.0, -1 if body.severity is None else body.severity))
    return worst._replace(
        kind=min((body.kind for body in bodies), key=_RANK.index),
        summary=next((body.summary for body in (worst, *bodies) if body.summary), ""),
        reference=next((body.reference for body in (worst, *bodies) if body.reference), ""),
        flaws=tuple(sorted({flaw for body in bodies for flaw in body.flaws})),
    )
