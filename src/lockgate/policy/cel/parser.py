"""Tokens into the tree of :mod:`syntax`, with macros recognised on the way.

Recursive descent. Nesting is bounded here, once, so that nothing that walks a tree needs a bound of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from lockgate.policy.cel.lexer import RESERVED, Token, fault, tokens
from lockgate.policy.cel.macros import expand
from lockgate.policy.cel.syntax import (
    Binary,
    Call,
    Chain,
    Conditional,
    Ident,
    Index,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    Select,
    Struct,
    Unary,
    height,
    height_of,
    qualified,
)
from lockgate.policy.cel.values import INT_MAX
from lockgate.policy.errors import PolicyError

MAX_LENGTH = 100_000
"""Characters of an expression, as in cel-go."""
MAX_DEPTH = 100
"""Height of the tree; a chain of one associative operator counts once."""
MAX_NESTING = 64
"""Brackets and operands that are open at one time, each a few calls deep in the parser."""

_Item = TypeVar("_Item")
_LEVELS = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_ASSOCIATIVE = frozenset(("||", "&&", "+"))


@lru_cache(maxsize=2)  # who reads more off an expression than its value asks right after it was compiled
def parse(source: str, *, where: str = "") -> Node:
    """The tree of ``source``. Raises :class:`PolicyError` with line, column and excerpt for anything else."""
    if len(source) > MAX_LENGTH:
        raise PolicyError(f"the expression is longer than {MAX_LENGTH} characters", where=where)
    return _Parser(source, where).whole()


class _Parser:
    """Holds the place in the tokens of one expression."""

    def __init__(self, source: str, where: str) -> None:
        self.source = source
        self.where = where
        self.tokens = tokens(source, where=where)
        self.place = 0
        self.depth = 0

    # -- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def next(self) -> Token:
        token = self.tokens[self.place]
        self.place += token.kind != "end"
        return token

    def take(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.place += 1
        return True

    def need(self, kind: str) -> Token:
        if self.token.kind != kind:
            raise self.unexpected(f"{kind!r} was expected")
        return self.next()

    def unexpected(self, expectation: str) -> PolicyError:
        token = self.token
        shown = "the end" if token.kind == "end" else repr(self.source[token.at : min(token.end, token.at + 40)])
        return self.fault(f"{expectation}, not {shown}", token.at, length=max(1, token.end - token.at))

    def fault(self, message: str, at: int, *, hint: str = "", length: int = 1) -> PolicyError:
        return fault(message, self.source, at, where=self.where, hint=hint, length=length)

    def made(self, node: Node) -> Node:
        if node.height > MAX_DEPTH:
            raise self.fault(f"the expression nests deeper than {MAX_DEPTH}", node.at)
        return node

    # -- grammar

    def whole(self) -> Node:
        node = self.expression()
        if self.token.kind != "end":
            raise self.unexpected("an operator or the end was expected")
        return node

    def expression(self) -> Node:
        node = self.binary(1)
        if self.token.kind != "?":
            return node
        at = self.next().at
        then = self.binary(1)
        self.need(":")
        self.depth += 1
        otherwise = self.expression()
        self.depth -= 1
        return self.made(Conditional(node, then, otherwise, at=at, height=height(node, then, otherwise)))

    def binary(self, level: int) -> Node:
        """Operators that bind at least as tightly as ``level``; what binds tighter is a right operand's own."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fault(f"the expression nests deeper than {MAX_NESTING}", self.token.at)
        node = self.unary()
        while (found := _LEVELS.get(self.token.kind, 0)) >= level:
            token = self.token
            if token.kind in _ASSOCIATIVE:
                node = self.chain(node, token, found)
                continue
            self.next()
            right = self.binary(found + 1)
            node = self.made(Binary(token.kind, node, right, at=token.at, height=height(node, right)))
        self.depth -= 1
        return node

    def chain(self, first: Node, operator: Token, level: int) -> Node:
        operands = [first]
        while self.take(operator.kind):
            operands.append(self.binary(level + 1))
        return self.made(Chain(operator.kind, tuple(operands), at=operator.at, height=height_of(operands)))

    def unary(self) -> Node:
        operator = self.token.kind
        if operator not in ("!", "-") or (operator == "-" and self.negative_number()):
            return self.member()
        at, signs = self.token.at, 0
        while self.token.kind == operator and not (operator == "-" and self.negative_number()):
            self.next()
            signs += 1
        node = self.member()
        signed = self.made(Unary(operator, node, at=at, height=height(node) + signs - 1))
        # An even number of signs is none at all, whatever the operand is: cel-go and cel-cpp drop them as they parse.
        return signed if signs % 2 else node

    def negative_number(self) -> bool:
        if self.token.kind != "-":
            return False
        following = self.tokens[self.place + 1]  # there is one, because the last token is the end
        return following.kind == "literal" and type(following.value) in (int, float)

    def member(self) -> Node:
        node = self.primary()
        while True:
            kind = self.token.kind
            if kind == ".":
                node = self.made(self.dot(node))
            elif kind == "[":
                at = self.next().at
                optional = self.take("?")
                index = self.expression()
                self.need("]")
                node = self.made(Index(node, index, optional, at=at, height=height(node, index)))
            elif kind == "{" and (name := qualified(node)):
                node = self.struct(name, node.at)
            else:
                return node

    def dot(self, node: Node) -> Node:
        self.next()
        optional = self.take("?")
        token = self.next()
        if token.kind not in ("name", "quoted"):
            self.place -= token.kind != "end"
            raise self.unexpected("a field was expected")
        name = str(token.value)
        if not optional and token.kind == "name" and self.token.kind == "(":
            return self.call(name, node, token)
        return Select(node, name, optional, at=token.at, height=height(node))

    def call(self, name: str, target: Node | None, token: Token) -> Node:
        self.need("(")
        args = tuple(self.items(")", self.expression, trailing=False))
        call = Call(name, target, args, at=token.at, height=height(target, *args))
        return self.made(expand(call, self.fault))

    def items(self, closing: str, item: Callable[[], _Item], *, trailing: bool = True) -> list[_Item]:
        found: list[_Item] = []
        while not self.take(closing):
            if found:
                self.need(",")
                if trailing and self.take(closing):
                    break
            found.append(item())
        return found

    def primary(self) -> Node:
        negative = self.negative_number()
        token = self.next()
        if token.kind == "literal":
            return self.literal(token, token.value)
        if negative:
            number = self.next()
            assert isinstance(number.value, int | float)
            return Literal(-number.value, at=token.at)
        if token.kind == "name" or (token.kind == "." and self.token.kind == "name"):
            return self.name(token)
        if token.kind == "(":
            node = self.expression()
            self.need(")")
            return node
        if token.kind == "[":
            items = tuple(self.items("]", self.item))
            return self.made(ListLiteral(items, at=token.at, height=height_of(item for item, _ in items)))
        if token.kind == "{":
            entries = tuple(self.items("}", self.entry))
            inside = [node for key, value, _ in entries for node in (key, value)]
            return self.made(MapLiteral(entries, at=token.at, height=height_of(inside)))
        self.place -= token.kind != "end"
        raise self.unexpected("a value was expected")

    def literal(self, token: Token, value: object) -> Node:
        if type(value) is int and value > INT_MAX:
            length = token.end - token.at
            raise self.fault("the number does not fit a 64-bit integer", token.at, length=length)
        return Literal(value, at=token.at)

    def name(self, token: Token) -> Node:
        word = token if token.kind == "name" else self.next()
        name = str(word.value)
        if name in RESERVED:
            raise self.fault(f"{name!r} is a reserved word", word.at, length=len(name))
        name = name if word is token else f".{name}"
        if self.token.kind == "(":
            return self.call(name, None, word)
        return Ident(name, at=word.at)

    def item(self) -> tuple[Node, bool]:
        optional = self.take("?")
        return self.expression(), optional

    def entry(self) -> tuple[Node, Node, bool]:
        optional = self.take("?")
        key = self.expression()
        self.need(":")
        return key, self.expression(), optional

    def field(self) -> tuple[str, Node, bool]:
        optional = self.take("?")
        token = self.next()
        if token.kind not in ("name", "quoted"):
            self.place -= token.kind != "end"
            raise self.unexpected("a field was expected")
        self.need(":")
        return str(token.value), self.expression(), optional

    def struct(self, name: str, at: int) -> Node:
        self.need("{")
        fields = tuple(self.items("}", self.field))
        return self.made(Struct(name, fields, at=at, height=height_of(value for _, value, _ in fields)))
