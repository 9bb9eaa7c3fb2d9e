"""Statements, functions, and the whole text."""

from __future__ import annotations

from lockgate.kql.lexer import tokens
from lockgate.kql.parse import parameters as known
from lockgate.kql.parse.cursor import ENDS
from lockgate.kql.parse.operators import OPERATORS, Operators
from lockgate.kql.syntax import (
    Alias,
    Ask,
    ColumnDeclaration,
    EntityGroup,
    Expression,
    Function,
    FunctionParameter,
    Let,
    Literal,
    Macro,
    Materialize,
    Name,
    Pattern,
    PatternMatch,
    Query,
    QueryParameters,
    Restrict,
    Schema,
    SetOption,
    Statement,
)  # fmt: skip


def parse(source: str) -> Query:
    """The syntax tree of ``source``. Raises :class:`~lockgate.kql.errors.QueryError` at the first fault."""
    return Statements(tokens(source)).query()


def read_literal(source: str) -> Literal | None:
    """The literal that ``source`` is, or ``None``. Raises :class:`~lockgate.kql.errors.QueryError` at a wrong token."""
    reader = Statements(tokens(source))
    found = reader.literal_or_none()
    return found if isinstance(found, Literal) and reader.kinds[reader.i] == "END" else None


_BEGINS = frozenset(OPERATORS) | {"set", "let", "declare", "alias", "restrict"}


