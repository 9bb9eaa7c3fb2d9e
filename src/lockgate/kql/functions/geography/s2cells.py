"""Cells of S2 as tokens."""

from __future__ import annotations

from lockgate.kql.functions.geography.shapes import number, spot, written_point
from lockgate.kql.functions.geography.sphere import cells
from lockgate.kql.functions.geography.sphere.points import degrees

_NEIGHBOURS = (6, 4, 5, 0, 2, 1, 3, 7)
"""The order of the documented example, among those below, right, above, left and at the four corners."""
MOST = 65_536
"""Most cells of one covering, as documented."""
EDGE = 1.459213746386106
"""The average length of an edge of a cell of level 0, in radians."""


def level(value: object) -> int | None:
    """A level from 0 to 30, or ``None``."""
    found = number(value)
    return int(found) if found is not None and 0 <= found <= cells.DEEPEST and found == int(found) else None


def of_point(longitude: object, latitude: object, depth: object = 11) -> str:
    """The token of the cell around a point; empty when an argument is out of range."""
    one, wanted = spot(longitude, latitude), level(depth)
    return "" if one is None or wanted is None else cells.token(cells.cell_at(one, wanted))


def _cell(text: object) -> int | None:
    return cells.from_token(text) if isinstance(text, str) else None


def central_point(text: object) -> object:
    """The middle as a Point."""
    cell = _cell(text)
    return None if cell is None else written_point(cells.centre(cell))


def polygon(text: object) -> object:
    """The cell as a Polygon."""
    cell = _cell(text)
    if cell is None:
        return None
    corners = [list(degrees(one)) for one in cells.corners(cell)]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def neighbours(text: object) -> object:
    """The cells around it, at a corner of the cube one fewer."""
    cell = _cell(text)
    if cell is None:
        return None
    found = cells.neighbours(cell)
    return [cells.token(found[i]) for i in (_NEIGHBOURS if len(found) == len(_NEIGHBOURS) else range(len(found)))]


def level_of_length(metres: object) -> object:
    """The level whose edges are closest to a length."""
    from math import log2

    from lockgate.kql.functions.geography.sphere.points import RADIUS

    found = number(metres)
    if found is None or found <= 0:
        return None
    return max(0, min(cells.DEEPEST, round(log2(EDGE * RADIUS / found))))
