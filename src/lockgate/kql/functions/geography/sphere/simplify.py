"""Fewer points for lines and rings.

Of points closer together than a tolerance one stays; then chains are replaced by single edges as long as no point
between is further from the edge than the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lockgate.kql.functions.geography.sphere.points import Point, angle
from lockgate.kql.functions.geography.sphere.rings import Ring, area, crossing_pairs, edges_of

if TYPE_CHECKING:
    import numpy

    Matrix: TypeAlias = numpy.ndarray[Any, numpy.dtype[Any]]

_LONGEST_STEP = 4_096


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
    """Chains as single edges: each is made longer by doubling, then by halving what is left to try."""
    import numpy

    every = numpy.array(points)
    found, start, last = [points[0]], 0, len(points) - 1
    while start < last:
        fits, step = start + 1, 1
        while fits < last and _fits(every, start, min(fits + step, last), tolerance):
            fits = min(fits + step, last)
            step = min(2 * step, _LONGEST_STEP)
        while step > 1:
            step //= 2
            if fits + step <= last and _fits(every, start, fits + step, tolerance):
                fits += step
        found.append(points[fits])
        start = fits
    return found


def _fits(points: Matrix, start: int, stop: int, tolerance: float) -> bool:
    """Whether the points between are within the tolerance of an edge."""
    import numpy

    a, b, inner = points[start], points[stop], points[start + 1 : stop]
    side = numpy.cross(a + b, b - a)
    size = float(numpy.linalg.norm(side))
    if size == 0:
        return False
    side /= size
    beside = (inner @ numpy.cross(side, a) >= 0) & (inner @ numpy.cross(b, side) >= 0)
    ends = numpy.minimum(numpy.linalg.norm(inner - a, axis=1), numpy.linalg.norm(inner - b, axis=1))
    apart = numpy.where(beside, numpy.abs(inner @ side), 2 * numpy.arcsin(numpy.minimum(ends / 2, 1.0)))
    return bool((apart <= tolerance).all())
