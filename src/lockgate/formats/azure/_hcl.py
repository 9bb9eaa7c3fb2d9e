"""Evaluates Terraform's expressions on the syntax tree, as far as the files alone decide them.

What another resource, a data source or the person who applies it decides stays an :class:`Unknown` with its own text.
Steps, depth and results are bounded, since the text is untrusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure._functions import UndecidedError
from lockgate.formats.azure._hcl_functions import call, text
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_STEPS = 200_000
MAX_DEPTH = 60
_SIGNS = frozenset(("==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%"))
_ESCAPE = lazy_pattern(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|([$%])\4\{", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def children(node: Node) -> list[Node]:
    """Named children without comments."""
    return [child for child in node.named_children if child.type != "comment"]


@dataclass(slots=True)
class Source:
    """One file of HCL."""

    path: str
    content: bytes

    def text(self, node: Node, limit: int = 500) -> str:
        """The source of a node, cut."""
        return self.content[node.start_byte : min(node.end_byte, node.start_byte + limit)].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Lazy:
    """A value that stands in a file and is evaluated when it is first read."""

    source: Source
    node: Node


Lookup = Callable[[str, str], Any]
"""``lookup(root, name)``: what ``root.name`` is (``var.x``, ``local.y``); raises :class:`UndecidedError`."""


@dataclass(slots=True)
class Evaluator:
    """Evaluates expressions of one module; counts steps over all of them."""

    lookup: Lookup
    steps: int = 0
    _depth: int = 0
    _running: set[int] = field(default_factory=set)

    def lazy(self, value: Lazy) -> Any:
        """The value of something declared elsewhere; what needs itself is undecided."""
        if value.node.id in self._running:
            raise UndecidedError("a value that needs itself")
        self._running.add(value.node.id)
        try:
            return self.value(value.source, value.node, {})
        finally:
            self._running.discard(value.node.id)

    def value(self, source: Source, node: Node, names: Mapping[str, Any]) -> Any:
        """The value of an expression; an :class:`Unknown` with its text where it is not known."""
        try:
            return _Reader(self, source, names).chain([node])
        except UndecidedError:
            return Unknown(source.text(node))

    def enter(self, node: Node) -> None:
        """One step, one level deeper."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise FormatError(f"its expressions take more than {MAX_STEPS} steps", kind=SkipKind.LIMIT)
        if self._depth >= MAX_DEPTH:
            raise FormatError("expressions nested too deeply", node.start_point[0] + 1, kind=SkipKind.TOO_LARGE)
        self._depth += 1

    def leave(self) -> None:
        """One level up."""
        self._depth -= 1

    def known(self, value: Any) -> Any:
        """``value`` when nothing in it is unknown. Raises :class:`UndecidedError`."""
        unknown = self.measure(value)
        if unknown is not None:
            raise UndecidedError(unknown.text)
        return value

    def measure(self, value: Any) -> Unknown | None:
        """Counts every part, for a value whose parts are shared can be far larger than it looks; an unknown part."""
        stack, found = [value], None
        while stack:
            item = stack.pop()
            if isinstance(item, Unknown):
                found = item
            elif isinstance(item, dict):
                stack.extend(item.values())
            elif isinstance(item, list):
                stack.extend(item)
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise FormatError(f"its expressions take more than {MAX_STEPS} steps", kind=SkipKind.LIMIT)
        return found


