"""Characters into tokens: CEL's numbers, strings, bytes, names and operators.

Follows the grammar of the language definition (google/cel-spec, ``doc/langdef.md``), with the backquoted names that
Kubernetes and cel-go read after a dot.
"""

from __future__ import annotations

import math
import re

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.values import INT_MAX, UINT_MAX, Uint
from lockgate.policy.errors import PolicyError, underlined

RESERVED = frozenset(
    (
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip
"""Words that no variable or function may be named by; fields may."""

_SPACE = lazy_pattern(r"(?:[\t\n\f\r ]+|//[^\n]*)+")
_NAME = lazy_pattern(r"[_A-Za-z][_A-Za-z0-9]*")
_QUOTED_NAME = lazy_pattern(r"`[A-Za-z0-9_.\-/ ]+`")
_NUMBER = lazy_pattern(
    r"(?P<hex>0[xX][0-9a-fA-F]+)(?P<hexu>[uU])?"
    r"|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<int>[0-9]+)(?P<intu>[uU])?"
)
_QUOTE = lazy_pattern(r"[bB]?[rR]?(?:'''|\"\"\"|'|\")")
_OPERATOR = lazy_pattern(r"==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}]")
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_HEX = "[0-9a-fA-F]"
_ESCAPE = lazy_pattern(rf"\\(?:([abfnrtv\\?\"'`])|[xX]({_HEX}{{2}})|u({_HEX}{{4}})|U({_HEX}{{8}})|([0-3][0-7]{{2}}))")
_DIGITS = 400  # longer runs of digits are out of every number's range, and Python refuses to read very long ones


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    kind: str
    """``name``, ``quoted``, ``literal``, ``end``, or the operator itself (``in`` is one)."""
    value: object
    """The name's text or the literal's value."""
    at: int
    """Offset of its first character."""
    end: int
    """Offset past its last character."""


def fault(message: str, source: str, at: int, *, where: str = "", hint: str = "", length: int = 1) -> PolicyError:
    """A :class:`PolicyError` that underlines ``length`` characters at offset ``at`` of ``source``."""
    line = source.count("\n", 0, at) + 1
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    lines = source.split("\n")
    excerpt = underlined(lines[line - 1].replace("\r", " ") or " ", 1, column, length)
    return PolicyError(message, where=where, hint=hint, line=line, column=column, excerpt=excerpt)


def tokens(source: str, *, where: str = "") -> list[Token]:
    """Every token of ``source`` and an ``end``. Raises :class:`PolicyError` for what is no token."""
    found: list[Token] = []
    at, length = 0, len(source)
    while True:
        space = _SPACE.match(source, at)
        at = space.end() if space else at
        if at >= length:
            found.append(Token("end", None, length, length))
            return found
        token = _next(source, at, where)
        found.append(token)
        at = token.end


def _next(source: str, at: int, where: str) -> Token:
    if (quote := _QUOTE.match(source, at)) is not None:
        return _text(source, at, quote.group(), where)
    if (name := _NAME.match(source, at)) is not None:
        return _word(name.group(), at)
    if (number := _NUMBER.match(source, at)) is not None:
        return _number(source, number, where)
    if (operator := _OPERATOR.match(source, at)) is not None:
        return Token(operator.group(), None, at, operator.end())
    if (quoted := _QUOTED_NAME.match(source, at)) is not None:
        return Token("quoted", quoted.group()[1:-1], at, quoted.end())
    raise fault(f"{source[at]!r} begins no token of CEL", source, at, where=where)


def _word(name: str, at: int) -> Token:
    end = at + len(name)
    if name == "in":
        return Token("in", None, at, end)
    constants = {"true": True, "false": False, "null": None}
    return Token("literal", constants[name], at, end) if name in constants else Token("name", name, at, end)


def _number(source: str, match: re.Match[str], where: str) -> Token:
    at, end = match.span()
    if end - at > _DIGITS:
        raise fault("the number is too long", source, at, where=where)
    if (text := match["float"]) is not None:
        if math.isinf(double := float(text)):
            raise fault("the number does not fit a double", source, at, where=where, length=end - at)
        return Token("literal", double, at, end)
    value = int(match["hex"], 16) if match["hex"] is not None else int(match["int"])
    if match["hexu"] or match["intu"]:
        if value > UINT_MAX:
            raise fault("the number does not fit an unsigned 64-bit integer", source, at, where=where, length=end - at)
        return Token("literal", Uint(value), at, end)
    if value > INT_MAX + 1:  # one more than fits, because a minus sign may stand before it; the parser looks
        raise fault("the number does not fit a 64-bit integer", source, at, where=where, length=end - at)
    return Token("literal", value, at, end)


def _text(source: str, at: int, opening: str, where: str) -> Token:
    prefix = opening.rstrip("'\"").lower()
    quote = opening[len(prefix) :]
    start = at + len(opening)
    end = _closing(source, start, quote, "r" in prefix)
    if end < 0:
        raise fault("the text is not closed", source, at, where=where, length=len(opening))
    body = source[start:end].replace("\r\n", "\n").replace("\r", "\n")
    if "r" not in prefix:
        return Token("literal", _unescaped(source, start, body, "b" in prefix, where), at, end + len(quote))
    return Token("literal", body.encode("utf-8", "surrogatepass") if "b" in prefix else body, at, end + len(quote))


def _closing(source: str, start: int, quote: str, raw: bool) -> int:
    at, end = start, source.find(quote, start)
    while True:
        if at > end:
            end = source.find(quote, at)
        if end < 0:
            return -1
        if not raw:
            backslash = source.find("\\", at, end)
            if backslash >= 0:
                at = backslash + 2
                continue
        if len(quote) == 1 and ("\n" in source[start:end] or "\r" in source[start:end]):
            return -1
        return end


def _unescaped(source: str, start: int, body: str, binary: bool, where: str) -> str | bytes:
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        backslash = body.find("\\", at)
        plain = body[at:] if backslash < 0 else body[at:backslash]
        parts.append(plain.encode("utf-8", "surrogatepass"))
        if backslash < 0:
            break
        match = _ESCAPE.match(body, backslash)
        piece = _escape(match, binary) if match else None
        if match is None or piece is None:
            place = start + backslash
            raise fault("the escape is not one of CEL's", source, place, where=where, length=2)
        parts.append(piece)
        at = match.end()
    joined = b"".join(parts)
    return joined if binary else joined.decode("utf-8", "surrogatepass")


def _escape(match: re.Match[str], binary: bool) -> bytes | None:
    simple, byte, short, long, octal = match.groups()
    if simple is not None:
        return _SIMPLE[simple].encode()
    if byte is not None or octal is not None:
        code = int(byte, 16) if byte is not None else int(octal, 8)
        return bytes((code,)) if binary else chr(code).encode()
    code = int(short or long, 16)
    if binary or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return None
    return chr(code).encode()
