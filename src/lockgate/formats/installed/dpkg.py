"""Debian's package database (dpkg-query(1), deb-control(5)): ``var/lib/dpkg/status``, and a file a package in
``status.d/`` as distroless images have it. ``info/*.list`` and ``status.d/*.md5sums`` say which files are whose.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.formats.installed import FAMILY, Content, Installed, Reader, Sibling, text_of
from lockgate.formats.installed._owned import owned
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component, Skip, SkipKind

_STATUS = "var/lib/dpkg/status"
_STATUS_OF_ONE = "var/lib/dpkg/status.d/"
_INFO = "var/lib/dpkg/info/"
_FIELDS = frozenset({"package", "status", "version", "architecture", "source"})
_PRESENT = frozenset({"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"})
"""States in which the files of a package are there (dpkg(1)); of others at most its settings are."""
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9+._-]*\Z")
_SOURCE = lazy_pattern(r"(\S+)(?:\s+\(([^()\s]+)\))?\s*\Z")
_MOST_SKIPS = 20


def _test(path: str) -> bool:
    return path == _STATUS or path.startswith(_STATUS_OF_ONE) or (path.startswith(_INFO) and path.endswith(".list"))


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    text = text_of(content)
    if path.startswith(_INFO):
        return Installed(owned={_package_of(path, ".list"): owned(text.split("\n"))})
    if path.endswith(".md5sums"):
        files = [line.partition("  ")[2] for line in text.split("\n")]
        return Installed(owned={_package_of(path, ".md5sums"): owned(files)})
    components: list[Component] = []
    skips: list[Skip] = []
    for line, entry in _entries(text):
        name, version = entry.get("package", ""), entry.get("version", "")
        state = entry.get("status", "").split()
        if state and state[-1] not in _PRESENT:
            continue
        if _NAME.match(name) is None or not version or " " in version:
            if len(skips) < _MOST_SKIPS:
                reason = "an entry without a name and a version"
                skips.append(Skip(path, SkipKind.MALFORMED, reason, FAMILY, line))
            continue
        components.append(_component(path, line, entry))
    if not components and not skips and text.strip() and path != _STATUS:
        skips.append(Skip(path, SkipKind.MALFORMED, "no entry of a package", FAMILY))
    return Installed(tuple(components), tuple(skips))


def _package_of(path: str, ending: str) -> str:
    return path[path.rfind("/") + 1 :].removesuffix(ending).partition(":")[0]


def _component(path: str, line: int, entry: dict[str, str]) -> Component:
    match = _SOURCE.match(entry.get("source", ""))
    source, version = match.groups() if match else ("", None)
    return Component(
        ecosystem="deb",
        name=entry["package"],
        version=entry["version"],
        path=path,
        line=line,
        source=source or entry["package"],
        source_version=version or entry["version"],
        architecture=entry.get("architecture", ""),
    )


def _entries(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and wanted fields of every paragraph that has any."""
    entry: dict[str, str] = {}
    began = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line == "\r":
            if entry:
                yield began, entry
            entry = {}
            continue
        if line[0] in " \t":  # goes on with a field that is longer than a line, as none of ours is
            continue
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _FIELDS:
            if not entry:
                began = number
            entry[name] = value.strip()
    if entry:
        yield began, entry


READER = Reader(
    folders=("var/lib/dpkg/",),
    test=_test,
    read=_read,
)
