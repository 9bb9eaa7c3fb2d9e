"""OpenVEX 0.2.0: how every flaw that was found stands. Shape: https://github.com/openvex/spec."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Any, TextIO

from lockgate.formats.plain_json import dumps, write
from lockgate.formats.vex.standing import Standing, image_url, standings
from lockgate.formats.vex.statement import Status
from lockgate.model import Result
from lockgate.reports import Report, fix_of

_SPACE = uuid.UUID("0d4f6e2a-5c1b-5f53-8f0a-6f2b8f1c9a77")  # name space of our documents


def document(result: Result) -> dict[str, Any]:
    """The document as dicts and lists. Without findings it has no statement, which the schema does not allow."""
    image = image_url(result)
    fixes = {one.identity: fix_of(result, one) for one in result.findings}
    alike: dict[tuple[str, tuple[str, ...], Status, str, str], list[str]] = {}
    for one in standings(result, fixes):
        alike.setdefault((one.flaw, one.aliases, one.status, one.justification, one.text), []).append(one.part)
    statements = [_statement(Standing(flaw, aliases, "", status, why, text), parts, image)
                  for (flaw, aliases, status, why, text), parts in alike.items()]  # fmt: skip
    stated = dumps({"image": image, "root": result.run.root, "statements": statements})
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:uuid:{uuid.uuid5(_SPACE, stated)}",
        "author": "Lockgate",
        "role": "Document Creator",
        "timestamp": result.run.ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "version": 1,
        "tooling": f"lockgate {result.run.version}",
        "statements": statements,
    }


def _statement(one: Standing, parts: list[str], image: str) -> dict[str, Any]:
    products = (
        [{"@id": image, "subcomponents": [{"@id": part} for part in parts]}] if image else [{"@id": p} for p in parts]
    )
    said: dict[str, Any] = {
        "vulnerability": {"name": one.flaw} | ({"aliases": list(one.aliases)} if one.aliases else {}),
        "products": products,
        "status": one.status.value,
    }
    if one.status is Status.NOT_AFFECTED:  # the schema takes one of the two
        if one.justification:
            return said | {"justification": one.justification, "status_notes": one.text}
        return said | {"impact_statement": one.text}
    if one.status is Status.AFFECTED:
        return said | {"action_statement": one.text}
    return said | ({"status_notes": one.text} if one.text else {})


def _write(result: Result, out: TextIO) -> None:
    write(document(result), out)


REPORT = Report(
    name="openvex", media_type="application/json", suffix=".openvex.json", write=_write,
    about="OpenVEX 0.2.0: how every flaw that was found stands",
)  # fmt: skip
