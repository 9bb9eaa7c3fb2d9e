"""Zip archives of unknown origin, read in place (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).

The standard library's reader makes an object of every entry before the first can be asked about, and inflates without a
limit; here entries are counted while they are read, and of a member no more is inflated than was asked for.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

_END = b"PK\x05\x06"
_END_64_PLACE = b"PK\x06\x07"
_END_64 = b"PK\x06\x06"
_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_HEAD = struct.Struct("<4s4xHH8xIIHHH8xI")
"""Of an entry: mark, flags, method, packed and plain size, lengths of name, extra and comment, place."""
_MAX_COMMENT = 65_535
_MAX_DIRECTORY = 64 * 1024 * 1024
MAX_ENTRIES = 200_000
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    """With forward slashes, as the archive has it: never a path to write to."""
    size: int
    """Bytes, as the archive states them."""
    _method: int
    _packed: int
    _at: int
    _encrypted: bool


def members(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """The files of an archive whose names are wanted, in the order of its directory. Raises ``FormatError``."""
    start, size, shift = _directory(file)
    if size > _MAX_DIRECTORY:
        raise FormatError(f"an archive with a directory of more than {_MAX_DIRECTORY} bytes", kind=SkipKind.TOO_LARGE)
    file.seek(start)
    data = file.read(size)
    at = count = 0
    while at + _HEAD.size <= len(data):
        mark, flags, method, packed, plain, length, more, comment, offset = _HEAD.unpack_from(data, at)
        if mark != _ENTRY:
            break
        start = at + _HEAD.size
        at = start + length + more + comment
        count += 1
        if count > MAX_ENTRIES:
            raise FormatError(f"an archive of more than {MAX_ENTRIES} files", kind=SkipKind.TOO_LARGE)
        name = data[start : start + length].decode("utf-8", "replace").replace("\\", "/")
        if wanted(name):
            extra = data[start + length : start + length + more]
            plain, packed, offset = _wide(extra, plain, packed, offset)
            yield Member(name, plain, method, packed, offset + shift, bool(flags & 1))
    if at < len(data):
        raise FormatError("an archive whose directory is cut off")


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """Where the directory lies, its size, and by how much the archive is moved (a script before it, as executable jars
    of Spring Boot have)."""
    length = file.seek(0, io.SEEK_END)
    tail = min(length, _MAX_COMMENT + 22)
    file.seek(length - tail)
    data = file.read(tail)
    at = data.rfind(_END)
    if at < 0 or at + 22 > len(data):
        raise FormatError("no zip archive, or one that is cut off")
    size, offset = struct.unpack_from("<II", data, at + 12)
    end = length - tail + at
    if at >= 20 and data[at - 20 : at - 16] == _END_64_PLACE:
        file.seek(max(end - 20 - 56, 0))
        record = file.read(56)
        if record[:4] != _END_64 or len(record) < 56:
            raise FormatError("an archive whose end is of an unknown form", kind=SkipKind.UNSUPPORTED)
        size, offset = struct.unpack_from("<QQ", record, 40)
        end -= 20 + 56
    start = end - size
    if start < 0 or start < offset:
        raise FormatError("an archive whose directory lies outside of it")
    return start, size, start - offset


def _wide(extra: bytes, plain: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and place, where they are too large for 32 bits and stand in an extra field."""
    full = 0xFFFFFFFF
    if full not in (plain, packed, offset):
        return plain, packed, offset
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            values = [next(numbers, one) if one == full else one for one in (plain, packed, offset)]
            return values[0], values[1], values[2]
        at += 4 + length
    return plain, packed, offset


def content(file: BinaryIO, member: Member, limit: int) -> bytes:
    """A member's bytes. Raises ``FormatError`` for more than ``limit`` of them, and for what cannot be unpacked."""
    if member._encrypted:
        raise FormatError("an encrypted member", kind=SkipKind.UNSUPPORTED)
    if member._method not in (0, 8):
        raise FormatError("a member packed in a way that jars are not", kind=SkipKind.UNSUPPORTED)
    if member.size > limit:
        raise _too_large(limit)
    file.seek(member._at)
    head = file.read(30)
    if len(head) < 30 or head[:4] != _LOCAL:
        raise FormatError("a member that is not where the archive says")
    name_length, extra_length = struct.unpack_from("<HH", head, 26)
    file.seek(member._at + 30 + name_length + extra_length)
    if member._method == 0:
        if member._packed > limit:
            raise _too_large(limit)
        return file.read(member._packed)
    return _inflated(file, member._packed, limit)


def _inflated(file: BinaryIO, packed: int, limit: int) -> bytes:
    opened = zlib.decompressobj(-15)
    parts: list[bytes] = []
    held = 0
    try:
        while packed > 0 and not opened.eof:
            chunk = file.read(min(packed, _CHUNK))
            if not chunk:
                break
            packed -= len(chunk)
            parts.append(opened.decompress(chunk, limit - held + 1))
            held += len(parts[-1])
            if held > limit or opened.unconsumed_tail:
                raise _too_large(limit)
    except zlib.error:
        raise FormatError("a member that cannot be unpacked") from None
    if not opened.eof:
        raise FormatError("a member that is cut off")
    return b"".join(parts)


def _too_large(limit: int) -> FormatError:
    return FormatError(f"a member of more than {limit} bytes", kind=SkipKind.TOO_LARGE)
