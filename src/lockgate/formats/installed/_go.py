"""What Go writes into a program about how it was built (the source of Go's package ``debug/buildinfo``).

A block of 32 bytes that begins with a mark and is aligned to 16. From Go 1.18 on the texts follow it, each with its
length before it; older ones are pointed at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.formats.installed._sections import Part, loaded
from lockgate.formats.purl import purl
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component

_MARK = b"\xff Go buildinf:"
_NAMED = (".go.buildinfo", "__go_buildinfo")
_MAX_SEARCH = 16 * 1024 * 1024
_MAX_TEXT = 4 * 1024 * 1024
_MOST_MODULES = 20_000
_INLINE, _BIG = 2, 1
_GUARD = 16
"""Bytes around the list of modules that only mark it in memory."""
_VERSION = lazy_pattern(r"v?[0-9][0-9A-Za-z.+_-]*\Z")
_GO = lazy_pattern(r"go([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:(?:rc|beta)[0-9]+)?)")
_STAMPED = lazy_pattern(r"-X[ =]['\"]?[A-Za-z0-9_./-]*\.[A-Za-z]*[vV]ersion=v?([0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*)")


@dataclass(slots=True)
class _Module:
    path: str
    version: str


def components(file: BinaryIO, found: tuple[Part, ...], path: str) -> Iterator[Component]:
    """The main module, its modules as they were replaced, and the standard library; nothing for other programs."""
    texts = _texts(file, found)
    if texts is None:
        return
    version, listing = texts
    main, modules, settings = _modules(listing)
    if main is not None and main.path:
        stated = main.version if _VERSION.match(main.version) else _stamped(settings)
        yield _component(main.path, stated, path, direct=None)
    for module in modules:
        yield _component(module.path, module.version, path, direct=None)
    go = _GO.match(version)
    if go is not None:
        yield _component("stdlib", go.group(1), path, direct=None)


def _component(name: str, version: str, path: str, *, direct: bool | None) -> Component:
    version = version.removeprefix("v")
    url = purl("Go", name, "" if not version else version if name == "stdlib" else f"v{version}")
    return Component("Go", name, version, path, direct=direct, purl=url)


def _texts(file: BinaryIO, found: tuple[Part, ...]) -> tuple[str, str] | None:
    for part in _places(found):
        file.seek(part.offset)
        data = file.read(min(part.size, _MAX_SEARCH))
        at = data.find(_MARK)
        while at >= 0 and (part.offset + at) % 16 and at % 16:
            at = data.find(_MARK, at + 1)
        if at < 0 or at + 32 > len(data):
            continue
        size, flags = data[at + 14], data[at + 15]
        if flags & _INLINE:
            file.seek(part.offset + at + 32)
            return _inline(file.read(_MAX_TEXT))
        if size in (4, 8):
            return _pointed(file, found, data[at : at + 32], size, ">" if flags & _BIG else "<")
    return None


def _places(found: tuple[Part, ...]) -> list[Part]:
    """Where the block may be: the section made for it, else what is loaded for writing first."""
    named = [part for part in found if part.name in _NAMED]
    return named or [part for part in found if part.writable or part.name in (".data", "__data")][:4]


def _inline(data: bytes) -> tuple[str, str] | None:
    version, at = _counted(data, 0)
    listing, _ = _counted(data, at)
    return (version.decode("utf-8", "replace"), _unguarded(listing)) if version else None


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    length = shift = 0
    while at < len(data) and shift < 35:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return data[at : at + length], at + length
    return b"", at


def _pointed(file: BinaryIO, found: tuple[Part, ...], block: bytes, size: int, order: str) -> tuple[str, str] | None:
    form = order + ("Q" if size == 8 else "I")

    def text(at: int) -> bytes:
        header = loaded(file, found, struct.unpack_from(form, block, at)[0], 2 * size)
        if len(header) < 2 * size:
            return b""
        address, length = struct.unpack(form + form[1:], header)
        return loaded(file, found, address, min(length, _MAX_TEXT))

    version = text(16)
    return (version.decode("utf-8", "replace"), _unguarded(text(16 + size))) if version else None


def _unguarded(listing: bytes) -> str:
    if len(listing) >= 2 * _GUARD + 1 and listing[-_GUARD - 1 : -_GUARD] == b"\n":
        return listing[_GUARD:-_GUARD].decode("utf-8", "replace")
    return ""


def _modules(listing: str) -> tuple[_Module | None, list[_Module], str]:
    """The main module, the others, and the flags of the linker."""
    main: _Module | None = None
    modules: list[_Module] = []
    last: _Module | None = None
    flags = ""
    for line in listing.split("\n"):
        kind, *fields = line.split("\t")
        if kind == "mod" and len(fields) >= 2:
            main = last = _Module(fields[0], fields[1])
        elif kind == "dep" and len(fields) >= 2 and len(modules) < _MOST_MODULES:
            last = _Module(fields[0], fields[1] if _VERSION.match(fields[1]) else "")
            modules.append(last)
        elif kind == "=>" and len(fields) >= 2 and last is not None:
            # What was built is the replacement; a folder has no version, and what is in it is not the module's own.
            last.path, last.version = (fields[0], fields[1]) if _VERSION.match(fields[1]) else (last.path, "")
        elif kind == "build" and fields and fields[0].startswith("-ldflags="):
            flags = fields[0]
    return main, [one for one in modules if one.path], flags


def _stamped(flags: str) -> str:
    """The version that the linker was told to write into a variable, where it was told one alone."""
    found = set(_STAMPED.findall(flags.replace('\\"', '"')))
    return found.pop() if len(found) == 1 else ""
