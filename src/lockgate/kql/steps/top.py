"""``sample-distinct`` and ``top-hitters``: the service answers them by estimates; here they are exact."""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql.aggregates import find
from lockgate.kql.bind.matching import underlying
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.evaluation import column, constant, grouped, keyed
from lockgate.kql.steps.ordering import by_value
from lockgate.kql.types import Table, single


def _count(value: bound.Value, context: Context) -> int:
    found = constant(value, context)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise EvaluationError("The count must be 0 or more.")
    return found


def sample_distinct(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Different values of a column, those that are seen first."""
    count, of = _count(step.values[0], context), underlying(step.values[1])
    data = column(of, frames[0], context)
    found = [data[rows[0]] for rows in grouped(keyed([data], [single(of.type)], len(data))).values()]
    assert isinstance(step.type, Table)
    return framed((step.type.columns[0],), [(one,) for one in found[:count]])


def top_hitters(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """The values that are there most often, or that have the greatest sum of a weight."""
    count, of = _count(step.values[0], context), underlying(step.values[1])
    frame = frames[0]
    data = column(of, frame, context)
    groups = list(grouped(keyed([data], [single(of.type)], len(data))).values())
    scores: list[object]
    if len(step.values) > 2:
        by = underlying(step.values[2])
        maker = find("sum")
        assert maker is not None
        compute = maker((single(by.type),), single(by.type))
        weights = column(by, frame, context)
        scores = [compute([weights[i] for i in rows]) for rows in groups]
    else:
        scores = [len(rows) for rows in groups]
    best = by_value(range(len(groups)), scores, descending=True)[:count]
    columns = tuple(one.column for one in step.made)
    return framed(columns, [(data[groups[i][0]], scores[i]) for i in best])
