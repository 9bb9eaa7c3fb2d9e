"""The language of locations: ``spec.containers[name: main].image``.

A dot leads into a mapping; ``[key: value]`` to the members of a list whose ``key`` is that value, ``[key: *]`` to all
of them. Names and values of letters, digits, ``_`` and ``-`` stand bare, others in single or double quotes with a
backslash before what it escapes; bare digits are a number. Source: gatekeeper ``pkg/mutation/path``. What does not
belong: what is done there.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.policy.errors import PolicyError, underlined

MAX_LENGTH = 4096
MAX_STEPS = 100
_SPACE = frozenset(" \t\r\n")
_DIGITS = frozenset("0123456789")
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Member:
    """Into a mapping, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Into a list, by the value of a key of its members."""

    key: str
    value: str | int | None
    """None for every member (``*``)."""

    def is_at(self, item: object) -> bool:
        """Whether a member of the list is meant. Text and number are different, and no boolean is either."""
        if not isinstance(item, dict) or self.key not in item:
            return False
        found = item[self.key]
        return type(found) is type(self.value) and found == self.value


Step = Member | Entry
Location = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``name``, ``number``, ``end`` or the sign itself."""
    text: str
    at: int
    """Where it begins, from 0."""


def parse_location(text: str, *, where: str = "") -> Location:
    """The steps of a location. Raises :class:`PolicyError` that underlines what is wrong."""
    if len(text) > MAX_LENGTH:
        raise PolicyError(f"a location is longer than {MAX_LENGTH} characters", where=where)
    steps = _Parser(text, where).steps()
    if not steps:
        raise PolicyError("a location must not be empty", where=where)
    if len(steps) > MAX_STEPS:
        raise PolicyError(f"a location has more than {MAX_STEPS} steps", where=where)
    return steps


def spelled(location: Location) -> str:
    """A location as text that :func:`parse_location` reads back to the same steps."""
    text = ""
    for step in location:
        if isinstance(step, Member):
            text += ("." if text else "") + _quoted(step.name)
        else:
            value = "*" if step.value is None else str(step.value) if isinstance(step.value, int) else None
            text += f"[{_quoted(step.key)}: {_quoted(str(step.value)) if value is None else value}]"
    return text


def _quoted(name: str) -> str:
    if name and _BARE.issuperset(name) and name[0] not in _DIGITS:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Parser:
    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where
        self._at = 0
        self._token = self._next()

    def steps(self) -> Location:
        """All of them."""
        steps: list[Step] = []
        while self._token.kind != "end":
            steps.append(Member(self._take("name", "a field name").text))
            if self._token.kind == "[":
                steps.append(self._entry())
            if self._token.kind == "end":
                break
            dot = self._take(".", "'.' or the end")
            if self._token.kind == "end":
                raise self._error("a location must not end in a dot", dot)
        return tuple(steps)

    def _entry(self) -> Entry:
        self._take("[", "'['")
        key = self._take("name", "the key of the list").text
        self._take(":", "':' after the key")
        token = self._token
        value: str | int | None
        if token.kind == "*":
            value = None
        elif token.kind == "number":
            value = int(token.text) if len(token.text) < 20 else _MAX_INTEGER + 1
            if value > _MAX_INTEGER:
                raise self._error("the number does not fit 64 bits", token)
        elif token.kind == "name":
            value = token.text
        else:
            raise self._error("expected a value or '*'", token)
        self._token = self._next()
        self._take("]", "']'")
        return Entry(key, value)

    def _take(self, kind: str, expected: str) -> _Token:
        token = self._token
        if token.kind != kind:
            raise self._error(f"expected {expected}", token)
        self._token = self._next()
        return token

    def _next(self) -> _Token:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1
        start = self._at
        if start == len(self._text):
            return _Token("end", "", start)
        char = self._text[start]
        if char in "\"'":
            return _Token("name", self._string(char), start)
        if char in _BARE:
            allowed = _DIGITS if char in _DIGITS else _BARE
            while self._at < len(self._text) and self._text[self._at] in allowed:
                self._at += 1
            return _Token("number" if char in _DIGITS else "name", self._text[start : self._at], start)
        self._at += 1
        token = _Token(char, char, start)
        if char not in ".[]:*":
            raise self._error("this character must stand in quotes", token)
        return token

    def _string(self, quote: str) -> str:
        start, made = self._at, ""
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == quote:
                return made
            if char == "\\" and self._at < len(self._text):
                char = self._text[self._at]
                self._at += 1
            made += char
        raise self._error("the quotes are not closed", _Token(quote, quote, start))

    def _error(self, message: str, token: _Token) -> PolicyError:
        return PolicyError(
            f"location {self._text[:200]!r}: {message} at character {token.at + 1}",
            where=self._where,
            excerpt=underlined(self._text, 1, token.at + 1, max(1, len(token.text))),
        )
