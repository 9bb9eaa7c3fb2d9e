"""CycloneDX in JSON (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lockgate.formats.bills._stated import MOST, Entry, components_of, objects, operating_system, text, texts
from lockgate.formats.format_error import FormatError
from lockgate.model import Component, Scope, Skip, SkipKind

_SCOPES = {"required": Scope.RUNTIME, "optional": Scope.OPTIONAL, "excluded": Scope.DEVELOPMENT}
_PASSED_OVER = frozenset({"file", "data", "cryptographic-asset"})
"""Types of components that are no packages."""
_LAYERS = ("aquasecurity:trivy:LayerDigest", "syft:location:0:layerID")


def read_cyclonedx(document: dict[str, Any], path: str) -> tuple[str, tuple[Component, ...], tuple[Skip, ...]]:
    """Name, components and skips. Raises ``FormatError``."""
    metadata = document.get("metadata")
    subject = metadata.get("component") if isinstance(metadata, dict) else None
    root = subject if isinstance(subject, dict) else {}
    system = None
    systems: list[Component] = []
    entries: list[Entry] = []
    for one in _all(document):
        kind = text(one.get("type"))
        if kind == "operating-system":
            named, component = operating_system(
                text(one.get("name")), text(one.get("version")), text(one.get("purl")), _place(one, path)
            )
            system = system or named
            layer = _by_path(one, "lockgate:layer").get(component.path, "")
            systems.append(replace(component, layer=layer))
        elif kind not in _PASSED_OVER:
            entries.append(_entry(one, len(entries)))
    needs = {text(one.get("ref")): texts(one.get("dependsOn")) for one in objects(document.get("dependencies"))}
    direct = frozenset(needs.get(text(root.get("bom-ref")), ()))
    if any("direct" in entry.fields for entry in entries):
        direct = frozenset()  # the bill says of each component itself whether something names it
    components, skips = components_of(entries, path, system, needs, direct)
    return text(root.get("name")), (*systems, *components), tuple(skips)


def _all(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Components, and those inside them, in the order of the bill."""
    left = objects(document.get("components"))[::-1]
    count = 0
    while left:
        one = left.pop()
        count += 1
        if count > MOST:
            raise FormatError(f"more than {MOST} components", kind=SkipKind.TOO_LARGE)
        yield one
        left.extend(objects(one.get("components"))[::-1])


def _entry(one: dict[str, Any], number: int) -> Entry:
    said = {text(pair.get("name")): text(pair.get("value")) for pair in objects(one.get("properties"))}
    fields: dict[str, Any] = {
        "scope": _scope(text(said.get("lockgate:scope")), one.get("scope")),
        "licence": _licence(one.get("licenses")),
        "hashes": _hashes(one.get("hashes")),
        "layer": next((said[name] for name in _LAYERS if said.get(name)), ""),
    }
    if "lockgate:direct" in said:
        fields["direct"] = said["lockgate:direct"] == "true" or None
    return Entry(
        ref=text(one.get("bom-ref")) or f"#{number}",
        name=text(one.get("name")),
        url=text(one.get("purl")),
        fields=fields,
        places=tuple(_places(one)),
        layers=_by_path(one, "lockgate:layer"),
        owners=_by_path(one, "lockgate:owner"),
    )


def _by_path(one: dict[str, Any], name: str) -> dict[str, str]:
    """What our own bills say of each file: a value without blanks, then the path."""
    pairs = objects(one.get("properties"))
    said = [text(pair.get("value")).partition(" ") for pair in pairs if pair.get("name") == name]
    return {path: value for value, _, path in said}


def _scope(own: str, scope: Any) -> Scope:
    return Scope(own) if own in {one.value for one in Scope} else _SCOPES.get(text(scope), Scope.RUNTIME)


def _licence(licences: Any) -> str:
    found: list[str] = []
    for one in objects(licences):
        if text(one.get("expression")):
            return text(one["expression"])
        licence = one.get("license")
        if isinstance(licence, dict):
            found.append(text(licence.get("id")) or text(licence.get("name")))
    return " AND ".join(filter(None, found))


def _hashes(hashes: Any) -> tuple[str, ...]:
    pairs = ((text(one.get("alg")).lower().replace("-", "", 1), text(one.get("content"))) for one in objects(hashes))
    return tuple(f"{algorithm}:{digits}" for algorithm, digits in pairs if algorithm and digits)


def _place(one: dict[str, Any], path: str) -> str:
    return next((place for place, _ in _places(one)), path)


def _places(one: dict[str, Any]) -> Iterator[tuple[str, int]]:
    evidence = one.get("evidence")
    for place in objects(evidence.get("occurrences")) if isinstance(evidence, dict) else ():
        line = place.get("line")
        if text(place.get("location")):
            yield text(place["location"]), line if isinstance(line, int) and 0 < line < 1 << 31 else 0