@dataclass(slots=True)
class _Reader:
    run: Evaluator
    source: Source
    names: Mapping[str, Any]

    def chain(self, nodes: list[Node]) -> Any:
        """An operand and the accesses behind it."""
        self.run.enter(nodes[0])
        try:
            if len(nodes) == 1 and nodes[0].type == "expression":
                inner = children(nodes[0])
                if not inner:
                    raise UndecidedError("nothing")
                return self.chain(inner)
            first, rest = nodes[0], nodes[1:]
            if first.type == "variable_expr":
                value, rest = self._name(self.source.text(first), rest)
            else:
                handler = _HANDLERS.get(first.type)
                if handler is None:
                    raise UndecidedError(first.type)
                value = handler(self, first)
            for number, access in enumerate(rest):
                if access.type == "splat":
                    return self._splat(value, access, rest[number + 1 :])
                value = self._step(value, access)
            return value
        finally:
            self.run.leave()

    def _name(self, root: str, rest: list[Node]) -> tuple[Any, list[Node]]:
        if root in self.names:
            return self.names[root], rest
        if not rest or rest[0].type != "get_attr":
            raise UndecidedError(root)
        return self.run.lookup(root, self._attribute(rest[0])), rest[1:]

    def _attribute(self, node: Node) -> str:
        return self.source.text(node.named_children[-1])

    def _step(self, value: Any, access: Node) -> Any:
        if isinstance(value, Unknown):
            raise UndecidedError(value.text)
        if access.type == "get_attr":
            return _member(value, self._attribute(access))
        if access.type == "index":
            inner = children(access.named_children[0])
            return _member(value, self.chain(inner) if inner else self.source.text(access)[1:])
        raise UndecidedError(access.type)

    def _splat(self, value: Any, splat: Node, rest: list[Node]) -> Any:
        if isinstance(value, Unknown):
            raise UndecidedError(value.text)
        items = value if isinstance(value, list) else [] if value is None else [value]
        found = []
        inner = [child for child in children(splat.named_children[0]) if child.type in ("get_attr", "index")]
        for item in items:
            for access in [*inner, *rest]:
                item = self._step(item, access)
            found.append(item)
        return found

    def _literal(self, node: Node) -> Any:
        inner = node.named_children[0]
        if inner.type == "string_lit":
            return self._template(inner)
        source = self.source.text(inner)
        if inner.type == "numeric_lit":
            return int(source) if source.isdigit() and len(source) < 19 else float(source[:60])
        return {"true": True, "false": False}.get(source)

    def _template(self, node: Node) -> Any:
        """A quoted text or a heredoc, with what is interpolated."""
        parts = children(node)
        if node.type == "template_expr":
            return self._template(parts[0])
        heredoc = node.type == "heredoc_template"
        places = [part for part in parts if part.type in ("template_interpolation", "template_directive")]
        if any(place.type == "template_directive" for place in places):
            raise UndecidedError("a directive")
        start, end = node.start_byte + 1, node.end_byte - 1
        if heredoc:
            start = self.source.content.find(b"\n", node.start_byte) + 1
            end = parts[-1].start_byte
        if len(places) == 1 and not heredoc and places[0].start_byte == start and places[0].end_byte == end:
            return self.chain(_inside(places[0]))
        pieces = []
        for place in places:
            pieces.append(self._piece(start, place.start_byte, heredoc))
            pieces.append(text(self._known(_inside(place))))
            start = place.end_byte
        whole = "".join([*pieces, self._piece(start, end, heredoc)])
        if len(whole) > 200_000:
            raise UndecidedError("too long")
        if heredoc:
            whole = whole[: whole.rfind("\n") + 1]
            return _dedented(whole) if self.source.text(parts[0]) == "<<-" else whole
        return whole

    def _piece(self, start: int, end: int, heredoc: bool) -> str:
        raw = self.source.content[start:end].decode("utf-8", "replace")
        return raw.replace("$${", "${").replace("%%{", "%{") if heredoc else _unescaped(raw)

    def _known(self, nodes: list[Node]) -> Any:
        value = self.chain(nodes)
        if isinstance(value, Unknown):
            raise UndecidedError(value.text)
        return value

    def _soft(self, node: Node) -> Any:
        return self.run.value(self.source, node, self.names)

    def _collection(self, node: Node) -> Any:
        inner = node.named_children[0]
        items = [item for item in children(inner) if item.type in ("expression", "object_elem")]
        if inner.type == "tuple":
            return [self._soft(item) for item in items]
        made: dict[str, Any] = {}
        for item in items:
            key, value = children(item)[:2]
            made[self._key(key)] = self._soft(value)
        return made

    def _key(self, node: Node) -> str:
        inner = children(node)
        if len(inner) == 1 and inner[0].type == "variable_expr":
            return self.source.text(inner[0])
        return text(self._known([node]))

    def _call(self, node: Node) -> Any:
        name = self.source.text(node.named_children[0])
        given = [part for part in children(node) if part.type == "function_arguments"]
        nodes = children(given[0]) if given else []
        spread = bool(nodes) and nodes[-1].type == "ellipsis"
        nodes = [part for part in nodes if part.type == "expression"]
        if name == "try":
            return self._try(nodes)
        if name == "can":
            raise UndecidedError(name)
        arguments = [self.run.known(self.chain([one])) for one in nodes]
        if spread:
            arguments[-1:] = arguments[-1] if isinstance(arguments[-1], list) else [arguments[-1]]
        found = call(name, arguments)
        if isinstance(found, str | list | dict):
            self.run.steps += len(found) // 32
        return found

    def _try(self, nodes: list[Node]) -> Any:
        """The first argument that is known; one that fails only here may still be what is deployed."""
        if len(nodes) == 1:
            return self._known(nodes)
        return self._known(nodes[:1])

    def _operation(self, node: Node) -> Any:
        inner = node.named_children[0]
        if inner.type == "unary_operation":
            value = self._known(children(inner))
            if inner.children[0].type == "!":
                if isinstance(value, bool):
                    return not value
                raise UndecidedError("not a boolean")
            return -_numeric(value)
        at = next((n for n, part in enumerate(inner.children) if part.type in _SIGNS), 0)
        left = [part for part in inner.children[:at] if part.is_named and part.type != "comment"]
        right = [part for part in inner.children[at + 1 :] if part.is_named and part.type != "comment"]
        if not left or not right:
            raise UndecidedError("an operation")
        sign = inner.children[at].type
        if sign in ("&&", "||"):
            return self._junction(left, right, decides=sign == "||")
        one, other = self.run.known(self._known(left)), self.run.known(self._known(right))
        return _operate(sign, one, other)

    def _junction(self, left: list[Node], right: list[Node], *, decides: bool) -> bool:
        unknown = False
        for side in (left, right):
            try:
                value = self._known(side)
            except UndecidedError:
                unknown = True
                continue
            if not isinstance(value, bool):
                raise UndecidedError("not a boolean")
            if value is decides:
                return decides
        if unknown:
            raise UndecidedError("an unknown side")
        return not decides

    def _conditional(self, node: Node) -> Any:
        condition, yes, no = [part for part in children(node) if part.type == "expression"][:3]
        decided = self._known([condition])
        if not isinstance(decided, bool):
            raise UndecidedError("not a boolean")
        return self.chain([yes if decided else no])

    def _for(self, node: Node) -> Any:
        inner = node.named_children[0]
        parts = children(inner)
        intro = next(part for part in parts if part.type == "for_intro")
        condition = next((part for part in parts if part.type == "for_cond"), None)
        bodies = [part for part in parts if part.type == "expression"]
        if any(part.type == "ellipsis" for part in parts):
            raise UndecidedError("grouping")
        names = [self.source.text(part) for part in children(intro) if part.type == "identifier"]
        over = self._known([part for part in children(intro) if part.type == "expression"])
        made: list[tuple[Any, Any]] = []
        for key, item in _pairs(over):
            within = _Reader(self.run, self.source, {**self.names, **_named(names, key, item)})
            if condition is None or within._known(children(condition)) is True:
                soft = within._soft
                made.append((within._known(bodies[:1]) if len(bodies) > 1 else None, soft(bodies[-1])))
        if inner.type == "for_tuple_expr":
            return [item for _, item in made]
        return {text(key): item for key, item in made}


