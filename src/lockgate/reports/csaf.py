"""CSAF 2.0, the VEX profile: how every flaw that was found stands.

Shape: https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html, 4.5. What was found in an image is a component
of that image (``relationships``); else each component is a product of its own.
"""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any, TextIO

from lockgate.formats.plain_json import dumps, write
from lockgate.formats.vex.standing import Standing, image_url, standings
from lockgate.formats.vex.statement import Status
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Result
from lockgate.reports import Report, fix_of

_SPACE = uuid.UUID("5b0d5a0e-0b0f-5d3e-9c53-2b7f8a5e4c11")  # name space of our documents
_CVE = lazy_pattern(r"CVE-[0-9]{4}-[0-9]{4,}\Z")
_STATUSES = {
    Status.NOT_AFFECTED: "known_not_affected", Status.FIXED: "fixed", Status.AFFECTED: "known_affected",
    Status.UNDER_INVESTIGATION: "under_investigation",
}  # fmt: skip
_SYSTEMS = {"GHSA": "GitHub Security Advisories", "CVE": "CVE"}


def document(result: Result) -> dict[str, Any]:
    """The document as dicts and lists."""
    fixes = {one.identity: fix_of(result, one) for one in result.findings}
    found = list(standings(result, fixes))
    parts = {part: number for number, part in enumerate(dict.fromkeys(one.part for one in found), 1)}
    image = image_url(result)
    tree = _tree(parts, image, result)
    flaws: dict[str, list[Standing]] = {}
    for one in found:
        flaws.setdefault(one.flaw, []).append(one)
    told = [_flaw(standing, parts, whole=bool(image)) for standing in flaws.values()]
    when = result.run.ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    stated = dumps({"tree": tree, "vulnerabilities": told, "root": result.run.root})
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "lang": "en",
            "publisher": {"category": "user", "name": "Lockgate", "namespace": "urn:lockgate:report"},
            "title": f"How the flaws that were found in {result.run.root or '.'} stand",
            "tracking": {
                "id": f"lockgate-{uuid.uuid5(_SPACE, stated)}",
                "status": "final",
                "version": "1",
                "initial_release_date": when,
                "current_release_date": when,
                "revision_history": [{"number": "1", "date": when, "summary": "First version."}],
                "generator": {"engine": {"name": "lockgate", "version": result.run.version}},
            },
        },
        "product_tree": tree,
        "vulnerabilities": told,
    }


def _product(id: str, name: str, url: str) -> dict[str, Any]:
    return {"product_id": id, "name": name, "product_identification_helper": {"purl": url}}


def _tree(parts: dict[str, int], image: str, result: Result) -> dict[str, Any]:
    products = [_product(f"LGP-{number}", part, part) for part, number in parts.items()]
    if not image:
        return {"full_product_names": products}
    return {
        "full_product_names": [_product("LGP-0", result.run.root, image), *products],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": f"LGP-{number}",
                "relates_to_product_reference": "LGP-0",
                "full_product_name": {"product_id": f"LGP-0:{number}", "name": f"{part} in {result.run.root}"},
            }
            for part, number in parts.items()
        ],
    }


def _flaw(standing: list[Standing], parts: dict[str, int], *, whole: bool) -> dict[str, Any]:
    first = standing[0]
    names = (first.flaw, *first.aliases)
    cve = next((name for name in names if _CVE.match(name)), "")
    others = [name for name in names if name != cve]
    flaw: dict[str, Any] = {"cve": cve} if cve else {}
    if others:
        flaw["ids"] = [
            {"system_name": _SYSTEMS.get(name.partition("-")[0], name.partition("-")[0]), "text": name}
            for name in others
        ]
    flaw["notes"] = [{"category": "general", "text": f"{first.flaw} in a component that was found."}]
    told: dict[str, list[str]] = {}
    flags: dict[str, list[str]] = {}
    threats: dict[str, list[str]] = {}
    actions: dict[str, list[str]] = {}
    for one in standing:
        id = f"LGP-0:{parts[one.part]}" if whole else f"LGP-{parts[one.part]}"
        told.setdefault(_STATUSES[one.status], []).append(id)
        if one.status is Status.NOT_AFFECTED:
            threats.setdefault(one.text, []).append(id)
            if one.justification:
                flags.setdefault(one.justification, []).append(id)
        elif one.status is Status.AFFECTED:
            actions.setdefault(one.text, []).append(id)
    flaw["product_status"] = told
    if flags:
        flaw["flags"] = [{"label": label, "product_ids": ids} for label, ids in flags.items()]
    if threats:
        flaw["threats"] = [{"category": "impact", "details": d, "product_ids": ids} for d, ids in threats.items()]
    if actions:
        flaw["remediations"] = [
            {"category": "mitigation", "details": details, "product_ids": ids} for details, ids in actions.items()
        ]
    return flaw


def _write(result: Result, out: TextIO) -> None:
    write(document(result), out)


REPORT = Report(
    name="csaf", media_type="application/json", suffix=".csaf.json", write=_write,
    about="CSAF 2.0, VEX profile: how every flaw that was found stands",
)  # fmt: skip
