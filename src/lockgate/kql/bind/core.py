"""What every part of the binder leans on: the scope at hand, faults, and checks of what stands where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.bind.scope import Scope, UserFunction, Workspace
from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.types import (
    BAG_KIND,
    DYNAMIC,
    ERROR,
    INTEGERS,
    NONE,
    NUMBERS,
    SUMMABLE,
    UNKNOWN,
    Column,
    Database,
    Graph,
    Group,
    Table,
    Type,
    assignable,
    single,
)

MAX_NODES = 50_000
"""Most values and operators that are bound for one query; functions count each time they are applied."""
MAX_NESTING = 100
"""How deep values may nest, functions counted where they are applied. Each level takes some seven frames."""
MAX_HINTS = 20
"""How many faults are told with the nearest known name."""
EMPTY = Table(())
Keys = Mapping[tuple[int, ...], Sequence[object]]
"""Values of columns by the place (:class:`~lockgate.kql.bound.Apart`) that wants them."""


class Core:
    """State and checks."""

    def __init__(self, source: str, workspace: Workspace) -> None:
        self.source = source
        self.workspace = workspace
        self.database = Database(workspace.name)
        self.faults: list[Diagnostic] = []
        self.muted = 0
        self.scope = Scope()
        self.row: Table | None = None
        self.around: Table | None = None
        """The row around the ``toscalar`` at hand, which sees none of its columns."""
        self.right: Table | None = None
        self.common_only = False
        self.kind = "normal"
        self.fuzzy = False
        self.in_graph = False
        self.graph: Graph | None = None
        self.by: Sequence[Column] = ()
        self.suffix = 1
        self.nodes = 0
        self.depth = 0
        self.applied: list[UserFunction] = []
        self.computed: dict[int, bound.Value] = {}
        """What ``toscalar`` of the query's text gives that has no parameters around it, by the identity of its node."""
        self.begin = 0
        self.options: dict[str, bound.Value] = {}
        """What ``set`` gives the options that change what a query means, by name in lower case."""
        self.shapes: Mapping[int, Table] = {}
        self.keys: Keys = {}
        self.apart: tuple[int, ...] = ()
        """In which ``partition`` with a query of its own, and for which of its values, binding is."""
        self.met: Counter[tuple[int, ...]] = Counter()
        self.given: Mapping[str, str] = {}
        """Values of the query's parameters, as texts."""

    # --- faults

    def fault(self, code: str, message: str, at: s.Node | tuple[int, int], hint: str | Callable[[], str] = "") -> None:
        """Remember what is wrong, unless the body of an applied function is bound: that was told where it stands.

        A hint that must be looked for is looked for the first faults only.
        """
        if self.muted:
            return
        start, end = at if isinstance(at, tuple) else (at.start, at.end)
        if not isinstance(hint, str):
            hint = hint() if len(self.faults) < MAX_HINTS else ""
        self.faults.append(Diagnostic(code, message, start, end, hint))

    def count(self, node: s.Node) -> None:
        """One more node; too many end the binding."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.give_up(f"The query grows beyond {MAX_NODES} parts when its functions are applied.", node)

    def give_up(self, message: str, node: s.Node) -> NoReturn:
        """The query is too large or too deep to go on. In the body of a stored function the place is its start."""
        at = (0, 0) if self.muted else (node.start, node.end)
        raise QueryError(self.source, (Diagnostic("KS245", message, *at),))

    # --- the row at hand

    @property
    def shape(self) -> Table:
        """The row at hand, or one without columns."""
        return self.row or EMPTY

    def known(self) -> list[Column]:
        """The columns at hand, and those of an open table that were asked for."""
        return self.shape.known()

    def within(self, row: Table | None, run: Callable[[], bound.Value]) -> bound.Value:
        """Run with another row at hand."""
        before, self.row = self.row, row
        try:
            return run()
        finally:
            self.row = before

    # --- checks; each says what is wrong and whether all is well

    def must_be(self, node: s.Node, value: bound.Value, type_: Type, conversion: int = NONE) -> bool:
        """The value has the type."""
        one = single(value.type)
        if one is UNKNOWN or (one.dynamic if type_ is DYNAMIC else assignable(type_, one, conversion)):
            return True
        if one is not ERROR and type_ is not ERROR and type_ is not UNKNOWN:
            self.fault("KS141", f"A value of type {type_.name} is expected, not {one.name}.", node)
        return False

    def must_be_scalar(self, node: s.Node, value: bound.Value) -> bool:
        """It is one value."""
        if value.type.scalar:
            return True
        if value.type is not ERROR:
            self.fault("KS108", "A single value is expected.", node)
            return False
        return True

    def must_be_table(self, node: s.Node, value: bound.Value) -> bool:
        """It is a table."""
        if isinstance(value.type, Table | Group):
            return True
        if value.type is not ERROR and value.type is not UNKNOWN:
            self.fault("KS111", "A table is expected.", node)
        return value.type is UNKNOWN

    def must_be_static(self, node: s.Node, type_: Type) -> bool:
        """It is not dynamic."""
        if not type_.dynamic:
            return True
        self.fault("KS116", "A dynamic value is not allowed here.", node, "Convert it: tostring(...), tolong(...).")
        return False

    def must_be_one_of(self, node: s.Node, value: bound.Value, types: frozenset[Type], code: str, what: str) -> bool:
        """The value has one of several types."""
        if single(value.type) in types:
            return True
        if value.type is not ERROR and value.type is not UNKNOWN:
            self.fault(code, f"{what} is expected.", node)
        return False

    def must_be_integer(self, node: s.Node, value: bound.Value) -> bool:
        """It is an int or a long."""
        return self.must_be_one_of(node, value, INTEGERS, "KS134", "An integer")

    def must_be_number(self, node: s.Node, value: bound.Value) -> bool:
        """It is a number."""
        return self.must_be_one_of(node, value, NUMBERS, "KS137", "A number")

    def must_be_summable(self, node: s.Node, value: bound.Value) -> bool:
        """It is a number or a time."""
        return self.must_be_one_of(node, value, SUMMABLE, "KS138", "A number, datetime or timespan")

    def must_be_dynamic(self, node: s.Node, value: bound.Value) -> bool:
        """It is dynamic."""
        one = single(value.type)
        if one.dynamic or one is ERROR or one is UNKNOWN:
            return True
        self.fault("KS141", f"A dynamic value is expected, not {one.name}.", node)
        return False

    def must_be_column(self, node: s.Node, value: bound.Value) -> bool:
        """It is a column."""
        if isinstance(underlying(value), bound.Use):
            return True
        if value.type is not ERROR:
            self.fault("KS109", "A column is expected.", node)
        return False

    def must_be_literal(self, node: s.Node, value: bound.Value) -> bool:
        """It is written down as it is."""
        if isinstance(underlying(value), bound.Constant | bound.TypeValue):
            return True
        if value.type is not ERROR:
            self.fault("KS131", "A literal is expected.", node)
        return False

    def all_scalar(self, nodes: Sequence[s.Expression], values: Sequence[bound.Value]) -> bool:
        """Each is one value; the first that is not is told."""
        return all(self.must_be_scalar(node, value) for node, value in zip(nodes, values, strict=True))

    def all_static(self, nodes: Sequence[s.Expression], values: Sequence[bound.Value]) -> bool:
        """None is dynamic; the first that is is told."""
        return all(self.must_be_static(node, value.type) for node, value in zip(nodes, values, strict=True))


def column_of(value: bound.Value) -> Column | None:
    """The column that a value is, also through a conversion that changes nothing."""
    if isinstance(value, bound.Use):
        return value.column
    if isinstance(value, bound.Call) and value.function.name in _CONVERSIONS and len(value.arguments) == 1:
        inner = value.arguments[0]
        if isinstance(inner, bound.Use) and inner.column.type is value.type:
            return inner.column
    return None


def is_bag(type_: Type) -> bool:
    """Whether a dynamic value is known to be a bag."""
    return type_.kind == BAG_KIND


_CONVERSIONS = frozenset(
    ("tobool", "toboolean", "todatetime", "todecimal", "todouble", "toreal", "todynamic", "toobject", "toguid", "toint",
     "tolong", "tostring", "totimespan", "totime")
)  # fmt: skip
