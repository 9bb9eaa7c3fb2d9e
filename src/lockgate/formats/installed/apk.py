"""Alpine's package database ``lib/apk/db/installed``, a letter a field (https://wiki.alpinelinux.org/wiki/Apk_spec)."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.formats.installed import FAMILY, Content, Installed, Reader, Sibling, text_of
from lockgate.formats.installed._owned import owned
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component, Skip, SkipKind

_PATHS = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_NAME = lazy_pattern(r"[A-Za-z0-9.][A-Za-z0-9+._-]*\Z")
_MOST_SKIPS = 20


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    components: list[Component] = []
    skips: list[Skip] = []
    files: dict[str, tuple[str, ...]] = {}
    for line, entry, paths in _entries(text_of(content)):
        name, version = entry.get("P", ""), entry.get("V", "")
        if _NAME.match(name) is None or not version or " " in version:
            if len(skips) < _MOST_SKIPS:
                reason = "an entry without a name and a version"
                skips.append(Skip(path, SkipKind.MALFORMED, reason, FAMILY, line))
            continue
        components.append(
            Component(
                ecosystem="apk",
                name=name,
                version=version,
                path=path,
                line=line,
                licence=entry.get("L", ""),
                source=entry.get("o", "") or name,
                source_version=version,  # every package of an origin has its version
                architecture=entry.get("A", ""),
            )
        )
        mine = owned(paths)
        if mine:
            files[name] = mine
    return Installed(tuple(components), tuple(skips), files)


def _entries(text: str) -> Iterator[tuple[int, dict[str, str], list[str]]]:
    """Line, fields of one letter and files of every paragraph that has fields."""
    entry: dict[str, str] = {}
    files: list[str] = []
    folder = ""
    began = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line == "\r":
            if entry:
                yield began, entry, files
            entry, files, folder = {}, [], ""
            continue
        if line[1:2] != ":":
            continue
        letter, value = line[0], line[2:].rstrip("\r")
        if letter == "F":
            folder = value
        elif letter == "R":
            files.append(f"{folder}/{value}" if folder else value)
        elif letter in "PVAoL":
            if not entry:
                began = number
            entry.setdefault(letter, value.strip())
    if entry:
        yield began, entry, files


READER = Reader(
    names=frozenset({"installed"}),
    test=lambda path: path in _PATHS,
    read=_read,
)
