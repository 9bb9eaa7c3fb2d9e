"""Scalars of JSON, YAML and XML files with their path and line, from the bounded readers of ``formats``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe, yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

_XML_1_1 = lazy_pattern(rb"((?:\xef\xbb\xbf)?<\?xml\s{1,9}version\s{0,9}=\s{0,9}[\"'])1\.1")
MAX_DEPTH = 60
MAX_LEAVES = 200_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text or number of a tree."""

    path: tuple[str | int, ...]
    value: str = field(repr=False)
    line: int

    @property
    def key(self) -> str:
        """The nearest name above it."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")


@dataclass(frozen=True, slots=True)
class Element:
    """One XML element, closed."""

    path: tuple[str, ...]
    """Names from the root down, without prefixes."""
    attributes: dict[str, str] = field(repr=False)
    text: str = field(repr=False)
    line: int
    """Of its start tag."""
    end_line: int
    parent: int
    """Number of the element above, in start order; -1 for the root."""
    number: int

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]


def json_value(content: bytes) -> tuple[Any, bytes]:
    """The value of a JSON text (comments and trailing commas allowed), and the text its lines hold for."""
    try:
        return json_safe.load(content, max_depth=MAX_DEPTH), content.removeprefix(b"\xef\xbb\xbf")
    except FormatError as error:
        if error.kind is not SkipKind.MALFORMED:
            raise
        clean = json_safe.strip_comments(content.removeprefix(b"\xef\xbb\xbf"))
        return json_safe.load(clean, max_depth=MAX_DEPTH), clean


def json_leaves(content: bytes) -> list[Leaf]:
    """Every text and number of a JSON text, in file order."""
    value, clean = json_value(content)
    if not isinstance(value, dict | list):
        return []
    lines = json_safe.key_lines(clean)
    return [Leaf(path, text, lines.get(path, 1)) for path, text in _walk(value)]


def _walk(root: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    count = 0
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((((*path, key), item) for key, item in reversed(value.items())))
        elif isinstance(value, list):
            stack.extend(((*path, index), value[index]) for index in reversed(range(len(value))))
        elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            count += 1
            if count > MAX_LEAVES:
                raise FormatError(f"more than {MAX_LEAVES} values", kind=SkipKind.TOO_LARGE)
            yield path, str(value)


def yaml_roots(content: bytes) -> list[yaml_safe.Node]:
    """The documents of a YAML stream."""
    return yaml_safe.compose_all(content, max_depth=MAX_DEPTH)


def yaml_leaves(content: bytes) -> list[Leaf]:
    """Every scalar of every document, in file order. Aliases are followed within a bound."""
    leaves: list[Leaf] = []
    for root in yaml_roots(content):
        leaves += node_leaves(root)
    return leaves


def node_leaves(root: yaml_safe.Node) -> list[Leaf]:
    """Every scalar below a node, in file order."""
    if root.size > MAX_LEAVES:
        raise FormatError(f"more than {MAX_LEAVES} values", root.line, kind=SkipKind.TOO_LARGE)
    leaves: list[Leaf] = []
    stack: list[tuple[tuple[str | int, ...], yaml_safe.Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if node.is_mapping:
            stack.extend(((*path, key.text), value) for key, value in reversed(node.pairs))
        elif node.is_sequence:
            stack.extend(((*path, index), node.items[index]) for index in reversed(range(len(node.items))))
        else:
            leaves.append(Leaf(path, node.text, node.line))
    return leaves


def xml_elements(content: bytes) -> list[Element]:
    """Every element, in start order. A DOCTYPE is refused, so there are no entities to expand."""
    from xml.parsers import expat

    reader = _XmlReader(expat)
    declared = _XML_1_1.match(content)
    if declared:  # expat reads 1.0 alone; what 1.1 adds (control characters, other line ends) holds no credential
        content = declared.group(1) + b"1.0" + content[declared.end() :]
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FormatError("not XML", error.lineno) from None
    except FormatError:
        raise
    except (ValueError, LookupError):
        raise FormatError("XML in an encoding that is not known", kind=SkipKind.UNSUPPORTED) from None
    return [element for element in reader.closed if element is not None]


class _XmlReader:
    def __init__(self, expat: Any) -> None:
        self.closed: list[Element | None] = []
        self._open: list[tuple[int, tuple[str, ...], dict[str, str], int, list[str]]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, *_: Any) -> None:
        raise FormatError("an XML DOCTYPE is not read", self.parser.CurrentLineNumber, kind=SkipKind.UNSUPPORTED)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise FormatError(f"nested deeper than {MAX_DEPTH} levels", kind=SkipKind.TOO_LARGE)
        above = self._open[-1][1] if self._open else ()
        local = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        path = (*above, name.rpartition(":")[2])
        self._open.append((len(self.closed), path, local, self.parser.CurrentLineNumber, []))
        self.closed.append(None)

    def _end(self, _name: str) -> None:
        number, path, attributes, line, pieces = self._open.pop()
        parent = self._open[-1][0] if self._open else -1
        end = self.parser.CurrentLineNumber
        self.closed[number] = Element(path, attributes, "".join(pieces).strip(), line, end, parent, number)

    def _text(self, data: str) -> None:
        if self._open:
            self._open[-1][4].append(data)
