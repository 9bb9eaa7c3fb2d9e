"""Cargo.toml without a Cargo.lock beside or above it: ranges, unless written ``=1.2.3``."""

from __future__ import annotations

from typing import Any

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, folder_of, mapping, text
from lockgate.formats.lockfiles._text import load_toml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

MAX_FOLDERS = 30
_GROUPS = (
    ("dependencies", Scope.RUNTIME),
    ("build-dependencies", Scope.BUILD),
    ("dev-dependencies", Scope.DEVELOPMENT),
)
_EXACT = lazy_pattern(r"=\s*(\d+\.\d+\.\d+[\w.+-]*)")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every named crate that is not a folder; nothing when a lock above names this package as its own."""
    document = load_toml(content)
    collector = Collector(path, "crates.io")
    if _is_locked_above(path, text(mapping(document.get("package")).get("name")), sibling):
        return collector.reading(direct_known=True)
    tables = [document, *(mapping(table) for table in mapping(document.get("target")).values())]
    inherited = mapping(mapping(document.get("workspace")).get("dependencies"))
    for group, scope in _GROUPS:
        for table in tables:
            for name, stated in mapping(table.get(group)).items():
                _crate(collector, name, stated, scope)
    for name, stated in inherited.items():
        _crate(collector, name, stated, Scope.RUNTIME)
    return collector.reading(direct_known=True)


def _crate(collector: Collector, name: str, stated: Any, scope: Scope) -> None:
    table = mapping(stated)
    if "path" in table or table.get("workspace") is True:
        return
    name, wish = text(table.get("package")) or name, text(stated) or text(table.get("version"))
    match = _EXACT.fullmatch(wish.strip())
    if match is None:
        collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has a range, and no lock beside it")
    own = Scope.OPTIONAL if table.get("optional") is True else scope
    collector.add(name, match.group(1) if match else "", direct=True, scope=own, requirement=wish[:200])


def _is_locked_above(path: str, name: str, sibling: Sibling) -> bool:
    folder = folder_of(path)
    stated = f'name = "{name}"'.encode()
    for _ in range(MAX_FOLDERS):
        if not folder or not name:
            return False
        folder = folder_of(folder[:-1])
        lock = sibling(f"{folder}Cargo.lock")
        if lock is not None:
            return stated in lock
    return False


READER = Reader("crates.io", named("Cargo.toml"), read, lock=False)
