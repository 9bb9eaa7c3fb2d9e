"""Characters into tokens: three lists side by side, since an object for each token would cost more than reading it.

Hyphenated operators (``mv-expand``), negated ones (``!in~``), typed literals (``datetime(2026-11-26)``) and dotted
hints are one token each, as in the service; zero-width spaces and a byte order mark are blanks.
"""

from __future__ import annotations

import re

from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.keywords import COMPOUND, KEYWORDS, LITERAL_TYPES, words
from lockgate.lazy_pattern import lazy_pattern

MAX_CHARACTERS = 1_000_000
"""Longest query that is read. The service refuses beyond 2 MB of text in UTF-16."""
MAX_TOKENS = 200_000
"""Most tokens of one query."""

_SUFFIXES = words(
    """milliseconds millisecond microseconds microsecond nanoseconds nanosecond millisec microsec nanosec minutes
    seconds minute second millis micros hours nanos milli micro ticks hour days nano tick min sec day hrs hr ms m s d
    h"""
)
_HEX = "[0-9A-Fa-f]"
_ESCAPE = rf"\\(?:[\\'\"abfnrtv]|u{_HEX}{{4}}|U{_HEX}{{8}}|x{_HEX}{{2}}|[0-3][0-7]{{2}}|[0-7]{{1,2}})"
_END = "(?![A-Za-z0-9_])"
_BLANK = "\t\n\f\r \u00a0\u1680\u180e\u2000-\u200b\u202f\u205f\u3000\ufeff"
_LINE = "\r\n\u2028\u2029"
_TOKEN = lazy_pattern(
    rf"(?:[{_BLANK}]++|//[^{_LINE}]*+)*+(?:"
    rf"(?P<W>(?!(?:[hH]@?['\"`~])|{_HEX}{{8}}-{_HEX}{{4}}-)[A-Za-z_$][A-Za-z0-9_]*+(?![-.~(]))"
    r"|(?P<P><=|<\||<>|>=|==|=>|=~|!=|!~|\.\.|[|(),.=;:<>+*/%\[\]{}?-]|@(?!['\"`~]))"
    rf"|(?P<S>[hH]?@'(?:[^'{_LINE[:2]}]|'')*+'|[hH]?@\"(?:[^\"{_LINE[:2]}]|\"\")*+\""
    rf"|[hH]?'(?:[^'\\{_LINE[:2]}]|{_ESCAPE})*+'|[hH]?\"(?:[^\"\\{_LINE[:2]}]|{_ESCAPE})*+\""
    r"|[hH]?@?```[^`]*+(?:`(?!``)[^`]*+)*+```|[hH]?@?~~~[^~]*+(?:~(?!~~)[^~]*+)*+~~~)"
    rf"|(?P<G>(?:{'|'.join(sorted(LITERAL_TYPES, key=len, reverse=True))})\([^){_LINE}]*+\)?)"
    rf"|(?P<K>(?:{'|'.join(re.escape(one) for one in sorted(COMPOUND, key=len, reverse=True))}){_END})"
    rf"|(?P<U>{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})"
    r"|(?P<X>[hH]?@?(?:```|~~~)|[hH]?@?['\"])"
    r"|(?P<N>[A-Za-z_$][A-Za-z0-9_]*+)"
    rf"|(?P<REAL>[0-9]++(?:\.(?!\.(?!\.))[0-9]*+(?:[eE][+-]?[0-9]++)?+|[eE][+-]?[0-9]++){_END})"
    rf"|(?P<TIMESPAN>[0-9]++(?:\.[0-9]++)?(?:{'|'.join(sorted(_SUFFIXES, key=len, reverse=True))}){_END})"
    rf"|(?P<LONG>(?:0[xX]{_HEX}++|[0-9]++){_END})"
    r"|(?P<NAME>[0-9]++[A-Za-z_][A-Za-z0-9_]*+)"
    rf"|(?P<DIRECTIVE>\#[^{_LINE}]*+)"
    r"|(?P<END>\Z)|(?P<BAD>.))",
    re.DOTALL,
)
_MATCHES = lazy_pattern(rf" regex{_END}")
_TRUE_FALSE = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
_WORDS = {**{one: one for one in KEYWORDS}, **dict.fromkeys(_TRUE_FALSE, "BOOL")}


class Tokens:
    """The tokens of ``source``: ``kinds``, ``starts`` and ``ends`` are of one length, and the last is ``END``."""

    __slots__ = ("ends", "kinds", "source", "starts")

    def __init__(self, source: str) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def text(self, index: int) -> str:
        """The characters of the token."""
        return self.source[self.starts[index] : self.ends[index]]


def tokens(source: str) -> Tokens:
    """Every token of ``source``, ended by three ``END``, so that looking ahead needs no care.

    Raises :class:`QueryError`.
    """
    if len(source) > MAX_CHARACTERS:
        message = f"The query has {len(source)} characters; {MAX_CHARACTERS} are read at most."
        raise _fault(source, "KS244", message, 0, 0)
    found = Tokens(source)
    kinds, starts, ends = found.kinds, found.starts, found.ends
    match, word, at = _TOKEN.match, _WORDS.get, 0
    while True:
        one = match(source, at)
        assert one is not None  # the last two alternatives take whatever is left
        kind = one.lastgroup or "BAD"
        at, start = one.end(), one.start(kind)
        if kind == "W" or kind == "N":
            text = source[start:at]
            kind = word(text, "NAME")
            if text == "matches" and (more := _MATCHES.match(source, at)):
                kind, at = "matches regex", more.end()
        elif kind == "P" or kind == "K":
            kind = source[start:at]
        elif kind == "S":
            kind = "STRING"
        elif kind == "G":
            kind = LITERAL_TYPES[source[start : source.index("(", start)]].upper()
            if source[at - 1] != ")":
                raise _fault(source, "KS001", "The literal lacks its closing bracket.", at, at)
        elif kind == "U":
            kind = "RAWGUID"
        elif kind == "X":
            raise _unterminated(source, start, at)
        elif kind == "BAD":
            raise _fault(source, "KS002", f"The character {source[start:at]!r} is no part of the language.", start, at)
        kinds.append(kind)
        starts.append(start)
        ends.append(at)
        if kind == "END":
            break
        if len(kinds) > MAX_TOKENS:
            raise _fault(source, "KS244", f"The query has more than {MAX_TOKENS} words and signs.", start, at)
    for _ in range(2):
        kinds.append("END")
        starts.append(len(source))
        ends.append(len(source))
    return found


def _unterminated(source: str, start: int, opened: int) -> QueryError:
    """A string that is never closed: the place is where reading stopped."""
    quote = source[opened - 1]
    if source[opened - 3 : opened] == quote * 3:
        return _fault(source, "KS001", f"The text lacks its closing {quote * 3}.", len(source), len(source))
    inside = rf"[^{quote}{_LINE[:2]}]*" if "@" in source[start:opened] else rf"(?:[^{quote}\\{_LINE[:2]}]|{_ESCAPE})*+"
    read = re.compile(inside).match(source, opened)
    at = read.end() if read else opened
    if source[at : at + 1] == "\\":
        hint = "Double the backslash, or put @ before the text."
        return _fault(source, "KS001", "The backslash begins no escape, and the text lacks its end.", at, at, hint)
    return _fault(source, "KS001", f"The text lacks its closing {quote} on the line.", at, at)


def _fault(source: str, code: str, message: str, start: int, end: int, hint: str = "") -> QueryError:
    return QueryError(source, (Diagnostic(code, message, start, end, hint),))
