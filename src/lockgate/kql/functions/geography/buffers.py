"""Polygons around points, lines and polygons, and simpler shapes in place of detailed ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lockgate.kql.functions import Compute
from lockgate.kql.functions.geography import shapes
from lockgate.kql.functions.geography.measures import Read
from lockgate.kql.functions.geography.overlays import united, united_shapes
from lockgate.kql.functions.geography.shapes import Names, Polygon, number, spot, written_lines, written_polygons
from lockgate.kql.functions.geography.sphere import buffers
from lockgate.kql.functions.geography.sphere.points import RADIUS, Edge
from lockgate.kql.functions.geography.sphere.rings import edges_of
from lockgate.kql.functions.geography.sphere.simplify import simplified_line, simplified_ring

_FINEST, _COARSEST = 1e-6, 0.999
"""The least and the greatest tolerance, as parts of the radius."""
_MOST_CORNERS = 100_000
_LEAST_TOLERANCE, _FURTHEST_TOLERANCE = 0.1, 7_800_000.0


def _reach(radius: object, tolerance: object) -> tuple[float, float, int] | None:
    """Radius and tolerance in radians and the corners of a circle, or ``None`` where they are out of range."""
    metres, given = number(radius), number(tolerance)
    if metres is None or given is None or metres <= 0 or metres / RADIUS > buffers.FURTHEST:
        return None
    if given < _FINEST * metres:
        return None
    around, allowed = metres / RADIUS, min(given, _COARSEST * metres) / RADIUS
    count = buffers.corners(around, allowed)
    return None if count is None else (around, allowed, count)


def point_buffer(x: object, y: object, radius: object, tolerance: object = 10) -> object:
    """The polygon that holds what is within ``radius`` metres of a point and goes beyond by at most ``tolerance``."""
    one, reach = spot(x, y), _reach(radius, tolerance)
    if one is None or reach is None:
        return None
    return written_polygons([[buffers.circle(one, reach[0], reach[2])]], {})


def _around(edges: Sequence[Edge], inner: list[Polygon], reach: tuple[float, float, int]) -> list[Polygon] | None:
    radius, allowed, count = reach
    if len(edges) * count > _MOST_CORNERS:
        return None
    parts = [[ring] for a, b in edges for ring in buffers.around(a, b, radius, allowed, count)]
    return united([*inner, *parts])


def line_buffer(read: Read) -> Compute:
    """The same around a line, with round ends."""

    def compute(line: object, radius: object, tolerance: object = 10) -> object:
        shape, reach = read(line), _reach(radius, tolerance)
        if shape is None or reach is None:
            return None
        found = _around([edge for path in shape.lines for edge in pairwise(path)], [], reach)
        return written_polygons(found, {}) if found else None

    return compute


def polygon_buffer(read: Read) -> Compute:
    """The polygon enlarged by a radius in metres."""

    def compute(polygon: object, radius: object, tolerance: object = 10) -> object:
        shape, reach = read(polygon), _reach(radius, tolerance)
        whole = None if shape is None else united_shapes([shape])
        if shape is None or reach is None or whole is None:
            return None
        inner = [[ring for one in whole for ring in one]]
        found = _around([edge for ring in inner[0] for edge in edges_of(ring)], inner, reach)
        return written_polygons(found, shape.names) if found else None

    return compute


def simplify_line(read: Read) -> Compute:
    """The line without the points that it can spare within a tolerance in metres."""

    def compute(line: object, tolerance: object = 10) -> object:
        shape, metres = read(line), number(tolerance)
        if shape is None or metres is None or not 0 <= metres <= _FURTHEST_TOLERANCE:
            return None
        found = [simplified_line(path, metres / RADIUS) for path in shape.lines]
        kept = [one for one in found if one is not None]
        return written_lines(kept, shape.names) if kept else None

    return compute


def simplify_polygon(read: Read) -> Compute:
    """The polygon likewise; one that is too small disappears."""

    def compute(polygon: object, tolerance: object = 10) -> object:
        shape, metres = read(polygon), _allowed(tolerance)
        if shape is None or metres is None:
            return None
        return _simpler(united_shapes([shape]), shape.names, metres)

    return compute


def _allowed(value: object) -> float | None:
    """A tolerance of at least 0.1 metres: larger ones than documented make shapes disappear, as an example shows."""
    found = number(value)
    return found if found is not None and _LEAST_TOLERANCE <= found <= _FURTHEST_TOLERANCE else None


def simplify_polygons(value: object, tolerance: object = 10) -> object:
    """The union of an array of polygons, simplified."""
    found, metres = shapes.all_of(value, shapes.polygons), number(tolerance)
    if found is None or metres is None or not 0 <= metres <= _FURTHEST_TOLERANCE:
        return None
    return _simpler(united_shapes(found), shapes.all_names(found), metres)


def _simpler(polygons: list[Polygon] | None, names: Names, metres: float) -> object:
    kept: list[Polygon] = []
    for one in polygons or ():
        rings = [simplified_ring(ring, metres / RADIUS) for ring in one]
        if rings[0] is not None:
            kept.append([ring for ring in rings if ring is not None])
    return written_polygons(kept, names) if kept else None
