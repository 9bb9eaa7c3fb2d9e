"""Reads a template of Go's ``text/template`` into nodes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.contract import BuiltinError
from lockgate.policy.rego.builtins.templates.functions import FUNCTIONS

MAX_NESTING: Final = 50
"""Blocks and parentheses inside one another."""
MAX_VARIABLES: Final = 1_000
"""Variables that are declared at one place."""

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<field>\.[^\W\d]\w*)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<dot>\.)"
    r"|(?P<variable>\$\w*)|(?P<word>[^\W\d]\w*)|(?P<string>\"(?:[^\"\\\n]|\\.)*\")|(?P<raw>`[^`]*`)"
    r"|(?P<sign>:=|[=|,()])"
)
_COMMENT: Final = re.compile(r"[ \t\r\n]*/\*")
_COMMENT_END: Final = re.compile(r"(\s-)?\}\}")
_REFUSED: Final = frozenset({"define", "template", "block", "call", "js"})
_BLOCKS: Final = frozenset({"if", "with", "range"})
_ESCAPES: Final = {"a": "\a", "v": "\v", "'": "'"}


class Token(NamedTuple):
    """One token of an action."""

    kind: str
    """The name of a group of the pattern; ``end`` behind the last."""
    text: str
    """As it is written."""
    apart: bool
    """Whether space stands in front of it."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that is named or written, and fields of it."""

    kind: str
    """dot, variable, literal, function or pipeline."""
    value: Any = None
    """The name, the literal or the :class:`Pipeline`."""
    path: tuple[str, ...] = ()
    """Fields, one in the other."""


