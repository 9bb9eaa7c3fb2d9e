"""RPM's package database, in each of its three forms, and the list that distroless images of Azure Linux have in its
place (``var/lib/rpmmanifest/container-manifest-2``, a package a line, fields parted by tabs)."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import FAMILY, Content, Installed, Reader, Sibling, text_of, whole
from lockgate.formats.installed._rpm_header import HeaderError, package_of, source_of
from lockgate.formats.installed._rpm_pages import hash_blobs, ndb_blobs
from lockgate.formats.installed._sqlite_pages import rows
from lockgate.model import Component, Skip, SkipKind

_FOLDERS = ("var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/", "lib/sysimage/rpm/")
_NAMES = ("Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite-wal")
_PATHS = frozenset(folder + name for folder in _FOLDERS for name in _NAMES)
_MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
_MAX_DATABASE = 512 * 1024 * 1024
_MOST_PACKAGES = 100_000
_MOST_SKIPS = 20


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    if path.endswith("-wal"):
        return Installed()  # wanted so that it can be asked for beside the database
    if path == _MANIFEST:
        return _manifest(path, text_of(content))
    components: list[Component] = []
    skips: list[Skip] = []
    files: dict[str, tuple[str, ...]] = {}
    modules: dict[str, str] = {}
    try:
        for blob in _blobs(path, whole(content, _MAX_DATABASE), sibling):
            if len(components) >= _MOST_PACKAGES:
                raise FormatError(f"more than {_MOST_PACKAGES} packages", kind=SkipKind.TOO_LARGE)
            try:
                package = package_of(blob, path)
            except HeaderError as error:
                if len(skips) < _MOST_SKIPS:
                    skips.append(Skip(path, SkipKind.MALFORMED, str(error), FAMILY))
                continue
            if package is not None:
                component, module, mine = package
                components.append(component)
                if module:
                    modules[component.name] = module
                if mine:
                    files[component.name] = mine
    except FormatError as error:  # what was read before is there all the same
        skips.append(Skip(path, error.kind, error.reason, FAMILY))
    return Installed(tuple(sorted(components, key=lambda one: (one.name, one.version))), tuple(skips), files, modules)


def _blobs(path: str, data: bytes, sibling: Sibling) -> Iterator[bytes]:
    if path.endswith("Packages.db"):
        yield from ndb_blobs(data)
    elif path.endswith("Packages"):
        yield from hash_blobs(data)
    else:
        for columns in rows(data, "Packages", sibling(path + "-wal") or b""):
            if columns and isinstance(columns[-1], bytes):
                yield columns[-1]


def _manifest(path: str, text: str) -> Installed:
    components: list[Component] = []
    skips: list[Skip] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        fields = line.rstrip("\r").split("\t")
        if len(fields) < 10 or not fields[0] or "-" not in fields[1]:
            if len(skips) < _MOST_SKIPS:
                skips.append(Skip(path, SkipKind.MALFORMED, "a line without ten fields", FAMILY, number))
            continue
        epoch = int(fields[8]) if fields[8].isascii() and fields[8].isdigit() and len(fields[8]) < 10 else 0
        source, source_version = source_of(fields[9], epoch)
        components.append(
            Component(
                ecosystem="rpm",
                name=fields[0],
                version=f"{epoch}:{fields[1]}" if epoch else fields[1],
                path=path,
                line=number,
                source=source or fields[0],
                source_version=source_version,
                architecture=fields[7],
            )
        )
    return Installed(tuple(components), tuple(skips))


READER = Reader(
    names=frozenset({*_NAMES, "container-manifest-2"}),
    test=lambda path: path in _PATHS or path == _MANIFEST,
    read=_read,
)
