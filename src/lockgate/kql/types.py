"""Types of values and shapes of tables, and which type goes where another is expected.

A dynamic value may be known closer: an array (of a type), a bag, or one value of a type. Written out, all of them are
``dynamic``. Types are compared by identity; :func:`array_of` and :func:`dynamic_of` give one object for one type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

SCALAR, DYNAMIC_KIND, ARRAY_KIND, BAG_KIND, OTHER = "scalar", "dynamic", "array", "bag", "other"


class Type:
    """One type. ``name`` is Kusto's; ``kind`` tells dynamic ones apart; ``element`` is what an array holds."""

    __slots__ = ("element", "kind", "name")

    def __init__(self, name: str, kind: str = SCALAR, element: Type | None = None) -> None:
        self.name, self.kind, self.element = name, kind, element

    def __repr__(self) -> str:
        return f"Type({self.name}, {self.kind})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """Types are compared by identity: what is sent to another process is the type of that name there."""
        own = type(self) is Type
        return (_named, (self.name, self.kind, self.element)) if own else super().__reduce_ex__(protocol)

    @property
    def dynamic(self) -> bool:
        """Whether the value is written out as ``dynamic``."""
        return self.kind != SCALAR and self.kind != OTHER

    @property
    def scalar(self) -> bool:
        """Whether it is one value, or may be."""
        return self.kind != OTHER


BOOL, INT, LONG, REAL = Type("bool"), Type("int"), Type("long"), Type("real")
DECIMAL, DATETIME, TIMESPAN = Type("decimal"), Type("datetime"), Type("timespan")
GUID, STRING, TYPE = Type("guid"), Type("string"), Type("type")
DYNAMIC = Type("dynamic", DYNAMIC_KIND)
ARRAY, BAG = Type("dynamic", ARRAY_KIND, DYNAMIC), Type("dynamic", BAG_KIND)
NULL, UNKNOWN = Type("null"), Type("unknown")
ERROR = Type("", OTHER)
"""The type of what is wrong, so that nothing more is said about it."""
VOID = Type("void", OTHER)

SCALARS = {one.name: one for one in (BOOL, INT, LONG, REAL, DECIMAL, DATETIME, TIMESPAN, GUID, STRING, TYPE, DYNAMIC)}
NUMBERS = frozenset((INT, LONG, REAL, DECIMAL))
NUMBER_NAMES = frozenset(one.name for one in NUMBERS)
SUMMABLE = NUMBERS | {DATETIME, TIMESPAN}
ORDERABLE = SUMMABLE | {BOOL, STRING}
INTEGERS = frozenset((INT, LONG))
_WIDER: dict[Type, tuple[Type, ...]] = {
    INT: (LONG, REAL, DECIMAL),
    LONG: (REAL, DECIMAL),
    REAL: (DECIMAL,),
    DYNAMIC: (STRING,),
}
_ARRAYS: dict[Type, Type] = {DYNAMIC: ARRAY}
_SINGLE: dict[Type, Type] = {}


def _named(name: str, kind: str, element: Type | None) -> Type:
    if kind == ARRAY_KIND:
        return array_of(element)
    if kind == "single":
        return dynamic_of(element)
    others = (BAG, NULL, UNKNOWN, ERROR, VOID)
    return next((one for one in (*SCALARS.values(), *others) if (one.name, one.kind) == (name, kind)), ERROR)


def array_of(element: Type | None) -> Type:
    """The array that holds ``element``."""
    if element is None or not element.scalar or element is UNKNOWN:
        return ARRAY
    if element not in _ARRAYS:
        _ARRAYS[element] = Type("dynamic", ARRAY_KIND, element)
    return _ARRAYS[element]


def dynamic_of(one: Type | None) -> Type:
    """The dynamic value that is known to be of the type ``one``."""
    if one is None or one.dynamic:
        return one or DYNAMIC
    if one is UNKNOWN or one is NULL or not one.scalar:
        return DYNAMIC
    if one not in _SINGLE:
        _SINGLE[one] = Type("dynamic", "single", one)
    return _SINGLE[one]


def promotable(source: Type, target: Type) -> bool:
    """Whether every value of ``source`` is one of ``target``."""
    return target in _WIDER.get(source, ())


NONE, PROMOTE, TO_DYNAMIC, COMPATIBLE = range(4)
"""How far a value may be converted where another type is expected."""


def assignable(target: Type, source: Type, conversion: int = NONE) -> bool:
    """Whether a value of ``source`` may stand where ``target`` is expected."""
    if target is source:
        return True
    if (source is UNKNOWN and target.scalar) or (target is UNKNOWN and source.scalar):
        return True
    if isinstance(source, Tuple) and target.scalar and len(source.columns) == 1:
        return assignable(target, source.columns[0].type)
    if target is DYNAMIC:
        return source.dynamic or (source.scalar and conversion >= TO_DYNAMIC)
    if target.kind == source.kind and target.dynamic:
        if target.kind == ARRAY_KIND:
            if target is ARRAY and conversion != NONE:
                return True
            return assignable(source.element or DYNAMIC, target.element or DYNAMIC)
        return target.kind == BAG_KIND or assignable(target.element or DYNAMIC, source.element or DYNAMIC, conversion)
    if target is STRING and source is DYNAMIC:
        return conversion in (PROMOTE, COMPATIBLE)
    if target.kind == SCALAR and source.kind == SCALAR:
        if conversion == PROMOTE:
            return promotable(source, target)
        if conversion == COMPATIBLE:
            return promotable(source, target) or promotable(target, source)
    return isinstance(target, Table) and isinstance(source, Table) and source.has(target.columns)


def common(types: Iterable[Type], conversion: int = PROMOTE) -> Type | None:
    """The type that values of all ``types`` have in common, or ``None``."""
    found: Type | None = None
    for one in types:
        joined = one if found is None else _common(found, one, conversion)
        if joined is None:
            return None
        found = joined
    return found


def _common(left: Type, right: Type, conversion: int) -> Type | None:
    if left is right or right is NULL:
        return left
    if left is NULL:
        return right
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left is DYNAMIC or right is DYNAMIC:
        return DYNAMIC
    if conversion >= PROMOTE and (promotable(left, right) or promotable(right, left)):
        return right if promotable(left, right) else left
    if left.kind == right.kind and left.kind in (ARRAY_KIND, BAG_KIND):
        return ARRAY if left.kind == ARRAY_KIND else BAG
    if "single" in (left.kind, right.kind):
        inner_left = left.element if left.kind == "single" else left
        inner_right = right.element if right.kind == "single" else right
        if inner_left is not None and inner_right is not None and inner_left.kind == inner_right.kind == SCALAR:
            inner = _common(inner_left, inner_right, conversion)
            if inner is not None:
                return dynamic_of(inner)
    if left.dynamic and right.dynamic:
        return DYNAMIC
    if isinstance(left, Table) and isinstance(right, Table):
        names = {one.name for one in right.columns}
        return Table([one for one in left.columns if one.name in names])
    return DYNAMIC if left.scalar and right.scalar and conversion >= TO_DYNAMIC else None


def widest(types: Iterable[Type]) -> Type | None:
    """The widest number among ``types``. What is not known may be a number, and is passed over unless it is first."""
    found: Type | None = None
    for one in types:
        if promotable(found, one) if found is not None else one in NUMBERS or one is UNKNOWN:
            found = one
    return found


class Column:
    """A column. Two are the same only when they are the same object: names repeat, and are renamed on the way."""

    __slots__ = ("name", "type")

    def __init__(self, name: str, type_: Type) -> None:
        self.name, self.type = name, type_

    def __repr__(self) -> str:
        return f"{self.name}: {self.type.name}"


class Table(Type):
    """The shape of a table. An ``open`` one has columns that are not known: whatever is asked for is taken to exist."""

    __slots__ = ("_inferred", "_names", "columns", "open", "title")

    def __init__(self, columns: Iterable[Column], *, open: bool = False, title: str = "") -> None:
        super().__init__("table", OTHER)
        self.columns = list(columns)
        self.open = open
        self.title = title
        self._names: dict[str, Column] | None = None
        self._inferred: dict[str, Column] = {}

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        if self._names is None:
            self._names = {}
            for one in self.columns:
                self._names.setdefault(one.name, one)
        return self._names.get(name)

    def infer(self, name: str) -> Column:
        """A column that an open table is taken to have."""
        if name not in self._inferred:
            self._inferred[name] = Column(name, UNKNOWN)
        return self._inferred[name]

    def known(self) -> list[Column]:
        """The columns, and those that were asked for."""
        return [*self.columns, *self._inferred.values()] if self._inferred else self.columns

    def has(self, columns: list[Column]) -> bool:
        """Whether it has at least ``columns`` with their types."""
        return all((own := self.column(one.name)) is not None and assignable(one.type, own.type) for one in columns)


class Tuple(Type):
    """Several named values of one expression. ``related`` is the table whose row it stands for (``$left``).

    ``origins``: of a value that picks columns of a row (``arg_max``), for each part the argument's place, or the column
    that a star stands for.
    """

    __slots__ = ("columns", "origins", "related")

    def __init__(
        self, columns: Iterable[Column], related: Table | None = None, origins: Sequence[int | Column] = ()
    ) -> None:
        super().__init__("tuple", SCALAR)
        self.columns = list(columns)
        self.related = related
        self.origins = tuple(origins)


def single(type_: Type) -> Type:
    """The type as one value: of a tuple with one part, that part's."""
    if isinstance(type_, Tuple) and len(type_.columns) == 1 and type_.related is None:
        return type_.columns[0].type
    return type_


class Group(Type):
    """Several tables at once: what a wildcard or ``fork`` gives."""

    __slots__ = ("tables",)

    def __init__(self, tables: list[Table]) -> None:
        super().__init__("group", OTHER)
        self.tables = tables


class Graph(Type):
    """A graph: the shapes of its edges and nodes."""

    __slots__ = ("edges", "nodes")

    def __init__(self, edges: Table, nodes: Table | None) -> None:
        super().__init__("graph", OTHER)
        self.edges, self.nodes = edges, nodes


class Database(Type):
    """A database; what is not known of it is taken to exist when it is ``open``."""

    __slots__ = ("open", "title")

    def __init__(self, title: str, *, open: bool = False) -> None:
        super().__init__("database", OTHER)
        self.title, self.open = title, open


class Cluster(Type):
    """A cluster, of which nothing is known."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("cluster", OTHER)
