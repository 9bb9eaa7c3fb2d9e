"""A lowered query as a program: statements with bound parameters, and what runs between them. Runs nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.kql import bound, relation
from lockgate.kql.emit import needs
from lockgate.kql.emit.values import Foreign, Names, Unknown
from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.lower import Lowered
from lockgate.kql.relation import Field, Node, Order
from lockgate.kql.types import LONG, Column
from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from lockgate.kql.emit.relations import Writer


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One statement."""

    sql: str
    parameters: tuple[object, ...]
    """Texts, or a :class:`~lockgate.kql.emit.values.Late` where the value is that of an earlier part."""
    foreign: tuple[Foreign, ...]
    """Functions that it calls in Python."""
    columns: tuple[tuple[Column, Field], ...]
    """What it gives, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """Evaluate a value that later statements use."""

    value: relation.Slot | relation.Collected
    query: Query


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Keep rows that several statements use, as the table ``name`` with the names of the fields."""

    name: str
    query: Query


@dataclass(frozen=True, slots=True, eq=False)
class Perform:
    """Run a step on the rows of queries, and keep what it gives as the table ``name``."""

    name: str
    cut: relation.Cut
    inputs: tuple[Query, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Let the caller read files elsewhere, and keep what they hold as the table ``name``."""

    name: str
    node: relation.Outside


Part = Fetch | Store | Perform | Read


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One result."""

    query: Query
    render: bound.Step | None


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What runs, in order."""

    parts: tuple[Part, ...]
    results: tuple[Asked, ...]


Stored = Mapping[str, tuple[str, Mapping[str, str]]]
"""Of each stored table its name in the engine and those of its columns."""
Begin = Callable[[Names, Stored, Mapping[int, str]], "Writer"]
"""Makes what writes one statement of an engine; the last are the names of what earlier parts kept."""


class Planner:
    """Finds what must run before what, and has an engine's ``begin`` write each statement.

    ``once``: whether rows that one statement uses several times are kept apart for it, since the engine would compute
    them anew. Raises :class:`~lockgate.kql.errors.QueryError` with the place of what can be computed neither in the
    engine nor in Python.
    """

    def __init__(self, lowered: Lowered, tables: Stored, begin: Begin, *, once: bool = False) -> None:
        self.lowered = lowered
        self.tables = tables
        self.begin = begin
        self.once = once
        self.names = Names()
        self.parts: list[Part] = []
        self.stored: dict[int, str] = {}
        self.fetched: set[int] = set()
        self.shared = self._shared_nodes()

    def program(self) -> Program:
        """The program of the query."""
        results = [Asked(self._query(one.node, one.columns, one.order), one.render) for one in self.lowered.results]
        return Program(tuple(self.parts), tuple(results))

    def _shared_nodes(self) -> set[int]:
        """Kept rows that several statements read, or that one reads several times where that matters."""
        seen: dict[int, int] = {}
        for root in self._roots():
            nodes = needs.ordered(root)
            for node in nodes:
                for one in node.inputs if self.once else ():
                    seen[id(one)] = seen.get(id(one), 0) + 1
            for node in nodes if not self.once else ():
                seen[id(node)] = seen.get(id(node), 0) + 1
        kept = (node for root in self._roots() for node in needs.ordered(root) if isinstance(node, relation.Kept))
        return {id(node) for node in kept if node.costly and seen.get(id(node), 0) > 1}

    def _roots(self) -> list[Node]:
        """The nodes with which statements begin."""
        found: dict[int, Node] = {}
        waiting: list[Node] = [one.node for one in self.lowered.results]
        while waiting:
            root = waiting.pop()
            if id(root) in found:
                continue
            found[id(root)] = root
            for node in needs.ordered(root):
                waiting += [late.node for late in needs.lates(node)]
                if isinstance(node, relation.Cut):
                    waiting += [source.node for source in node.sources]
        return list(found.values())

    def _query(self, root: Node, columns: Sequence[tuple[Column, Field]], order: Order) -> Query:
        self._prepare(root)
        writer = self.begin(self.names, self.tables, self.stored)
        try:
            text = writer.write(root, [field for _, field in columns], order)
        except Unknown as unknown:
            raise self._error(unknown) from None
        return _query_of(writer, text, tuple(columns))

    def _error(self, unknown: Unknown) -> QueryError:
        start, end = self.lowered.places.get(id(unknown.value), (0, len(self.lowered.source)))
        return QueryError(self.lowered.source, (Diagnostic("LG100", unknown.what, start, end),))

    def _prepare(self, root: Node) -> None:
        """What must have run before the statement of ``root``."""
        for node in needs.ordered(root, self.stored):
            if id(node) in self.stored:
                continue
            for late in needs.lates(node):
                if id(late) not in self.fetched:
                    self.fetched.add(id(late))
                    one = isinstance(late, relation.Slot)
                    node = relation.Limit(late.node, bound.Constant(1, LONG), ()) if one else late.node
                    column = Column("v", late.field.type)
                    self.parts.append(Fetch(late, self._query(node, [(column, late.field)], ())))
            if isinstance(node, relation.Cut):
                self._perform(node)
            elif isinstance(node, relation.Outside):
                self.stored[id(node)] = self.names.take("t")
                self.parts.append(Read(self.stored[id(node)], node))
            elif id(node) in self.shared and isinstance(node, relation.Kept):
                self._store(node)

    def _store(self, node: relation.Kept) -> None:
        fields = list(needs.provided(needs.ordered(node))[id(node)])
        query = self._query_of_fields(node, fields)
        name = self.names.take("t")
        self.stored[id(node)] = name
        self.parts.append(Store(name, query))

    def _query_of_fields(self, node: relation.Kept, fields: Sequence[Field]) -> Query:
        self._prepare(node.input)
        writer = self.begin(self.names, self.tables, self.stored)
        try:
            text = writer.write(node.input, list(fields), (), raw=True)
        except Unknown as unknown:
            raise self._error(unknown) from None
        columns = tuple((Column(field.name, field.type), field) for field in fields)
        return _query_of(writer, text, columns)

    def _perform(self, cut: relation.Cut) -> None:
        inputs = []
        for source in cut.sources:
            own = (*source.columns, *((Column(one.name, one.type), one) for one in source.partition))
            inputs.append(self._query(source.node, own, source.order))
        name = self.names.take("t")
        self.stored[id(cut)] = name
        self.parts.append(Perform(name, cut, tuple(inputs)))


_PARAMETER = lazy_pattern(r"\$(\d+)\b")
_FOREIGN = lazy_pattern(r"\bpy\d+_\d+\b")


def _query_of(writer: Writer, text: str, columns: tuple[tuple[Column, Field], ...]) -> Query:
    """The statement with the parameters and functions that its text uses: some were made for a form not taken.

    The text holds nothing that a user wrote, so that nothing in it merely looks like one.
    """
    statement = writer.statement
    places: dict[int, int] = {}
    for found in _PARAMETER.finditer(text):
        places.setdefault(int(found[1]), len(places) + 1)
    text = _PARAMETER.sub(lambda found: writer.marked(places[int(found[1])]), text)
    called = set(_FOREIGN.findall(text))
    return Query(
        text, tuple(statement.parameters[number - 1] for number in places),
        tuple(one for one in statement.foreign if one.name in called), columns,
    )  # fmt: skip
