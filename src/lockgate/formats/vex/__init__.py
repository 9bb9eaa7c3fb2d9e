"""VEX documents: OpenVEX, CSAF 2 and CycloneDX, each to the same statements. What they are about is told by
``matching``; what a statement does to a finding, ``findings.vex`` says. Documents are other people's: bounded, and
nothing in them is ever more than text."""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.vex.csaf import read_csaf
from lockgate.formats.vex.cyclonedx import read_cyclonedx
from lockgate.formats.vex.openvex import read_openvex
from lockgate.formats.vex.statement import Product, Statement, Status
from lockgate.model import SkipKind

__all__ = ["MAX_BYTES", "Product", "Statement", "Status", "read"]
MAX_BYTES = 64 * 1024 * 1024


def read(name: str, content: bytes) -> tuple[Statement, ...]:
    """The statements of a document, in their order; ``name`` is what people know it by. Raises :class:`FormatError`."""
    document: Any = json_safe.load(content, max_bytes=MAX_BYTES)
    if isinstance(document, dict):
        if document.get("bomFormat") == "CycloneDX":
            return tuple(read_cyclonedx(document, name))
        if "openvex" in str(document.get("@context", "")):
            return tuple(read_openvex(document, name))
        if isinstance(document.get("document"), dict) and "csaf_version" in document["document"]:
            return tuple(read_csaf(document, name))
    raise FormatError("neither OpenVEX, CSAF nor CycloneDX", kind=SkipKind.UNSUPPORTED)
