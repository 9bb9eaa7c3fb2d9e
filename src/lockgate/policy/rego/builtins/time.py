"""Times: nanoseconds since 1970 read, shown, and reckoned with, in any zone of the IANA database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from lockgate.policy.rego.builtins.arithmetic import fraction
from lockgate.policy.rego.builtins.contract import (
    BuiltinError,
    Context,
    Function,
    LimitError,
    integer,
    number,
    string,
    wrong_type,
)
from lockgate.policy.rego.builtins.go_time import NAMED, NANOSECONDS, LayoutError, parsed, shown
from lockgate.policy.rego.values import Value

_INT64: Final = 1 << 63
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9, "w": 7 * 24 * 3600 * 10**9, "y": 365 * 24 * 3600 * 10**9,
}  # fmt: skip
# Ours, and linear.
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)", re.ASCII)
_WHAT: Final = "either number (ns) or [number (ns), string (tz)]"
_MAX_LAYOUT: Final = 10_000
_MAX_SHIFT: Final = 1_000_000


class _Moment(NamedTuple):
    """A moment, the zone in which to look at it, and the layout that came with it."""

    nanoseconds: int
    zone: tzinfo
    layout: str

    def local(self) -> datetime:
        """The civil time, to the second."""
        return (_EPOCH + timedelta(seconds=self.nanoseconds // NANOSECONDS)).astimezone(self.zone)


def now_ns(context: Context) -> Value:
    """The time of the evaluation, given by the caller."""
    if context.now_ns is None:
        raise BuiltinError("time.now_ns: no time is given to this evaluation")
    return context.now_ns


def parse_ns(layout: Value, text: Value) -> Value:
    """The moment that a text says in one of Go's layouts."""
    form = string(layout, 1)
    if len(form) > _MAX_LAYOUT:
        raise LimitError(f"a layout of more than {_MAX_LAYOUT} characters")
    return _parsed(NAMED.get(form, form), string(text, 2))


def parse_rfc3339_ns(text: Value) -> Value:
    return _parsed(NAMED["RFC3339"], string(text, 1))


def parse_duration_ns(text: Value) -> Value:
    """Nanoseconds of ``1h30m``, ``-1.5s``, ``2d``, ``1w``, ``1y`` (of 365 days)."""
    given = string(text, 1)
    rest = given[1:] if given[:1] in ("-", "+") else given
    if rest == "0":
        return 0
    total, at = 0, 0
    while at < len(rest):
        part = _DURATION_PART.match(rest, at)
        if not part or len(part[1]) > 100:
            break
        total += int(Fraction(part[1] + "0" if part[1].endswith(".") else part[1]) * _UNITS[part[2]])
        at = part.end()
    if at < len(rest) or not rest or total > _INT64 - (given[:1] != "-"):
        raise BuiltinError(f"time: invalid duration {given[:80]}")
    return -total if given[:1] == "-" else total


def show(value: Value) -> Value:
    """The moment as RFC 3339 with nanoseconds, or in the layout that stands third."""
    moment = _moment(value)
    layout = NAMED.get(moment.layout or "RFC3339Nano", moment.layout)
    if len(layout) > _MAX_LAYOUT:
        raise LimitError(f"a layout of more than {_MAX_LAYOUT} characters")
    local = moment.local()
    offset = local.utcoffset() or timedelta()
    return shown(moment.nanoseconds, layout, offset=int(offset.total_seconds()), zone=local.tzname() or "")


def date(value: Value) -> Value:
    local = _moment(value).local()
    return [local.year, local.month, local.day]


def clock(value: Value) -> Value:
    local = _moment(value).local()
    return [local.hour, local.minute, local.second]


def weekday(value: Value) -> Value:
    return _DAYS[_moment(value).local().weekday()]


