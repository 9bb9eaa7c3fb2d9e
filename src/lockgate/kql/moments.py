"""Texts of datetimes in the many forms that Kusto reads: ISO 8601, RFC 822, RFC 850, month first with slashes, names
of months. A year of two digits is of 1950 to 2049, as .NET reads it; what names no zone is UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from re import Match

_TICKS_PER_SECOND = 10_000_000
_FIRST = datetime(1, 1, 1)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_WEEKDAY = r"(?i)\s*(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s*)?"
_TIME = (
    r"(?:(?:[T ,]|\s)\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})"
    r"(?:[.,:](?P<fraction>[0-9]{1,9}))?)?\s*(?P<half>[AaPp][Mm])?)?"
    r"\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?)?"
)
_FORMS = tuple(
    lazy_pattern(_WEEKDAY + date + _TIME + r"\s*")
    for date in (
        r"(?P<year>[0-9]{4})\s*[-/.]\s*(?P<month>[0-9]{1,2})(?:\s*[-/.]\s*(?P<day>[0-9]{1,2}))?",
        r"(?P<month>[0-9]{1,2})\s*[-/.]\s*(?P<day>[0-9]{1,2})\s*[-/.]\s*(?P<year>[0-9]{4}|[0-9]{2})",
        r"(?P<day>[0-9]{1,2})[-\s]\s*(?P<name>[a-z]{3,9})\.?[-\s,]\s*(?P<year>[0-9]{4}|[0-9]{2})",
        r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+)(?P<year>[0-9]{4})",
        r"(?P<year>[0-9]{4})\s*,\s*(?P<month>[0-9]{1,2})(?:\s*,\s*(?P<day>[0-9]{1,2}))?",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<year>[0-9]{4})",
    )
)  # fmt: skip
_LONGEST = 64


def read_moment(text: str) -> int | None:
    """Ticks since 0001-01-01 of a text in one of the forms, or ``None``."""
    if len(text) > _LONGEST or not text:
        return None
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            return _ticks(found)
    return None


def _ticks(found: Match[str]) -> int | None:
    parts = found.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 2000 if year < 50 else 1900
    name = parts.get("name")
    month = _MONTHS.get(name[:3].lower()) if name else int(parts.get("month") or 1)
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 23:
            return None
        hour = hour % 12 + (12 if parts["half"].lower() == "pm" else 0) if hour <= 12 else hour
    days = 0
    if hour == 24 and not int(parts["minute"] or 0) and not int(parts["second"] or 0):
        hour, days = 0, 1
    try:
        read = datetime(
            year, month or 0, int(parts.get("day") or 1), hour, int(parts["minute"] or 0), int(parts["second"] or 0)
        ) + timedelta(days)
    except (ValueError, OverflowError):
        return None
    ticks = (read - _FIRST) // timedelta(seconds=1) * _TICKS_PER_SECOND
    ticks += int(parts["fraction"][:7].ljust(7, "0")) if parts["fraction"] else 0
    ticks -= _offset(parts["zone"] or "")
    return ticks if 0 <= ticks <= MAX_MOMENT else None


def _offset(zone: str) -> int:
    """Ticks that a zone is ahead of UTC."""
    zone = zone.upper().removeprefix("UTC").removeprefix("GMT")
    if not zone or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:-2] or 0) * 60 + int(digits[-2:]) if len(digits) > 2 else int(digits) * 60
    return (-minutes if zone[0] == "-" else minutes) * 60 * _TICKS_PER_SECOND


MAX_MOMENT = ((datetime(9999, 12, 31) - _FIRST).days + 1) * 86_400 * _TICKS_PER_SECOND - 1
"""The last datetime, 9999-12-31T23:59:59.9999999."""
