"""Plugins whose columns come from the data: ``bag_unpack``, ``pivot``; and ``narrow``, which does the opposite.

New columns come after those of the input, in the order of their names. A column of ``bag_unpack`` has the type of its
values when they have one (whole and other numbers together are reals), else it is dynamic.
"""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.projection import UniqueNames
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import (
    MAX_CELLS,
    aggregate,
    bounded,
    column,
    grouped,
    keyed,
)  # fmt: skip
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.text import text_of
from lockgate.kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, Column, Type, single

MAX_COLUMNS = 10_000
"""Most columns that data may make."""
_CONFLICTS = ("error", "replace_source", "keep_source")


def bag_unpack(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """A column for each key of a column of bags."""
    given = Arguments(step, frames, context)
    frame = given.frame
    prefix, conflict = given.constant("column_prefix", ""), given.constant("columns_conflict", "error")
    ignored = given.constant("ignored_properties", [])
    if not isinstance(prefix, str) or conflict not in _CONFLICTS or not isinstance(ignored, list):
        raise EvaluationError("bag_unpack takes a prefix, what to do with columns of one name, and names to pass over.")
    bags = [one if isinstance(one, dict) else {} for one in given.column("column")]
    keys: dict[str, None] = {}
    for bag in bags:
        keys.update(dict.fromkeys(bag))
    names = sorted(one for one in keys if one not in ignored)
    bounded(len(names), MAX_COLUMNS, "columns in the bags")
    bounded(len(names) * frame.height, MAX_CELLS, "values in the bags")
    own = given.value("column")
    source = own.column if isinstance(own, bound.Use) else None
    kept = {one.name: (one, data) for one, data in zip(frame.columns, frame.data, strict=True) if one is not source}
    schema = step.syntax.schema if isinstance(step.syntax, s.Evaluate) else None
    declared = {one.name.text for one in schema.columns} if schema is not None else None
    made: dict[str, tuple[Column, list[object]]] = {}
    for name in names:
        shown = f"{prefix}{name}"
        if declared is not None and shown not in declared:
            continue
        if shown in kept:
            if conflict == "error":
                raise EvaluationError(f"bag_unpack makes a column '{shown}', which is there already.")
            if conflict == "keep_source":
                continue
        values = [bag.get(name) for bag in bags]
        type_, values = _typed(values)
        made[shown] = (Column(shown, type_), values)
    shown_columns = [*((made.pop(name) if name in made else one) for name, one in kept.items()), *made.values()]
    return Frame(tuple(one for one, _ in shown_columns), tuple(data for _, data in shown_columns))


def _typed(values: list[object]) -> tuple[Type, list[object]]:
    """The type of the values of one key, and the values in it."""
    kinds = {type(one) for one in values if one is not None}
    if kinds == {int, float}:
        return REAL, [None if one is None else float(one) for one in values]  # type: ignore[arg-type]
    if len(kinds) == 1:
        (kind,) = kinds
        if kind is str:
            return STRING, ["" if one is None else one for one in values]
        if kind is int and any(isinstance(one, int) and not -(2**63) <= one < 2**63 for one in values):
            return DYNAMIC, values
        return {bool: BOOL, int: LONG, float: REAL}.get(kind, DYNAMIC), values
    return DYNAMIC, values


def pivot(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """A column for each value of a column, with an aggregate of the rows that have it."""
    given = Arguments(step, frames, context)
    frame = given.frame
    if not frame.columns:
        raise EvaluationError("pivot needs rows with columns.")
    write = text_of(given.type("pivot_column"))
    labels = [write(one) for one in given.column("pivot_column")]
    names = sorted(dict.fromkeys(labels))
    bounded(len(names), MAX_COLUMNS, "different values to make columns of")
    groups = [one for one in columns_of(step) if one in frame.columns]
    data = [column(bound.Use(one, one.type), frame, context) for one in groups]
    rows = grouped(keyed(data, [single(one.type) for one in groups], frame.height))
    bounded(len(rows) * len(names), MAX_CELLS, "values in the result")
    written = given.values.get("aggregate_function")
    compute = aggregate(written[0], frame, context) if written else len
    type_ = LONG if not written else _first(written[0])
    unique = UniqueNames(one.name for one in groups)
    columns = [*groups, *(Column(unique.take(one or "Column1"), type_) for one in names)]
    found: list[tuple[object, ...]] = []
    for members in rows.values():
        cells: dict[str, list[int]] = {one: [] for one in names}
        for i in members:
            cells[labels[i]].append(i)
        found.append((*(one[members[0]] for one in data), *(compute(one) for one in cells.values())))
    return framed(tuple(columns), found)


def _first(value: bound.Value) -> Type:
    columns: list[Column] = getattr(value.type, "columns", [])
    return columns[0].type if columns else single(value.type)


def narrow(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """A row for each value: the number of its row, from 0, its column and its text."""
    given = Arguments(step, frames, context)
    frame = given.frame
    bounded(frame.height * len(frame.columns), MAX_CELLS, "values")
    writers = [(one.name, text_of(single(one.type)), data) for one, data in zip(frame.columns, frame.data, strict=True)]
    rows = [(i, name, write(data[i])) for i in range(frame.height) for name, write, data in writers]
    return framed(columns_of(step), list(rows))


def preview(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """The first rows. The service gives a second table with their number, which ``count`` tells here."""
    given = Arguments(step, frames, context)
    count = given.number("number_of_rows")
    return framed(given.frame.columns, given.frame.rows()[: max(0, int(count))])


def same(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """The rows as they are."""
    return Arguments(step, frames, context).frame


def rows_counted(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """How many rows there are; the service estimates it."""
    return framed(columns_of(step), [(Arguments(step, frames, context).frame.height,)])


PLUGINS: dict[str, Run] = {
    "bag_unpack": bag_unpack,
    "pivot": pivot,
    "narrow": narrow,
    "preview": preview,
    "identity": same,
    "identity_v3": same,
    "estimate_rows_count": rows_counted,
}
