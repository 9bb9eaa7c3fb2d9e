"""Template expressions, ``[concat(field('name'), '-x')]``: read into a tree, with limits on length and depth.

The grammar is Resource Manager's: calls, ``'text'`` with ``''`` for an apostrophe, numbers, ``true``, ``false``,
``null``, and ``.name`` or ``[index]`` behind a value. Text that starts with ``[[`` is literal, less one bracket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.values import Json
from lockgate.policy.errors import PolicyError

MAX_LENGTH: Final = 81_920
MAX_DEPTH: Final = 64
MAX_ARGUMENTS: Final = 128


@dataclass(frozen=True, slots=True)
class Literal:
    """Text, a number, a boolean or null."""

    value: Json
    """What it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    """As written; functions are known in any case."""
    arguments: tuple[Expression, ...]
    """In order."""
    column: int
    """Where the name starts in the expression, from 1."""


@dataclass(frozen=True, slots=True)
class Access:
    """``target.key`` or ``target[key]``."""

    target: Expression
    """What is read from."""
    key: Expression
    """A name or an index."""
    safe: bool
    """Whether a question mark makes an absent value null instead of an error."""


Expression = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Whether text in a policy is an expression and not literal."""
    return len(text) > 2 and text[0] == "[" and text[-1] == "]" and text[1] != "["


def literal_text(text: str) -> str:
    """Text that is no expression, with a doubled opening bracket made single."""
    return text[1:] if text.startswith("[[") else text


def parse_expression(text: str, *, where: str = "") -> Expression:
    """The tree of ``[...]``. Raises :class:`PolicyError` with the column of what is wrong."""
    if len(text) > MAX_LENGTH:
        raise PolicyError(f"the expression is longer than {MAX_LENGTH} characters", where=where)
    parser = _Parser(text, where)
    tree = parser.expression(0)
    parser.end()
    return tree


class _Parser:
    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.at = 1
        self.stop = len(text) - 1

    def fail(self, message: str, at: int | None = None) -> PolicyError:
        column = (self.at if at is None else at) + 1
        return PolicyError(f"{message} at character {column} of {_shown(self.text)}", where=self.where)

    def space(self) -> None:
        while self.at < self.stop and self.text[self.at].isspace():
            self.at += 1

    def peek(self) -> str:
        self.space()
        return self.text[self.at] if self.at < self.stop else ""

    def end(self) -> None:
        # Azure's own examples end in one bracket too many behind an index, and Azure takes them.
        if self.peek() == "]" and self.at == self.stop - 1:
            self.at += 1
        if self.peek():
            raise self.fail("unexpected text")

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise self.fail(f"functions are nested deeper than {MAX_DEPTH}")
        tree = self.primary(depth)
        steps = 0
        while (mark := self.peek()) in (".", "[", "?") and mark:
            steps += 1
            if steps > MAX_DEPTH:
                raise self.fail(f"more than {MAX_DEPTH} names behind one value")
            safe = mark == "?"
            if safe:
                self.at += 1
                if self.peek() not in (".", "["):
                    raise self.fail("a name must follow the question mark")
            if self.text[self.at] == ".":
                self.at += 1
                if self.peek() == "?":
                    self.at += 1
                    safe = True
                tree = Access(tree, Literal(self.name()), safe)
            else:
                tree = self.index(tree, depth, safe)
        return tree

    def index(self, target: Expression, depth: int, safe: bool) -> Expression:
        self.at += 1
        if self.peek() == "?":
            self.at += 1
            safe = True
        key = self.expression(depth + 1)
        if self.peek() != "]":
            raise self.fail("expected a closing bracket")
        self.at += 1
        return Access(target, key, safe)

    def primary(self, depth: int) -> Expression:
        mark = self.peek()
        if mark == "'":
            return Literal(self.quoted())
        if mark == "(":
            self.at += 1
            inner = self.expression(depth + 1)
            if self.peek() != ")":
                raise self.fail("expected a closing parenthesis")
            self.at += 1
            return inner
        if mark in "-+0123456789" and mark:
            return Literal(self.number())
        start = self.at
        name = self.name()
        if self.peek() != "(":
            words = {"true": True, "false": False, "null": None}
            if name.lower() in words:
                return Literal(words[name.lower()])
            raise self.fail(f"{name} is neither a call nor text in quotes", start)
        return Call(name, self.arguments(depth), start + 1)

    def arguments(self, depth: int) -> tuple[Expression, ...]:
        self.at += 1
        found: list[Expression] = []
        if self.peek() == ")":
            self.at += 1
            return ()
        while True:
            found.append(self.expression(depth + 1))
            if len(found) > MAX_ARGUMENTS:
                raise self.fail(f"more than {MAX_ARGUMENTS} arguments")
            mark = self.peek()
            self.at += 1
            if mark == ")":
                return tuple(found)
            if mark != ",":
                self.at -= 1
                raise self.fail("expected a comma or a closing parenthesis")

    def name(self) -> str:
        self.space()
        start = self.at
        while self.at < self.stop and (self.text[self.at].isalnum() or self.text[self.at] in "_$-"):
            self.at += 1
        if self.at == start:
            raise self.fail("expected a name" if self.at < self.stop else "the expression ends too early")
        return self.text[start : self.at]

    def quoted(self) -> str:
        start = self.at
        parts: list[str] = []
        self.at += 1
        while True:
            end = self.text.find("'", self.at, self.stop)
            if end < 0:
                raise self.fail("text without a closing quote", start)
            parts.append(self.text[self.at : end])
            self.at = end + 1
            if self.text[self.at : self.at + 1] != "'" or self.at >= self.stop:
                return "'".join(parts)
            self.at += 1

    def number(self) -> int | float:
        start = self.at
        if self.text[self.at] in "-+":
            self.at += 1
        while self.at < self.stop and (self.text[self.at].isalnum() or self.text[self.at] == "."):
            self.at += 1
        word = self.text[start : self.at]
        if len(word) <= 40 and word.isascii():
            for kind in (int, float):
                try:
                    found: int | float = kind(word)
                except ValueError:
                    continue
                if abs(found) < 1e308:
                    return found
        raise self.fail("not a number", start)


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."
