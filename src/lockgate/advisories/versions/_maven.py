"""Maven: the order of ComparableVersion (https://maven.apache.org/pom.html#version-order-specification)."""

from __future__ import annotations

from lockgate.advisories.versions._parts import number, text
from lockgate.lazy_pattern import lazy_pattern

_TOKEN = lazy_pattern(r"([.\-_]?)([0-9]+|[^0-9.\-_]*)")
_NULL = frozenset({"", "0", "final", "ga", "release"})
_EARLY = {"alpha": "1", "beta": "2", "milestone": "3", "rc": "4", "cr": "4", "snapshot": "5"}
_END = "6"  # where a version that says no more stands: after snapshot, before sp and every other word
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_Token = tuple[str, str]
"""Separator (``.`` or ``-``) and value."""


def maven_key(version: str) -> str:
    """One class mark a token: early qualifiers, the end, ``sp``, other words, ``-number``, ``.number``."""
    return "".join(map(_token_key, _trim(_tokens(version.lower())))) + _END


def _tokens(version: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(version):
        match = _TOKEN.match(version, position)
        if match is None or match.end() == position:
            break
        separator, value = match.groups()
        # A change between digits and letters separates like a hyphen; so does an underscore.
        separator = "." if separator == "." or not tokens else "-"
        followed_by_digit = version[match.end() : match.end() + 1].isdigit()
        position = match.end()
        if value in _SHORT and followed_by_digit:
            value = _SHORT[value]
        tokens.append((separator, _plain(value)))
    return tokens


def _plain(value: str) -> str:
    return (value.lstrip("0") or "0") if value.isascii() and value.isdigit() else value or "0"


def _trim(tokens: list[_Token]) -> list[_Token]:
    """Without the values that say nothing, at the end and before each hyphen or word."""
    kept: list[_Token] = []
    for token in tokens:
        if token[0] == "-" or not token[1].isdigit():
            _drop_nulls(kept)
        kept.append(token)
    _drop_nulls(kept)
    return kept


def _drop_nulls(kept: list[_Token]) -> None:
    while kept and kept[-1][1] in _NULL:
        kept.pop()


def _token_key(token: _Token) -> str:
    separator, value = token
    if value.isascii() and value.isdigit():
        return (":" if separator == "." else "9") + number(value)
    early = _EARLY.get(value)
    if early:
        return early
    if value in _NULL:
        return _END
    return "7" if value == "sp" else "8" + text(value)
