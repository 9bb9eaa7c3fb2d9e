"""The header of an installed RPM package, as the database keeps it (rpm's ``docs/manual/hregions.md``, ``tags.md``).

Two big-endian numbers (entries, bytes of data), then 16 bytes an entry (tag, type, offset, count), then the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from lockgate.formats.installed._owned import merged, worth
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component

_MOST_ENTRIES = 10_000
_MOST_FILES = 500_000
_STRING, _STRINGS, _I18N, _INT32 = 6, 8, 9, 4
_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE, _ARCH, _SOURCE = 1000, 1001, 1002, 1003, 1014, 1022, 1044
_DIR_INDEXES, _BASE_NAMES, _DIR_NAMES, _MODULE = 1116, 1117, 1118, 5096
_WANTED = frozenset(
    {_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE, _ARCH, _SOURCE, _DIR_INDEXES, _BASE_NAMES, _DIR_NAMES, _MODULE}
)
_PLAIN = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9+._-]*\Z")
_SOURCE_FILE = lazy_pattern(r"(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm\Z")
_Entries = dict[int, tuple[int, int, int]]
"""Type, offset into the data and count by tag."""


class HeaderError(ValueError):
    """Bytes that are no header."""


def package_of(blob: bytes, path: str) -> tuple[Component, str, tuple[str, ...]] | None:
    """The package, the module stream that it is part of (``nodejs:18:...``, mostly none), and those of its files that
    are worth remembering; None for a key, which is kept as a package.

    Raises ``HeaderError``.
    """
    entries, data = _index(blob)
    name, version, release = (_text(entries, data, tag) for tag in (_NAME, _VERSION, _RELEASE))
    if name == "gpg-pubkey":
        return None
    if _PLAIN.match(name) is None or not version or not release or any(mark in version + release for mark in " \n\t"):
        raise HeaderError("a package without a name, a version or a release")
    epoch = _numbers(entries, data, _EPOCH, most=1)
    architecture = _text(entries, data, _ARCH)
    source, source_version = source_of(_text(entries, data, _SOURCE), epoch[0] if epoch else 0)
    component = Component(
        ecosystem="rpm",
        name=name,
        version=f"{epoch[0]}:{version}-{release}" if epoch and epoch[0] else f"{version}-{release}",
        path=path,
        licence=_text(entries, data, _LICENCE),
        source=source or name,
        source_version=source_version,
        architecture=architecture,
    )
    return component, _text(entries, data, _MODULE), _files(entries, data)


def source_of(file: str, epoch: int = 0) -> tuple[str, str]:
    """Name and version of a source package by the name of its file; the file's name leaves the epoch out, which is
    that of its packages in all but a few. Empty texts where it is no such name."""
    match = _SOURCE_FILE.match(file)
    if match is None:
        return "", ""
    name, version, release = match.groups()
    return name, f"{epoch}:{version}-{release}" if epoch else f"{version}-{release}"


def _index(blob: bytes) -> tuple[_Entries, bytes]:
    if len(blob) < 8:
        raise HeaderError("a header of less than 8 bytes")
    count, size = struct.unpack_from(">II", blob)
    end = 8 + 16 * count + size
    if count > _MOST_ENTRIES or end > len(blob):
        raise HeaderError("a header that is cut off")
    entries: _Entries = {}
    for tag, kind, offset, many in struct.iter_unpack(">IIII", memoryview(blob)[8 : 8 + 16 * count]):
        if tag in _WANTED and offset < size:
            entries.setdefault(tag, (kind, offset, many))
    return entries, blob[8 + 16 * count : end]


def _text(entries: _Entries, data: bytes, tag: int) -> str:
    kind, offset, _ = entries.get(tag, (0, 0, 0))
    if kind not in (_STRING, _I18N, _STRINGS):
        return ""
    end = data.find(b"\0", offset)  # not by splitting: the names of all files may stand behind it
    return data[offset : end if end >= 0 else None].decode("utf-8", "replace")


def _strings(data: bytes, offset: int, count: int) -> list[str]:
    """Each ends in a zero byte."""
    return [part.decode("utf-8", "replace") for part in data[offset:].split(b"\0", count)[:count]]


def _numbers(entries: _Entries, data: bytes, tag: int, *, most: int) -> tuple[int, ...]:
    kind, offset, count = entries.get(tag, (0, 0, 0))
    count = min(count, most, (len(data) - offset) // 4)
    return struct.unpack_from(f">{count}I", data, offset) if kind == _INT32 and count > 0 else ()


def _files(entries: _Entries, data: bytes) -> tuple[str, ...]:
    kind, offset, count = entries.get(_BASE_NAMES, (0, 0, 0))
    folder_kind, folder_offset, folder_count = entries.get(_DIR_NAMES, (0, 0, 0))
    if kind != _STRINGS or folder_kind != _STRINGS or max(count, folder_count) > _MOST_FILES:
        return ()
    names = _strings(data, offset, count)
    folders = _strings(data, folder_offset, folder_count)
    indexes = _numbers(entries, data, _DIR_INDEXES, most=_MOST_FILES)
    return tuple(sorted({merged(path) for path in _joined(names, folders, indexes) if worth(path)}))


def _joined(names: list[str], folders: list[str], indexes: tuple[int, ...]) -> Iterable[str]:
    for name, at in zip(names, indexes, strict=False):
        if at < len(folders):
            yield folders[at] + name
