"""CycloneDX 1.6 bill of materials in JSON, with the known vulnerabilities of its components.

Shape: https://cyclonedx.org/docs/1.6/json/. Written as plain dicts, because the reference library needs seconds for
2,000 components. The serial number comes from the digest of the content, so the same result gives the same bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import quote

from lockgate.formats.bill import Package, digest, gather, spdx_expression
from lockgate.formats.plain_json import dumps
from lockgate.model import Finding, Result, Scope, SettledFinding, WaiverUse
from lockgate.reports import Report, fix_of, worst_first

_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_SCOPES = {
    Scope.RUNTIME: "required",
    Scope.OPTIONAL: "optional",
    Scope.DEVELOPMENT: "excluded",
    Scope.BUILD: "excluded",
}
_METHODS = (("CVSS:4.0/", "CVSSv4"), ("CVSS:3.1/", "CVSSv31"), ("CVSS:3.0/", "CVSSv3"), ("AV:", "CVSSv2"))
_SPACE = uuid.UUID("6f0c6f4e-3a5b-5c8f-9f0e-7d1d0d2f5b11")  # name space of our serial numbers


def document(result: Result) -> dict[str, Any]:
    """The bill as dicts and lists."""
    packages = gather(result.components)
    flaws = [settled for settled in worst_first(result.findings) if settled.finding.aliases]
    root = "lockgate:root"
    bill: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(result, packages, flaws)}",
        "version": 1,
        "metadata": {
            "timestamp": _time(result.run.ended),
            "tools": {"components": [{"type": "application", "name": "lockgate", "version": result.run.version}]},
            "component": _root(result, root),
        },
        "components": [_component(package) for package in packages],
        "dependencies": _dependencies(root, packages),
    }
    if flaws:
        bill["vulnerabilities"] = _vulnerabilities(result, flaws, packages)
    return bill


def _serial(result: Result, packages: tuple[Package, ...], flaws: list[SettledFinding]) -> uuid.UUID:
    stated = [f"{settled.identity} {settled.finding.severity} {settled.waived}" for settled in flaws]
    return uuid.uuid5(_SPACE, digest(packages, result.run.root, result.run.revision, *stated))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _root(result: Result, ref: str) -> dict[str, Any]:
    root = {"type": "application", "bom-ref": ref, "name": result.run.root or "."}
    return root | ({"version": result.run.revision} if result.run.revision else {})


def _component(package: Package) -> dict[str, Any]:
    group, name = _named(package)
    component: dict[str, Any] = {"type": str(package.kind), "bom-ref": package.ref}
    if group:
        component["group"] = group
    component |= {"name": name, "version": package.version, "scope": _SCOPES[package.scope]}
    if package.hashes:
        component["hashes"] = [{"alg": _HASHES[algorithm], "content": digits} for algorithm, digits in package.hashes]
    if package.licence:
        expression = spdx_expression(package.licence)
        component["licenses"] = [{"expression": expression} if expression else {"license": {"name": package.licence}}]
    if package.purl:
        component["purl"] = package.purl
    component["properties"] = [
        {"name": "lockgate:ecosystem", "value": package.ecosystem},
        {"name": "lockgate:direct", "value": "true" if package.direct else "false"},
    ]
    if package.source or package.layers or package.owners or package.scope is Scope.BUILD:
        component["properties"] += [{"name": name, "value": value} for name, value in _more(package)]
    occurrences = [{"location": path} | ({"line": line} if line else {}) for path, line in package.places]
    component["evidence"] = {"occurrences": occurrences}
    return component


def _more(package: Package) -> Iterator[tuple[str, str]]:
    """What CycloneDX has no member for."""
    if package.scope is Scope.BUILD:
        yield "lockgate:scope", str(package.scope)
    if package.source:
        yield "lockgate:source", package.source
    for path, layer in package.layers:
        yield "lockgate:layer", f"{layer} {path}"
    for path, owner in package.owners:
        yield "lockgate:owner", f"{owner} {path}"


def _named(package: Package) -> tuple[str, str]:
    """``(group, name)``: Maven's ``group:artifact`` and npm's scope are a group in CycloneDX."""
    if package.ecosystem == "Maven" and ":" in package.name:
        group, _, name = package.name.partition(":")
        return group, name
    if package.ecosystem == "npm" and package.name.startswith("@") and "/" in package.name:
        group, _, name = package.name.partition("/")
        return group, name
    return "", package.name


def _dependencies(root: str, packages: Iterable[Package]) -> list[dict[str, Any]]:
    needed = {ref for package in packages for ref in package.needs}
    top = [package.ref for package in packages if package.direct or package.ref not in needed]
    edges: list[dict[str, Any]] = [{"ref": root} | ({"dependsOn": top} if top else {})]
    return edges + [
        {"ref": package.ref} | ({"dependsOn": list(package.needs)} if package.needs else {}) for package in packages
    ]


def _vulnerabilities(
    result: Result, flaws: list[SettledFinding], packages: tuple[Package, ...]
) -> list[dict[str, Any]]:
    """One entry a flaw, whatever its number of names, with every component it affects."""
    by_name: dict[tuple[str, str], list[Package]] = {}
    for package in packages:
        by_name.setdefault((package.ecosystem, package.name), []).append(package)
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for settled in flaws:
        finding = settled.finding
        affected = _affected(settled, by_name.get((finding.fact("ecosystem"), finding.fact("package")), []))
        entry = entries.setdefault((finding.aliases[0], str(settled.waived)), _vulnerability(result, settled))
        for ref in affected:
            if {"ref": ref} not in entry["affects"]:
                entry["affects"].append({"ref": ref})
    for entry in entries.values():
        if not entry["affects"]:
            del entry["affects"]
    return list(entries.values())


def _affected(settled: SettledFinding, same_name: list[Package]) -> list[str]:
    """One finding may stand for several versions of a package, each at its own place."""
    version = settled.finding.fact("version")
    places = {(place.path, place.line) for place in settled.locations if place.line}
    return [package.ref for package in same_name if package.version == version or not places.isdisjoint(package.places)]


def _vulnerability(result: Result, settled: SettledFinding) -> dict[str, Any]:
    finding = settled.finding
    name = _first_name(finding.aliases)
    entry: dict[str, Any] = {
        "bom-ref": f"lockgate:{settled.identity}",
        "id": name,
        "source": _source(name),
        "ratings": [_rating(finding)],
        "description": finding.message,
    }
    others = [alias for alias in finding.aliases if alias != name]
    if others:
        entry["references"] = [{"id": alias, "source": _source(alias)} for alias in others]
    fix = fix_of(result, settled)
    if fix:
        entry["recommendation"] = fix
    if settled.waiver and settled.waived:
        waiver = settled.waiver
        entry["analysis"] = _analysis(waiver)
    return entry | {"affects": []}


_WORDS = {
    "component_not_present": "requires_dependency", "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}  # fmt: skip
"""CycloneDX's words nearest to the labels of VEX."""


