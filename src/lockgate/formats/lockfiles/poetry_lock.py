"""poetry.lock, versions 1 and 2 (https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock).

Poetry writes ``[metadata]`` with a content hash last, so a lock without it was cut. Direct dependencies and groups come
from pyproject.toml beside it.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, listing, mapping, python_name, text
from lockgate.formats.lockfiles._pyproject import direct_names
from lockgate.formats.lockfiles._text import ends_mid_line, load_toml, table_lines
from lockgate.model import Scope, SkipKind


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package."""
    document = load_toml(content)
    collector = Collector(path, "PyPI")
    metadata = mapping(document.get("metadata"))
    if not text(metadata.get("content-hash")) or ends_mid_line(content):
        collector.malformed("no content hash at the end: the file seems cut")
    packages = [mapping(package) for package in listing(document.get("package"))]
    lines = table_lines(content, "package")
    if len(lines) != len(packages):
        lines = [0] * len(packages)
    by_name: dict[str, list[Key]] = {}
    keys: list[Key | None] = []
    for package, line in zip(packages, lines, strict=True):
        name, version = python_name(text(package.get("name"))), text(package.get("version"))
        if not name or not version:
            collector.malformed("a package without name or version", line=line)
            keys.append(None)
            continue
        files = listing(package.get("files")) or listing(mapping(metadata.get("files")).get(text(package.get("name"))))
        key = collector.add(name, version, line=line, scope=_scope(package), hashes=_hashes(files))
        keys.append(key)
        by_name.setdefault(name, []).append(key)
    for package, own in zip(packages, keys, strict=True):
        for name in mapping(package.get("dependencies")) if own else ():
            for target in by_name.get(python_name(name), ()):
                collector.require(own, target)  # type: ignore[arg-type]
    named_by_manifest = direct_names(sibling(f"{folder_of(path)}pyproject.toml"))
    for name, scope in (named_by_manifest or {}).items():
        for target in by_name.get(name, ()):
            collector.name_direct(target, scope)
        if name not in by_name:
            collector.skip(SkipKind.UNRESOLVED, f"pyproject.toml names {name[:80]}, which the lock does not hold")
    return collector.reading(direct_known=named_by_manifest is not None)


def _scope(package: dict[str, Any]) -> Scope | None:
    groups = {text(group) for group in listing(package.get("groups"))} or {text(package.get("category"))} - {""}
    if package.get("optional") is True:
        return Scope.OPTIONAL
    if not groups:
        return None
    return Scope.RUNTIME if "main" in groups else Scope.DEVELOPMENT


def _hashes(files: list[Any]) -> tuple[str, ...]:
    return tuple(text(mapping(file).get("hash")) for file in files if text(mapping(file).get("hash")))


READER = Reader("PyPI", named("poetry.lock"), read)
