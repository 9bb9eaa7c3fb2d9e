"""Operators that choose, compute, order and sum up columns: the columns of their results, named as the service does."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.calls import Calls
from lockgate.kql.bind.core import column_of
from lockgate.kql.bind.labels import declared_label, label
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.projection import Projection, UniqueNames
from lockgate.kql.bind.values import matches
from lockgate.kql.types import BOOL, ERROR, LONG, UNKNOWN, Column, Group, Table, Tuple, Type, single

PLAIN, EXTEND, REPLACE, PRINT = "plain", "extend", "replace", "print"


class Columns(Calls):
    """Each method binds one operator: its syntax, the rows it reads (or none), what it gives."""

    def step(
        self,
        node: s.Operator,
        source: bound.Relation | None,
        table: Type,
        *,
        values: Sequence[bound.Value] = (),
        made: Sequence[bound.Made] = (),
        others: Sequence[bound.Relation] = (),
    ) -> bound.Relation:
        """The bound operator."""
        return bound.Step(node, source, tuple(others), tuple(values), tuple(made), table)

    def same(self, *, sorted_columns: list[Column] | None = None) -> Table:
        """The shape at hand, handed on."""
        columns = self.known() if sorted_columns is None else sorted_columns
        return Table(columns, open=self.shape.open)

    def gathered(self, projection: Projection) -> Table:
        """The shape that a projection makes."""
        return Table(projection.columns, open=self.shape.open)

    def bound_all(self, nodes: Sequence[s.Expression]) -> list[bound.Value]:
        """The values of several expressions; named ones without their names."""
        return [underlying(self.value(one)) for one in nodes]

    # --- what columns values make

    def default_name(self, *, with_row: bool) -> str:
        """``Column1`` and so on, passing over names that mean something."""
        while True:
            name = f"Column{self.suffix}"
            self.suffix += 1
            taken = with_row and self.shape.column(name) is not None
            if not taken and self.scope.find(name) is None and self.workspace.table(name) is None:
                return name

    def project(
        self,
        nodes: Sequence[s.Expression],
        values: Sequence[bound.Value],
        projection: Projection,
        style: str = PLAIN,
        *,
        type_: Type | None = None,
        name: str | None = None,
    ) -> None:
        """Add the columns that values make. ``type_`` is what they have whatever the values have."""
        for node, value in zip(nodes, values, strict=True):
            self._project(node.value if isinstance(node, s.Ordered) else node, value, projection, style, type_, name)

    def _project(
        self,
        node: s.Expression,
        value: bound.Value,
        projection: Projection,
        style: str,
        type_: Type | None,
        name: str | None,
    ) -> None:
        if isinstance(node, s.Named):
            self._project_named(node, value, projection, style, type_)
        elif isinstance(value, bound.Columns) and isinstance(node, s.Star):
            for one in self.known():
                projection.add(one, replace=True)
        elif (own := column_of(value)) is not None:
            column = own if type_ is None or type_ is own.type else Column(own.name, type_)
            self._declare(projection, column, value, node, replace=style == REPLACE)
        elif isinstance(value.type, Tuple) and isinstance(value, bound.Call):
            self._project_several(value, projection, style, type_, name)
        else:
            self._project_value(node, value, projection, style, type_, name)

    def _declare(
        self, projection: Projection, column: Column, value: bound.Value, at: s.Node, *, replace: bool, part: int = 0
    ) -> None:
        if not projection.declare(column, value, replace=replace, part=part):
            self.fault("KS171", f"A column '{column.name}' is there already.", at)

    def _project_named(
        self, node: s.Named, value: bound.Value, projection: Projection, style: str, type_: Type | None
    ) -> None:
        replace = style in (REPLACE, EXTEND)
        if isinstance(value.type, Tuple) and not isinstance(value, bound.Record):
            self._project_tuple(node, value, projection, style, type_)
            return
        if node.listed and len(node.names) > 1:
            if value.type is not ERROR:
                at = (node.start, node.names[-1].end + 1)
                self.fault("KS149", "The value has no several parts to be named.", at)
            return
        own = column_of(value) if isinstance(value, bound.Use) else None
        column = Column(node.names[0].text, type_ or (own.type if own else value.type))
        self._declare(projection, column, value, node.names[0], replace=replace or own is not None)

    def _project_tuple(
        self, node: s.Named, value: bound.Value, projection: Projection, style: str, type_: Type | None
    ) -> None:
        """A value with several parts: those that are named, then the rest under names of their own."""
        assert isinstance(value.type, Tuple)
        replace = style in (REPLACE, EXTEND)
        parts = value.type.columns
        for i, part in enumerate(parts):
            if i < len(node.names):
                column = Column(node.names[i].text, type_ or part.type)
                self._declare(projection, column, value, node.names[i], replace=replace or not node.listed, part=i)
            elif style != PRINT:
                projection.add(part, value, replace=replace and node.listed, part=i)
        for extra in node.names[len(parts) :] if node.listed else ():
            self.fault("KS150", f"There is no part for the name '{extra.text}'.", extra)

    def _project_several(
        self, value: bound.Call, projection: Projection, style: str, type_: Type | None, name: str | None
    ) -> None:
        assert isinstance(value.type, Tuple)
        parts = value.type.columns
        if style == PRINT and name is not None and len(parts) == 1:
            projection.add(Column(name, type_ or parts[0].type), value, base=name)
            return
        prefix = value.function.prefix
        for i, part in enumerate(parts):
            column = Column(f"{prefix}_{part.name}", part.type) if prefix else part
            projection.add(column, value, part=i)

    def _project_value(
        self,
        node: s.Expression,
        value: bound.Value,
        projection: Projection,
        style: str,
        type_: Type | None,
        name: str | None,
    ) -> None:
        found = value.type
        if not found.scalar:
            if isinstance(found, Group):
                self.fault("KS184", "More than one column is meant.", node)
                return
            if found is not ERROR:
                self.fault("KS108", "A single value is expected.", node)
            found = UNKNOWN
        if style == PRINT and name is not None:
            projection.add(Column(name, type_ or found), value, base=name)
            return
        chosen = label(node, value, None, self.row) or name or self.default_name(with_row=style == EXTEND)
        projection.add(Column(chosen, type_ or found), value, replace=style in (REPLACE, EXTEND))

    # --- operators

    def where(self, node: s.Where, source: bound.Relation | None) -> bound.Relation:
        value = underlying(self.value(node.condition))
        self.must_be(node.condition, value, BOOL)
        return self.step(node, source, self.same(), values=[value])

    def extend(self, node: s.Extend, source: bound.Relation | None) -> bound.Relation:
        values = self.bound_all(node.items)
        self.all_scalar(node.items, values)
        projection = self._all_columns()
        self.project(node.items, values, projection, EXTEND)
        return self.step(node, source, self.gathered(projection), made=projection.made())

    def serialize(self, node: s.Serialize, source: bound.Relation | None) -> bound.Relation:
        values = self.bound_all(node.items)
        self.all_scalar(node.items, values)
        projection = self._all_columns()
        self.project(node.items, values, projection)
        return self.step(node, source, self.gathered(projection), made=projection.made())

    def _all_columns(self) -> Projection:
        projection = Projection()
        for one in self.known():
            projection.add(one, once=True)
        return projection

    def print(self, node: s.Print, source: bound.Relation | None) -> bound.Relation:
        projection = Projection()
        values = self.bound_all(node.items)
        for i, (one, value) in enumerate(zip(node.items, values, strict=True)):
            self.must_be_scalar(one, value)
            self.project([one], [value], projection, PRINT, name=f"print_{i}")
        return self.step(node, source, Table(projection.columns), made=projection.made())

    def project_any(self, node: s.Project, source: bound.Relation | None) -> bound.Relation:
        """The family of ``project``."""
        if node.kind == "rename":
            return self._rename(node, source)
        if node.kind == "by-names":
            return self._by_names(node, source)
        if node.kind in ("away", "keep"):
            return self._keep_or_drop(node, source)
        values = self.bound_all(node.items)
        self.all_scalar(node.items, values)
        projection = Projection()
        self.project(node.items, values, projection)
        return self.step(node, source, self.gathered(projection), made=projection.made())

    def _keep_or_drop(self, node: s.Project, source: bound.Relation | None) -> bound.Relation:
        names: set[str] = set()
        for one in node.items:
            value = self.value(one)
            if isinstance(value, bound.Columns):
                names.update(column.name for column in value.columns)
            elif isinstance(value, bound.Use):
                names.add(value.column.name)
            else:
                self.fault("KS109", "A column is expected.", one)
        keep = node.kind == "keep"
        columns = [one for one in self.known() if (one.name in names) is keep]
        return self.step(node, source, self.same(sorted_columns=columns))

    def _rename(self, node: s.Project, source: bound.Relation | None) -> bound.Relation:
        projection = Projection()
        values = self.bound_all(node.items)
        for one in self.known():
            projection.hold(one)
        for item, value in zip(node.items, values, strict=True):
            if not isinstance(item, s.Named):
                self.fault("KS110", "A new name is expected: new = old.", item)
            elif not isinstance(value, bound.Use):
                self.fault("KS109", "A column is expected.", item.value)
            elif not projection.rename(value.column.name, item.names[0].text):
                self.fault("KS171", f"A column '{item.names[0].text}' is there already.", item.names[0])
        return self.step(node, source, self.gathered(projection), values=values, made=projection.made())

    def _by_names(self, node: s.Project, source: bound.Relation | None) -> bound.Relation:
        projection = Projection()
        values = self.bound_all(node.items)
        for value in values:
            for pattern in _names_in(value):
                for one in self.known():
                    if matches(pattern, one.name):
                        projection.add(one, once=True)
        return self.step(node, source, self.gathered(projection), values=values)

    def reorder(self, node: s.Reorder, source: bound.Relation | None) -> bound.Relation:
        projection = Projection()
        for item, order in node.items:
            value = self.value(item)
            if isinstance(value, bound.Columns):
                for one in _in_order(list(value.columns), order):
                    projection.add(one, once=True)
            elif isinstance(value, bound.Use):
                self._declare(projection, value.column, value, item, replace=False)
                projection.skip([value.column])
            elif isinstance(item, s.Name) and value.type.scalar:
                self._declare(projection, Column(item.text, single(value.type)), value, item, replace=False)
        for one in self.known():
            projection.add(one)
        return self.step(node, source, self.gathered(projection), made=projection.made())

    def summarize(self, node: s.Summarize, source: bound.Relation | None) -> bound.Relation:
        groups = self.bound_all(node.groups)
        own = (column_of(underlying(one)) for one in groups)
        before, self.by = self.by, [one for one in own if one is not None]
        self.kind = "aggregate"
        aggregates = self.bound_all(node.aggregates)
        self.kind, self.by = "normal", before
        self.all_scalar(node.aggregates, aggregates)
        if self.all_scalar(node.groups, groups):
            self.all_static(node.groups, groups)
        projection = Projection()
        self.project(node.groups, groups, projection)
        projection.skip(projection.columns)
        self.project(node.aggregates, aggregates, projection)
        values = [] if node.bin is None else [self.value(node.bin)]
        table = Table(projection.columns, open=self.shape.open)
        return self.step(node, source, table, values=[*groups, *values], made=projection.made())

    def distinct(self, node: s.Distinct, source: bound.Relation | None) -> bound.Relation:
        values = self.bound_all(node.items)
        projection = Projection()
        self.project(node.items, values, projection)
        plain = [(one, value) for one, value in zip(node.items, values, strict=True) if not isinstance(one, s.Star)]
        nodes, found = [one for one, _ in plain], [value for _, value in plain]
        star = next((one for one in node.items if isinstance(one, s.Star)), None)
        if self.all_scalar(nodes, found) and self.all_static(nodes, found) and star is not None:
            all(self.must_be_static(star, one.type) for one in projection.columns)
        return self.step(node, source, self.gathered(projection), made=projection.made())

    def sort(self, node: s.Sort, source: bound.Relation | None) -> bound.Relation:
        values = self.bound_all(node.items)
        if self.all_scalar(node.items, values):
            self.all_static(node.items, values)
        return self.step(node, source, self.same(), values=values)

    def top(self, node: s.Top, source: bound.Relation | None) -> bound.Relation:
        count, by = self.bound_all([node.count, node.by])
        self.must_be_integer(node.count, count)
        self.must_be_scalar(node.by, by)
        return self.step(node, source, self.same(), values=[count, by])

    def take(self, node: s.Take, source: bound.Relation | None) -> bound.Relation:
        count = underlying(self.value(node.count))
        self.must_be_integer(node.count, count)
        return self.step(node, source, self.same(), values=[count])

    def sample_distinct(self, node: s.SampleDistinct, source: bound.Relation | None) -> bound.Relation:
        count, of = self.bound_all([node.count, node.of])
        self.must_be_integer(node.count, count)
        if self.must_be_column(node.of, of):
            self.must_be_static(node.of, of.type)
        column = self._column_for(of, label(node.of, of, "Column1", self.row))
        return self.step(node, source, Table([column], open=self.shape.open), values=[count, of])

    def _column_for(self, value: bound.Value, name: str | None, type_: Type | None = None) -> Column:
        own = column_of(value)
        if own is not None and (name is None or own.name == name):
            return own
        return Column(name or "", type_ or (own.type if own else value.type))

    def count_rows(self, node: s.Count, source: bound.Relation | None) -> bound.Relation:
        name = node.name.text if node.name else "Count"
        return self.step(node, source, Table([Column(name, LONG)]))

    def top_hitters(self, node: s.TopHitters, source: bound.Relation | None) -> bound.Relation:
        count, of = self.bound_all([node.count, node.of])
        by = underlying(self.value(node.by)) if node.by is not None else None
        self.must_be_integer(node.count, count)
        self.must_be_column(node.of, of)
        projection = Projection()
        self.project([node.of], [of], projection)
        if node.by is not None and by is not None:
            self.must_be_number(node.by, by)
            projection.add(self._column_for(by, f"approximate_sum_{label(node.by, by)}"), by)
        else:
            projection.add(self._column_for(of, f"approximate_count_{label(node.of, of)}", LONG))
        values = [count, of] + ([by] if by is not None else [])
        return self.step(node, source, self.gathered(projection), values=values, made=projection.made())

    def top_nested(self, node: s.TopNested, source: bound.Relation | None) -> bound.Relation:
        names = UniqueNames()
        columns: list[bound.Made] = []
        values: list[bound.Value] = []
        for level in node.levels:
            count = underlying(self.value(level.count)) if level.count is not None else None
            of = underlying(self.value(level.of))
            others = self.value(level.others) if level.others is not None else None
            self.kind = "aggregate"
            by = underlying(self.value(level.by))
            self.kind = "normal"
            if level.count is not None and count is not None:
                self.must_be_integer(level.count, count)
            self.must_be_scalar(level.of, of)
            self.must_be_scalar(level.by, by)
            of_name = names.take(label(level.of, of, "", self.row) or "")
            columns.append(bound.Made(self._column_for(of, of_name), of))
            by_name = names.take(declared_label(level.by) or f"aggregated_{of_name}")
            columns.append(bound.Made(self._column_for(by, by_name), by))
            values += [one for one in (count, others) if one is not None]
        table = Table([one.column for one in columns], open=self.shape.open)
        return self.step(node, source, table, values=values, made=columns)


def _in_order(columns: list[Column], order: str) -> list[Column]:
    if not order:
        return columns
    if order.startswith("granny"):
        return sorted(columns, key=lambda one: _natural(one.name), reverse=order.endswith("desc"))
    return sorted(columns, key=lambda one: one.name.lower(), reverse=order == "desc")


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which ``a10`` comes after ``a9``."""
    found: list[tuple[int, int, str]] = []
    part = ""
    for letter in [*name.lower(), ""]:
        if part and (not letter or letter.isdigit() != part[-1].isdigit()):
            found.append((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part))
            part = ""
        part += letter
    return found


def _names_in(value: bound.Value) -> list[str]:
    """Names and patterns that an argument of ``project-by-names`` holds."""
    value = underlying(value)
    while isinstance(value, bound.Variable) and value.value is not None:
        value = underlying(value.value)
    if isinstance(value, bound.Constant):
        found = value.value if isinstance(value.value, list) else [value.value]
        return [one for one in found if isinstance(one, str)]
    if isinstance(value, bound.Call) and value.function.name == "column_names_of" and value.arguments:
        table = value.arguments[0].type
        return [one.name for one in table.columns] if isinstance(table, Table) else []
    return []
