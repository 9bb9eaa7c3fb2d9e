"""Writes JSON documents that every strict parser accepts.

File names that are not UTF-8 reach us with lone surrogates, which JSON cannot carry; they become visible escapes. What
does not belong: the shape of any document, and reading JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import orjson


def dumps(document: Any, *, compact: bool = False) -> str:
    """``document`` (dicts with string keys, lists, strings, numbers, booleans, None) as text, with a final newline.

    Keys keep their order; the same document gives the same text.
    """
    option = orjson.OPT_APPEND_NEWLINE if compact else orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(document, option=option).decode()
    except TypeError:  # orjson refuses lone surrogates; cleaning every string costs time that few documents need
        return orjson.dumps(_cleaned(document), option=option).decode()


def write(document: Mapping[str, Any], out: TextIO) -> None:
    """Write what :func:`dumps` gives for a mapping, one member after the other, and of a member that is an iterator one
    item after the other, as the list that it stands for: memory holds one of them at a time."""
    lead = "{"
    for key, value in document.items():
        out.write(f"{lead}\n  {_inner(key, 0)}: ")
        lead = ","
        if not isinstance(value, Iterator):
            out.write(_inner(value, 2))
            continue
        first = "["
        for item in value:
            out.write(f"{first}\n    {_inner(item, 4)}")
            first = ","
        out.write("[]" if first == "[" else "\n  ]")
    out.write("{}\n" if lead == "{" else "\n}\n")


def _inner(value: Any, depth: int) -> str:
    """A value as it stands ``depth`` spaces deep: text in JSON holds no line break of its own."""
    return dumps(value).removesuffix("\n").replace("\n", "\n" + " " * depth)


def well_formed(text: str) -> str:
    """``text`` with lone surrogates written as visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
