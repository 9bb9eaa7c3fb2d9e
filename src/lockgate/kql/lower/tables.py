"""Operators that bring tables together."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, relation
from lockgate.kql import syntax as s
from lockgate.kql.bind.unions import united
from lockgate.kql.errors import QueryError
from lockgate.kql.lower.columns import Columns
from lockgate.kql.lower.core import Flow, use
from lockgate.kql.relation import Field
from lockgate.kql.types import DYNAMIC, STRING, Column, Table, Type

_KINDS = {
    "": "innerunique", "innerunique": "innerunique", "inner": "inner", "leftouter": "left", "rightouter": "right",
    "fullouter": "full", "leftsemi": "semi", "rightsemi": "semi", "anti": "anti", "leftanti": "anti",
    "leftantisemi": "anti", "rightanti": "anti", "rightantisemi": "anti",
}  # fmt: skip
_MISSING_SIDES = {"left": (False, True), "right": (True, False), "full": (True, True)}


class MissingTable(QueryError):  # noqa: N818 -- a fuzzy union passes over it
    """A table that is not there."""


class Tables(Columns):
    """Each method lowers one operator: the bound step, and the rows it reads."""

    # --- join and lookup

    def _join(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        assert isinstance(node, s.Join)
        if node.where is not None:
            self.cannot("join ... where is not known here.", node.where)
        span = self.span
        right = self.rows_of(step.others[0])
        self.span = span
        word = next((one.word for one in node.parameters if one.name == "kind"), "")
        keys = [self._key_pair(one, flow, right) for one in step.values]
        if node.lookup:
            return self._lookup(step, flow, right, keys, "inner" if word == "inner" else "left")
        kind = _KINDS[word]
        if word.startswith("right") and kind in ("semi", "anti"):
            swapped = [(other, own) for own, other in keys]
            right.node = relation.Join(kind, right.node, flow.node, tuple(swapped))
            right.columns = self.paired(right, step.type.columns)  # type: ignore[attr-defined]
            return right
        if kind in ("semi", "anti"):
            flow.node = relation.Join(kind, flow.node, right.node, tuple(keys))
            flow.columns = self.paired(flow, step.type.columns)  # type: ignore[attr-defined]
            return flow
        if kind == "innerunique":
            own = tuple(use(one) for one in flow.partition)
            flow.node = relation.Unique(flow.node, (*own, *(left for left, _ in keys)))
            kind = "inner"
        fields = self._outer(kind, flow, right, keys, [*flow.columns.values(), *right.columns.values()])
        flow.columns = dict(zip(step.type.columns, fields, strict=True))  # type: ignore[attr-defined]
        return flow

    def _outer(
        self, kind: str, flow: Flow, right: Flow, keys: Sequence[tuple[bound.Value, bound.Value]],
        fields: Sequence[Field],
    ) -> list[Field]:  # fmt: skip
        """Join, and give the fields of the result for those of the two sides: a text that is missing is empty."""
        left_may, right_may = _MISSING_SIDES.get(kind, (False, False))
        replaced: dict[Field, Field] = {}
        for may, side in ((left_may, flow), (right_may, right)):
            for field in side.columns.values():
                if may and field.type is STRING and field in fields:
                    replaced[field] = self.field(STRING, relation.NULLABLE_TEXT)
        missing = tuple((new, old) for old, new in replaced.items())
        flow.node = relation.Join(kind, flow.node, right.node, tuple(keys), missing)
        flow.order, flow.position = (), None
        return [replaced.get(one, one) for one in fields]

    def _lookup(
        self, step: bound.Step, flow: Flow, right: Flow, keys: Sequence[tuple[bound.Value, bound.Value]], kind: str
    ) -> Flow:  # fmt: skip
        taken = {other.column for _, other in keys if isinstance(other, bound.Use)}
        fields = [*flow.columns.values(), *(one for one in right.columns.values() if one not in taken)]
        fields = self._outer(kind, flow, right, keys, fields)
        flow.columns = dict(zip(step.type.columns, fields, strict=True))  # type: ignore[attr-defined]
        return flow

    def _key_pair(self, value: bound.Value, flow: Flow, right: Flow) -> tuple[bound.Value, bound.Value]:
        if isinstance(value, bound.Use):
            own, other = flow.named(value.column.name), right.named(value.column.name)
            if own is None or other is None:
                self.cannot(f"The column '{value.column.name}' is not on both sides.")
            return use(own), use(other)
        assert isinstance(value, bound.Operation)
        left, other_value = value.arguments
        return self.value(left, flow), self.value(other_value, right)

    # --- union

    def _union(self, step: bound.Step, flow: Flow | None) -> Flow:
        node = step.syntax
        assert isinstance(node, s.Union)
        fuzzy = any(one.name in ("isfuzzy", "__isFuzzy") and one.word.lower() == "true" for one in node.parameters)
        inputs: list[tuple[str, Flow, Table]] = []
        if flow is not None and step.input is not None and (table := bound.table_of(step.input)) is not None:
            inputs.append((_name_of(step.input, 0), flow, table))
        span = self.span
        for one in self._flattened(step.others):
            found = self._branch(one, fuzzy=fuzzy or self.fuzzy)
            if found is not None and isinstance(one.type, Table):
                inputs.append((_name_of(one, len(inputs)), found, one.type))
            self.span = span
        source = next((one.word for one in node.parameters if one.name in ("withsource", "with_source")), "")
        return self.together(inputs, step.type.columns, with_source=bool(source))  # type: ignore[attr-defined]

    def _flattened(self, relations: Sequence[bound.Relation]) -> list[bound.Relation]:
        found: list[bound.Relation] = []
        for one in relations:
            found += one.relations if isinstance(one, bound.Several) else (one,)
        return found

    def _branch(self, one: bound.Relation, *, fuzzy: bool) -> Flow | None:
        if not fuzzy:
            return self.rows_of(one)
        try:
            return self.rows_of(one)
        except MissingTable:
            return None

    def together(
        self, inputs: Sequence[tuple[str, Flow, Table]], columns: Sequence[Column], *, with_source: bool
    ) -> Flow:
        """All rows of several tables, their columns by name and type; ``with_source``: first the table's name."""
        # Names of united columns go by place: the order is that in which the binder united them.
        places = list(united(one for _, _, table in inputs for one in table.columns))
        if len(places) + with_source != len(columns):
            by_name = {(one.name, _type(one.type)) for _, _, table in inputs for one in table.columns}
            places = [(one.name, _type(one.type)) for one in columns[with_source:]]
            if not set(places) <= by_name and inputs:
                self.cannot("A table of this union is not known here.")
        number = {place: i for i, place in enumerate(places)}
        forms: list[list[str]] = [[] for _ in places]
        for _, flow, _ in inputs:
            for one, field in flow.columns.items():
                if (place := number.get((one.name, _type(one.type)))) is not None:
                    forms[place].append(field.stored)
        fields = [
            self.field(column.type, _form(column.type, form, len(inputs)))
            for column, form in zip(columns[with_source:], forms, strict=True)
        ]
        source = self.field(STRING)
        parts: list[tuple[relation.Node, dict[Field, bound.Value]]] = []
        for name, flow, _ in inputs:
            values: dict[Field, bound.Value] = {source: bound.Constant(name, STRING)} if with_source else {}
            for one, field in flow.columns.items():
                # A type that the service passes over is passed over here too.
                if (place := number.get((one.name, _type(one.type)))) is not None:
                    values[fields[place]] = use(field)
            parts.append((flow.node, values))
        if with_source:
            fields.insert(0, source)
        if not parts:
            return self.written(columns, [])
        return Flow(relation.Union(tuple(parts), tuple(fields)), dict(zip(columns, fields, strict=True)))

    # --- search and find

    def _search(self, step: bound.Step, flow: Flow | None) -> Flow:
        inputs: list[tuple[str, Flow, Table]] = []
        if flow is not None and not step.others and step.input is not None:
            table = bound.table_of(step.input)
            assert table is not None
            name = _name_of(step.input, 0)
            shown = self._searched(step.values[0], flow, table, table)
            return self.together([(name, shown, table)], step.type.columns, with_source=True)  # type: ignore[attr-defined]
        tables = [one for one in self._flattened(step.others) if isinstance(one.type, Table)]
        whole = united(column for one in tables for column in one.type.columns)  # type: ignore[attr-defined]
        for one in tables:
            shape = one.type
            assert isinstance(shape, Table)
            found = self.rows_of(one)
            names = {column: whole[column.name, _type(column.type)] for column in found.columns
                     if (column.name, _type(column.type)) in whole}  # fmt: skip
            seen = found.copy()
            seen.columns = {names.get(column, column): field for column, field in found.columns.items()}
            condition = self._absent_aware(step.values[0], seen)
            found.node = relation.Filter(seen.node, condition, self.taken_reads())
            inputs.append((_name_of(one, len(inputs)), found, shape))
        return self.together(inputs, step.type.columns, with_source=True)  # type: ignore[attr-defined]

    def _searched(self, condition: bound.Value, flow: Flow, table: Table, whole: Table) -> Flow:
        del table, whole
        found = self._absent_aware(condition, flow)
        flow.node = relation.Filter(flow.node, found, self.taken_reads())
        return flow

    def _absent_aware(self, condition: bound.Value, flow: Flow) -> bound.Value:
        """A condition in which columns that this table lacks are null."""
        self.absent = True
        try:
            return self.value(condition, flow)
        finally:
            self.absent = False

    def _find(self, step: bound.Step, flow: Flow | None) -> Flow:
        del flow
        columns = list(step.type.columns)  # type: ignore[attr-defined]
        fields = [self.field(one.type, _form(one.type, [], 1)) for one in columns]
        parts: list[tuple[relation.Node, dict[Field, bound.Value]]] = []
        for i, one in enumerate(self._flattened(step.others)):
            found = self.rows_of(one)
            condition = self._absent_aware(step.values[0], found)
            found.node = relation.Filter(found.node, condition, self.taken_reads())
            values: dict[Field, bound.Value] = {fields[0]: bound.Constant(_name_of(one, i), STRING)}
            for column, own in zip(columns[1:], fields[1:], strict=True):
                field = found.named(column.name)
                if column.name == "pack_":
                    names = {other.name for other in columns}
                    values[own] = self.packed(found, [other for other in found.columns if other.name not in names])
                elif field is not None:
                    values[own] = self.converted(use(field), column.type)
            parts.append((found.node, values))
        if not parts:
            return self.written(columns, [])
        return Flow(relation.Union(tuple(parts), tuple(fields)), dict(zip(columns, fields, strict=True)))

    # --- sub-queries on the rows at hand

    def given_to(self, query: bound.Relation, flow: Flow) -> Flow:
        """The rows of a sub-query that reads ``flow``."""
        base: bound.Relation = query
        while isinstance(base, bound.Step | bound.Shared):
            inner = base.relation if isinstance(base, bound.Shared) else base.input
            if inner is None:
                break
            base = inner
        key = id(base.type)
        before = self.given.get(key)
        self.given[key] = flow
        span = self.span
        try:
            return self.rows_of(query)
        finally:
            self.span = span
            if before is None:
                del self.given[key]
            else:
                self.given[key] = before

    def _invoke(self, step: bound.Step, flow: Flow) -> Flow:
        del flow  # the function's body reads it, as its first argument
        if not step.others:
            self.cannot("What is invoked gives no table.")
        return self.rows_of(step.others[0])


def _form(type_: Type, forms: Sequence[str], count: int) -> str:
    """How a column of a union is held that has these forms in some of ``count`` tables."""
    if forms and all(one == relation.TIMESTAMP for one in forms):
        return relation.TIMESTAMP
    return relation.NULLABLE_TEXT if type_ is STRING and len(forms) < count else relation.PLAIN


def _type(type_: Type) -> Type:
    return DYNAMIC if type_.dynamic else type_


def _name_of(one: bound.Relation, place: int) -> str:
    """What ``withsource`` says of a table: its name, or that of the place in the union."""
    if isinstance(one, bound.Step) and isinstance(one.syntax, s.As):
        return one.syntax.name.text
    if isinstance(one, bound.Applied) and one.view:
        return one.name
    while isinstance(one, bound.Shared) and not isinstance(one.relation, bound.Step):
        one = one.relation
    if isinstance(one, bound.Stored):
        return one.name
    return f"union_arg{place}"


