"""Distances, directions and what lies where. Metres on a sphere of 6,371,010 m, unless a spheroid is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from lockgate.kql.functions import Compute, Maker
from lockgate.kql.functions.geography import shapes
from lockgate.kql.functions.geography.shapes import Shape, number, place, spot, written_point
from lockgate.kql.functions.geography.sphere import spheroid
from lockgate.kql.functions.geography.sphere.points import RADIUS, Point, angle, closest, cross, degrees, dot, point

Read = Callable[[object], Shape | None]


def with_lines(build: Callable[[Read], Compute]) -> Maker:
    """A function that reads lines; a line that stays the same is read once."""
    return lambda types, result: build(shapes.remembering(shapes.lines))


def with_polygons(build: Callable[[Read], Compute]) -> Maker:
    """A function that reads polygons, likewise."""
    return lambda types, result: build(shapes.remembering(shapes.polygons))


def with_two(build: Callable[[Read, Read], Compute], read: Read) -> Maker:
    """A function of two shapes that are read alike."""
    return lambda types, result: build(shapes.remembering(read), shapes.remembering(read))


def with_both(build: Callable[[Read, Read], Compute]) -> Maker:
    """A function of lines and polygons."""
    return lambda types, result: build(shapes.remembering(shapes.lines), shapes.remembering(shapes.polygons))


def truth(value: object) -> bool:
    """A flag, which may be a number."""
    return bool(value) if isinstance(value, bool | int | float) else False


def distance(x: object, y: object, other_x: object, other_y: object, use_spheroid: object = False) -> object:
    """Metres between two points."""
    one, two = place(x, y), place(other_x, other_y)
    if one is None or two is None:
        return None
    if truth(use_spheroid):
        return spheroid.distance(*one, *two)
    return angle(point(*one), point(*two)) * RADIUS


def _direction(one: Point, two: Point) -> float | None:
    """Radians clockwise from north, at ``one`` towards ``two``."""
    if one == two or angle(one, two) > math.pi - 1e-12:
        return None
    east = (-one[1], one[0], 0.0)
    if not any(east):
        east = (0.0, 1.0, 0.0)
    north = cross(one, east)
    return math.atan2(dot(two, east), dot(two, north)) % (2 * math.pi)


def azimuth(x: object, y: object, other_x: object, other_y: object) -> object:
    """The direction from the first point to the second."""
    one, two = spot(x, y), spot(other_x, other_y)
    return None if one is None or two is None else _direction(one, two)


def corner(*coordinates: object) -> object:
    """The angle at the second of three points, clockwise from the first to the third."""
    found = [spot(coordinates[i], coordinates[i + 1]) for i in (0, 2, 4)]
    first, second, third = found
    if first is None or second is None or third is None:
        return None
    back, on = _direction(second, first), _direction(second, third)
    return None if back is None or on is None else (on - back) % (2 * math.pi)


def in_circle(x: object, y: object, centre_x: object, centre_y: object, radius: object) -> object:
    """Whether a point is at most ``radius`` metres from the centre."""
    reach, found = number(radius), distance(x, y, centre_x, centre_y)
    return None if reach is None or reach < 0 or not isinstance(found, float) else found <= reach


def in_polygon(read: Read) -> Compute:
    """Whether a polygon holds a point. Of polygons that share a border each of its points is in exactly one."""

    def compute(x: object, y: object, polygon: object) -> object:
        one, shape = spot(x, y), read(polygon)
        return None if one is None or shape is None else any(region.contains(one) for region in shape.regions)

    return compute


def to_line(read: Read) -> Compute:
    """Metres from a point to a line."""

    def compute(x: object, y: object, line: object) -> object:
        one, shape = spot(x, y), read(line)
        return None if one is None or shape is None else angle(one, _closest_of(one, shape)) * RADIUS

    return compute


def _closest_of(one: Point, shape: Shape) -> Point:
    found = (closest(one, a, b) for line in shape.lines for a, b in pairwise(line))
    return min(found, key=lambda other: angle(one, other))


def to_polygon(read: Read) -> Compute:
    """Metres from a point to a polygon; 0 within."""

    def compute(x: object, y: object, polygon: object) -> object:
        one, shape = spot(x, y), read(polygon)
        if one is None or shape is None:
            return None
        if any(region.holds(one) for region in shape.regions):
            return 0.0
        return min(region.distance(one) for region in shape.regions) * RADIUS

    return compute


def on_line(read: Read) -> Compute:
    """The point of a line that is closest to a point."""

    def compute(x: object, y: object, line: object) -> object:
        one, shape = spot(x, y), read(line)
        if one is None or shape is None:
            return None
        return written_point(_closest_of(one, shape), shape.names)

    return compute


def on_polygon(read: Read) -> Compute:
    """The point of a polygon that is closest to a point: within, the point itself."""

    def compute(x: object, y: object, polygon: object) -> object:
        found, shape = place(x, y), read(polygon)
        if found is None or shape is None:
            return None
        one = point(*found)
        if any(region.holds(one) for region in shape.regions):
            return written_point(one, {one: found})
        best = min((region.closest(one) for region in shape.regions), key=lambda other: angle(one, other))
        return written_point(best, shape.names)

    return compute


def locate(read: Read) -> Compute:
    """Which part of a line lies before its point that is closest to a point."""

    def compute(line: object, x: object, y: object, use_spheroid: object = False) -> object:
        one, shape = spot(x, y), read(line)
        if one is None or shape is None or len(shape.lines) > 1:
            return None
        path = shape.lines[0]
        feet = [closest(one, a, b) for a, b in pairwise(path)]
        best = min(range(len(feet)), key=lambda i: angle(one, feet[i]))
        measure = _on_spheroid if truth(use_spheroid) else angle
        lengths = [measure(a, b) for a, b in pairwise(path)]
        whole = math.fsum(lengths)
        return min(1.0, (math.fsum(lengths[:best]) + measure(path[best], feet[best])) / whole) if whole else 0.0

    return compute


def _on_spheroid(one: Point, two: Point) -> float:
    return spheroid.distance(*degrees(one), *degrees(two))
