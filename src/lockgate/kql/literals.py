"""Texts of literals into values. Datetimes and timespans are counted in ticks of 100 ns, as Kusto counts them.

A datetime counts from 0001-01-01, a Monday, in UTC. What a literal cannot be read as is ``None``: Kusto's null.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from re import Match

TICKS_PER_SECOND = 10_000_000
TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
EPOCH = 621_355_968_000_000_000
"""Ticks of 1970-01-01."""
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1

_UNIT = {
    **dict.fromkeys(("d", "day", "days"), TICKS_PER_DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600 * TICKS_PER_SECOND),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60 * TICKS_PER_SECOND),
    **dict.fromkeys(("s", "sec", "second", "seconds"), TICKS_PER_SECOND),
    **dict.fromkeys(("ms", "milli", "millis", "millisec", "millisecond", "milliseconds"), 10_000),
    **dict.fromkeys(("micro", "micros", "microsec", "microsecond", "microseconds"), 10),
    **dict.fromkeys(("tick", "ticks"), 1),
}
_NANO = ("nano", "nanos", "nanosec", "nanosecond", "nanoseconds")
_SPAN = lazy_pattern(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,18}))?\s*([a-z]+)")
_CLOCK = lazy_pattern(
    r"([+-]?)(?:([0-9]{1,8})(?:\.|:(?=[0-9]{1,2}:[0-9]{1,2}:)))?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?"
)
_DAYS = lazy_pattern(r"([+-]?)([0-9]{1,8})(?:\.0*)?")
_ISO = lazy_pattern(
    r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2})(?:[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?"
    r"\s*(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?",
)
_ESCAPED = lazy_pattern(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FIRST = datetime(1, 1, 1)


def text(source: str) -> str:
    """The value of a string literal with its quotes: plain, ``@`` verbatim, ``h`` obfuscated, or in triple quotes."""
    body = source[1:] if source[0] in "hH" else source
    verbatim = body[0] == "@"
    if verbatim:
        body = body[1:]
    if body.startswith(("```", "~~~")):
        return body[3:-3]
    quote, inside = body[0], body[1:-1]
    if verbatim:
        return inside.replace(quote * 2, quote)
    return _ESCAPED.sub(_unescaped, inside) if "\\" in inside else inside


def _unescaped(found: Match[str]) -> str:
    four, eight, two, octal, one = found.groups()
    if octal:
        return chr(int(octal, 8))
    if code := four or eight or two:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else "\ufffd"
    return _SIMPLE.get(str(one), str(one))


def inner(source: str) -> str:
    """What stands between the brackets of ``type(...)``, without quotes and blanks; else ``source`` itself."""
    if not source.endswith(")"):
        return source.strip()
    found = source[source.index("(") + 1 : -1].strip()
    return found[1:-1].strip() if len(found) > 1 and found[0] in "'\"" and found[-1] == found[0] else found


def whole(source: str, *, limit: int = LONG_MAX) -> int | None:
    """An int or a long, decimal or hexadecimal; null beyond ``limit``."""
    digits = inner(source)
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = 16 if digits[:2] in ("0x", "0X") else 10
    body = digits[2:] if base == 16 else digits
    if not body.isascii() or not body.isalnum() or len(body) > 40:
        return None
    try:
        number = int(body, base)
    except ValueError:
        return None
    if base == 16 and number > limit:
        number -= 2 * (limit + 1)
    number *= sign
    return number if -limit - 1 <= number <= limit else None


def real(source: str) -> float | None:
    """A real, with ``nan``, ``+inf`` and ``-inf``."""
    body = inner(source)
    if "_" in body:
        return None
    try:
        return float(body)
    except ValueError:
        return None


def boolean(source: str) -> bool | None:
    """``true``, ``false``, ``bool(1)`` or ``bool(null)``."""
    return {"true": True, "false": False, "1": True, "0": False}.get(inner(source).lower())


def timespan(source: str) -> int | None:
    """Ticks of ``1.5h``, ``time(1.02:03:04.5)`` or ``timespan(7)`` (days)."""
    body = inner(source).lower()
    if found := _SPAN.fullmatch(body):
        return _of_unit(*found.groups(default=""))
    if found := _CLOCK.fullmatch(body):
        sign, days, hours, minutes, seconds, fraction = found.groups(default="")
        total = int(days or 0) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
        ticks = total * TICKS_PER_SECOND + int(fraction[:7].ljust(7, "0") if fraction else 0)
    elif found := _DAYS.fullmatch(body):
        sign, days = found.groups()
        ticks = int(days) * TICKS_PER_DAY
    else:
        return None
    return _within(-ticks if sign == "-" else ticks)


def _of_unit(sign: str, number: str, fraction: str, unit: str) -> int | None:
    scaled, scale = int(number + fraction), 10 ** len(fraction)
    if unit in _NANO:
        ticks = scaled // (100 * scale)
    elif unit in _UNIT:
        ticks = scaled * _UNIT[unit] // scale
    else:
        return None
    return _within(-ticks if sign == "-" else ticks)


def _within(ticks: int) -> int | None:
    return ticks if -LONG_MAX - 1 <= ticks <= LONG_MAX else None


def ticks_of(moment: datetime) -> int:
    """Ticks of a time that knows its zone, exact to the microsecond that it has."""
    return EPOCH + (moment - _ZERO) // timedelta(microseconds=1) * 10


def moment(source: str) -> int | None:
    """Ticks of ``datetime(2026-11-26T10:00:00.1234567Z)`` since 0001-01-01; of what has no form of a time ``None``."""
    body = inner(source)
    found = _ISO.fullmatch(body)
    if not found:
        from lockgate.kql.moments import read_moment  # forms that hardly any query uses

        return read_moment(body)
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    try:
        read = datetime(int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    ticks = (read - _FIRST) // timedelta(seconds=1) * TICKS_PER_SECOND
    ticks += int(fraction[:7].ljust(7, "0")) if fraction else 0
    if zone and zone[0] in "+-":
        offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * 60 * TICKS_PER_SECOND
        ticks += offset if zone[0] == "-" else -offset
    return ticks
