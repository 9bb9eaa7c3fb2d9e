"""GraphQL's tokens (specification of October 2021, section 2.1), with comments, since OPA keeps them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from lockgate.policy.rego.builtins.graphql.errors import GraphQLError
from lockgate.policy.rego.values import bytes_of, quote

_PUNCTUATORS: Final = frozenset("!$&():=@[]{|}")
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*", re.ASCII)
_COMMENT: Final = re.compile(r"#[^\x00-\x08\x0a-\x1f]*")
_DIGITS: Final = re.compile(r"[0-9]*", re.ASCII)
_PLAIN: Final = re.compile(r"[^\"\\\x00-\x08\x0a-\x1f]+")
_BLOCK_PLAIN: Final = re.compile(r"[^\"\\\x00-\x08\x0a-\x1f]+")
_QUOTES: Final = re.compile('"+')
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}", re.ASCII)
_BRACED: Final = re.compile(r"\{([0-9a-fA-F]{1,8})\}", re.ASCII)
_ESCAPES: Final = {'"': '"', "/": "/", "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Token(NamedTuple):
    """One token and where it starts."""

    kind: str
    """The punctuator itself, ``Name``, ``Int``, ``Float``, ``String``, ``BlockString``, ``Comment``, ``<EOF>``."""
    value: str
    """The text of it, without quotes and with escapes resolved; empty for punctuators."""
    line: int
    """From 1; where a block string ends."""
    column: int
    """From 1, in characters; behind the quote of a string."""
    error: GraphQLError | None = None
    """Why an ``<Invalid>`` token is none; it counts when the token is taken, not when it is looked at."""

    def __str__(self) -> str:
        return f"{self.kind} {quote(self.value)}" if self.value else self.kind


class _InvalidError(Exception):
    def __init__(self, error: GraphQLError) -> None:
        self.error = error


class Lexer:
    """Reads a text token by token. Never fails: what is no token is an ``<Invalid>`` one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.line_start = 0

    def read(self) -> Token:
        """The next token; ``<EOF>`` for ever after the last."""
        self._skip_space()
        if self.at >= len(self.text):
            return self._token("<EOF>", "", self.at)
        try:
            return self._read(self.text[self.at])
        except _InvalidError as invalid:
            error = invalid.error
            return Token("<Invalid>", "", error.line, error.column, error)

    def _skip_space(self) -> None:
        text = self.text
        while self.at < len(text):
            character = text[self.at]
            if character in "\n\r":
                self.at += 1
                self.line += 1
                # As gqlparser counts: with CR LF, the line starts at the LF.
                self.line_start = self.at
                if character == "\r" and text[self.at : self.at + 1] == "\n":
                    self.at += 1
            elif character in "\t ,\ufeff":
                self.at += 1
            else:
                return

    def _read(self, first: str) -> Token:
        start = self.at
        if first in _PUNCTUATORS:
            self.at += 1
            return self._token(first, "", start)
        if self.text.startswith("...", start):
            self.at += 3
            return self._token("...", "", start)
        if match := _COMMENT.match(self.text, start):
            return self._match("Comment", match)
        if match := _NAME.match(self.text, start):
            return self._match("Name", match)
        if first in "-0123456789":
            return self._number()
        if self.text.startswith('"""', start):
            return self._block_string()
        return self._string() if first == '"' else self._stray(first)

    def _stray(self, character: str) -> NoReturn:
        if character < " ":
            self._fail(f'Cannot contain the invalid character "\\u{ord(character):04x}"')
        if character == "'":
            self._fail("Unexpected single quote character ('), did you mean to use a double quote (\")?")
        # One byte of it, as gqlparser shows it.
        self._fail(f'Cannot parse the unexpected character "{chr(bytes_of(character)[0])}".')

    def _match(self, kind: str, match: re.Match[str]) -> Token:
        self.at = match.end()
        return self._token(kind, match[0], match.start())

    def _token(self, kind: str, value: str, start: int) -> Token:
        return Token(kind, value, self.line, start - self.line_start + 1)

    def _fail(self, message: str) -> NoReturn:
        raise _InvalidError(GraphQLError(message, self.line, self.at - self.line_start + 1))

    def _number(self) -> Token:
        start, kind = self.at, "Int"
        self._accept("-")
        if self._accept("0"):
            if self.text[self.at : self.at + 1].isdecimal() and self.text[self.at].isascii():
                self._fail(f"Invalid number, unexpected digit after 0: {self._next()}.")
        else:
            self._digits()
        if self._accept("."):
            kind = "Float"
            self._digits()
        if self._accept("eE"):
            kind = "Float"
            self._accept("-+")
            self._digits()
        return self._token(kind, self.text[start : self.at], start)

    def _accept(self, characters: str) -> bool:
        found = self.at < len(self.text) and self.text[self.at] in characters
        self.at += found
        return found

    def _digits(self) -> None:
        match = _DIGITS.match(self.text, self.at)
        if not match or not match[0]:
            self._fail(f"Invalid number, expected digit but got: {self._next()}.")
        self.at = match.end()

    def _next(self) -> str:
        return f'"{chr(bytes_of(self.text[self.at])[0])}"' if self.at < len(self.text) else "<EOF>"

    def _string(self) -> Token:
        self.at += 1
        start = self.at
        parts: list[str] = []
        while self.at < len(self.text):
            if match := _PLAIN.match(self.text, self.at):
                parts.append(match[0])
                self.at = match.end()
                continue
            character = self.text[self.at]
            if character == '"':
                token = self._token("String", "".join(parts), start)
                self.at += 1
                return token
            if character in "\n\r":
                break
            if character != "\\":
                self._fail(f'Invalid character within String: "\\u{ord(character):04x}".')
            parts.append(self._escape())
        return self._fail("Unterminated string.")

    def _escape(self) -> str:
        """The character that the escape at ``at`` stands for."""
        self.at += 1
        letter = self.text[self.at : self.at + 1]
        if letter == "u":
            return self._code_point()
        if letter not in _ESCAPES or not letter:
            self._fail(f"Invalid character escape sequence: \\{letter}." if letter else
                       "Invalid character escape sequence.")  # fmt: skip
        self.at += 1
        return _ESCAPES[letter]

    def _code_point(self) -> str:
        after = self.at + 1
        if self.text.startswith("{", after):
            braced = _BRACED.match(self.text, after)
            point = int(braced[1], 16) if braced else -1
            if braced is None or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
                self._fail(f"Invalid character escape sequence: \\{self.text[self.at : after + 1]}.")
            self.at = braced.end()
            return chr(point)
        match = _HEX.match(self.text, after)
        if match is None or match.end() >= len(self.text):
            self._fail(f"Invalid character escape sequence: \\{self.text[self.at : self.at + 5]}.")
        self.at = match.end()
        point = int(match[0], 16)
        if 0xD800 <= point <= 0xDBFF and self.text.startswith("\\u", self.at):
            low = _HEX.match(self.text, self.at + 2)
            if low and 0xDC00 <= int(low[0], 16) <= 0xDFFF:
                self.at = low.end()
                return chr(0x10000 + ((point - 0xD800) << 10) + int(low[0], 16) - 0xDC00)
        return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= point <= 0xDFFF else chr(point)

    def _block_string(self) -> Token:
        self.at += 3
        start = self.at
        parts: list[str] = []
        while self.at < len(self.text):
            quotes = _QUOTES.match(self.text, self.at)
            if quotes and len(quotes[0]) >= 3:
                # Quotes before the last three belong to the string.
                parts.append(quotes[0][3:])
                token = self._token("BlockString", block_string_value("".join(parts)), start)
                self.at = quotes.end()
                return token
            parts.append(self._block_part())
        return self._fail("Unterminated string.")

    def _block_part(self) -> str:
        if match := _BLOCK_PLAIN.match(self.text, self.at):
            self.at = match.end()
            return match[0]
        if self.text.startswith('\\"""', self.at):
            self.at += 4
            return '"""'
        character = self.text[self.at]
        if character not in '\n\r"\\':
            self._fail(f'Invalid character within String: "\\u{ord(character):04x}".')
        self.at += 2 if self.text.startswith("\r\n", self.at) else 1
        if character in "\n\r":
            self.line += 1
            self.line_start = self.at
            return "\n"
        return character


def block_string_value(raw: str) -> str:
    """The value of a block string: without the indent that its lines share, and without blank lines around it."""
    lines = raw.split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip(" \t")]
    common = min(indents, default=0)
    lines = lines[:1] + [line[common:] for line in lines[1:]]
    filled = [number for number, line in enumerate(lines) if line.strip(" \t")]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""
