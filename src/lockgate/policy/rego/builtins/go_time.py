"""Times by Go's layouts: ``Mon Jan 2 15:04:05 2006`` written as one wants to see or to read a time.

A moment is nanoseconds since 1970; what a layout shows of it depends on an offset from UTC and a name of the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

NANOSECONDS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

NAMED: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
"""Layouts that Go has names for."""

# Ours, and linear. The alternatives stand in the order in which Go looks for them.
_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|[.,](?:0+|9+)(?![0-9])"
)
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)?:?(\d\d)?", re.ASCII)


class LayoutError(ValueError):
    """A text is not a time in its layout."""


@lru_cache(maxsize=256)
def elements(layout: str) -> tuple[str, ...]:
    """The layout cut at its elements: text, element, text, element, ..., text."""
    parts: list[str] = []
    at = 0
    for found in _ELEMENT.finditer(layout):
        parts += (layout[at : found.start()], found.group())
        at = found.end()
    return (*parts, layout[at:])


def shown(moment: int, layout: str, *, offset: int = 0, zone: str = "UTC") -> str:
    """The moment in the layout, ``offset`` seconds east of UTC, in a zone of that name."""
    seconds, fraction = divmod(moment, NANOSECONDS)
    local = _EPOCH + timedelta(seconds=seconds + offset)
    parts: list[str] = []
    for number, part in enumerate(elements(layout)):
        parts.append(_shown(part, local, fraction, offset, zone) if number % 2 else part)
    return "".join(parts)


def _shown(element: str, local: datetime, fraction: int, offset: int, zone: str) -> str:
    if element in _SHOWN:
        return _SHOWN[element](local)
    if element == "MST":
        return zone or _offset_text("-0700", offset)
    if element[0] in ".,":
        digits = f"{fraction:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
        digits = digits.rstrip("0") if element[1] == "9" else digits
        return element[0] + digits if digits else ""
    return _offset_text(element, offset)


_SHOWN: Final[dict[str, Callable[[datetime], str]]] = {
    "January": lambda t: _MONTHS[t.month - 1],
    "Jan": lambda t: _MONTHS[t.month - 1][:3],
    "1": lambda t: str(t.month),
    "01": lambda t: f"{t.month:02d}",
    "Monday": lambda t: _DAYS[t.weekday()],
    "Mon": lambda t: _DAYS[t.weekday()][:3],
    "2": lambda t: str(t.day),
    "_2": lambda t: f"{t.day:2d}",
    "02": lambda t: f"{t.day:02d}",
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "15": lambda t: f"{t.hour:02d}",
    "3": lambda t: str(t.hour % 12 or 12),
    "03": lambda t: f"{t.hour % 12 or 12:02d}",
    "4": lambda t: str(t.minute),
    "04": lambda t: f"{t.minute:02d}",
    "5": lambda t: str(t.second),
    "05": lambda t: f"{t.second:02d}",
    "2006": lambda t: f"{t.year:04d}",
    "06": lambda t: f"{t.year % 100:02d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
}


def _offset_text(element: str, offset: int) -> str:
    if element[0] == "Z" and offset == 0:
        return "Z"
    size = abs(offset)
    text = f"{'-' if offset < 0 else '+'}{size // 3600:02d}"
    between = ":" if ":" in element else ""
    if len(element) > 3:
        text += f"{between}{size // 60 % 60:02d}"
    return text + f"{between}{size % 60:02d}" if len(element) > 6 else text


def parsed(layout: str, text: str) -> int:
    """The moment that the text says in the layout. Raises :class:`LayoutError`."""
    reader = _Reader(text)
    parts = elements(layout)
    for number, part in enumerate(parts):
        if number % 2 == 0:
            reader.skip(part)
            continue
        following = parts[number + 2] if number + 2 < len(parts) else ""
        reader.take(part, fraction_follows=parts[number + 1] == "" and following[:1] in (".", ","))
    if reader.rest:
        raise LayoutError(f"extra text: {reader.rest[:80]}")
    return reader.fields.moment()


@dataclass(slots=True)
class _Fields:
    """What was read of a time."""

    year: int = 0
    month: int = -1
    day: int = -1
    year_day: int = -1
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool = False
    morning: bool = False
    offset: int | None = None

    def moment(self) -> int:
        if self.afternoon and self.hour < 12:
            self.hour += 12
        elif self.morning and self.hour == 12:
            self.hour = 0
        self._settle_day()
        try:
            date = datetime(self.year, max(self.month, 1), max(self.day, 1), self.hour, self.minute, self.second)
        except ValueError:
            raise LayoutError("day out of range") from None
        seconds = (date - _EPOCH) // timedelta(seconds=1) - (self.offset or 0)
        return seconds * NANOSECONDS + self.nanosecond

    def _settle_day(self) -> None:
        if self.year_day < 0:
            return
        if self.year_day < 1 or not 1 <= self.year <= 9999:
            raise LayoutError("day-of-year out of range")
        date = datetime(self.year, 1, 1, tzinfo=UTC) + timedelta(days=self.year_day - 1)
        if date.year != self.year:
            raise LayoutError("day-of-year out of range")
        if self.month not in (-1, date.month) or self.day not in (-1, date.day):
            raise LayoutError("day-of-year does not match the month or the day")
        self.month, self.day = date.month, date.day


class _Reader:
    """Reads the elements of a layout off the front of a text."""

    def __init__(self, text: str) -> None:
        self.rest = text
        self.fields = _Fields()

    def skip(self, prefix: str) -> None:
        """Literal text; a space in the layout stands for any number of spaces."""
        for part in re.findall(r" +|[^ ]", prefix):
            if part[0] == " ":
                if self.rest and self.rest[0] != " ":
                    raise LayoutError(f"cannot parse {self.rest[:40]!r} as {prefix!r}")
                self.rest = self.rest.lstrip(" ")
            elif not self.rest.startswith(part):
                raise LayoutError(f"cannot parse {self.rest[:40]!r} as {prefix!r}")
            else:
                self.rest = self.rest[1:]

    def take(self, element: str, *, fraction_follows: bool) -> None:
        fields = self.fields
        if element in ("January", "Jan"):
            fields.month = self._name(_MONTHS, short=element == "Jan") + 1
        elif element in ("Monday", "Mon"):
            self._name(_DAYS, short=element == "Mon")
        elif element in _NUMBERS:
            self._number(element, fraction_follows=fraction_follows)
        elif element in ("PM", "pm"):
            mark, self.rest = self.rest[:2], self.rest[2:]
            if mark not in (element, element.replace("P", "A").replace("p", "a")):
                raise LayoutError("bad value for PM")
            fields.afternoon, fields.morning = mark == element, mark != element
        elif element == "MST":
            # A name moves the clock in no case, not even GMT+3: Go knows the offsets of the local zone only.
            self.rest = self.rest[_zone_size(self.rest) :]
        elif element[0] in ".,":
            self._fraction(element)
        else:
            self._offset(element)

    def _name(self, names: tuple[str, ...], *, short: bool) -> int:
        for place, name in enumerate(names):
            size = 3 if short else len(name)
            if self.rest[:size].lower() == name[:size].lower():
                self.rest = self.rest[size:]
                return place
        raise LayoutError(f"cannot parse {self.rest[:40]!r} as a name")

    def _digits(self, least: int, most: int) -> int:
        size = 0
        while size < most and self.rest[size : size + 1] in _DIGITS:
            size += 1
        if size < least:
            raise LayoutError(f"cannot parse {self.rest[:40]!r} as a number")
        number, self.rest = int(self.rest[:size]), self.rest[size:]
        return number

    def _number(self, element: str, *, fraction_follows: bool) -> None:
        name, least, most, low, high = _NUMBERS[element]
        if element in ("_2", "__2"):
            self.rest = self.rest.removeprefix(" ")
            if element == "__2":
                self.rest = self.rest.removeprefix(" ")
        number = self._digits(least, most)
        if not low <= number <= high:
            raise LayoutError(f"{name} out of range")
        if element == "06":
            number += 1900 if number >= 69 else 2000
        setattr(self.fields, name, number)
        if name == "second" and not fraction_follows and self.rest[:1] in (".", ",") and self.rest[1:2] in _DIGITS:
            self._fraction(".9")

    def _fraction(self, element: str) -> None:
        nines = element[1] == "9"
        if nines and not (self.rest[:1] in (".", ",") and self.rest[1:2] in _DIGITS):
            return
        size = 1
        while self.rest[size : size + 1] in _DIGITS:
            size += 1
        size = size if nines else len(element)
        digits = self.rest[1:size]
        if self.rest[:1] not in (".", ",") or not digits.isdigit() or not digits.isascii() or len(digits) != size - 1:
            raise LayoutError("bad fraction of a second")
        if size - 1 > 9:
            digits = digits[:9]
        self.fields.nanosecond = int(digits.ljust(9, "0"))
        self.rest = self.rest[size:]

    def _offset(self, element: str) -> None:
        if element[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.fields.offset = 0
            return
        size = len(element)
        found = _OFFSET.fullmatch(self.rest[:size])
        if not found or (":" in element) != (":" in self.rest[:size]):
            raise LayoutError(f"cannot parse {self.rest[:40]!r} as an offset")
        sign, hours, minutes, seconds = found[1], int(found[2]), int(found[3] or 0), int(found[4] or 0)
        if hours > 24 or minutes >= 60 or seconds >= 60:
            raise LayoutError("time zone offset out of range")
        total = hours * 3600 + minutes * 60 + seconds
        self.fields.offset = -total if sign == "-" else total
        self.rest = self.rest[size:]


_DIGITS: Final = frozenset("0123456789")
_NUMBERS: Final = {
    "2006": ("year", 4, 4, 0, 9999),
    "06": ("year", 2, 2, 0, 99),
    "1": ("month", 1, 2, 1, 12),
    "01": ("month", 2, 2, 1, 12),
    "2": ("day", 1, 2, 0, 99),
    "_2": ("day", 1, 2, 0, 99),
    "02": ("day", 2, 2, 0, 99),
    "002": ("year_day", 3, 3, 0, 999),
    "__2": ("year_day", 1, 3, 0, 999),
    "15": ("hour", 1, 2, 0, 23),
    "3": ("hour", 1, 2, 0, 12),
    "03": ("hour", 2, 2, 0, 12),
    "4": ("minute", 1, 2, 0, 59),
    "04": ("minute", 2, 2, 0, 59),
    "5": ("second", 1, 2, 0, 59),
    "05": ("second", 2, 2, 0, 59),
}


def _zone_size(text: str) -> int:
    """How much of the text names a zone: ``MST``, ``AEST``, ``GMT+3``, ``+03``, ``WITA``."""
    if text[:3] == "GMT" or text[:1] in ("+", "-"):
        base = 3 if text[:3] == "GMT" else 0
        hours = re.match(r"[+-]\d{1,2}(?!\d)", text[base:], re.ASCII)
        if hours and -23 <= int(hours.group()) <= 23:
            return base + hours.end()
        if base:
            return base
        raise LayoutError(f"cannot parse {text[:40]!r} as a time zone")
    if text[:4] in ("ChST", "MeST"):
        return 4
    size = len(text) - len(text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    fits = size == 3 or (size == 4 and (text[3] == "T" or text[:4] == "WITA")) or (size == 5 and text[4] == "T")
    if not fits:
        raise LayoutError(f"cannot parse {text[:40]!r} as a time zone")
    return size
