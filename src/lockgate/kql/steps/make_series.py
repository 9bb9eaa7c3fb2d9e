"""``make-series``: aggregates on the points of a grid, one array for each group of rows.

With ``from`` the grid begins there; else it lies on multiples of the step and begins with the first point that has
rows, for each group by itself, as it ends after the last one when ``to`` is left out. ``to`` is past the end; in the
old form, ``in range(from, to, step)``, it is the last point and the grid lies on multiples of the step. Points without
rows have the default: what is written, else 0. ``kind=nonempty`` makes a series also when there are no rows.
Source: the public documentation of the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, isfinite
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.convert import converter, to_dynamic
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.evaluation import Aggregate, aggregate, bounded, column, constant, grouped, keyed
from lockgate.kql.types import DECIMAL, NUMBERS, REAL, STRING, TIMESPAN, Column, Tuple, Type, single

MAX_POINTS = 1_048_576
"""Most points of one series."""
MAX_VALUES = 20_000_000
"""Most points of all series together."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the points are."""

    step: float
    """What lies between two of them."""
    first: float | None
    """The first one, or none that is the same for all groups."""
    last: float | None
    """What all points are below (or at, when ``inclusive``), or none that is the same for all groups."""
    inclusive: bool
    """Whether ``last`` may be a point."""
    origin: float
    """A point, from which the others are counted."""

    def place(self, value: float) -> int:
        """The number of the point whose step ``value`` lies in, counted from the origin."""
        if isinstance(value, int) and isinstance(self.step, int) and isinstance(self.origin, int):
            return (value - self.origin) // self.step
        return floor((value - self.origin) / self.step)

    def span(self, places: list[int]) -> range:
        """The points of a group that has rows at ``places``."""
        start = self.place(self.first) if self.first is not None else min(places, default=0)
        if self.last is None:
            return range(start, max(places, default=start - 1) + 1)
        end = self.place(self.last)
        inside = self.inclusive or self.origin + end * self.step < self.last
        return range(start, end + 1 if inside else end)


@dataclass(frozen=True, slots=True)
class _Series:
    """One array: how a point's value is computed and written, and what stands where there are no rows."""

    compute: Aggregate
    write: Callable[[Any], Any]
    default: object


def make_series(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Runs the operator."""
    node, (frame,) = step.syntax, frames
    assert isinstance(node, s.MakeSeries)
    axis = step.values[0]
    grid, defaults = _grid(node, step, context)
    count = len(node.groups)
    series = _series(node, step.made[count : count + len(node.series)], defaults, frame, context)
    places = _places(grid, column(axis, frame, context))
    made = [underlying(one.value) for one in step.made[:count] if one.value is not None]
    groups = [column(one, frame, context) for one in made]
    keys = keyed(groups, [single(one.type) for one in made], frame.height)
    held = [i for i, place in enumerate(places) if place is not None]
    chosen = {key: [held[i] for i in rows] for key, rows in grouped([keys[i] for i in held]).items()}
    if not chosen and not groups and any(one.name == "kind" and one.word == "nonempty" for one in node.parameters):
        chosen = {(): []}
    label = _point(grid, single(underlying(axis).type))
    rows: list[tuple[object, ...]] = []
    total = 0
    for members in chosen.values():
        points: dict[int, list[int]] = {}
        for i in members:
            points.setdefault(places[i], []).append(i)  # type: ignore[arg-type]
        span = grid.span(list(points))
        total += bounded(len(span), MAX_POINTS, "points in a series") * (len(series) + 1)
        bounded(total, MAX_VALUES, "points in all series")
        arrays = [
            [one.write(one.compute(points[place])) if place in points else one.default for place in span]
            for one in series
        ]
        rows.append((*(data[members[0]] for data in groups), *arrays, [label(place) for place in span]))
    return framed(_columns(step), rows)


def _columns(step: bound.Step) -> tuple[Column, ...]:
    return tuple(one.column for one in step.made)


def _places(grid: Grid, values: list[object]) -> list[int | None]:
    """The point of each row, or none when the row lies outside."""
    found: list[int | None] = []
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool):
            value = None if value is None or isinstance(value, bool | str | list | dict) else float(value)  # type: ignore[arg-type]
        outside = (
            value is None
            or not isfinite(value)
            or (grid.first is not None and value < grid.first)
            or (grid.last is not None and (value > grid.last or (value == grid.last and not grid.inclusive)))
        )
        found.append(None if outside else grid.place(value))  # type: ignore[arg-type]
    return found


def _grid(node: s.MakeSeries, step: bound.Step, context: Context) -> tuple[Grid, list[bound.Value]]:
    """The grid, and the values after it: the defaults that are written."""
    values = list(step.values)
    axis = single(underlying(values.pop(0)).type)
    first = _number(constant(values.pop(0), context), "from") if node.first is not None else None
    last = _number(constant(values.pop(0), context), "to") if node.last is not None else None
    width = _number(constant(values.pop(0), context), "step")
    if width <= 0 or not isfinite(width):
        raise EvaluationError("The step of make-series must be greater than 0.")
    if axis in (REAL, DECIMAL):
        width = float(width)
    origin: float = first if first is not None and not node.old else 0
    if node.old and first is not None:
        first = Grid(width, None, None, True, 0).place(first) * width
    return Grid(width, first, last, node.old, origin), values


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise EvaluationError(f"'{what}' of make-series has no value.") from None
    return value


def _point(grid: Grid, axis: Type) -> Callable[[int], object]:
    write = to_dynamic(TIMESPAN if axis is TIMESPAN else REAL if axis is DECIMAL else axis)
    return lambda place: write(grid.origin + place * grid.step)


def _series(
    node: s.MakeSeries,
    made: tuple[bound.Made, ...],
    defaults: list[bound.Value],
    frame: Frame,
    context: Context,
) -> list[_Series]:
    found: list[_Series] = []
    waiting = iter(defaults)
    for (_, written), one in zip(node.series, made, strict=True):
        assert one.value is not None
        value = underlying(one.value)
        type_ = value.type.columns[0].type if isinstance(value.type, Tuple) and value.type.columns else value.type
        default: object = 0
        if written is not None:
            given = underlying(next(waiting))
            convert = converter(single(given.type), type_) if type_ in NUMBERS else None
            default = constant(given, context)
            default = to_dynamic(type_)(convert(default) if convert is not None else default)
        elif type_ in (REAL, DECIMAL):
            default = 0.0
        elif type_ is STRING:
            default = ""
        elif type_.dynamic:
            default = None
        found.append(_Series(aggregate(value, frame, context), to_dynamic(type_), default))
    return found
