"""SPDX 2.2 and 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/)."""

from __future__ import annotations

from typing import Any

from lockgate.formats.bills._stated import Entry, components_of, objects, operating_system, text, texts
from lockgate.model import Component, Scope, Skip

_ABOVE = frozenset({"DEPENDS_ON", "CONTAINS"})
"""Relationships whose first element requires the second."""
_BELOW = {
    "DEPENDENCY_OF": Scope.RUNTIME,
    "RUNTIME_DEPENDENCY_OF": Scope.RUNTIME,
    "OPTIONAL_DEPENDENCY_OF": Scope.OPTIONAL,
    "DEV_DEPENDENCY_OF": Scope.DEVELOPMENT,
    "TEST_DEPENDENCY_OF": Scope.DEVELOPMENT,
    "BUILD_DEPENDENCY_OF": Scope.BUILD,
}
"""Those whose second element requires the first, and what for."""
_NOTHING = ("NOASSERTION", "NONE", "")


def read_spdx(document: dict[str, Any], path: str) -> tuple[str, tuple[Component, ...], tuple[Skip, ...]]:
    """Name, components and skips. Raises ``FormatError``."""
    roots = set(texts(document.get("documentDescribes")))
    needs: dict[str, list[str]] = {}
    scopes: dict[str, Scope] = {}
    for one in objects(document.get("relationships")):
        first, kind, second = (
            text(one.get(name)) for name in ("spdxElementId", "relationshipType", "relatedSpdxElement")
        )
        if kind == "DESCRIBES":
            roots.add(second)
        elif kind in _ABOVE:
            needs.setdefault(first, []).append(second)
        elif kind in _BELOW:
            needs.setdefault(second, []).append(first)
            scopes[first] = _BELOW[kind]
    system = None
    systems: list[Component] = []
    entries: list[Entry] = []
    for one in objects(document.get("packages")):
        ref, url = text(one.get("SPDXID")), _url(one)
        if one.get("primaryPackagePurpose") == "OPERATING-SYSTEM":
            named, component = operating_system(text(one.get("name")), text(one.get("versionInfo")), url, path)
            system = system or named
            systems.append(component)
        elif url or ref not in roots:  # what the bill is of is no component of it, unless it is a package itself
            entries.append(_entry(one, ref, url, scopes.get(ref, Scope.RUNTIME)))
    direct = frozenset(ref for root in roots for ref in needs.get(root, ()))
    components, skips = components_of(entries, path, system, needs, direct)
    return text(document.get("name")), (*systems, *components), tuple(skips)


def _url(one: dict[str, Any]) -> str:
    references = objects(one.get("externalRefs"))
    return next((text(ref.get("referenceLocator")) for ref in references if ref.get("referenceType") == "purl"), "")


def _entry(one: dict[str, Any], ref: str, url: str, scope: Scope) -> Entry:
    stated = (text(one.get(name)) for name in ("licenseDeclared", "licenseConcluded"))
    licence = next((licence for licence in stated if licence not in _NOTHING), "")
    pairs = ((text(held.get("algorithm")), text(held.get("checksumValue"))) for held in objects(one.get("checksums")))
    hashes = tuple(f"{algorithm.lower()}:{digits}" for algorithm, digits in pairs if algorithm and digits)
    return Entry(ref, text(one.get("name")), url, {"scope": scope, "licence": licence, "hashes": hashes})
