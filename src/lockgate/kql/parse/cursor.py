"""A place among the tokens, and what is said when something else was expected there."""

from __future__ import annotations

from typing import NoReturn

from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.keywords import AFTER_A_NAME, KEYWORDS
from lockgate.kql.lexer import Tokens

MAX_DEPTH = 80
"""How deep brackets, calls and sub-queries may nest. Each level takes about seven frames of Python's thousand."""

ENDS = frozenset((")", "]", "}", "|", ";", "END"))
"""What ends any list."""


class Cursor:
    """Reads forward over ``tokens``; ``i`` is the token to be read next."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.source = tokens.source
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.i = 0
        self.depth = 0

    def fail(
        self, code: str, message: str, *, start: int | None = None, end: int | None = None, hint: str = ""
    ) -> NoReturn:
        """Raise :class:`QueryError` at the next token, or at the given offsets."""
        if start is None:
            start, end = self.starts[self.i], self.ends[self.i]
        raise QueryError(self.source, (Diagnostic(code, message, start, start if end is None else end, hint),))

    def lacking(self, code: str, message: str, *, hint: str = "") -> NoReturn:
        """Raise where the last token ends: what should stand after it is not there."""
        self.fail(code, message, start=self.last_end, hint=hint)

    def expected(self, what: str) -> NoReturn:
        """A certain token is missing. Told at the next one when that follows at once, else at the last one's end."""
        gap = self.source[self.last_end : self.starts[self.i]]
        if self.i and (len(gap) > 1 or gap in ("\n", "\r")):
            self.lacking("KS005", f"Expected: {what}")
        self.fail("KS005", f"Expected: {what}")

    def expect(self, kind: str) -> int:
        """Take a token of ``kind``; returns where it starts."""
        if self.kinds[self.i] != kind:
            self.expected(kind)
        start = self.starts[self.i]
        self.i += 1
        return start

    def accept(self, kind: str) -> bool:
        """Take the next token if it is of ``kind``."""
        if self.kinds[self.i] == kind:
            self.i += 1
            return True
        return False

    def expression_missing(self) -> NoReturn:
        """A value was expected."""
        kind = self.kinds[self.i]
        if kind in KEYWORDS:
            if self.kinds[self.i + 1] in AFTER_A_NAME:
                self.fail("KS228", f"The name '{kind}' needs brackets here: ['{kind}'].")
            self.lacking("KS006", f"A value is missing; a column named {kind} is written ['{kind}'].")
        self.lacking("KS006", "A value is missing.")

    def name_missing(self) -> NoReturn:
        """A name was expected."""
        kind = self.kinds[self.i]
        if kind in KEYWORDS:
            self.lacking("KS006", f"A name is missing; the name {kind} is written ['{kind}'].")
        self.lacking("KS006", "A name is missing.")

    def deeper(self) -> None:
        """One level down; refuses what nests deeper than is read."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("KS245", f"The query nests deeper than {MAX_DEPTH} levels.", hint="Name inner parts with let.")

    def spells(self, text: str) -> int:
        """How many tokens side by side spell ``text`` (``-->``), or 0."""
        if not self.source.startswith(text, self.starts[self.i]):
            return 0
        stop = self.starts[self.i] + len(text)
        i = self.i
        while self.ends[i] < stop:
            i += 1
        return i - self.i + 1 if self.ends[i] == stop else 0

    @property
    def last_end(self) -> int:
        """Where the token before ends."""
        return self.ends[self.i - 1] if self.i else 0
