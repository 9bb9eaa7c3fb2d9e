"""CEL values in Python: plain ones stay plain, and what Python lacks has a small type here.

``int``, ``float``, ``bool``, ``str``, ``bytes``, ``None``, ``list`` and ``dict`` are themselves. Lists and maps are
never changed once made, so that an expression may hand out parts of the object it was given without a copy.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1


class CelError(EvaluationError):
    """An expression has no value for this activation: an absent key, an overflow, a wrong type."""

    code = "cel"


class Uint(int):
    """An unsigned integer, 0 to 2**64-1; the type alone tells it from an ``int``, their values compare."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment between the years 1 and 9999."""

    nanoseconds: int
    """Nanoseconds since 1970-01-01T00:00:00Z, negative before it."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time, at most about 292 years either way."""

    nanoseconds: int
    """Nanoseconds."""


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What ``type(x)`` gives."""

    name: str
    """CEL's name of the type, as ``int`` or ``google.protobuf.Timestamp``."""


class Opaque:
    """Base of values that only library functions look into. ``TYPE`` is the CEL name of the type."""

    __slots__ = ()
    TYPE = "opaque"

    def __getitem__(self, name: object) -> object:
        raise CelError(f"no such overload: {self.TYPE} has no field {name!r}")


class Optional:
    """A value or nothing. Selecting from it selects from the value and gives an optional again."""

    __slots__ = ("_items",)

    def __init__(self, *items: object) -> None:
        self._items = items

    @property
    def present(self) -> bool:
        """Whether there is a value."""
        return bool(self._items)

    @property
    def value(self) -> object:
        """The value. Raises :class:`CelError` when there is none."""
        if not self._items:
            raise CelError("optional.none() dereference")
        return self._items[0]

    def __getitem__(self, key: object) -> Optional:
        from lockgate.policy.cel.operators import optional_index

        return optional_index(self, key)

    def __eq__(self, other: object) -> bool:
        from lockgate.policy.cel.operators import equal

        if not isinstance(other, Optional):
            return False
        if not self._items or not other._items:
            return self.present is other.present
        return equal(self._items[0], other._items[0])

    def __hash__(self) -> int:
        return hash(self.present)

    def __repr__(self) -> str:
        return f"optional.of({self._items[0]!r})" if self._items else "optional.none()"


NONE = Optional()

TYPES: dict[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    type(None): "null_type",
    list: "list",
    dict: "map",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    TypeValue: "type",
    Optional: "optional_type",
}
"""CEL's name of each Python type that is no :class:`Opaque`."""


def type_name(value: object) -> str:
    """CEL's name of a value's type. A type that CEL does not know keeps its Python name, so that errors can tell."""
    name = TYPES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Opaque):
        return value.TYPE
    if isinstance(value, dict):
        return "map"
    return type(value).__name__


def no_overload(operation: str, *values: object) -> CelError:
    """The error of an operation that these types do not have."""
    return CelError(f"no such overload: {operation}({', '.join(map(type_name, values))})")
