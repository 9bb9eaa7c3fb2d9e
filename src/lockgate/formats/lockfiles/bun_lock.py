"""bun.lock: JSON with comments and trailing commas (https://bun.sh/docs/install/lockfile).

``packages`` maps a place (``name``, or ``parent/name`` where versions differ) to ``[name@version, registry,
{dependencies}, integrity]``. The older binary bun.lockb is not read.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import (
    Collector,
    Key,
    Sibling,
    folder_of,
    integrity_hashes,
    listing,
    mapping,
    text,
)
from lockgate.formats.lockfiles._node import resolve, wanted
from lockgate.model import Scope, SkipKind

_LOCAL = ("workspace:", "link:", "file:", "root:")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package; direct ones and scopes from the workspaces that the lock lists."""
    del sibling
    if path.endswith("bun.lockb"):
        raise FormatError(
            "the binary lock of Bun; write bun.lock with `bun install --save-text-lockfile`", kind=SkipKind.UNSUPPORTED
        )
    plain = json_safe.strip_comments(content)
    document = json_safe.load(plain)
    workspaces = mapping(mapping(document).get("workspaces"))
    if not isinstance(document, dict) or not workspaces:
        raise FormatError("no workspaces: not a lock of Bun", 1)
    lines = json_safe.container_lines(plain, max_depth=2)
    collector = Collector(path, "npm")
    packages = {_place(name): (name, listing(entry)) for name, entry in mapping(document.get("packages")).items()}
    keys: dict[str, Key] = {}
    for place, (name, entry) in packages.items():
        line = lines.get(("packages", name), 0)
        resolution = text(entry[0]) if entry else ""
        at = resolution.find("@", 1)
        if at < 1:
            collector.malformed("a package without a resolution", line=line)
            continue
        version = resolution[at + 1 :].removeprefix("npm:")
        if not version.startswith(_LOCAL):
            integrity = text(entry[-1]) if len(entry) > 1 else ""
            keys[place] = collector.add(resolution[:at], version, line=line, hashes=integrity_hashes(integrity))
    for place, (_, entry) in packages.items():
        if place in keys:
            _edges(
                collector, place, next((mapping(part) for part in entry if isinstance(part, dict)), {}), keys, packages
            )
    for folder, workspace in workspaces.items():
        if folder:
            collector.covers.append(folder_of(path) + folder)
        own = _place(text(mapping(workspace).get("name"))) if folder else ""
        _roots(collector, own, mapping(workspace), keys, packages)
    return collector.reading(direct_known=True)


def _place(name: str) -> str:
    """``a/@s/b`` as ``node_modules/a/node_modules/@s/b``."""
    parts: list[str] = []
    for part in name.split("/"):
        if parts and parts[-1].startswith("@") and "/" not in parts[-1]:
            parts[-1] = f"{parts[-1]}/{part}"
        else:
            parts.append(part)
    return "/".join(f"node_modules/{part}" for part in parts)


def _edges(
    collector: Collector, place: str, entry: dict[str, Any], keys: dict[str, Key], packages: dict[str, Any]
) -> None:
    for group in ("dependencies", "optionalDependencies", "peerDependencies"):
        for name in mapping(entry.get(group)):
            target = resolve(place, name, packages)
            if target in keys:
                collector.require(keys[place], keys[target])
            elif target is None and group == "dependencies":
                collector.dangling(keys[place][0], name)


def _roots(
    collector: Collector, place: str, workspace: dict[str, Any], keys: dict[str, Key], packages: dict[str, Any]
) -> None:
    for name, (_, scope) in wanted(workspace).items():
        target = resolve(place, name, packages)
        if target in keys:
            collector.name_direct(keys[target], scope)
        elif target is None and scope is not Scope.OPTIONAL and name not in mapping(workspace.get("peerDependencies")):
            collector.dangling(place or "the project", name)


READER = Reader("npm", named("bun.lock", "bun.lockb"), read)
