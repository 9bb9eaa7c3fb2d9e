"""Datetimes and timespans made of numbers, of Unix time, and in other zones."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any

from lockgate.kql.convert import converter
from lockgate.kql.functions import Compute, Maker, plain, strict
from lockgate.kql.functions.time.calendar import within
from lockgate.kql.literals import EPOCH, LONG_MAX, TICKS_PER_DAY, TICKS_PER_SECOND
from lockgate.kql.types import DATETIME, TIMESPAN, Type

_FIRST = datetime(1, 1, 1)


def _make_datetime(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if len(types) == 1:
        return converter(types[0], DATETIME) or (lambda value: value)
    return _of_parts


def _of_parts(year: Any, month: Any, day: Any, hour: Any = 0, minute: Any = 0, second: Any = 0) -> int | None:
    if None in (year, month, day, hour, minute, second):
        return None
    try:
        read = datetime(int(year), int(month), int(day), int(hour), int(minute))
        ticks = int(Decimal(str(second)) * TICKS_PER_SECOND)
    except (ValueError, OverflowError, ArithmeticError):
        return None
    if not 0 <= ticks < 60 * TICKS_PER_SECOND:
        return None
    return (read - _FIRST) // timedelta(seconds=1) * TICKS_PER_SECOND + ticks


def _make_timespan(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if len(types) == 1:
        return converter(types[0], TIMESPAN) or (lambda value: value)
    return _of_clock


def _of_clock(*parts: Any) -> int | None:
    """Hours, minutes and perhaps seconds; of four numbers the first are days."""
    if None in parts:
        return None
    days, hours, minutes, seconds = parts if len(parts) == 4 else (0, *parts, 0)[:4]
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 60 and days >= 0):
        return None
    ticks = int(days) * TICKS_PER_DAY + int(hours * 3600 + minutes * 60) * TICKS_PER_SECOND
    ticks += int(Decimal(str(seconds)) * TICKS_PER_SECOND)
    return ticks if ticks <= LONG_MAX else None


def _unix(ticks_each: Decimal) -> Maker:
    def run(value: Any) -> int | None:
        try:
            return within(EPOCH + int(Decimal(value) * ticks_each))
        except (ValueError, OverflowError, ArithmeticError):
            return None

    return strict(run)


# --- zones


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    # What a machine calls its own zone, and the placeholder of the database, are no zones that the service has.
    return frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


@cache
def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    known = {one.lower(): one for one in _zones()}.get(name.lower())
    return ZoneInfo(known) if known else None


def _offset(local: datetime, zone: tzinfo) -> timedelta | None:
    """What a clock of ``zone`` that shows ``local`` is ahead of UTC.

    Of a time that the clock leaps over it is the offset after the leap, as the documented table has it; of one that
    it shows twice, the offset of the first time.
    """
    from datetime import UTC

    first = local.replace(tzinfo=zone)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local:
        return first.utcoffset()
    return first.replace(fold=1).utcoffset()


def _shift(ticks: Any, zone: str, *, to_utc: bool) -> int | None:
    """The clock of a zone at a moment in UTC, or the other way; a zone that nobody knows has none."""
    known = _zone(zone) if len(zone) <= 64 else None
    if ticks is None or known is None:
        return None
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    try:
        local = _FIRST + timedelta(seconds=seconds)
        if to_utc:
            offset = _offset(local, known)
        else:
            from datetime import UTC

            offset = local.replace(tzinfo=UTC).astimezone(known).utcoffset()
    except (OverflowError, ValueError):
        return None
    shift = int((offset or timedelta()).total_seconds())
    return within((seconds + (-shift if to_utc else shift)) * TICKS_PER_SECOND + fraction)


FUNCTIONS: dict[str, Maker] = {
    "make_datetime": _make_datetime,
    "make_timespan": _make_timespan,
    "unixtime_seconds_todatetime": _unix(Decimal(TICKS_PER_SECOND)),
    "unixtime_milliseconds_todatetime": _unix(Decimal(10_000)),
    "unixtime_microseconds_todatetime": _unix(Decimal(10)),
    "unixtime_nanoseconds_todatetime": _unix(Decimal("0.01")),
    "datetime_utc_to_local": plain(lambda ticks, zone: _shift(ticks, zone, to_utc=False)),
    "datetime_local_to_utc": plain(lambda ticks, zone: _shift(ticks, zone, to_utc=True)),
    "datetime_list_timezones": plain(lambda: sorted(_zones())),
}
