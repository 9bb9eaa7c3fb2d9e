"""Runs queries of print, datatable, range, where, extend and project by evaluating one row after another."""

from __future__ import annotations

from lockgate.kql import Workspace, bind, bound, parse
from lockgate.kql import syntax as s
from lockgate.kql.bind.statements import Statements
from lockgate.kql.convert import converter
from lockgate.kql.row import Context, compile_predicate, compile_value
from lockgate.kql.text import moment_text, shown_text_of, span_text
from lockgate.kql.types import DATETIME, TIMESPAN, Column, Table, Type, single

_WORKSPACE = Workspace({}, {})


class NotByRowError(Exception):
    """The query has a step that needs more than one row at a time."""


def run(text: str) -> tuple[list[Column], list[tuple[object, ...]]]:
    """The columns and rows of a query."""
    result = bind(parse(text), _WORKSPACE).results[-1]
    if isinstance(result, bound.Value):
        raise NotByRowError
    return _rows(result)


def value(expression: str, context: Context | None = None) -> object:
    """What an expression is, as Python holds it."""
    result = bind(parse(f"print x = {expression}"), _WORKSPACE).results[-1]
    assert isinstance(result, bound.Step)
    (made,) = result.made
    assert made.value is not None
    return compile_value(made.value, (), context or Context(first_column=_first_column))(())


def shown(expression: str) -> str:
    """What an expression is, as Kusto shows it."""
    columns, rows = run(f"print x = {expression}")
    return shown_text_of(single(columns[0].type))(rows[0][0])


def _first_column(relation: bound.Relation) -> list[object]:
    return [row[0] for row in _rows(relation)[1]]


_CONTEXT = Context(first_column=_first_column)


def _rows(relation: bound.Relation) -> tuple[list[Column], list[tuple[object, ...]]]:
    if isinstance(relation, bound.Shared):
        return _rows(relation.relation)
    if isinstance(relation, bound.Applied):
        return _rows(relation.body)
    if isinstance(relation, bound.Written) and isinstance(relation.syntax, s.DataTable):
        return _written(relation.syntax, relation.type)
    if not isinstance(relation, bound.Step) or relation.others or not isinstance(relation.type, Table):
        raise NotByRowError
    columns, rows = _rows(relation.input) if relation.input is not None else ([], [()])
    node = relation.syntax
    if isinstance(node, s.Where):
        keep = compile_predicate(relation.values[0], columns, _CONTEXT)
        return columns, [row for row in rows if keep(row)]
    if isinstance(node, s.Range):
        return _range(relation)
    if not isinstance(node, s.Print | s.Extend | s.Project):
        raise NotByRowError
    made = {one.column: one.value for one in relation.made}
    # A column of another name without a value is a renamed one, which the bound tree tells by its place alone.
    if any(made.get(one) is None and one not in columns for one in relation.type.columns):
        raise NotByRowError
    makers = []
    for one in relation.type.columns:
        of = made.get(one)
        makers.append(compile_value(of if of is not None else bound.Use(one, one.type), columns, _CONTEXT))
    return list(relation.type.columns), [tuple(make(row) for make in makers) for row in rows]


def _range(step: bound.Step) -> tuple[list[Column], list[tuple[object, ...]]]:
    column = step.made[0].column
    first, last, by = (compile_value(one, (), _CONTEXT)(()) for one in step.values)
    rows = []
    while first <= last:
        rows.append((first,))
        first += by
    return [column], rows


def _written(node: s.DataTable, type_: Type) -> tuple[list[Column], list[tuple[object, ...]]]:
    assert isinstance(type_, Table)
    binder = Statements("", _WORKSPACE)
    width = len(type_.columns)
    found = []
    for i, one in enumerate(node.values):
        given = binder.value(one)
        column = type_.columns[i % width]
        convert = converter(single(given.type), column.type)
        read = compile_value(given, ())(())
        found.append(convert(read) if convert is not None else read)
    return list(type_.columns), [tuple(found[i : i + width]) for i in range(0, len(found), width)]


def display(type_: Type, value: object) -> str:
    """A value as the pages of the documentation show it: times with a blank, null as nothing."""
    type_ = single(type_)
    if type_ is DATETIME and value is not None:
        return moment_text(value).replace("T", " ").removesuffix("Z")
    return span_text(value) if type_ is TIMESPAN else shown_text_of(type_)(value)
