"""uv.lock, version 1 (https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile).

Packages whose source is ``virtual``, ``editable`` or ``directory`` are the project's own: what they name is direct.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import (
    Collector,
    Key,
    Sibling,
    folder_of,
    join,
    listing,
    mapping,
    python_name,
    text,
)
from lockgate.formats.lockfiles._text import ends_mid_line, load_toml, table_lines
from lockgate.model import Scope, SkipKind

_OWN = ("virtual", "editable", "directory")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package that comes from elsewhere."""
    del sibling
    document = load_toml(content)
    if document.get("version") != 1:
        raise FormatError("a lock version that is not 1", 1, kind=SkipKind.UNSUPPORTED)
    collector = Collector(path, "PyPI")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    packages = [mapping(package) for package in listing(document.get("package"))]
    lines = table_lines(content, "package")
    if len(lines) != len(packages):
        lines = [0] * len(packages)
    by_name: dict[str, list[Key]] = {}
    own_names: set[str] = set()
    placed: list[tuple[Key, dict[str, Any], int]] = []
    own: list[dict[str, Any]] = []
    for package, line in zip(packages, lines, strict=True):
        name, version = python_name(text(package.get("name"))), text(package.get("version"))
        source = mapping(package.get("source"))
        if any(kind in source for kind in _OWN):
            own.append(package)
            own_names.add(name)
            _cover(collector, source)
        elif not name or not version or not source:
            collector.malformed("a package without name, version or source", line=line)
        else:
            key = collector.add(name, version, line=line, hashes=_hashes(package))
            by_name.setdefault(name, []).append(key)
            placed.append((key, package, line))
    manifest = mapping(document.get("manifest"))
    if not own and not manifest:
        collector.malformed("no package of the project itself: the file seems cut")
    for key, package, line in placed:
        for wish in _wishes(package, "dependencies", "optional-dependencies"):
            targets = _targets(wish, by_name)
            for target in targets:
                collector.require(key, target)
            if not targets and python_name(text(wish.get("name"))) not in own_names:
                collector.dangling(key[0], text(wish.get("name")), line=line)
    for package in own:
        _roots(collector, package, by_name, own_names)
    # A workspace root that is no package keeps what it names here; constraints and overrides require nothing.
    named_here = {
        "dependencies": manifest.get("requirements"),
        "dev-dependencies": manifest.get("dependency-groups"),
    }
    _roots(collector, named_here, by_name, own_names)
    collector.refuse_orphans()
    return collector.reading(direct_known=True)


def _roots(collector: Collector, package: dict[str, Any], by_name: dict[str, list[Key]], own: set[str]) -> None:
    for group, scope in (
        ("dependencies", Scope.RUNTIME),
        ("optional-dependencies", Scope.OPTIONAL),
        ("dev-dependencies", Scope.DEVELOPMENT),
    ):
        for wish in _wishes(package, group):
            targets = _targets(wish, by_name)
            for target in targets:
                collector.name_direct(target, scope)
            if not targets and python_name(text(wish.get("name"))) not in own:
                collector.dangling(text(package.get("name")), text(wish.get("name")))


def _wishes(package: dict[str, Any], *groups: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for group in groups:
        table = package.get(group)
        lists = [table] if isinstance(table, list) else list(mapping(table).values())
        found.extend(mapping(wish) for wishes in lists for wish in listing(wishes))
    return found


def _targets(wish: dict[str, Any], by_name: dict[str, list[Key]]) -> list[Key]:
    """A wish names a version only where the lock holds several."""
    keys = by_name.get(python_name(text(wish.get("name"))), [])
    version = text(wish.get("version"))
    return [key for key in keys if not version or key[1] == version]


def _cover(collector: Collector, source: dict[str, Any]) -> None:
    folder = join(folder_of(collector.path), next((text(source[kind]) for kind in _OWN if kind in source), "."))
    if folder is not None:
        collector.covers.append(folder)


def _hashes(package: dict[str, Any]) -> tuple[str, ...]:
    files = [mapping(package.get("sdist")), *(mapping(wheel) for wheel in listing(package.get("wheels")))]
    return tuple(text(file.get("hash")) for file in files if text(file.get("hash")))


READER = Reader("PyPI", named("uv.lock"), read)