class Statements(Operators):
    """Reads statements."""

    def query(self) -> Query:
        """The whole text."""
        while self.kinds[self.i] == "DIRECTIVE":
            self.i += 1
        found = self._statements()
        if self.kinds[self.i] != "END":
            self.fail("KS198", "Nothing is expected here.")
        return Query(self.source, found, 0, len(self.source))

    def _statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while self.kinds[self.i] not in ENDS:
            if found and not (self.kinds[self.i] in _BEGINS or self.begins_value()):
                break
            found.append(self._statement())
            if not self.accept(";"):
                kind = self.kinds[self.i]
                if kind in OPERATORS or (kind != "," and self.begins_value()):
                    self.expected(";")
                break
        return tuple(found)

    def _statement(self) -> Statement:
        kind, after = self.kinds[self.i], self.kinds[self.i + 1]
        if kind == "let" and self.name_length(self.i + 1):
            return self._let()
        if kind == "set":
            return self._set()
        if kind == "declare" and after == "query_parameters":
            return self._query_parameters()
        if kind == "declare" and after == "pattern":
            return self._pattern_statement()
        if kind == "alias" and after == "database":
            return self._alias()
        if kind == "restrict" and after == "access":
            return self._restrict()
        query = self.pipeline()
        return Ask(query, query.start, query.end)

    def _let(self) -> Let:
        start = self.expect("let")
        name = self.name()
        self.expect("=")
        value = self._let_value()
        return Let(name, value, start, value.end)

    def _let_value(self) -> Expression:
        kind = self.kinds[self.i]
        if kind == "materialize":
            start = self.starts[self.i]
            self.i += 1
            self.expect("(")
            query = self.pipeline()
            self.expect(")")
            return Materialize(query, start, self.last_end)
        if kind == "entity_group":
            return self._entity_group()
        if self._begins_function():
            return self._function()
        return self.pipeline()

    def _entity_group(self) -> Expression:
        if self.kinds[self.i + 1] == "(":
            return self.call()
        start = self.expect("entity_group")
        self.expect("[")
        items = self.items(self.value)
        self.expect("]")
        return EntityGroup(items, start, self.last_end)

    def _begins_function(self) -> bool:
        i = self.i + (self.kinds[self.i] == "view")
        if self.kinds[i] != "(":
            return False
        if self.kinds[i + 1] in (")", "*"):
            return True
        length = self.name_length(i + 1, declared=True)
        return bool(length) and self.kinds[i + 1 + length] == ":"

    def _function(self) -> Function:
        start = self.starts[self.i]
        view = self.accept("view")
        self.expect("(")
        parameters = self.items(self.function_parameter, least=0)
        self.expect(")")
        return self._body(view, parameters, start)

    def _body(self, view: bool, parameters: tuple[FunctionParameter, ...], start: int) -> Function:
        self.deeper()
        self.expect("{")
        statements: list[Statement] = []
        while True:
            kind, after = self.kinds[self.i], self.kinds[self.i + 1]
            if kind == "let" and self.name_length(self.i + 1):
                statements.append(self._let())
            elif kind == "declare" and after == "query_parameters":
                statements.append(self._query_parameters())
            else:
                break
            self.expect(";")
        body = None if self.kinds[self.i] in ENDS else self.pipeline()
        self.accept(";")
        self.expect("}")
        self.depth -= 1
        return Function(view, parameters, tuple(statements), body, start, self.last_end)

    def function_parameter(self) -> FunctionParameter:
        """``name: type = default`` or ``name: (a: long)``"""
        name = self.name(declared=True)
        self.expect(":")
        schema: Schema | None = None
        type_ = ""
        if self.kinds[self.i] == "(":
            schema = self.schema(star=True)
        else:
            type_ = self.type_name()
        default: Expression | None = None
        if self.accept("="):
            default = self.literal_or_none() or self.name_or_none()
            if default is None:
                self.lacking("KS006", "A constant is missing.")
        return FunctionParameter(name, type_, schema, default, name.start, self.last_end)

    def _set(self) -> SetOption:
        start = self.expect("set")
        name = self.name()
        value = self.value() if self.accept("=") else None
        return SetOption(name, value, start, self.last_end)

    def _query_parameters(self) -> QueryParameters:
        start = self.expect("declare")
        self.expect("query_parameters")
        self.expect("(")
        parameters = self.items(self.function_parameter)
        self.expect(")")
        return QueryParameters(parameters, start, self.last_end)

    def _alias(self) -> Alias:
        start = self.expect("alias")
        self.expect("database")
        name = self.name()
        self.expect("=")
        value = self.value()
        return Alias(name, value, start, value.end)

    def _restrict(self) -> Restrict:
        start = self.expect("restrict")
        self.expect("access")
        self.expect("to")
        self.expect("(")
        items = self.items(self.entity)
        self.expect(")")
        return Restrict(items, self.properties(), start, self.last_end)

    def _pattern_statement(self) -> Pattern:
        start = self.expect("declare")
        self.expect("pattern")
        name = self.name()
        if not self.accept("="):
            return Pattern(name, (), None, (), start, self.last_end)
        self.expect("(")
        parameters = self.items(self.column_declaration, least=0)
        self.expect(")")
        path: ColumnDeclaration | None = None
        if self.accept("["):
            path = self.column_declaration()
            self.expect("]")
        self.expect("{")
        matches = [self._match()]
        while self.kinds[self.i] == "(":
            matches.append(self._match())
        self.expect("}")
        return Pattern(name, parameters, path, tuple(matches), start, self.last_end)

    def _match(self) -> PatternMatch:
        start = self.expect("(")
        values = self.items(self.value)
        self.expect(")")
        path: Expression | None = None
        if self.accept("."):
            self.expect("[")
            path = self.literal_or_none()
            if path is None:
                self.lacking("KS006", "A constant is missing.")
            self.expect("]")
        self.expect("=")
        body = self._body(False, (), self.starts[self.i])
        self.expect(";")
        return PatternMatch(values, path, body, start, self.last_end)

    def macro_expand(self, start: int) -> Macro:
        """``macro-expand group as name (statements)``"""
        parameters = self.parameters(known.UNION, certain=True)
        group = self._group()
        name: Name | None = self.name() if self.accept("as") else None
        self.expect("(")
        statements = self._statements()
        self.expect(")")
        return Macro(group, name, statements, parameters, start, self.last_end)

    def _group(self) -> Expression:
        return self._entity_group() if self.kinds[self.i] == "entity_group" else self.entity()
