"""Texts put together, changed and taken apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.kql.functions import Compute, Maker, of_converted, plain, strict
from lockgate.kql.text import MAX_TEXT, clean, cut, dynamic_text, lowered, text_of
from lockgate.kql.types import Type

MOST_REPEATS = 1024
"""How often ``strrep`` repeats at most."""
MOST_PARTS = 1 << 20
"""Most elements of an array that a function makes."""
_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def on_texts(compute: Callable[..., object], count: int = 1) -> Maker:
    """A function of the texts of its first ``count`` arguments, whatever their types; all of them when negative."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        writers = [text_of(one) if count < 0 or i < count else None for i, one in enumerate(types)]
        return of_converted(compute, writers)

    return make


def _joined(*parts: str) -> str:
    return cut("".join(parts))


def _delimited(delimiter: str, *parts: str) -> str:
    return cut(delimiter.join(parts))


def _array_joined(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    write = text_of(types[1])

    def run(array: Any, delimiter: Any) -> str:
        return cut(write(delimiter).join(map(dynamic_text, array))) if isinstance(array, list) else ""

    return run


def _repeated(text: str, count: Any, delimiter: str = "") -> str:
    times = min(max(count or 0, 0), MOST_REPEATS)
    if times and (len(text) + len(delimiter)) * times > MAX_TEXT:
        times = MAX_TEXT // max(1, len(text) + len(delimiter)) + 1
    return cut(delimiter.join([text] * times))


def _repeat_maker(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    writers = [text_of(one) for one in types]

    def run(value: Any, count: Any, delimiter: Any = None) -> str:
        return _repeated(writers[0](value), count, writers[2](delimiter) if len(writers) > 2 else "")

    return run


def _substring(text: str, start: Any, length: Any = MAX_TEXT) -> str:
    if start is None or length is None:
        return ""
    begin = start if start >= 0 else len(text) + start
    # A start before the beginning gives nothing, however long the piece would be.
    return text[begin : begin + length] if length > 0 and begin >= 0 else ""


def _split(text: str, delimiter: str, index: Any = None) -> list[str] | None:
    parts = text.split(delimiter, MOST_PARTS - 1) if delimiter else [text]
    if index is None:
        return parts
    return [parts[index]] if 0 <= index < len(parts) else None


def _split_maker(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    write = text_of(types[0])
    if len(types) == 2:
        return lambda source, delimiter: _split(write(source), delimiter)
    return lambda source, delimiter, index: _split(write(source), delimiter, -1 if index is None else index)


def _code_points(text: str) -> list[int]:
    return [ord(one) for one in text[:MOST_PARTS]]


def _of_code_points(*values: Any) -> str:
    found: list[str] = []
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= 0x10FFFF:
                found.append(chr(one))
    return cut("".join(found))


def _format_bytes(size: Any, precision: Any = 0, unit: str = "") -> str:
    """``19.08 MB``: in the largest unit in which it is at least one, or in the unit that is asked for."""
    if size is None:
        return ""
    value = float(size)
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    names = [one.lower() for one in _UNITS]
    power = names.index(unit.lower()) if unit and unit.lower() in names else -1
    if power < 0:
        power = 0
        while abs(value) >= 1024 ** (power + 1) and power < len(_UNITS) - 1:
            power += 1
    digits = min(max(int(precision or 0), 0), 15)
    text = f"{value / 1024**power:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {_UNITS[power]}"


def _tree_path(value: Any) -> list[str] | None:
    """The path of every member, outer ones first: ``['a']``, ``['a']['b']``."""
    if not isinstance(value, dict | list):
        return None
    found: list[str] = []
    size = 0
    pending: list[tuple[str, Any]] = [("", value)]
    while pending and size < MAX_TEXT:
        path, one = pending.pop()
        if path:
            found.append(path)
            size += len(path)
        if isinstance(one, dict):
            pending += [(f"{path}['{name}']", inner) for name, inner in reversed(one.items())]
        elif isinstance(one, list):
            pending += [(f"{path}[{i}]", one[i]) for i in range(len(one) - 1, -1, -1)]
    return found


FUNCTIONS: dict[str, Maker] = {
    "strcat": on_texts(_joined, -1),
    "strcat_delim": on_texts(_delimited, -1),
    **dict.fromkeys(("strcat_array", "array_strcat"), _array_joined),
    "strrep": _repeat_maker,
    "strcmp": on_texts(lambda a, b: (a > b) - (a < b), 2),
    "strlen": on_texts(len),
    "string_size": on_texts(lambda text: len(clean(text).encode())),
    "toupper": on_texts(lambda text: cut(text.upper())),
    "tolower": on_texts(lambda text: cut(lowered(text))),
    "reverse": on_texts(lambda text: text[::-1]),
    "substring": on_texts(_substring),
    "split": _split_maker,
    **dict.fromkeys(("to_utf8", "unicode_codepoints_from_string"), on_texts(_code_points)),
    **dict.fromkeys(("make_string", "unicode_codepoints_to_string"), plain(_of_code_points)),
    "isascii": on_texts(str.isascii),
    "isutf8": on_texts(lambda text: clean(text) == text),
    "format_bytes": strict(_format_bytes),
    "treepath": plain(_tree_path),
}
