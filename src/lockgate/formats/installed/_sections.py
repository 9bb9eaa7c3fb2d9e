"""Where named sections lie in programs: ELF, PE and Mach-O (also those for several processors), each in part.

Formats: elf(5), Microsoft's PE specification, ``mach-o/loader.h``. Only headers are read, within limits; addresses are
translated for Go's older build information, which points at its texts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError

_MOST = 4_096
"""Sections, segments or load commands that are looked at."""
_MAX_NAMES = 1024 * 1024
_MAX_COMMANDS = 4 * 1024 * 1024
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")


@dataclass(frozen=True, slots=True)
class Part:
    """A section, or a segment, whose name is then empty."""

    name: str
    offset: int
    """Where it begins in the file."""
    size: int
    """Bytes in the file."""
    address: int
    """Where it is loaded."""
    writable: bool = False


def parts(file: BinaryIO) -> tuple[Part, ...]:
    """Sections and segments of a program; of one for several processors those of the first. Empty for other files.

    Raises ``FormatError`` for a program whose headers are cut off.
    """
    try:
        head = _at(file, 0, 64)
        if head[:4] == b"\x7fELF":
            return tuple(_elf(file, head))
        if head[:2] == b"MZ":
            return tuple(_pe(file, head))
        if head[:4] in _FAT:
            return tuple(_fat(file, head))
        return tuple(_macho(file, 0))
    except struct.error:
        raise FormatError("a program whose headers are cut off") from None


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset < 0 or offset > 1 << 62:
        raise FormatError("a program whose headers name a place outside of it")
    file.seek(offset)
    return file.read(size)


def _elf(file: BinaryIO, head: bytes) -> Iterator[Part]:
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    if wide:
        segments, sections = struct.unpack_from(order + "QQ", head, 32)
        entry, count, size, many, names = struct.unpack_from(order + "HHHHH", head, 54)
        form = order + "IIQQQQIIQQ"
    else:
        segments, sections = struct.unpack_from(order + "II", head, 28)
        entry, count, size, many, names = struct.unpack_from(order + "HHHHH", head, 42)
        form = order + "IIIIIIIIII"
    if sections and size >= struct.calcsize(form):
        table = _at(file, sections, size * min(many, _MOST))
        rows = [struct.unpack_from(form, table, at * size) for at in range(len(table) // size)]
        texts = b""
        if names < len(rows):
            texts = _at(file, rows[names][4], min(rows[names][5], _MAX_NAMES))
        for row in rows:
            if row[1] != 8:  # SHT_NOBITS takes no room in the file
                name = texts[row[0] : row[0] + 64].partition(b"\0")[0].decode("latin-1") if row[0] < len(texts) else ""
                yield Part(name or "?", row[4], row[5], row[3], bool(row[2] & 1))
    if segments and entry >= (56 if wide else 32):
        table = _at(file, segments, entry * min(count, _MOST))
        for at in range(0, len(table) - entry + 1, entry):
            if wide:
                kind, flags, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", table, at)
            else:
                kind, offset, address, _, length, _, flags = struct.unpack_from(order + "IIIIIII", table, at)
            if kind == 1:  # PT_LOAD
                yield Part("", offset, length, address, bool(flags & 2))


def _pe(file: BinaryIO, head: bytes) -> Iterator[Part]:
    place = struct.unpack_from("<I", head, 60)[0]
    front = _at(file, place, 24)
    if front[:4] != b"PE\0\0":
        return
    count, optional = struct.unpack_from("<H12xH", front, 6)
    magic = struct.unpack_from("<H", _at(file, place + 24, 2))[0]
    base = _at(file, place + 24 + (24 if magic == 0x20B else 28), 8)
    image = struct.unpack_from("<Q" if magic == 0x20B else "<I", base)[0]
    table = _at(file, place + 24 + optional, 40 * min(count, _MOST))
    for at in range(0, len(table) - 39, 40):
        _, address, size, offset = struct.unpack_from("<IIII", table, at + 8)
        flags = struct.unpack_from("<I", table, at + 36)[0]
        name = table[at : at + 8].rstrip(b"\0").decode("latin-1")
        yield Part(name or "?", offset, size, image + address, bool(flags & 0x80000000))


def _fat(file: BinaryIO, head: bytes) -> Iterator[Part]:
    count = struct.unpack_from(">I", head, 4)[0]
    if not 0 < count <= 20:  # a class file of Java begins alike, and has its version there
        return
    offset = struct.unpack_from(">Q" if head[:4] == _FAT[1] else ">I", head, 16)[0]
    yield from _macho(file, offset)


def _macho(file: BinaryIO, start: int) -> Iterator[Part]:
    head = _at(file, start, 32)
    orders = {b"\xfe\xed\xfa\xce": (">", False), b"\xfe\xed\xfa\xcf": (">", True),
              b"\xce\xfa\xed\xfe": ("<", False), b"\xcf\xfa\xed\xfe": ("<", True)}  # fmt: skip
    if head[:4] not in orders:
        return
    order, wide = orders[head[:4]]
    count, size = struct.unpack_from(order + "II", head, 16)
    commands = _at(file, start + (32 if wide else 28), min(size, _MAX_COMMANDS))
    at = 0
    for _ in range(min(count, _MOST)):
        kind, length = struct.unpack_from(order + "II", commands, at)
        if kind in (1, 0x19) and length >= 56:
            yield from _segment(commands[at : at + length], order, start, wide=kind == 0x19)
        if length < 8:
            return
        at += length


def _segment(command: bytes, order: str, start: int, *, wide: bool) -> Iterator[Part]:
    if wide:
        address, _, offset, size, _, protection, many = struct.unpack_from(order + "QQQQIII", command, 24)
        at, step, form = 72, 80, order + "QQI"
    else:
        address, _, offset, size, _, protection, many = struct.unpack_from(order + "IIIIIII", command, 24)
        at, step, form = 56, 68, order + "III"
    yield Part("", start + offset, size, address, bool(protection & 2))
    for place in range(at, min(len(command) - step + 1, at + step * min(many, _MOST)), step):
        name = command[place : place + 16].rstrip(b"\0").decode("latin-1")
        where, length, offset = struct.unpack_from(form, command, place + 32)
        yield Part(name or "?", start + offset, length, where)


def loaded(file: BinaryIO, found: tuple[Part, ...], address: int, size: int) -> bytes:
    """``size`` bytes that are at ``address`` when the program runs; fewer where the file does not have them."""
    for part in found:
        if part.address <= address < part.address + part.size and (part.name == "" or part.address):
            return _at(file, part.offset + address - part.address, min(size, part.address + part.size - address))
    return b""
