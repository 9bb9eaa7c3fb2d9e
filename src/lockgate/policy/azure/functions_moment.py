"""Template functions on moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from lockgate.policy.azure.functions_text import Entry, text, whole
from lockgate.policy.azure.values import Json, instant, shifted, written
from lockgate.policy.errors import EvaluationError

_DURATION = re.compile(
    r"(-)?P(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,7})D)?"
    r"(?:T(?:([0-9]{1,8})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})(?:\.([0-9]{1,6}))?S)?)?"
)


def _moment(value: Json) -> datetime:
    found = instant(text(value))
    if found is None:
        raise EvaluationError("a date and time in ISO 8601 is needed")
    return found


def _add_days(arguments: list[Json]) -> Json:
    days = whole(arguments[1])
    if abs(days) > 4_000_000:
        raise EvaluationError("the number of days is out of range")
    return written(shifted(_moment(arguments[0]), timedelta(days=days)))


def _date_time_add(arguments: list[Json]) -> Json:
    """A moment and an ISO 8601 duration. Years and months move the calendar, as in .NET, before the rest is added."""
    moment = _moment(arguments[0])
    found = _DURATION.fullmatch(text(arguments[1]).strip())
    if found is None or not any(found.groups()[1:]):
        raise EvaluationError("an ISO 8601 duration is needed")
    sign = -1 if found.group(1) else 1
    years, months, weeks, days, hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:8])
    fraction = int((found.group(9) or "").ljust(6, "0") or 0)
    moment = _months_later(moment, sign * (12 * years + months))
    try:
        span = timedelta(days=7 * weeks + days, hours=hours, minutes=minutes, seconds=seconds, microseconds=fraction)
    except OverflowError:
        raise EvaluationError("the duration is out of range") from None
    return written(shifted(moment, sign * span))


def _months_later(moment: datetime, months: int) -> datetime:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        raise EvaluationError("the date lies outside the years 1 to 9999") from None


def _from_epoch(arguments: list[Json]) -> Json:
    seconds = whole(arguments[0])
    if abs(seconds) > 10**12:
        raise EvaluationError("the number of seconds is out of range")
    return written(shifted(datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=seconds)))


def _to_epoch(arguments: list[Json]) -> Json:
    return int((_moment(arguments[0]) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


TABLE: Final[dict[str, Entry]] = {
    "adddays": (_add_days, 2, 2),
    "datetimeadd": (_date_time_add, 2, 3),
    "datetimefromepoch": (_from_epoch, 1, 1),
    "datetimetoepoch": (_to_epoch, 1, 1),
}
