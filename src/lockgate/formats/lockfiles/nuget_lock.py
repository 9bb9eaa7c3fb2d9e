"""packages.lock.json of NuGet, versions 1 and 2.

https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files. A required package that the lock
does not hold is no error: .NET leaves those out that the framework brings.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, mapping, text


def matches(path: str) -> bool:
    """``packages.lock.json`` or ``packages.<project>.lock.json``."""
    name = path[path.rfind("/") + 1 :]
    return name == "packages.lock.json" or (name.startswith("packages.") and name.endswith(".lock.json"))


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package of every target framework; entries of type ``Project`` are the solution's own."""
    del sibling
    document = json_safe.load(content)
    if not isinstance(document, dict) or not isinstance(document.get("dependencies"), dict):
        raise FormatError("no dependencies: not a lock of NuGet", 1)
    lines = json_safe.container_lines(content, max_depth=3)
    collector = Collector(path, "NuGet")
    for framework, packages in mapping(document["dependencies"]).items():
        if not isinstance(packages, dict):
            at = lines.get(("dependencies", framework), 0)
            collector.malformed("a framework without a table of packages", line=at)
            continue
        _framework(
            collector,
            mapping(packages),
            {key[2]: line for key, line in lines.items() if len(key) == 3 and key[1] == framework},
        )
    return collector.reading(direct_known=True)


def _framework(collector: Collector, packages: dict[str, Any], lines: dict[str | int, int]) -> None:
    keys: dict[str, Key] = {}
    for name, entry in packages.items():
        version, kind = text(mapping(entry).get("resolved")), text(mapping(entry).get("type"))
        if kind == "Project":
            continue
        if not version:
            collector.malformed("a package without a resolved version", line=lines.get(name, 0))
            continue
        keys[name.lower()] = collector.add(
            name, version, line=lines.get(name, 0), direct=kind == "Direct",
            requirement=text(mapping(entry).get("requested")), hashes=_hash(text(mapping(entry).get("contentHash"))),
        )  # fmt: skip
    for name, entry in packages.items():
        for required in mapping(mapping(entry).get("dependencies")):
            target = keys.get(required.lower())
            if name.lower() in keys and target:
                collector.require(keys[name.lower()], target)


def _hash(digest: str) -> tuple[str, ...]:
    try:
        raw = base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        return ()
    return (f"sha512:{raw.hex()}",) if len(raw) == 64 else ()


READER = Reader("NuGet", Ending((".lock.json",), matches), read)
