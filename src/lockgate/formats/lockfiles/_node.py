"""What the lock files of Node.js share: where a name resolves in nested folders, and what package.json names."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.lockfiles._collect import Sibling, mapping, text
from lockgate.model import Scope

MAX_NESTING = 100

GROUPS = (
    ("dependencies", Scope.RUNTIME),
    ("optionalDependencies", Scope.OPTIONAL),
    ("peerDependencies", Scope.RUNTIME),
    ("devDependencies", Scope.DEVELOPMENT),
)
"""The tables of a package.json that name other packages. One that stands in ``optionalDependencies`` is optional even
if ``dependencies`` names it as well."""


def resolve(location: str, name: str, locations: Container[str]) -> str | None:
    """The place that ``require(name)`` finds from ``location``: its own ``node_modules``, then those above."""
    for _ in range(MAX_NESTING):
        candidate = f"{location}/node_modules/{name}" if location else f"node_modules/{name}"
        if candidate in locations:
            return candidate
        if not location:
            return None
        cut = location.rfind("/node_modules/")
        if cut < 0:
            cut = -1 if location.startswith("node_modules/") else location.rfind("/")
        location = location[:cut] if cut > 0 else ""
    return None


def name_of(location: str) -> str:
    """The package name at the end of a place."""
    return location[location.rfind("node_modules/") + len("node_modules/") :]


def wanted(package: Any) -> dict[str, tuple[str, Scope]]:
    """What a package.json (or the like of it in a lock) names: name -> range, scope."""
    found: dict[str, tuple[str, Scope]] = {}
    for group, scope in reversed(GROUPS):
        for name, wish in mapping(mapping(package).get(group)).items():
            found[name] = (text(wish), scope)
    for name in mapping(mapping(package).get("optionalDependencies")):
        found[name] = (found[name][0], Scope.OPTIONAL)
    return found


def package_json(folder: str, sibling: Sibling) -> dict[str, Any] | None:
    """The package.json of a folder (with its slash), or None when there is none that can be read."""
    content = sibling(f"{folder}package.json")
    if content is None:
        return None
    try:
        value = json_safe.load(content)
    except json_safe.FormatError:
        return None
    return mapping(value) if isinstance(value, dict) else None


def alias(wish: str, name: str) -> tuple[str, str]:
    """Real name and version or range of ``npm:real@1.0``; otherwise the given name and the wish itself."""
    if not wish.startswith("npm:"):
        return name, wish
    real, at, version = wish[4:].rpartition("@")
    return (real, version) if at and real else (name, wish[4:])
