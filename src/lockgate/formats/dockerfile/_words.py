"""Words, quotes and variable substitution as a Dockerfile (not its shell) understands them.

Source: https://docs.docker.com/reference/dockerfile/#environment-replacement. Pattern forms (``${x#p}``, ``${x/p/r}``)
are left as they stand and count as unresolved. Time is linear: the result of a substitution is cut at ``MAX_VALUE``.
"""

from __future__ import annotations

from collections.abc import Mapping

MAX_VALUE = 8192
"""Characters of one substituted text; doubling definitions end here."""
MAX_DEPTH = 8

_NAME_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _NAME_START | frozenset("0123456789")


def split_words(text: str, escape: str = "\\") -> list[str]:
    """The words of ``text`` with their quotes still on; white space inside quotes does not part."""
    words: list[str] = []
    start, quote, position = -1, "", 0
    while position < len(text):
        char = text[position]
        if quote:
            if char == escape and quote == '"':
                position += 1
            elif char == quote:
                quote = ""
        elif char in " \t\r\n":
            if start >= 0:
                words.append(text[start:position])
                start = -1
        else:
            if start < 0:
                start = position
            if char in "\"'":
                quote = char
            elif char == escape:
                position += 1
        position += 1
    if start >= 0:
        words.append(text[start:])
    return words


def unquote(word: str, escape: str = "\\") -> str:
    """The word without its quotes and escapes."""
    out: list[str] = []
    quote, position = "", 0
    while position < len(word):
        char = word[position]
        if char == escape and quote != "'" and position + 1 < len(word):
            following = word[position + 1]
            if quote != '"' or following in ('"', "$", escape):
                out.append(following)
                position += 2
                continue
            out.append(char)
        elif quote:
            if char == quote:
                quote = ""
            else:
                out.append(char)
        elif char in "\"'":
            quote = char
        else:
            out.append(char)
        position += 1
    return "".join(out)


def substitute(word: str, scope: Mapping[str, str | None], *, escape: str = "\\") -> tuple[str, bool]:
    """The raw word with its variables put in, and whether all were known.

    A name of ``scope`` whose value is None is an argument without a default: it stays as written. A name that is
    not in ``scope`` becomes empty, as Docker has it.
    """
    return _substitute(word, scope, escape, 0)


def _substitute(word: str, scope: Mapping[str, str | None], escape: str, depth: int) -> tuple[str, bool]:
    if "$" not in word:
        return word, True
    out: list[str] = []
    size, complete, single, double, position = 0, True, False, False, 0
    while position < len(word) and size <= MAX_VALUE:
        char = word[position]
        if char == escape and not single and position + 1 < len(word):
            piece, step = word[position : position + 2], 2
        elif char == "$" and not single:
            piece, step, known = _variable(word, position, scope=scope, escape=escape, depth=depth)
            complete = complete and known
        else:
            if char == "'" and not double:
                single = not single
            elif char == '"' and not single:
                double = not double
            piece, step = char, 1
        out.append(piece)
        size += len(piece)
        position += step
    if size > MAX_VALUE:
        return "".join(out)[:MAX_VALUE], False
    return "".join(out), complete


def _variable(
    word: str, position: int, *, scope: Mapping[str, str | None], escape: str, depth: int
) -> tuple[str, int, bool]:
    braced = word[position + 1 : position + 2] == "{"
    start = position + (2 if braced else 1)
    end = start
    while end < len(word) and word[end] in (_NAME_START if end == start else _NAME):
        end += 1
    name = word[start:end]
    if not name:
        return "$", 1, True
    if not braced:
        return _value(name, scope, word[position:end], end - position)
    close = _closing(word, end)
    if close < 0 or depth >= MAX_DEPTH:
        return word[position:], len(word) - position, False
    whole, step = word[position : close + 1], close + 1 - position
    modifier = word[end:close]
    if not modifier:
        return _value(name, scope, whole, step)
    colon = modifier.startswith(":")
    operator, rest = modifier[colon : colon + 1], modifier[colon + 1 :]
    if operator not in ("-", "+", "?"):
        return whole, step, False
    known, value = name in scope, scope.get(name)
    if known and value is None and operator != "-":
        return whole, step, False
    present = value is not None and (value != "" or not colon)
    if operator == "+" or (operator == "-" and not present):
        if operator == "+" and not present:
            return "", step, True
        text, complete = _substitute(rest, scope, escape, depth + 1)
        return text, step, complete
    return value or "", step, True


def _value(name: str, scope: Mapping[str, str | None], whole: str, step: int) -> tuple[str, int, bool]:
    if name in scope and scope[name] is None:
        return whole, step, False
    return scope.get(name) or "", step, True


def _closing(word: str, position: int) -> int:
    depth = 1
    while position < len(word):
        if word.startswith("${", position):
            depth += 1
            position += 1
        elif word[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return -1
