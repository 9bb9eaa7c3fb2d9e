"""YAML of unknown origin: values or positioned nodes, without objects, bombs or deep recursion.

libyaml's parser (through PyYAML's ``CSafeLoader``) delivers events; the tree is built here in one loop, because the
loader's own composer recurses once a level and shares anchors without counting what they expand to. YAML 1.1 as PyYAML
understands it, with two differences: dates stay strings, and a mapping key that cannot be hashed is an error. What
does not belong: the meaning of any file.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

__all__ = ["FormatError", "Node", "compose_all", "load_all", "value_of"]

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 2_000_000
"""Nodes of all documents together, each alias counted as often as it is used."""

_PREFIX = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ, _NULL, _MERGE = (_PREFIX + name for name in ("str", "map", "seq", "null", "merge"))
_SCALAR_TAGS = frozenset(
    _PREFIX + name for name in ("str", "int", "float", "bool", "null", "binary", "timestamp", "merge")
)
_COLLECTION_TAGS = {"seq": frozenset({_SEQ}), "map": frozenset({_MAP})}


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, a sequence or a mapping, and where it stands. An alias is the very same node as its anchor."""

    tag: str
    """Full tag, resolved: ``tag:yaml.org,2002:int``."""
    value: str | list[Node] | list[tuple[Node, Node]]
    """Text of a scalar, items of a sequence, pairs of a mapping in file order."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    end_line: int
    plain: bool = False
    """Whether a scalar stands without quotes."""
    size: int = 1
    """Nodes of the subtree, aliases expanded."""

    @property
    def is_mapping(self) -> bool:
        """Whether ``value`` is a list of pairs."""
        return self.tag == _MAP

    @property
    def is_sequence(self) -> bool:
        """Whether ``value`` is a list of nodes."""
        return self.tag == _SEQ

    @property
    def text(self) -> str:
        """The text of a scalar; empty for the others."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> list[Node]:
        """The items of a sequence; empty for the others."""
        return self.value if self.tag == _SEQ else []  # type: ignore[return-value]

    @property
    def pairs(self) -> list[tuple[Node, Node]]:
        """The pairs of a mapping, merge keys not applied; empty for the others."""
        return self.value if self.tag == _MAP else []  # type: ignore[return-value]

    def get(self, key: str) -> Node | None:
        """The value under a scalar key of a mapping, or None."""
        return next((value for name, value in self.pairs if name.value == key), None)


def load_all(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, unique_keys: bool = False
) -> list[Any]:
    """The values of all documents. Raises :class:`FormatError`, and nothing else, on any bytes.

    An empty document is None. A repeated key takes its last value unless ``unique_keys``. Aliases share one object:
    a caller that walks the values meets at most ``MAX_NODES`` of them.
    """
    return [
        value_of(node, unique_keys=unique_keys)
        for node in compose_all(content, max_bytes=max_bytes, max_depth=max_depth)
    ]


