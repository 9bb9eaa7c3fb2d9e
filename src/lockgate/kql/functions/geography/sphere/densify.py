"""Straight edges on a map of degrees as chains of geodesics.

From the library's edge tessellator: an edge is halved in degrees until the error that is estimated at two of its places
is within the tolerance.
"""

from __future__ import annotations

import math

from lockgate.kql.functions.geography.sphere.points import Point, angle, between, dot, point

_PLACE = 0.31215691082248315
"""Where along an edge the error is estimated, from both ends."""
_SHARE = 0.83829992569888509
"""The estimate's least part of the true error."""
_MOST_POINTS = 1_000_000
_DEEPEST = 40


def densified(
    path: list[Point], names: dict[Point, tuple[float, float]], tolerance: float, *, crossing: bool, closed: bool
) -> list[Point] | None:
    """The path with points between, whose degrees are added to ``names``; ``None`` when there would be too many.

    An edge of more than half a turn goes the other way round, over the antimeridian, unless ``crossing``.
    """
    found = [path[0]]
    for a, b in zip(path, [*path[1:], path[0]] if closed else path[1:], strict=False):
        start, stop = names[a], names[b]
        if not crossing and abs(stop[0] - start[0]) > 180:
            stop = (stop[0] + math.copysign(360, start[0] - stop[0]), stop[1])
        for longitude, latitude in _between(start, stop, tolerance * _SHARE):
            longitude = math.remainder(longitude, 360)
            one = point(longitude, latitude)
            names.setdefault(one, (longitude, latitude))
            found.append(one)
        found.append(b)
        if len(found) > _MOST_POINTS:
            return None
    return found[:-1] if closed else found


def _between(start: tuple[float, float], stop: tuple[float, float], tolerance: float) -> list[tuple[float, float]]:
    """The places to add between two, in order."""
    found: list[tuple[float, float]] = []
    pending = [(start, stop, 0)]
    while pending:
        left, right, depth = pending.pop()
        if depth < _DEEPEST and len(found) < _MOST_POINTS and _error(left, right) > tolerance:
            half = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
            pending += [(half, right, depth + 1), (left, half, depth + 1)]
        else:
            found.append(right)
    return found[:-1]


def _error(left: tuple[float, float], right: tuple[float, float]) -> float:
    a, b = point(*left), point(*right)
    if dot(a, b) < -1e-14:
        return math.inf
    return max(_apart(left, right, a, b, part) for part in (_PLACE, 1 - _PLACE))


def _apart(left: tuple[float, float], right: tuple[float, float], a: Point, b: Point, part: float) -> float:
    straight = point(left[0] + part * (right[0] - left[0]), left[1] + part * (right[1] - left[1]))
    return angle(between(a, b, part), straight)
