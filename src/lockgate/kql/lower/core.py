"""What every part of lowering leans on: rows on their way down a pipe, fields, places of what cannot be lowered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn

from lockgate.kql import bound, relation
from lockgate.kql import syntax as s
from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.relation import Field, Key, Node, Order
from lockgate.kql.types import DYNAMIC, LONG, UNKNOWN, Column, Tuple, Type

MAX_OPERATORS = 3_000
"""Most operators of one query, those of applied functions counted each time."""
UNSUPPORTED = "LG100"
"""Our own code for what is right in Kusto and cannot be run here."""


class Flow:
    """Rows on their way down a pipe: the node that gives them, the columns that show, and their order."""

    __slots__ = ("columns", "node", "order", "partition", "position")

    def __init__(
        self, node: Node, columns: dict[Column, Field], order: Order = (), partition: tuple[Field, ...] = ()
    ) -> None:
        self.node = node
        self.columns = columns
        self.order = order
        self.partition = partition
        """What the rows are kept apart by in a sub-query (``mv-apply``, ``partition``)."""
        self.position: Field | None = None
        """A field that counts the rows in their order, once something has asked for it."""

    def copy(self) -> Flow:
        """The same rows, for another pipe."""
        found = Flow(self.node, dict(self.columns), self.order, self.partition)
        found.position = self.position
        return found

    def named(self, name: str) -> Field | None:
        """The field of the column of that name."""
        return next((field for column, field in self.columns.items() if column.name == name), None)


class Core:
    """State and helpers of one lowering."""

    def __init__(self, source: str, now: int, *, fuzzy: bool = False) -> None:
        self.source = source
        self.now = now
        self.fuzzy = fuzzy
        self.fields = 0
        self.operators = 0
        self.span = (0, len(source))
        self.places: dict[int, tuple[int, int]] = {}
        self.kept: dict[int, tuple[relation.Kept, Flow]] = {}
        self.alive: list[object] = []
        self.given: dict[int, Flow] = {}
        self.reads: list[Node] = []
        self.aggregates: list[relation.Part] | None = None
        self.aggregated: Flow | None = None
        self.slots: dict[int, bound.Value] = {}
        self.outside: list[Flow] = []
        """The rows around each ``toscalar`` that is being lowered."""
        self._lowered_calls: dict[int, bound.Call] = {}

    def field(self, type_: Type, stored: str = relation.PLAIN) -> Field:
        """A field that no other is."""
        self.fields += 1
        if type_ is UNKNOWN or not (type_.scalar or isinstance(type_, Tuple)):
            type_ = DYNAMIC
        return Field(self.fields, type_, stored)

    def of_column(self, column: Column) -> Field:
        """A field for a column."""
        return self.field(column.type)

    def taken_reads(self) -> tuple[Node, ...]:
        """The relations that the values lowered since the last call look into."""
        found, self.reads = tuple(self.reads), []
        return found

    def cannot(self, message: str, at: s.Node | tuple[int, int] | None = None) -> NoReturn:
        """Raise what says that this cannot be run, at its place or that of the operator at hand."""
        start, end = at if isinstance(at, tuple) else self.span if at is None else (at.start, at.end)
        raise QueryError(self.source, (Diagnostic(UNSUPPORTED, message, start, end),))

    def numbered(self, flow: Flow) -> Field:
        """The field that counts the rows of ``flow`` in their order."""
        if flow.position is None:
            flow.position = self.field(LONG)
            flow.node = relation.Number(flow.node, flow.position, flow.order)
            flow.order = (Key(bound.Use(flow.position, LONG)),)
        return flow.position

    def kept_of(self, flow: Flow, *, costly: bool) -> relation.Kept:
        """The rows of ``flow`` to be used more than once."""
        if isinstance(flow.node, relation.Kept):
            return flow.node
        return relation.Kept(flow.node, costly)

    def again(self, kept: relation.Kept, flow: Flow) -> Flow:
        """The kept rows of ``flow`` once more, under fields of their own."""
        own: dict[Field, Field] = {}

        def renewed(field: Field) -> Field:
            if field not in own:
                own[field] = self.field(field.type, field.stored)
            return own[field]

        columns = {column: renewed(field) for column, field in flow.columns.items()}
        order = tuple(Key(_renewed_use(one.value, renewed), one.descending, one.nulls_first) for one in flow.order)
        partition = tuple(renewed(one) for one in flow.partition)
        position = renewed(flow.position) if flow.position is not None else None
        found = Flow(relation.Again(kept, tuple((new, old) for old, new in own.items())), columns, order, partition)
        found.position = position
        return found

    def shown(self, flow: Flow, columns: Iterable[Column]) -> Flow:
        """Let these columns show, which all are columns of ``flow``."""
        flow.columns = {one: flow.columns[one] for one in columns}
        return flow

    def paired(self, flow: Flow, columns: Sequence[Column]) -> dict[Column, Field]:
        """New columns for those of ``flow``, one by one in their order."""
        return dict(zip(columns, flow.columns.values(), strict=True))


def _renewed_use(value: bound.Value, renewed: object) -> bound.Value:
    """Orders are fields: what was sorted by a computed value has that as a field."""
    assert isinstance(value, bound.Use)
    assert isinstance(value.column, Field)
    assert callable(renewed)
    field = renewed(value.column)
    return bound.Use(field, value.type)


def use(field: Field) -> bound.Use:
    """The value of a field."""
    return bound.Use(field, field.type)
