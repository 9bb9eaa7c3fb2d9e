"""The expression language of Azure Resource Manager: text in, a tree out. Templates and policies both speak it.

``"[concat('a', parameters('b')[0].name)]"``: a text that begins with one bracket and ends with one
(https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions). A text that begins with two
is that text with one bracket less. Inside stand calls, whose names compare without case, texts in single quotes (a
quote is doubled), numbers, and after any of them ``.name``, ``[index]`` and the forgiving ``.?name``, ``[?index]``.
Policies also write ``true``, ``false`` and ``null`` as words, parentheses, ``?.name``, and in Azure's own examples one
bracket too many at the end; all of that is read in a template as well, which its deployment would refuse. What does not
belong: what a function gives, since templates and policies have different ones.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

MAX_CHARACTERS = 81_920
"""What Azure Policy allows; templates allow 24 576."""
MAX_DEPTH = 64
MAX_ARGUMENTS = 10_000

_TOKEN = lazy_pattern(
    r"\s*+(?:(?P<text>'(?:[^']|'')*+')|(?P<number>[-+]?[0-9][\w.]*+)|(?P<name>[A-Za-z_$][\w$-]*+)"
    r"|(?P<sign>\.\?|\?\.|\[\?|\?\[|[()\[\].,]))"
)
_SPACE = lazy_pattern(r"\s*+")
_NUMBER = lazy_pattern(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


class ExpressionError(FormatError):
    """A text that should be an expression and is not one."""

    def __init__(self, reason: str, column: int = 0, *, kind: SkipKind = SkipKind.MALFORMED) -> None:
        super().__init__(reason, kind=kind)
        self.column = column
        """From 1, within the text and with its bracket; 0 when not known."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, or one of the words; ``true()``, ``false()`` and ``null()`` are calls."""

    value: str | int | float | None
    column: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``."""

    name: str
    """As written; a function of the template's own has its namespace before a dot: ``contoso.uniqueName``."""
    arguments: tuple[Expression, ...] = ()
    column: int = 0

    @property
    def key(self) -> str:
        """The name as names compare."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Access:
    """``target.name`` or ``target[index]``."""

    target: Expression
    index: Expression
    """A name after a dot is a :class:`Literal`."""
    safe: bool = False
    """Written with ``?``: null where there is no such member."""
    column: int = 0


Expression = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Whether a string of a template or policy is an expression and not the text it shows."""
    return len(text) > 2 and text[0] == "[" and text[-1] == "]" and text[1] != "["


def literal_text(text: str) -> str:
    """The text that a string which is no expression stands for: ``[[x]`` is ``[x]``."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def parse(text: str, *, most_arguments: int = MAX_ARGUMENTS) -> Expression:
    """The tree of an expression with its brackets. Raises :class:`ExpressionError`, and nothing else."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"an expression of more than {MAX_CHARACTERS} characters", kind=SkipKind.TOO_LARGE)
    if not is_expression(text):
        raise ExpressionError("not an expression: no brackets around it", 1)
    reader = _Reader(text, most_arguments)
    found = reader.expression(0)
    reader.end()
    return found


class _Reader:
    """Recursive descent; ``MAX_DEPTH`` bounds the recursion, and accesses are a loop."""

    def __init__(self, text: str, most_arguments: int) -> None:
        self._text = text
        self._most_arguments = most_arguments
        self._stop = len(text) - 1
        self._at = 1
        self.kind = ""
        self.value = ""
        self.column = 0
        self._next()

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at, self._stop)
        if match is None:
            space = _SPACE.match(self._text, self._at, self._stop)
            self._at = space.end() if space else self._at
            self.column = self._at + 1
            if self._at < self._stop:
                quote = self._text[self._at] == "'"
                reason = "text without a closing quote" if quote else "a character that has no place in an expression"
                raise ExpressionError(reason, self.column)
            self.kind = self.value = ""
            return
        self.kind = match.lastgroup or ""
        self.value = match.group(self.kind)
        self.column = match.start(self.kind) + 1
        self._at = match.end()

    def _take(self, *signs: str) -> bool:
        if self.kind == "sign" and self.value in signs:
            self._next()
            return True
        return False

    def end(self) -> None:
        """Nothing may follow, but for the bracket that Azure takes too."""
        if self._at == self._stop:
            self._take("]")
        if self.kind:
            raise ExpressionError("unexpected text behind the end of the expression", self.column)

    def expression(self, depth: int) -> Expression:
        """One operand with all its accesses."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self.column, kind=SkipKind.TOO_LARGE)
        found = self._operand(depth)
        for _ in range(MAX_DEPTH + 1):
            column, safe = self.column, "?" in self.value
            if self._take(".", ".?", "?."):
                found = Access(found, Literal(self._name(), self.column), safe, column)
            elif self._take("[", "[?", "?["):
                index = self.expression(depth + 1)
                if not self._take("]"):
                    raise ExpressionError("an index without its closing bracket", column)
                found = Access(found, index, safe, column)
            else:
                return found
        raise ExpressionError(f"more than {MAX_DEPTH} accesses in a row", self.column, kind=SkipKind.TOO_LARGE)

    def _name(self) -> str:
        name = self.value
        if self.kind != "name":
            reason = "a dot without a name after it" if self.kind else "the expression ends too early, behind a dot"
            raise ExpressionError(reason, self.column)
        self._next()
        return name

    def _operand(self, depth: int) -> Expression:
        kind, value, column = self.kind, self.value, self.column
        if self._take("("):
            inner = self.expression(depth + 1)
            if not self._take(")"):
                raise ExpressionError("a parenthesis that is not closed", column)
            return inner
        if not kind or kind == "sign":
            raise ExpressionError("a name or a value is missing here", column)
        self._next()
        if kind == "text":
            return Literal(value[1:-1].replace("''", "'"), column)
        if kind == "number":
            return Literal(_number(value, column), column)
        if self.kind != "sign" or self.value not in ("(", "."):
            if value.lower() in _WORDS:
                return Literal(_WORDS[value.lower()], column)
            raise ExpressionError("a name that is neither a call nor text in quotes", column)
        if self._take("."):
            value = f"{value}.{self._name()}"
        if not self._take("("):
            raise ExpressionError("a name that is neither a call nor text in quotes", column)
        return Call(value, self._arguments(depth, column), column)

    def _arguments(self, depth: int, column: int) -> tuple[Expression, ...]:
        if self._take(")"):
            return ()
        found = [self.expression(depth + 1)]
        while self._take(","):
            found.append(self.expression(depth + 1))
            if len(found) > self._most_arguments:
                raise ExpressionError(f"more than {self._most_arguments} arguments", column, kind=SkipKind.TOO_LARGE)
        if not self._take(")"):
            raise ExpressionError("a call that lacks a comma or its closing bracket", column)
        return tuple(found)


def _number(text: str, column: int) -> int | float:
    if _NUMBER.fullmatch(text) is None:
        raise ExpressionError("not a number", column)
    if len(text) > (300 if "." in text else 20):
        raise ExpressionError("a number of more than 64 bits", column)
    return float(text) if "." in text else int(text)
