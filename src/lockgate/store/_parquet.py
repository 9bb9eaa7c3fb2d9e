"""A few rows as the bytes of a Parquet file: one row group of optional columns, each one plain page. Pure.

The format is https://parquet.apache.org/docs/file-format/; its headers are Thrift structures in the compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), with the numbers of fields and of
enumerations of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift. Not for many rows:
what Python does here for each value, ``deltalake`` does in less.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from lockgate.tables import ColumnType

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_TRUE = 1
"""Types of the compact protocol; a field that is true has no bytes of its own."""
_MAGIC = b"PAR1"
_OPTIONAL, _PLAIN, _RLE = 1, 0, 3
_UNCOMPRESSED, _GZIP = 0, 2
_WORTH_PACKING = 512
"""Bytes of a page; of fewer, compressing saves less than the header of gzip takes."""

_Field = tuple[int, int, bytes]
"""Number of a field, its type, its bytes."""
Values = Sequence[Any]


def parquet(columns: Sequence[tuple[str, ColumnType, Values]], *, by: str) -> bytes:
    """The file of columns, each a name, a type and a value for every row, None where there is none.

    Values are text, whole numbers of 64 bits, floats, truths, and microseconds since 1970 UTC for ``datetime``.
    ``by``: who wrote it. Raises ``UnicodeEncodeError`` for text with lone surrogates, ``struct.error`` for a number
    that does not fit.
    """
    count = len(columns[0][2])
    pieces, chunks, size, raw_size = [_MAGIC], [], len(_MAGIC), 0
    for name, kind, values in columns:
        page, codec, raw = _page(kind, values)
        chunks.append(_chunk(name, kind, size, (len(page), raw), codec=codec, values=values))
        pieces.append(page)
        size += len(page)
        raw_size += raw
    group = _struct(
        (1, _LIST, _list(_STRUCT, chunks)),
        (2, _I64, _number(raw_size)),
        (3, _I64, _number(count)),
        (5, _I64, _number(len(_MAGIC))),
        (6, _I64, _number(size - len(_MAGIC))),
    )
    root = _struct((4, _BINARY, _text("schema")), (5, _I32, _number(len(columns))))
    footer = _struct(
        (1, _I32, _number(1)),
        (2, _LIST, _list(_STRUCT, [root, *(_element(name, kind) for name, kind, _ in columns)])),
        (3, _I64, _number(count)),
        (4, _LIST, _list(_STRUCT, [group])),
        (6, _BINARY, _text(by)),
    )
    return b"".join((*pieces, footer, len(footer).to_bytes(4, "little"), _MAGIC))


def _page(kind: ColumnType, values: Values) -> tuple[bytes, int, int]:
    """A data page with its header, its codec, and its size with the header were it not compressed."""
    there = [value for value in values if value is not None]
    levels = _levels(values) if len(there) < len(values) else _run(len(values), 1)
    body = len(levels).to_bytes(4, "little") + levels + _FORMS[kind].plain(there)
    packed, codec = body, _UNCOMPRESSED
    if len(body) > _WORTH_PACKING:
        packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        packed, codec = packer.compress(body) + packer.flush(), _GZIP
    about = _struct(
        (1, _I32, _number(len(values))), (2, _I32, _number(_PLAIN)), (3, _I32, _number(_RLE)), (4, _I32, _number(_RLE))
    )
    header = _struct(
        (1, _I32, _number(0)),  # a data page of the first version, which every reader knows
        (2, _I32, _number(len(body))),
        (3, _I32, _number(len(packed))),
        (5, _STRUCT, about),
    )
    return header + packed, codec, len(header) + len(body)


def _levels(values: Values) -> bytes:
    """Which values are there: runs of ones and noughts."""
    return b"".join(_run(len(list(run)), level) for level, run in groupby(int(value is not None) for value in values))


def _run(length: int, level: int) -> bytes:
    return _varint(length << 1) + bytes((level,)) if length else b""


def _chunk(name: str, kind: ColumnType, place: int, sizes: tuple[int, int], *, codec: int, values: Values) -> bytes:
    """Where the page of a column lies. ``sizes``: in the file, and not compressed."""
    about = _struct(
        (1, _I32, _number(_FORMS[kind].physical)),
        (2, _LIST, _list(_I32, [_number(_PLAIN), _number(_RLE)])),
        (3, _LIST, _list(_BINARY, [_text(name)])),
        (4, _I32, _number(codec)),
        (5, _I64, _number(len(values))),
        (6, _I64, _number(sizes[1])),
        (7, _I64, _number(sizes[0])),
        (9, _I64, _number(place)),
        (12, _STRUCT, _struct((3, _I64, _number(sum(value is None for value in values))))),
    )
    return _struct((2, _I64, _number(place)), (3, _STRUCT, about))


def _element(name: str, kind: ColumnType) -> bytes:
    form = _FORMS[kind]
    return _struct(
        (1, _I32, _number(form.physical)), (3, _I32, _number(_OPTIONAL)), (4, _BINARY, _text(name)), *form.meaning
    )


def _plain_texts(values: Values) -> bytes:
    raw = [value.encode() for value in values]
    return b"".join([piece for one in raw for piece in (len(one).to_bytes(4, "little"), one)])


def _plain_truths(values: Values) -> bytes:
    bits = sum(1 << place for place, value in enumerate(values) if value)
    return bits.to_bytes((len(values) + 7) // 8, "little")


def _plain_longs(values: Values) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def _plain_ints(values: Values) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)


def _plain_reals(values: Values) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def _struct(*fields: _Field) -> bytes:
    made, last = bytearray(), 0
    for number, kind, raw in fields:
        made.append((number - last) << 4 | kind)
        made += raw
        last = number
    made.append(0)
    return bytes(made)


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    size = len(items)
    head = bytes((size << 4 | kind,)) if size < 15 else bytes((0xF0 | kind,)) + _varint(size)
    return head + b"".join(items)


def _number(value: int) -> bytes:
    """A number that is not negative, as the compact protocol has signed ones."""
    return _varint(value << 1)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


class _Form:
    """What a type of ours is in the file."""

    __slots__ = ("meaning", "physical", "plain")

    def __init__(self, physical: int, plain: Callable[[Values], bytes], *meaning: _Field) -> None:
        self.physical, self.plain, self.meaning = physical, plain, meaning


_MICROSECONDS = _struct((2, _STRUCT, _struct()))
_TEXTS = _Form(6, _plain_texts, (6, _I32, _number(0)), (10, _STRUCT, _struct((1, _STRUCT, _struct()))))
_MOMENTS = _Form(
    2, _plain_longs, (6, _I32, _number(10)),
    (10, _STRUCT, _struct((8, _STRUCT, _struct((1, _TRUE, b""), (2, _STRUCT, _MICROSECONDS))))),
)  # fmt: skip
_FORMS = {
    ColumnType.STRING: _TEXTS, ColumnType.DYNAMIC: _TEXTS, ColumnType.LONG: _Form(2, _plain_longs),
    ColumnType.REAL: _Form(5, _plain_reals), ColumnType.BOOL: _Form(0, _plain_truths), ColumnType.DATETIME: _MOMENTS,
    ColumnType.INT: _Form(1, _plain_ints), ColumnType.GUID: _TEXTS,
}  # fmt: skip
