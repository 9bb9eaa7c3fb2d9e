"""composer.lock (https://getcomposer.org/doc/01-basic-usage.md); direct names from composer.json beside it."""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, listing, mapping, text
from lockgate.model import Scope


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package; a leading ``v`` of the version is left out, as the ecosystem compares versions without it."""
    document = json_safe.load(content)
    if not isinstance(document, dict) or not isinstance(document.get("packages"), list):
        raise FormatError("no list of packages: not a lock of Composer", 1)
    lines = json_safe.container_lines(content, max_depth=2)
    collector = Collector(path, "Packagist")
    keys: dict[str, Key] = {}
    placed: list[tuple[Key, dict[str, Any]]] = []
    for group, scope in (("packages", Scope.RUNTIME), ("packages-dev", Scope.DEVELOPMENT)):
        for index, entry in enumerate(listing(document.get(group))):
            package, line = mapping(entry), lines.get((group, index), 0)
            name, version = text(package.get("name")).lower(), text(package.get("version"))
            if not name or not version:
                collector.malformed("a package without name or version", line=line)
                continue
            licences = " OR ".join(filter(None, (text(licence) for licence in listing(package.get("license")))))
            digest = text(mapping(package.get("dist")).get("shasum"))
            keys[name] = collector.add(
                name,
                version[1:] if version[:1] in "vV" and version[1:2].isdigit() else version,
                line=line,
                scope=scope,
                licence=licences,
                hashes=(f"sha1:{digest}",) if digest else (),
            )
            placed.append((keys[name], package))
            for replaced in mapping(package.get("replace")):
                keys.setdefault(replaced.lower(), keys[name])
    for key, package in placed:
        for name in mapping(package.get("require")):
            if name.lower() in keys:
                collector.require(key, keys[name.lower()])
    wanted = _manifest(sibling(f"{folder_of(path)}composer.json"))
    for name in wanted or ():
        if name in keys:
            collector.name_direct(keys[name])
    return collector.reading(direct_known=wanted is not None)


def _manifest(content: bytes | None) -> list[str] | None:
    if content is None:
        return None
    try:
        document = mapping(json_safe.load(content))
    except FormatError:
        return None
    return [name.lower() for group in ("require", "require-dev") for name in mapping(document.get(group))]


READER = Reader("Packagist", named("composer.lock"), read)
