"""Compiles the declarations of a Bicep file to what an ARM template would say, expressions as trees.

Operators become the functions that Bicep itself compiles them to (``==`` is ``equals``, ``??`` is ``coalesce``,
interpolation is ``format``), so that one evaluator serves both languages
(https://learn.microsoft.com/azure/azure-resource-manager/bicep/file). The parser is tree-sitter's; two of its habits
are mended here: it knows no spread (``...x``), and it ends a lambda's body too early.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.arm_expression import Access, Call, Expression, Literal
from lockgate.formats.azure._evaluate import Loop, Tree
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import escaped
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 80
_OPERATORS = {
    "==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals", "&&": "and",
    "||": "or", "??": "coalesce", "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod",
}  # fmt: skip
_ESCAPE = lazy_pattern(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_SPREAD = lazy_pattern(
    rb"'''(?:[^']|'(?!''))*+'''|'(?:[^'\\\n]|\\.)*+'|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|([\[{(])|([\]})])|(\.\.\.)"
)
_LEFT = frozenset(("member_expression", "subscript_expression", "binary_expression", "ternary_expression"))
_MEMBER, _ITEM = b"_ :", b"!!!"


class UnreadableError(Exception):
    """Syntax that has no meaning here; the value then stays as written."""


@dataclass(slots=True)
class Names:
    """What a file declares."""

    parameters: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)


def with_spreads(content: bytes) -> tuple[bytes, frozenset[int]]:
    """The text with each ``...`` written as the grammar can read it, at the same length, and where they stood."""
    made, places, stack = bytearray(content), set(), [b"("]
    for match in _SPREAD.finditer(content):
        if match.group(1):
            stack.append(match.group(1))
        elif match.group(2):
            stack = stack[:-1] or [b"("]
        elif match.group(3):
            made[match.start() : match.end()] = _MEMBER if stack[-1] == b"{" else _ITEM
            places.add(match.start())
    return bytes(made), frozenset(places)


@dataclass(slots=True)
class Compiler:
    """Turns nodes of one file into values with trees in them, and notes the line of each pointer."""

    source: bytes
    names: Names
    spreads: frozenset[int] = frozenset()
    lines: dict[str, int] = field(default_factory=dict)
    _locals: list[str] = field(default_factory=list)
    _depth: int = 0
    _bodies: dict[int, Node] = field(default_factory=dict)

    def text(self, node: Node) -> str:
        """The source of a node, cut."""
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + 500)].decode("utf-8", "replace")

    def _enter(self, node: Node) -> None:
        if self._depth >= MAX_DEPTH:
            line = node.start_point[0] + 1
            raise FormatError(f"nested deeper than {MAX_DEPTH} levels", line, kind=SkipKind.TOO_LARGE)
        self._depth += 1

    def value(self, node: Node, pointer: str) -> Any:
        """A JSON value whose leaves may be trees and loops."""
        self._enter(node)
        try:
            kind = node.type
            if kind == "object" and self._is_plain(node):
                return self.members(node, pointer)
            if kind == "array" and not any(self._is_spread(item) for item in node.named_children):
                return self._array(node, pointer)
            if kind == "for_statement":
                return self.loop(node, pointer)
            if kind == "parenthesized_expression" and node.named_child_count == 1:
                return self.value(node.named_children[0], pointer)
            if kind in ("string", "number", "boolean", "null"):
                literal = self._literal(node)
                if literal is not None:
                    return _as_text(literal[0])
            try:
                return Tree(self.expression(node), self.text(node))
            except UnreadableError:
                return Tree(Call("unreadable"), self.text(node))
        finally:
            self._depth -= 1

    def members(self, node: Node, pointer: str) -> dict[str, Any]:
        """The properties of an object; nested resources are left to the caller."""
        made: dict[str, Any] = {}
        for item in node.named_children:
            if item.type != "object_property" or item.named_child_count < 2:
                continue
            key = self._key(item.named_children[0])
            if key is None:
                continue
            own = f"{pointer}/{escaped(key)}"
            self.lines[own] = item.start_point[0] + 1
            made[key] = self.value(item.named_children[1], own)
        return made

    def _array(self, node: Node, pointer: str) -> list[Any]:
        made: list[Any] = []
        for item in node.named_children:
            if item.type not in ("comment", "diagnostic_comment"):
                own = f"{pointer}/{len(made)}"
                self.lines[own] = item.start_point[0] + 1
                made.append(self.value(item, own))
        return made

    def loop(self, node: Node, pointer: str) -> Any:
        """``[for item in items: body]``; the lines of the body stand under ``*``."""
        parts = [child for child in node.named_children if child.type != "comment"]
        if len(parts) != 3:
            return Tree(Call("unreadable"), self.text(node))
        names = [self.text(one) for one in parts[0].named_children] or [self.text(parts[0])]
        item, index = [*names, ""][:2]
        items = self.value(parts[1], f"{pointer}/in")
        self._locals += [item, index]
        try:
            self.lines[f"{pointer}/*"] = parts[2].start_point[0] + 1
            body = self.value(parts[2], f"{pointer}/*")
        finally:
            del self._locals[-2:]
        return Loop(items, item, index, body, self.text(node))

    def within(self, names: list[str]) -> None:
        """Names that are arguments from here on, for the body of a loop or a function."""
        self._locals += names

    def without(self, count: int) -> None:
        """Forget the last names."""
        if count:
            del self._locals[-count:]

    def _is_plain(self, node: Node) -> bool:
        """Whether every key of an object is known and none of its members is spread into it."""
        return not any(
            item.start_byte in self.spreads or self._key(item.named_children[0]) is None
            for item in node.named_children
            if item.type == "object_property" and item.named_children[0].type != "resource_declaration"
        )

    def _is_spread(self, node: Node) -> bool:
        return node.start_byte in self.spreads

    def _key(self, node: Node) -> str | None:
        if node.type == "string":
            literal = self._literal(node)
            return str(literal[0]) if literal else None
        return self.text(node) if node.type == "identifier" else None

    def _literal(self, node: Node) -> tuple[Any] | None:
        """The value of a literal in a tuple, for null is one as well; None for text with interpolation."""
        if node.type == "string":
            if any(child.type == "interpolation" for child in node.named_children):
                return None
            return (self._string(node),)
        source = self.text(node)
        if node.type == "number":
            if not re.fullmatch(r"-?[0-9]{1,20}", source):
                raise FormatError("a number that is no integer", node.start_point[0] + 1)
            return (int(source),)
        return ({"true": True, "false": False}.get(source),)

    def _string(self, node: Node) -> str:
        raw = self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        if raw.startswith("'''"):
            inner = raw[3:-3] if raw.endswith("'''") and len(raw) >= 6 else raw[3:]
            return inner.removeprefix("\r").removeprefix("\n")
        return _unescaped(raw[1:-1])

    def expression(self, node: Node) -> Expression:
        """The tree of an expression. Raises :class:`UnreadableError`."""
        self._enter(node)
        try:
            if node.id in self._bodies:
                return self.expression(self._bodies[node.id])
            head = self._early_lambda(node)
            if head is not None:
                return self._lambda(head, node)
            handler = _HANDLERS.get(node.type)
            if handler is None:
                raise UnreadableError(node.type)
            return handler(self, node)
        finally:
            self._depth -= 1

    def _early_lambda(self, node: Node) -> Node | None:
        """The lambda that the grammar closed too early, at the far left of ``node``."""
        left = node
        while left.type in _LEFT and left.named_children:
            left = left.named_children[0]
        return left if left is not node and left.type == "lambda_expression" and left.id not in self._bodies else None

    def _lambda(self, head: Node, whole: Node) -> Expression:
        parts = head.named_children
        if len(parts) != 2:
            raise UnreadableError("lambda")
        names = [self.text(one) for one in parts[0].named_children] or [self.text(parts[0])]
        self._locals += names
        try:
            if whole is head:
                body = self.expression(parts[1])
            else:
                self._bodies[head.id] = parts[1]
                body = self.expression(whole)
        finally:
            del self._locals[-len(names) :]
        return Call("lambda", (*map(Literal, names), body))

    def _whole_lambda(self, node: Node) -> Expression:
        return self._lambda(node, node)

    def _identifier(self, node: Node) -> Expression:
        name = self.text(node)
        if name in self._locals:
            return Call("lambdaVariables", (Literal(name),))
        if name in self.names.variables:
            return Call("variables", (Literal(name),))
        if name in self.names.parameters:
            return Call("parameters", (Literal(name),))
        if name in self.names.resources:
            return Call("variables", (Literal(f"resource {name}"),))
        raise UnreadableError(name)

    def _interpolated(self, node: Node) -> Expression:
        places = [child for child in node.named_children if child.type == "interpolation"]
        if not places or self.source[node.start_byte : node.start_byte + 3] == b"'''":
            return Literal(self._string(node))
        pattern, at = "", node.start_byte + 1
        for number, place in enumerate(places):
            pattern += f"{self._piece(at, place.start_byte)}{{{number}}}"
            at = place.end_byte
        pattern += self._piece(at, node.end_byte - 1)
        if any(place.named_child_count != 1 for place in places):
            raise UnreadableError("interpolation")
        return Call("format", (Literal(pattern), *(self.expression(place.named_children[0]) for place in places)))

    def _piece(self, start: int, end: int) -> str:
        text = _unescaped(self.source[start:end].decode("utf-8", "replace"))
        return text.replace("{", "{{").replace("}", "}}")

    def _number(self, node: Node) -> Expression:
        literal = self._literal(node)
        return Literal(literal[0] if literal else 0)

    def _boolean(self, node: Node) -> Expression:
        return Call(self.text(node))

    def _null(self, _: Node) -> Expression:
        return Call("null")

    def _parenthesized_expression(self, node: Node) -> Expression:
        if node.named_child_count != 1:
            raise UnreadableError("parentheses")
        return self.expression(node.named_children[0])

    def _unary_expression(self, node: Node) -> Expression:
        inner = self.expression(node.named_children[0])
        return Call("not", (inner,)) if node.children[0].type == "!" else Call("sub", (Literal(0), inner))

    def _binary_expression(self, node: Node) -> Expression:
        operator = node.children[1].type
        left, right = (self.expression(child) for child in node.named_children[:2])
        if operator == "!=":
            return Call("not", (Call("equals", (left, right)),))
        if operator in ("=~", "!~"):
            same = Call("equals", (Call("toLower", (left,)), Call("toLower", (right,))))
            return same if operator == "=~" else Call("not", (same,))
        if operator not in _OPERATORS:
            raise UnreadableError(operator)
        return Call(_OPERATORS[operator], (left, right))

    def _ternary_expression(self, node: Node) -> Expression:
        return Call("if", tuple(self.expression(child) for child in node.named_children[:3]))

    def _member_expression(self, node: Node) -> Expression:
        target, name = node.named_children[0], self.text(node.named_children[-1])
        safe = any(child.type == ".?" for child in node.children)
        return Access(self.expression(target), Literal(name), safe)

    def _subscript_expression(self, node: Node) -> Expression:
        target, index = node.named_children[0], node.named_children[-1]
        safe = any(child.type == "?" for child in node.children)
        return Access(self.expression(target), self.expression(index), safe)

    def _call_expression(self, node: Node) -> Expression:
        function, arguments = node.named_children[0], node.named_children[-1]
        name = self.text(function)
        if function.type == "member_expression" and name.startswith(("sys.", "az.")):
            name = name.partition(".")[2]
        elif function.type != "identifier":
            raise UnreadableError("a call of a value")
        given = tuple(self.expression(one) for one in arguments.named_children)
        if name == "any" and len(given) == 1:
            return given[0]
        return Call(f"bicep.{name}" if name in self.names.functions else name, given)

    def _object(self, node: Node) -> Expression:
        groups: list[Expression] = []
        pairs: list[Expression] = []
        for item in node.named_children:
            if item.type != "object_property" or item.named_child_count < 2:
                continue
            key, value = item.named_children[:2]
            if item.start_byte in self.spreads:
                groups += [Call("createObject", tuple(pairs)), self.expression(value)]
                pairs = []
            else:
                name = Literal(self.text(key)) if key.type == "identifier" else self.expression(key)
                pairs += [name, self.expression(value)]
        rest = Call("createObject", tuple(pairs))
        return Call("shallowMerge", (Call("createArray", (*groups, rest)),)) if groups else rest

    def _list(self, node: Node) -> Expression:
        parts: list[Expression] = []
        for item in node.named_children:
            if item.type in ("comment", "diagnostic_comment"):
                continue
            if self._is_spread(item):
                parts.append(self.expression(_unwrapped(item)))
            else:
                parts.append(Call("createArray", (self.expression(item),)))
        return Call("concat", tuple(parts)) if parts else Call("createArray")


_HANDLERS = {
    "array": Compiler._list,
    "binary_expression": Compiler._binary_expression,
    "boolean": Compiler._boolean,
    "call_expression": Compiler._call_expression,
    "identifier": Compiler._identifier,
    "lambda_expression": Compiler._whole_lambda,
    "member_expression": Compiler._member_expression,
    "null": Compiler._null,
    "number": Compiler._number,
    "object": Compiler._object,
    "parenthesized_expression": Compiler._parenthesized_expression,
    "string": Compiler._interpolated,
    "subscript_expression": Compiler._subscript_expression,
    "ternary_expression": Compiler._ternary_expression,
    "unary_expression": Compiler._unary_expression,
}


def _unwrapped(node: Node) -> Node:
    """What stands behind the three signs that mark a spread."""
    for _ in range(3):
        if node.type != "unary_expression":
            raise UnreadableError("spread")
        node = node.named_children[0]
    return node


def _as_text(literal: Any) -> Any:
    """Bicep's text may look like an expression of a template without being one."""
    if isinstance(literal, str) and literal.startswith("[") and literal.endswith("]"):
        return f"[{literal}"
    return literal


def _unescaped(raw: str) -> str:
    def sign(match: re.Match[str]) -> str:
        if match.group(1):
            code = int(match.group(1), 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return _ESCAPED.get(match.group(2), match.group(2))

    return _ESCAPE.sub(sign, raw) if "\\" in raw else raw
