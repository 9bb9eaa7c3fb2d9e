"""Lines: length, middle, points on them, denser points. Edges are geodesics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from lockgate.kql.functions import Compute
from lockgate.kql.functions.geography.measures import Read, truth
from lockgate.kql.functions.geography.shapes import Line, Shape, number, written_lines, written_point, written_polygons
from lockgate.kql.functions.geography.sphere.densify import densified
from lockgate.kql.functions.geography.sphere.points import RADIUS, Edge, add, angle, between
from lockgate.kql.functions.geography.sphere.rings import edge_centroid

_LEAST_TOLERANCE, _MOST_TOLERANCE = 0.1, 10_000.0


def edges(shape: Shape) -> Iterator[Edge]:
    """The edges of all lines; one that is there twice counts once."""
    seen = set()
    for line in shape.lines:
        for a, b in pairwise(line):
            if frozenset((a, b)) not in seen:
                seen.add(frozenset((a, b)))
                yield a, b


def length(read: Read) -> Compute:
    """Metres."""

    def compute(line: object) -> object:
        shape = read(line)
        return None if shape is None else math.fsum(angle(a, b) for a, b in edges(shape)) * RADIUS

    return compute


def centroid(read: Read) -> Compute:
    """The middle of its edges, by length."""

    def compute(line: object) -> object:
        shape = read(line)
        if shape is None:
            return None
        total = (0.0, 0.0, 0.0)
        for a, b in edges(shape):
            total = add(total, edge_centroid(a, b))
        return written_point(total) if any(total) else None

    return compute


def interpolate(read: Read) -> Compute:
    """The point at a fraction of its length."""

    def compute(line: object, fraction: object) -> object:
        shape, part = read(line), number(fraction)
        if shape is None or part is None or not 0 <= part <= 1 or len(shape.lines) > 1:
            return None
        return written_point(_at(shape.lines[0], part), shape.names)

    return compute


def _at(line: Line, part: float) -> tuple[float, float, float]:
    lengths = [angle(a, b) for a, b in pairwise(line)]
    left = part * math.fsum(lengths)
    for i, one in enumerate(lengths):
        if left < one:
            return between(line[i], line[i + 1], left / one)
        left -= one
    return line[-1]


def tolerance(value: object) -> float | None:
    """Metres that densifying and simplifying may deviate: 0.1 to 10,000."""
    found = number(value)
    return found if found is not None and _LEAST_TOLERANCE <= found <= _MOST_TOLERANCE else None


def densify(read: Read) -> Compute:
    """The line with points added where its straight edges on a map leave the geodesics."""

    def compute(line: object, deviation: object = 10, preserve: object = False) -> object:
        shape, metres = read(line), tolerance(deviation)
        if shape is None or metres is None:
            return None
        return _denser(shape, [shape.lines], metres, crossing=truth(preserve), closed=False)

    return compute


def densify_polygon(read: Read) -> Compute:
    """The same for the rings of polygons, which stay in the order in which they are read."""

    def compute(polygon: object, deviation: object = 10, preserve: object = False) -> object:
        shape, metres = read(polygon), tolerance(deviation)
        if shape is None or metres is None:
            return None
        return _denser(shape, shape.polygons, metres, crossing=truth(preserve), closed=True)

    return compute


def _denser(shape: Shape, groups: list[list[Line]], metres: float, *, crossing: bool, closed: bool) -> object:
    names = dict(shape.names)
    found = []
    for group in groups:
        dense = [densified(one, names, metres / RADIUS, crossing=crossing, closed=closed) for one in group]
        kept = [one for one in dense if one is not None]
        if len(kept) < len(dense):
            return None
        found.append(kept)
    return written_polygons(found, names) if closed else written_lines(found[0], names)
