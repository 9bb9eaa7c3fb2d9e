"""Globs: ``glob.match``, ``glob.quote_meta``, and ``regex.globs_match``: whether two globs have a text in common.

A glob is turned into a pattern of RE2: ``*`` and ``?`` do not cross a delimiter, ``**`` does, ``[a-z]`` and ``[!ab]``
are classes, ``{a,b*}`` alternatives, and a backslash takes away a meaning.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from lockgate.policy.rego.builtins.contract import (
    BuiltinError,
    Context,
    Function,
    LimitError,
    string,
    wrong_member,
    wrong_type,
)
from lockgate.policy.rego.builtins.regex import compiled, escaped
from lockgate.policy.rego.values import Value, bytes_of

_SPECIAL: Final = frozenset("*?\\[]{}")
_MAX_GLOB: Final = 10_000
_MAX_NESTING: Final = 100
_MAX_FLAGGED: Final = 60
_MAX_CACHED: Final = 512


def match(pattern: Value, delimiters: Value, text: Value) -> Value:
    """Whether the whole text matches. Without delimiters ``.`` is one; with null there are none."""
    form = string(pattern, 1)
    if delimiters is None:
        between = ""
    elif isinstance(delimiters, (list, tuple)):
        for delimiter in delimiters:
            if not isinstance(delimiter, str):
                raise wrong_member(2, delimiters, delimiter, "string")
            if len(delimiter) != 1:
                raise wrong_member(2, delimiters, delimiter, "rune")
        between = "".join(delimiters) or "."
    else:
        raise wrong_type(2, delimiters, "array", "null")
    whole = string(text, 3)
    regex = compiled(_as_regex(form, between))
    try:
        return regex.fullmatch(whole) is not None
    except UnicodeEncodeError:
        return regex.fullmatch(bytes_of(whole)) is not None


def quote_meta(pattern: Value) -> Value:
    """The glob that matches just this text."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in string(pattern, 1))


def globs_match(context: Context, a: Value, b: Value) -> Value:
    """Whether two globs of ``.``, ``[..]``, ``*`` and ``+`` match a common text that is not empty."""
    first, second = _tokens(string(a, 1)), _tokens(string(b, 2))
    if sum(token.flag != "" for token in first + second) > _MAX_FLAGGED:
        raise LimitError(f"regex.globs_match: more than {_MAX_FLAGGED} signs * and +")
    trimmed = _trimmed(first, second)
    return trimmed is not None and _Intersection(context, *trimmed).normal(0, 0)


@lru_cache(maxsize=_MAX_CACHED)
def _as_regex(glob: str, delimiters: str) -> str:
    if len(glob) > _MAX_GLOB:
        raise LimitError(f"a glob of more than {_MAX_GLOB} characters")
    return f"(?s:{_GlobReader(glob, delimiters).pattern()})"


class _GlobReader:
    """Writes the RE2 pattern of a glob."""

    def __init__(self, glob: str, delimiters: str) -> None:
        self.glob = glob
        self.at = 0
        self.one = f"[^{''.join(map(self._member, delimiters))}]" if delimiters else "."

    def pattern(self) -> str:
        parts: list[str] = []
        depth = 0
        while self.at < len(self.glob):
            c = self.glob[self.at]
            self.at += 1
            if c == "*":
                double = self.glob.startswith("*", self.at)
                self.at += double
                parts.append(".*" if double else f"{self.one}*")
            elif c == "?":
                parts.append(self.one)
            elif c == "[":
                parts.append(self._class())
            elif c == "{":
                depth += 1
                parts.append("(?:")
            elif c == "}" and depth:
                depth -= 1
                parts.append(")")
            elif c == "," and depth:
                parts.append("|")
            else:
                parts.append(self._escaped() if c == "\\" else escaped(c))
            if depth > _MAX_NESTING:
                raise LimitError(f"a glob nested deeper than {_MAX_NESTING} levels")
        if depth:
            raise BuiltinError("glob: syntax error: unclosed `{`")
        return "".join(parts)

    def _escaped(self) -> str:
        if self.at == len(self.glob):
            raise BuiltinError("glob: syntax error: trailing backslash")
        self.at += 1
        return escaped(self.glob[self.at - 1])

    @staticmethod
    def _member(c: str) -> str:
        return f"\\x{{{ord(c):x}}}"

    def _next(self) -> str:
        if self.at >= len(self.glob):
            raise BuiltinError("glob: syntax error: unexpected end of input")
        self.at += 1
        return self.glob[self.at - 1]

    def _class(self) -> str:
        first = self._next()
        negated = "^" if first == "!" else ""
        if negated:
            first = self._next()
        if self.glob.startswith("-", self.at):
            self.at += 1
            last = self._next()
            if self._next() != "]":
                raise BuiltinError("glob: syntax error: expected close range character")
            if first > last:
                raise BuiltinError("glob: syntax error: a range out of order")
            return f"[{negated}{self._member(first)}-{self._member(last)}]"
        self.at -= 1
        members: list[str] = []
        while (c := self._next()) != "]":
            members.append(self._member(self._next() if c == "\\" else c))
        if not members:
            raise BuiltinError("glob: syntax error: an empty class")
        return f"[{negated}{''.join(members)}]"


class _Token(NamedTuple):
    """A character (``runes`` of one), any character (None), or one of a set; with ``*``, ``+`` or no flag."""

    kind: str
    runes: frozenset[str]
    flag: str

    def meets(self, other: _Token) -> bool:
        """Whether a character fits both."""
        return self.kind == "." or other.kind == "." or not self.runes.isdisjoint(other.runes)


