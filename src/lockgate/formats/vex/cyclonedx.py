"""VEX in CycloneDX 1.4 to 1.6 (https://cyclonedx.org/docs/1.6/json/#vulnerabilities): in a bill, or by itself with
links into one (``urn:cdx:serial/version#reference``), whose reference says the package only where it is its URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from lockgate.formats.vex._parts import MAX_PRODUCTS, mapping, objects, text, texts
from lockgate.formats.vex.statement import Product, Statement, Status, first_moment

_STATES = {
    "not_affected": Status.NOT_AFFECTED, "false_positive": Status.NOT_AFFECTED, "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED, "exploitable": Status.AFFECTED, "in_triage": Status.UNDER_INVESTIGATION,
}  # fmt: skip
_DEEPEST = 30


def read_cyclonedx(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """A statement for each flaw that was analysed; the others say nothing."""
    metadata = mapping(document.get("metadata"))
    urls = dict(_components(document))
    whole = mapping(metadata.get("component"))
    image = text(whole.get("purl")) if text(whole.get("purl")).startswith("pkg:oci/") else ""
    for one in objects(document.get("vulnerabilities")):
        analysis = mapping(one.get("analysis"))
        state = text(analysis.get("state"))
        status = _STATES.get(state)
        if status is None:
            continue
        flaws = (text(one.get("id")), *(text(other.get("id")) for other in objects(one.get("references"))))
        justification = text(analysis.get("justification"))
        words = (text(analysis.get("detail")), *texts(analysis.get("response")))
        yield Statement(
            flaws=tuple(dict.fromkeys(filter(None, flaws))),
            status=status,
            products=tuple(_products(one, urls, image, text(whole.get("bom-ref")))),
            author=_author(metadata),
            moment=first_moment(
                analysis.get("lastUpdated"), analysis.get("firstIssued"), one.get("updated"), metadata.get("timestamp")
            ),
            where=where,
            justification=justification or (state if state == "false_positive" else ""),
            text=". ".join(filter(None, words)),
        )


def _products(flaw: Mapping[str, Any], urls: Mapping[str, str], image: str, root: str) -> Iterator[Product]:
    """A range of versions is not understood: what has one says nothing here."""
    for one in objects(flaw.get("affects"), MAX_PRODUCTS):
        if any("range" in version for version in objects(one.get("versions"))):
            continue
        reference = text(one.get("ref"))
        if image and reference and reference == root:
            yield Product((image,))
            continue
        url = urls.get(reference, "") or _of_link(reference)
        if url:
            yield Product((image,), (url,)) if image and url != image else Product((url,))


def _of_link(reference: str) -> str:
    name = unquote(reference.rpartition("#")[2]) if reference.startswith("urn:cdx:") else reference
    return name if name.startswith("pkg:") else ""


def _components(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Reference and package URL of every component, nested ones too."""
    stack = [(one, 1) for one in objects(document.get("components"), MAX_PRODUCTS)]
    while stack:
        component, depth = stack.pop()
        if text(component.get("purl")):
            yield text(component.get("bom-ref")), text(component.get("purl"))
        if depth < _DEEPEST:
            stack.extend((one, depth + 1) for one in objects(component.get("components"), MAX_PRODUCTS))


def _author(metadata: Mapping[str, Any]) -> str:
    authors = [text(one.get("name")) or text(one.get("email")) for one in objects(metadata.get("authors"))]
    supplier = text(mapping(metadata.get("supplier")).get("name"))
    manufacturer = text(mapping(metadata.get("manufacturer")).get("name"))
    return next(filter(None, (*authors, supplier, manufacturer)), "an unnamed author")
