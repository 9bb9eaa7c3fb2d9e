"""SPDX 2.3 bill of materials in JSON.

Shape: https://spdx.github.io/spdx-spec/v2.3/. The namespace comes from the digest of the content, so the same result
gives the same bytes. Vulnerabilities have no place in SPDX 2.3; the CycloneDX report carries them.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC
from typing import Any, TextIO

from lockgate.formats.bill import Package, digest, gather, spdx_expression
from lockgate.formats.plain_json import dumps, well_formed
from lockgate.formats.printable import printable
from lockgate.model import Result, Scope
from lockgate.reports import Report

_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
_SPACE = uuid.UUID("0c7a4cf3-5b3f-5f44-8a53-0d5a5be1a4a9")
_ROOT = "SPDXRef-Root"
_NEEDS = {
    Scope.RUNTIME: "DEPENDENCY_OF",
    Scope.OPTIONAL: "OPTIONAL_DEPENDENCY_OF",
    Scope.DEVELOPMENT: "DEV_DEPENDENCY_OF",
    Scope.BUILD: "BUILD_DEPENDENCY_OF",
}


def document(result: Result) -> dict[str, Any]:
    """The bill as dicts and lists."""
    packages = gather(result.components)
    ids = {package.ref: _identifier(package) for package in packages}
    name = printable(result.run.root) or "."
    serial = uuid.uuid5(_SPACE, digest(packages, result.run.root, result.run.revision))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"urn:uuid:{serial}",
        "creationInfo": {
            "created": result.run.ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": [f"Tool: lockgate-{result.run.version}"],
        },
        "packages": [_root(name, result.run.revision), *(_package(package, ids[package.ref]) for package in packages)],
        "relationships": _relationships(packages, ids),
    }


def _identifier(package: Package) -> str:
    """Letters, digits, dots and dashes only; the digest keeps names apart that differ in other characters."""
    mark = hashlib.sha256(package.ref.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    readable = _UNFIT.sub("-", f"{package.ecosystem}-{package.name}-{package.version}").strip("-")[:120]
    return f"SPDXRef-Package-{readable}-{mark}"


def _root(name: str, revision: str) -> dict[str, Any]:
    root = {
        "SPDXID": _ROOT,
        "name": name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "primaryPackagePurpose": "APPLICATION",
    }
    return root | ({"versionInfo": revision} if revision else {})


def _package(package: Package, identifier: str) -> dict[str, Any]:
    expression = spdx_expression(package.licence)
    entry: dict[str, Any] = {
        "SPDXID": identifier,
        "name": printable(package.name),
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": expression if expression and "LicenseRef-" not in expression else "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": str(package.kind).upper(),
        "sourceInfo": f"{_built(package)}named in {_places(package)}",
    }
    if package.version:
        entry["versionInfo"] = printable(package.version)
    if package.licence and entry["licenseDeclared"] == "NOASSERTION":
        entry["licenseComments"] = f"stated as: {printable(package.licence)}"
    if package.hashes:
        entry["checksums"] = [
            {"algorithm": algorithm.upper(), "checksumValue": digits} for algorithm, digits in package.hashes
        ]
    if package.purl:
        entry["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": well_formed(package.purl),
            }
        ]
    return entry


def _built(package: Package) -> str:
    return f"built from {printable(package.source)}; " if package.source else ""


def _places(package: Package) -> str:
    return ", ".join(printable(f"{path}:{line}" if line else path) for path, line in package.places)


def _relationships(packages: tuple[Package, ...], ids: dict[str, str]) -> list[dict[str, str]]:
    needed = {ref for package in packages for ref in package.needs}
    links = [_link("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT)]
    for package in packages:
        if package.direct or package.ref not in needed:
            links.append(_link(ids[package.ref], _NEEDS[package.scope], _ROOT))
        links.extend(_link(ids[package.ref], "DEPENDS_ON", ids[ref]) for ref in package.needs)
    return links


def _link(element: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    out.write(dumps(document(result)))


REPORT = Report("spdx", "application/spdx+json", ".spdx.json", write, "SPDX 2.3 bill of materials")
