"""Terms: what stands within a line. Recursive descent with the few second tries that the language's braces need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.policy.rego.lexer import Token
from lockgate.policy.rego.source import Failure
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Template,
    Term,
    Var,
    call,
)
from lockgate.policy.rego.values import WideFloat, from_json_text, number_of

MAX_NESTED = 60
"""Brackets within brackets. Deeper text is refused, so that no input reaches Python's own limit."""

MAX_HEIGHT = 120
"""Levels of one expression's tree, which chains of operators and ``else`` grow too."""

V0_KEYWORDS = frozenset(
    ("package", "import", "as", "default", "else", "not", "some", "with", "null", "true", "false")
)  # fmt: skip
FUTURE_V0 = frozenset(("in", "every", "contains", "if"))
FUTURE_V1 = frozenset(("not", "and", "or"))

_BINARY = {
    "==": (1, "equal"), "!=": (1, "neq"), "<": (1, "lt"), ">": (1, "gt"), "<=": (1, "lte"), ">=": (1, "gte"),
    "|": (2, "or"), "&": (3, "and"), "+": (4, "plus"), "-": (4, "minus"),
    "*": (5, "mul"), "/": (5, "div"), "%": (5, "rem"),
}  # fmt: skip
_CONSTANTS = {"null": None, "true": True, "false": False}
_NAMES = {"eof": "eof", "num": "number", "str": "string", "template": "template-string", "id": "ident"}


