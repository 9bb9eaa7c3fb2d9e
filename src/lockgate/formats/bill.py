"""Gathers components into the packages of a bill of materials, each once, with who needs whom.

Pure and shared by the bills we write (CycloneDX, SPDX). A lock file states a component once a file; a bill states a
package once, with every file that names it. What does not belong: the shape of any bill.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lockgate.model import Component, ComponentKind, Scope

_SCOPES = (Scope.RUNTIME, Scope.BUILD, Scope.OPTIONAL, Scope.DEVELOPMENT)  # the most needed one wins
_HEX_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_LICENCE = 500


@dataclass(frozen=True, slots=True)
class Package:
    """One package at one version."""

    ref: str
    """Unique in the bill and stable: the package URL, or ``ecosystem:name@version`` where there is none."""
    ecosystem: str
    name: str
    version: str
    purl: str
    licence: str
    scope: Scope
    direct: bool
    hashes: tuple[tuple[str, str], ...]
    """``(algorithm, hex)`` with ``md5``, ``sha1``, ``sha256``, ``sha384`` or ``sha512``, checked and sorted."""
    places: tuple[tuple[str, int], ...]
    """``(path, line)`` of every entry, sorted."""
    needs: tuple[str, ...]
    """Refs of the packages it requires, sorted."""
    kind: ComponentKind = ComponentKind.LIBRARY
    source: str = ""
    """Name and version of the source package, where a distribution has those."""
    layers: tuple[tuple[str, str], ...] = ()
    """``(path, digest)`` of the image layer that each file came with, sorted."""
    owners: tuple[tuple[str, str], ...] = ()
    """``(path, package URL)`` of the distribution's package that a file belongs to, sorted."""


def gather(components: Iterable[Component]) -> tuple[Package, ...]:
    """Every package once, in order of its ref. Components without a version stand too: they are there all the same."""
    groups: dict[str, list[Component]] = {}
    by_file: dict[tuple[str, str, str], str] = {}
    for component in components:
        ref = component.purl or f"{component.ecosystem}:{component.name}@{component.version}"
        groups.setdefault(ref, []).append(component)
        by_file[component.path, component.ecosystem, f"{component.name}@{component.version}"] = ref
    needs: dict[str, set[str]] = {}
    for ref, same in groups.items():
        for component in same:
            for parent in component.parents:
                above = by_file.get((component.path, component.ecosystem, parent))
                if above is not None and above != ref:
                    needs.setdefault(above, set()).add(ref)
    return tuple(_package(ref, groups[ref], needs.get(ref, set())) for ref in sorted(groups))


def _package(ref: str, same: list[Component], needs: set[str]) -> Package:
    first = same[0]
    placed = first.layer or first.owner or any(one.layer or one.owner for one in same[1:])
    return Package(
        ref=ref,
        ecosystem=first.ecosystem,
        name=first.name,
        version=first.version,
        purl=first.purl,
        licence=next((component.licence for component in same if component.licence), ""),
        scope=min((component.scope for component in same), key=_SCOPES.index),
        direct=any(component.direct for component in same),
        hashes=tuple(sorted({pair for component in same for pair in map(_hash, component.hashes) if pair})),
        places=tuple(sorted({(component.path, component.line) for component in same})),
        needs=tuple(sorted(needs)),
        kind=first.kind,
        source=f"{first.source} {first.source_version}".strip() if first.source else "",
        layers=_by_path((one.path, one.layer) for one in same if one.layer) if placed else (),
        owners=_by_path((one.path, one.owner) for one in same if one.owner) if placed else (),
    )


def _by_path(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(set(pairs)))


def _hash(stated: str) -> tuple[str, str] | None:
    algorithm, _, digits = stated.partition(":")
    algorithm, digits = algorithm.lower().replace("-", ""), digits.lower()
    if len(digits) != _HEX_LENGTHS.get(algorithm) or not set(digits) <= set("0123456789abcdef"):
        return None
    return algorithm, digits


def digest(packages: Iterable[Package], *more: str) -> str:
    """SHA-256 (hex) over the packages and ``more``: the same bill has the same digest on every machine."""
    total = hashlib.sha256()
    for text in more:
        total.update(text.encode("utf-8", "backslashreplace") + b"\x00")
    for package in packages:
        total.update(repr(package).encode("utf-8", "backslashreplace") + b"\x01")
    return total.hexdigest()


@lru_cache(maxsize=4096)
def spdx_expression(licence: str) -> str:
    """``licence`` as a canonical SPDX expression of listed ids, or an empty string when it is not one."""
    if not licence or len(licence) > _LONGEST_LICENCE or licence.count("(") > 20:
        return ""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(licence))
    except (InvalidLicenseExpression, SyntaxError, ValueError):
        return ""
