"""What stands between semicolons, and the whole query."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql.syntax.expressions import (
    ColumnDeclaration,
    Expression,
    Name,
    Node,
    Operator,
    Parameter,
    Schema,
    Statement,
)


@dataclass(frozen=True, slots=True)
class FunctionParameter(Node):
    """``name: type = default``; a table's parameter has a schema instead of a type."""

    name: Name
    type: str
    schema: Schema | None
    default: Expression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Function(Expression):
    """``(parameters) { statements; body }``; ``view`` as it was written. A body may be missing."""

    view: bool
    parameters: tuple[FunctionParameter, ...]
    statements: tuple[Statement, ...]
    body: Expression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """``let name = value``, where the value may be a table or a function."""

    name: Name
    value: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """``set name = value``"""

    name: Name
    value: Expression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QueryParameters(Statement):
    """``declare query_parameters (name: type = default)``"""

    parameters: tuple[FunctionParameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Alias(Statement):
    """``alias database name = cluster(...).database(...)``"""

    name: Name
    value: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Restrict(Statement):
    """``restrict access to (tables)``"""

    items: tuple[Expression, ...]
    properties: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PatternMatch(Node):
    """``('a', 'b').['c'] = { body };``"""

    values: tuple[Expression, ...]
    path: Expression | None
    body: Function
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pattern(Statement):
    """``declare pattern name = (parameters)[path: string] { matches }``; only the name when it is declared ahead."""

    name: Name
    parameters: tuple[ColumnDeclaration, ...]
    path: ColumnDeclaration | None
    matches: tuple[PatternMatch, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ask(Statement):
    """A query or a value by itself: what the answer is."""

    query: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Macro(Operator):
    """``macro-expand group as name (statements)``"""

    group: Expression
    name: Name | None
    statements: tuple[Statement, ...]
    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query(Node):
    """The whole text."""

    source: str
    statements: tuple[Statement, ...]
    start: int
    end: int
