"""The bound tree: the syntax tree with every name resolved and every type known. What lowering stands on.

Values say what is computed; relations say where rows come from. A :class:`Step` is one operator of the query with what
it reads, the values it computes and the columns these make; its ``syntax`` tells which operator it is and carries what
needs no binding (kinds, hints, orders). Columns are objects: two are the same only when they are the same object, so
that no later stage resolves a name again. A table that is named and used twice is one :class:`Shared` object.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql.catalogue import Function
from lockgate.kql.syntax import DataTable, Expression, ExternalData, InlineExternalTable, Operator, Pattern
from lockgate.kql.types import ERROR, Column, Table, Tuple, Type


class Value:
    """A value of each row, or one of the whole query when it is ``constant``."""

    __slots__ = ()
    type: Type
    constant: bool


class Relation:
    """Where rows come from. ``table`` is their shape; what is no table (a graph, several tables) has another type."""

    __slots__ = ()
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Value):
    """A literal."""

    value: object
    type: Type
    constant: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Use(Value):
    """A column of the row at hand."""

    column: Column
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call(Value):
    """A function or aggregate of the catalogue. ``signature`` counts from 0; -1 when none fits."""

    function: Function
    arguments: tuple[Value, ...]
    type: Type
    constant: bool
    signature: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Value):
    """An operator of values, under Kusto's sign; ``-`` with one argument is the sign of a number."""

    operator: str
    arguments: tuple[Value, ...]
    type: Type
    constant: bool


@dataclass(frozen=True, slots=True, eq=False)
class Member(Value):
    """A member of a dynamic value, by name or by a computed key."""

    value: Value
    key: str | Value
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Variable(Value):
    """A scalar that ``let`` or a parameter names; evaluated once. Without a ``value`` it is a parameter's stand-in."""

    name: str
    value: Value | None
    type: Type
    constant: bool


@dataclass(frozen=True, slots=True, eq=False)
class Inlined(Value):
    """A user's function applied: its body with the arguments in it."""

    name: str
    arguments: tuple[Value, ...]
    body: Value
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Value):
    """A relation where a value stands: the argument of a function, the right side of ``in``, ``toscalar``."""

    relation: Relation
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Once(Value):
    """``toscalar`` of one value: computed once, whatever it is made of and however often it is used."""

    value: Value
    type: Type
    constant: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Record(Value):
    """A whole row: ``$left``, a step of ``scan``, a node of a graph."""

    name: str
    type: Tuple
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Value):
    """Several columns: ``*`` or what a wildcard matches."""

    columns: tuple[Column, ...]
    type: Type
    star: bool = False
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Named(Value):
    """An argument with a name; its value is what counts."""

    name: str
    value: Value
    type: Type
    constant: bool


@dataclass(frozen=True, slots=True, eq=False)
class TypeValue(Value):
    """``typeof(...)``; ``named`` is the type."""

    named: Type
    type: Type
    constant: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Matches(Value):
    """A pattern by its name, before it is applied."""

    pattern: Pattern
    type: Type = ERROR
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Fault(Value):
    """What is wrong or not known; a diagnostic says why, or a table is open."""

    type: Type = ERROR
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stored(Relation):
    """A table of the record by its name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Written(Relation):
    """A table that stands in the query, or in files at an address."""

    syntax: DataTable | ExternalData | InlineExternalTable | Expression
    type: Type
    values: tuple[Value, ...] = ()
    """Those of ``datatable``, row after row; the addresses of ``externaldata``."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A column that a step makes, and the value it is made of (none for those of plugins and the like)."""

    column: Column
    value: Value | None
    part: int = 0
    """Which part of a value with several it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Step(Relation):
    """One operator applied to ``input`` (none for the first of a query)."""

    syntax: Operator
    input: Relation | None
    others: tuple[Relation, ...]
    """Further tables: the right side of a join, what is united, sub-queries."""
    values: tuple[Value, ...]
    """What the operator evaluates and what makes no column: conditions, keys, counts."""
    made: tuple[Made, ...]
    """The columns it makes, in the order of the result."""
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Apart(Step):
    """``partition by column { query }``: a query by itself for each value of a column. ``others`` holds it with the
    column in it."""

    place: tuple[int, ...]
    """Tells it from all others, also when the query is bound anew."""
    each: tuple[Relation, ...] | None
    """The query with each value in it; none while the values are not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared(Relation):
    """A named relation (``let``, ``as``, ``materialize``), evaluated once however often it is used."""

    name: str
    relation: Relation
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Applied(Relation):
    """A user's function that gives a table: its body with the arguments in it."""

    name: str
    arguments: tuple[Value, ...]
    body: Relation
    type: Type
    view: bool = False
    """Whether it was declared as one, and goes by its name in a union."""


@dataclass(frozen=True, slots=True, eq=False)
class Several(Relation):
    """Tables side by side: what a wildcard matches."""

    relations: tuple[Relation, ...]
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Opaque(Relation):
    """A table of which nothing is known."""

    type: Type


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: of each statement that asks, a relation or a value."""

    results: tuple[Relation | Value, ...]
    """In order."""
    columns: tuple[tuple[str, str], ...]
    """Names and types of the last one's columns, in order; of a value ``()``."""
    open: bool
    """Whether more columns come from the data (``bag_unpack``, ``pivot``)."""


def table_of(relation: Relation | Value) -> Table | None:
    """The shape, when it is a table's."""
    return relation.type if isinstance(relation.type, Table) else None
