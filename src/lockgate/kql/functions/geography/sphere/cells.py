"""Cells of S2: the sphere on six faces of a cube, each divided in four again and again, numbered along a Hilbert curve.

A cell's number has 64 bits: three for the face, two for every level, and a one where they end. Source: the developer's
guide of the S2 geometry library ("S2 Cells").
"""

from __future__ import annotations

import math

from lockgate.kql.functions.geography.sphere.points import Point, unit

DEEPEST = 30
_SIZE = 1 << DEEPEST
_SWAP, _INVERT = 1, 2
_PLACES = ((0, 1, 3, 2), (0, 2, 3, 1), (3, 2, 0, 1), (3, 1, 0, 2))
"""For each orientation, which quarter (two bits: i, j) is the n-th of the curve."""
_TURNS = (_SWAP, 0, 0, _INVERT + _SWAP)
"""How the orientation changes within the n-th quarter."""


_AXES = (
    ((1, 1), (2, 1)), ((0, -1), (2, 1)), ((0, -1), (1, -1)), ((2, 1), (1, 1)), ((2, 1), (0, -1)), ((1, -1), (0, -1)),
)  # fmt: skip
"""For each face, which coordinates run across and up in its plane, and their signs."""


def _number(place: float) -> int:
    """The column of a place between 0 and 1."""
    return min(max(math.floor(place * _SIZE), 0), _SIZE - 1)


def _place(u: float) -> float:
    """From the plane of a face, -1 to 1, to evenly sized columns, 0 to 1 (the quadratic projection)."""
    return 0.5 * math.sqrt(1 + 3 * u) if u >= 0 else 1 - 0.5 * math.sqrt(1 - 3 * u)


def _plane(s: float) -> float:
    return (1 / 3) * (4 * s * s - 1) if s >= 0.5 else (1 / 3) * (1 - 4 * (1 - s) * (1 - s))


def _face(one: Point) -> tuple[int, float, float]:
    """The face of a point and its place in the face's plane."""
    axis = max(range(3), key=lambda i: abs(one[i]))
    face = axis if one[axis] > 0 else axis + 3
    across, up = _AXES[face]
    return face, across[1] * one[across[0]] / one[axis], up[1] * one[up[0]] / one[axis]


def _vector(face: int, u: float, v: float) -> Point:
    return ((1.0, u, v), (-u, 1.0, v), (-u, -v, 1.0), (-1.0, -v, -u), (v, -1.0, -u), (v, u, -1.0))[face]


def of_columns(face: int, i: int, j: int) -> int:
    """The smallest cell at a column and a row of a face."""
    turned, number = face & _SWAP, face
    for level in range(DEEPEST - 1, -1, -1):
        quarter = ((i >> level & 1) << 1) | (j >> level & 1)
        nth = _PLACES[turned].index(quarter)
        number = number << 2 | nth
        turned ^= _TURNS[nth]
    return number << 1 | 1


def columns(cell: int) -> tuple[int, int, int]:
    """The face, column and row of the cell's first corner, in units of the smallest cells."""
    face, i, j = cell >> 61, 0, 0
    turned = face & _SWAP
    depth = level_of(cell)
    for level in range(depth):
        nth = cell >> (59 - 2 * level) & 3
        quarter = _PLACES[turned][nth]
        i, j = i << 1 | quarter >> 1, j << 1 | quarter & 1
        turned ^= _TURNS[nth]
    return face, i << (DEEPEST - depth), j << (DEEPEST - depth)


def level_of(cell: int) -> int:
    """How often the face is divided."""
    return DEEPEST - ((cell & -cell).bit_length() - 1) // 2


def parent(cell: int, level: int) -> int:
    """The cell of that level which it lies in."""
    mark = 1 << 2 * (DEEPEST - level)
    return cell & -mark | mark


def children(cell: int) -> list[int]:
    """The four cells it is divided into, in the curve's order."""
    mark = (cell & -cell) >> 2
    first = cell - 3 * mark
    return [first + 2 * k * mark for k in range(4)]


def faces() -> list[int]:
    """The six largest cells."""
    return [(face << 61) | (1 << 60) for face in range(6)]


def cell_at(one: Point, level: int) -> int:
    """The cell of that level around a point."""
    face, u, v = _face(one)
    return parent(of_columns(face, _number(_place(u)), _number(_place(v))), level)


def _bounds(cell: int) -> tuple[int, float, float, float, float]:
    face, i, j = columns(cell)
    size = 1 << (DEEPEST - level_of(cell))
    left, right, low, high = (_plane(one / _SIZE) for one in (i, i + size, j, j + size))
    return face, left, right, low, high


def corners(cell: int) -> list[Point]:
    """Its four corners, counterclockwise; its edges are geodesics."""
    face, left, right, low, high = _bounds(cell)
    return [unit(_vector(face, u, v)) for u, v in ((left, low), (right, low), (right, high), (left, high))]


def centre(cell: int) -> Point:
    """The middle of its columns and rows."""
    face, i, j = columns(cell)
    half = (1 << (DEEPEST - level_of(cell))) / 2
    return unit(_vector(face, _plane((i + half) / _SIZE), _plane((j + half) / _SIZE)))


def neighbours(cell: int) -> list[int]:
    """The cells of the same level around it: below, right, above, left, then those at its corners."""
    face, i, j = columns(cell)
    level = level_of(cell)
    size = 1 << (DEEPEST - level)
    steps = ((0, -1), (1, 0), (0, 1), (-1, 0), (-1, -1), (1, -1), (1, 1), (-1, 1))
    found: list[int] = []
    for across, up in steps:
        one = _wrapped(face, i + across * size, j + up * size, level)
        if one not in found and one != cell:
            found.append(one)
    return found


def _wrapped(face: int, i: int, j: int, level: int) -> int:
    """The cell at a column and row that may lie beyond the edge of the face."""
    half = (1 << (DEEPEST - level)) >> 1
    if 0 <= i < _SIZE and 0 <= j < _SIZE:
        return parent(of_columns(face, i, j), level)
    # Beyond the edge the plane of the face goes on a little, and the point there lies on another face.
    limit = 1 + 2**-52
    across, up = (_clamped((2 * (k + half) - _SIZE) / _SIZE, limit) for k in (i, j))
    found, u, v = _face(_vector(face, across, up))
    return parent(of_columns(found, _number(0.5 * (u + 1)), _number(0.5 * (v + 1))), level)


def _clamped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


def token(cell: int) -> str:
    """Its number in hexadecimal without the zeros at the end."""
    return f"{cell:016x}".rstrip("0") or "X"


def from_token(text: str) -> int | None:
    """The cell of a token, or ``None``."""
    if not 0 < len(text) <= 16 or not all(letter in "0123456789abcdefABCDEF" for letter in text):
        return None
    cell = int(text.ljust(16, "0"), 16)
    lowest = cell & -cell
    valid = cell >> 61 < 6 and lowest & 0x1555555555555555
    return cell if valid else None
