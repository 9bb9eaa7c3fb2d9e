"""The functions of Go's ``text/template``, and how it prints and compares values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote_plus

from lockgate.policy.rego.builtins.contract import MAX_TEXT, BuiltinError
from lockgate.policy.rego.builtins.sprintf import sprintf
from lockgate.policy.rego.values import bytes_of, text_of

_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\N{REPLACEMENT CHARACTER}"}
_LARGE: Final = 1e21
_VERB: Final = re.compile(r"(%[^A-Za-z%]*[A-Za-z%])")


def shown(value: Any) -> str:
    """The value as ``%v`` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGE else repr(value)
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: bytes_of(pair[0]))
        return "map[" + " ".join(f"{key}:{shown(item)}" for key, item in pairs) + "]"
    return str(value)


def truth(value: Any) -> bool:
    """Whether ``if`` takes the value for true. Numbers of the data are texts, and never empty."""
    return bool(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return {int: "int", float: "float", str: "string"}.get(type(value), "")


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    kind = _kind(one)
    if kind != _kind(other):
        raise BuiltinError("incompatible types for comparison")
    if not kind:
        raise BuiltinError("non-comparable type")
    return bool(one == other)


def _eq(*values: Any) -> bool:
    if len(values) < 2:
        raise BuiltinError("missing argument for comparison")
    return any(_equal(values[0], other) for other in values[1:])


def _less(one: Any, other: Any) -> bool:
    kind = _kind(one)
    if kind in ("", "bool") or _kind(other) in ("", "bool"):
        raise BuiltinError("invalid type for comparison")
    if kind != _kind(other):
        raise BuiltinError("incompatible types for comparison")
    return bool(bytes_of(one) < bytes_of(other) if kind == "string" else one < other)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(bytes_of(value))
    if isinstance(value, (list, dict)):
        return len(value)
    raise BuiltinError(f"len of {shown(value)}")


def _position(value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BuiltinError(f"cannot index with {shown(value)}")
    if not 0 <= value <= most:
        raise BuiltinError(f"index out of range: {value}")
    return value


def _index(value: Any, *places: Any) -> Any:
    for place in places:
        if isinstance(value, dict):
            if not isinstance(place, str):
                raise BuiltinError(f"cannot index a map with {shown(place)}")
            value = value.get(place)
        elif isinstance(value, list):
            value = value[_position(place, len(value) - 1)]
        else:
            raise BuiltinError(f"can't index {shown(value)}")
    return value


def _slice(value: Any, *places: Any) -> Any:
    if not isinstance(value, (str, list)) or len(places) > 2:
        raise BuiltinError(f"can't slice {shown(value)} with {len(places)} places")
    data = bytes_of(value) if isinstance(value, str) else value
    start, end = [*(_position(place, len(data)) for place in places), *(0, len(data))[len(places) :]]
    if start > end:
        raise BuiltinError(f"invalid slice index: {start} > {end}")
    part = data[start:end]
    return text_of(part) if isinstance(part, bytes) else part


def _print(*values: Any) -> str:
    parts: list[str] = []
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            parts.append(" ")
        parts.append(shown(value))
    return "".join(parts)


def _println(*values: Any) -> str:
    return " ".join(map(shown, values)) + "\n"


def _shaped(pattern: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Pattern and values in which those that are neither texts nor numbers are texts, where their verb allows it."""
    parts, number = _VERB.split(pattern), 0
    shaped = list(values)
    for place in range(1, len(parts), 2):
        if parts[place][-1] == "%":
            continue
        if number < len(shaped) and _kind(shaped[number]) in ("", "bool"):
            allowed = ("%v", "%t") if isinstance(shaped[number], bool) else ("%v",)
            if parts[place] not in allowed:
                raise BuiltinError(f"printf: {parts[place]} of {shown(shaped[number])} is not supported")
            parts[place], shaped[number] = "%s", shown(shaped[number])
        number += 1
    return "".join(parts), shaped


def _printf(pattern: Any, *values: Any) -> str:
    if not isinstance(pattern, str):
        raise BuiltinError("printf: the format is not a string")
    pattern, shaped = _shaped(pattern, values)
    written = str(sprintf(pattern, shaped))
    if "%!" in written:
        raise BuiltinError(f"printf: {pattern!r} does not fit its values")
    return written


def _printable(values: Sequence[Any]) -> str:
    return _print(*("<no value>" if value is None else value for value in values))


def _html(*values: Any) -> str:
    return "".join(_HTML.get(character, character) for character in _printable(values))


def _urlquery(*values: Any) -> str:
    return quote_plus(bytes_of(_printable(values)), safe="~")


FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any] | None, int, int]]] = {
    "and": (None, 1, MAX_TEXT), "or": (None, 1, MAX_TEXT), "not": (lambda value: not truth(value), 1, 1),
    "eq": (_eq, 2, MAX_TEXT), "ne": (lambda one, other: not _equal(one, other), 2, 2), "lt": (_less, 2, 2),
    "le": (lambda one, other: _less(one, other) or _equal(one, other), 2, 2),
    "gt": (lambda one, other: not (_less(one, other) or _equal(one, other)), 2, 2),
    "ge": (lambda one, other: not _less(one, other), 2, 2), "len": (_length, 1, 1), "index": (_index, 1, MAX_TEXT),
    "slice": (_slice, 1, 4), "print": (_print, 0, MAX_TEXT), "println": (_println, 0, MAX_TEXT),
    "printf": (_printf, 1, MAX_TEXT), "html": (_html, 0, MAX_TEXT), "urlquery": (_urlquery, 0, MAX_TEXT),
}  # fmt: skip
"""Function, least and most arguments. ``and`` and ``or`` do not look at arguments past the one that decides."""
