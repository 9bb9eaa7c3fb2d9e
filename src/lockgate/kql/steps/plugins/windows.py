"""Windows on a timeline: where they begin, which one a moment lies in, and the rows of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from datetime import date

from lockgate.dataclass import dataclass
from lockgate.kql.errors import EvaluationError
from lockgate.kql.literals import TICKS_PER_DAY
from lockgate.kql.steps.evaluation import bounded, keyed
from lockgate.kql.steps.plugins.arguments import Arguments

MAX_WINDOWS = 1_000_000
"""Most windows of one timeline."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows from ``first`` to ``last``, both inclusive."""

    begins: list[float]
    """Where each begins, in order."""
    last: float
    """The last moment that counts."""
    first: float
    """The first one; the first window may begin before it."""

    def place(self, moment: object) -> int:
        """The number of the window that ``moment`` lies in; -1 when it lies outside."""
        if not isinstance(moment, int | float) or moment > self.last:
            return -1
        return bisect_right(self.begins, moment) - 1


def of(given: Arguments, step: str, *, whole: bool = False) -> Windows:
    """The windows from ``start`` to ``end`` by the parameter ``step``: a span, or ``week``, ``month`` or ``year``.

    ``whole``: they begin at multiples of the span.
    """
    times = [one for one in given.column("timeline_column") if isinstance(one, int | float)]
    width = given.constant(step)
    if "start" in given.values and "end" in given.values:
        first: float = given.number("start")
        last: float = given.number("end")
    else:
        first, last = min(times, default=0), max(times, default=-1)
        if isinstance(width, int | float) and width > 0 and times:
            first = first // width * width
    if isinstance(width, str):
        return Windows(_calendar(width, first, last), last, first)
    width = given.positive(step)
    begin = first // width * width if whole else first
    bounded(int((last - begin) // width) + 1, MAX_WINDOWS, "windows on the timeline")
    return Windows([begin + i * width for i in range(int((last - begin) // width) + 1)], last, first)


def _calendar(unit: str, first: float, last: float) -> list[float]:
    """Where weeks (from Sunday), months or years begin."""
    if unit not in ("week", "month", "year"):
        raise EvaluationError("A window is a span, 'week', 'month' or 'year'.")
    if last < first:
        return []
    day = date.fromordinal(int(first // TICKS_PER_DAY) + 1)
    if unit == "week":
        day = date.fromordinal(max(1, day.toordinal() - day.isoweekday() % 7))
    else:
        day = day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)
    found: list[float] = []
    while (ticks := (day.toordinal() - 1) * TICKS_PER_DAY) <= last:
        found.append(ticks)
        bounded(len(found), MAX_WINDOWS, "windows on the timeline")
        try:
            if unit == "week":
                day = date.fromordinal(day.toordinal() + 7)
            elif unit == "month":
                day = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
            else:
                day = day.replace(year=day.year + 1)
        except (ValueError, OverflowError):
            break
    return found


@dataclass(frozen=True, slots=True)
class Series:
    """The rows of one combination of dimensions."""

    dimensions: tuple[object, ...]
    """The values that its rows share."""
    rows: list[tuple[float, Hashable, int]]
    """Moment, identity and number of each row that has a moment, in order of time."""


def series(given: Arguments, identity: str = "id_column") -> list[Series]:
    """The rows by their dimensions."""
    times = given.column("timeline_column")
    ids = given.column(identity)
    keys = keyed([ids], [given.type(identity)], len(ids))
    dimensions = given.columns("dimension")
    groups = keyed(dimensions, given.types("dimension"), len(ids))
    found: dict[Hashable, Series] = {}
    for i, time in enumerate(times):
        if isinstance(time, int | float) and ids[i] is not None:
            if groups[i] not in found:
                found[groups[i]] = Series(tuple(one[i] for one in dimensions), [])
            found[groups[i]].rows.append((time, keys[i], i))
    for one in found.values():
        one.rows.sort(key=lambda row: (row[0], row[2]))
    return list(found.values())


def sets(windows: Windows, rows: list[tuple[float, Hashable, int]]) -> dict[int, set[Hashable]]:
    """Who is there in each window that has rows, in order of time."""
    found: dict[int, set[Hashable]] = {}
    for time, who, _ in rows:
        place = windows.place(time)
        if place >= 0:
            found.setdefault(place, set()).add(who)
    return found