def _analysis(waiver: WaiverUse) -> dict[str, Any]:
    """Not affected only where whoever waives says so; a risk that is accepted is one that is there."""
    detail = f"waived until {waiver.until} by {waiver.by}: {waiver.reason}"
    if waiver.status == "not_affected":
        word = _WORDS.get(waiver.justification)
        return {"state": "not_affected"} | ({"justification": word} if word else {}) | {"detail": detail}
    if waiver.status == "fixed":
        return {"state": "resolved", "detail": detail}
    return {"response": ["will_not_fix"], "detail": detail}


def _first_name(aliases: tuple[str, ...]) -> str:
    """CVE before GHSA before any other: what most readers look up."""
    return min(aliases, key=lambda alias: (not alias.startswith("CVE-"), not alias.startswith("GHSA-"), alias))


def _source(alias: str) -> dict[str, str]:
    return {"name": "OSV", "url": f"https://osv.dev/vulnerability/{quote(alias, safe='-')}"}


def _rating(finding: Finding) -> dict[str, Any]:
    rating: dict[str, Any] = {"severity": str(finding.severity)}
    score, vector = _score(finding.fact("cvss")), finding.fact("vector")
    if score is not None:
        rating = {"score": score} | rating
    method = next((method for prefix, method in _METHODS if vector.startswith(prefix)), "")
    return rating | ({"method": method, "vector": vector} if method else {})


def _score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if 0.0 <= score <= 10.0 else None


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    out.write(dumps(document(result)))


REPORT = Report(
    "cyclonedx", "application/vnd.cyclonedx+json; version=1.6", ".cdx.json", write,
    "CycloneDX 1.6 bill of materials with known vulnerabilities",
)  # fmt: skip
