"""``format_datetime`` and ``format_timespan``: patterns of letters, each with its meaning by how often it repeats."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.functions.time.calendar import day_of
from lockgate.kql.literals import TICKS_PER_DAY, TICKS_PER_SECOND
from lockgate.kql.text import cut
from lockgate.kql.types import Type

_LONGEST = 1024
_WIDTHS = {"y": 4, "f": 7, "F": 7, **dict.fromkeys("MdHhmst", 2)}
"""How often a letter of ``format_datetime`` may repeat; more are read as several: ``ddd`` is ``dd`` and ``d``."""


@lru_cache(maxsize=256)
def _runs(pattern: str) -> tuple[str, ...]:
    """The pattern cut where the letter changes."""
    found: list[str] = []
    for one in pattern[:_LONGEST]:
        if found and found[-1][0] == one:
            found[-1] += one
        else:
            found.append(one)
    return tuple(found)


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[str, ...]:
    """The runs of a pattern, each no longer than its letter allows."""
    found: list[str] = []
    for run in _runs(pattern):
        width = _WIDTHS.get(run[0], len(run))
        found += [run[at : at + width] for at in range(0, len(run), width)]
    return tuple(found)


def _format_datetime(ticks: Any, pattern: str) -> str:
    if ticks is None:
        return ""
    day = day_of(ticks)
    pieces = _pieces(pattern)
    return cut("".join(_of_date(one, day.year, day.month, day.day) or _of_clock(one, ticks) for one in pieces))


def _of_date(run: str, year: int, month: int, day: int) -> str:
    letter, width = run[0], len(run)
    if letter == "y":
        return f"{year:0{width}}" if width > 2 else f"{year % 100:0{width}}"
    if letter in "Md":
        return f"{month if letter == 'M' else day:0{min(width, 2)}}"
    return ""


def _of_clock(run: str, ticks: int) -> str:
    letter, width = run[0], len(run)
    seconds, fraction = divmod(ticks % TICKS_PER_DAY, TICKS_PER_SECOND)
    if letter in "Hhms":
        hours = seconds // 3600
        number = {"H": hours, "h": hours % 12 or 12, "m": seconds // 60 % 60, "s": seconds % 60}[letter]
        return f"{number:0{min(width, 2)}}"
    if letter in "fF" and width <= 7:
        digits = f"{fraction:07}"[:width]
        return "" if letter == "F" and not digits.strip("0") else digits
    if letter == "t":
        half = "AM" if seconds < 43_200 else "PM"
        return half[: min(width, 2)]
    return run


def _format_timespan(ticks: Any, pattern: str) -> str:
    if ticks is None:
        return ""
    size = abs(ticks)
    parts = [_of_span(run, size) for run in _runs(pattern)]
    return cut(("-" if ticks < 0 else "") + "".join(parts))


def _of_span(run: str, ticks: int) -> str:
    if run[0] == "d":
        return f"{ticks // TICKS_PER_DAY:0{min(len(run), 8)}}"
    if run[0] in "hH":
        return f"{ticks // (3600 * TICKS_PER_SECOND) % 24:0{min(len(run), 2)}}"
    return _of_clock(run, ticks) if run[0] in "msfF" else run


# --- the name of a type


def _get_type(types: tuple[Type, ...], result: Type) -> Compute:
    """The name of the type; of a dynamic value what it holds."""
    del result
    (one,) = types
    if not one.dynamic:
        return lambda value: one.name
    return _dynamic_type


def _dynamic_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "long"
    names = {str: "string", float: "double", dict: "dictionary", list: "array"}
    return names.get(type(value), "null")


FUNCTIONS: dict[str, Maker] = {
    "format_datetime": plain(_format_datetime),
    "format_timespan": plain(_format_timespan),
    "gettype": _get_type,
}
