"""What a series is read as: numbers and nulls out of a dynamic array."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy

Number: TypeAlias = "int | float"
Numbers: TypeAlias = "list[Number | None]"
Vector: TypeAlias = "numpy.ndarray[Any, numpy.dtype[Any]]"

LONGEST = 1_048_576
"""Most elements of a series: as many as ``make_list`` gathers. A longer one is passed over (its function is null)."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_WRITTEN = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""Reals that JSON has no number for, as Kusto writes them into a dynamic value."""


def numbers(series: object) -> Numbers | None:
    """The elements of ``series``, null where one is no number; ``None`` when it is no array or too long.

    Times count as their ticks, so that arithmetic of a series of times works as it does in Kusto. What is given back is
    not to be changed: it may be ``series`` itself.
    """
    if not isinstance(series, list) or len(series) > LONGEST:
        return None
    kinds = set(map(type, series))
    if kinds <= _REALS or (kinds <= _NUMBERS and _narrow(series)):
        return series
    return [number(one) for one in series]


_REALS, _NUMBERS = {float, type(None)}, {float, int, type(None)}


def _narrow(series: Numbers) -> bool:
    """Whether all integers have 64 bits at most."""
    whole = [one for one in series if type(one) is int]
    return min(whole) >= _LEAST and max(whole) <= _MOST


def number(value: object) -> Number | None:
    """One element as a number, or ``None``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if _LEAST <= value <= _MOST else _wide(value)
    if isinstance(value, str):
        return _WRITTEN[value] if value in _WRITTEN else _ticks(value)
    return real(value)


def _wide(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _ticks(text: str) -> int | None:
    """The ticks of a time as Kusto writes it into a dynamic value (``2026-11-26T10:00:00.0000000Z``)."""
    if not 20 <= len(text) <= 28 or not text.endswith("Z") or text[10] != "T" or not text.isascii():
        return None
    try:
        found = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    digits = text[20:-1]
    if (text[19] != "." and len(text) > 20) or (digits and not digits.isdigit()):
        return None
    seconds = (found.toordinal() - 1) * 86_400 + found.hour * 3_600 + found.minute * 60 + found.second
    return seconds * 10_000_000 + int(digits.ljust(7, "0") or 0)


def real(value: object) -> float | None:
    """A number of any type as a real, or ``None``."""
    if value is None or isinstance(value, bool | str | list | dict):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return _wide(int(value))  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None


def integer(value: object, default: int) -> int:
    """An optional argument that counts something; null stands for ``default``."""
    found = real(value)
    if found is None or found != found or abs(found) > _MOST:
        return default
    return int(found)


def wrapped(value: int) -> int:
    """``value`` in 64 bits, as arithmetic of longs leaves it."""
    return value if _LEAST <= value <= _MOST else (value - _LEAST) % 2**64 + _LEAST


def whole(series: Numbers) -> bool:
    """Whether the series holds longs only."""
    kinds = set(map(type, series))
    return int in kinds and float not in kinds


def vector(series: object) -> Vector | None:
    """The elements as reals in a row; ``None`` when ``series`` is no array of numbers only, or is empty."""
    found = numbers(series)
    if not found or None in found:
        return None
    import numpy

    return numpy.array(found, dtype=float)


def listed(values: Vector) -> list[object]:
    """A row of reals as an array."""
    found: list[object] = values.tolist()
    return found
