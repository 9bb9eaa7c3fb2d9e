"""Rows of one table of a SQLite database (https://www.sqlite.org/fileformat2.html), read page by page.

A file of an image is not handed to SQLite, which would run the views and triggers in its schema; and this needs
no file on a disk. Only what a table of numbers and blobs takes is read: no indexes, no encodings of text but UTF-8.
What is committed in the write-ahead log beside it counts, as for a reader of SQLite.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

_MAGIC = b"SQLite format 3\0"
_LEAF, _INTERIOR = 13, 5
_DEEPEST = 20
_MOST_COLUMNS = 100
_LOG_MAGICS = (0x377F0682, 0x377F0683)
Value = int | bytes | None


class Pages:
    """The pages of a database."""

    def __init__(self, data: bytes, log: bytes = b"") -> None:
        """Raises ``FormatError`` for bytes that are no database. A log of another database or form says nothing."""
        if data[:16] != _MAGIC or len(data) < 100:
            raise FormatError("no SQLite database")
        size = struct.unpack_from(">H", data, 16)[0]
        self.size: int = 65536 if size == 1 else size
        if self.size < 512 or self.size & (self.size - 1):
            raise FormatError("a SQLite database whose pages have no size")
        self.usable = self.size - data[20]
        if self.usable < 480:
            raise FormatError("a SQLite database whose pages have no room")
        self._data = data
        self._newer, self._count = _committed(log, self.size)
        self._count = self._count or len(data) // self.size

    def page(self, number: int) -> bytes:
        """Page ``number``, from 1. Raises ``FormatError`` where there is none."""
        newer = self._newer.get(number)
        if newer is not None:
            return newer
        start = (number - 1) * self.size
        page = self._data[start : start + self.size]
        if number < 1 or len(page) < self.size:
            raise FormatError("a database that is cut off")
        return page

    @property
    def most(self) -> int:
        """Pages that there can be: what bounds every walk."""
        return max(self._count, len(self._data) // self.size) + len(self._newer)


def _committed(log: bytes, size: int) -> tuple[dict[int, bytes], int]:
    """Pages of a write-ahead log up to its last commit, and how many pages the database has then."""
    if len(log) < 32:
        return {}, 0
    magic, _, log_size = struct.unpack_from(">III", log)
    if magic not in _LOG_MAGICS or log_size != size:
        return {}, 0
    salts = log[16:24]
    newer: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    count = 0
    for start in range(32, len(log) - size - 23, size + 24):
        number, after = struct.unpack_from(">II", log, start)
        if log[start + 8 : start + 16] != salts:
            break
        waiting[number] = log[start + 24 : start + 24 + size]
        if after:
            newer.update(waiting)
            waiting, count = {}, after
    return newer, count


def rows(data: bytes, table: str, log: bytes = b"") -> Iterator[list[Value]]:
    """The columns of every row of ``table``; a text is its bytes, the row's number stands where a column is its alias
    as None. Raises ``FormatError``."""
    pages = Pages(data, log)
    for columns in _table(pages, 1):
        if columns[:2] == [b"table", table.encode()] and len(columns) > 3 and isinstance(columns[3], int):
            yield from _table(pages, columns[3])
            return
    raise FormatError(f"a SQLite database without the table {table}", kind=SkipKind.UNSUPPORTED)


def _table(pages: Pages, root: int) -> Iterator[list[Value]]:
    """Rows below a page, in order. Each page is seen once, so a ring of pages ends."""
    left = [(root, 0)]
    seen: set[int] = set()
    while left:
        number, depth = left.pop()
        if number in seen or depth > _DEEPEST:
            raise FormatError("a database whose pages name each other")
        seen.add(number)
        page = pages.page(number)
        head = 100 if number == 1 else 0
        kind, count = page[head], struct.unpack_from(">H", page, head + 3)[0]
        start = head + (12 if kind == _INTERIOR else 8)
        if kind not in (_LEAF, _INTERIOR) or start + 2 * count > len(page):
            raise FormatError("a page that is none of a table")
        cells = struct.unpack_from(f">{count}H", page, start)
        if kind == _INTERIOR:
            below = [_number(page, cell) for cell in cells] + [struct.unpack_from(">I", page, head + 8)[0]]
            left.extend((child, depth + 1) for child in reversed(below))
            continue
        for cell in cells:
            yield _columns(_payload(pages, page, cell))


def _number(page: bytes, at: int) -> int:
    if at + 4 > len(page):
        raise FormatError("a cell outside of its page")
    return int(struct.unpack_from(">I", page, at)[0])


def _payload(pages: Pages, page: bytes, at: int) -> bytes:
    length, at = _varint(page, at)
    _, at = _varint(page, at)  # the number of the row
    usable = pages.usable
    if length > pages.most * pages.size:
        raise FormatError("a row larger than the file")
    if length <= usable - 35:
        return _held(page, at, length)
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = local if local <= usable - 35 else least
    parts = [_held(page, at, local)]
    following, missing = _number(page, at + local), length - local
    for _ in range(pages.most):
        if missing <= 0:
            return b"".join(parts)
        over = pages.page(following)
        following = _number(over, 0)
        parts.append(over[4 : 4 + min(missing, usable - 4)])
        missing -= usable - 4
    if missing <= 0:
        return b"".join(parts)
    raise FormatError("a row whose pages name each other")


def _held(page: bytes, at: int, length: int) -> bytes:
    if at + length > len(page):
        raise FormatError("a cell outside of its page")
    return page[at : at + length]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(9):
        if at >= len(data):
            raise FormatError("a cell outside of its page")
        byte = data[at]
        at += 1
        if count == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _columns(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < end and len(kinds) < _MOST_COLUMNS:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    at = end
    for kind in kinds:
        width = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind] if kind < 10 else (kind - 12) // 2
        if width < 0 or at + width > len(payload):
            raise FormatError("a row that is cut off")
        held = payload[at : at + width]
        at += width
        if 1 <= kind <= 6:
            values.append(int.from_bytes(held, "big", signed=True))
        elif kind in (8, 9):
            values.append(kind - 8)
        else:
            values.append(held if kind >= 12 else None)
    return values
