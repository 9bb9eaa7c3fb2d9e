"""What stands beside a resource and belongs to it, as far as the text says: children, extensions, private endpoints.

A diagnostic setting names the resource it extends, a private endpoint the one it leads to. Where a template or a
configuration says that only when it is deployed, whether a policy misses something is not known either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.model import Object

_REFERENCE = re.compile(
    r'(?:"\$\{ ?)?((?:module\.[^.]{1,200}\.)*+az\w{1,100}\.[\w-]{1,200})(?:\[([^\]]{1,200})\])?(?:\.id)?(?: ?\}")?'
)
_RESOURCE_ID = re.compile(r"\[resourceId\('([^']{1,300})'((?:, '[^']{1,300}')++)\)\]")
_LINKS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


def candidates(judged: Object, around: Sequence[Object], wanted: str) -> Iterator[tuple[Object, bool]]:
    """Resources of a type that may belong to the judged one, and whether they are known to."""
    own, name = _text(judged, "type"), _text(judged, "name")
    for other in around:
        if other.form != "azure" or _text(other, "type") != wanted:
            continue
        if wanted.startswith(f"{own}/"):
            found = _is_child(_text(other, "name"), name, sure=other.knows("/name") and judged.knows("/name"))
        else:
            aims = [aims_at(other, place, judged) for place in _targets(other)]
            found = True if not aims or True in aims else None if None in aims else False
        terraform = other.body.get("terraform")
        counted = isinstance(terraform, dict) and "count" in terraform
        if found is not False:
            yield other, found is True and not counted


def _is_child(child: str, parent: str, *, sure: bool) -> bool | None:
    if child.startswith(f"{parent}/"):
        return True
    return False if sure else None


def _targets(other: Object) -> list[str]:
    """Pointers to what it aims at; none when it does not say."""
    if isinstance(other.body.get("scope"), str) and other.body["scope"]:
        return ["/scope"]
    properties = other.body.get("properties")
    found = []
    for kind in _LINKS:
        links = properties.get(kind) if isinstance(properties, dict) else None
        for at, link in enumerate(links if isinstance(links, list) else ()):
            inner = link.get("properties") if isinstance(link, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get("privateLinkServiceId"), str):
                found.append(f"/properties/{kind}/{at}/properties/privateLinkServiceId")
    return found


def aims_at(other: Object, place: str, judged: Object) -> bool | None:
    """Whether the id at a place is that of the judged resource; None when that is not known."""
    target = at(other.body, place)
    if not isinstance(target, str):
        return None
    own = _text(judged, "name")
    if other.knows(place):
        names = own.split("/")
        parts = target.lower().rstrip("/").split("/")[::-2][: len(names)]
        return parts[::-1] == names if judged.knows("/name") else None
    written = _RESOURCE_ID.fullmatch(target)
    if written is not None:
        if written[1].lower() != _text(judged, "type"):
            return False
        name = "/".join(part[1:-1] for part in written[2].split(", ")[1:]).lower()
        return name == own if judged.knows("/name") else None
    named = _REFERENCE.fullmatch(target)
    terraform = judged.body.get("terraform")
    if named is None or not isinstance(terraform, dict):
        return None
    return _same_block(named, str(terraform.get("address")), _instance(other))


def _same_block(named: re.Match[str], address: str, asking: str) -> bool | None:
    """Whether a reference, read in the instance ``asking``, means the instance at an address."""
    block, _, instance = address.removesuffix("]").rpartition("[") if address.endswith("]") else (address, "", "")
    if named[1] != block:
        return False
    if not instance:
        return True
    wanted = asking if named[2] in (None, "each.key", "count.index") else named[2]
    return wanted == instance if wanted else None


def _instance(one: Object) -> str:
    terraform = one.body.get("terraform")
    address = str(terraform.get("address")) if isinstance(terraform, dict) else ""
    return address.removesuffix("]").rpartition("[")[2] if address.endswith("]") else ""


def at(body: Any, where: str) -> Any:
    """The value at a JSON pointer that the resource gave."""
    for part in where.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        body = body[int(name)] if isinstance(body, list) else body[name]
    return body


def _text(one: Object, key: str) -> str:
    body: Mapping[str, Any] = one.body
    return str(body.get(key, "")).lower()
