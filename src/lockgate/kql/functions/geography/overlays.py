"""Unions, intersections and what is measured of polygons. Edges are geodesics.

A MultiPolygon whose polygons overlap counts as their union everywhere. Shapes that touch have the touching points and
edges in common.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from lockgate.kql.functions import Compute
from lockgate.kql.functions.geography import shapes
from lockgate.kql.functions.geography.measures import Read
from lockgate.kql.functions.geography.shapes import (
    MOST_PAIRS,
    Names,
    Polygon,
    Shape,
    collected,
    coordinate,
    written_lines,
    written_point,
    written_polygons,
)
from lockgate.kql.functions.geography.sphere import overlay, rings
from lockgate.kql.functions.geography.sphere.points import RADIUS, Edge, Point, add
from lockgate.kql.functions.geography.sphere.predicates import crossing
from lockgate.kql.functions.geography.sphere.rings import Region, crossing_pairs


def united(polygons: Sequence[Polygon]) -> list[Polygon] | None:
    """Polygons without overlaps; ``None`` when it takes too much.

    The two with the fewest points are united again and again, which is also what decides where rings begin.
    """
    import heapq

    if len(polygons) <= 1:
        return list(polygons)
    waiting = [(sum(map(len, one)), i, one) for i, one in enumerate(polygons)]
    heapq.heapify(waiting)
    turn, work = len(waiting), 0
    while len(waiting) > 1:
        (size, _, first), (other, _, second) = heapq.heappop(waiting), heapq.heappop(waiting)
        work += size * other
        if work > MOST_PAIRS:
            return None
        heapq.heappush(waiting, (size + other, turn, overlay.united(Region(first), Region(second))))
        turn += 1
    return overlay.nested(waiting[0][2])


def _surface(shape: Shape) -> list[Polygon] | None:
    return shape.polygons if len(shape.polygons) == 1 else united(shape.polygons)


def _region(shape: Shape) -> Region | None:
    if len(shape.polygons) == 1:
        return shape.regions[0]
    found = united(shape.polygons)
    return None if found is None else Region([ring for polygon in found for ring in polygon])


def area(read: Read) -> Compute:
    """Square metres."""

    def compute(polygon: object) -> object:
        shape = read(polygon)
        found = None if shape is None else _surface(shape)
        return None if found is None else math.fsum(rings.area(ring) for one in found for ring in one) * RADIUS**2

    return compute


def perimeter(read: Read) -> Compute:
    """Metres, those of holes included."""

    def compute(polygon: object) -> object:
        shape = read(polygon)
        found = None if shape is None else _surface(shape)
        return None if found is None else math.fsum(rings.perimeter(ring) for one in found for ring in one) * RADIUS

    return compute


def centroid(read: Read) -> Compute:
    """The middle of the surface."""

    def compute(polygon: object) -> object:
        shape = read(polygon)
        found = None if shape is None else _surface(shape)
        if found is None:
            return None
        total = (0.0, 0.0, 0.0)
        for one in found:
            for ring in one:
                total = add(total, rings.centroid(ring))
        return written_point(total) if any(total) else None

    return compute


def united_shapes(found: Sequence[Shape]) -> list[Polygon] | None:
    """The polygons of shapes without overlaps; ``None`` when it takes too much."""
    surfaces = [_surface(shape) for shape in found]
    polygons = [[ring for polygon in surface for ring in polygon] for surface in surfaces if surface is not None]
    if len(polygons) < len(surfaces):
        return None
    return united(polygons) if len(polygons) > 1 else surfaces[0]


def union_polygons(value: object) -> object:
    """The union of all polygons of an array."""
    found = shapes.all_of(value, shapes.polygons)
    whole = None if found is None else united_shapes(found)
    return written_polygons(whole, shapes.all_names(found)) if found and whole else None


def union_lines(value: object) -> object:
    """All lines of an array, an edge that is there twice once, joined where one ends and one begins."""
    found = shapes.all_of(value, shapes.lines)
    if found is None:
        return None
    edges: dict[frozenset[Point], Edge] = {}
    for shape in found:
        for line in shape.lines:
            for edge in pairwise(line):
                edges.setdefault(frozenset(edge), edge)
    return written_lines(overlay.chained(list(edges.values())), shapes.all_names(found))


def _edges(shape: Shape) -> list[list[Edge]]:
    return [list(pairwise(line)) for line in shape.lines]


def _points(found: Sequence[Point], names: Names) -> list[dict[str, object]]:
    if len(found) > 1:
        return [{"type": "MultiPoint", "coordinates": [coordinate(one, names) for one in found]}]
    return [written_point(one, names) for one in found]


def intersection_of_polygons(left: Read, right: Read) -> Compute:
    """What two polygons have in common."""

    def compute(first: object, second: object) -> object:
        one, two = left(first), right(second)
        if one is None or two is None:
            return None
        a, b = _region(one), _region(two)
        if a is None or b is None or len(a.edges) * len(b.edges) > MOST_PAIRS:
            return None
        found, names = overlay.met(a, b), shapes.all_names((one, two))
        parts = _points(found.points, names)
        parts += [written_lines(found.lines, names)] if found.lines else []
        return collected([*parts, *([written_polygons(overlay.nested(found.rings), names)] if found.rings else [])])

    return compute


def intersection_of_line(left: Read, right: Read) -> Compute:
    """The part of a line in a polygon."""

    def compute(line: object, polygon: object) -> object:
        one, two = left(line), right(polygon)
        region = None if two is None else _region(two)
        if one is None or two is None or region is None:
            return None
        edges = _edges(one)
        if sum(map(len, edges)) * len(region.edges) > MOST_PAIRS:
            return None
        lines, points = overlay.clipped(edges, region)
        names = shapes.all_names((one, two))
        return collected([*_points(points, names), *([written_lines(lines, names)] if lines else [])])

    return compute


def intersection_of_lines(left: Read, right: Read) -> Compute:
    """Where two lines cross or touch, and the edges that both have."""

    def compute(first: object, second: object) -> object:
        one, two = left(first), right(second)
        if one is None or two is None:
            return None
        a, b = ([edge for line in _edges(shape) for edge in line] for shape in (one, two))
        if len(a) * len(b) > MOST_PAIRS:
            return None
        known = {frozenset(edge) for edge in b}
        shared = overlay.chained(list(dict.fromkeys(edge for edge in a if frozenset(edge) in known)))
        drawn = {point for line in shared for point in line}
        ends = {point for edge in b for point in edge}
        points = dict.fromkeys(point for edge in a for point in edge if point in ends and point not in drawn)
        points.update(dict.fromkeys(crossing(a[i], b[j]) for i, j in crossing_pairs(a, b)))
        names = shapes.all_names((one, two))
        return collected([*_points(list(points), names), *([written_lines(shared, names)] if shared else [])])

    return compute


def polygons_meet(left: Read, right: Read) -> Compute:
    """Whether two polygons have a point in common."""

    def compute(first: object, second: object) -> object:
        one, two = left(first), right(second)
        if one is None or two is None:
            return None
        return any(_meet(a, b) for a in one.regions for b in two.regions)

    return compute


def _meet(a: Region, b: Region) -> bool:
    if a.vertices & b.vertices or b.contains(a.edges[0][0]) or a.contains(b.edges[0][0]):
        return True
    return bool(crossing_pairs(a.edges, b.edges))


def line_meets(left: Read, right: Read) -> Compute:
    """Whether a line and a polygon have a point in common."""

    def compute(line: object, polygon: object) -> object:
        one, two = left(line), right(polygon)
        if one is None or two is None:
            return None
        return any(
            region.holds(edges[0][0]) or any(edge[1] in region.vertices for edge in edges)
            or bool(crossing_pairs(edges, region.edges))
            for edges in _edges(one) for region in two.regions
        )  # fmt: skip

    return compute


def lines_meet(left: Read, right: Read) -> Compute:
    """Whether two lines have a point in common."""

    def compute(first: object, second: object) -> object:
        one, two = left(first), right(second)
        if one is None or two is None:
            return None
        a, b = ([edge for line in _edges(shape) for edge in line] for shape in (one, two))
        ends = {point for edge in b for point in edge}
        return any(point in ends for edge in a for point in edge) or bool(crossing_pairs(a, b))

    return compute
