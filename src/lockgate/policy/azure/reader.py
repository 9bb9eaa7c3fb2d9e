"""Reads the JSON of policy objects: case-blind names, duplicates refused, and every error at its place."""

from __future__ import annotations

import json
import re
from typing import Final

from lockgate.policy.azure.fields import Place, pointer
from lockgate.policy.azure.values import Json, ascii_fold, kind
from lockgate.policy.errors import PolicyError, underlined

MAX_TEXT: Final = 8_000_000
MAX_DEPTH: Final = 200
MAX_NODES: Final = 500_000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Reader:
    """One document: its JSON, its name for errors, and its text where that is known."""

    __slots__ = ("json", "text", "where")

    def __init__(self, source: Json, *, where: str = "") -> None:
        self.where = where
        self.text = ""
        if isinstance(source, bytes):
            try:
                source = source.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise PolicyError(f"the document is not UTF-8: {error.reason}", where=where) from None
        if isinstance(source, str):
            self.text = source
            source = self._parsed(source)
        self.json: Json = source
        self._check_size()

    def _parsed(self, text: str) -> Json:
        if len(text) > MAX_TEXT:
            raise PolicyError(f"the document has more than {MAX_TEXT} characters", where=self.where)
        try:
            return json.loads(text, object_pairs_hook=_pairs)
        except _DuplicateError as error:
            raise PolicyError(f"the name {error.name!r} stands twice in one object", where=self.where) from None
        except json.JSONDecodeError as error:
            raise PolicyError(
                f"not JSON: {error.msg}", where=self.where, line=error.lineno, column=error.colno,
                excerpt=underlined(text, error.lineno, error.colno),
            ) from None  # fmt: skip
        except (RecursionError, ValueError):
            message = "the document is nested too deeply or holds an impossible number"
            raise PolicyError(message, where=self.where) from None

    def _check_size(self) -> None:
        level, depth, nodes = [self.json], 0, 0
        while level:
            depth, nodes = depth + 1, nodes + len(level)
            if depth > MAX_DEPTH or nodes > MAX_NODES:
                message = f"the document has more than {MAX_DEPTH} levels or {MAX_NODES} values"
                raise PolicyError(message, where=self.where)
            level = [
                child
                for one in level
                if isinstance(one, list | dict)
                for child in (one if isinstance(one, list) else one.values())
            ]

    def error(self, message: str, place: Place, *, hint: str = "") -> PolicyError:
        """An error at a place; line and column are given when the text is known."""
        shown = pointer(place)
        message = f"{message} (at {shown})" if shown else message
        if self.text:
            line, column = locate(self.text, place)
            if line:
                excerpt = underlined(self.text, line, column)
                return PolicyError(message, where=self.where, hint=hint, line=line, column=column, excerpt=excerpt)
        return PolicyError(message, where=self.where, hint=hint)

    def members(self, value: Json, place: Place, what: str) -> dict[str, tuple[str, Json]]:
        """The members of an object by folded name, each with its written name. Two that differ in case are refused."""
        if not isinstance(value, dict):
            raise self.error(f"{what} must be an object, not {kind(value)}", place)
        found: dict[str, tuple[str, Json]] = {}
        for name, member in value.items():
            if not isinstance(name, str):
                raise self.error(f"{what} has a name that is not text", place)
            folded = ascii_fold(name)
            if folded in found:
                raise self.error(f"{what} has {name!r} twice, in different case", (place, name))
            found[folded] = (name, member)
        return found

    def array(self, value: Json, place: Place, what: str, *, most: int = 0) -> list[Json]:
        """An array, of at most ``most`` members when that is given."""
        if not isinstance(value, list):
            raise self.error(f"{what} must be an array, not {kind(value)}", place)
        if most and len(value) > most:
            raise self.error(f"{what} has more than {most} members", place)
        return value

    def string(self, value: Json, place: Place, what: str) -> str:
        """Text that is not empty."""
        if not isinstance(value, str) or not value:
            raise self.error(f"{what} must be text, not {kind(value) if value != '' else 'empty'}", place)
        return value


class _DuplicateError(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateError(name)
            seen.add(name)
    return found


def locate(text: str, place: Place) -> tuple[int, int]:
    """Line and column, from 1, of the value at a place in JSON text (of its name, for a member); zeros when absent."""
    wanted: list[str | int] = []
    while place:
        place, name = place
        wanted.append(name)
    wanted.reverse()
    stack: list[str | int] = []  # a name for an object that is open, an index for an array
    expect_name = False
    for token in _TOKEN.finditer(text):
        word = token.group()
        if expect_name and word[0] == '"':
            stack[-1] = _unquoted(word)
            expect_name = False
            if stack == wanted:
                return _position(text, token.start())
            continue
        if word == ",":
            if stack and isinstance(stack[-1], int):
                stack[-1] += 1
            else:
                expect_name = True
            continue
        if word == ":":
            continue
        if word in "}]":
            if stack:
                stack.pop()
            expect_name = False
            continue
        if stack == wanted:
            return _position(text, token.start())
        if word == "{":
            stack.append("")
            expect_name = True
        elif word == "[":
            stack.append(0)
            expect_name = False
    return 0, 0


def _unquoted(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word[1:-1]


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
