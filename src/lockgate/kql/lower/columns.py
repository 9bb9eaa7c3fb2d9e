"""Operators that choose, compute, order and sum up columns."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, catalogue, relation
from lockgate.kql import syntax as s
from lockgate.kql.lower.core import Flow, use
from lockgate.kql.lower.values import Values
from lockgate.kql.relation import Field, Key
from lockgate.kql.types import BOOL, LONG, REAL, Column, Tuple, single


class Columns(Values):
    """Each method lowers one operator: the bound step, and the rows it reads."""

    def _where(self, step: bound.Step, flow: Flow) -> Flow:
        condition = self.value(step.values[0], flow)
        flow.node = relation.Filter(flow.node, condition, self.taken_reads())
        return flow

    def _extend(self, step: bound.Step, flow: Flow) -> Flow:
        return self.made(step, flow)

    def _serialize(self, step: bound.Step, flow: Flow) -> Flow:
        self.numbered(flow)
        return self.made(step, flow)

    def made(self, step: bound.Step, flow: Flow) -> Flow:
        """Columns in the order of the step, computed or handed on."""
        columns: dict[Column, Field] = {}
        computed: list[tuple[Field, bound.Value]] = []
        several: dict[int, Field] = {}
        for one in step.made:
            known = self._known(one, flow)
            if known is not None:
                columns[one.column] = known
                continue
            assert one.value is not None
            if isinstance(one.value.type, Tuple) and one.value.type.related is None:
                value = self._part_of(one, flow, several)
            else:
                value = self.value(one.value, flow)
            if isinstance(value, bound.Use) and isinstance(value.column, Field) and (
                single(value.type) is one.column.type or (value.type.dynamic and one.column.type.dynamic)
            ):
                columns[one.column] = value.column
                continue
            field = self.of_column(one.column)
            computed.append((field, self.converted(value, one.column.type)))
            columns[one.column] = field
        if computed:
            flow.node = relation.Extend(flow.node, tuple(computed), self.taken_reads())
        flow.columns = columns
        return flow

    def _known(self, made: bound.Made, flow: Flow) -> Field | None:
        """The field of a column that is handed on."""
        if made.value is None:
            return flow.columns[made.column]
        value = made.value
        if isinstance(value, bound.Use):
            field = flow.columns.get(value.column)
            if field is not None and field.type is made.column.type:
                return field
        return None

    def _part_of(self, made: bound.Made, flow: Flow, several: dict[int, Field]) -> bound.Value:
        """A part of a value with several, which is computed once in a field of its own."""
        assert made.value is not None
        if isinstance(made.value, bound.Call) and made.value.function.kind == "aggregate":
            return self.part(made.value, made.part, flow)
        key = id(made.value)
        if key not in several:
            several[key] = self.field(made.value.type)
            whole = self.value(made.value, flow)
            flow.node = relation.Extend(flow.node, ((several[key], whole),), self.taken_reads())
        assert isinstance(made.value.type, Tuple)
        return relation.Picked(use(several[key]), made.part, made.value.type.columns[made.part].type)

    def _print(self, step: bound.Step, flow: Flow) -> Flow:
        return self.made(step, flow)

    def _project(self, step: bound.Step, flow: Flow) -> Flow:
        if step.made:
            return self.made(step, flow)
        return self.shown(flow, _columns(step))

    def _reorder(self, step: bound.Step, flow: Flow) -> Flow:
        return self.made(step, flow)

    def _distinct(self, step: bound.Step, flow: Flow) -> Flow:
        flow = self.made(step, flow)
        return self.grouped(flow, tuple(dict.fromkeys(flow.columns.values())))

    def grouped(self, flow: Flow, fields: Sequence[Field]) -> Flow:
        """The distinct values of some fields."""
        groups = tuple((one, use(one)) for one in dict.fromkeys((*flow.partition, *fields)))
        flow.node = relation.Aggregate(flow.node, groups, (), None)
        flow.order, flow.position = (), None
        return flow

    def _sort(self, step: bound.Step, flow: Flow) -> Flow:
        assert isinstance(step.syntax, s.Sort)
        keys: list[Key] = []
        for node, value in zip(step.syntax.items, step.values, strict=True):
            order, nulls = (node.order, node.nulls) if isinstance(node, s.Ordered) else ("", "")
            keys.append(self.key(value, order, nulls, flow))
        return self.ordered(flow, keys)

    def ordered(self, flow: Flow, keys: Sequence[Key]) -> Flow:
        """The rows in another order; rows that are equal there stay in the order they had."""
        flow.order = (*keys, *(one for one in flow.order if all(one.value.column is not key.value.column  # type: ignore[attr-defined]
                                                                for key in keys)))  # fmt: skip
        flow.position = None
        return flow

    def key(self, value: bound.Value, order: str, nulls: str, flow: Flow) -> Key:
        """What is sorted by, as a field."""
        found = self.value(value, flow)
        if not (isinstance(found, bound.Use) and isinstance(found.column, Field)):
            field = self.field(single(found.type))
            flow.node = relation.Extend(flow.node, ((field, found),), self.taken_reads())
            found = use(field)
        ascending = order == "asc"
        return Key(found, not ascending, nulls == "first" if nulls else ascending)

    def _top(self, step: bound.Step, flow: Flow) -> Flow:
        assert isinstance(step.syntax, s.Top)
        count, by = step.values
        node = step.syntax.by
        order, nulls = (node.order, node.nulls) if isinstance(node, s.Ordered) else ("", "")
        flow = self.ordered(flow, [self.key(by, order, nulls, flow)])
        return self.limited(flow, self._asked(count, flow))

    def _take(self, step: bound.Step, flow: Flow) -> Flow:
        count = self._asked(step.values[0], flow)
        if isinstance(step.syntax, s.Take) and step.syntax.random:
            function = catalogue.find("rand")
            assert function is not None
            chance = self.field(REAL)
            flow.node = relation.Extend(flow.node, ((chance, bound.Call(function, (), REAL, False)),))
            flow.order, flow.position = (Key(use(chance)),), None
        return self.limited(flow, count)

    def _asked(self, count: bound.Value, flow: Flow) -> bound.Value:
        """How many rows are asked for: one number for the whole query, so that it can use no column."""
        return self.value(count, Flow(flow.node, {}))

    def limited(self, flow: Flow, count: bound.Value) -> Flow:
        """The first rows, or the first of each part."""
        if not flow.partition:
            flow.node = relation.Limit(flow.node, count, flow.order, self.taken_reads())
            return flow
        field = self.field(LONG)
        partition = tuple(use(one) for one in flow.partition)
        flow.node = relation.Number(flow.node, field, flow.order, partition)
        condition = bound.Operation("<=", (use(field), count), BOOL, False)
        flow.node = relation.Filter(flow.node, condition, self.taken_reads())
        return flow

    def _count(self, step: bound.Step, flow: Flow) -> Flow:
        column = _columns(step)[0]
        field = self.of_column(column)
        return self.summed_up(flow, {column: field}, (), (relation.Part(field, self.count_call(), 0, None),))

    def count_call(self) -> bound.Call:
        """``count()``"""
        function = catalogue.find("count", "aggregate")
        assert function is not None
        return bound.Call(function, (), LONG, False)

    def summed_up(
        self, flow: Flow, columns: dict[Column, Field], groups: Sequence[tuple[Field, bound.Value]],
        parts: Sequence[relation.Part],
    ) -> Flow:  # fmt: skip
        """Rows of groups."""
        own = tuple((one, use(one)) for one in flow.partition)
        position = self.numbered(flow) if flow.order and parts else None
        flow.node = relation.Aggregate(flow.node, (*own, *groups), tuple(parts), position, self.taken_reads())
        flow.columns, flow.order, flow.position = columns, (), None
        return flow

    def _summarize(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        assert isinstance(node, s.Summarize)
        if node.bin is not None:
            self.cannot("The old form 'bin=' of summarize is not known here.", node.bin)
        count = len(node.groups)
        groups: list[tuple[Field, bound.Value]] = []
        columns: dict[Column, Field] = {}
        for one in step.made[:count]:
            value = self.value(one.value, flow) if one.value is not None else use(flow.columns[one.column])
            field = self.of_column(one.column)
            groups.append((field, self.converted(value, one.column.type)))
            columns[one.column] = field
        return self._aggregated(step.made[count:], flow, columns, groups)

    def _aggregated(
        self, made: Sequence[bound.Made], flow: Flow, columns: dict[Column, Field],
        groups: Sequence[tuple[Field, bound.Value]],
    ) -> Flow:  # fmt: skip
        """Rows of groups, and what is computed of their aggregates; the columns are entered.

        Which aggregates there are is known when all values are lowered: the node's parts grow until then.
        """
        parts: list[relation.Part] = []
        reads = list(self.taken_reads())
        own = tuple((one, use(one)) for one in flow.partition)
        position = self.numbered(flow) if flow.order and made else None
        input_ = Flow(flow.node, dict(flow.columns), flow.order, flow.partition)
        after = Flow(flow.node, columns, (), flow.partition)
        after.node = relation.Aggregate(flow.node, (*own, *groups), parts, position, reads)
        outer = (self.aggregates, self.aggregated, self._lowered_calls)
        self.aggregates, self.aggregated, self._lowered_calls = parts, input_, {}
        computed: list[tuple[Field, bound.Value]] = []
        several: dict[int, Field] = {}
        for one in made:
            assert one.value is not None
            value = (
                self._part_of(one, after, several) if isinstance(one.value.type, Tuple)
                else self.value(one.value, after)
            )  # fmt: skip
            if isinstance(value, bound.Use) and isinstance(value.column, Field) and value.type is one.column.type:
                columns[one.column] = value.column
                continue
            field = self.of_column(one.column)
            computed.append((field, self.converted(value, one.column.type)))
            columns[one.column] = field
        self.aggregates, self.aggregated, self._lowered_calls = outer
        reads += self.taken_reads()
        if computed:
            after.node = relation.Extend(after.node, tuple(computed))
        return after

    def _plain(self, step: bound.Step, flow: Flow) -> Flow:
        assert isinstance(step.syntax, s.Plain)
        if step.syntax.kind == "getschema":
            return self._schema_of(step, flow)
        if step.syntax.kind == "consume":
            flow.node = relation.Limit(flow.node, bound.Constant(0, LONG), ())
            flow.columns = {}
        return flow

    def _schema_of(self, step: bound.Step, flow: Flow) -> Flow:
        columns = _columns(step)
        if len(columns) == 1:
            text = ", ".join(f"{one.name}:{one.type.name}" for one in flow.columns)
            rows: list[tuple[object, ...]] = [(text,)]
        else:
            rows = [
                (one.name, i, CLR_TYPES.get(one.type.name, "System.Object"), one.type.name)
                for i, one in enumerate(flow.columns)
            ]
        return self.written(columns, [
            tuple(bound.Constant(one, column.type) for one, column in zip(row, columns, strict=True)) for row in rows
        ])  # fmt: skip

    def written(self, columns: Sequence[Column], rows: Sequence[tuple[bound.Value, ...]]) -> Flow:
        """Rows that stand in the query, in their order."""
        fields = tuple(self.of_column(one) for one in columns)
        position = self.field(LONG)
        node = relation.Values(fields, tuple(rows), position, self.taken_reads())
        flow = Flow(node, dict(zip(columns, fields, strict=True)), (Key(use(position)),))
        flow.position = position
        return flow

    def _assert_schema(self, step: bound.Step, flow: Flow) -> Flow:
        del step
        return flow

    def _as(self, step: bound.Step, flow: Flow) -> Flow:
        return self.renamed(step, flow)

    def renamed(self, step: bound.Step, flow: Flow) -> Flow:
        """The same columns in the same order, perhaps under new objects."""
        flow.columns = self.paired(flow, _columns(step))
        return flow

    def _render(self, step: bound.Step, flow: Flow) -> Flow:
        return self.renamed(step, flow)


def _columns(step: bound.Step) -> list[Column]:
    table = bound.table_of(step)
    return [] if table is None else table.columns


CLR_TYPES = {
    "string": "System.String", "long": "System.Int64", "int": "System.Int32", "real": "System.Double",
    "bool": "System.SByte", "datetime": "System.DateTime", "timespan": "System.TimeSpan", "guid": "System.Guid",
    "decimal": "System.Data.SqlTypes.SqlDecimal", "dynamic": "System.Object",
}  # fmt: skip
