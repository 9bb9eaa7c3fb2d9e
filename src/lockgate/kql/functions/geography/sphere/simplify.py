"""Fewer points for lines and rings.

Of points closer together than a tolerance one stays; then chains are replaced by single edges as long as no point
between is further from the edge than the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql.functions.geography.sphere.points import Point, angle, distance_to_edge
from lockgate.kql.functions.geography.sphere.rings import Ring, area, crossing_pairs, edges_of

_LONGEST_CHAIN = 2_000


def simplified_line(line: Sequence[Point], tolerance: float) -> list[Point] | None:
    """The line from the same start to the same end; ``None`` when nothing is left of it."""
    kept = _spaced(line, tolerance)
    if kept[-1] != line[-1]:
        kept = [*(kept[:-1] if len(kept) > 1 and angle(kept[-1], line[-1]) < tolerance else kept), line[-1]]
    if len(kept) < 2 or (len(kept) == 2 and angle(kept[0], kept[1]) < tolerance):
        return None
    return _straightened(kept, tolerance)


def simplified_ring(ring: Ring, tolerance: float) -> Ring | None:
    """The ring from the same start; ``None`` when nothing is left. One that would meet itself stays as it is."""
    kept = _spaced(ring, tolerance)
    while len(kept) > 1 and angle(kept[-1], kept[0]) < tolerance:
        kept.pop()
    if len(kept) < 3:
        return None
    found = _straightened([*kept, kept[0]], tolerance)[:-1]
    if len(found) < 3:
        return None
    edges = edges_of(found)
    if len(set(found)) < len(found) or crossing_pairs(edges, edges) or (area(found) > 0) != (area(ring) > 0):
        return ring
    return found


def _spaced(points: Sequence[Point], tolerance: float) -> list[Point]:
    kept = [points[0]]
    for one in points[1:]:
        if angle(kept[-1], one) >= tolerance:
            kept.append(one)
    return kept


def _straightened(points: list[Point], tolerance: float) -> list[Point]:
    found, start = [points[0]], 0
    while start < len(points) - 1:
        stop = start + 1
        while stop < len(points) - 1 and stop - start < _LONGEST_CHAIN and _fits(points, start, stop + 1, tolerance):
            stop += 1
        found.append(points[stop])
        start = stop
    return found


def _fits(points: list[Point], start: int, stop: int, tolerance: float) -> bool:
    a, b = points[start], points[stop]
    if a == b:
        return False
    return all(distance_to_edge(points[i], a, b) <= tolerance for i in range(start + 1, stop))
