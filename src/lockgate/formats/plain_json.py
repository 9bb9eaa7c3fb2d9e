"""Writes JSON documents that every strict parser accepts.

File names that are not UTF-8 reach us with lone surrogates, which JSON cannot carry; they become visible escapes. What
does not belong: the shape of any document, and reading JSON.
"""

from __future__ import annotations

from typing import Any

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
