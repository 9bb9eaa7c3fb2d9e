"""``scan``: records in order are matched against steps, each of which may look at what the steps before it matched.

Each record is held against the steps from the last to the first. A step takes it when the step before it has a match
and the condition holds (that match moves on), or when the step has a match itself, or is the first, and the condition
holds (the match stays, with this record in the step's place). Source: the public documentation of the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.convert import converter
from lockgate.kql.row import Context, Evaluate, compile_predicate, compile_value
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.evaluation import bounded, column, constant, grouped, keyed, nothing
from lockgate.kql.steps.ordering import ordered
from lockgate.kql.types import Column, Table, single

MAX_ROWS = 20_000_000
"""Most rows that a scan gives."""
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step: what it asks of a record, and which declared columns it sets."""

    condition: Evaluate
    assignments: tuple[tuple[int, Evaluate], ...]
    output: str
    optional: bool


class _State:
    """A match whose latest step is the one that this is the state of."""

    __slots__ = ("match", "pending", "rows")

    def __init__(self, rows: list[Row], match: int) -> None:
        self.rows, self.match = rows, match
        self.pending: Row | None = None


class _Matcher:
    """Goes through records and gathers what the steps give."""

    def __init__(self, steps: Sequence[_Step], blank: Row, width: int) -> None:
        self.steps, self.blank, self.width = steps, blank, width
        self.given: list[Row] = []
        self.matches = 0
        self.states: list[_State | None] = []

    def run(self, records: Sequence[Row]) -> None:
        """Match ``records`` from the beginning."""
        self.states = [None] * len(self.steps)
        defaults = self.blank[self.width :]
        for record in records:
            fresh = (*record, *defaults)
            for k in range(len(self.steps) - 1, -1, -1):
                if not self._advanced(k, fresh):
                    self._repeated(k, fresh)
            bounded(len(self.given), MAX_ROWS, "rows of a scan")
        for k in range(len(self.steps)):
            self._flush(k)

    def _advanced(self, k: int, record: Row) -> bool:
        """Whether the record lets a match of a step before move on to step ``k``."""
        for j in range(k - 1, -1, -1):
            state = self.states[j]
            if state is not None:
                rows = [*state.rows[: j + 1], *[self.blank] * (len(self.steps) - j - 1)]
                if not self._holds(k, record, rows):
                    return False
                self._flush(k)
                self._flush(j)
                self.states[j] = None
                self._take(k, record, _State(rows, state.match))
                return True
            if not self.steps[j].optional:
                return False
        return False

    def _repeated(self, k: int, record: Row) -> None:
        """The record for a match that stays at step ``k``, or that begins."""
        state = self.states[k]
        if state is None:
            if not all(one.optional for one in self.steps[:k]):
                return
            rows = [self.blank] * len(self.steps)
            if self._holds(k, record, rows):
                self.matches += 1
                self._take(k, record, _State(rows, self.matches - 1))
        elif self._holds(k, record, state.rows):
            self._take(k, record, state)

    def _holds(self, k: int, record: Row, rows: list[Row]) -> bool:
        return self.steps[k].condition((*record, *(value for row in rows for value in row))) is True

    def _take(self, k: int, record: Row, state: _State) -> None:
        step = self.steps[k]
        values = list(record)
        before = [value for row in state.rows for value in row]
        for place, compute in step.assignments:
            values[place] = compute((*values, *before))
        row = tuple(values)
        state.rows[k] = row
        self.states[k] = state
        if step.output == "all":
            self.given.append((*row, state.match))
        elif step.output == "last":
            state.pending = (*row, state.match)

    def _flush(self, k: int) -> None:
        state = self.states[k]
        if state is not None and state.pending is not None:
            self.given.append(state.pending)
            state.pending = None


def scan(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Runs the operator."""
    node, (frame,) = step.syntax, frames
    assert isinstance(node, s.Scan)
    assert isinstance(step.type, Table)
    values = list(step.values)
    orders = [values.pop(0) for _ in node.order]
    parts = [underlying(values.pop(0)) for _ in node.partition]
    told = any(one.name == "with_match_id" for one in node.parameters)
    own = step.type.columns[:-1] if told else step.type.columns
    declared = own[len(own) - len(node.declared) :]
    defaults = _defaults(node, declared, values, context)
    blank = (*(nothing(one.type) for one in frame.columns), *defaults)
    matcher = _Matcher(_steps(node, values, (*frame.columns, *declared), context), blank, len(frame.columns))
    rows = frame.rows()
    keys = keyed([column(one, frame, context) for one in parts], [single(one.type) for one in parts], frame.height)
    places = ordered(node.order, [column(one, frame, context) for one in orders], frame.height)
    for members in grouped([keys[i] for i in places]).values():
        matcher.run([rows[places[i]] for i in members])
    columns = (*frame.columns, *declared)
    if told:
        return framed((*columns, step.type.columns[-1]), matcher.given)
    return framed(columns, [row[:-1] for row in matcher.given])


def _defaults(
    node: s.Scan, declared: Sequence[Column], values: list[bound.Value], context: Context
) -> list[object]:
    found: list[object] = []
    for (_, written), one in zip(node.declared, declared, strict=True):
        if isinstance(written, s.Literal):
            found.append(_as(values.pop(0), one, context)(()))
        else:
            found.append(nothing(one.type))
    return found


def _as(value: bound.Value, target: Column, context: Context) -> Evaluate:
    """A constant in the type of a declared column."""
    convert = converter(single(value.type), target.type)
    found = constant(value, context)
    known = found if convert is None else convert(found)
    return lambda row: known


def _steps(
    node: s.Scan, values: list[bound.Value], columns: Sequence[Column], context: Context
) -> list[_Step]:
    width = len(columns)
    names = {one.name.text: (i + 1) * width for i, one in enumerate(node.steps)}
    places = {one.name: i for i, one in enumerate(columns)}

    def own(value: bound.Value) -> Evaluate | None:
        """A column of what a step matched."""
        if isinstance(value, bound.Member) and isinstance(value.value, bound.Record) and isinstance(value.key, str):
            place = names[value.value.name] + places[value.key]
            return lambda row: row[place]
        return context.own(value)

    inner = replace(context, own=own)
    found: list[_Step] = []
    for one in node.steps:
        condition = compile_predicate(values.pop(0), columns, inner)
        assignments = []
        for name, _ in one.assignments:
            value = values.pop(0)
            run = compile_value(value, columns, inner)
            target = columns[places[name.text]]
            assignments.append((places[name.text], _converted(run, converter(single(value.type), target.type))))
        found.append(_Step(condition, tuple(assignments), one.output or "all", one.optional))
    return found


def _converted(run: Evaluate, convert: Callable[[Any], Any] | None) -> Evaluate:
    return run if convert is None else lambda row: convert(run(row))
