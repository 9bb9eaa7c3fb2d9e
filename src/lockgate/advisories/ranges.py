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

    An ``introduced`` of ``0`` is before every version. A ``limit`` of ``*`` is none. What is introduced and fixed at
    the same version never was, as OSV's own service has it; a stretch that ends where the next one starts goes on.
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
    idle_fix: str | None = None  # where something was fixed of which no version before was affected
    for key, _, kind, version in sorted(points):
        if kind == "introduced":
            start = key if start is None and key != idle_fix else start
        elif start is None:
            if kind == "fixed" and not (found and found[-1].end == key):
                idle_fix = key
        else:
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


class FixPlan(NamedTuple):
    """The ways out of many advisories about one package, so that several versions of it are answered at once."""

    ends: Sequence[str]
    """Sort keys of the fixing versions that none of the advisories holds, ascending."""
    fixes: Sequence[str]
    """The same versions as written."""

    @classmethod
    def of(cls, affected: Iterable[tuple[Iterable[tuple[str, str, int, str]], Iterable[str]]]) -> FixPlan:
        """``affected``: intervals and listed versions of each, as in :class:`Affected`, whose fields may be plain."""
        spans: list[tuple[str, str, bool]] = []
        ways_out: set[tuple[str, str]] = set()
        listed: set[str] = set()
        for intervals, single in affected:
            listed.update(single)
            for start, end, kind, fixed in intervals:
                if kind == End.OPEN:
                    spans.append((start, *_NO_END))
                    continue
                spans.append((start, end, kind == End.LAST_AFFECTED))
                if kind == End.FIXED:
                    ways_out.add((end, fixed))
        cover = _Cover(spans)
        well = [one for one in sorted(ways_out) if not cover.holds(one[0])]
        if listed:
            well = [(end, fixed) for end, fixed in well if end not in listed and "=" + fixed not in listed]
        return cls([end for end, _ in well], [fixed for _, fixed in well])

    def smallest(self, version: str, key: str) -> str:
        """The smallest fixing version above ``version`` (``key``: its sort key) that no advisory holds.

        Within the same major version if there is one, otherwise the smallest of all; empty when there is none.
        """
        return careful_fix(version, self.fixes[bisect_right(self.ends, key) :])


def careful_fix(version: str, fixes: Sequence[str]) -> str:
    """Of ``fixes`` (ascending, above ``version``) the first of the same major version, otherwise the first; or ''."""
    if len(fixes) < 2:
        return fixes[0] if fixes else ""
    own = major(version)
    return next((fixed for fixed in fixes if major(fixed) == own), fixes[0])


class _Cover:
    """Intervals ``(start, end, whether the end is affected itself)``, joined so that a version is looked up once."""

    def __init__(self, spans: list[tuple[str, str, bool]]) -> None:
        spans.sort()
        self._starts: list[str] = []
        self._ends: list[tuple[str, bool]] = []
        last = ("", False)
        for start, end, inclusive in spans:
            here = (end, inclusive)
            if self._ends and start <= last[0]:
                if here > last:
                    last = self._ends[-1] = here
            else:
                self._starts.append(start)
                self._ends.append(here)
                last = here

    def holds(self, key: str) -> bool:
        at = bisect_right(self._starts, key) - 1
        if at < 0:
            return False
        end, inclusive = self._ends[at]
        return key < end or (inclusive and key == end)