Command: TypeAlias = tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands of which each gets the result of the one before as its last argument."""

    commands: tuple[Command, ...]
    """At least one."""
    variables: tuple[str, ...] = ()
    """Variables that get the result."""
    assigns: bool = False
    """Whether they were declared before."""


@dataclass(frozen=True, slots=True)
class Block:
    """``if``, ``with`` or ``range``."""

    kind: str
    """Which of them."""
    pipeline: Pipeline
    """What it looks at."""
    body: list[Node] = field(default_factory=list)
    """What is rendered then."""
    otherwise: list[Node] = field(default_factory=list)
    """What is rendered else."""


Node: TypeAlias = str | Pipeline | Block
"""Text, an action, a block; ``break`` and ``continue`` are pipelines without commands."""


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    block: Block | None
    nodes: list[Node]
    names: int
    chained: bool = False
    has_else: bool = False


def parse(text: str, budget: Budget) -> list[Node]:
    """The nodes of a template. Raises BuiltinError for what is not understood; a token is a step of the budget."""
    return _Parser(text, budget).template()


class _Parser:
    def __init__(self, text: str, budget: Budget) -> None:
        self.text = text
        self.budget = budget
        self.at = 0
        self.tokens: list[Token] = []
        self.next = 0
        self.depth = 0
        self.names = ["$"]
        self.open = [_Open(None, [], 1)]

    def fail(self, message: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        raise BuiltinError(f"template: template:{line}: {message}")

    def template(self) -> list[Node]:
        trim = False
        while True:
            start = self.text.find("{{", self.at)
            literal = self.text[self.at : start if start >= 0 else len(self.text)]
            literal = literal.lstrip(" \t\r\n") if trim else literal
            if start < 0:
                self._add(literal)
                break
            self.at = start + 2
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2].isspace():
                literal = literal.rstrip(" \t\r\n")
                self.at += 1
            self._add(literal)
            trim = self._comment() if _COMMENT.match(self.text, self.at) else self._action()
        if len(self.open) > 1:
            self.fail("unexpected EOF")
        return self.open[0].nodes

    def _add(self, node: Node) -> None:
        if node != "":
            self.open[-1].nodes.append(node)

    def _comment(self) -> bool:
        start = self.text.index("/*", self.at)
        end = self.text.find("*/", start)
        if end < 0:
            self.fail("unclosed comment")
        match = _COMMENT_END.match(self.text, end + 2)
        if match is None:
            self.fail("comment ends before closing delimiter")
        self.at = match.end()
        return match[1] is not None

    def _action(self) -> bool:
        """Reads the tokens up to the end of an action, and the action; whether text behind it is trimmed."""
        self.tokens, self.next, apart = [], 0, False
        while True:
            self.budget.spend()
            if apart and self.text.startswith("-}}", self.at):
                self.at += 3
                trim = True
                break
            if self.text.startswith("}}", self.at):
                self.at += 2
                trim = False
                break
            match = _TOKEN.match(self.text, self.at)
            if match is None or match.lastgroup is None:
                self.fail("unclosed action" if self.at >= len(self.text) else
                          f"unexpected {self.text[self.at]!r} in an action")  # fmt: skip
            self.at = match.end()
            if match.lastgroup == "space":
                apart = True
                continue
            self.tokens.append(Token(match.lastgroup, match[0], apart))
            apart = False
        self.tokens.append(Token("end", "", apart))
        self._statement()
        if self.peek().kind != "end":
            self.fail(f"unexpected {self.peek().text!r}")
        return trim

    def peek(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.tokens[self.next]
        self.next += token.kind != "end"
        return token

    def _statement(self) -> None:
        token = self.peek()
        word = token.text if token.kind == "word" else ""
        if word in _REFUSED:
            self.fail(f"{word} is not supported")
        if word in _BLOCKS:
            self.take()
            self._begin(word, chained=False)
        elif word == "else":
            self.take()
            self._else()
        elif word == "end":
            self.take()
            self._end()
        elif word in ("break", "continue"):
            self.take()
            if not any(each.block is not None and each.block.kind == "range" for each in self.open):
                self.fail(f"{{{{{word}}}}} outside {{{{range}}}}")
            self._add(Pipeline((), (word,)))
        else:
            self._add(self._pipeline("command"))

    def _begin(self, kind: str, *, chained: bool) -> None:
        if len(self.open) > MAX_NESTING:
            self.fail(f"more than {MAX_NESTING} levels of nesting")
        names = len(self.names)
        block = Block(kind, self._pipeline(kind))
        self._add(block)
        self.open.append(_Open(block, block.body, names, chained))

    def _else(self) -> None:
        current = self.open[-1]
        if current.block is None or current.has_else:
            self.fail("unexpected {{else}}")
        current.has_else = True
        current.nodes = current.block.otherwise
        token = self.peek()
        if token.kind == "word" and token.text == current.block.kind and token.text != "range":
            self.take()
            self._begin(token.text, chained=True)

    def _end(self) -> None:
        while True:
            closed = self.open[-1]
            if closed.block is None:
                self.fail("unexpected {{end}}")
            self.open.pop()
            del self.names[closed.names :]
            if not closed.chained:
                return

    def _pipeline(self, where: str) -> Pipeline:
        variables, assigns = self._declared(where)
        commands = [self._command(where)]
        while self.peek().text == "|" and self.peek().kind == "sign":
            self.take()
            commands.append(self._command(where))
        for command in commands[1:]:
            if command[0].kind != "function":
                self.fail("only a function can come behind a pipe")
        self.names.extend(() if assigns else variables)
        if len(self.names) > MAX_VARIABLES:
            self.fail(f"more than {MAX_VARIABLES} variables")
        return Pipeline(tuple(commands), variables, assigns)

    def _declared(self, where: str) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        for number in range(self.next, len(self.tokens) - 1, 2):
            name, sign = self.tokens[number], self.tokens[number + 1]
            if name.kind != "variable" or sign.text not in (":=", "=", ","):
                return (), False
            names.append(name.text)
            if sign.text != ",":
                break
        else:
            return (), False
        if len(names) > (2 if where == "range" else 1):
            self.fail("too many declarations")
        if sign.text == "=" and any(name not in self.names for name in names):
            self.fail(f"undefined variable {names[0]}")
        self.next = number + 2
        return tuple(names), sign.text == "="

    def _command(self, where: str) -> Command:
        operands: list[Operand] = []
        while self.peek().kind != "end" and self.peek().text not in ("|", ")"):
            if operands and not self.peek().apart:
                self.fail(f"unexpected {self.peek().text!r}")
            operands.append(self._operand())
        if not operands:
            self.fail(f"missing value for {where}")
        first = operands[0]
        if first.kind == "literal" and (first.value is None or len(operands) > 1):
            self.fail("nil is not a command" if first.value is None else "can't give argument to non-function")
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self.take()
        if token.kind == "sign" and token.text == "(":
            made = Operand("pipeline", self._inner())
        elif token.kind == "field":
            made = Operand("dot", path=(token.text[1:],))
        elif token.kind == "dot":
            made = Operand("dot")
        elif token.kind == "variable":
            if token.text not in self.names:
                self.fail(f"undefined variable {token.text!r}")
            made = Operand("variable", token.text)
        elif token.kind == "word":
            made = self._word(token.text)
        else:
            made = Operand("literal", self._literal(token))
        path = list(made.path)
        while self.peek().kind == "field" and not self.peek().apart:
            if made.kind in ("literal", "function") or (token.kind == "dot"):
                self.fail(f"unexpected {self.peek().text!r} after {token.text!r}")
            path.append(self.take().text[1:])
        return Operand(made.kind, made.value, tuple(path))

    def _inner(self) -> Pipeline:
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.fail(f"more than {MAX_NESTING} levels of nesting")
        inner = self._pipeline("parenthesized pipeline")
        if self.take().text != ")":
            self.fail("unclosed left paren")
        self.depth -= 1
        return inner

    def _word(self, word: str) -> Operand:
        if word in ("true", "false", "nil"):
            return Operand("literal", {"true": True, "false": False}.get(word))
        if word in _REFUSED:
            self.fail(f"{word} is not supported")
        if word not in FUNCTIONS:
            self.fail(f"function {word!r} not defined")
        return Operand("function", word)

    def _literal(self, token: Token) -> Any:
        if token.kind == "raw":
            return token.text[1:-1].replace("\r", "")
        if token.kind == "string":
            return self._unquoted(token.text)
        if token.kind != "number":
            self.fail(f"unexpected {token.text!r} in operand")
        if self.peek().kind in ("word", "number") and not self.peek().apart:
            self.fail(f"the number {token.text}{self.peek().text} is not supported")
        if any(c in token.text for c in ".eE"):
            return float(token.text)
        if len(token.text.lstrip("+-")) > 1 and token.text.lstrip("+-")[0] == "0":
            self.fail(f"the number {token.text} is not supported")
        if len(token.text) > 20 or not -(1 << 63) <= int(token.text) < 1 << 63:
            self.fail(f"integer overflow: {token.text}")
        return int(token.text)

    def _unquoted(self, text: str) -> str:
        parts = re.split(r"(\\.)", text[1:-1])
        ours = [_ESCAPES.get(part[1], part) if len(part) == 2 and part[0] == "\\" else part for part in parts]
        if any(part == "\\/" for part in ours):
            self.fail("unknown escape in a string")
        try:
            return str(json.loads('"' + "".join(ours) + '"', strict=False))
        except ValueError:
            self.fail("an escape in a string that is not supported")
