"""Reads one small YAML file into values that remember their lines.

Built on parse events, so that depth, size and repeated keys are checked before anything is built: anchors, aliases,
tags and several documents are refused, plain scalars follow the core schema of YAML 1.2 (``on`` is a word, not true).
What the values mean does not belong here.
"""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

MAX_BYTES = 256 * 1024
"""A rule file is a page of text; anything larger is refused."""
MAX_DEPTH = 24

_INTEGER = lazy_pattern(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = lazy_pattern(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}\Z")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Node:
    """One value and the line (from 1) on which it begins."""

    value: Any
    """A scalar, a list of ``Node``, or a dict from key to ``Node``."""
    line: int

    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(slots=True)
class _Open:
    """A collection that is still being filled."""

    value: Any
    line: int
    key: str | None = None
    key_line: int = 0


def read_yaml(content: bytes, where: str) -> Node:
    """The single document of ``content``. Raises ``ConfigurationError`` at ``where:line``."""
    import yaml  # only a cold load pays for the import

    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"the file is larger than {MAX_BYTES} bytes", where=where)
    try:
        return _build(yaml.parse(content, Loader=yaml.CSafeLoader), where)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
        raise ConfigurationError(f"not valid YAML: {problem}", where=where + line) from None


def _build(events: Any, where: str) -> Node:
    import yaml

    open_ones: list[_Open] = []
    root: Node | None = None
    for event in events:
        line = event.start_mark.line + 1
        place = f"{where}:{line}"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigurationError("aliases are not allowed", where=place, hint="write the value out")
        if isinstance(event, yaml.NodeEvent):
            _refuse_marks(event, place)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(open_ones) >= MAX_DEPTH:
                raise ConfigurationError(f"nested deeper than {MAX_DEPTH} levels", where=place)
            open_ones.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], line))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            done = open_ones.pop()
            node = Node(done.value, done.line)
        elif isinstance(event, yaml.ScalarEvent):
            node = Node(_scalar(event), line)
        else:
            continue
        if open_ones:
            _attach(open_ones[-1], node, place)
        elif root is not None:
            raise ConfigurationError("more than one document", where=place, hint="one rule, one file")
        else:
            root = node
    if root is None:
        raise ConfigurationError("the file is empty", where=where)
    return root


def _refuse_marks(event: Any, place: str) -> None:
    if event.anchor is not None:
        raise ConfigurationError("anchors are not allowed", where=place, hint="write the value out")
    if getattr(event, "tag", None) is not None:
        raise ConfigurationError(f"the tag {event.tag!r} is not allowed", where=place, hint="remove it")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style not in (None, ""):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def _attach(parent: _Open, node: Node, place: str) -> None:
    if isinstance(parent.value, list):
        parent.value.append(node)
    elif parent.key is None:
        if not isinstance(node.value, str):
            raise ConfigurationError(f"the key {node.plain()!r} is not text", where=place)
        if node.value in parent.value:
            raise ConfigurationError(f"the key {node.value!r} stands twice", where=place, hint="keep one of them")
        parent.key, parent.key_line = node.value, node.line
    else:
        # A block scalar or nested collection is named by the line of its key, which is where people look.
        parent.value[parent.key] = Node(node.value, parent.key_line)
        parent.key = None
