"""Values: names, members, operators, literals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from lockgate.kql import bound, catalogue
from lockgate.kql import syntax as s
from lockgate.kql.bind.core import Core
from lockgate.kql.bind.matching import Arguments, best, fault, laid_out
from lockgate.kql.bind.results import Request, result
from lockgate.kql.bind.scope import Symbol, UserFunction
from lockgate.kql.catalogue import Function
from lockgate.kql.catalogue.operators import NAMES
from lockgate.kql.errors import nearest
from lockgate.kql.types import (
    ARRAY,
    ARRAY_KIND,
    BAG,
    BOOL,
    DYNAMIC,
    ERROR,
    GUID,
    INTEGERS,
    LONG,
    SCALARS,
    STRING,
    TYPE,
    UNKNOWN,
    Column,
    Database,
    Group,
    Table,
    Tuple,
    Type,
    array_of,
    common,
    dynamic_of,
    single,
)


class Values(Core):
    """Binds values."""

    def pipeline(self, node: s.Pipeline) -> bound.Value:
        """A query; given by the layer of operators."""
        raise NotImplementedError

    def call(self, node: s.Call, owner: Type | None = None) -> bound.Value:
        """A call; given by the layer of calls."""
        raise NotImplementedError

    def apply(self, function: UserFunction, values: Sequence[bound.Value]) -> bound.Value:
        """A user's function applied; given by the layer of calls."""
        raise NotImplementedError

    def of_pattern(self, node: s.Call, pattern: s.Pattern, path: str | None) -> bound.Value:
        """A pattern applied; given by the layer of calls."""
        raise NotImplementedError

    def value(self, node: s.Expression, *, tabular: bool = False) -> bound.Value:
        """What a value is. ``tabular`` says that a table is expected, which changes what is said of an unknown name."""
        self.count(node)
        kind = type(node)
        if kind is s.Name:
            return self.name(node, tabular=tabular)  # type: ignore[arg-type]
        if kind is s.Call:
            return self.call(node)  # type: ignore[arg-type]
        if kind is s.Parenthesised:
            return self.value(node.inner, tabular=tabular)  # type: ignore[attr-defined]
        method: Callable[[Any], bound.Value] = getattr(self, _METHODS[kind])
        return method(node)

    # --- names

    def name(self, node: s.Name, *, tabular: bool = False) -> bound.Value:
        """What a name refers to."""
        name = node.text
        if name in ("$left", "$right") and self.right is not None:
            table = self.row if name == "$left" else self.right
            return bound.Record(name, Tuple(table.columns if table else (), table))
        if self.kind == "normal" and self.row is not None and (column := self._column(name)) is not None:
            return bound.Use(column, column.type)
        if self.kind == "normal" and self.row is None and self.right is not None:
            column = self.right.column(name)
            if column is not None:
                return bound.Use(column, column.type)
        found = self.known_name(name, node)
        if found is not None:
            return found
        if self.kind == "normal" and self.row is not None and self.row.open:
            column = self.row.infer(name)
            return bound.Use(column, UNKNOWN)
        return self._unknown_name(node, tabular=tabular)

    def _column(self, name: str) -> Column | None:
        assert self.row is not None
        column = self.row.column(name) or self.row._inferred.get(name)
        if self.right is None:
            return column
        right = self.right.column(name)
        if column is not None and right is not None and self.common_only:
            return Column(column.name, column.type)
        return column or right

    def known_name(self, name: str, node: s.Node) -> bound.Value | None:
        """A variable, a function that takes nothing, or a table of that name."""
        symbol: Symbol | None = self.scope.find(name)
        if symbol is None and name in self.workspace.functions:
            function = UserFunction(name, self.workspace.functions[name], None)
            if all(one.default is not None for one in function.syntax.parameters):
                symbol = function
        if isinstance(symbol, UserFunction):
            if all(one.default is not None for one in symbol.syntax.parameters):
                return self.apply(symbol, ())
            self.fault("KS117", f"The function '{name}' needs its arguments in brackets.", node)
            return bound.Fault()
        if symbol is not None:
            return symbol
        table = self.workspace.table(name)
        if table is not None:
            return bound.Rows(bound.Stored(name, table), table)
        if catalogue.find(name) is not None and self.kind != "plugin":
            self.fault("KS117", f"The function '{name}' needs its arguments in brackets.", node)
            return bound.Fault()
        return None

    def _unknown_name(self, node: s.Name, *, tabular: bool) -> bound.Value:
        name = node.text
        if self.kind == "aggregate" and self.row is not None:
            column = self.row.column(name)
            if column is not None or self.row.open:
                self.fault("KS236", f"'{name}' is no aggregate: a column must be summed up by one.", node)
                return bound.Fault()
        if tabular:
            if not self.fuzzy:
                self.fault(
                    "KS204", f"There is no table, variable or function '{name}'.", node,
                    lambda: nearest(name, [*self.workspace.names(), *self.scope.names()]),
                )  # fmt: skip
            table = Table((), open=True, title=name)
            return bound.Rows(bound.Opaque(table), table)
        self.fault(
            "KS142", f"There is no column, table, variable or function '{name}'.", node,
            lambda: self._around(name) or nearest(name, [*(one.name for one in self.known()), *self.scope.names()]),
        )  # fmt: skip
        return bound.Fault()

    def _around(self, name: str) -> str:
        """Why a column of the rows around a ``toscalar`` is not known in it; empty where it is none."""
        if self.around is None or self.around.column(name) is None:
            return ""
        return f"'{name}' belongs to the rows around 'toscalar', which is computed once, not for each row: use a join."

    def _wildcard(self, node: s.Wildcard) -> bound.Value:
        """Columns that match; where tables are wanted the operator asks for them itself."""
        columns = tuple(one for one in self.known() if matches(node.pattern, one.name))
        if not columns and not self.shape.open:
            self.fault("KS142", f"No column is called like '{node.pattern}'.", node)
            return bound.Fault()
        return bound.Columns(columns, Group([]))

    def _star(self, node: s.Star) -> bound.Value:
        del node  # every star means the same
        return bound.Columns(tuple(self.known()), Tuple(self.known()), star=True)

    # --- literals

    def _literal(self, node: s.Literal) -> bound.Value:
        return bound.Constant(node.value, _json_type(node.value) if node.type == "dynamic" else SCALARS[node.type])

    def _type_of(self, node: s.TypeOf) -> bound.Value:
        if node.schema is None:
            return bound.TypeValue(SCALARS[node.type], TYPE)
        columns = list(self.known()) if node.schema.star else []
        if node.schema.star and self.row is None:
            self.fault("KS199", "There are no columns here.", node.schema)
        columns += [Column(one.name.text, SCALARS[one.type]) for one in node.schema.columns]
        return bound.TypeValue(Table(columns), TYPE)

    # --- members

    def _path(self, node: s.Path) -> bound.Value:
        member = node.member
        pattern = self._pattern_of(node.value)
        if pattern is not None and isinstance(node.value, s.Call) and isinstance(member, s.Name):
            return self.of_pattern(node.value, pattern, member.text)
        owner = self.value(node.value)
        if isinstance(member, s.Parenthesised):
            return self._at(owner, member.inner, (member.start, member.end))
        if isinstance(member, s.Call):
            if owner.type.dynamic:
                return bound.Member(owner, member.name.text, DYNAMIC)
            if owner.type is ERROR or owner.type is UNKNOWN:
                return bound.Fault(owner.type)
            return self.call(member, owner.type)
        if isinstance(member, s.Wildcard):
            return self._unknown_table(member.pattern, member, owner.type)
        assert isinstance(member, s.Name)
        return self._member(owner, member)

    def _pattern_of(self, node: s.Expression) -> s.Pattern | None:
        symbol = self.scope.find(node.name.text) if isinstance(node, s.Call) else None
        return symbol.pattern if isinstance(symbol, bound.Matches) else None

    def _member(self, owner: bound.Value, member: s.Name) -> bound.Value:
        type_, name = owner.type, member.text
        if isinstance(type_, Tuple):
            column = type_.related.column(name) if type_.related else None
            column = column or next((one for one in type_.columns if one.name == name), None)
            if column is None and type_.related is not None and type_.related.open:
                column = type_.related.infer(name)
            if column is not None:
                # Which side of a join is meant the column tells; which node or step does not follow from it.
                named = self.in_graph or (isinstance(owner, bound.Record) and not owner.name.startswith("$"))
                return bound.Member(owner, name, column.type) if named else bound.Use(column, column.type)
        if type_.dynamic:
            return bound.Member(owner, name, DYNAMIC)
        if type_ is UNKNOWN or type_ is ERROR:
            return bound.Member(owner, name, type_) if type_ is UNKNOWN else bound.Fault()
        if isinstance(type_, Database):
            return self._unknown_table(name, member, type_)
        self.fault("KS142", f"There is no member '{name}' of a value of type {type_.name}.", member)
        return bound.Fault()

    def _unknown_table(self, name: str, node: s.Node, owner: Type) -> bound.Value:
        """A table of a database by name; of one that is not known any is taken to exist."""
        if isinstance(owner, Database) and not owner.open:
            found = self.known_in_database(name)
            if found is not None:
                return found
            if not self.fuzzy:
                message = f"There is no table or function '{name}'."
                self.fault("KS204", message, node, lambda: nearest(name, self.workspace.names()))
        elif not isinstance(owner, Database):
            self.fault("KS142", f"There is no table '{name}' here.", node)
            return bound.Fault()
        table = Table((), open=True, title=name)
        return bound.Rows(bound.Opaque(table), table)

    def known_in_database(self, name: str) -> bound.Value | None:
        """A stored function that takes nothing, or a table."""
        if name in self.workspace.functions:
            return self.apply(UserFunction(name, self.workspace.functions[name], None), ())
        table = self.workspace.table(name)
        return bound.Rows(bound.Stored(name, table), table) if table is not None else None

    def _element(self, node: s.Element) -> bound.Value:
        owner = self.value(node.value)
        return self._at(owner, node.index, (node.value.end, node.end))

    def _at(self, owner: bound.Value, index: s.Expression, brackets: tuple[int, int]) -> bound.Value:
        before, self.kind = self.kind, "normal"
        key = self.value(index)
        self.kind = before
        type_ = owner.type
        if key.type is ERROR or type_ is ERROR:
            return bound.Fault()
        whole = key.type in INTEGERS or key.type is DYNAMIC or key.type is dynamic_of(LONG)
        textual = key.type is STRING or key.type.dynamic
        if type_.kind == ARRAY_KIND:
            if not whole:
                self.fault("KS141", "The index of an array is an integer.", index)
            return bound.Member(owner, key, dynamic_of(type_.element))
        if type_ is BAG or type_ is DYNAMIC:
            if not textual and not (whole and type_ is DYNAMIC):
                self.fault("KS141", "A member is named by a text.", index)
            return bound.Member(owner, key, DYNAMIC)
        if isinstance(type_, Tuple):
            place = key.value if isinstance(key, bound.Constant) else None
            if isinstance(place, int) and 0 <= place < len(type_.columns):
                return bound.Member(owner, key, type_.columns[place].type)
            return bound.Fault(UNKNOWN)
        if type_ is UNKNOWN:
            return bound.Member(owner, key, UNKNOWN)
        self.fault("KS147", f"A value of type {type_.name} has no elements.", brackets)
        return bound.Fault()

    # --- operators

    def _unary(self, node: s.Unary) -> bound.Value:
        value = self.value(node.value)
        at = (node.start, node.start + 1)
        found = self.operation(node.operator, [value], at, (node.value,), name="negate")
        constant = value.constant and value.type in SCALARS.values()
        if constant and isinstance(found, bound.Operation):
            return bound.Operation(node.operator, found.arguments, value.type, True)
        return found

    def _binary(self, node: s.Binary) -> bound.Value:
        chain = [node]
        while isinstance(chain[-1].left, s.Binary):
            chain.append(chain[-1].left)
        left = self._left(chain[-1])
        for one in reversed(chain):
            self.count(one)
            right = self.value(one.right)
            at = (one.at, one.at + len(one.operator))
            left = self.operation(one.operator, [left, right], at, (one.left, one.right))
        return left

    def _left(self, node: s.Binary) -> bound.Value:
        if isinstance(node.left, s.Star):
            return bound.Columns(tuple(self.known()), DYNAMIC, star=True)
        return self.value(node.left)

    def _among(self, node: s.Among) -> bound.Value:
        return self._operation(node, (node.value, *node.items))

    def _between(self, node: s.Between) -> bound.Value:
        return self._operation(node, (node.value, node.low, node.high))

    def _operation(self, node: s.Among | s.Between, operands: Sequence[s.Expression]) -> bound.Value:
        values = [self.value(one) for one in operands]
        at = (node.at, node.at + len(node.operator))
        return self.operation(node.operator, values, at, operands, complete=False)

    def operation(
        self, operator: str, values: list[bound.Value], at: tuple[int, int], operands: Sequence[s.Expression],
        *, name: str = "", complete: bool = True,
    ) -> bound.Value:  # fmt: skip
        """An operator applied to values. ``complete``: it is not defined for types that do not all fit."""
        star = isinstance(values[0], bound.Columns) and values[0].star
        types = tuple(single(one.type) for one in values)
        found, undefined, wrong = _resolved(name or NAMES[operator], types, star, complete)
        if undefined:
            names = " and ".join(one.name for one in types)
            self.fault("KS106", f"The operator '{operator}' is not defined for {names}.", at)
        for index, code, message in wrong:
            self.fault(code, message, operands[index])
        return bound.Operation(operator, tuple(values), found, all(one.constant for one in values))

    # --- tables as values

    def _to_scalar(self, node: s.ToScalar) -> bound.Value:
        """One value, computed once: also for all calls of a function without parameters that it stands in, but for each
        value of a ``partition``'s column anew."""
        if self.apart or any(one.syntax.parameters for one in self.applied):
            return self._once(node)
        known = self.computed.get(id(node))
        if known is None:
            known = self.computed[id(node)] = self._once(node)
        return known

    def _once(self, node: s.ToScalar) -> bound.Value:
        before, self.around = self.around, self.row or self.around
        try:
            found = self.within(None, lambda: self.value(node.query, tabular=True))
        finally:
            self.around = before
        if isinstance(found.type, Table):
            relation = found.relation if isinstance(found, bound.Rows) else bound.Opaque(found.type)
            if found.type.columns or found.type.open:
                type_ = found.type.columns[0].type if found.type.columns else UNKNOWN
                return bound.Rows(relation, type_, True)
            self.fault("KS190", "The table has no columns.", node.query)
            return bound.Fault()
        if found.type.scalar:
            return found if isinstance(found, bound.Constant) else bound.Once(found, found.type)
        if found.type is not ERROR:
            self.fault("KS112", "A table or a single value is expected.", node.query)
        return bound.Fault()

    def _to_table(self, node: s.ToTable) -> bound.Value:
        found = self.within(None, lambda: self.value(node.query, tabular=True))
        return found if self.must_be_table(node.query, found) else bound.Fault()

    def _materialize(self, node: s.Materialize) -> bound.Value:
        found = self.value(node.query, tabular=True)
        if isinstance(found, bound.Rows):
            return bound.Rows(bound.Shared("", found.relation, found.type), found.type)
        return found

    def _data_table(self, node: s.DataTable) -> bound.Value:
        table = Table(self.columns_of(node.schema))
        if table.columns and len(node.values) % len(table.columns):
            at = (node.values[0].start, node.values[-1].end)
            self.fault("KS173", f"The number of values is no multiple of {len(table.columns)} columns.", at)
        values = [self.value(one) for one in node.values]
        for one, value in zip(node.values, values, strict=True):
            self.must_be_scalar(one, value)
        return bound.Rows(bound.Written(node, table, tuple(values)), table)

    def _external_data(self, node: s.ExternalData) -> bound.Value:
        table = Table(self.columns_of(node.schema))
        values = [self.value(one) for one in node.addresses]
        return bound.Rows(bound.Written(node, table, tuple(values)), table)

    def _contextual(self, node: s.ContextualDataTable) -> bound.Value:
        table = Table(self.columns_of(node.schema))
        self.must_be(node.id, self.value(node.id), GUID)
        return bound.Rows(bound.Written(node, table), table)

    def _inline_external(self, node: s.InlineExternalTable) -> bound.Value:
        columns = self.columns_of(node.schema) if node.schema else []
        names = {one.name for one in columns}
        columns += [Column(one.name.text, SCALARS[one.type]) for one in node.partitions if one.name.text not in names]
        table = Table(columns, open=node.schema is None)
        return bound.Rows(bound.Written(node, table), table)

    def _scope(self, node: s.DataScope) -> bound.Value:
        found = self.value(node.table, tabular=True)
        self.must_be_table(node.table, found)
        return found

    def _view_combine(self, node: s.MaterializedViewCombine) -> bound.Value:
        self.value(node.view)
        self.value(node.base, tabular=True)
        delta = self.value(node.delta, tabular=True)
        one = node.aggregations
        row = delta.type if isinstance(delta.type, Table) else None
        return self.within(row, lambda: self.pipeline(s.Pipeline(node.delta, (one,), one.start, one.end)))

    def _entity_group(self, node: s.EntityGroup) -> bound.Value:
        for one in node.items:
            self.value(one, tabular=True)
        return bound.Fault(UNKNOWN)

    def _stray(self, node: s.Expression) -> bound.Value:
        """What cannot be a value by itself."""
        self.fault("KS006", "A value is missing.", node)
        return bound.Fault()

    def _named(self, node: s.Named) -> bound.Value:
        found = self.value(node.value)
        return bound.Named(node.names[0].text, found, found.type, found.constant)

    def _ordered(self, node: s.Ordered) -> bound.Value:
        return self.value(node.value)

    def columns_of(self, schema: s.Schema) -> list[Column]:
        """The columns that a schema declares; a repeated name is told."""
        found: list[Column] = []
        seen: set[str] = set()
        for one in schema.columns:
            if one.name.text in seen:
                self.fault("KS171", f"A column '{one.name.text}' is declared already.", one.name)
            else:
                seen.add(one.name.text)
                found.append(Column(one.name.text, SCALARS[one.type]))
        return found


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern with stars. Case counts."""
    parts = pattern.split("*")
    if len(parts) == 1:
        return pattern == name
    if not name.startswith(parts[0]) or not name.endswith(parts[-1]) or len(name) < len(parts[0]) + len(parts[-1]):
        return False
    at, end = len(parts[0]), len(name) - len(parts[-1])
    for part in parts[1:-1]:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _json_type(value: object) -> Type:
    """The type of a dynamic literal."""
    return dynamic_of(_json_inner(value))


def _json_inner(value: object) -> Type:
    if isinstance(value, dict):
        return BAG
    if isinstance(value, list):
        joined = common([_json_inner(one) for one in value], 0) if value else None
        return ARRAY if joined is None or joined.dynamic else array_of(joined)
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return LONG
    if isinstance(value, float):
        return SCALARS["real"]
    if isinstance(value, str):
        return STRING
    return SCALARS[value.type] if isinstance(value, s.Literal) else DYNAMIC


@lru_cache(maxsize=4096)
def _resolved(
    name: str, types: tuple[Type, ...], star: bool, complete: bool
) -> tuple[Type, bool, tuple[tuple[int, str, str], ...]]:
    """The type of an operator's result, whether it is not defined for ``types``, and which operands are wrong with
    their codes and sentences. Star is ``*`` as first operand."""
    function = catalogue.find(name, "operator")
    assert function is not None
    values = [bound.Columns((), types[0], star=True) if star else bound.Fault(types[0])]
    values += [bound.Fault(one) for one in types[1:]]
    arguments = Arguments(values)
    chosen = best(function.signatures, arguments, complete=complete)
    if len(chosen) == 1:
        layout = laid_out(function.signatures[chosen[0]], len(types))
        told = [(i, fault(layout, arguments, i)) for i in range(len(types))]
        found = _result_of(function, chosen[0], types)
        if found is DYNAMIC and any(one.kind == "single" for one in types):
            inner = tuple(one.element or one if one.kind == "single" else one for one in types)
            closer = _resolved(name, inner, star, complete)[0]
            if closer.kind == "scalar" and closer is not UNKNOWN:
                found = dynamic_of(closer)
        return found, False, tuple((i, *one) for i, one in told if one)
    if not chosen:
        chosen = best(function.signatures, arguments)
    results = [_result_of(function, one, types) for one in chosen]
    unclear = arguments.unclear()
    same = results and all(one is results[0] for one in results)
    return (results[0] if same else UNKNOWN if unclear else ERROR), not unclear, ()


def _result_of(function: Function, index: int, types: tuple[Type, ...]) -> Type:
    signature = function.signatures[index]
    layout = laid_out(signature, len(types))
    return result(signature.result, Request(function, layout, [bound.Fault(one) for one in types], types, (), None, ()))


_METHODS: dict[type, str] = {
    s.Literal: "_literal", s.Wildcard: "_wildcard", s.Star: "_star", s.Path: "_path", s.Element: "_element",
    s.Unary: "_unary", s.Binary: "_binary", s.Among: "_among", s.Between: "_between", s.TypeOf: "_type_of",
    s.ToScalar: "_to_scalar", s.ToTable: "_to_table", s.Materialize: "_materialize", s.DataTable: "_data_table",
    s.ExternalData: "_external_data", s.ContextualDataTable: "_contextual", s.Pipeline: "pipeline",
    s.InlineExternalTable: "_inline_external", s.DataScope: "_scope", s.EntityGroup: "_entity_group",
    s.MaterializedViewCombine: "_view_combine", s.Named: "_named", s.Ordered: "_ordered", s.PackAll: "_stray",
    s.Function: "_stray",
}  # fmt: skip
