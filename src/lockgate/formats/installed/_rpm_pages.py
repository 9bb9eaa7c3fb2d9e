"""Forms in which RPM keeps its headers: a Berkeley DB hash (``Packages``) and RPM's own ``Packages.db`` (ndb).

The third, SQLite, is read by ``_sqlite_pages``. Each function yields the blobs of a file.

Formats: Berkeley DB's ``dbinc/db_page.h``, RPM's ``lib/backend/ndb/rpmpkg.c``. What is wrong in a file raises
``FormatError``; every loop is bounded by the size of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

_HASH_MAGIC = 0x00061561
_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))
_PAGE_HEADER = 26
_HASH_META, _HASH_UNSORTED, _HASH, _OVERFLOW = 8, 2, 13, 7
_KEY_DATA, _OFF_PAGE = 1, 3
_SLOT_PAGE = 4096
_BLOCK = 16


def hash_blobs(data: bytes) -> Iterator[bytes]:
    """Values of a Berkeley DB hash database whose keys are package numbers; that of number 0 is none of a package."""
    if len(data) < 512:
        raise FormatError("shorter than the page that describes a Berkeley DB database")
    order = _order(data)
    size, encrypted, kind = struct.unpack_from(order + "I", data, 20)[0], data[24], data[25]
    if encrypted or kind != _HASH_META or size not in _PAGE_SIZES:
        raise FormatError("a Berkeley DB database of a form that RPM does not write", kind=SkipKind.UNSUPPORTED)
    for start in range(size, len(data) - size + 1, size):
        if data[start + 25] in (_HASH, _HASH_UNSORTED):
            yield from _hash_page(data, start, size, order)
    if (struct.unpack_from(order + "I", data, 32)[0] + 1) * size > len(data):
        raise FormatError("a Berkeley DB database that is cut off")


def _order(data: bytes) -> str:
    for order in "<>":
        if struct.unpack_from(order + "I", data, 12)[0] == _HASH_MAGIC:
            return order
    raise FormatError("no Berkeley DB hash database")


def _hash_page(data: bytes, start: int, size: int, order: str) -> Iterator[bytes]:
    count = struct.unpack_from(order + "H", data, start + 20)[0]
    if _PAGE_HEADER + 2 * count > size:
        raise FormatError("a page that names more entries than it holds")
    offsets = struct.unpack_from(f"{order}{count}H", data, start + _PAGE_HEADER)
    for at in range(0, count - 1, 2):  # a key, then its value; entries are written from the end of the page backwards
        key_at, value_at = offsets[at], offsets[at + 1]
        key_end = offsets[at - 1] if at else size
        if not _PAGE_HEADER <= value_at < key_at < key_end <= size:
            raise FormatError("a page whose entries overlap")
        if not any(data[start + key_at + 1 : start + key_end]):
            continue
        kind = data[start + value_at]
        if kind == _KEY_DATA:
            yield data[start + value_at + 1 : start + key_at]
        elif kind == _OFF_PAGE:
            if key_at - value_at < 12:
                raise FormatError("a page whose entries overlap")
            page, length = struct.unpack_from(order + "II", data, start + value_at + 4)
            yield _overflow(data, page, length, size, order)
        else:
            raise FormatError("an entry of a kind that RPM does not write", kind=SkipKind.UNSUPPORTED)


def _overflow(data: bytes, page: int, length: int, size: int, order: str) -> bytes:
    if length > len(data):
        raise FormatError("an entry larger than the file")
    parts: list[bytes] = []
    missing = length
    while missing > 0:
        start = page * size
        if page == 0 or start + size > len(data) or data[start + 25] != _OVERFLOW:
            raise FormatError("an entry that goes on in a page that is none of it")
        following = struct.unpack_from(order + "I", data, start + 16)[0]
        held = struct.unpack_from(order + "H", data, start + 22)[0]
        if not 0 < held <= size - _PAGE_HEADER:
            raise FormatError("a page that holds more than it has room for")
        parts.append(data[start + _PAGE_HEADER : start + _PAGE_HEADER + min(held, missing)])
        missing -= held  # at least one byte a page, so a ring of pages ends too
        page = following
    return b"".join(parts)


def ndb_blobs(data: bytes) -> Iterator[bytes]:
    """Blobs of RPM's own database: pages of slots of 16 bytes, each naming where a blob lies, in blocks of 16 bytes."""
    if len(data) < _SLOT_PAGE or data[:4] != b"RpmP":
        raise FormatError("no package database of RPM")
    version, _, pages = struct.unpack_from("<III", data, 4)
    if version != 0:
        raise FormatError(f"a package database of form {version}", kind=SkipKind.UNSUPPORTED)
    if pages * _SLOT_PAGE > len(data):
        raise FormatError("a package database that is cut off")
    seen = 0
    for at in range(2 * _BLOCK, pages * _SLOT_PAGE, _BLOCK):  # the first two slots are the header
        mark, number, block, blocks = struct.unpack_from("<4sIII", data, at)
        if mark != b"Slot":
            raise FormatError("a page of slots that is none")
        if number == 0:
            continue
        start, room = block * _BLOCK, blocks * _BLOCK
        seen += room
        if room < 32 or start + room > len(data) or seen > len(data):
            raise FormatError("a slot that names more than the file holds")
        mark, same, _, length = struct.unpack_from("<4sIII", data, start)
        if mark != b"BlbS" or same != number or 16 + length + 12 > room:
            raise FormatError("a blob that is none")
        yield data[start + 16 : start + 16 + length]
