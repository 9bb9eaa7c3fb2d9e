"""CSAF 2.0 (OASIS, https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html), the VEX profile and any other.

A product is recognised by its package URLs, CPE or hashes; where it is a component of another one (``relationships``),
that is the product and it the part. Groups stand for their products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.formats.vex._parts import MAX_PRODUCTS, mapping, objects, text, texts
from lockgate.formats.vex.statement import Product, Statement, Status, first_moment

_STATUSES = {
    "known_not_affected": Status.NOT_AFFECTED, "fixed": Status.FIXED, "first_fixed": Status.FIXED,
    "under_investigation": Status.UNDER_INVESTIGATION, "known_affected": Status.AFFECTED,
    "first_affected": Status.AFFECTED, "last_affected": Status.AFFECTED,
}  # fmt: skip
_COMPONENT = frozenset({"default_component_of", "external_component_of", "optional_component_of", "installed_on",
                        "installed_with"})  # fmt: skip
_DEEPEST = 30


def read_csaf(document: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """A statement for each flaw, status and reason."""
    head = mapping(document.get("document"))
    author = text(mapping(head.get("publisher")).get("name")) or "an unnamed publisher"
    tracking = mapping(head.get("tracking"))
    tree = mapping(document.get("product_tree"))
    products = _products(tree)
    groups = {text(one.get("group_id")): texts(one.get("product_ids")) for one in objects(tree.get("product_groups"))}
    for flaw in objects(document.get("vulnerabilities")):
        flaws = (text(flaw.get("cve")), *(text(one.get("text")) for one in objects(flaw.get("ids"))))
        told = mapping(flaw.get("product_status"))
        labels = _by_product(flaw.get("flags"), "label", groups)
        impacts = _by_product(flaw.get("threats"), "details", groups, category="impact")
        actions = _by_product(flaw.get("remediations"), "details", groups)
        for key, status in _STATUSES.items():
            alike: dict[tuple[str, str, str], list[Product]] = {}
            for id in texts(told.get(key)):
                if id in products:
                    label, when = labels.get(id, ("", ""))
                    words = (actions if status is Status.AFFECTED else impacts).get(id, ("", ""))[0]
                    alike.setdefault((label, words, when), []).append(products[id])
            for (label, words, when), meant in alike.items():
                yield Statement(
                    flaws=tuple(dict.fromkeys(filter(None, flaws))),
                    status=status,
                    products=tuple(meant),
                    author=author,
                    moment=first_moment(
                        when, tracking.get("current_release_date"), tracking.get("initial_release_date")
                    ),
                    where=where,
                    justification=label if status is Status.NOT_AFFECTED else "",
                    text=words,
                )


def _by_product(
    value: object, member: str, groups: Mapping[str, tuple[str, ...]], *, category: str = ""
) -> dict[str, tuple[str, str]]:
    """Product -> what ``member`` says of it, and when."""
    found: dict[str, tuple[str, str]] = {}
    for one in objects(value):
        if category and one.get("category") != category:
            continue
        grouped = (id for group in texts(one.get("group_ids")) for id in groups.get(group, ()))
        for id in (*texts(one.get("product_ids")), *grouped):
            found.setdefault(id, (text(one.get(member)), text(one.get("date"))))
    return found


def _products(tree: Mapping[str, Any]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for product in (*objects(tree.get("full_product_names"), MAX_PRODUCTS), *_of_branches(tree)):
        found[text(product.get("product_id"))] = Product(_names(product))
    for one in objects(tree.get("relationships"), MAX_PRODUCTS):
        part = found.get(text(one.get("product_reference")))
        whole = found.get(text(one.get("relates_to_product_reference")))
        if part is None or whole is None or one.get("category") not in _COMPONENT:
            continue
        id = text(mapping(one.get("full_product_name")).get("product_id"))
        found[id] = Product(whole.names, part.parts or part.names)
    return {id: one for id, one in found.items() if id and one.names}


def _of_branches(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Depth first, without recursion; what lies deeper than any catalogue does is left out."""
    stack = [(one, 1) for one in objects(tree.get("branches"), MAX_PRODUCTS)]
    while stack:
        branch, depth = stack.pop()
        if isinstance(branch.get("product"), dict):
            yield branch["product"]
        if depth < _DEEPEST:
            stack.extend((one, depth + 1) for one in objects(branch.get("branches"), MAX_PRODUCTS))


def _names(product: Mapping[str, Any]) -> tuple[str, ...]:
    helper = mapping(product.get("product_identification_helper"))
    digests = [
        f"sha256:{text(digest.get('value')).lower()}"
        for file in objects(helper.get("hashes"))
        for digest in objects(file.get("file_hashes"))
        if digest.get("algorithm") == "sha256"
    ]
    names = (text(helper.get("purl")), *texts(helper.get("purls")), text(helper.get("cpe")), *digests)
    return tuple(dict.fromkeys(filter(None, names)))
