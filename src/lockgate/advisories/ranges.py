"""Which versions an advisory means: OSV events as intervals of sort keys, and the smallest way out.

The evaluation is OSV's (https://ossf.github.io/osv-schema/#evaluation). What does not belong: reading records.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from lockgate.advisories.versions import VersionError, major, sort_key

_NO_END = (chr(0x10FFFF), True)  # beyond every sort key


class End(IntEnum):
    """How an interval ends."""

    OPEN = 0  # no end is known
    FIXED = 1  # at the first version that is well
    LAST_AFFECTED = 2  # at the last version that is not
    LIMIT = 3  # the range says nothing about later versions


class Interval(NamedTuple):
    """Affected versions from ``start`` (inclusive) to ``end``; both are sort keys, ``start`` empty for the first."""

    start: str
    end: str
    kind: int
    """An ``End``."""
    fixed: str = ""
    """The version that fixes, as written, when ``kind`` is ``FIXED``."""

    def holds(self, key: str) -> bool:
        """Whether the version with that key is affected."""
        if key < self.start:
            return False
        if self.kind == End.OPEN:
            return True
        return key <= self.end if self.kind == End.LAST_AFFECTED else key < self.end


class Affected(NamedTuple):
    """One package in one advisory."""

    intervals: tuple[Interval, ...] = ()
    listed: tuple[str, ...] = ()
    """Sort keys of single versions outside the intervals; ``=`` and the text where a version has no key."""

    def holds(self, key: str, version: str) -> bool:
        """Whether ``version`` (``key`` empty: it has none) is affected."""
        if key and any(interval.holds(key) for interval in self.intervals):
            return True
        return bool(self.listed) and ((key and key in self.listed) or "=" + version in self.listed)


def intervals_of(ecosystem: str, events: Iterable[tuple[str, str]]) -> tuple[Interval, ...]:
    """Intervals of one range from its ``(kind, version)`` events in any order. Raises ``VersionError``.

    An ``introduced`` of ``0`` is before every version. A ``limit`` of ``*`` is none.
    """
    points: list[tuple[str, int, str, str]] = []
    limits: list[str] = []
    for kind, version in events:
        if kind == "limit":
            if version != "*":
                limits.append(sort_key(ecosystem, version))
            continue
        key = "" if kind == "introduced" and version == "0" else sort_key(ecosystem, version)
        # At the same version an end of one stretch comes before the start of the next.
        points.append((key, {"fixed": 0, "introduced": 1, "last_affected": 2}[kind], kind, version))
    found: list[Interval] = []
    start: str | None = None
    for key, _, kind, version in sorted(points):
        if kind == "introduced":
            start = key if start is None else start
        elif start is not None:
            end = End.FIXED if kind == "fixed" else End.LAST_AFFECTED
            found.append(Interval(start, key, end, version if end is End.FIXED else ""))
            start = None
    if start is not None:
        found.append(Interval(start, "", End.OPEN))
    limit = max(limits, default=None)
    return tuple(found if limit is None else _limited(found, limit))


def _limited(intervals: Sequence[Interval], limit: str) -> list[Interval]:
    kept: list[Interval] = []
    for interval in intervals:
        if interval.start >= limit:
            continue
        beyond = interval.kind == End.OPEN or interval.end >= limit
        kept.append(Interval(interval.start, limit, End.LIMIT) if beyond else interval)
    return kept


def listed_of(ecosystem: str, versions: Iterable[str], intervals: Sequence[Interval]) -> tuple[str, ...]:
    """Keys of the listed versions that no interval holds already, sorted."""
    keys: set[str] = set()
    for version in versions:
        try:
            key = sort_key(ecosystem, version)
        except VersionError:
            keys.add("=" + version)
            continue
        if not any(interval.holds(key) for interval in intervals):
            keys.add(key)
    return tuple(sorted(keys))


def smallest_fix(version: str, key: str, *, affected: Sequence[Affected]) -> str:
    """The smallest fixing version named in ``affected`` above ``version`` that none of ``affected`` holds.

    Within the same major version if there is one, otherwise the smallest of all; empty when there is none. ``key`` is
    the sort key of ``version``.
    """
    ways_out = {
        (interval.end, interval.fixed)
        for one in affected
        for interval in one.intervals
        if interval.kind == End.FIXED and interval.end > key
    }
    if not ways_out:
        return ""
    cover = _Cover(affected)
    own = major(version)
    well = [(major(fixed) != own, end, fixed) for end, fixed in ways_out if not cover.holds(end, fixed)]
    return min(well)[2] if well else ""


class _Cover:
    """All intervals of many advisories joined, so that a version is looked up once and not once an advisory."""

    def __init__(self, affected: Iterable[Affected]) -> None:
        self._starts: list[str] = []
        self._ends: list[tuple[str, bool]] = []  # the end, and whether it is affected itself
        self._listed = {listed for one in affected for listed in one.listed}
        for interval in sorted(interval for one in affected for interval in one.intervals):
            end = (interval.end, interval.kind == End.LAST_AFFECTED)
            if interval.kind == End.OPEN:
                end = _NO_END
            if self._ends and interval.start <= self._ends[-1][0]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(interval.start)
                self._ends.append(end)

    def holds(self, key: str, version: str) -> bool:
        at = bisect_right(self._starts, key) - 1
        if at >= 0:
            end, inclusive = self._ends[at]
            if key < end or (inclusive and key == end):
                return True
        return key in self._listed or "=" + version in self._listed
