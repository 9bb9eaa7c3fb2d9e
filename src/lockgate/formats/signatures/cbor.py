"""The part of CBOR that COSE signatures are made of: whole numbers, texts, bytes, lists, maps, tags, true, false, null.

Pure and small on purpose: a general reader makes dates, sets and shared objects of what it is given, and keeps the last
of two equal keys, so that two readers see two documents. Here lengths are definite and shortest, keys unlike, depth and
size bounded. Source: RFC 8949, 3 and 4.2.1.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError

_MAX_DEPTH = 16
_SIMPLE = {20: False, 21: True, 22: None}
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
Value: TypeAlias = Any
"""``int | str | bytes | list | dict | Tagged | bool | None``, of the same; keys of maps are ``int | str | bytes``."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value that a number says more of."""

    tag: int
    value: Value


def load(content: bytes) -> Value:
    """The one value that ``content`` is. Raises :class:`FormatError`."""
    value, end = _read(content, 0, 0)
    if end != len(content):
        raise FormatError("something follows the CBOR value")
    return value


def dump(value: Value) -> bytes:
    """``value`` in the one form that is deterministic: shortest lengths, keys in the order of their bytes."""
    if value is None or isinstance(value, bool):
        return bytes([0xE0 | {False: 20, True: 21, None: 22}[value]])
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        encoded = value.encode()
        return _head(3, len(encoded)) + encoded
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(dump(one) for one in value)
    if isinstance(value, dict):
        pairs = sorted((dump(key), dump(held)) for key, held in value.items())
        return _head(5, len(pairs)) + b"".join(key + held for key, held in pairs)
    if isinstance(value, Tagged):
        return _head(6, value.tag) + dump(value.value)
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for extra, width in _WIDTHS.items():
        if number < 1 << 8 * width:
            return bytes([major << 5 | extra]) + number.to_bytes(width, "big")
    raise FormatError("a number beyond 64 bits")


def _read(content: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > _MAX_DEPTH:
        raise FormatError(f"CBOR nested more than {_MAX_DEPTH} deep")
    if at >= len(content):
        raise FormatError("the CBOR value is cut short")
    major, low = content[at] >> 5, content[at] & 31
    if major == 7:
        if low not in _SIMPLE:
            raise FormatError("a CBOR value of a kind that no signature holds")
        return _SIMPLE[low], at + 1
    number, at = _number(content, at + 1, low)
    if major <= 1:
        return (number if major == 0 else -1 - number), at
    if major <= 3:
        if number > len(content) - at:
            raise FormatError("the CBOR value is cut short")
        held = content[at : at + number]
        return (held if major == 2 else _text(held)), at + number
    if major == 6:
        value, at = _read(content, at, depth + 1)
        return Tagged(number, value), at
    if number > len(content) - at:  # each item takes a byte at least
        raise FormatError("the CBOR value is cut short")
    return _items(content, at, number, depth) if major == 4 else _pairs(content, at, number, depth)


def _number(content: bytes, at: int, low: int) -> tuple[int, int]:
    if low < 24:
        return low, at
    width = _WIDTHS.get(low)
    if width is None:
        raise FormatError("a CBOR value of no definite length")
    if at + width > len(content):
        raise FormatError("the CBOR value is cut short")
    number = int.from_bytes(content[at : at + width], "big")
    if number < (24 if width == 1 else 1 << 4 * width):
        raise FormatError("a CBOR number that is not written in its shortest form")
    return number, at + width


def _text(held: bytes) -> str:
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("a CBOR text that is not UTF-8") from None


def _items(content: bytes, at: int, number: int, depth: int) -> tuple[list[Value], int]:
    found = []
    for _ in range(number):
        value, at = _read(content, at, depth + 1)
        found.append(value)
    return found, at


def _pairs(content: bytes, at: int, number: int, depth: int) -> tuple[dict[Value, Value], int]:
    found: dict[Value, Value] = {}
    for _ in range(number):
        key, at = _read(content, at, depth + 1)
        if not isinstance(key, int | str | bytes) or isinstance(key, bool):
            raise FormatError("a CBOR map with a key that is neither number nor text")
        if key in found:
            raise FormatError("a CBOR map with one key twice")
        found[key], at = _read(content, at, depth + 1)
    return found, at
