"""Cells of S2 that cover a region or lines, all of one level.

From the six faces down, a cell is divided while an edge comes near it; without one it lies inside or outside as a
whole. A cell that is only touched counts, and so does one that is closer than a radius.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lockgate.kql.functions.geography.sphere import cells
from lockgate.kql.functions.geography.sphere.points import Edge
from lockgate.kql.functions.geography.sphere.rings import Region

if TYPE_CHECKING:
    import numpy

    Matrix: TypeAlias = numpy.ndarray[Any, numpy.dtype[Any]]

_TOUCH = 1e-14
"""Radians within which an edge touches a cell."""
_MOST_VISITS = 400_000


def covering(
    edges: Sequence[Edge], region: Region | None, level: int, *, radius: float = 0.0, most: int = 65_536
) -> list[int] | None:
    """The cells that edges come near to or that lie in the region, in order; ``None`` when there are more than
    ``most``. ``radius`` is in radians."""
    near = _Near(edges, max(radius, _TOUCH))
    found: list[int] = []
    pending = [(cell, near.all) for cell in cells.faces()]
    visits = 0
    while pending:
        cell, close = pending.pop()
        visits += 1
        close = near.to(cell, close)
        if not len(close):
            if region is not None and region.contains(cells.centre(cell)):
                if len(found) + 4 ** (level - cells.level_of(cell)) > most:
                    return None
                found += _within(cell, level)
            continue
        if cells.level_of(cell) == level:
            found.append(cell)
        else:
            pending += [(child, close) for child in cells.children(cell)]
        if len(found) > most or visits > _MOST_VISITS:
            return None
    return sorted(found)


def _within(cell: int, level: int) -> list[int]:
    """Its descendants of a level."""
    found = [cell]
    for _ in range(level - cells.level_of(cell)):
        found = [child for one in found for child in cells.children(one)]
    return found


class _Near:
    """Which edges come near a cell."""

    def __init__(self, edges: Sequence[Edge], radius: float) -> None:
        import numpy

        self._radius = radius
        self._starts = numpy.array([a for a, _ in edges])
        self._stops = numpy.array([b for _, b in edges])
        self._normals = _units(numpy.cross(self._starts + self._stops, self._stops - self._starts))
        self._leaves = numpy.array([cells.cell_at(a, cells.DEEPEST) for a, _ in edges], dtype=numpy.uint64)
        self._ends = numpy.array([cells.cell_at(b, cells.DEEPEST) for _, b in edges], dtype=numpy.uint64)
        self.all = numpy.arange(len(edges))

    def to(self, cell: int, among: Matrix) -> Matrix:
        """The places of those edges ``among`` which are close to a cell."""
        import numpy

        size = cell & -cell
        low, high = numpy.uint64(cell - size + 1), numpy.uint64(cell + size - 1)
        found = (self._leaves[among] >= low) & (self._leaves[among] <= high)
        found |= (self._ends[among] >= low) & (self._ends[among] <= high)
        corners = numpy.array(cells.corners(cell))
        for i in range(4):
            rest = numpy.flatnonzero(~found)
            if not len(rest):
                break
            found[rest] = self._meets(among[rest], corners[i], corners[(i + 1) % 4])
        close: Matrix = among[found]
        return close

    def _meets(self, among: Matrix, c: Matrix, d: Matrix) -> Matrix:
        """Whether edges cross the edge cd or come closer to it than the radius."""
        import numpy

        a, b, normals = self._starts[among], self._stops[among], self._normals[among]
        own = _units(numpy.cross(c + d, d - c)[None, :])[0]
        crossed = (normals @ c) * (normals @ d) <= 0
        crossed &= (a @ own) * (b @ own) <= 0
        at = numpy.cross(normals, own)
        at *= numpy.sign((at * (a + b)).sum(axis=1))[:, None]
        crossed &= at @ (c + d) > 0
        closest = numpy.minimum(_distance(a, c, d, own), _distance(b, c, d, own))
        closest = numpy.minimum(closest, _distance_to(a, b, normals, c))
        closest = numpy.minimum(closest, _distance_to(a, b, normals, d))
        found: Matrix = crossed | (closest <= self._radius)
        return found


def _units(vectors: Matrix) -> Matrix:
    import numpy

    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    found: Matrix = vectors / numpy.where(lengths > 0, lengths, 1.0)
    return found


def _chord(a: Matrix, b: Matrix) -> Matrix:
    """Angles between unit vectors."""
    import numpy

    found: Matrix = 2 * numpy.arcsin(numpy.minimum(numpy.linalg.norm(a - b, axis=-1) / 2, 1.0))
    return found


def _distance(points: Matrix, c: Matrix, d: Matrix, normal: Matrix) -> Matrix:
    """Angles between points and one edge."""
    import numpy

    beside = (points @ numpy.cross(normal, c) >= 0) & (points @ numpy.cross(d, normal) >= 0)
    ends = numpy.minimum(_chord(points, c), _chord(points, d))
    found: Matrix = numpy.where(beside, numpy.arcsin(numpy.minimum(numpy.abs(points @ normal), 1.0)), ends)
    return found


def _distance_to(a: Matrix, b: Matrix, normals: Matrix, point: Matrix) -> Matrix:
    """Angles between edges and one point."""
    import numpy

    beside = (numpy.cross(normals, a) @ point >= 0) & (numpy.cross(b, normals) @ point >= 0)
    ends = numpy.minimum(_chord(a, point), _chord(b, point))
    found: Matrix = numpy.where(beside, numpy.arcsin(numpy.minimum(numpy.abs(normals @ point), 1.0)), ends)
    return found
