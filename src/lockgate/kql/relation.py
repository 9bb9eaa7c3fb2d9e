"""The relational tree: about fifteen nodes into which every operator that is relational is lowered, for all engines.

Columns are :class:`Field` objects, each with a physical name of its own (``c12``) that no other column of a query has.
A node hands on every field of its input, so that what is not needed is left out by who reads the tree. The values in it
are bound values whose columns are fields, with :class:`Slot` and :class:`Within` where a relation stands in a value.
A :class:`Cut` is where rows leave the engine for a step of :mod:`lockgate.kql.steps`.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.types import Column, Type

PLAIN, TIMESTAMP, NULLABLE_TEXT, CAPTURES = "", "timestamp", "text", "captures"
"""How an engine holds a field: as values are defined, as its own timestamp, as a text that may be null, or as what
:class:`Captures` gives."""


VOLATILE = frozenset(("rand", "new_guid"))
"""Functions that give another value each time."""


class Field(Column):
    """A column of the tree. ``stored`` says in which of the forms above an engine holds it."""

    __slots__ = ("stored",)

    def __init__(self, number: int, type_: Type, stored: str = PLAIN) -> None:
        super().__init__(f"c{number}", type_)
        self.stored = stored


class Node:
    """Rows. ``inputs`` are the nodes they are made of, those that its values read included."""

    __slots__ = ()

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What it reads: its ``input`` where it has one, and the relations that its values look into (``reads``)."""
        own: tuple[Node, ...] = (self.input,) if hasattr(self, "input") else ()
        return (*own, *getattr(self, "reads", ()))


@dataclass(frozen=True, slots=True, eq=False)
class Slot(bound.Value):
    """The first value of a relation, which is evaluated before the query that uses it."""

    node: Node
    field: Field
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Collected(bound.Value):
    """All values of a relation's column as one array, evaluated before the query that uses it."""

    node: Node
    field: Field
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Within(bound.Value):
    """Whether a value is among those of a relation's column."""

    value: bound.Value
    node: Node
    field: Field
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Converted(bound.Value):
    """A value where another type is expected; what cannot be converted is null."""

    value: bound.Value
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picked(bound.Value):
    """One part of a value that has several; ``value`` is a field that holds all, so that they are computed once."""

    value: bound.Value
    index: int
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Captures(bound.Value):
    """The groups of a regular expression in a text, as texts; all of them null when it does not match."""

    value: bound.Value
    pattern: str
    groups: int
    type: Type
    constant: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A value to order by."""

    value: bound.Value
    descending: bool = False
    nulls_first: bool = True


Order = tuple[Key, ...]
"""The order of rows; empty when there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Node):
    """A stored table. Each field with the name of the column it is."""

    table: str
    columns: tuple[tuple[str, Field], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Values(Node):
    """Rows that stand in the query; without fields and with one row, what ``print`` begins with."""

    fields: tuple[Field, ...]
    rows: tuple[tuple[bound.Value, ...], ...]
    position: Field | None
    """Counts the rows from 1."""
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Series(Node):
    """``range``: values from ``first`` to ``last`` by ``step``, all of the field's type."""

    field: Field
    first: bound.Value
    last: bound.Value
    step: bound.Value
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Filter(Node):
    """The rows for which the condition is true (not null)."""

    input: Node
    condition: bound.Value
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Extend(Node):
    """Fields computed of each row."""

    input: Node
    made: tuple[tuple[Field, bound.Value], ...]
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One result of an aggregate: the call, and which of its results (those of ``arg_max`` have several)."""

    field: Field
    call: bound.Call
    index: int
    value: bound.Value | None
    """Of ``arg_max`` and ``take_any``: the value that is taken of the row that wins."""


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate(Node):
    """A row for each group; without groups one row, also when there are no rows. Hands on the groups alone."""

    input: Node
    groups: tuple[tuple[Field, bound.Value], ...]
    parts: Sequence[Part]
    position: Field | None
    """The order of the rows, for the aggregates that depend on it."""
    reads: Sequence[Node] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Join(Node):
    """``inner``, ``left``, ``right``, ``full``, ``semi``, ``anti`` or ``cross``. Null keys match null keys."""

    kind: str
    left: Node
    right: Node
    keys: tuple[tuple[bound.Value, bound.Value], ...]
    missing: tuple[tuple[Field, Field], ...] = ()
    """Texts of a side that may be missing: the field that may be null then, and what it is made of."""

    @property
    def inputs(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class Unique(Node):
    """One row, whichever, of those that share the keys."""

    input: Node
    keys: tuple[bound.Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Union(Node):
    """All rows of several inputs: for each of them the values that make the fields. What is left out is null."""

    parts: tuple[tuple[Node, dict[Field, bound.Value]], ...]
    fields: tuple[Field, ...]

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node, _ in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class Limit(Node):
    """The first rows in an order; of any order when that is empty."""

    input: Node
    count: bound.Value
    order: Order
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Number(Node):
    """The place of each row from 1, in an order, within the rows that share the partition's values."""

    input: Node
    field: Field
    order: Order
    partition: tuple[bound.Value, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Window(Node):
    """A value of the rows around: ``lag``, ``lead``, ``sum`` and ``max`` (up to the row)."""

    input: Node
    field: Field
    function: str
    arguments: tuple[bound.Value, ...]
    order: Order
    partition: tuple[bound.Value, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Unnest(Node):
    """A row for each element of the arrays side by side, shorter ones padded with null.

    What is no array counts as one element; of a bag each member is one, as a bag or (``pairs``) as an array of two.
    """

    input: Node
    made: tuple[tuple[Field, bound.Value], ...]
    """Of each array the field of its elements, which are dynamic."""
    index: Field
    """The place of the element, from 0."""
    pairs: bool
    reads: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Kept(Node):
    """Rows that are used more than once, and computed once when they cost more than a look at a table."""

    input: Node
    costly: bool


@dataclass(frozen=True, slots=True, eq=False)
class Again(Node):
    """Kept rows where they are used, under fields of their own."""

    input: Kept
    renamed: tuple[tuple[Field, Field], ...]
    """The new field and that of the input."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a step reads: rows in order, and how its columns are called there."""

    node: Node
    columns: tuple[tuple[Column, Field], ...]
    order: Order
    partition: tuple[Field, ...] = ()
    """The step runs for each group of rows that share these."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut(Node):
    """A step that is no algebra: its rows come from Python. ``fields`` are those of the columns it makes."""

    step: bound.Step
    sources: tuple[Source, ...]
    fields: tuple[tuple[Column, Field], ...]
    position: Field
    """The order in which the step gave the rows."""
    partition: tuple[Field, ...] = ()
    """What the rows of the first source are kept apart by; handed on."""

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(one.node for one in self.sources)


@dataclass(frozen=True, slots=True, eq=False)
class Outside(Node):
    """Rows of files elsewhere (``externaldata``), which the caller reads."""

    written: bound.Written
    addresses: tuple[bound.Value, ...]
    fields: tuple[tuple[Column, Field], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One answer of a query: rows in order, under the names and types it shows."""

    node: Node
    columns: tuple[tuple[Column, Field], ...]
    order: Order
    render: bound.Step | None = None
    """How it asks to be drawn."""


def volatile(value: bound.Value) -> bool:
    """Whether a value of a tree differs each time that it is computed."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bound.Call):
            if one.function.name in VOLATILE:
                return True
            waiting += one.arguments
        elif isinstance(one, bound.Operation):
            waiting += one.arguments
        elif isinstance(one, Converted | bound.Member):
            waiting.append(one.value)
    return False
