"""The tree of a CEL expression, after macros are recognised. Offsets count characters from the expression's start.

Chains of ``&&``, ``||`` and ``+`` are one node each, so that a long chain is wide and not deep. ``height`` is the
number of nodes on the longest way down; the parser bounds it, so that whoever walks a tree may recurse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every node has."""

    at: int = field(default=0, compare=False)
    """Offset of the node's own token."""
    height: int = field(default=1, compare=False)
    """Nodes on the longest way from here to a leaf, this one counted."""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant."""

    value: object
    """``None``, ``bool``, ``int``, ``Uint``, ``float``, ``str`` or ``bytes``."""


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A name on its own."""

    name: str
    """The name, with a leading dot when it was written so."""


@dataclass(frozen=True, slots=True)
class Select(Node):
    """``operand.field`` or ``operand.?field``."""

    operand: Node
    """What is selected from."""
    name: str
    """The field."""
    optional: bool = False
    """Whether an absent field gives an empty optional instead of an error."""


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``operand[index]`` or ``operand[?index]``."""

    operand: Node
    """What is indexed."""
    index: Node
    """Position or key."""
    optional: bool = False
    """Whether an absent element gives an empty optional instead of an error."""


@dataclass(frozen=True, slots=True)
class Has(Node):
    """``has(operand.field)``."""

    select: Select
    """The selection that is tested and not made."""


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``!x`` or ``-x``."""

    operator: str
    """``!`` or ``-``."""
    operand: Node
    """The operand."""


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``-``, ``*``, ``/`` or ``%``."""

    operator: str
    """The operator as it is written."""
    left: Node
    """Left operand."""
    right: Node
    """Right operand."""


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Two or more operands joined by one associative operator."""

    operator: str
    """``&&``, ``||`` or ``+``."""
    operands: tuple[Node, ...]
    """Operands from left to right."""


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``condition ? then : otherwise``."""

    condition: Node
    """The condition."""
    then: Node
    """Taken when true."""
    otherwise: Node
    """Taken when false."""


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or method call that is no macro."""

    name: str
    """The function's name."""
    target: Node | None
    """The receiver, or what may turn out to be the function's namespace."""
    args: tuple[Node, ...]
    """Arguments, the receiver not counted."""


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """``[a, ?b]``."""

    items: tuple[tuple[Node, bool], ...]
    """Each element, and whether it is an optional that is left out when empty."""


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    """``{k: v, ?k: v}``."""

    entries: tuple[tuple[Node, Node, bool], ...]
    """Key, value, and whether the value is an optional that is left out when empty."""


@dataclass(frozen=True, slots=True)
class Struct(Node):
    """``Name{field: value}``."""

    name: str
    """The type's qualified name."""
    fields: tuple[tuple[str, Node, bool], ...]
    """Field, value, and whether the value is an optional that is left out when empty."""


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """A macro that walks a list or a map."""

    macro: str
    """``all``, ``exists``, ``exists_one``, ``map``, ``filter``, ``sortBy``, ``transformList``, ``transformMap``
    or ``transformMapEntry``."""
    target: Node
    """What is walked."""
    variables: tuple[str, ...]
    """One name (element, or key of a map), or two (index and element, or key and value)."""
    condition: Node | None
    """Which elements count; ``None`` means all of them."""
    result: Node | None
    """What an element gives; ``None`` for ``filter`` and the three tests, which have only a condition."""


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """``cel.bind(variable, value, body)``; the value is computed at most once, when it is first asked for."""

    variable: str
    """The name."""
    value: Node
    """What it stands for."""
    body: Node
    """Where it may be used."""


@dataclass(frozen=True, slots=True)
class OptionalMap(Node):
    """``target.optMap(variable, body)`` or ``optFlatMap``."""

    target: Node
    """An optional."""
    variable: str
    """Name of the value it holds."""
    body: Node
    """What is made of the value."""
    flat: bool
    """Whether the body gives an optional already."""


def height(*nodes: Node | None) -> int:
    """The height of a node that stands on ``nodes``."""
    return 1 + max((node.height for node in nodes if node is not None), default=0)


def height_of(nodes: Iterable[Node]) -> int:
    """As :func:`height`, for any number of nodes."""
    return 1 + max((node.height for node in nodes), default=0)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    pending: list[object] = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, Node):
            yield one
            pending.extend(getattr(one, name) for name in one.__dataclass_fields__)
        elif isinstance(one, tuple):
            pending.extend(one)


def qualified(node: Node | None) -> str:
    """``a.b.c`` for a chain of plain selections from a name; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, Select) and not node.optional:
        parts.append(node.name)
        node = node.operand
    if not isinstance(node, Ident):
        return ""
    parts.append(node.name)
    return ".".join(reversed(parts))