class TermParser:
    """Reads terms from a list of tokens. ``kind`` is the token's kind, or the keyword that it is here."""

    def __init__(self, tokens: list[Token], keywords: set[str]) -> None:
        self.tokens = tokens
        self.keywords = keywords
        self.not_bodies = False
        self.index = 0
        self.wildcards = 0
        self.depth = 0
        self.height = 0
        self._memo: dict[int, tuple[Term, int, int] | Failure] = {}
        self._look()

    # -- tokens

    def _look(self) -> None:
        self.token = token = self.tokens[self.index]
        kind = token.kind
        if kind == "id" and token.text in self.keywords:
            # A keyword that something is looked up in, as in `not.x`, is a name.
            after = self.tokens[self.index + 1]
            if after.space or after.kind not in (".", "["):
                kind = token.text
        self.kind = kind

    def next(self) -> Token:
        """Step over a token; returns it."""
        token = self.token
        if token.kind != "eof":
            self.index += 1
            self._look()
        return token

    def reset(self, index: int) -> None:
        """Go back."""
        self.index = index
        self._look()

    def expect(self, kind: str, note: str = "") -> Token:
        """Step over a token of this kind, or fail."""
        if self.kind != kind:
            raise self.unexpected(note or f"expected {kind}")
        return self.next()

    def unexpected(self, note: str = "") -> Failure:
        """The failure that the token here does not belong here."""
        token = self.token
        if token.kind == "id":
            shown = f"{token.text} keyword" if token.text in self.keywords else "ident token"
        else:
            shown = f"{_NAMES.get(token.kind, token.text)} token"
        message = f"unexpected {shown}"
        return Failure(f"{message}: {note}" if note else message, token.start, max(1, token.end - token.start))

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Count one more bracket around what is read within."""
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise Failure("max parsing recursion depth exceeded", self.token.start)
        try:
            yield
        finally:
            self.depth -= 1

    def _grown(self, height: int, at: int) -> None:
        """Set the height of what was just read."""
        if height > MAX_HEIGHT:
            raise Failure("max parsing recursion depth exceeded", at)
        self.height = height

    # -- operators

    def infix(self, *, pair: bool = True) -> Term:
        """A term with operators. ``pair`` allows ``key, value in xs``."""
        start = self.token.start
        left = self._binary(1)
        height = self.height
        while True:
            if pair and self.kind == ",":
                mark = self.index
                self.next()
                try:
                    middle = self._binary(1)
                except Failure:
                    middle = None
                if middle is not None and self.kind == "in":
                    height = max(height, self.height)
                    self.next()
                    right = self._binary(1)
                    left = call("internal.member_3", [left, middle, right], start)
                    left.infix = True
                    height = max(height, self.height) + 1
                    self._grown(height, start)
                    continue
                self.reset(mark)
            if self.kind != "in":
                break
            self.next()
            right = self._binary(1)
            left = call("internal.member_2", [left, right], start)
            left.infix = True
            height = max(height, self.height) + 1
            self._grown(height, start)
        self.height = height
        return left

    def _binary(self, lowest: int) -> Term:
        start = self.token.start
        left = self.term()
        height = self.height
        while True:
            found = _BINARY.get(self.kind)
            if found is None or found[0] < lowest:
                break
            operator = self.next()
            right = self._binary(found[0] + 1)
            left = Call(Ref(Var(found[1], operator.start), [], operator.start), [left, right], start, infix=True)
            height = max(height, self.height) + 1
            self._grown(height, start)
        self.height = height
        return left

    # -- single terms

    def term(self) -> Term:
        """A term without operators. Read once for each place, whatever tries come by it again."""
        begin = self.index
        known = self._memo.get(begin)
        if known is not None:
            if isinstance(known, Failure):
                raise known
            term, index, self.height = known
            self.reset(index)
            return term
        try:
            term = self._term()
        except Failure as failure:
            self._memo[begin] = failure
            raise
        self._memo[begin] = (term, self.index, self.height)
        return term

    def _term(self) -> Term:
        kind, token = self.kind, self.token
        self.height = 1
        if kind == "id" or kind == "contains" or self._called_operator():
            return self._finish(self.variable())
        if kind == "str":
            self.next()
            return self._finish(Scalar(token.value, token.start))
        if kind == "num" or kind == ".":
            return self._finish(self._number(""))
        if kind in _CONSTANTS:
            self.next()
            return self._finish(Scalar(_CONSTANTS[kind], token.start))
        if kind == "-":
            self.next()
            if self.kind in ("id", "contains"):
                inner = self._finish(self.variable())
                self._grown(self.height + 1, token.start)
                zero = Scalar(0, token.start)
                return Call(Ref(Var("minus", token.start), [], token.start), [zero, inner], token.start, infix=True)
            return self._finish(self._number("-"))
        if kind == "[":
            with self.nested():
                return self._finish(self._array())
        if kind == "{":
            with self.nested():
                return self._finish(self._braces())
        if kind == "(":
            with self.nested():
                self.next()
                inner = self.infix()
                if self.kind != ")":
                    raise Failure("non-terminated expression", self.token.start)
                self.next()
                return self._finish(inner)
        if kind == "template":
            self.next()
            return self._template(token)
        raise self.unexpected()

    def _called_operator(self) -> bool:
        """``and(x, y)`` calls the builtin where ``and`` is a keyword."""
        after = self.tokens[self.index + 1] if self.token.kind == "id" else self.token
        return self.kind in ("and", "or") and after.kind == "(" and not after.space

    def variable(self) -> Var:
        """The name here; each ``_`` becomes a variable of its own."""
        token = self.next()
        if token.text == "_":
            name = f"${self.wildcards}"
            self.wildcards += 1
            return Var(name, token.start)
        return Var(token.text, token.start)

    def _number(self, sign: str) -> Scalar:
        start = self.token.start
        text = ""
        if self.kind == ".":
            self.next()
            text = "0."
        if self.kind != "num":
            raise self.unexpected("expected number")
        token = self.next()
        if text and not token.text.isdigit():
            raise Failure("illegal number format", token.start)
        if not text and len(token.text) > 1 and token.text[0] == "0" and token.text[1].isdigit():
            raise Failure("expected number without leading zero", token.start, len(token.text))
        return Scalar(number(sign + text + token.text, start), start)

    def _finish(self, head: Term) -> Term:
        """What is looked up in ``head``, if anything is; nothing may stand between."""
        if not self.token.space and self.kind in (".", "[", "("):
            return self.ref(head)
        if isinstance(head, Var) and head.name in ("input", "data"):
            return Ref(head, [], head.at)
        return head

    def ref(self, head: Term) -> Term:
        """The rest of a reference or call that begins with ``head``."""
        if isinstance(head, (Scalar, Ref, Template)):
            raise Failure("illegal ref (head cannot be a constant or another ref)", head.at)
        start = head.at
        path: list[Term] = []
        height = self.height
        while not self.token.space or not path:
            if self.kind == ".":
                self.next()
                if self.token.kind != "id" or self.token.space:
                    raise self.unexpected("expected ident")
                name = self.next()
                path.append(Scalar(name.text, name.start))
            elif self.kind == "[":
                with self.nested():
                    self.next()
                    path.append(self.infix())
                    height = max(height, self.height + 1)
                    self.expect("]")
            elif self.kind == "(":
                head, path = self._call(head, path, start), []
                height = max(height, self.height)
                if self.token.space or self.kind not in (".", "["):
                    break
            else:
                break
        self._grown(height, start)
        return head if not path else Ref(head, path, start)

    def _call(self, head: Term, path: list[Term], start: int) -> Term:
        if not isinstance(head, Var):
            raise Failure("only names can be called", start)
        with self.nested():
            self.next()
            args = self.listed(")")
            self.next()
        self._grown(self.height + 1, start)
        if not args and not path and head.name == "set":
            return SetTerm([], start)
        return Call(Ref(head, path, start), args, start)

    def listed(self, end: str, first: list[Term] | None = None) -> list[Term]:
        """Terms between commas up to ``end``, which is left standing."""
        found = first or []
        height = self.height if first else 1
        while self.kind != end:
            found.append(self.infix(pair=False))
            height = max(height, self.height)
            if self.kind == ",":
                self.next()
            elif self.kind != end:
                raise self.unexpected(f'expected "," or "{end}"')
        self.height = height
        return found

    # -- brackets

    def _array(self) -> Term:
        start = self.next().start
        if self.kind == "]":
            self.next()
            return Array([], start)
        comprehension = self.kind != ","
        if not comprehension:
            self.next()
        mark = self.index
        head = self.term()
        height = self.height
        if self.kind == "|" and comprehension:
            body = self._comprehension_body("]")
            if body is not None:
                self._grown(max(height, self.height) + 1, start)
                return Comprehension("array", [head], body, start)
        self.reset(mark)
        items = self.listed("]")
        self.next()
        self._grown(self.height + 1, start)
        return Array(items, start)

    def _braces(self) -> Term:
        start = self.next().start
        if self.kind == "}":
            self.next()
            return ObjectTerm([], start)
        comprehension = self.kind != ","
        if not comprehension:
            self.next()
        mark = self.index
        head = self.term()
        height = self.height
        if self.kind == "|" and comprehension:
            body = self._comprehension_body("}")
            if body is not None:
                self._grown(max(height, self.height) + 1, start)
                return Comprehension("set", [head], body, start)
        if self.kind != ":":
            self.reset(mark)
            head = self.infix(pair=False)
        if self.kind == ":":
            return self._object(head, start, comprehension=comprehension)
        if self.kind not in ("}", ","):
            raise self.unexpected("non-terminated set")
        self.reset(mark)
        items = self.listed("}")
        self.next()
        self._grown(self.height + 1, start)
        return SetTerm(items, start)

    def _object(self, key: Term, start: int, *, comprehension: bool) -> Term:
        height = self.height
        self.next()
        mark = self.index
        value = self.term()
        if self.kind == "|" and comprehension:
            height = max(height, self.height)
            body = self._comprehension_body("}")
            if body is not None:
                self._grown(max(height, self.height) + 1, start)
                return Comprehension("object", [key, value], body, start)
        self.reset(mark)
        value = self.infix(pair=False)
        height = max(height, self.height)
        pairs = [(key, value)]
        while self.kind == ",":
            self.next()
            if self.kind == "}":
                break
            key = self.infix(pair=False)
            height = max(height, self.height)
            self.expect(":", 'expected ":"')
            value = self.infix(pair=False)
            height = max(height, self.height)
            pairs.append((key, value))
        if self.kind != "}":
            raise self.unexpected("non-terminated object")
        self.next()
        self._grown(height + 1, start)
        return ObjectTerm(pairs, start)

    def _comprehension_body(self, end: str) -> Body | None:
        """The body after ``|``; ``None`` when a comma shows that the line was an operator in a list after all."""
        self.next()
        try:
            body = self.query(end)
        except Failure:
            if self.kind != ",":
                raise
            return None
        self.next()
        return body

    def _template(self, token: Token) -> Template:
        parts: list[str | Expr] = []
        height = 1
        for part in token.value:
            if isinstance(part, str):
                parts.append(part)
                continue
            with self.nested():
                inner = self._inside(part)
                expr = inner.literal()
                if inner.kind != "eof":
                    raise Failure("expected } to end template string expression", inner.token.start)
            _check_part(expr)
            height = max(height, inner.height)
            self.wildcards = inner.wildcards
            what = expr.what
            if isinstance(what, Scalar) and isinstance(what.value, str):
                parts.append(what.value)
            else:
                parts.append(expr)
        self._grown(height + 2, token.start)
        return Template(parts, token.start, raw=token.text.startswith("$`"))

    def _inside(self, tokens: list[Token]) -> TermParser:
        inner = type(self)(tokens, self.keywords)
        inner.depth, inner.wildcards, inner.not_bodies = self.depth, self.wildcards, self.not_bodies
        return inner

    # -- what bodies add

    def query(self, end: str) -> Body:
        """A body up to ``end``."""
        raise NotImplementedError

    def literal(self) -> Expr:
        """One line of a body."""
        raise NotImplementedError


def number(text: str, at: int) -> int | float:
    """The number a literal stands for: exact where it is whole."""
    if text.lstrip("-").isdigit():
        if len(text) > 1000:
            raise Failure("number too big", at, len(text))
        return int(text)
    value = float(text)
    if math.isinf(value):
        try:
            big = from_json_text(text)
        except ValueError as error:
            raise Failure("number too big", at, len(text)) from error
        assert isinstance(big, int | float)
        return big
    return WideFloat(text) if abs(value) >= 2**53 else number_of(text)


def _check_part(expr: Expr) -> None:
    what = expr.what
    named = {"eq": "unification ('=')", "assign": "assignment (':=')"}
    if expr.negated:
        raise Failure("unexpected negation ('not') in template-string expression", expr.at)
    if isinstance(what, Call) and not what.operator.path and isinstance(what.operator.head, Var) and what.infix:
        shown = named.get(what.operator.head.name)
        if shown:
            raise Failure(f"unexpected {shown} in template-string expression", expr.at)
    elif not isinstance(what, Term):
        raise Failure("only a value can stand in a template-string expression", expr.at)
