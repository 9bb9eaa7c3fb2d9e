"""Closed rings of edges: which points they hold, their area, centroid and length.

A ring is a list of different points, its inside to the left of its edges. Floats settle nearly every edge at once; what
they leave open goes through the exact predicates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from lockgate.kql.functions.geography.sphere.points import (
    ORIGIN,
    Edge,
    Point,
    across,
    add,
    angle,
    closest,
    cross,
    dot,
    scale,
)
from lockgate.kql.functions.geography.sphere.predicates import ERROR, crosses, crosses_or_touches, in_order

if TYPE_CHECKING:
    import numpy

    Matrix: TypeAlias = numpy.ndarray[Any, numpy.dtype[Any]]

Ring: TypeAlias = list[Point]
_CLOSE = 1e-14
"""Radians beside an edge within which rounding may put a point on either side of it."""
_MOST_TRIED = 32
"""Points of a ring that are looked at for one that tells which side is inside."""
_AT_ONCE = 1_000_000
"""Most pairs of edges that are compared in one step."""


def edges_of(ring: Sequence[Point]) -> list[Edge]:
    """The edges, the last one back to the start."""
    return [(ring[i - 1], ring[i]) for i in range(1, len(ring))] + [(ring[-1], ring[0])]


class Region:
    """Rings that bound one region, shells and holes: a point is inside when it is enclosed by an odd number of them."""

    __slots__ = ("_inside", "_normals", "_starts", "_stops", "edges", "rings", "vertices")

    def __init__(self, rings: Sequence[Ring]) -> None:
        import numpy

        self.rings = list(rings)
        self.edges = [edge for ring in self.rings for edge in edges_of(ring)]
        self.vertices = frozenset(point for ring in self.rings for point in ring)
        self._starts = numpy.array([a for a, _ in self.edges]).reshape(-1, 3)
        self._stops = numpy.array([b for _, b in self.edges]).reshape(-1, 3)
        self._normals = numpy.cross(self._starts, self._stops)
        self._inside = False
        inside = False
        for ring in self.rings:
            # At one of its points a ring tells by itself whether it holds that point: this fixes the origin's side.
            at = _telling(ring)
            a, b, c = ring[at - 1], ring[at], ring[(at + 1) % len(ring)]
            holds = not in_order(across(b), c, a, b)
            crossed = sum(crosses_or_touches(ORIGIN, b, *edge) for edge in edges_of(ring)) % 2 == 1
            inside ^= holds ^ crossed ^ (area(ring) < 0)
        self._inside = inside

    def contains(self, one: Point) -> bool:
        """Whether the region holds a point; of its own points it holds those that exactly one of its sides is given."""
        return self._inside ^ (self._crossings(ORIGIN, one) % 2 == 1)

    def holds(self, one: Point) -> bool:
        """The same with all of its own points inside."""
        return one in self.vertices or self.contains(one)

    def _crossings(self, a: Point, b: Point) -> int:
        import numpy

        if not self.edges:
            return 0
        ends = numpy.array([a, b])
        sides = self._normals @ ends.T
        own = numpy.array(cross(a, b))
        starts, stops = self._starts @ own, self._stops @ own
        apart = ((sides[:, 0] > ERROR) & (sides[:, 1] > ERROR)) | ((sides[:, 0] < -ERROR) & (sides[:, 1] < -ERROR))
        apart |= ((starts > ERROR) & (stops > ERROR)) | ((starts < -ERROR) & (stops < -ERROR))
        return sum(crosses_or_touches(a, b, *self.edges[i]) for i in numpy.flatnonzero(~apart).tolist())

    def distance(self, one: Point) -> float:
        """The angle to the closest point of the boundary."""
        return angle(one, self.closest(one))

    def closest(self, one: Point) -> Point:
        """The closest point of the boundary."""
        return min((closest(one, a, b) for a, b in self.edges), key=lambda other: angle(one, other))


def _telling(ring: Ring) -> int:
    """The place of a point by which no other edge passes so closely that rounding decides its side: the second one,
    but for rings that touch themselves."""
    import numpy

    starts = numpy.array(ring)
    stops = numpy.roll(starts, -1, axis=0)
    normals = numpy.cross(starts, stops)
    lengths = numpy.linalg.norm(normals, axis=1)
    spans = numpy.einsum("ij,ij->i", starts, stops)
    for at in range(1, min(len(ring), _MOST_TRIED)):
        one = starts[at]
        beside = (starts @ one >= spans) & (stops @ one >= spans) & (abs(normals @ one) <= _CLOSE * lengths)
        beside[[at - 1, at]] = False
        if not beside.any():
            return at
    return 1


def crossing_pairs(first: Sequence[Edge], second: Sequence[Edge]) -> list[tuple[int, int]]:
    """The places of edges in ``first`` and in ``second`` that cross at a point inside of both."""
    import numpy

    if not first or not second:
        return []
    c, d = (numpy.array([edge[k] for edge in second]) for k in (0, 1))
    found: list[tuple[int, int]] = []
    rows = max(_AT_ONCE // len(second), 1)
    other_normals = numpy.cross(c, d)
    for start in range(0, len(first), rows):
        part = first[start : start + rows]
        a, b = (numpy.array([edge[k] for edge in part]) for k in (0, 1))
        normals = numpy.cross(a, b)
        apart = _one_side(normals @ c.T, normals @ d.T) | _one_side((other_normals @ a.T).T, (other_normals @ b.T).T)
        for i, j in numpy.argwhere(~apart).tolist():
            if crosses(*part[i], *second[j]):
                found.append((start + i, j))
    return found


def _one_side(one: Matrix, two: Matrix) -> Matrix:
    both: Matrix = ((one > ERROR) & (two > ERROR)) | ((one < -ERROR) & (two < -ERROR))
    return both


def area(ring: Ring) -> float:
    """The area to the left, in steradians: negative when the smaller side is to the right."""
    total = math.fsum(_triangle(ring[0], b, c) for b, c in pairwise(ring[1:]))
    return math.remainder(total, 4 * math.pi)


def _triangle(a: Point, b: Point, c: Point) -> float:
    return 2 * math.atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a))


def normalized(ring: Ring) -> Ring:
    """The ring with the smaller of its sides inside."""
    return ring if area(ring) >= 0 else ring[::-1]


def perimeter(ring: Ring) -> float:
    """The length of its edges, in radians."""
    return math.fsum(angle(a, b) for a, b in edges_of(ring))


def centroid(ring: Ring) -> Point:
    """The middle of its surface, times its area: exact for the sphere, the sum of triangles."""
    total = (0.0, 0.0, 0.0)
    for b, c in pairwise(ring[1:]):
        total = add(total, _triangle_centroid(ring[0], b, c))
    return total


def _triangle_centroid(a: Point, b: Point, c: Point) -> Point:
    """The integral of the position over the triangle (Brock, "The inertia tensor for a spherical triangle", 1974)."""
    first, second, third = (_arc_over_sine(angle(*pair)) for pair in ((b, c), (c, a), (a, b)))
    x, y, z = ((a[k], b[k] - a[k], c[k] - a[k]) for k in range(3))
    weights = (first, second - first, third - first)
    return scale((dot(cross(y, z), weights), dot(cross(z, x), weights), dot(cross(x, y), weights)), 0.5)


def _arc_over_sine(arc: float) -> float:
    return arc / math.sin(arc) if math.sin(arc) else 1.0


def edge_centroid(a: Point, b: Point) -> Point:
    """The middle of an edge times its length."""
    both = add(a, b)
    apart = (a[0] - b[0], a[1] - b[1], a[2] - b[2])
    cosine = dot(both, both)
    return scale(both, math.sqrt(dot(apart, apart) / cosine)) if cosine else (0.0, 0.0, 0.0)
