"""Hashes of values. ``hash`` is xxHash64 with seed 0 (Y. Collet's specification) over a text's UTF-8, or over the eight
bytes of a number or of ticks; the cryptographic ones are over the text that a value is written as.

How the service combines hashes (``hash_combine``, ``hash_many``) is not published: they are not computed here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from decimal import Decimal
from hashlib import md5, sha1, sha256
from typing import Any

from lockgate.kql.functions import Compute, Maker
from lockgate.kql.functions.strings.building import on_texts
from lockgate.kql.functions.time.bits import signed
from lockgate.kql.text import clean, decimal_text
from lockgate.kql.types import BOOL, REAL, Type

_MASK = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip


def _turned(value: int, by: int) -> int:
    return (value << by | value >> 64 - by) & _MASK


def _round(total: int, lane: int) -> int:
    return _turned((total + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes, seed: int = 0) -> int:
    """The hash, without a sign."""
    size, at = len(data), 0
    if size >= 32:
        lanes = [(seed + _P1 + _P2) & _MASK, (seed + _P2) & _MASK, seed & _MASK, (seed - _P1) & _MASK]
        for at in range(0, size - 31, 32):
            block = struct.unpack_from("<4Q", data, at)
            lanes = [_round(total, lane) for total, lane in zip(lanes, block, strict=True)]
        at += 32
        found = sum(_turned(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            found = ((found ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        found = (seed + _P5) & _MASK
    return _finished(data, at, (found + size) & _MASK)


def _finished(data: bytes, at: int, found: int) -> int:
    while at + 8 <= len(data):
        (lane,) = struct.unpack_from("<Q", data, at)
        found = (_turned(found ^ _round(0, lane), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(data):
        (lane,) = struct.unpack_from("<I", data, at)
        found = (_turned(found ^ (lane * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        at += 4
    for one in data[at:]:
        found = _turned(found ^ (one * _P5 & _MASK), 11) * _P1 & _MASK
    found = (found ^ found >> 33) * _P2 & _MASK
    found = (found ^ found >> 29) * _P3 & _MASK
    return found ^ found >> 32


def _bytes_of(type_: Type) -> Callable[[Any], bytes]:
    """What of a value is hashed."""

    def run(value: Any) -> bytes:
        if value is None:
            return b""
        if isinstance(value, str):
            return clean(value).encode()
        if isinstance(value, Decimal):
            return decimal_text(value).encode()
        if type_ is REAL:
            return struct.pack("<d", float(value))
        return struct.pack("<b" if type_ is BOOL else "<q", signed(int(value)))

    return run


def _modulo(value: int, mod: Any) -> int | None:
    """The hash with its sign, or its rest."""
    if mod is None:
        return signed(value)
    return value % mod if mod > 0 else None


def _hash(compute: Callable[[bytes], int]) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        data = _bytes_of(types[0])
        return lambda value, mod=None: _modulo(compute(data(value)), mod)

    return make


def _seeded(compute: Callable[[bytes, int], int]) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        data = _bytes_of(types[0])
        return lambda value, mod, seed: None if seed is None else _modulo(compute(data(value), seed & _MASK), mod)

    return make


def _djb2(data: bytes) -> int:
    found = 5381
    for one in data:
        found = (found * 33 + one) & _MASK
    return found


def _hex(algorithm: Any) -> Maker:
    """Digests in hexadecimal. The service gives the empty text for the empty text (duckdb-kql, tests of tostring)."""
    return on_texts(lambda text: algorithm(clean(text).encode(), usedforsecurity=False).hexdigest() if text else "")


FUNCTIONS: dict[str, Maker] = {
    **dict.fromkeys(("hash", "hash_xxhash64"), _hash(xxhash64)),
    "__hash_xxh64": _seeded(xxhash64),
    "__hash_djb2": _hash(_djb2),
    "__hash_crc32": _seeded(lambda data, seed: zlib.crc32(data, seed & 0xFFFFFFFF)),
    "hash_md5": _hex(md5),
    "hash_sha1": _hex(sha1),
    "hash_sha256": _hex(sha256),
}