def add_date(value: Value, years: Value, months: Value, days: Value) -> Value:
    """The moment so many years, months and days on; 31 February becomes 2 or 3 March."""
    moment = _moment(value)
    by_years, by_months, by_days = integer(years, 2), integer(months, 3), integer(days, 4)
    if max(map(abs, (by_years, by_months, by_days))) > _MAX_SHIFT:
        raise BuiltinError("time outside of valid range")
    local = moment.local().replace(tzinfo=None)
    year, month = divmod(local.month - 1 + by_months, 12)
    try:
        moved = local.replace(year=local.year + by_years + year, month=month + 1, day=1)
        moved += timedelta(days=local.day - 1 + by_days)
    except (ValueError, OverflowError):
        raise BuiltinError("time outside of valid range") from None
    seconds = _seconds_at(moved, moment.zone)
    return _within(seconds * NANOSECONDS + moment.nanoseconds % NANOSECONDS)


def diff(a: Value, b: Value) -> Value:
    """Years, months, days, hours, minutes and seconds between two moments, in the zone of the first."""
    first, second = _moment(a), _moment(b)
    zone = first.zone
    low, high = sorted((first.nanoseconds, second.nanoseconds))
    start, end = _Moment(low, zone, "").local(), _Moment(high, zone, "").local()
    years, months, days = end.year - start.year, end.month - start.month, end.day - start.day
    hours, minutes, seconds = end.hour - start.hour, end.minute - start.minute, end.second - start.second
    minutes, seconds = (minutes - 1, seconds + 60) if seconds < 0 else (minutes, seconds)
    hours, minutes = (hours - 1, minutes + 60) if minutes < 0 else (hours, minutes)
    days, hours = (days - 1, hours + 24) if hours < 0 else (days, hours)
    if days < 0:
        next_month = (start.replace(day=28, tzinfo=None) + timedelta(days=4)).replace(day=1)
        days += (next_month - timedelta(days=1)).day
        months -= 1
    years, months = (years - 1, months + 12) if months < 0 else (years, months)
    return [years, months, days, hours, minutes, seconds]


def _parsed(layout: str, text: str) -> int:
    try:
        return _within(parsed(layout, text))
    except LayoutError as error:
        raise BuiltinError(f"parsing time {text[:80]!r}: {error}") from None


def _within(nanoseconds: int) -> int:
    if -_INT64 <= nanoseconds < _INT64:
        return nanoseconds
    raise BuiltinError("time outside of valid range")


def _moment(value: Value) -> _Moment:
    zone: tzinfo = UTC
    layout = ""
    given = value
    if isinstance(value, (list, tuple)):
        if not value:
            raise wrong_type(1, value, _WHAT)
        given = number(value[0], 1)
        zone = _zone(string(value[1], 1)) if len(value) > 1 else UTC
        layout = string(value[2], 1) if len(value) > 2 else ""
    elif not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong_type(1, value, _WHAT)
    exact = fraction(given)
    if exact.denominator != 1 or not -_INT64 <= exact < _INT64:
        raise BuiltinError("timestamp too big")
    return _Moment(exact.numerator, zone, layout)


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    """The zone. ``Local`` is UTC, so that a policy answers the same on every machine."""
    from zoneinfo import ZoneInfo

    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise BuiltinError(f"unknown time zone {name[:80]}") from None


def _seconds_at(civil: datetime, zone: tzinfo) -> int:
    """Seconds since 1970 of a civil time; in a gap or an overlap, by the offset before the change, as in Go."""
    guess = civil.replace(tzinfo=zone)
    offset = guess.utcoffset() or timedelta()
    return (civil.replace(tzinfo=timezone(offset)) - _EPOCH) // timedelta(seconds=1)


FUNCTIONS: Final[dict[str, Function]] = {
    "time.parse_ns": parse_ns,
    "time.parse_rfc3339_ns": parse_rfc3339_ns,
    "time.parse_duration_ns": parse_duration_ns,
    "time.format": show,
    "time.date": date,
    "time.clock": clock,
    "time.weekday": weekday,
    "time.add_date": add_date,
    "time.diff": diff,
}
WITH_CONTEXT: Final[dict[str, Function]] = {"time.now_ns": now_ns}
