"""Operators that make several rows of one, read texts, draw series, or go through rows in order."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.columns import REPLACE
from lockgate.kql.bind.core import is_bag
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.projection import Projection
from lockgate.kql.bind.scope import Scope
from lockgate.kql.bind.tables import Tables
from lockgate.kql.types import (
    ARRAY,
    ARRAY_KIND,
    BAG,
    DYNAMIC,
    ERROR,
    LONG,
    PROMOTE,
    SCALARS,
    STRING,
    UNKNOWN,
    Column,
    Table,
    Tuple,
    Type,
    assignable,
    dynamic_of,
)


class Rows(Tables):
    """Each method binds one operator: its syntax, the rows it reads (or none), what it gives."""

    # --- mv-expand and mv-apply

    def mv_expand(self, node: s.MvExpand, source: bound.Relation | None) -> bound.Relation:
        projection, values = self._expanded(node.items, node.parameters)
        if node.limit is not None:
            limit = self.value(node.limit)
            self.must_be_integer(node.limit, limit)
            values.append(limit)
        return self.step(node, source, self.gathered(projection), values=values, made=projection.made())

    def _expanded(
        self, items: Sequence[s.Expanded], parameters: Sequence[s.Parameter]
    ) -> tuple[Projection, list[bound.Value]]:
        projection = self._all_columns()
        values: list[bound.Value] = []
        found = [None if one.value is None else underlying(self.value(one.value)) for one in items]
        types = [None if one.type is None else self.value(one.type) for one in items]
        index = next((one.word for one in parameters if one.name == "with_itemindex"), "")
        for item, value, written in zip(items, found, types, strict=True):
            if item.value is not None and value is not None:
                self.must_be_dynamic(item.value, value)
                type_ = written.named if isinstance(written, bound.TypeValue) else _element(value.type, parameters)
                self.project([item.value], [value], projection, REPLACE, type_=type_)
                values.append(value)
        if index:
            projection.add(Column(index, LONG))
        return projection, values

    def mv_apply(self, node: s.MvApply, source: bound.Relation | None) -> bound.Relation:
        projection, values = self._expanded(node.items, node.parameters)
        for one in (node.limit, node.id):
            if one is not None:
                values.append(self.value(one))
        if node.limit is not None:
            self.must_be_integer(node.limit, values[-1 if node.id is None else -2])
        inner = self.gathered(projection)
        row = self.row
        found = self.sub_query(node.query, inner)
        self.row = row
        bare = [value for item, value in zip(node.items, values, strict=False) if not isinstance(item.value, s.Named)]
        applied = {one.column for one in bare if isinstance(one, bound.Use)}
        result = Projection()
        for column in row.columns if row is not None else ():
            if column not in applied:
                result.add(column, once=True)
        for column in found.type.columns if isinstance(found.type, Table) else ():
            result.add(column, replace=True)
        others = [found.relation] if isinstance(found, bound.Rows) else []
        table = Table(result.columns, open=inner.open)
        return self.step(node, source, table, values=values, made=projection.made(), others=others)

    # --- texts

    def parse(self, node: s.Parse, source: bound.Relation | None) -> bound.Relation:
        value = self.value(node.value)
        self.must_be_scalar(node.value, value)
        columns = list(self.known())
        made: list[bound.Made] = []
        seen: set[str] = set()
        for i, part in enumerate(node.pattern):
            self._check_part(node.pattern, i)
            if not isinstance(part, s.ColumnDeclaration):
                continue
            if part.name.text in seen:
                self.fault("KS171", f"A column '{part.name.text}' is read already.", part.name)
                continue
            seen.add(part.name.text)
            column = Column(part.name.text, SCALARS[part.type] if part.type else STRING)
            columns.append(column)
            made.append(bound.Made(column, value))
        return self.step(node, source, self.same(sorted_columns=columns), values=[value], made=made)

    def _check_part(self, pattern: Sequence[s.Star | s.Literal | s.ColumnDeclaration], i: int) -> None:
        part = pattern[i]
        before = pattern[i - 1] if i else None
        after = pattern[i + 1] if i + 1 < len(pattern) else None
        if isinstance(part, s.ColumnDeclaration):
            if before is not None and not isinstance(before, s.Literal):
                self.fault("KS101", "A column must follow a text.", part)
        elif isinstance(part, s.Star):
            if after is not None and not isinstance(after, s.Literal):
                self.fault("KS102", "A text must follow *.", part)
            if isinstance(before, s.ColumnDeclaration) and before.type in ("", "string"):
                self.fault("KS103", "* after a text column leaves open where that ends.", part)

    def parse_kv(self, node: s.ParseKv, source: bound.Relation | None) -> bound.Relation:
        value = self.value(node.value)
        self.must_be_scalar(node.value, value)
        made = [bound.Made(one, value) for one in self.columns_of(node.keys)]
        columns = [*self.known(), *(one.column for one in made)]
        return self.step(node, source, self.same(sorted_columns=columns), values=[value], made=made)

    def reduce(self, node: s.Reduce, source: bound.Relation | None) -> bound.Relation:
        value = underlying(self.value(node.by))
        self.must_be(node.by, value, STRING)
        if any(one.name == "kind" and one.word == "source" for one in node.parameters):
            columns = list(self.known())
        else:
            columns = []
        names = (("Pattern", STRING), ("Count", LONG), ("Representative", STRING))
        columns += [Column(name, type_) for name, type_ in names]
        return self.step(node, source, Table(columns), values=[value])

    def render(self, node: s.Render, source: bound.Relation | None) -> bound.Relation:
        return self.step(node, source, self.same())

    # --- series

    def make_series(self, node: s.MakeSeries, source: bound.Relation | None) -> bound.Relation:
        self.kind = "aggregate"
        aggregates = [underlying(self.value(one)) for one, _ in node.series]
        defaults = [None if one is None else self.value(one) for _, one in node.series]
        self.kind = "normal"
        axis = underlying(self.value(node.axis))
        bounds = [(one, self._bound_of(one)) for one in (node.first, node.last) if one is not None]
        step = self._bound_of(node.step)
        groups = self.bound_all(node.groups)
        projection = Projection()
        for one, value in zip(node.groups, groups, strict=True):
            self.must_be_scalar(one, value)
            self.project([one], [value], projection)
        for (item, default), value, filler in zip(node.series, aggregates, defaults, strict=True):
            self.must_be_scalar(item, value)
            if default is not None and filler is not None:
                self._check_default(default, filler, value.type)
            self.project([item], [value], projection, type_=DYNAMIC)
        self.must_be_scalar(node.axis, axis)
        self.project([node.axis], [axis], projection, type_=DYNAMIC)
        for one, value in bounds:
            self.must_be(one, value, axis.type, PROMOTE)
        self._check_interval(node.step, step, axis.type)
        values = [axis, *(value for _, value in bounds), step, *(one for one in defaults if one is not None)]
        table = Table(projection.columns, open=self.shape.open)
        return self.step(node, source, table, values=values, made=projection.made())

    def _bound_of(self, node: s.Expression) -> bound.Value:
        """Where a series begins or ends is one value: a variable comes before a column of its name."""
        known = self.scope.find(node.text) if isinstance(node, s.Name) else None
        return known if isinstance(known, bound.Variable) else underlying(self.value(node))

    def _check_default(self, node: s.Expression, value: bound.Value, type_: Type) -> None:
        inner = node.value if isinstance(node, s.Named) else node
        if not isinstance(underlying(value), bound.Constant) and not _is_signed(value):
            self.fault("KS131", "A literal is expected.", inner)
        self.must_be(inner, value, type_, PROMOTE)

    def _check_interval(self, node: s.Expression, value: bound.Value, axis: Type) -> None:
        """The step added to a value of the axis must give one."""
        self.muted += 1
        added = self.operation("+", [bound.Fault(axis), value], (node.start, node.end), (node, node)).type
        self.muted -= 1
        unclear = any(one is ERROR or one is UNKNOWN for one in (axis, value.type))
        if not unclear and not assignable(axis, added):
            self.fault("KS178", f"A step of type {value.type.name} does not fit {axis.name}.", node)

    # --- scan

    def scan(self, node: s.Scan, source: bound.Relation | None) -> bound.Relation:
        values = [self.value(one) for one in (*node.order, *node.partition)]
        declared = [Column(one.name.text, SCALARS[one.type]) for one, _ in node.declared]
        values += [self.value(default) for _, default in node.declared if isinstance(default, s.Literal)]
        outer, self.scope = self.scope, Scope(self.scope)
        for column in declared:
            self.scope.symbols[column.name] = bound.Use(column, column.type)
        state = Tuple([*self.known(), *declared], self.row)
        for one in node.steps:
            self.scope.symbols[one.name.text] = bound.Record(one.name.text, state)
        for one in node.steps:
            values.append(self.value(one.condition))
            for name, value in one.assignments:
                self.value(name)
                values.append(self.value(value))
        self.scope = outer
        match = next((one for one in node.parameters if one.name == "with_match_id"), None)
        columns = [*self.known(), *declared, *([Column(match.word, LONG)] if match else [])]
        return self.step(node, source, self.same(sorted_columns=columns), values=values)


def _element(type_: Type, parameters: Sequence[s.Parameter]) -> Type:
    """What the elements of an expanded value are."""
    if type_.kind == ARRAY_KIND:
        return dynamic_of(type_.element)
    if is_bag(type_):
        kind = next((one.word for one in parameters if one.name in ("bagexpansion", "kind")), "")
        return ARRAY if kind == "array" else BAG
    return DYNAMIC if type_.dynamic else type_


def _is_signed(value: bound.Value) -> bool:
    value = underlying(value)
    return isinstance(value, bound.Operation) and value.operator in "+-" and len(value.arguments) == 1
