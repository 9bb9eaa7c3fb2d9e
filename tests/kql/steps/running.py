"""Runs whole queries in memory: rows through :mod:`lockgate.kql.row`, groups through the aggregates, and steps."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

from tests.corpora import CORPORA

from lockgate.kql import Workspace, bind, bound, parse
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.statements import Statements
from lockgate.kql.convert import converter
from lockgate.kql.row import Context, compile_predicate, compile_value
from lockgate.kql.steps import Frame, find, framed, sources
from lockgate.kql.steps.evaluation import column, constant, grouped, keyed
from lockgate.kql.steps.ordering import ordered
from lockgate.kql.text import moment_text, shown_text_of, span_text
from lockgate.kql.types import DATETIME, TIMESPAN, Column, Table, Tuple, Type, single

Row = tuple[object, ...]
_WORKSPACE = Workspace({}, {})


def run(text: str) -> Frame:
    """The result of a query."""
    result = bind(parse(text), _WORKSPACE).results[-1]
    assert isinstance(result, bound.Relation)
    return Runner().frame(result)


def rows(text: str) -> list[Row]:
    """The rows of a query's result."""
    return run(text).rows()


@cache
def documented() -> dict[str, tuple[str, list[list[str]]]]:
    """The documented queries by their identifiers, with the rows that are shown."""
    path = CORPORA / "kql" / "documented.jsonl"
    read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {one["id"]: (one["query"], one["rows"]) for one in read}


def shown(frame: Frame) -> list[list[str]]:
    """Rows as pages show them, in a form that spacing and trailing zeros do not change."""
    writers = [_display(one.type) for one in frame.columns]
    return [[plain(write(one)) for write, one in zip(writers, row, strict=True)] for row in frame.rows()]


def plain(text: str) -> str:
    """A cell's text without what pages vary in."""
    text = text.replace("<br>", "").strip()
    if text in ("null", "None"):
        return ""
    try:
        return f"{float(text):.12g}"
    except ValueError:
        pass
    if text[:1] in "[{":
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return text
    if len(text) >= 10 and text[4:5] == "-" and text[7:8] == "-":
        text = text.replace("T", " ").removesuffix("Z")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def _display(type_: Type) -> object:
    type_ = single(type_)
    if type_ is DATETIME:
        return lambda value: "" if value is None else moment_text(value)
    return span_text if type_ is TIMESPAN else shown_text_of(type_)


