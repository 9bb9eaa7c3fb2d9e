"""Writes package databases and programs as the real tools lay them out, for tests of what reads them."""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from pathlib import Path

STRING, STRINGS, INT32 = 6, 8, 4


def rpm_header(
    name: str, version: str, release: str, *, epoch: int | None = None, arch: str = "x86_64", source: str = "",
    licence: str = "MIT", module: str = "", files: tuple[str, ...] = (), padding: int = 0,
) -> bytes:  # fmt: skip
    """A header blob as RPM keeps it in its database."""
    entries: list[tuple[int, int, bytes, int]] = [
        (1000, STRING, name.encode() + b"\0", 1),
        (1001, STRING, version.encode() + b"\0", 1),
        (1002, STRING, release.encode() + b"\0", 1),
        (1014, STRING, licence.encode() + b"\0", 1),
        (1022, STRING, arch.encode() + b"\0", 1),
    ]
    if epoch is not None:
        entries.append((1003, INT32, struct.pack(">I", epoch), 1))
    if source:
        entries.append((1044, STRING, source.encode() + b"\0", 1))
    if module:
        entries.append((5096, STRING, module.encode() + b"\0", 1))
    if padding:
        entries.append((1005, STRING, b"x" * padding + b"\0", 1))
    if files:
        folders = sorted({path.rpartition("/")[0] + "/" for path in files})
        at = [folders.index(path.rpartition("/")[0] + "/") for path in files]
        names = b"".join(path.rpartition("/")[2].encode() + b"\0" for path in files)
        entries.append((1116, INT32, struct.pack(f">{len(at)}I", *at), len(at)))
        entries.append((1117, STRINGS, names, len(files)))
        entries.append((1118, STRINGS, b"".join(one.encode() + b"\0" for one in folders), len(folders)))
    index, data = b"", b""
    for tag, kind, value, count in sorted(entries):
        if kind == INT32:
            data += b"\0" * (-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += value
    return struct.pack(">II", len(entries), len(data)) + index + data


def rpm_sqlite(blobs: list[bytes], folder: Path, *, page_size: int = 4096) -> bytes:
    """``rpmdb.sqlite``, written by SQLite itself."""
    place = folder / f"rpmdb-{page_size}-{len(blobs)}.sqlite"
    connection = sqlite3.connect(place)
    connection.execute(f"PRAGMA page_size={page_size}")
    connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    connection.execute("CREATE TABLE 'Name' (key TEXT, hnum INTEGER, idx INTEGER)")
    connection.executemany("INSERT INTO Packages VALUES (?,?)", enumerate(blobs, 1))
    connection.commit()
    connection.close()
    return place.read_bytes()


def rpm_ndb(blobs: list[bytes]) -> bytes:
    """``Packages.db`` as SUSE's RPM lays it out."""
    pages = -(-(len(blobs) + 2) // 256)
    slots = struct.pack("<4sIII", b"RpmP", 0, 1, pages) + struct.pack("<IIII", len(blobs) + 1, 0, 0, 0)
    body = b""
    start = pages * 4096 // 16
    for number, blob in enumerate(blobs, 1):
        padded = blob + b"\0" * (-(16 + len(blob) + 12) % 16)
        head = struct.pack("<4sIII", b"BlbS", number, 1, len(blob))
        tail = struct.pack("<II4s", zlib.adler32(blob), len(blob), b"BlbE")
        whole = head + padded + tail
        slots += struct.pack("<4sIII", b"Slot", number, start + len(body) // 16, len(whole) // 16)
        body += whole
    slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((pages * 4096 - len(slots)) // 16)
    return slots + body


def rpm_hash(blobs: list[bytes], *, order: str = "<", size: int = 4096) -> bytes:
    """``Packages`` as Berkeley DB lays a hash database out: a page that describes it, then a page a blob and those it
    overflows to; blobs that fit lie in their page."""
    pages: list[bytes] = []
    for number, blob in [(0, struct.pack(order + "I", len(blobs) + 1)), *enumerate(blobs, 1)]:
        key = b"\x01" + struct.pack(order + "I", number)
        first = len(pages) + 2
        small = len(blob) < size // 4
        value = b"\x01" + blob if small else struct.pack(order + "B3xII", 3, first, len(blob))
        key_at = size - len(key)
        value_at = key_at - len(value)
        head = struct.pack(order + "8xIIIHHBB", len(pages) + 1, 0, 0, 2, value_at, 0, 13)
        page = head + struct.pack(order + "HH", key_at, value_at)
        pages.append(page + b"\0" * (value_at - len(page)) + value + key)
        room = size - 26
        chunks = [] if small else [blob[at : at + room] for at in range(0, len(blob), room)]
        for at, chunk in enumerate(chunks):
            following = first + at + 1 if at + 1 < len(chunks) else 0
            head = struct.pack(order + "8xIIIHHBB", first + at, 0, following, 1, len(chunk), 0, 7)
            pages.append((head + chunk).ljust(size, b"\0"))
    meta = struct.pack(order + "8xIIIIBBxxII", 0, 0x00061561, 9, size, 0, 8, 0, len(pages))
    return meta.ljust(size, b"\0") + b"".join(pages)


def elf(sections: dict[str, bytes], *, wide: bool = True, order: str = "<", base: int = 0x400000) -> bytes:
    """A program with these sections, all of them in one segment that is loaded at ``base``."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    head_size = 64 if wide else 52
    body, placed = b"", []
    for name, data in sections.items():
        body += b"\0" * (-(head_size + 56 + len(body)) % 16)
        placed.append((name, head_size + 56 + len(body), len(data)))
        body += data
    placed.append((".shstrtab", head_size + 56 + len(body), len(names)))
    body += names
    body += b"\0" * (-len(body) % 8)
    table_at = head_size + 56 + len(body)
    form = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
    table = struct.pack(form, *[0] * 10)
    for name, offset, length in placed:
        at = names.index(b"\0" + name.encode() + b"\0") + 1
        table += struct.pack(form, at, 1, 3, base + offset, offset, length, 0, 0, 16, 0)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    count = len(placed) + 1
    if wide:
        rest = (2, 62, 1, 0, 64, table_at, 0, 64, 56, 1, 64, count, count - 1)
        head = ident + struct.pack(order + "HHIQQQIHHHHHH", *rest)
        segment = struct.pack(order + "IIQQQQQQ", 1, 6, 0, base, base, table_at, table_at, 4096)
    else:
        rest = (2, 3, 1, 0, 52, table_at, 0, 52, 32, 1, 40, count, count - 1)
        head = ident + struct.pack(order + "HHIIIIIHHHHHH", *rest)
        segment = struct.pack(order + "IIIIIIII", 1, 0, base, base, table_at, table_at, 6, 4096).ljust(56, b"\0")
    return head + segment + body + table


GUARD_BEGIN = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
GUARD_END = bytes.fromhex("f932433186182072008242104116d8f2")


def go_inline(version: str, modules: str) -> bytes:
    """The block that Go writes from 1.18 on."""

    def counted(data: bytes) -> bytes:
        length, head = len(data), b""
        while length >= 0x80:
            head += bytes([length & 0x7F | 0x80])
            length >>= 7
        return head + bytes([length]) + data

    block = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0")
    return block + counted(version.encode()) + counted(GUARD_BEGIN + modules.encode() + GUARD_END if modules else b"")


def rust_audit(packages: list[dict[str, object]]) -> bytes:
    """The section that ``cargo auditable`` writes."""
    return zlib.compress(json.dumps({"packages": packages}).encode())
