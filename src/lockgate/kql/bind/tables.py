"""Operators that bring tables together or take one apart, and what the columns of the result are."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.columns import Columns
from lockgate.kql.bind.core import EMPTY, column_of
from lockgate.kql.bind.labels import label
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.projection import made_unique
from lockgate.kql.bind.scope import Scope, UserFunction
from lockgate.kql.bind.unions import in_every, shared_columns, unified, unified_by_name
from lockgate.kql.bind.values import matches
from lockgate.kql.types import (
    BOOL,
    DYNAMIC,
    ERROR,
    INT,
    LONG,
    SCALARS,
    STRING,
    UNKNOWN,
    Column,
    Group,
    Table,
    Type,
    common,
)

_LEFT_ONLY = frozenset(("anti", "leftanti", "leftsemi", "leftantisemi"))
_RIGHT_ONLY = frozenset(("rightanti", "rightsemi", "rightantisemi"))


class Tables(Columns):
    """Each method binds one operator: its syntax, the rows it reads (or none), what it gives."""

    def sub_query(
        self, node: s.Expression, row: Table | None, source: bound.Relation | None = None
    ) -> bound.Value:  # fmt: skip
        """A query that begins with an operator and reads ``row``; given by the layer of operators."""
        raise NotImplementedError

    # --- join and lookup

    def join(self, node: s.Join, source: bound.Relation | None) -> bound.Relation:
        left = self.row
        right = self.within(None, lambda: self.value(node.right, tabular=True))
        self.must_be_table(node.right, right)
        outer, self.right = self.right, right.type if isinstance(right.type, Table) else None
        pairs: list[tuple[Column, Column]] = []
        values = self._condition(node, pairs)
        self.right = outer
        other = right.relation if isinstance(right, bound.Rows) else bound.Opaque(right.type)
        table = self._looked_up(right, pairs) if node.lookup else self._joined(node, right)
        self.row = left
        return self.step(node, source, table, values=values, others=[other])

    def _condition(self, node: s.Join, pairs: list[tuple[Column, Column]]) -> list[bound.Value]:
        if node.on is not None:
            return [value for one in node.on for value in self._keys(one, pairs)]
        if node.where is not None:
            value = self.value(node.where)
            self.must_be(node.where, value, BOOL)
            return [value]
        self.fault("KS006", "The columns to join by are missing: on ...", node)
        return []

    def _keys(self, node: s.Expression, pairs: list[tuple[Column, Column]]) -> list[bound.Value]:
        node = _bare(node)
        if isinstance(node, s.Binary) and node.operator == "and":
            return [*self._keys(node.left, pairs), *self._keys(node.right, pairs)]
        before, self.common_only = self.common_only, True
        value = self.value(node)
        self.common_only = before
        if isinstance(node, s.Binary) and node.operator == "==":
            self._equality(node, value, pairs)
        elif isinstance(node, s.Name):
            self._common_column(node, value, pairs)
        else:
            self.fault("KS182", "A column of both tables or $left.a == $right.b is expected.", node)
        return [value]

    def _common_column(self, node: s.Name, value: bound.Value, pairs: list[tuple[Column, Column]]) -> None:
        if not self.must_be_column(node, value):
            return
        left, right = _of(self.row, node.text), _of(self.right, node.text)
        if left is None or right is None:
            self.fault("KS145", f"The column '{node.text}' must be on both sides.", node)
            return
        both_dynamic = left.type.dynamic and right.type.dynamic
        if left.type is not right.type and UNKNOWN not in (left.type, right.type) and not both_dynamic:
            self.fault("KS227", f"The column '{node.text}' has different types on the two sides.", node)
            return
        pairs.append((left, right))

    def _equality(self, node: s.Binary, value: bound.Value, pairs: list[tuple[Column, Column]]) -> None:
        left, right = (
            value.arguments if isinstance(value, bound.Operation) else (bound.Fault(), bound.Fault())
        )  # fmt: skip
        well = self._side(node.left, left, "$left")
        well = self._side(node.right, right, "$right") and well
        if not well:
            return
        if left.type.dynamic or right.type.dynamic:
            side = node.left if left.type.dynamic else node.right
            self.fault("KS241", "What tables are joined by cannot be dynamic.", side)
            return
        types = [LONG if one.type is INT else one.type for one in (left, right)]
        if types[0] is not types[1] and UNKNOWN not in types and ERROR not in types:
            self.fault("KS242", f"The types {left.type.name} and {right.type.name} cannot be joined by.", (0, 0))
            return
        own, other = column_of(left), column_of(right)
        if own is not None and other is not None:
            pairs.append((own, other))

    def _side(self, node: s.Expression, value: bound.Value, name: str) -> bool:
        node = _bare(node)
        owner = node.value if isinstance(node, s.Path) else None
        if not (isinstance(owner, s.Name) and owner.text == name):
            self.fault("KS183", f"This side must be {name}.column.", node)
            return False
        return self.must_be_column(node, value) and self.must_be_scalar(node, value)

    def _joined(self, node: s.Join, right: bound.Value) -> Table:
        kind = next((one.word for one in node.parameters if one.name == "kind"), "")
        columns: list[Column] = []
        opened = False
        if kind not in _RIGHT_ONLY:
            columns += self.known()
            opened = self.shape.open
        if isinstance(right.type, Table) and kind not in _LEFT_ONLY:
            columns += right.type.known()
            opened = opened or right.type.open
        return Table(made_unique(columns), open=opened)

    def _looked_up(self, right: bound.Value, pairs: list[tuple[Column, Column]]) -> Table:
        lefts = dict(pairs)
        columns = [Column(one.name, one.type) if one in lefts else one for one in self.known()]
        opened = self.shape.open
        if isinstance(right.type, Table):
            taken = {other for _, other in pairs}
            columns += [one for one in right.type.known() if one not in taken]
            opened = opened or right.type.open
        return Table(made_unique(columns), open=opened)

    # --- union, find, search

    def tables_of(self, node: s.Expression) -> bound.Value:
        """A table, or all that a wildcard matches."""
        if isinstance(node, s.Wildcard):
            return self._matching(node.pattern, node)
        if isinstance(node, s.Path) and isinstance(node.member, s.Wildcard):
            owner = self.value(node.value)
            if getattr(owner.type, "open", False):
                table = Table((), open=True)
                return bound.Rows(bound.Opaque(table), table)
            return self._matching(node.member.pattern, node.member)
        return self.value(node, tabular=True)

    def _matching(self, pattern: str, node: s.Node) -> bound.Value:
        relations: list[bound.Relation] = []
        for name in self.workspace.names(pattern):
            if matches(pattern, name) and (table := self.workspace.table(name)) is not None:
                relations.append(bound.Stored(name, table))
        relations += self._views(pattern)
        if not relations and self.fuzzy:
            return bound.Rows(bound.Several((), Group([])), Group([]))
        if not relations:
            self.fault("KS142", f"No table is called like '{pattern}'.", node)
            return bound.Fault()
        if len(relations) == 1:
            return bound.Rows(relations[0], relations[0].type)
        group = Group([one.type for one in relations if isinstance(one.type, Table)])
        return bound.Rows(bound.Several(tuple(relations), group), group)

    def union(self, node: s.Union, source: bound.Relation | None) -> bound.Relation:
        before, self.fuzzy = self.fuzzy, _flag(node.parameters, ("isfuzzy", "__isFuzzy"), self.fuzzy)
        row, self.row = self.row, None
        found = [self.tables_of(one) for one in node.tables]
        self.row, self.fuzzy = row, before
        tables = [row] if row is not None else []
        for one, value in zip(node.tables, found, strict=True):
            self.must_be_table(one, value)
            tables += _tables(value.type)
        if not tables and not self.faults:
            self.fault("KS142", "None of the tables of this union is here.", node)
        columns = unified(one for table in tables for one in table.columns)
        if _word(node.parameters, ("kind",)) == "inner":
            # The service's parser gives all columns for this too; the documentation and the service itself do not.
            columns = unified(in_every(tables))
        name = _word(node.parameters, ("withsource", "with_source"))
        if name:
            columns.insert(0, Column(name, STRING))
        table = Table(columns, open=any(one.open for one in tables))
        others = [value.relation for value in found if isinstance(value, bound.Rows)]
        return self.step(node, source, table, others=others)

    def _searched(self, nodes: Sequence[s.Expression]) -> tuple[list[Table], list[bound.Relation]]:
        """The tables that are searched: those that are named, or all of the workspace."""
        tables: list[Table] = []
        relations: list[bound.Relation] = []
        row, self.row = self.row, None
        for one in nodes:
            value = self.tables_of(one)
            self.must_be_table(one, value)
            tables += _tables(value.type)
            relations += [value.relation] if isinstance(value, bound.Rows) else []
        self.row = row
        if not nodes:
            for name in self.workspace.names("*"):
                table = self.workspace.table(name)
                assert table is not None
                tables.append(table)
                relations.append(bound.Stored(name, table))
            for view in self._views("*"):
                tables += _tables(view.type)
                relations.append(view)
        return tables, relations

    def _views(self, pattern: str) -> list[bound.Relation]:
        """What the functions give that were declared as views and are called like ``pattern``."""
        found: list[bound.Relation] = []
        for name in dict.fromkeys(self.scope.names()):
            symbol = self.scope.find(name)
            if matches(pattern, name) and isinstance(symbol, UserFunction) and symbol.syntax.view:
                value = self.apply(symbol, ())
                if isinstance(value, bound.Rows):
                    found.append(value.relation)
        return found

    def search(self, node: s.Search, source: bound.Relation | None) -> bound.Relation:
        others: list[bound.Relation] = []
        row = self.row
        if node.tables or row is None:
            tables, others = self._searched(node.tables)
            columns = unified(one for table in tables for one in table.columns)
            table = Table(columns, open=any(one.open for one in tables))
        else:
            table = row
        self.row = table
        condition = self._predicate(node.condition)
        self.must_be(node.condition, condition, BOOL)
        self.row = row
        result = Table([Column("$table", STRING), *table.known()], open=table.open)
        return self.step(node, source, result, values=[condition], others=others)

    def _predicate(self, node: s.Expression) -> bound.Value:
        """A condition in which a text alone stands for ``* has text``."""
        if isinstance(node, s.Parenthesised):
            return self._predicate(node.inner)
        if isinstance(node, s.Star):
            return bound.Constant(True, BOOL)
        if isinstance(node, s.Binary) and node.operator in ("and", "or"):
            return self._predicates(node)
        value = self.value(node)
        if isinstance(node, s.Literal | s.Name) and value.constant and value.type is STRING:
            star = bound.Columns(tuple(self.known()), DYNAMIC, star=True)
            return bound.Operation("has", (star, value), BOOL, False)
        return value

    def _predicates(self, node: s.Binary) -> bound.Value:
        chain = [node]
        while isinstance(inner := chain[-1].left, s.Binary) and inner.operator in ("and", "or"):
            chain.append(inner)
        left = self._predicate(chain[-1].left)
        for one in reversed(chain):
            right = self._predicate(one.right)
            at = (one.at, one.at + len(one.operator))
            left = self.operation(one.operator, [left, right], at, (one.left, one.right))
        return left

    def find(self, node: s.Find, source: bound.Relation | None) -> bound.Relation:
        tables, others = self._searched(node.tables)
        row = self.row
        together = unified_by_name(one for table in tables for one in table.columns)
        self.row = Table(together, open=any(one.open for one in tables))
        condition = self._predicate(node.condition)
        self.must_be(node.condition, condition, BOOL)
        used = _used(condition)
        columns = [Column(_word(node.parameters, ("withsource", "with_source")) or "source_", STRING)]
        searched = tables if len(tables) == 1 or _stars(condition) else _having(tables, used)
        if node.columns is None:
            columns += self._smart_columns(searched, used)
            opened = self.row.open
        else:
            columns += self._chosen_columns(node.columns)
            opened = False
        if node.away:
            columns = self._without(node, columns)
        self.row = row
        return self.step(node, source, Table(columns, open=opened), values=[condition], others=others)

    def _smart_columns(self, tables: list[Table], used: list[Column]) -> list[Column]:
        found = shared_columns(tables)
        found += [one for one in used if one not in found]
        names = {one.name for one in found}
        if any(one.name not in names for table in tables if not table.open for one in table.columns):
            found.append(Column("pack_", DYNAMIC))
        return unified(found)

    def _chosen_columns(self, nodes: Sequence[s.ColumnDeclaration | s.Star | s.PackAll]) -> list[Column]:
        found: list[Column] = []
        for i, one in enumerate(nodes):
            if isinstance(one, s.PackAll):
                if i < len(nodes) - 1:
                    self.fault("KS185", "pack(*) is the last column.", one)
                found.append(Column("pack_", DYNAMIC))
            elif isinstance(one, s.ColumnDeclaration):
                value = self.value(one.name)
                if self.must_be_column(one.name, value) and isinstance(value, bound.Use):
                    type_ = SCALARS[one.type] if one.type else value.column.type
                    found.append(Column(value.column.name, type_) if one.type else value.column)
        return found

    def _without(self, node: s.Find, columns: list[Column]) -> list[Column]:
        first = node.away[0]
        if isinstance(first, s.Star):
            return columns[:1]
        names = {one.name.text for one in node.away if isinstance(one, s.ColumnDeclaration)}
        for one in node.away:
            if isinstance(one, s.ColumnDeclaration):
                self.value(one.name)
        return [one for one in columns if one.name not in names]

    # --- taking apart

    def fork(self, node: s.Fork, source: bound.Relation | None) -> bound.Relation:
        tables: list[Table] = []
        others: list[bound.Relation] = []
        row = self.row
        for one in node.branches:
            self.row = row
            value = self.sub_query(one.query, row)
            self.must_be_table(one.query, value)
            if isinstance(value, bound.Rows):
                others.append(value.relation)
            if isinstance(value.type, Table):
                tables.append(value.type)
        self.row = row
        return self.step(node, source, Group(tables), others=others)

    def facet(self, node: s.Facet, source: bound.Relation | None) -> bound.Relation:
        tables: list[Table] = []
        values = [self.value(one) for one in node.items]
        others: list[bound.Relation] = []
        if node.query is not None:
            found = self.sub_query(node.query, self.row)
            if isinstance(found, bound.Rows):
                others.append(found.relation)
            if isinstance(found.type, Table):
                tables.append(found.type)
        for one, value in zip(node.items, values, strict=True):
            if self.must_be_column(one, value):
                self.must_be_static(one, value.type)
            name = label(one, value) or ""
            tables.append(Table([self._column_for(value, name), Column(f"count_{name}", LONG)]))
        return self.step(node, source, Group(tables), values=values, others=others)

    def partition(self, node: s.Partition, source: bound.Relation | None) -> bound.Relation:
        by = self.value(node.by)
        outer, row = self.scope, self.row
        if isinstance(by, bound.Use):
            self.scope = Scope(outer)
            self.scope.symbols[by.column.name] = by
        if node.scope is not None:
            self.value(node.scope)
        place = (*self.apart, id(node), self.met[*self.apart, id(node)])
        self.met[place[:-1]] += 1
        found = self._by_itself(node, (*place, -1)) if node.whole else self.sub_query(node.query, row)
        self.scope, self.row = outer, row
        if self.must_be_column(node.by, by):
            self.must_be_static(node.by, by.type)
        self.must_be_table(node.query, found)
        table = Table(found.type.known(), open=self.shape.open) if isinstance(found.type, Table) else self.shape
        others = [found.relation] if isinstance(found, bound.Rows) else []
        if not node.whole or not isinstance(by, bound.Use):
            return self.step(node, source, table, values=[by], others=others)
        each = self._for_each(node, by.column, place)
        return bound.Apart(node, source, tuple(others), (by,), (), table, place, each)

    def _by_itself(self, node: s.Partition, place: tuple[int, ...]) -> bound.Value:
        """The query of its own, which sees no row around it but what the scope holds."""
        outer, row = self.apart, self.row
        self.apart, self.row = place, None
        found = self.value(node.query, tabular=True)
        self.apart, self.row = outer, row
        return found

    def _for_each(
        self, node: s.Partition, column: Column, place: tuple[int, ...]
    ) -> tuple[bound.Relation, ...] | None:  # fmt: skip
        """The query with each value of the column in its place; none while these are not known."""
        if place not in self.keys:
            return None
        outer, queries = self.scope, []
        for i, key in enumerate(self.keys[place]):
            self.scope = Scope(outer)
            self.scope.symbols[column.name] = bound.Constant(key, column.type)
            found = self._by_itself(node, (*place, i))
            queries.append(found.relation if isinstance(found, bound.Rows) else bound.Opaque(found.type))
        self.scope = outer
        return tuple(queries)

    def partition_by(self, node: s.PartitionBy, source: bound.Relation | None) -> bound.Relation:
        by = self.value(node.by)
        if self.must_be_column(node.by, by):
            self.must_be_static(node.by, by.type)
        found = self.sub_query(node.query, self.row)
        table = Table(found.type.known()) if isinstance(found.type, Table) else EMPTY
        others = [found.relation] if isinstance(found, bound.Rows) else []
        return self.step(node, source, table, values=[by], others=others)

    # --- calls, names, ranges

    def evaluate(self, node: s.Evaluate, source: bound.Relation | None) -> bound.Relation:
        self.kind = "plugin"
        value = self.call(node.call)
        self.kind = "normal"
        table: Type = self.shapes.get(id(node), value.type)
        if node.schema is not None:
            declared = self.columns_of(node.schema)
            names = {one.name for one in declared}
            columns = [one for one in table.columns if one.name not in names] if isinstance(table, Table) else []
            table = Table([*(columns if node.schema.star else []), *declared])
        return self.step(node, source, table, values=[value])

    def invoke(self, node: s.Invoke, source: bound.Relation | None) -> bound.Relation:
        row, self.row = self.row, None
        given = bound.Rows(source or bound.Opaque(row or EMPTY), row or EMPTY)
        value = self._invoked(node.call, given)
        self.row = row
        if isinstance(value, bound.Rows):
            return self.step(node, source, value.type, values=[value], others=[value.relation])
        return self.step(node, source, value.type, values=[value])

    def _invoked(self, node: s.Expression, given: bound.Value) -> bound.Value:
        if not isinstance(node, s.Call):
            return self.value(node, tabular=True)
        function = self._found(node.name.text, None)
        if not isinstance(function, UserFunction):
            return self.value(node)
        begin = self.begin
        values = [given, *(self.value(one) for one in node.arguments)]
        return self.of_user(function, values, node, given_at=(begin, node.start))

    def as_(self, node: s.As, source: bound.Relation | None) -> bound.Relation:
        table = Table(self.shape.columns, open=self.shape.open)
        shared = bound.Shared(node.name.text, source or bound.Opaque(table), self.row or table)
        if self.row is not None:
            self.scope.symbols[node.name.text] = bound.Rows(shared, self.row)
        return self.step(node, shared, table)

    def range(self, node: s.Range, source: bound.Relation | None) -> bound.Relation:
        nodes = [node.first, node.last, node.step]
        values = self.bound_all(nodes)
        for one, value in zip(nodes, values, strict=True):
            self.must_be_summable(one, value)
        first, last, step = (one.type for one in values)
        joined = common([first, last]) or UNKNOWN
        if joined is step and step is INT:
            type_ = INT
        else:
            sides: list[bound.Value] = [bound.Fault(joined), bound.Fault(step)]
            type_ = self.operation("+", sides, (node.step.start, node.step.end), (node.first, node.step)).type
        column = Column(node.name.text, type_)
        return self.step(node, source, Table([column]), values=values, made=[bound.Made(column, None)])

    def plain(self, node: s.Plain, source: bound.Relation | None) -> bound.Relation:
        """``getschema``, ``consume``, ``__executeAndCache``."""
        if node.kind == "getschema":
            if any(one.name == "kind" and one.word == "csl" for one in node.parameters):
                return self.step(node, source, Table([Column("Schema", STRING)]))
            names = (("ColumnName", STRING), ("ColumnOrdinal", LONG), ("DataType", STRING), ("ColumnType", STRING))
            return self.step(node, source, Table([Column(name, type_) for name, type_ in names]))
        if node.kind == "consume":
            return self.step(node, source, Table(()))
        return self.step(node, source, self.same())

    def assert_schema(self, node: s.AssertSchema, source: bound.Relation | None) -> bound.Relation:
        return self.step(node, source, self.same())

    def macro(self, node: s.Macro, source: bound.Relation | None) -> bound.Relation:
        """``macro-expand``: what it gives depends on a group of databases, of which only this one is known."""
        self.value(node.group)
        outer, self.scope = self.scope, Scope(self.scope)
        if node.name is not None:
            self.scope.symbols[node.name.text] = bound.Fault(UNKNOWN)
        self.muted += 1
        self.statements(node.statements)
        self.muted -= 1
        self.scope = outer
        return self.step(node, source, Table((), open=True))


def _bare(node: s.Expression) -> s.Expression:
    while isinstance(node, s.Parenthesised):
        node = node.inner
    return node


def _of(table: Table | None, name: str) -> Column | None:
    if table is None:
        return None
    return table.column(name) or (table.infer(name) if table.open else None)


def _tables(type_: Type) -> list[Table]:
    if isinstance(type_, Group):
        return type_.tables
    return [type_] if isinstance(type_, Table) else []


def _word(parameters: Sequence[s.Parameter], names: Sequence[str]) -> str:
    return next((one.word for one in parameters if one.name in names), "")


def _flag(parameters: Sequence[s.Parameter], names: Sequence[str], default: bool) -> bool:
    word = _word(parameters, names)
    return default if not word else word.lower() == "true"


def _used(value: bound.Value) -> list[Column]:
    """The columns that a condition refers to, each once."""
    found: dict[Column, None] = {}
    waiting = [value]
    while waiting:
        one = underlying(waiting.pop())
        if isinstance(one, bound.Use):
            found[one.column] = None
        elif isinstance(one, bound.Call | bound.Operation):
            waiting += reversed(one.arguments)
        elif isinstance(one, bound.Member):
            waiting += [one.key, one.value] if isinstance(one.key, bound.Value) else [one.value]
    return list(found)


def _stars(value: bound.Value) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bound.Columns) and one.star:
            return True
        if isinstance(one, bound.Call | bound.Operation):
            waiting += one.arguments
    return False


def _having(tables: Sequence[Table], columns: Sequence[Column]) -> list[Table]:
    names = {one.name for one in columns}
    return [one for one in tables if one.open or any(one.column(name) is not None for name in names)]
