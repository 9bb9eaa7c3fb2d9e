"""Text to tokens. Keywords are told from names by the parser, since imports add keywords as a module goes on."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from lockgate.policy.rego.source import Failure

_MAX_NESTED = 8
"""Template strings within template strings."""

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+)
    |(?P<newline>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<id>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<num>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?[A-Za-z_0-9]*)
    |(?P<str>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<raw>`[^`]*`)
    |(?P<template>\$["`])
    |(?P<punct>:=|==|!=|<=|>=|[-\[\]{}(),:+*/%&|=<>;.])""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"\\(?!u[0-9a-fA-F]{4}|[\\\"/bfnrt])")
_TEMPLATE_ESCAPE = re.compile(r"\\(?!u[0-9a-fA-F]{4}|[\\\"/bfnrt{])")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Token(NamedTuple):
    """One token."""

    kind: str
    """``id``, ``num``, ``str``, ``template``, ``eof``, or the punctuation itself."""
    text: str
    """As written."""
    start: int
    """Offset of the first character."""
    end: int
    """Offset after the last."""
    newline: bool
    """Whether a line ended since the token before."""
    space: bool
    """Whether anything stands between it and the token before."""
    value: Any = None
    """Of strings: the string. Of templates: strings and lists of tokens."""


def tokens(text: str) -> tuple[list[Token], list[tuple[int, str]]]:
    """All tokens, ending with ``eof``, and the comments. Raises :class:`Failure`."""
    comments: list[tuple[int, str]] = []
    if not text.isascii() and (bad := _SURROGATE.search(text)):
        raise Failure("illegal utf-8 character", bad.start())
    start = 1 if text.startswith("\ufeff") else 0
    found, _ = _scan(text, start, comments, nested=0)
    return found, comments


def _scan(text: str, at: int, comments: list[tuple[int, str]], *, nested: int) -> tuple[list[Token], int]:
    """Tokens from ``at`` to the end, or within a template to its closing brace."""
    found: list[Token] = []
    newline = space = False
    depth = 0
    size = len(text)
    match = _TOKEN.match
    while at < size:
        hit = match(text, at)
        if hit is None:
            raise _illegal(text, at)
        kind = hit.lastgroup
        end = hit.end()
        if kind == "space":
            space = True
        elif kind == "newline":
            newline = space = True
        elif kind == "comment":
            space = True
            comments.append((at, text[at + 1 : end].rstrip("\r")))
        else:
            value: Any = None
            word = hit.group()
            if kind == "punct":
                kind = word
                if word == "{":
                    depth += 1
                elif word == "}":
                    if nested and depth == 0:
                        found.append(Token("eof", "}", at, end, newline, space))
                        return found, end
                    depth -= 1
            elif kind == "num":
                _check_number(word, at)
            elif kind == "str":
                value = _unescape(word, at, _ESCAPE)
            elif kind == "raw":
                kind, value = "str", word[1:-1]
            elif kind == "template":
                value, end = _template(text, at, comments, nested=nested + 1)
                word = text[at:end]
            assert kind is not None
            found.append(Token(kind, word, at, end, newline, space, value))
            newline = space = False
        at = end
    if nested:
        raise Failure("expected } to end template string expression", size)
    found.append(Token("eof", "eof", size, size, newline, space))
    return found, size


def _illegal(text: str, at: int) -> Failure:
    character = text[at]
    if character in '"`':
        end = text.find("\n", at)
        return Failure("non-terminated string", at, max(1, (end if end >= 0 else len(text)) - at))
    if character == "\xa0":
        return Failure("illegal non-breaking space character, use a regular space instead", at)
    if character == "\x00":
        return Failure("illegal null character", at)
    if character == "\ufeff":
        return Failure("illegal byte-order mark", at)
    if character in "!$":
        return Failure(f"illegal {character} character", at)
    return Failure("illegal token", at)


def _check_number(word: str, at: int) -> None:
    if _NUMBER.match(word):
        return
    if word.endswith("."):
        raise Failure("expected fraction", at, len(word))
    raise Failure("illegal number format", at, len(word))


def _unescape(word: str, at: int, bad: re.Pattern[str]) -> str:
    if "\\" not in word:
        if "\x00" in word:
            raise Failure("illegal null character", at + word.index("\x00"))
        return word[1:-1]
    plain = word.replace("\\\\", "  ")
    if wrong := bad.search(plain):
        raise Failure("illegal escape sequence", at + wrong.start(), 2)
    try:
        value = str(json.loads(word))
    except ValueError as error:
        raise Failure(f"illegal string literal: {word[:40]}", at, len(word)) from error
    # A lone half of a surrogate pair is no character; OPA reads it as the replacement character.
    return _SURROGATE.sub("\ufffd", value) if _SURROGATE.search(value) else value


def _template(text: str, at: int, comments: list[tuple[int, str]], *, nested: int) -> tuple[list[Any], int]:
    """The parts of a template string that begins at ``at``, and the offset after it."""
    if nested > _MAX_NESTED:
        raise Failure("template strings are nested too deeply", at)
    raw = text[at + 1] == "`"
    parts: list[Any] = []
    start = at + 2
    while True:
        end, closed = _template_text(text, start, at, raw=raw)
        piece = text[start:end]
        if raw:
            piece = piece.replace("\\{", "{")
        elif "\\" in piece:
            if wrong := _TEMPLATE_ESCAPE.search(piece.replace("\\\\", "  ")):
                raise Failure("illegal escape sequence", start + wrong.start(), 2)
            piece = _unescape(f'"{_drop_brace_escapes(piece)}"', start, _ESCAPE)
        if piece:
            parts.append(piece)
        if closed:
            return parts, end + 1
        inner, start = _scan(text, end + 1, comments, nested=nested)
        parts.append(inner)


def _drop_brace_escapes(piece: str) -> str:
    return re.sub(r"\\(.)", lambda hit: "{" if hit[1] == "{" else hit[0], piece)


def _template_text(text: str, start: int, begin: int, *, raw: bool) -> tuple[int, bool]:
    """Where literal text ends, and whether the string ends there."""
    at = start
    closing = "`" if raw else '"'
    while at < len(text):
        character = text[at]
        if character == "\\" and (not raw or text[at + 1 : at + 2] == "{"):
            at += 2
            continue
        if character == closing:
            return at, True
        if character == "{":
            return at, False
        if character == "\n" and not raw:
            break
        at += 1
    raise Failure("non-terminated string", begin, max(1, at - begin))
