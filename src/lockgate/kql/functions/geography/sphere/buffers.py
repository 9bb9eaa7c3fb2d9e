"""What lies within a distance of a point or an edge, as a ring of straight edges around it.

The ring holds all of it and goes beyond by no more than a tolerance: its edges touch the circle of the distance, so its
corners lie a little outside.
"""

from __future__ import annotations

import math

from lockgate.kql.functions.geography.sphere.points import (
    Point,
    across,
    add,
    angle,
    between,
    cross,
    normal,
    scale,
    unit,
)
from lockgate.kql.functions.geography.sphere.rings import Ring

FURTHEST = math.radians(80)
"""The largest radius, in radians."""
_MOST_CORNERS = 4_096


def corners(radius: float, tolerance: float) -> int | None:
    """How many corners a ring around a point needs, an even number; ``None`` when there would be too many."""
    count = 4
    while _outer(radius, count) - radius > tolerance:
        count += 2 if count < 64 else count // 16 * 2
        if count > _MOST_CORNERS:
            return None
    return count


def _outer(radius: float, count: int) -> float:
    """How far the corners lie whose edges are ``radius`` away."""
    return math.atan(math.tan(radius) / math.cos(math.pi / count))


def circle(centre: Point, radius: float, count: int) -> Ring:
    """The ring around a point, counterclockwise."""
    return _arc(centre, across(centre), _outer(radius, count), count, 0, count)


def _arc(centre: Point, ahead: Point, distance: float, count: int, first: int, last: int) -> Ring:
    """Corners counted counterclockwise from the direction ``ahead``, which is in the middle of an edge."""
    left = cross(centre, ahead)
    found = []
    for k in range(first, last):
        turn = 2 * math.pi * (k + 0.5) / count
        direction = add(scale(ahead, math.cos(turn)), scale(left, math.sin(turn)))
        found.append(unit(add(scale(centre, math.cos(distance)), scale(direction, math.sin(distance)))))
    return found


def around(a: Point, b: Point, radius: float, tolerance: float, count: int) -> list[Ring]:
    """Rings around the parts of an edge, short enough that their long sides keep the tolerance."""
    whole = angle(a, b)
    parts = 1 if whole < 1 else 4
    # The straight side of a part bulges away from the edge: it goes as far as this in its middle.
    while math.atan(math.tan(radius) / math.cos(whole / parts / 2)) > radius + tolerance:
        parts *= 2
    points = [between(a, b, k / parts) for k in range(parts + 1)]
    return [_capsule(points[k], points[k + 1], radius, count) for k in range(parts)]


def _capsule(a: Point, b: Point, radius: float, count: int) -> Ring:
    """Half a ring around each end. The corners at the sides are a quarter turn from the edge's direction."""
    side = unit(normal(a, b))
    distance = _outer(radius, count)
    # Counted from the left of the edge: the back half goes around its start, the front half around its end.
    return _arc(a, side, distance, count, 0, count // 2) + _arc(b, side, distance, count, count // 2, count)
