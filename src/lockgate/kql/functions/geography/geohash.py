"""Geohashes: five bits a letter, taken in turn from longitude and latitude (Niemeyer 2008)."""

from __future__ import annotations

from lockgate.kql.functions.geography.shapes import number, place

_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_LONGEST = 18
_DIRECTIONS = ((-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1))
"""Steps in longitude and latitude to the neighbours, in the order of the documented example."""


def of_point(longitude: object, latitude: object, accuracy: object = 5) -> str:
    """The geohash of 1 to 18 letters; empty when an argument is out of range."""
    found, letters = place(longitude, latitude), number(accuracy)
    if found is None or letters is None or not 1 <= letters <= _LONGEST or letters != int(letters):
        return ""
    bits = 5 * int(letters)
    wide, high = bits - bits // 2, bits // 2
    column = min(int((found[0] + 180) / 360 * 2**wide), 2**wide - 1)
    row = min(int((found[1] + 90) / 180 * 2**high), 2**high - 1)
    return _text(column, row, int(letters))


def _text(column: int, row: int, letters: int) -> str:
    bits = 5 * letters
    mixed = 0
    left, low = bits - bits // 2, bits // 2
    for i in range(bits):
        if i % 2 == 0:
            left -= 1
            mixed = mixed << 1 | column >> left & 1
        else:
            low -= 1
            mixed = mixed << 1 | row >> low & 1
    return "".join(_LETTERS[mixed >> (bits - 5 * (k + 1)) & 31] for k in range(letters))


def _cell(text: object) -> tuple[int, int, int, int] | None:
    """Column and row, and how many bits each has."""
    if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST:
        return None
    if any(one not in _VALUES for one in text.lower()):
        return None
    mixed = 0
    for one in text.lower():
        mixed = mixed << 5 | _VALUES[one]
    bits = 5 * len(text)
    column = row = 0
    for i in range(bits):
        bit = mixed >> (bits - 1 - i) & 1
        if i % 2 == 0:
            column = column << 1 | bit
        else:
            row = row << 1 | bit
    return column, row, bits - bits // 2, bits // 2


def _degrees(column: float, row: float, wide: int, high: int) -> list[float]:
    found = [column / 2**wide * 360 - 180, row / 2**high * 180 - 90]
    return [int(one) if one.is_integer() else one for one in found]


def central_point(text: object) -> object:
    """The middle as a Point."""
    cell = _cell(text)
    if cell is None:
        return None
    column, row, wide, high = cell
    return {"type": "Point", "coordinates": _degrees(column + 0.5, row + 0.5, wide, high)}


def polygon(text: object) -> object:
    """The rectangle as a Polygon, from its lower left corner on."""
    cell = _cell(text)
    if cell is None:
        return None
    column, row, wide, high = cell
    corners = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return {"type": "Polygon", "coordinates": [[_degrees(column + x, row + y, wide, high) for x, y in corners]]}


def neighbours(text: object) -> object:
    """Those around it; at a pole there are fewer."""
    cell = _cell(text)
    if cell is None:
        return None
    column, row, wide, high = cell
    length = (wide + high) // 5
    return [
        _text((column + x) % 2**wide, row + y, length) for x, y in _DIRECTIONS if 0 <= row + y < 2**high
    ]  # fmt: skip
