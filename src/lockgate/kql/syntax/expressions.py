"""Values, names and what tables are written as."""

from __future__ import annotations

from lockgate.dataclass import dataclass


class Node:
    """Anything that stands somewhere in the text."""

    __slots__ = ()
    start: int
    end: int


class Expression(Node):
    """A value, a table, or (where the place allows it) one of the stand-ins below."""

    __slots__ = ()


class Operator(Node):
    """What stands between two pipes."""

    __slots__ = ()


class Statement(Node):
    """What a semicolon ends."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A value of the type ``type`` (``dynamic`` values are Python's dicts, lists and scalars; ticks for times)."""

    type: str
    value: object
    start: int
    end: int
    single: bool = True
    """Whether it is one token; ``'a' 'b'`` and ``dynamic(...)`` are more."""


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A column, table, variable or parameter; ``['two words']`` is one too, with its text without brackets."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wildcard(Expression):
    """``Event*`` among names."""

    pattern: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Star(Expression):
    """``*``"""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parenthesised(Expression):
    """``(inner)``; kept because a fault is shown at the bracket."""

    inner: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """``name(arguments)``"""

    name: Name
    arguments: tuple[Expression, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named(Expression):
    """``name = value``, or ``(one, two) = value`` when ``listed``."""

    names: tuple[Name, ...]
    value: Expression
    listed: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Path(Expression):
    """``value.member``; the member is a name, a call or, in unions, a wildcard."""

    value: Expression
    member: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Element(Expression):
    """``value[index]``"""

    value: Expression
    index: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """``-value`` or ``+value``"""

    operator: str
    value: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Two values and what stands between; ``at`` is where the operator begins."""

    operator: str
    left: Expression
    right: Expression
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Among(Expression):
    """``value in (items)`` and its kin, ``has_any`` and ``has_all``; one item may be a table."""

    operator: str
    value: Expression
    items: tuple[Expression, ...]
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """``value between (low .. high)`` or ``!between``."""

    operator: str
    value: Expression
    low: Expression
    high: Expression
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ColumnDeclaration(Node):
    """``name: type``; an empty type is none that was written."""

    name: Name
    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schema(Node):
    """``(a: long, b: string)``; ``star`` for ``(*)`` and for a star before the columns."""

    columns: tuple[ColumnDeclaration, ...]
    star: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TypeOf(Expression):
    """``typeof(type)`` or ``typeof(*, name: type)``"""

    type: str
    schema: Schema | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """``name=value`` after an operator's word: hints, kinds, properties. A word as value is a :class:`Name`."""

    name: str
    value: Expression | tuple[Name, ...]
    start: int
    end: int

    @property
    def word(self) -> str:
        """The value as text, when it is a word, a text or a boolean; else empty."""
        if isinstance(self.value, Name):
            return self.value.text
        return str(self.value.value) if isinstance(self.value, Literal) else ""


@dataclass(frozen=True, slots=True)
class DataTable(Expression):
    """``datatable(schema)[values]``"""

    schema: Schema
    values: tuple[Expression, ...]
    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ExternalData(Expression):
    """``externaldata(schema)[addresses] with (properties)``"""

    schema: Schema
    addresses: tuple[Expression, ...]
    properties: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ContextualDataTable(Expression):
    """``__contextual_datatable id (schema)``"""

    id: Expression
    schema: Schema
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InlineExternalTable(Expression):
    """``inline_external_table (schema) kind=... (addresses)``: files read as a table."""

    schema: Schema | None
    kind: str
    partitions: tuple[ColumnDeclaration, ...]
    format: str
    addresses: tuple[Expression, ...]
    properties: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ToScalar(Expression):
    """``toscalar(query)``"""

    query: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ToTable(Expression):
    """``totable(query)``"""

    query: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Materialize(Expression):
    """``materialize(query)`` right after ``let name =``; elsewhere it is a call."""

    query: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MaterializedViewCombine(Expression):
    """``materialized-view-combine(name) base(...) delta(...) aggregations(summarize ...)``"""

    view: Expression
    base: Expression
    delta: Expression
    aggregations: Operator
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DataScope(Expression):
    """``table datascope=hotcache``"""

    table: Expression
    scope: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EntityGroup(Expression):
    """``entity_group [database('a'), ...]``"""

    items: tuple[Expression, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pipeline(Expression):
    """``source | operator | operator``; without a source it begins with an operator (``print``, or in a sub-query)."""

    source: Expression | None
    operators: tuple[Operator, ...]
    start: int
    end: int
