"""GeoJSON in and out: lines and polygons as lists of points on the sphere.

A shape that does not keep the rules of the documentation (a coordinate out of range, a line of one point, a ring that
is open, meets itself or has equal points) is none: functions give null for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lockgate.kql.functions.geography.sphere.points import Point, degrees, dot, point
from lockgate.kql.functions.geography.sphere.rings import Region, Ring, crossing_pairs, edges_of, normalized

MOST_POINTS = 200_000
"""Most points of one shape; a larger one is none."""
_PLACES = 13
"""Digits of a degree that tell points apart: a hundredth of a micrometre."""
MOST_SHAPES = 100_000
"""Most shapes of one array."""
MOST_PAIRS = 400_000_000
"""Most pairs of edges that may be looked at for one result."""
Line = list[Point]
Polygon = list[Ring]
Names = dict[Point, tuple[float, float]]


class Shape:
    """Lines or polygons, with the degrees that their points were written with."""

    __slots__ = ("_regions", "lines", "names", "polygons")

    def __init__(self, lines: list[Line], polygons: list[Polygon], names: Names) -> None:
        self.lines, self.polygons, self.names = lines, polygons, names
        self._regions: list[Region] | None = None

    @property
    def regions(self) -> list[Region]:
        """Each polygon as a region."""
        if self._regions is None:
            self._regions = [Region(rings) for rings in self.polygons]
        return self._regions


def number(value: object) -> float | None:
    """A finite number, or ``None``."""
    if isinstance(value, bool) or value is None or isinstance(value, str | list | dict):
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def place(longitude: object, latitude: object) -> tuple[float, float] | None:
    """Degrees that are a place on earth."""
    x, y = number(longitude), number(latitude)
    return (x, y) if x is not None and y is not None and abs(x) <= 180 and abs(y) <= 90 else None


def spot(longitude: object, latitude: object) -> Point | None:
    """The point there."""
    found = place(longitude, latitude)
    return None if found is None else point(*found)


def _path(value: object, names: Names, least: int) -> Line | None:
    if not isinstance(value, list) or not least <= len(value) <= MOST_POINTS:
        return None
    line: Line = []
    for one in value:
        found = place(one[0], one[1]) if isinstance(one, list) and len(one) >= 2 else None
        if found is None or len(names) > MOST_POINTS:
            return None
        added = point(*found)
        names.setdefault(added, found)
        if line and dot(line[-1], added) < -1 + 1e-15:
            return None
        line.append(added)
    return line


def lines(value: object) -> Shape | None:
    """A LineString or MultiLineString."""
    parts, names = _parts(value, "LineString"), Names()
    found = [_path(one, names, 2) for one in parts or ()]
    kept = [_without_repeats(one) for one in found if one is not None]
    if not kept or len(kept) < len(found) or any(len(one) < 2 for one in kept):
        return None
    return Shape(kept, [], names)


def _without_repeats(line: Line) -> Line:
    return [one for i, one in enumerate(line) if not i or one != line[i - 1]]


def _parts(value: object, kind: str) -> list[object] | None:
    if not isinstance(value, dict):
        return None
    coordinates = value.get("coordinates")
    if value.get("type") == kind:
        return [coordinates]
    return coordinates if value.get("type") == f"Multi{kind}" and isinstance(coordinates, list) else None


def polygons(value: object) -> Shape | None:
    """A Polygon or MultiPolygon; shells with the smaller side inside, holes the other way round."""
    names = Names()
    found: list[Polygon] = []
    for part in _parts(value, "Polygon") or ():
        rings = [_ring(one, names) for one in part] if isinstance(part, list) else []
        kept = [one for one in rings if one is not None]
        if not kept or len(kept) < len(rings) or _meets_itself(kept):
            return None
        found.append([normalized(kept[0]), *(normalized(one)[::-1] for one in kept[1:])])
    return Shape([], found, names) if found else None


def _ring(value: object, names: Names) -> Ring | None:
    ring = _path(value, names, 4)
    if ring is None or ring[0] != ring[-1] or len(set(ring)) != len(ring) - 1:
        return None
    return ring[:-1]


def _meets_itself(rings: Polygon) -> bool:
    """Whether edges cross or are there twice."""
    edges = [edge for ring in rings for edge in edges_of(ring)]
    if len({frozenset(edge) for edge in edges}) < len(edges) or len(edges) ** 2 > MOST_PAIRS:
        return True
    return bool(crossing_pairs(edges, edges))


def all_of(value: object, read: Callable[[object], Shape | None]) -> list[Shape] | None:
    """The shapes of an array, when all of its elements are some."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_SHAPES:
        return None
    found = [read(one) for one in value]
    kept = [one for one in found if one is not None]
    return _merged(kept) if len(kept) == len(found) else None


def _merged(found: Sequence[Shape]) -> list[Shape]:
    """The shapes with one point for those that are as good as equal, or neighbours would not share their border."""
    known: dict[tuple[float, float], Point] = {}

    def path(shape: Shape, points: Line) -> Line:
        places = [shape.names[one] for one in points]
        merged = [
            known.setdefault((round(x, _PLACES), round(y, _PLACES)), one)
            for one, (x, y) in zip(points, places, strict=True)
        ]
        return merged if len(set(merged)) == len(set(points)) else points

    return [
        Shape([path(shape, line) for line in shape.lines],
              [[path(shape, ring) for ring in rings] for rings in shape.polygons], shape.names)
        for shape in found
    ]  # fmt: skip


def all_names(found: Sequence[Shape]) -> Names:
    """The degrees that the points of all shapes were written with."""
    names: Names = {}
    for shape in found:
        names.update(shape.names)
    return names


def remembering(read: Callable[[object], Shape | None]) -> Callable[[object], Shape | None]:
    """``read``, once for the same value in row after row."""
    last: list[tuple[object, Shape | None]] = []

    def of(value: object) -> Shape | None:
        if last and (value is last[0][0] or value == last[0][0]):
            return last[0][1]
        found = read(value)
        last[:] = [(value, found)]
        return found

    return of


def coordinate(one: Point, names: Names) -> list[float]:
    """Longitude and latitude: as they were written, where the point was; whole ones without a fraction."""
    return [int(value) if value.is_integer() else value for value in names.get(one) or degrees(one)]


def written_point(one: Point, names: Names | None = None) -> dict[str, object]:
    """A Point."""
    return {"type": "Point", "coordinates": coordinate(one, names or {})}


def _joined(kind: str, parts: list[object]) -> dict[str, object]:
    if len(parts) == 1:
        return {"type": kind, "coordinates": parts[0]}
    return {"type": f"Multi{kind}", "coordinates": parts}


def written_lines(found: Sequence[Line], names: Names) -> dict[str, object]:
    """A LineString, or several as one MultiLineString."""
    return _joined("LineString", [[coordinate(one, names) for one in line] for line in found])


def written_polygons(found: Sequence[Polygon], names: Names) -> dict[str, object]:
    """A Polygon, or several as one MultiPolygon; rings closed."""
    return _joined(
        "Polygon", [[[coordinate(one, names) for one in (*ring, ring[0])] for ring in rings] for rings in found]
    )


def collected(parts: Sequence[dict[str, object]]) -> dict[str, object]:
    """One geometry as it is; none or several as a GeometryCollection."""
    return parts[0] if len(parts) == 1 else {"type": "GeometryCollection", "geometries": list(parts)}
