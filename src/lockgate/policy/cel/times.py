"""Timestamps and durations: their texts, their arithmetic's bounds, and the parts of a moment in a time zone.

Texts are those of Go (RFC 3339 with up to nine digits of a second; durations such as ``1h15m0.5s``), because that is
what Kubernetes reads and prints. Nanoseconds are kept exactly, which Python's own types do not do.
"""

from __future__ import annotations

import datetime
from functools import lru_cache

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.values import INT_MAX, INT_MIN, CelError, Duration, Timestamp

SECOND = 1_000_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1
_STAMP = lazy_pattern(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,30}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))"
)
_SPAN = lazy_pattern(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000,
    "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip
_OFFSET = lazy_pattern(r"([+-]?)([0-9]{1,2}):([0-9]{2})")


def timestamp(nanoseconds: int) -> Timestamp:
    """The moment, or :class:`CelError` when it lies outside the years 1 to 9999."""
    if not FIRST <= nanoseconds <= LAST:
        raise CelError("timestamp overflow: the moment is not between the years 1 and 9999")
    return Timestamp(nanoseconds)


def duration(nanoseconds: int) -> Duration:
    """The span, or :class:`CelError` when its nanoseconds do not fit 64 bits."""
    if not INT_MIN <= nanoseconds <= INT_MAX:
        raise CelError("duration overflow: the span does not fit 64 bits of nanoseconds")
    return Duration(nanoseconds)


def timestamp_of_int(seconds: int) -> Timestamp:
    """The moment so many seconds after 1970, or :class:`CelError` as :func:`timestamp`."""
    return timestamp(seconds * SECOND)


def duration_of_int(value: int) -> Duration:
    """:class:`CelError`: the language declares ``duration(int)``, and cel-go makes none of any number
    (``common/stdlib``, ``Int.ConvertToType``)."""
    raise CelError(f"type conversion error from 'int' to 'google.protobuf.Duration': duration({value})")


def parse_timestamp(text: str) -> Timestamp:
    """RFC 3339 into a moment."""
    match = _STAMP.fullmatch(text) if len(text) <= 64 else None
    if match is None:
        raise CelError(f"timestamp() does not read {text[:64]!r}: RFC 3339 is expected")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError as error:
        raise CelError(f"timestamp() does not read {text!r}: {error}") from None
    shift = 0
    if match[9]:
        if int(match[10]) > 23 or int(match[11]) > 59:
            raise CelError(f"timestamp() does not read {text!r}: the offset is out of range")
        shift = (int(match[10]) * 3600 + int(match[11]) * 60) * (-1 if match[9] == "-" else 1)
    whole = (moment - _EPOCH) // datetime.timedelta(seconds=1) - shift
    return timestamp(whole * SECOND + int((match[7] or "")[:9].ljust(9, "0")))


def parse_duration(text: str) -> Duration:
    """Go's spelling of a span: ``-1.5h``, ``1h30m``, ``0``."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    total, at = 0, 0
    while at < len(rest) <= 128:
        match = _SPAN.match(rest, at)
        if match is None or not (match[1] or match[2]):
            break
        unit = _UNITS[match[3]]
        total += int(match[1] or 0) * unit + int((match[2] or "0")[:18].ljust(18, "0")) * unit // 10**18
        at = match.end()
    if not rest or at < len(rest):
        raise CelError(f"duration() does not read {text[:64]!r}: numbers with units ns, us, ms, s, m, h are expected")
    return duration(-total if text[0] == "-" else total)


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 in UTC, with the digits of a second that are needed."""
    seconds, nanoseconds = divmod(value.nanoseconds, SECOND)
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z".rjust(20 + len(fraction), "0")


def format_duration(value: Duration) -> str:
    """Seconds as the nearest double, with the digits that tell it from others, and ``s``: as cel-go has it."""
    from decimal import Decimal

    whole, rest = divmod(abs(value.nanoseconds), SECOND)
    seconds = whole + rest / SECOND
    shown = f"{Decimal(repr(seconds)):f}".removesuffix(".0")
    return f"{'-' if value.nanoseconds < 0 else ''}{shown}s"


def local(value: Timestamp, zone: str = "UTC") -> datetime.datetime:
    """The moment in a time zone: an IANA name, or an offset such as ``+05:30`` or ``02:00``."""
    whole = _EPOCH + datetime.timedelta(seconds=value.nanoseconds // SECOND)
    if zone in ("UTC", ""):
        return whole
    try:
        return whole.astimezone(_zone(zone))
    except OverflowError:
        raise CelError("timestamp overflow: the moment in that time zone is not between years 1 and 9999") from None


@lru_cache(maxsize=64)
def _zone(name: str) -> datetime.tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        minutes = int(offset[2]) * 60 + int(offset[3])
        if int(offset[2]) > 23 or int(offset[3]) > 59:
            raise CelError(f"the time zone {name!r} is out of range")
        return datetime.timezone(datetime.timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CelError(f"unknown time zone {name[:64]!r}") from None
