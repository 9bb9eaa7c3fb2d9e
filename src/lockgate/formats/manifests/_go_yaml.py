"""YAML as Kubernetes understands it: nodes into JSON values, and JSON pointers into lines.

kubectl and the API server go through ``sigs.k8s.io/yaml``, a copy of go-yaml v2 whose result is turned into JSON
(``goyaml.v2/resolve.go``, ``yaml.go``). What follows from that, and differs from PyYAML: ``y`` and ``n`` are booleans
as ``yes`` and ``on`` are; there are no base 60 numbers; ``0o17`` is a number; dates stay text; keys become text
(``on:`` is the key ``true``); a float without a fraction is an integer, since JSON writes it so; a merge key overrides
what stands before it in the mapping.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.yaml_safe import Node
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

_PREFIX = "tag:yaml.org,2002:"
_STR, _MAP, _MERGE, _BINARY = (_PREFIX + name for name in ("str", "map", "merge", "binary"))
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
FIRST = frozenset("+-.0123456789yYnNtTfFoO~")
"""What a plain word begins with that may be anything but text."""
_FLOAT = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER = lazy_pattern(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_LARGEST_WHOLE = 1e21
"""From here on Go writes a float with an exponent."""


def value_of(node: Node) -> tuple[Any, list[int]]:
    """The JSON value of a tree, and the lines of keys that stand twice in one mapping (the last one counts).

    Aliases share one object. Raises :class:`FormatError` for what has no JSON value.
    """
    builder = _Builder()
    return builder.value(node), builder.repeated


class _Builder:
    """Depth costs recursion, which the composer bounds; an alias is never deeper, for its anchor is built by then."""

    def __init__(self) -> None:
        self.repeated: list[int] = []
        self._shared: dict[int, Any] = {}

    def value(self, node: Node) -> Any:
        """The value of one node."""
        raw = node.value
        if isinstance(raw, str):
            return scalar(node)
        known = self._shared.get(id(node))
        if known is None:
            known = self._mapping(node) if node.tag == _MAP else [self.value(item) for item in node.items]
            self._shared[id(node)] = known
        return known

    def _mapping(self, node: Node) -> dict[str, Any]:
        made: dict[str, Any] = {}
        own: set[str] = set()
        for key_node, value_node in node.pairs:
            if key_node.tag == _MERGE:
                self._merge(value_node, made)
                continue
            key = key_text(key_node)
            if key in own:
                self.repeated.append(key_node.line)
            own.add(key)
            made[key] = self.value(value_node)
        return made

    def _merge(self, node: Node, made: dict[str, Any]) -> None:
        for source in reversed(node.items) if node.is_sequence else [node]:
            if not source.is_mapping:
                raise FormatError("a merge key whose value is not a mapping", source.line)
            made.update(self.value(source))


def key_text(node: Node) -> str:
    """A key as JSON has it. Raises :class:`FormatError` for one that is null or a collection."""
    raw = node.value
    if not isinstance(raw, str):
        raise FormatError("a key that is itself a collection", node.line, kind=SkipKind.UNSUPPORTED)
    if node.tag == _STR and (not node.plain or raw[:1] not in FIRST):
        return raw
    value = scalar(node)
    if isinstance(value, str):
        return value
    if value is None:
        raise FormatError("a key that is null", node.line, kind=SkipKind.UNSUPPORTED)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def scalar(node: Node) -> Any:
    """The value of a scalar."""
    text = node.text
    if node.plain:
        if text and text[0] not in FIRST:
            return text
        value = resolved(text) if len(text) <= 64 else text
        if type(value) is not float:
            return value
    elif node.tag == _STR:
        return text
    elif node.tag == _BINARY:
        return _binary(node)
    else:
        value = _tagged(node)
    if isinstance(value, float) and not math.isfinite(value):
        raise FormatError("a number that JSON does not have", node.line, kind=SkipKind.UNSUPPORTED)
    return value


def _tagged(node: Node) -> Any:
    """A scalar with a tag of its own: ``!!int "5"``."""
    kind = node.tag.removeprefix(_PREFIX)
    value = resolved(node.text) if len(node.text) <= 64 else node.text
    fits = {
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "null": value is None,
        "timestamp": isinstance(value, str),
    }.get(kind, True)
    if not fits:
        raise FormatError(f"not a value of type {kind}", node.line)
    return value


def _binary(node: Node) -> str:
    try:
        return base64.b64decode(node.text.encode("ascii")).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        raise FormatError("not a value of type binary", node.line) from None


@lru_cache(maxsize=8192)
def resolved(text: str) -> Any:
    """The value of a plain word, which is not empty."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "") if text[0] != "." else text
    if _INTEGER.fullmatch(plain):
        return _integer(plain)
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        return int(number) if number.is_integer() and abs(number) < _LARGEST_WHOLE else number
    return text


def _integer(plain: str) -> int:
    sign = -1 if plain[0] == "-" else 1
    digits = plain.lstrip("+-").lower()
    if digits[:2] in ("0x", "0b", "0o"):
        return sign * int(digits[2:], {"x": 16, "b": 2, "o": 8}[digits[1]])
    return sign * int(digits, 8 if digits[0] == "0" else 10)


def line_of(root: Node, parts: list[str]) -> int:
    """The line of what ``parts`` name below ``root``, or of the nearest ancestor that stands in the file.

    A member stands on the line of its key. What came through an alias or a merge key stands where it is written.
    """
    node, line = root, root.line
    for part in parts:
        if node.is_mapping:
            found = _member(node, part)
            if found is None:
                return line
            line, node = found[0].line, found[1]
        elif node.is_sequence and part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(node.items):
            node = node.items[int(part)]
            line = node.line
        else:
            return line
    return line


def _member(node: Node, key: str) -> tuple[Node, Node] | None:
    """The pair that counts: the last one, merge keys followed. A loop, for merges chain deeper than Python recurses."""
    seen = {id(node)}
    stack: list[Iterator[tuple[Node, Node]]] = [reversed(node.pairs)]
    while stack:
        pair = next(stack[-1], None)
        if pair is None:
            stack.pop()
            continue
        if pair[0].tag != _MERGE:
            if isinstance(pair[0].value, str) and key_text(pair[0]) == key:
                return pair
            continue
        sources = pair[1].items if pair[1].is_sequence else [pair[1]]
        for source in reversed(sources):
            if source.is_mapping and id(source) not in seen:
                seen.add(id(source))
                stack.append(reversed(source.pairs))
    return None
