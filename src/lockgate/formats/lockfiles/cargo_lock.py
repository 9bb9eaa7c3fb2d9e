"""Cargo.lock, versions 1 to 4 (https://doc.rust-lang.org/cargo/reference/resolver.html).

Packages without a source are the workspace's own: what they name is direct. Which of it is for development or the build
only their Cargo.toml says; the one beside the lock is asked.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, listing, mapping, text
from lockgate.formats.lockfiles._text import ends_mid_line, load_toml, table_lines
from lockgate.model import Scope

_GROUPS = (
    ("dev-dependencies", Scope.DEVELOPMENT),
    ("build-dependencies", Scope.BUILD),
    ("dependencies", Scope.RUNTIME),
)


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package that comes from a registry or a repository."""
    document = load_toml(content)
    collector = Collector(path, "crates.io")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    packages = [mapping(package) for package in listing(document.get("package"))]
    own = [package for package in packages if "source" not in package]
    own.extend([mapping(document["root"])] if "root" in document else [])  # version 1 of old
    if not own:
        collector.malformed("no package of the workspace itself: the file seems cut")
    lines = table_lines(content, "package")
    if len(lines) != len(packages):
        lines = [0] * len(packages)
    sums = mapping(document.get("metadata"))
    by_name: dict[str, list[Key]] = {}
    placed: list[tuple[Key, dict[str, Any], int]] = []
    own_names = {text(package.get("name")) for package in own}
    for package, line in zip(packages, lines, strict=True):
        name, version = text(package.get("name")), text(package.get("version"))
        if not name or not version:
            collector.malformed("a package without name or version", line=line)
        elif "source" in package:
            source = text(package["source"])
            digest = text(package.get("checksum")) or text(sums.get(f"checksum {name} {version} ({source})"))
            if source.startswith("registry+") and not digest and not sums:
                collector.malformed("a package of a registry without checksum", line=line)
            hashes = (f"sha256:{digest}",) if digest and digest != "<none>" else ()
            key = collector.add(name, version, line=line, hashes=hashes)
            by_name.setdefault(name, []).append(key)
            placed.append((key, package, line))
    for key, package, line in placed:
        for target in _targets(collector, package, by_name, own_names, line):
            collector.require(key, target)
    manifest = _manifest(sibling(f"{folder_of(path)}Cargo.toml"))
    scopes = _scopes(manifest)
    named_package = text(mapping(manifest.get("package")).get("name"))
    if named_package and named_package not in own_names:
        collector.malformed("the package of Cargo.toml is not in the file, which seems cut or stale")
    for package in own:
        for target in _targets(collector, package, by_name, own_names, 0):
            collector.name_direct(target, scopes.get(target[0], Scope.RUNTIME))
    collector.refuse_orphans()
    return collector.reading(direct_known=True)


def _targets(
    collector: Collector, package: dict[str, Any], by_name: dict[str, list[Key]], own: set[str], line: int
) -> list[Key]:
    """A dependency is ``name``, ``name version`` or ``name version (source)``."""
    found: list[Key] = []
    for wish in listing(package.get("dependencies")):
        words = text(wish).split(" ")
        keys = [key for key in by_name.get(words[0], ()) if len(words) < 2 or key[1] == words[1]]
        found.extend(keys[:1] if len(words) < 2 else keys)
        if not keys and words[0] not in own:
            collector.dangling(text(package.get("name")), " ".join(words[:2]), line=line)
    return found


def _manifest(content: bytes | None) -> dict[str, Any]:
    try:
        return load_toml(content) if content is not None else {}
    except FormatError:
        return {}


def _scopes(document: dict[str, Any]) -> dict[str, Scope]:
    found: dict[str, Scope] = {}
    tables = [*(mapping(table) for table in mapping(document.get("target")).values()), document]
    for group, scope in _GROUPS:
        for table in tables:
            for name, wish in mapping(table.get(group)).items():
                optional = scope is Scope.RUNTIME and mapping(wish).get("optional") is True
                found[text(mapping(wish).get("package")) or name] = Scope.OPTIONAL if optional else scope
    return found


READER = Reader("crates.io", named("Cargo.lock"), read)