def compose_all(content: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[Node]:
    """The root nodes of all documents, with lines and columns. Raises :class:`FormatError`, and nothing else."""
    import yaml

    if len(content) > max_bytes:
        raise FormatError(f"larger than {max_bytes} bytes", kind=SkipKind.TOO_LARGE)
    composer = _Composer(max_depth)
    try:
        for event in yaml.parse(content, Loader=yaml.CSafeLoader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        if "nesting depth" in str(error.problem):  # libyaml's own bound, where it has one
            raise FormatError("nested too deeply", line, kind=SkipKind.TOO_LARGE) from None
        raise FormatError(f"not YAML: {error.problem or error.context}", line) from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("not YAML: a character that YAML does not allow") from None
    except (RecursionError, MemoryError):
        raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None
    return composer.roots


class _Composer:
    """Builds trees from events; the stack is ours, so depth costs no recursion."""

    def __init__(self, max_depth: int) -> None:
        self.roots: list[Node] = []
        self._max_depth = max_depth
        self._open: list[tuple[Node, str | None, list[Node]]] = []
        self._anchors: dict[str, Node | None] = {}
        self._count = 0

    def take(self, event: Any) -> None:
        """Add one event."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            tag = _scalar_tag(event)
            start, end = event.start_mark, event.end_mark
            node = Node(tag, event.value, start.line + 1, start.column + 1, end.line + 1, event.implicit[0])
            if event.anchor:
                self._anchors[event.anchor] = node
            self._add(node)
        elif kind == "MappingStartEvent" or kind == "SequenceStartEvent":
            self._start(event, "map" if kind == "MappingStartEvent" else "seq")
        elif kind == "MappingEndEvent" or kind == "SequenceEndEvent":
            self._end(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent":
            self._anchors = {}

    def _start(self, event: Any, kind: str) -> None:
        line = event.start_mark.line + 1
        if len(self._open) >= self._max_depth:
            raise FormatError(f"nested deeper than {self._max_depth} levels", line, kind=SkipKind.TOO_LARGE)
        tag = event.tag
        if tag and tag != "!" and tag not in _COLLECTION_TAGS[kind]:
            raise FormatError("a tag that is not plain YAML", line, kind=SkipKind.UNSUPPORTED)
        node = Node(_PREFIX + kind, [], line, event.start_mark.column + 1, line)
        if event.anchor:
            self._anchors[event.anchor] = None  # known, but not finished: an alias inside would be a cycle
        self._open.append((node, event.anchor, []))

    def _end(self, event: Any) -> None:
        node, anchor, children = self._open.pop()
        node.size += sum(child.size for child in children)
        node.value = list(zip(children[::2], children[1::2], strict=True)) if node.tag == _MAP else children
        mark = event.end_mark
        node.end_line = max(node.line, mark.line if mark.column == 0 else mark.line + 1)
        if anchor:
            self._anchors[anchor] = node
        self._add(node)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise FormatError("an alias without its anchor", line)
        node = self._anchors[event.anchor]
        if node is None:
            raise FormatError("an alias that contains itself", line)
        self._count += node.size
        self._add(node)

    def _add(self, node: Node) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise FormatError(f"more than {MAX_NODES} nodes", node.line, kind=SkipKind.TOO_LARGE)
        if self._open:
            self._open[-1][2].append(node)
        else:
            self.roots.append(node)


def _scalar_tag(event: Any) -> str:
    tag = event.tag
    if tag is None or tag == "!":
        return _implicit_tag(event.value) if event.implicit[0] and tag is None else _STR
    if tag not in _SCALAR_TAGS:
        raise FormatError("a tag that is not plain YAML", event.start_mark.line + 1, kind=SkipKind.UNSUPPORTED)
    return str(tag)


def _implicit_tag(text: str) -> str:
    if len(text) > 64:  # no number, date or word of YAML 1.1 is that long; keeps the cache small
        return _STR
    return _resolved(text)


@lru_cache(maxsize=4096)
def _resolved(text: str) -> str:
    from yaml import SafeLoader

    resolvers = SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(text[:1], []) + resolvers.get(None, []):
        if pattern.match(text):
            return str(tag)
    return _STR


def value_of(node: Node, *, unique_keys: bool = False) -> Any:
    """The Python value of a node: dict, list, str, int, float, bool, None or bytes. Merge keys are applied.

    Raises :class:`FormatError` for a value its tag does not allow, or a key that is itself a collection.
    """
    return _Constructor(unique_keys).value(node)


class _Constructor:
    """Turns nodes into values; recursion is bounded by the depth limit of the composer."""

    def __init__(self, unique_keys: bool) -> None:
        self._unique = unique_keys
        self._shared: dict[int, Any] = {}

    def value(self, node: Node) -> Any:
        """The value of one node; the same node gives the same object."""
        if isinstance(node.value, str):
            return node.value if node.tag == _STR else _scalar_value(node)
        known = self._shared.get(id(node))
        if known is not None:
            return known
        made: Any = self._mapping(node) if node.tag == _MAP else [self.value(item) for item in node.items]
        self._shared[id(node)] = made
        return made

    def _mapping(self, node: Node) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        for key_node, value_node in node.pairs:
            if key_node.tag == _MERGE:
                self._merge(value_node, merged)
                continue
            key = self.value(key_node)
            if isinstance(key, (dict, list)):
                raise FormatError("a key that is itself a collection", key_node.line, kind=SkipKind.UNSUPPORTED)
            if self._unique and key in own:
                raise FormatError("a key stands twice in one mapping", key_node.line)
            own[key] = self.value(value_node)
        return {**merged, **own} if merged else own

    def _merge(self, node: Node, merged: dict[Any, Any]) -> None:
        for source in node.items if node.is_sequence else [node]:
            if not source.is_mapping:
                raise FormatError("a merge key whose value is not a mapping", source.line)
            for key, value in self.value(source).items():
                merged.setdefault(key, value)


_TRUE = frozenset({"yes", "true", "on"})
_FALSE = frozenset({"no", "false", "off"})


def _scalar_value(node: Node) -> Any:
    text, kind = node.text, node.tag.removeprefix(_PREFIX)
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return _boolean(text)
        if kind == "int":
            return _integer(text)
        if kind == "float":
            return _floating(text)
        if kind == "binary":
            return base64.b64decode(text.encode("ascii"), validate=False)
    except (ValueError, OverflowError, UnicodeEncodeError, binascii.Error):
        raise FormatError(f"not a value of type {kind}", node.line) from None
    return text


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError(lowered)
    return lowered in _TRUE


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if ":" in digits:
        total = 0
        for part in digits.split(":"):
            total = total * 60 + int(part)
        return sign * total
    if digits.startswith("0b"):
        return sign * int(digits[2:], 2)
    if digits.startswith("0x"):
        return sign * int(digits[2:], 16)
    return sign * int(digits, 8 if digits.startswith("0") and len(digits) > 1 else 10)


def _floating(text: str) -> float:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if digits in (".inf", ".nan"):
        return sign * float(digits[1:])
    return sign * (_sexagesimal(digits) if ":" in digits else float(digits))


def _sexagesimal(digits: str) -> float:
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total
