"""Cells that cover lines and polygons."""

from __future__ import annotations

from itertools import pairwise

from lockgate.kql.functions import Compute
from lockgate.kql.functions.geography import buffers, h3cells, s2cells, shapes
from lockgate.kql.functions.geography.lines import edges as edges_of
from lockgate.kql.functions.geography.measures import Read
from lockgate.kql.functions.geography.overlays import area as surface_of
from lockgate.kql.functions.geography.shapes import number
from lockgate.kql.functions.geography.sphere import cells
from lockgate.kql.functions.geography.sphere.covering import covering
from lockgate.kql.functions.geography.sphere.points import RADIUS, Edge, angle
from lockgate.kql.functions.geography.sphere.rings import Region, area

_FURTHEST = 20_100_000.0
"""Half around the earth, in metres: the largest radius."""


def polygon_cells(read: Read) -> Compute:
    """Tokens of the cells of a level that a polygon, enlarged by a radius in metres, has a point in."""

    def compute(polygon: object, depth: object = 11, radius: object = 0) -> object:
        shape = read(polygon)
        if shape is None:
            return None
        return _together([(region.edges, region) for region in shape.regions], depth, radius)

    return compute


def line_cells(read: Read) -> Compute:
    """The same of a line."""

    def compute(line: object, depth: object = 11, radius: object = 0) -> object:
        shape = read(line)
        if shape is None:
            return None
        return _together([(list(pairwise(path)), None) for path in shape.lines], depth, radius)

    return compute


def _together(parts: list[tuple[list[Edge], Region | None]], depth: object, radius: object) -> object:
    level, metres = s2cells.level(depth), number(radius)
    if level is None or metres is None or not 0 <= metres <= _FURTHEST:
        return None
    found: set[int] = set()
    for edges, region in parts:
        if _too_many(edges, region, level):
            return None
        some = covering(edges, region, level, radius=metres / RADIUS)
        if some is None:
            return None
        found.update(some)
    return [cells.token(one) for one in sorted(found)] if len(found) <= s2cells.MOST else None


def h3_cells(read: Read) -> Compute:
    """H3 cells whose middles are in a polygon with straight edges, which is buffered by a radius in metres first."""

    def compute(polygon: object, resolution: object = 6, radius: object = 0) -> object:
        around = number(radius)
        if around is None or around < 0:
            return None
        enlarged = buffers.polygon_buffer(read)(polygon, around) if around else polygon
        shape = shapes.polygons(enlarged) if around else read(polygon)
        return None if shape is None else h3cells.covering(shape, resolution)

    return compute


def _too_many(edges: list[Edge], region: Region | None, level: int) -> bool:
    """Whether length or surface alone tell that there are more cells than allowed."""
    width: float = s2cells.EDGE / 2.0**level
    surface = sum(map(area, region.rings)) if region is not None else 0.0
    # The largest cells are not half as large again as their average, and a line crosses one in three widths at most.
    length = sum(angle(a, b) for a, b in edges)
    return surface > 1.5 * s2cells.MOST * width**2 or length > 3 * s2cells.MOST * width


def level_of_polygon(read: Read) -> Compute:
    """A level whose cells are about a fourth as wide as the polygon's surface, were it a square."""

    def compute(polygon: object) -> object:
        size = surface_of(read)(polygon)
        return s2cells.level_of_length(size**0.5 / 4) if isinstance(size, float) and size > 0 else None

    return compute


def level_of_line(read: Read) -> Compute:
    """A level whose cells are about a fourth as wide as the line is long."""

    def compute(line: object) -> object:
        shape = read(line)
        if shape is None:
            return None
        return s2cells.level_of_length(sum(angle(a, b) for a, b in edges_of(shape)) * RADIUS / 4)

    return compute
