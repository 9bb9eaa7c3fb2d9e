"""Statements, and the whole query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.core import Keys
from lockgate.kql.bind.operators import Operators
from lockgate.kql.bind.scope import Scope, UserFunction, Workspace
from lockgate.kql.errors import QueryError
from lockgate.kql.types import SCALARS, Column, Group, Table, Tuple


def bind(
    query: s.Query, workspace: Workspace, *, where: str = "", shapes: Mapping[int, Table] | None = None,
    keys: Keys | None = None, parameters: Mapping[str, str] | None = None,
) -> bound.Answer:  # fmt: skip
    """The bound tree of ``query`` against the tables of ``workspace``.

    ``shapes``: of operators whose columns come from the data, by the identity of their syntax, what these are.
    ``keys``: of each ``partition`` with a query of its own, by its place, the values of its column.
    ``parameters``: values of what the query declares as its parameters; one that it does not declare is passed over.

    Raises :class:`~lockgate.kql.errors.QueryError` with everything that is wrong, in order of place.
    """
    binder = Statements(query.source, workspace)
    binder.shapes, binder.keys, binder.given = shapes or {}, keys or {}, parameters or {}
    results = binder.run(query)
    if binder.faults:
        raise QueryError(query.source, tuple(sorted(binder.faults, key=lambda one: (one.start, one.end))), where=where)
    return answer(results)


def answer(results: Sequence[bound.Relation | bound.Value]) -> bound.Answer:
    """What is known of the results: the columns of the last one."""
    last = results[-1].type if results else None
    if isinstance(last, Group) and last.tables:
        last = last.tables[0]
    if not isinstance(last, Table):
        return bound.Answer(tuple(results), (), False)
    columns = tuple((one.name, one.type.name) for one in last.columns)
    return bound.Answer(tuple(results), columns, last.open)


class Statements(Operators):
    """Binds statements."""

    def run(self, query: s.Query) -> list[bound.Relation | bound.Value]:
        """Every statement; what those that ask give."""
        found: list[bound.Relation | bound.Value] = []
        for one in query.statements:
            if isinstance(one, s.Ask):
                value = self.value(one.query)
                found.append(value.relation if isinstance(value, bound.Rows) else value)
            else:
                self.statements((one,))
        return found

    def statements(self, statements: Sequence[s.Statement]) -> None:
        """Declarations, in order."""
        for one in statements:
            if isinstance(one, s.Let):
                self._let(one)
            elif isinstance(one, s.QueryParameters):
                self._parameters(one)
            elif isinstance(one, s.SetOption):
                self._option(one)
            elif isinstance(one, s.Alias):
                self.value(one.value)
            elif isinstance(one, s.Restrict):
                for item in one.items:
                    self.tables_of(item)
            elif isinstance(one, s.Pattern):
                self._pattern(one)
            elif isinstance(one, s.Ask):
                self.value(one.query)

    def _let(self, node: s.Let) -> None:
        name = node.name.text
        if name in self.scope.symbols:
            self.fault("KS201", f"A variable '{name}' is declared already.", node.name)
        if isinstance(node.value, s.Function):
            self._declared(node.value)
            self.scope.symbols[name] = UserFunction(name, node.value, self.scope.frozen())
            return
        value = self.value(node.value)
        if isinstance(value.type, Tuple):
            self.fault("KS139", "A value with several parts cannot be named.", node.value)
        self.scope.symbols[name] = self._variable(name, value)

    def _variable(self, name: str, value: bound.Value) -> bound.Value:
        if isinstance(value, bound.Rows) and isinstance(value.type, Table | Group):
            return bound.Rows(bound.Shared(name, value.relation, value.type), value.type)
        if value.type.scalar or isinstance(value, bound.TypeValue):
            return bound.Variable(name, value, value.type, value.constant)
        return value

    def _declared(self, node: s.Function) -> None:
        """The body of a function, bound once where it is declared, with what its parameters say of themselves."""
        outer = (self.scope, self.suffix, self.row)
        self.scope, self.suffix, self.row = Scope(outer[0]), 1, None
        tabular = True
        for one in node.parameters:
            if one.schema is not None and not tabular:
                self.fault("KS226", "Parameters that are tables come first.", one)
            tabular = one.schema is not None
            self.scope.symbols[one.name.text] = self._parameter(one)
        self.statements(node.statements)
        if node.body is not None:
            self.value(node.body, tabular=True)
        self.scope, self.suffix, self.row = outer

    def _parameter(self, node: s.FunctionParameter) -> bound.Value:
        if node.schema is None:
            return bound.Variable(node.name.text, None, SCALARS[node.type], True)
        columns = [Column(one.name.text, SCALARS[one.type]) for one in node.schema.columns]
        table = Table(columns, open=node.schema.star, title=node.name.text)
        return bound.Rows(bound.Opaque(table), table)

    def _parameters(self, node: s.QueryParameters) -> None:
        for one in node.parameters:
            if one.schema is not None:
                self.scope.symbols[one.name.text] = self._parameter(one)
                continue
            value = self.value(one.default) if isinstance(one.default, s.Literal) else None
            if one.name.text in self.given:
                value = self._given(one)
            variable = bound.Variable(one.name.text, value, SCALARS[one.type], value is not None)
            self.scope.symbols[one.name.text] = variable

    def _given(self, node: s.FunctionParameter) -> bound.Value:
        """The value that came beside the query."""
        from lockgate.kql.bind.given import given_value

        try:
            value = given_value(self.given[node.name.text], node.type)
        except ValueError:
            self.fault("LG102", f"The value of the parameter '{node.name.text}' is no {node.type}.", node)
            return bound.Fault()
        return bound.Constant(value, SCALARS[node.type])

    def _option(self, node: s.SetOption) -> None:
        allowed = s.Literal | s.Name
        if node.value is not None and not isinstance(node.value, allowed):
            self.fault("KS130", "A constant or a word is expected.", node.value)
        if isinstance(node.value, s.Literal):
            self.options[node.name.text.lower()] = self.value(node.value)

    def _pattern(self, node: s.Pattern) -> None:
        outer, self.scope = self.scope, Scope(self.scope)
        for one in (*node.parameters, *((node.path,) if node.path else ())):
            self.scope.symbols[one.name.text] = bound.Variable(one.name.text, None, SCALARS[one.type], True)
        for match in node.matches:
            for value in match.values:
                self.value(value)
            self._declared(match.body)
        self.scope = outer
        self.scope.symbols[node.name.text] = bound.Matches(node)
