"""Plugins that find the polygon a point lies in or the line it is near: ``geo_polygon_lookup``, ``geo_line_lookup``.

Whether a polygon holds a point and how far a shape is, the functions of geography say; here only the shapes that can
come into question are asked, those whose surrounding circle comes near enough. Hints for the join change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.functions import find as function
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import bounded, column, nothing
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.types import BOOL, DYNAMIC, REAL

if TYPE_CHECKING:
    import numpy

    from lockgate.kql.functions.geography.shapes import Shape
    from lockgate.kql.functions.geography.sphere.points import Point

MAX_ROWS = 20_000_000
"""Most rows of a lookup."""
_SLACK = 1e-9
"""Radians by which a surrounding circle is made larger than it needs to be."""
Test = Callable[[object, object, object], bool]


def _lookup(key: str, kind: str, test: Callable[[float | None], Test]) -> Run:
    def run(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
        from lockgate.kql.functions.geography import shapes

        read = shapes.lines if kind == "line" else shapes.polygons
        given = Arguments(step, frames, context)
        if len(given.tables) != 1:
            raise EvaluationError(f"'{given.name}' needs a table to look into.")
        frame, table = given.frame, given.tables[0]
        radius = _radius(given)
        # The step's columns are those of the rows and of the table, whose key is left out unless it is asked for.
        places = _taken(given, table, key, len(columns_of(step)) - len(frame.columns))
        points = list(zip(given.column("source_longitude"), given.column("source_latitude"), strict=True))
        found = _matches(points, column(given.value(key), table, context), read, radius, test(radius))
        blank = tuple(nothing(table.columns[i].type) for i in places)
        unmatched = given.constant("return_unmatched", False) is True
        others = [tuple(table.data[k][i] for k in places) for i in range(table.height)]
        rows: list[tuple[object, ...]] = []
        for row, matches in zip(frame.rows(), found, strict=True):
            rows += [(*row, *others[i]) for i in matches]
            if not matches and unmatched:
                rows.append((*row, *blank))
            bounded(len(rows), MAX_ROWS, "rows of the lookup")
        return framed(columns_of(step), rows)

    return run


def _radius(given: Arguments) -> float | None:
    from lockgate.kql.functions.geography import shapes

    found = given.constant("radius")
    if found is None:
        return None
    radius = shapes.number(found)
    if radius is None or radius < 0:
        raise EvaluationError(f"The radius of '{given.name}' must be a number of metres that is not negative.")
    return radius


def _taken(given: Arguments, table: Frame, key: str, count: int) -> list[int]:
    every = list(range(len(table.columns)))
    if count == len(every):
        return every
    used = given.value(key)
    name = used.column.name.lower() if isinstance(used, bound.Use) else ""
    return [i for i in every if table.columns[i].name.lower() != name]


def _matches(
    points: list[tuple[object, object]],
    values: list[object],
    read: Callable[[object], Shape | None],
    radius: float | None,
    test: Test,
) -> list[list[int]]:
    """For each point the places of the shapes that match."""
    import numpy

    from lockgate.kql.functions.geography import shapes
    from lockgate.kql.functions.geography.sphere.points import RADIUS

    spots = [shapes.spot(x, y) for x, y in points]
    vectors = numpy.array([one or (0.0, 0.0, 0.0) for one in spots]).reshape(-1, 3)
    found: list[list[int]] = [[] for _ in points]
    for j, value in enumerate(values):
        shape = read(value)
        if shape is None:
            continue
        for i in _near(vectors, shape, (radius or 0.0) / RADIUS).tolist():
            x, y = points[i]
            if spots[i] is not None and test(x, y, value):
                found[i].append(j)
    return found


def _near(vectors: numpy.ndarray[Any, Any], shape: Shape, reach: float) -> numpy.ndarray[Any, Any]:
    """The places of the points that lie in the circle around a shape, made larger by a reach in radians."""
    import numpy

    centre, size = _circle(shape)
    limit = size + reach + _SLACK
    if limit >= numpy.pi / 2:
        return numpy.arange(len(vectors))
    return numpy.flatnonzero(vectors @ numpy.array(centre) >= numpy.cos(limit))


def _circle(shape: Shape) -> tuple[Point, float]:
    """A middle and how far the shape goes from it; half around the earth when it goes beyond a quarter."""
    from lockgate.kql.functions.geography.sphere.points import angle, unit

    every = [one for path in (*shape.lines, *(ring for rings in shape.polygons for ring in rings)) for one in path]
    middle = unit((sum(one[0] for one in every), sum(one[1] for one in every), sum(one[2] for one in every)))
    size = max(angle(middle, one) for one in every) if any(middle) else 4.0
    # Within a quarter of the way around, the edges and the inside of a shape lie in the circle of its points.
    return middle, size if size < 1.5 else 4.0


def _compute(name: str) -> Callable[..., Any]:
    maker = function(name)
    assert maker is not None
    return maker((REAL, REAL, DYNAMIC), BOOL)


def _in_polygon(radius: float | None) -> Test:
    if radius is None:
        inside = _compute("geo_point_in_polygon")
        return lambda x, y, value: inside(x, y, value) is True
    return _within(radius, "geo_distance_point_to_polygon")


def _near_line(radius: float | None) -> Test:
    return _within(radius or 0.0, "geo_distance_point_to_line")


def _within(radius: float, name: str) -> Test:
    measure = _compute(name)

    def test(x: object, y: object, value: object) -> bool:
        metres = measure(x, y, value)
        return metres is not None and metres <= radius

    return test


PLUGINS: dict[str, Run] = {
    "geo_polygon_lookup": _lookup("lookup_polygon_key", "polygon", _in_polygon),
    "geo_line_lookup": _lookup("lookup_line_key", "line", _near_line),
}