_HANDLERS = {
    "collection_value": _Reader._collection,
    "conditional": _Reader._conditional,
    "expression": lambda reader, node: reader.chain([node]),
    "for_expr": _Reader._for,
    "function_call": _Reader._call,
    "literal_value": _Reader._literal,
    "operation": _Reader._operation,
    "string_lit": _Reader._template,
    "template_expr": _Reader._template,
}


def _inside(place: Node) -> list[Node]:
    found = [part for part in children(place) if part.type == "expression"]
    if len(found) != 1:
        raise UndecidedError("nothing interpolated")
    return found


def _named(names: list[str], key: Any, item: Any) -> dict[str, Any]:
    return {names[0]: item} if len(names) == 1 else dict(zip(names, (key, item), strict=False))


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from sorted(value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
    else:
        raise UndecidedError("not a collection")


def _member(value: Any, index: Any) -> Any:
    if isinstance(value, dict) and isinstance(index, str) and index in value:
        return value[index]
    if isinstance(value, list):
        if isinstance(index, str) and index.isdigit() and len(index) < 9:
            index = int(index)
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(value):
            return value[index]
    raise UndecidedError("no such member")


def _numeric(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UndecidedError("not a number")
    return value


def _operate(sign: str, one: Any, other: Any) -> Any:
    if sign in ("==", "!="):
        same = isinstance(one, bool) is isinstance(other, bool) and one == other
        return same is (sign == "==")
    left, right = _numeric(one), _numeric(other)
    if sign in ("<", "<=", ">", ">="):
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]
    if max(abs(left), abs(right)) > 1 << 62 or (sign in "/%" and not right):
        raise UndecidedError("a number out of range")
    if sign == "/":
        return left // right if isinstance(left, int) and isinstance(right, int) and not left % right else left / right
    return {"+": left + right, "-": left - right, "*": left * right, "%": left % (right or 1)}[sign]


def _unescaped(raw: str) -> str:
    def sign(match: re.Match[str]) -> str:
        if match.group(4):
            return match.group(4) + "{"
        if match.group(3) is not None:
            return _ESCAPED.get(match.group(3), match.group(3))
        code = int(match.group(1) or match.group(2), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"

    return _ESCAPE.sub(sign, raw) if "\\" in raw or "{" in raw else raw


def _dedented(value: str) -> str:
    lines = value.split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)
