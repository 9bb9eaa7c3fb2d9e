"""pdm.lock, versions 4 (https://pdm-project.org/latest/usage/lockfile/); direct names from pyproject.toml beside it."""

from __future__ import annotations

from typing import Any

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, listing, mapping, python_name, text
from lockgate.formats.lockfiles._pyproject import direct_names
from lockgate.formats.lockfiles._text import ends_mid_line, load_toml, table_lines
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

_NAME = lazy_pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package; one that stands twice, with extras and without, once."""
    document = load_toml(content)
    collector = Collector(path, "PyPI")
    if not text(mapping(document.get("metadata")).get("content_hash")) or ends_mid_line(content):
        collector.malformed("no content hash, or the last line has no end: the file seems cut")
    groups = listing(mapping(document.get("metadata")).get("groups"))
    if not listing(document.get("package")):
        collector.malformed("no package: the file seems cut")
    packages = [mapping(package) for package in listing(document.get("package"))]
    lines = table_lines(content, "package")
    if len(lines) != len(packages):
        lines = [0] * len(packages)
    by_name: dict[str, list[Key]] = {}
    placed: list[tuple[Key, dict[str, Any], int]] = []
    for package, line in zip(packages, lines, strict=True):
        name, version = python_name(text(package.get("name"))), text(package.get("version"))
        if not name or not version:
            collector.malformed("a package without name or version", line=line)
            continue
        hashes = [text(mapping(file).get("hash")) for file in listing(package.get("files"))]
        key = collector.add(name, version, line=line, scope=_scope(package), hashes=filter(None, hashes))
        by_name.setdefault(name, []).append(key)
        placed.append((key, package, line))
    for key, package, line in placed:
        for wish in listing(package.get("dependencies")):
            match = _NAME.match(text(wish))
            for target in by_name.get(python_name(match.group(1)), ()) if match else ():
                collector.require(key, target)
            if match and python_name(match.group(1)) not in by_name and ";" not in text(wish):
                collector.dangling(key[0], match.group(1), line=line)
    wanted = direct_names(sibling(f"{folder_of(path)}pyproject.toml"))
    for name, scope in (wanted or {}).items():
        for target in by_name.get(name, ()):
            collector.name_direct(target, scope)
        if name not in by_name and (scope is Scope.RUNTIME or (scope is Scope.DEVELOPMENT and len(groups) > 1)):
            collector.skip(SkipKind.UNRESOLVED, f"pyproject.toml names {name[:80]}, which the lock does not hold")
    return collector.reading(direct_known=wanted is not None)


def _scope(package: dict[str, Any]) -> Scope | None:
    groups = {text(group) for group in listing(package.get("groups"))}
    if not groups:
        return None
    return Scope.RUNTIME if "default" in groups else Scope.DEVELOPMENT


READER = Reader("PyPI", named("pdm.lock"), read)
