"""Parts of a datetime, where its day, week, month and year begin and end, and differences counted in parts.

A week begins on Sunday; the number of a week is ISO 8601's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from lockgate.kql.functions import Maker, plain, strict
from lockgate.kql.literals import LONG_MAX, TICKS_PER_DAY, TICKS_PER_SECOND
from lockgate.kql.moments import MAX_MOMENT

_HOUR, _MINUTE = 3600 * TICKS_PER_SECOND, 60 * TICKS_PER_SECOND
_FIRST_YEAR, _LAST_YEAR = 1, 9999
UNITS = {
    "week": 7 * TICKS_PER_DAY, "day": TICKS_PER_DAY, "hour": _HOUR, "minute": _MINUTE, "second": TICKS_PER_SECOND,
    "millisecond": 10_000, "microsecond": 10,
}  # fmt: skip
"""Parts that are always equally long, in ticks."""
MONTHS = {"year": 12, "quarter": 3, "month": 1}
"""The others, in months."""


def day_of(ticks: int) -> date:
    """The day."""
    return date.fromordinal(ticks // TICKS_PER_DAY + 1)


def ticks_of(day: date) -> int:
    """When the day begins."""
    return (day.toordinal() - 1) * TICKS_PER_DAY


def within(ticks: int) -> int | None:
    """The datetime, or null past the first and last ones."""
    return ticks if 0 <= ticks <= MAX_MOMENT else None


def weekday(ticks: int) -> int:
    """Days since Sunday."""
    return (ticks // TICKS_PER_DAY + 1) % 7


# --- beginnings and ends


def _month(ticks: int, offset: int) -> int | None:
    """When the month ``offset`` months from that of ``ticks`` begins; the month after the last one ends time."""
    day = day_of(ticks)
    index = day.year * 12 + day.month - 1 + offset
    if index == (_LAST_YEAR + 1) * 12:
        return MAX_MOMENT + 1
    if not _FIRST_YEAR * 12 <= index < (_LAST_YEAR + 1) * 12:
        return None
    return ticks_of(date(index // 12, index % 12 + 1, 1))


def _day_start(ticks: int, offset: int) -> int | None:
    return (ticks // TICKS_PER_DAY + offset) * TICKS_PER_DAY


def _week_start(ticks: int, offset: int) -> int | None:
    return (ticks // TICKS_PER_DAY - weekday(ticks) + 7 * offset) * TICKS_PER_DAY


def _year_start(ticks: int, offset: int) -> int | None:
    january = day_of(ticks).month - 1
    return _month(ticks, 12 * offset - january)


Start = Callable[[int, int], int | None]


def _starts(start: Start) -> Maker:
    def run(ticks: Any, offset: Any = 0) -> int | None:
        if ticks is None or offset is None:
            return None
        found = start(ticks, offset)
        return None if found is None else within(found)

    return plain(run)


def _ends(start: Start) -> Maker:
    def run(ticks: Any, offset: Any = 0) -> int | None:
        if ticks is None or offset is None:
            return None
        found = start(ticks, offset + 1)
        return None if found is None else within(found - 1)

    return plain(run)


# --- parts

_PARTS: dict[str, Callable[[int], int]] = {
    "year": lambda ticks: day_of(ticks).year,
    "quarter": lambda ticks: (day_of(ticks).month + 2) // 3,
    "month": lambda ticks: day_of(ticks).month,
    "week_of_year": lambda ticks: day_of(ticks).isocalendar().week,
    "weekofyear": lambda ticks: day_of(ticks).isocalendar().week,
    "day": lambda ticks: day_of(ticks).day,
    "dayofyear": lambda ticks: day_of(ticks).timetuple().tm_yday,
    "hour": lambda ticks: ticks // _HOUR % 24,
    "minute": lambda ticks: ticks // _MINUTE % 60,
    "second": lambda ticks: ticks // TICKS_PER_SECOND % 60,
    "millisecond": lambda ticks: ticks % TICKS_PER_SECOND // 10_000,
    "microsecond": lambda ticks: ticks % TICKS_PER_SECOND // 10,
    "nanosecond": lambda ticks: ticks % TICKS_PER_SECOND * 100,
}


def _part(name: str) -> Maker:
    return strict(_PARTS[name])


def _named_part(name: str, ticks: Any) -> int | None:
    read = _PARTS.get(name.lower())
    return read(ticks) if read is not None and ticks is not None else None


# --- sums and differences


def add_months(ticks: int, months: int) -> int | None:
    """The same day of another month, or that month's last day."""
    begin = _month(ticks, months)
    if begin is None or begin > MAX_MOMENT:
        return None
    following = _month(begin, 1)
    assert following is not None
    last = (following - begin) // TICKS_PER_DAY
    day = min(day_of(ticks).day, last)
    return begin + (day - 1) * TICKS_PER_DAY + ticks % TICKS_PER_DAY


def _add(part: str, count: Any, ticks: Any) -> int | None:
    if count is None or ticks is None:
        return None
    name = part.lower()
    if name in MONTHS:
        return add_months(ticks, count * MONTHS[name])
    if name == "nanosecond":
        return within(ticks + (count // 100 if count >= 0 else -(-count // 100)))
    return within(ticks + count * UNITS[name]) if name in UNITS else None


def _difference(part: str, later: Any, earlier: Any) -> int | None:
    """How often a part begins between the two: years of one after the other differ by one, however near they are."""
    if later is None or earlier is None:
        return None
    name = part.lower()
    if name in MONTHS:
        return _months(later) // MONTHS[name] - _months(earlier) // MONTHS[name]
    if name == "week":
        return (_sunday(later) - _sunday(earlier)) // 7
    if name == "nanosecond":
        found = int(later - earlier) * 100
        return found if -LONG_MAX - 1 <= found <= LONG_MAX else None
    return later // UNITS[name] - earlier // UNITS[name] if name in UNITS else None


def _months(ticks: int) -> int:
    day = day_of(ticks)
    return day.year * 12 + day.month - 1


def _sunday(ticks: int) -> int:
    return ticks // TICKS_PER_DAY - weekday(ticks)


FUNCTIONS: dict[str, Maker] = {
    "startofday": _starts(_day_start),
    "startofweek": _starts(_week_start),
    "startofmonth": _starts(_month),
    "startofyear": _starts(_year_start),
    "endofday": _ends(_day_start),
    "endofweek": _ends(_week_start),
    "endofmonth": _ends(_month),
    "endofyear": _ends(_year_start),
    "dayofweek": strict(lambda ticks: weekday(ticks) * TICKS_PER_DAY),
    "dayofmonth": _part("day"),
    "dayofyear": _part("dayofyear"),
    "hourofday": _part("hour"),
    **dict.fromkeys(("week_of_year", "weekofyear"), _part("week_of_year")),
    **dict.fromkeys(("monthofyear", "getmonth"), _part("month")),
    "getyear": _part("year"),
    **dict.fromkeys(("datetime_part", "datepart"), plain(_named_part)),
    "datetime_add": plain(_add),
    "datetime_diff": plain(_difference),
}
