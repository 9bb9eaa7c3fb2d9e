"""OpenVEX 0.0.1 to 0.2.0 (https://github.com/openvex/spec); flaws and products were plain texts at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.vex._parts import mapping, objects, text, texts
from lockgate.formats.vex.statement import Product, Statement, Status, first_moment


def read_openvex(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """Its statements; what they leave out cascades down from the document. Raises :class:`FormatError`."""
    author = text(document.get("author"))
    for number, one in enumerate(objects(document.get("statements"))):
        try:
            status = Status(text(one.get("status")))
        except ValueError:
            raise FormatError(f"statement {number + 1} has a status that VEX does not know") from None
        flaw = one.get("vulnerability")
        named = mapping(flaw)
        flaws = (text(flaw), text(named.get("name")), *texts(named.get("aliases")))
        if status is Status.AFFECTED:
            words = (text(one.get("action_statement")), text(one.get("status_notes")))
        else:
            words = (text(one.get("impact_statement")), text(one.get("status_notes")))
        yield Statement(
            flaws=tuple(dict.fromkeys(filter(None, flaws))),
            status=status,
            products=tuple(_products(one)),
            author=text(one.get("supplier")) or author or "an unnamed author",
            moment=first_moment(
                one.get("last_updated"), one.get("timestamp"), document.get("last_updated"), document.get("timestamp")
            ),
            where=where,
            justification=text(one.get("justification")),
            text=". ".join(filter(None, words)),
        )


def _products(statement: Mapping[str, Any]) -> Iterator[Product]:
    """In the first version ``subcomponents`` stood beside the products, and both were texts."""
    value = statement.get("products")
    beside = tuple(name for one in _list(statement.get("subcomponents")) for name in _names(one))
    for one in _list(value):
        names = _names(one)
        inner = tuple(name for part in _list(mapping(one).get("subcomponents")) for name in _names(part))
        if names:
            yield Product(names, inner or beside)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(component: object) -> tuple[str, ...]:
    if isinstance(component, str):
        return (component,) if component else ()
    body = mapping(component)
    identifiers = mapping(body.get("identifiers"))
    digest = text(mapping(body.get("hashes")).get("sha-256"))
    names = (
        text(body.get("@id")), *(text(identifiers.get(kind)) for kind in ("purl", "cpe23", "cpe22")),
        f"sha256:{digest.lower()}" if digest else "",
    )  # fmt: skip
    return tuple(dict.fromkeys(filter(None, names)))
