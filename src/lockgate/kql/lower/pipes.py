"""Pipes: relations from their source on, what is named and shared, cuts for what is no algebra, and the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lockgate.kql import bound, relation, steps
from lockgate.kql import syntax as s
from lockgate.kql.errors import Diagnostic
from lockgate.kql.lower.core import MAX_OPERATORS, Flow, use
from lockgate.kql.lower.rows import Rows
from lockgate.kql.lower.tables import MissingTable
from lockgate.kql.relation import Key
from lockgate.kql.row_security import RowSecurity
from lockgate.kql.types import DATETIME, LONG, STRING, Column, Graph, Group, Table

_MAX_SHARED = 60
"""How deep named relations may lie in each other."""
_METHODS: dict[type, str] = {
    s.Where: "_where", s.Extend: "_extend", s.Serialize: "_serialize", s.Print: "_print", s.Project: "_project",
    s.Reorder: "_reorder", s.Summarize: "_summarize", s.Distinct: "_distinct", s.Sort: "_sort", s.Top: "_top",
    s.Take: "_take", s.Count: "_count", s.Join: "_join", s.Union: "_union", s.Find: "_find", s.Search: "_search",
    s.Partition: "_partition", s.PartitionBy: "_partition", s.MvExpand: "_mv_expand", s.MvApply: "_mv_apply",
    s.Parse: "_parse", s.Invoke: "_invoke", s.Render: "_render", s.As: "_as", s.Plain: "_plain", s.Range: "_range",
    s.AssertSchema: "_assert_schema",
}  # fmt: skip


_NARROW = (s.MakeSeries, s.TopNested, s.TopHitters, s.SampleDistinct)
"""Steps that read no column besides those in their values."""


_NARROW_PLUGINS = frozenset(
    ("active_users_count", "activity_counts_metrics", "activity_engagement", "activity_metrics", "new_activity_metrics",
     "session_count", "sliding_window_counts")
)  # fmt: skip
"""Plugins that read no column of their input besides those that they are given."""


class OpenStep(Exception):  # noqa: N818 -- caught where the step can be run
    """A step whose columns come from the data: it must run before the query can be bound to an end."""

    def __init__(self, step: bound.Step, sources: tuple[relation.Source, ...]) -> None:
        super().__init__("columns come from the data")
        self.step = step
        self.sources = sources
        self.places: dict[int, tuple[int, int]] = {}
        self.alive: list[object] = []

    def results(self) -> tuple[relation.Result, ...]:
        """What it reads, each as a result of its own."""
        return tuple(relation.Result(one.node, one.columns, one.order) for one in self.sources)


class Pipes(Rows):
    """Lowers relations."""

    nesting = 0

    def __init__(
        self, source: str, now: int, opened: Mapping[int, str], security: RowSecurity | None = None
    ) -> None:  # fmt: skip
        super().__init__(source, now)
        self.opened = opened
        self.security = security
        self.opened_used: set[int] = set()

    def results(self, answer: bound.Answer) -> tuple[relation.Result, ...]:
        """What the query gives, one after the other."""
        found: list[relation.Result] = []
        for one in answer.results:
            if isinstance(one, bound.Value):
                found.append(self._value_alone(one))
            elif isinstance(one.type, Group):
                found += self._several(one)
            elif isinstance(one.type, Graph):
                found += [self._result(self.rows_of(each)) for each in steps.tables_of(one, one.type)]
            else:
                render = one if isinstance(one, bound.Step) and isinstance(one.syntax, s.Render) else None
                found.append(self._result(self.rows_of(one), render))
        return tuple(found)

    def _result(self, flow: Flow, render: bound.Step | None = None) -> relation.Result:
        return relation.Result(flow.node, tuple(flow.columns.items()), flow.order, render)

    def _value_alone(self, value: bound.Value) -> relation.Result:
        nothing = Flow(relation.Values((), ((),), None), {})
        found = self.value(value, nothing)
        field = self.field(found.type)
        node = relation.Extend(nothing.node, ((field, found),), self.taken_reads())
        return relation.Result(node, ((Column("print_0", found.type), field),), ())

    def _several(self, one: bound.Relation) -> list[relation.Result]:
        """``fork`` and ``facet``."""
        if isinstance(one, bound.Several):
            return [self._result(self.rows_of(each)) for each in one.relations]
        if not isinstance(one, bound.Step) or one.input is None or not isinstance(one.syntax, s.Fork | s.Facet):
            self.cannot("Several tables stand where one is expected.")
        flow = self.rows_of(one.input)
        kept = self.kept_of(flow, costly=True)
        found = [self._result(self.given_to(query, self.again(kept, flow))) for query in one.others]
        if isinstance(one.syntax, s.Facet):
            tables = one.type.tables[len(one.others) :] if isinstance(one.type, Group) else []
            for value, table in zip(one.values, tables, strict=True):
                again = self.again(kept, flow)
                column, count = table.columns
                field = self.value(value, again)
                assert isinstance(field, bound.Use)
                assert isinstance(field.column, relation.Field)
                own = self.of_column(count)
                again = self.summed_up(again, {column: field.column, count: own}, [(field.column, field)],
                                       [relation.Part(own, self.count_call(), 0, None)])  # fmt: skip
                found.append(self._result(again))
        return found

    # --- relations

    def rows_of(self, node: bound.Relation) -> Flow:
        """The rows of a relation. Pipes are followed in a loop: how long they are is up to who wrote the query."""
        chain: list[bound.Step] = []
        base: bound.Relation | None = node
        while isinstance(base, bound.Step) and not self._is_cut(base):
            chain.append(base)
            base = None if isinstance(base.syntax, s.Invoke) else base.input
        flow = self._source(base) if base is not None else None
        for step in reversed(chain):
            self.operators += 1
            if self.operators > MAX_OPERATORS:
                self.cannot(f"The query has more than {MAX_OPERATORS} operators when its functions are applied.")
            self.span = (step.syntax.start, step.syntax.end)
            method: Callable[[bound.Step, Any], Flow] = getattr(self, _METHODS[type(step.syntax)])
            if flow is None and isinstance(step.syntax, s.Print):
                flow = Flow(relation.Values((), ((),), None), {})
            flow = method(step, flow)
        assert flow is not None
        return flow

    def _source(self, node: bound.Relation) -> Flow:
        if isinstance(node, bound.Stored):
            return self._stored(node)
        if isinstance(node, bound.Written):
            return self._written_out(node)
        if isinstance(node, bound.Shared | bound.Applied):
            self.nesting += 1
            if self.nesting > _MAX_SHARED:
                self.cannot(f"Named tables lie deeper than {_MAX_SHARED} in each other.")
            try:
                return self._shared(node) if isinstance(node, bound.Shared) else self._applied(node)
            finally:
                self.nesting -= 1
        if isinstance(node, bound.Opaque):
            return self._unknown(node)
        if isinstance(node, bound.Several):
            self.cannot("Several tables stand where one is expected.")
        assert isinstance(node, bound.Step)
        return self._cut(node)

    def _stored(self, node: bound.Stored) -> Flow:
        assert isinstance(node.type, Table)
        security = self.security
        seen = security.rows(node.name, node.type) if security is not None else None
        if seen is not None:
            # What the condition itself looks at is all of the table.
            self.security, span = None, self.span
            flow = self.rows_of(seen)
            self.security, self.span = security, span
            flow.columns = self.paired(flow, node.type.columns)
            return flow
        columns: dict[Column, relation.Field] = {}
        for one in node.type.columns:
            stored = {DATETIME: relation.TIMESTAMP, STRING: relation.NULLABLE_TEXT}.get(one.type, relation.PLAIN)
            columns[one] = self.field(one.type, stored)
        scan = relation.Scan(node.name, tuple((column.name, field) for column, field in columns.items()))
        return Flow(scan, columns)

    def _written_out(self, node: bound.Written) -> Flow:
        assert isinstance(node.type, Table)
        columns = node.type.columns
        nothing = Flow(relation.Values((), ((),), None), {})
        self.span = (node.syntax.start, node.syntax.end)
        if isinstance(node.syntax, s.ExternalData):
            addresses = tuple(self.value(one, nothing) for one in node.values)
            fields = {one: self.of_column(one) for one in columns}
            outside = relation.Outside(node, addresses, tuple(fields.items()))
            self.places[id(node)] = self.span
            return Flow(outside, fields)
        if not isinstance(node.syntax, s.DataTable):
            self.cannot("A table of files elsewhere cannot be read here.", node.syntax)
        values = [self.value(one, nothing) for one in node.values]
        width = len(columns)
        rows = [
            tuple(self.converted(one, column.type) for one, column in zip(values[i : i + width], columns, strict=True))
            for i in range(0, len(values), width or 1)
        ]  # fmt: skip
        return self.written(columns, rows)

    def _shared(self, node: bound.Shared) -> Flow:
        known = self.kept.get(id(node))
        if known is None:
            span = self.span
            flow = self.rows_of(node.relation)
            self.span = span
            kept = relation.Kept(flow.node, costly(flow.node))
            known = (kept, flow)
            self.kept[id(node)] = known
            self.alive.append(node)
        kept, flow = known
        found = self.again(kept, flow)
        if isinstance(node.type, Table) and not node.type.open and len(node.type.columns) == len(found.columns):
            found.columns = self.paired(found, node.type.columns)
        return found

    def _applied(self, node: bound.Applied) -> Flow:
        span = self.span
        found = self.rows_of(node.body)
        self.span = span
        return found

    def _unknown(self, node: bound.Opaque) -> Flow:
        given = self.given.get(id(node.type))
        if given is not None:
            return given.copy()
        title = node.type.title if isinstance(node.type, Table) else ""
        if title:
            message = f"There is no table '{title}' here."
            raise MissingTable(self.source, (Diagnostic("KS204", message, *self.span),))
        return self.cannot("This reads a table that is not known here: of a cluster or a service elsewhere.")

    # --- cuts

    def _is_cut(self, step: bound.Step) -> bool:
        return type(step.syntax) not in _METHODS

    def _cut(self, step: bound.Step) -> Flow:
        """What is no algebra runs in Python, on the rows that it reads."""
        if (name := self.opened.get(id(step.syntax))) is not None:
            return self._known_rows(step, name)
        sources: list[relation.Source] = []
        inputs = steps.sources(step)
        partition: tuple[relation.Field, ...] = ()
        used = _columns_used(step) if _is_narrow(step) else None
        for i, one in enumerate(inputs):
            flow = self.rows_of(one)
            if i == 0:
                partition = flow.partition
            all_of_it = used is None or (i > 0 and isinstance(step.syntax, s.Evaluate))
            columns = [pair for pair in flow.columns.items() if all_of_it or pair[0] in (used or ())]
            sources.append(relation.Source(flow.node, tuple(columns), flow.order, flow.partition))
        self.span = (step.syntax.start, step.syntax.end)
        if isinstance(step.type, Graph):
            self.cannot("A graph stands where a table is expected: graph-match and graph-to-table make one of it.")
        if not isinstance(step.type, Table) or steps.find(step) is None:
            self.cannot("This operator is not known here.")
        if step.type.open:
            if partition:
                self.cannot("This operator cannot stand in a sub-query: its columns come from the data.")
            raise OpenStep(step, tuple(sources))
        fields = {one: self.of_column(one) for one in step.type.columns}
        position = self.field(LONG)
        self.places[id(step)] = self.span
        node = relation.Cut(step, tuple(sources), tuple(fields.items()), position, partition)
        flow = Flow(node, fields, (Key(use(position)),), partition)
        flow.position = position
        return flow

    def _known_rows(self, step: bound.Step, name: str) -> Flow:
        """The rows of a step that has run already, because its columns come from them."""
        assert isinstance(step.type, Table)
        if id(step.syntax) in self.opened_used:
            self.cannot("This operator is used more than once, and its columns come from the data.")
        self.opened_used.add(id(step.syntax))
        fields = {one: self.of_column(one) for one in step.type.columns}
        position = self.field(LONG)
        columns = [(f"k{i}", field) for i, field in enumerate(fields.values())]
        node: relation.Node = relation.Scan(name, (*columns, ("position", position)))
        # Of no rows nothing is known: a column that the query asks for is null.
        asked = {one: self.of_column(one) for one in step.type.known() if one not in fields}
        if asked:
            nothing = [(field, bound.Constant(None, field.type)) for field in asked.values()]
            node = relation.Extend(node, tuple(nothing))
        flow = Flow(node, fields | asked, (Key(use(position)),))
        flow.position = position
        return flow


def costly(node: relation.Node) -> bool:
    """Whether rows cost more than a look at a table: those that are joined, summed up, ordered or come from steps."""
    while isinstance(node, relation.Filter | relation.Extend):
        if node.reads:
            return True
        node = node.input
    if isinstance(node, relation.Again):
        return node.input.costly
    return not isinstance(node, relation.Scan | relation.Values)


def _is_narrow(step: bound.Step) -> bool:
    if isinstance(step.syntax, s.Evaluate):
        call = step.values[0] if step.values else None
        return isinstance(call, bound.Call) and call.function.name in _NARROW_PLUGINS
    return isinstance(step.syntax, _NARROW)


def _columns_used(step: bound.Step) -> set[Column] | None:
    """The columns in a step's values; ``None`` when that is not plain."""
    found: set[Column] = set()
    waiting: list[bound.Value] = [*step.values, *(one.value for one in step.made if one.value is not None)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bound.Use):
            found.add(one.column)
        elif isinstance(one, bound.Columns | bound.Record | bound.Matches):
            return None
        elif isinstance(one, bound.Call | bound.Operation):
            waiting += one.arguments
        elif isinstance(one, bound.Member):
            waiting += [one.value] + ([one.key] if isinstance(one.key, bound.Value) else [])
        elif isinstance(one, bound.Named | bound.Variable) and one.value is not None:
            waiting.append(one.value)
        elif isinstance(one, bound.Inlined):
            waiting.append(one.body)
    return found
