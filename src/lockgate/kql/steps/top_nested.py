"""``top-nested``: the best values of a first level, within each of them those of a second, and so on."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.evaluation import (
    MAX_CELLS,
    Aggregate,
    aggregate,
    bounded,
    column,
    constant,
    grouped,
    keyed,
    nothing,
)  # fmt: skip
from lockgate.kql.steps.ordering import by_value
from lockgate.kql.types import single

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """One level, of the rows of the whole input."""

    count: int | None
    data: list[object]
    keys: list[object]
    compute: Aggregate
    descending: bool
    others: tuple[object, ...]
    """The label for what is left, in a tuple; empty when nothing is to be said of it."""
    blank: Row
    """What stands for no value and no aggregate."""


def top_nested(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Runs the operator."""
    node, (frame,) = step.syntax, frames
    assert isinstance(node, s.TopNested)
    values = list(step.values)
    levels: list[_Level] = []
    for i, one in enumerate(node.levels):
        of, by = step.made[2 * i].value, step.made[2 * i + 1].value
        assert of is not None
        assert by is not None
        count = constant(values.pop(0), context) if one.count is not None else None
        others = (constant(values.pop(0), context),) if one.others is not None else ()
        if count is not None and (not isinstance(count, int) or count < 0):
            raise EvaluationError("The count of top-nested must be 0 or more.")
        data = column(of, frame, context)
        keys = list(keyed([data], [single(underlying(of).type)], frame.height))
        descending = not (isinstance(one.by, s.Ordered) and one.by.order == "asc")
        blank = (nothing(single(underlying(of).type)), nothing(single(underlying(by).type)))
        levels.append(_Level(count, data, keys, aggregate(by, frame, context), descending, others, blank))
    columns = tuple(one.column for one in step.made)
    found: list[tuple[Row, list[int] | None, bool]] = [((), list(range(frame.height)), False)]
    for level in levels:
        found = [deeper for prefix, rows, left in found for deeper in _below(level, prefix, rows or [], left)]
        bounded(len(found) * len(columns), MAX_CELLS, "values in the result")
    return framed(columns, [row for row, _, _ in found])


def _below(level: _Level, prefix: Row, rows: list[int], left: bool) -> list[tuple[Row, list[int] | None, bool]]:
    """What one value of the level above has on this one; ``left`` says that it is what was left there."""
    if left:
        shown = (*level.others, level.compute(rows)) if level.others else level.blank
        return [((*prefix, *shown), rows, True)]
    groups = [[rows[i] for i in places] for places in grouped([level.keys[i] for i in rows]).values()]
    scores = [level.compute(one) for one in groups]
    best = by_value(range(len(groups)), scores, descending=level.descending)
    taken = best if level.count is None else best[: level.count]
    found: list[tuple[Row, list[int] | None, bool]] = [
        ((*prefix, level.data[groups[i][0]], scores[i]), groups[i], False) for i in taken
    ]
    rest = [row for i in best[len(taken) :] for row in groups[i]]
    if level.others and rest:
        found.append(((*prefix, *level.others, level.compute(sorted(rest))), sorted(rest), True))
    return found