class Runner:
    """Runs relations; what is shared is run once."""

    def __init__(self) -> None:
        self.kept: dict[int, Frame] = {}
        self.given: dict[int, Frame] = {}
        self.context = Context(first_column=lambda relation: self.frame(relation).data[0])

    def frame(self, relation: bound.Relation) -> Frame:
        """The rows of a relation."""
        if id(relation) in self.given:
            return self.given[id(relation)]
        if isinstance(relation, bound.Shared):
            if id(relation) not in self.kept:
                found = self.frame(relation.relation)
                columns = relation.type.columns if isinstance(relation.type, Table) else ()
                same = len(columns) == len(found.data)
                self.kept[id(relation)] = Frame(tuple(columns), found.data) if same else found
            return self.kept[id(relation)]
        if isinstance(relation, bound.Applied):
            return self.frame(relation.body)
        if isinstance(relation, bound.Written) and isinstance(relation.syntax, s.DataTable):
            return _written(relation.syntax, relation.type)
        assert isinstance(relation, bound.Step), type(relation)
        step = find(relation)
        if step is not None:
            return step(relation, tuple(self.frame(one) for one in sources(relation)), self.context)
        method = getattr(self, f"_{type(relation.syntax).__name__.lower()}")
        found = method(relation, self.frame(relation.input) if relation.input is not None else Frame((), ()))
        assert isinstance(found, Frame)
        return found

    def _where(self, step: bound.Step, frame: Frame) -> Frame:
        keep = compile_predicate(step.values[0], frame.columns, self.context)
        return framed(frame.columns, [row for row in frame.rows() if keep(row)])

    def _made(self, step: bound.Step, frame: Frame) -> Frame:
        made = {one.column: one.value for one in step.made}
        assert isinstance(step.type, Table)
        data = []
        for one in step.type.columns:
            value = made.get(one)
            if value is None:
                value = bound.Use(next((own for own in frame.columns if own.name == one.name), one), one.type)
            part = isinstance(underlying(value).type, Tuple)
            compiled = compile_value(value, frame.columns, self.context)
            found = [compiled(row) for row in (frame.rows() if frame.columns else [()])]
            data.append([one[0] for one in found] if part and found and isinstance(found[0], tuple) else found)
        return Frame(tuple(step.type.columns), tuple(data))

    _extend = _project = _print = _reorder = _serialize = _made

    def _range(self, step: bound.Step, frame: Frame) -> Frame:
        del frame
        first, last, by = (constant(one, self.context) for one in step.values)
        found = []
        while first <= last:  # type: ignore[operator]
            found.append(first)
            first += by  # type: ignore[operator]
        return Frame((step.made[0].column,), (found,))

    def _sort(self, step: bound.Step, frame: Frame) -> Frame:
        assert isinstance(step.syntax, s.Sort)
        columns = [column(one, frame, self.context) for one in step.values]
        all_rows = frame.rows()
        return framed(frame.columns, [all_rows[i] for i in ordered(step.syntax.items, columns, frame.height)])

    def _take(self, step: bound.Step, frame: Frame) -> Frame:
        count = constant(step.values[0], self.context)
        return framed(frame.columns, frame.rows()[:count])  # type: ignore[misc]

    def _count(self, step: bound.Step, frame: Frame) -> Frame:
        assert isinstance(step.type, Table)
        return Frame(tuple(step.type.columns), ([frame.height],))

    def _partition(self, step: bound.Step, frame: Frame) -> Frame:
        by = underlying(step.values[0])
        keys = keyed([column(by, frame, self.context)], [single(by.type)], frame.height)
        found: list[Row] = []
        columns: tuple[Column, ...] = ()
        for members in grouped(keys).values():
            part = framed(frame.columns, [frame.rows()[i] for i in members])
            made = Runner()
            self._give(step.others[0], part, made)
            one = made.frame(step.others[0])
            columns, found = one.columns, [*found, *one.rows()]
        return framed(columns, found)

    def _give(self, relation: bound.Relation, frame: Frame, runner: Runner) -> None:
        while isinstance(relation, bound.Step) and relation.input is not None:
            relation = relation.input
        runner.given[id(relation)] = frame

    def _summarize(self, step: bound.Step, frame: Frame) -> Frame:
        from lockgate.kql.steps.evaluation import aggregate

        assert isinstance(step.syntax, s.Summarize)
        count = len(step.syntax.groups)
        groups = [underlying(one) for one in step.values[:count]]
        data = [column(one, frame, self.context) for one in groups]
        keys = grouped(keyed(data, [single(one.type) for one in groups], frame.height))
        if not keys and not groups:
            keys = {(): []}
        runs = [aggregate(one.value, frame, self.context) for one in step.made[count:] if one.value is not None]
        found = [(*(one[members[0]] for one in data), *(one(members) for one in runs)) for members in keys.values()]
        return framed(tuple(one.column for one in step.made), found)


def _written(node: s.DataTable, type_: Type) -> Frame:
    assert isinstance(type_, Table)
    binder = Statements("", _WORKSPACE)
    width = len(type_.columns)
    found: list[object] = []
    for i, one in enumerate(node.values):
        given = binder.value(one)
        convert = converter(single(given.type), type_.columns[i % width].type)
        read = compile_value(given, ())(())
        found.append(convert(read) if convert is not None else read)
    return framed(tuple(type_.columns), [tuple(found[i : i + width]) for i in range(0, len(found), width)])


__all__ = ["Runner", "documented", "plain", "replace", "rows", "run", "shown"]
