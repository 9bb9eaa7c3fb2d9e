"""pnpm-lock.yaml, lock file versions 5, 6 and 9 (https://github.com/pnpm/spec/tree/master/lockfile).

A dependency path names a package: ``/name/1.0.0_peers`` (5), ``/name@1.0.0(peers)`` (6), ``name@1.0.0(peers)`` (9,
where ``snapshots`` holds what each requires and ``packages`` what each is).
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
    integrity_hashes,
    join,
    mapping,
    text,
)
from lockgate.formats.lockfiles._text import ends_mid_line
from lockgate.model import Scope, SkipKind

_GROUPS = (
    ("dependencies", Scope.RUNTIME),
    ("optionalDependencies", Scope.OPTIONAL),
    ("devDependencies", Scope.DEVELOPMENT),
)
_LOCAL = ("link:", "workspace:", "file:", "portal:")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package; direct ones and their scopes from the importers that the lock lists."""
    from lockgate.formats import yaml_safe

    del sibling
    documents = [node for node in yaml_safe.compose_all(content) if node.is_mapping]
    if not documents:
        raise FormatError("not a mapping", 1)
    # pnpm 10 may put a document of its own tools before that of the project.
    node = documents[-1]
    document = mapping(yaml_safe.value_of(node))
    major = text(document.get("lockfileVersion")).partition(".")[0]
    if major not in ("5", "6", "9"):
        kind = SkipKind.UNSUPPORTED if major else SkipKind.MALFORMED
        raise FormatError("a lock file version that is not 5, 6 or 9", 1, kind=kind)
    collector = Collector(path, "npm")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    packages_node, snapshots_node = node.get("packages"), node.get("snapshots")
    lines = {key.text: key.line for key, _ in (packages_node.pairs if packages_node else [])}
    packages = mapping(document.get("packages"))
    snapshots = mapping(document.get("snapshots")) if major == "9" else packages
    if major == "9" and packages and snapshots_node is None:
        collector.malformed("packages without snapshots: the file seems cut")
    keys = _packages(collector, packages, snapshots, lines, slashes=major == "5")
    _edges(collector, snapshots, keys)
    _importers(collector, document, keys, major=major)
    collector.refuse_orphans()
    return collector.reading(direct_known=True)


def _packages(
    collector: Collector, packages: dict[str, Any], snapshots: dict[str, Any], lines: dict[str, int], *, slashes: bool
) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    for place in {**packages, **snapshots}:
        bare = place.partition("(")[0]
        stated = packages.get(place, packages.get(bare))
        line = lines.get(place, lines.get(bare, 0))
        entry = mapping(stated)
        name, version = _name_and_version(place, entry, slashes=slashes)
        if not entry.get("resolution") or not version:
            collector.malformed("a package without resolution or version", line=line)
            continue
        if version.startswith(_LOCAL):
            continue
        keys[place] = collector.add(
            name,
            version,
            line=line,
            scope=_scope(entry),
            hashes=integrity_hashes(text(mapping(entry.get("resolution")).get("integrity"))),
        )
    return keys


def _scope(entry: dict[str, Any]) -> Scope | None:
    if entry.get("dev") is True:
        return Scope.DEVELOPMENT
    if entry.get("optional") is True:
        return Scope.OPTIONAL
    return Scope.RUNTIME if entry.get("dev") is False else None


def _name_and_version(place: str, entry: dict[str, Any], *, slashes: bool) -> tuple[str, str]:
    if text(entry.get("name")) and text(entry.get("version")):
        return text(entry["name"]), text(entry["version"])
    bare = place.partition("(")[0]
    bare = bare.removeprefix("/")
    if slashes:
        name, _, version = bare.partition("_")[0].rpartition("/")
        return name, version
    at = bare.find("@", 1)
    return (bare[:at], text(entry.get("version")) or bare[at + 1 :]) if at > 0 else (bare, "")


def _target(keys: dict[str, Key], name: str, reference: str) -> str | None:
    for candidate in (f"{name}@{reference}", f"/{name}@{reference}", f"/{name}/{reference}", reference):
        if candidate in keys:
            return candidate
    return None


def _edges(collector: Collector, snapshots: dict[str, Any], keys: dict[str, Key]) -> None:
    for place, entry in snapshots.items():
        if place not in keys:
            continue
        if entry is None:
            collector.malformed("a package without content: the file seems cut")
        for group in ("dependencies", "optionalDependencies"):
            if group in mapping(entry) and not mapping(mapping(entry)[group]):
                collector.malformed("an empty table of dependencies: the file seems cut")
            for name, reference in mapping(mapping(entry).get(group)).items():
                target = _target(keys, name, text(reference))
                if target is not None:
                    collector.require(keys[place], keys[target])
                elif not text(reference).startswith(_LOCAL):
                    collector.dangling(keys[place][0], f"{name}@{text(reference)}")


def _importers(collector: Collector, document: dict[str, Any], keys: dict[str, Key], *, major: str) -> None:
    importers = mapping(document.get("importers")) or {".": document}
    if not mapping(document.get("importers")) and ("importers" in document or major == "9" or not keys):
        collector.malformed("no importers: the file seems cut")
    for place, importer in importers.items():
        folder = join(folder_of(collector.path), place)
        if place != "." and folder is not None:
            collector.covers.append(folder)
        if importer is None:
            collector.malformed("an importer without content: the file seems cut")
        for group, scope in _GROUPS:
            if group in mapping(importer) and mapping(importer)[group] is None:
                collector.malformed("an empty table of dependencies: the file seems cut")
            for name, entry in mapping(mapping(importer).get(group)).items():
                reference = text(mapping(entry).get("version")) if isinstance(entry, dict) else text(entry)
                target = _target(keys, name, reference)
                if target is not None:
                    collector.name_direct(keys[target])
                    if _unscoped(document):
                        collector.name_direct(keys[target], scope)
                elif not reference.startswith(_LOCAL):
                    collector.dangling(place, f"{name}@{reference}")


def _unscoped(document: dict[str, Any]) -> bool:
    return "snapshots" in document


READER = Reader("npm", named("pnpm-lock.yaml"), read)
