"""Cells of H3, by the library of that name."""

from __future__ import annotations

from lockgate.kql.functions.geography.shapes import Shape, number, place

_DIGITS = frozenset("0123456789abcdefABCDEF")
_FINEST = 15
_FURTHEST = 142
_DEEPEST_CHILDREN = 5
_MOST = 61_680
"""Most cells of one polygon, as documented."""


def _cell(value: object) -> str | None:
    import h3

    if not isinstance(value, str) or not 0 < len(value) <= 16 or not _DIGITS.issuperset(value):
        return None
    return value if h3.is_valid_cell(value) else None


def _whole(value: object, least: int, most: int) -> int | None:
    found = number(value)
    return int(found) if found is not None and least <= found <= most and found == int(found) else None


def of_point(longitude: object, latitude: object, resolution: object = 6) -> str:
    """The cell around a point; empty when an argument is out of range."""
    import h3

    found, level = place(longitude, latitude), _whole(resolution, 0, _FINEST)
    return "" if found is None or level is None else str(h3.latlng_to_cell(found[1], found[0], level))


def central_point(value: object) -> object:
    """The middle as a Point."""
    import h3

    cell = _cell(value)
    if cell is None:
        return None
    latitude, longitude = h3.cell_to_latlng(cell)
    return {"type": "Point", "coordinates": [longitude, latitude]}


def polygon(value: object) -> object:
    """The cell as a Polygon."""
    import h3

    cell = _cell(value)
    if cell is None:
        return None
    corners = [[longitude, latitude] for latitude, longitude in h3.cell_to_boundary(cell)]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def _ring(cell: str, distance: int) -> list[str]:
    """The cells at a distance, as the library's spiral meets them."""
    import h3

    found = list(h3.grid_ring(cell, distance))
    return found[1:] + found[:1] if distance else found


def neighbours(value: object) -> object:
    """The cells next to it."""
    cell = _cell(value)
    return None if cell is None else _ring(cell, 1)


def rings(value: object, distance: object) -> object:
    """The cells at each distance up to the given one, which is at most 142."""
    cell, steps = _cell(value), _whole(distance, 0, _FURTHEST)
    return None if cell is None or steps is None else [_ring(cell, step) for step in range(steps + 1)]


def level(value: object) -> object:
    """Its resolution."""
    import h3

    cell = _cell(value)
    return None if cell is None else int(h3.get_resolution(cell))


def parent(value: object, *resolution: object) -> str:
    """The cell of a coarser resolution that holds it; by default the next one."""
    import h3

    cell = _cell(value)
    if cell is None:
        return ""
    own = int(h3.get_resolution(cell))
    wanted = _whole(resolution[0] if resolution else own - 1, 0, own)
    return "" if wanted is None else str(h3.cell_to_parent(cell, wanted))


def children(value: object, *resolution: object) -> object:
    """The cells of a finer resolution in it, at most five levels down; by default of the next one."""
    import h3

    cell = _cell(value)
    if cell is None:
        return None
    own = int(h3.get_resolution(cell))
    wanted = _whole(resolution[0] if resolution else own + 1, own, min(own + _DEEPEST_CHILDREN, _FINEST))
    return None if wanted is None else list(h3.cell_to_children(cell, wanted))


def covering(shape: Shape, resolution: object) -> object:
    """The cells of a resolution whose middles are in polygons with straight edges; null when there are too many."""
    import h3

    from lockgate.kql.functions.geography.shapes import coordinate
    from lockgate.kql.functions.geography.sphere.points import RADIUS
    from lockgate.kql.functions.geography.sphere.rings import area

    level = _whole(resolution, 0, _FINEST)
    if level is None:
        return None
    size = h3.average_hexagon_area(level, unit="m^2")
    if sum(area(rings[0]) for rings in shape.polygons) * RADIUS**2 > 4 * _MOST * size:
        return None
    found: dict[str, None] = {}
    for rings in shape.polygons:
        drawn = [[(y, x) for x, y in (coordinate(one, shape.names) for one in ring)] for ring in rings]
        found.update(dict.fromkeys(h3.h3shape_to_cells(h3.LatLngPoly(*drawn), level)))
        if len(found) > _MOST:
            return None
    return list(found)