class _TokenReader:
    def __init__(self, glob: str) -> None:
        if len(glob) > _MAX_GLOB:
            raise LimitError(f"a glob of more than {_MAX_GLOB} characters")
        self.glob = glob
        self.at = 0

    def read(self) -> list[_Token]:
        tokens: list[_Token] = []
        while self.at < len(self.glob):
            token = self._token()
            last = tokens[-1] if tokens else None
            if last and token.flag and last.flag and token[:2] == last[:2]:
                tokens[-1] = last._replace(flag="+" if "+" in (token.flag, last.flag) else "*")
            else:
                tokens.append(token)
        return tokens

    def _rune(self) -> tuple[str, bool]:
        if self.at >= len(self.glob):
            raise _invalid("reached the end")
        c = self.glob[self.at]
        self.at += 1
        if c != "\\":
            return c, False
        if self.at >= len(self.glob):
            raise _invalid("ends with an escape character")
        self.at += 1
        return self.glob[self.at - 1], True

    def _token(self) -> _Token:
        c, escaped = self._rune()
        if not escaped and c in "]+*":
            what = "set-close ']' with no preceding '['" if c == "]" else f"flag '{c}' must be preceded by a non-flag"
            raise BuiltinError(f"input:{self.glob[:80]}, pos:{self.at}, {what}: the input provided is invalid")
        kind = "." if c == "." and not escaped else "set" if c == "[" and not escaped else "character"
        runes = self._set() if kind == "set" else frozenset((c,) if kind == "character" else ())
        flag = self.glob[self.at] if self.at < len(self.glob) and self.glob[self.at] in "+*" else ""
        self.at += len(flag)
        return _Token(kind, runes, flag)

    def _set(self) -> frozenset[str]:
        runes: set[str] = set()
        before = ""
        while True:
            c, escaped = self._rune()
            if c == "]" and not escaped:
                return frozenset(runes)
            if c != "-" or escaped:
                runes.add(c)
                before = c
                continue
            if not before or self.at >= len(self.glob) - 1:
                raise _invalid("a range without a start or an end")
            c, escaped = self._rune()
            if (c in "]-" and not escaped) or c < before:
                raise _invalid("a range that ends wrongly")
            runes.update(map(chr, range(ord(before), ord(c) + 1)))
            before = ""


@lru_cache(maxsize=_MAX_CACHED)
def _tokens(glob: str) -> tuple[_Token, ...]:
    return tuple(_TokenReader(glob).read())


def _invalid(what: str) -> BuiltinError:
    return BuiltinError(f"the input provided is invalid: {what}")


def _trimmed(a: tuple[_Token, ...], b: tuple[_Token, ...]) -> tuple[tuple[_Token, ...], tuple[_Token, ...]] | None:
    """Both without what is the same length at either end, all but one token of it; None when that does not meet."""
    left = 0
    while left < min(len(a), len(b)) and not a[left].flag and not b[left].flag:
        if not a[left].meets(b[left]):
            return None
        left += 1
    left = max(left - 1, 0)
    end_a, end_b = len(a) - 1, len(b) - 1
    while end_a >= left and end_b >= left and not a[end_a].flag and not b[end_b].flag:
        if not a[end_a].meets(b[end_b]):
            return None
        end_a, end_b = end_a - 1, end_b - 1
    if end_a < len(a) - 1:
        end_a, end_b = end_a + 1, end_b + 1
    return a[left : end_a + 1], b[left : end_b + 1]


class _Intersection:
    """The search for a common text; what was answered for a pair of places is remembered."""

    def __init__(self, context: Context, a: tuple[_Token, ...], b: tuple[_Token, ...]) -> None:
        self.context = context
        self.a = a
        self.b = b
        self.known: dict[tuple[int, int], bool] = {}

    def normal(self, i: int, j: int) -> bool:
        """Whether what follows place i in the first and j in the second has a text in common."""
        start = (i, j)
        if start not in self.known:
            self.known[start] = self._normal(i, j)
        return self.known[start]

    def _normal(self, i: int, j: int) -> bool:
        while i < len(self.a) and j < len(self.b):
            self.context.budget.spend()
            if self.a[i].flag or self.b[j].flag:
                return self._special(i, j)
            if not self.a[i].meets(self.b[j]):
                return False
            i, j = i + 1, j + 1
        return i == len(self.a) and j == len(self.b)

    def _special(self, i: int, j: int) -> bool:
        swapped = not self.a[i].flag
        flag = self.b[j].flag if swapped else self.a[i].flag
        if flag == "*":
            return self._star(i, j, swapped)
        # A plus: the other one's first token must fit, and may itself take it all when it has a flag.
        if not self.a[i].meets(self.b[j]):
            return False
        if self._star(i, j, swapped, skip=1):
            return True
        if swapped:
            return self.a[i].flag != "" and self.normal(i, j + 1)
        return self.b[j].flag != "" and self.normal(i + 1, j)

    def _star(self, i: int, j: int, swapped: bool, skip: int = 0) -> bool:
        mine, others = (self.b, self.a) if swapped else (self.a, self.b)
        place, start = (j, i) if swapped else (i, j)
        star = mine[place]
        following = mine[place + 1] if place + 1 < len(mine) else None
        for other in range(start + skip, len(others)):
            self.context.budget.spend()
            token = others[other]
            if following is not None and token.meets(following):
                rest = self.normal(other, place + 1) if swapped else self.normal(place + 1, other)
                if rest:
                    return True
            if not token.meets(star):
                return False
        return following is None


FUNCTIONS: Final[dict[str, Function]] = {"glob.match": match, "glob.quote_meta": quote_meta}
WITH_CONTEXT: Final[dict[str, Function]] = {"regex.globs_match": globs_match}
