"""JSON of unknown origin: bounded in size and depth, and with the lines of its keys.

RFC 8259 only, so no ``NaN``; a byte order mark is passed over. Files with comments and trailing commas (``bun.lock``,
``.jsonc``) go through :func:`strip_comments` first. What does not belong: the meaning of any file.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

__all__ = ["FormatError", "JsonPath", "container_lines", "key_lines", "load", "strip_comments"]

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200

JsonPath = tuple[str | int, ...]
"""Keys and array indices from the root down."""

_BOM = b"\xef\xbb\xbf"
_STRING = rb'"(?:[^"\\]|\\.)*+"'
_TOKEN = lazy_pattern(rb"(?s)(" + _STRING + rb")\s*+(:)?|([\[{])|([\]}])|(,)|[^\s\[\]{},:\"]++")
# One step of this pattern swallows everything up to the next container, so the loop below runs once a container and
# not once a value; commas count only between items of an array. The parts are disjoint and possessive: linear.
_CONTAINER = lazy_pattern(
    rb'(?s)(?:[^"\[\]{},]|,(?=\s*+'
    + _STRING
    + rb"\s*+:)|"
    + _STRING
    + rb"(?!\s*+:\s*+[\[{]))*+(?:("
    + _STRING
    + rb")\s*+:\s*+)?([\[\]{},])"
)
# What is never closed runs to the end: were it to fail there, every later opening would be tried as far again.
_COMMENT = rb"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
_NOISE = lazy_pattern(
    rb'(?s)(?P<string>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))|(?P<comment>' + _COMMENT + rb")"
    rb"|(?P<comma>,)(?=(?:\s|" + _COMMENT + rb")*+[}\]])"
)


def load(content: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, unique_keys: bool = False) -> Any:
    """The value of a JSON text. Raises :class:`FormatError`, and nothing else, on any bytes.

    A repeated key takes its last value; with ``unique_keys`` it is an error (about three times slower).
    """
    if len(content) > max_bytes:
        raise FormatError(f"larger than {max_bytes} bytes", kind=SkipKind.TOO_LARGE)
    content = content.removeprefix(_BOM)
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg or "recursion" in error.msg.lower():
            raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None
        raise FormatError(f"not JSON: {error.msg.split(':')[0]}", error.lineno) from None
    except RecursionError:
        raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None
    if content.count(b"[") + content.count(b"{") > max_depth:
        _refuse_depth(value, max_depth)
    if unique_keys:
        _refuse_repeated_keys(content)
    return value


def _refuse_depth(value: Any, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below.extend(child for child in item.values() if type(child) in (dict, list))
            elif type(item) is list:
                below.extend(child for child in item if type(child) in (dict, list))
        if not below:
            return
        level = below
    raise FormatError(f"nested deeper than {max_depth} levels", kind=SkipKind.TOO_LARGE)


def _refuse_repeated_keys(content: bytes) -> None:
    seen: list[set[bytes]] = []
    for match in _TOKEN.finditer(content):
        key, colon, opens, closes, _ = match.groups()
        if opens:
            seen.append(set())
        elif closes:
            seen.pop()
        elif colon:
            if key in seen[-1]:
                raise FormatError("a key stands twice in one object", content.count(b"\n", 0, match.start()) + 1)
            seen[-1].add(key)


def container_lines(content: bytes, *, max_depth: int = 4) -> dict[JsonPath, int]:
    """Lines (from 1) of the objects and arrays at most ``max_depth`` keys below the root, by path.

    ``content`` must have been accepted by :func:`load`. Faster than :func:`key_lines`: scalars are passed over.
    """
    lines: dict[JsonPath, int] = {}
    path: list[str | int] = []
    open_containers: list[tuple[bool, int]] = []  # whether it is an array, and how long its own path is
    line, counted = 1, 0
    content = content.rstrip()
    if content[-1:] not in (b"}", b"]"):
        return lines  # a scalar; beyond the last bracket the pattern would start again within a string
    for match in _CONTAINER.finditer(content):
        sign = match.group(2)
        if sign == b",":
            if open_containers[-1][0]:
                path[open_containers[-1][1]] += 1  # type: ignore[operator]
        elif sign in b"]}":
            del path[open_containers.pop()[1] :]
        else:
            key = match.group(1)
            if key is not None:
                del path[open_containers[-1][1] :]
                path.append(_text(key))
            if len(path) <= max_depth:
                start = match.start(1) if key is not None else match.start(2)
                line += content.count(b"\n", counted, start)
                counted = start
                lines[tuple(path)] = line
            open_containers.append((sign == b"[", len(path)))
            if sign == b"[":
                path.append(0)
    return lines


def key_lines(content: bytes, *, max_depth: int = MAX_DEPTH) -> dict[JsonPath, int]:
    """Lines (from 1) of every key and array item at most ``max_depth`` below the root, scalars included, by path.

    ``content`` must have been accepted by :func:`load`. The line of a member is that of its key.
    """
    lines: dict[JsonPath, int] = {}
    path: list[str | int] = []
    open_containers: list[tuple[bool, int]] = []
    line, counted, item_due = 1, 0, False
    for match in _TOKEN.finditer(content):
        start = match.start()
        line += content.count(b"\n", counted, start)
        counted = start
        key, colon, opens, closes, comma = match.groups()
        if closes:
            del path[open_containers.pop()[1] :]
            item_due = False
            continue
        if comma:
            is_array, own = open_containers[-1]
            item_due = is_array
            if is_array:
                path[own] += 1  # type: ignore[operator]
            else:
                del path[own:]
            continue
        if colon:
            path.append(_text(key))
        if (colon or item_due) and len(path) <= max_depth:
            lines[tuple(path)] = line
        item_due = opens == b"["
        if opens:
            open_containers.append((item_due, len(path)))
            if item_due:
                path.append(0)
    return lines


def _text(raw: bytes) -> str:
    if b"\\" not in raw:
        return raw[1:-1].decode("utf-8", "replace")
    try:
        return str(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "replace")


def strip_comments(content: bytes) -> bytes:
    """JSON from JSON with comments: ``//`` and ``/* */`` and commas before a closing bracket become blanks.

    Length and line breaks stay, so positions still hold.
    """
    return _NOISE.sub(_blank, content)


def _blank(match: re.Match[bytes]) -> bytes:
    if match.group("string") is not None:
        return match.group()
    if match.group("comma") is not None:
        return b" "
    return re.sub(rb"[^\n]", b" ", match.group("comment"))
