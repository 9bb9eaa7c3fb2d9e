"""Points on the unit sphere as triples of floats, and what is measured between them."""

from __future__ import annotations

import math
from typing import TypeAlias

Point: TypeAlias = tuple[float, float, float]
Edge: TypeAlias = tuple[Point, Point]

RADIUS = 6_371_010.0
"""The earth's, in metres, as Kusto's functions take it."""
ORIGIN: Point = (-0.0099994664350250197, 0.0025924542609324121, 0.99994664350250195)
"""A point that no usual point equals: where lines begin that tell inside from outside."""


def point(longitude: float, latitude: float) -> Point:
    """The point of these degrees."""
    phi, theta = math.radians(latitude), math.radians(longitude)
    cosine = math.cos(phi)
    return (math.cos(theta) * cosine, math.sin(theta) * cosine, math.sin(phi))


def degrees(one: Point) -> tuple[float, float]:
    """Longitude and latitude of a vector of any length but 0."""
    x, y, z = one
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.sqrt(x * x + y * y)))


def dot(a: Point, b: Point) -> float:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Point, b: Point) -> Point:
    """The vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def normal(a: Point, b: Point) -> Point:
    """A vector at a right angle to two points, accurate when they are close or nearly opposite. Not of length 1."""
    found = cross((b[0] + a[0], b[1] + a[1], b[2] + a[2]), (b[0] - a[0], b[1] - a[1], b[2] - a[2]))
    return found if any(found) else across(a)


def across(a: Point) -> Point:
    """Any unit vector at a right angle to ``a``, always the same one for the same point."""
    k = max(range(3), key=lambda i: abs(a[i])) - 1
    other = [0.012, 0.0053, 0.00457]
    other[k % 3] = 1.0
    return unit(cross(a, (other[0], other[1], other[2])))


def length(a: Point) -> float:
    """Its length as a vector."""
    return math.sqrt(dot(a, a))


def unit(a: Point) -> Point:
    """The same direction, of length 1."""
    size = length(a)
    return (a[0] / size, a[1] / size, a[2] / size) if size else a


def add(a: Point, b: Point) -> Point:
    """The sum."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def scale(a: Point, factor: float) -> Point:
    """The multiple."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def angle(a: Point, b: Point) -> float:
    """The angle between two vectors, in radians; accurate for small and large ones."""
    return math.atan2(length(cross(a, b)), dot(a, b))


def between(a: Point, b: Point, fraction: float) -> Point:
    """The point at a fraction of the way from ``a`` to ``b``."""
    if fraction <= 0 or a == b:
        return a
    return b if fraction >= 1 else along(a, b, fraction * angle(a, b))


def along(a: Point, b: Point, distance: float) -> Point:
    """The point at a distance, in radians, from ``a`` in the direction of ``b``."""
    tangent = unit(cross(normal(a, b), a))
    return unit(add(scale(a, math.cos(distance)), scale(tangent, math.sin(distance))))


def middle(a: Point, b: Point) -> Point:
    """The middle of the edge."""
    return unit(add(a, b))


def closest(one: Point, a: Point, b: Point) -> Point:
    """The point of the edge that is closest to ``one``."""
    if one in (a, b):
        return one
    side = normal(a, b)
    foot = add(one, scale(side, -dot(one, side) / dot(side, side)))
    if any(foot) and a != b and dot(cross(a, foot), side) > 0 and dot(cross(foot, b), side) > 0:
        return unit(foot)
    return a if _squared(one, a) <= _squared(one, b) else b


def _squared(a: Point, b: Point) -> float:
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return x * x + y * y + z * z
