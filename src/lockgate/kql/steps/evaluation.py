"""What steps evaluate: values of each row as columns, constants, groups, aggregates of a group."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from lockgate.kql import aggregates, bound
from lockgate.kql.aggregates.elements import key_of
from lockgate.kql.bind.matching import underlying
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context, Evaluate, compile_value
from lockgate.kql.steps import Frame
from lockgate.kql.types import STRING, Column, Tuple, Type, single

MAX_CELLS = 50_000_000
"""Most values of a table that a step makes."""


def constant(value: bound.Value, context: Context) -> object:
    """The value of what is the same for all rows."""
    return compile_value(value, (), context)(())


def column(value: bound.Value, frame: Frame, context: Context) -> list[object]:
    """The value of each row."""
    inner = underlying(value)
    if isinstance(inner, bound.Use):
        for own, data in zip(frame.columns, frame.data, strict=True):
            if own is inner.column:
                return data
    run = compile_value(inner, frame.columns, context)
    return [run(row) for row in frame.rows()]


def keyed(columns: Sequence[list[object]], types: Sequence[Type], height: int) -> list[Hashable]:
    """What the rows are told apart by: one key for each."""
    if not columns:
        return [()] * height
    keys = [[key_of(type_)(one) for one in data] for data, type_ in zip(columns, types, strict=True)]
    return list(zip(*keys, strict=True))


def grouped(keys: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    """The rows of each key, in the order in which keys are first seen."""
    found: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        found.setdefault(key, []).append(i)
    return found


def nothing(type_: Type) -> object:
    """What stands for no value: null, of a string the empty one."""
    return "" if single(type_) is STRING else None


def bounded(count: int, most: int, what: str) -> int:
    """``count``, when it is within bounds."""
    if count > most:
        raise EvaluationError(f"There are too many {what}: {count}, where at most {most} are possible.")
    return count


Aggregate = Callable[[Sequence[int]], object]
"""Gives the value of a group from the numbers of its rows."""


def aggregate(value: bound.Value, frame: Frame, context: Context) -> Aggregate:
    """An expression of aggregates as a function of a group's rows; of several results it gives the first."""
    inner = underlying(value)
    if isinstance(inner, bound.Call) and inner.function.kind == "aggregate":
        return _one(inner, frame, context)
    calls: list[bound.Call] = []
    _collect(inner, calls)
    runs = [_one(one, frame, context) for one in calls]
    places = {id(one): i for i, one in enumerate(calls)}

    def own(asked: bound.Value) -> Evaluate | None:
        place = places.get(id(asked))
        return None if place is None else lambda row: row[place]

    compiled = compile_value(inner, (), replace(context, own=own))
    return lambda rows: compiled(tuple(run(rows) for run in runs))


def _collect(value: bound.Value, found: list[bound.Call]) -> None:
    """The aggregates within an expression."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bound.Call) and one.function.kind == "aggregate":
            found.append(one)
        elif isinstance(one, bound.Call | bound.Operation):
            waiting += one.arguments
        elif isinstance(one, bound.Member):
            waiting += [one.value] if isinstance(one.key, str) else [one.value, one.key]
        elif isinstance(one, bound.Named):
            waiting.append(one.value)
        elif isinstance(one, bound.Inlined):
            waiting.append(one.body)
        elif isinstance(one, bound.Variable) and one.value is not None:
            waiting.append(one.value)


def _one(call: bound.Call, frame: Frame, context: Context) -> Aggregate:
    name = call.function.name
    maker = aggregates.find(name)
    if maker is None:
        raise EvaluationError(f"The aggregate '{name}' is not known here.")
    given = [one for one in call.arguments if not isinstance(one, bound.Columns)]
    compute = maker(tuple(single(underlying(one).type) for one in given), call.type)
    columns = [column(one, frame, context) for one in given]
    if name in aggregates.PICKS:
        return _picking(call, compute, columns, frame, context)
    if not columns:
        return lambda rows: compute(len(rows))
    several = isinstance(call.type, Tuple)

    def of(rows: Sequence[int]) -> object:
        found = compute(*([data[i] for i in rows] for data in columns))
        return found[0] if several and isinstance(found, tuple) and found else found

    return of


def _picking(
    call: bound.Call, compute: aggregates.Compute, columns: list[list[object]], frame: Frame, context: Context
) -> Aggregate:
    """The first result of an aggregate that chooses a row."""
    if not columns:
        columns = [list(range(frame.height))]
    taken = columns[0] if call.arguments else []
    missing = nothing(call.type.columns[0].type if isinstance(call.type, Tuple) and call.type.columns else call.type)
    del context

    def of(rows: Sequence[int]) -> object:
        place = compute(*([data[i] for i in rows] for data in columns))
        return taken[rows[place]] if isinstance(place, int) else missing

    return of


def empty(columns: Sequence[Column]) -> Frame:
    """A table without rows."""
    return Frame(tuple(columns), tuple([] for _ in columns))
