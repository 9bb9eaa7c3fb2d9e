"""Related resources looked up among resources that are held, such as an export of a subscription.

    estate = Estate(resources)
    assignments.judge(resource, context, related=estate.lookup)

Follows the reference of ``auditIfNotExists`` and ``deployIfNotExists``: children are looked for below the judged
resource, extensions (such as diagnostic settings) on it, and everything else in its resource group or subscription.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.policy.azure.assignments import folded_scope
from lockgate.policy.azure.effects import RelatedQuery
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.values import Json, ascii_fold, fold, get


class Estate:
    """Resources by type. What is not in it does not exist as far as rules are concerned."""

    def __init__(self, resources: Iterable[Json]) -> None:
        self._by_type: dict[str, list[tuple[str, Json]]] = {}
        for one in resources:
            view = Resource(one)
            if view.type and view.id:
                self._by_type.setdefault(_type_of(view), []).append((folded_scope(view.id), one))

    def lookup(self, query: RelatedQuery) -> list[Json]:
        """The resources that a rule looks for, in the order in which they were given."""
        within = _scope(query)
        origin = folded_scope(query.origin) if query.origin else ""
        found = []
        for identity, one in self._by_type.get(ascii_fold(query.type), ()):
            extended = _extended(identity)
            if extended and origin and extended != origin:
                continue
            if not extended and not identity.startswith(within):
                continue
            if _named(identity, query) and _of_kind(one, query.kind):
                found.append(one)
        return found


def _type_of(view: Resource) -> str:
    """The type, without the resource that an extension was written behind (``a/b/providers/c/d`` is ``c/d``)."""
    return ascii_fold(view.type).rsplit("/providers/", 1)[-1]


def _extended(identity: str) -> str:
    """The folded id of the resource that an extension belongs to; empty for what is no extension of a resource."""
    parent = identity[: identity.rfind("/providers/")]
    return parent + "/" if "/providers/" in parent else ""


def _scope(query: RelatedQuery) -> str:
    """The folded id below which related resources lie."""
    if not query.origin:
        return ""
    origin = folded_scope(query.origin)
    if ascii_fold(query.type).startswith(ascii_fold(query.origin_type) + "/"):
        return origin
    parts = origin.split("/")
    subscription = "/".join(parts[:3]) + "/"
    if ascii_fold(query.scope) == "subscription" or parts[1:2] != ["subscriptions"]:
        return subscription
    if query.resource_group:
        return f"{subscription}resourcegroups/{ascii_fold(query.resource_group)}/"
    return "/".join(parts[:5]) + "/" if parts[3:4] == ["resourcegroups"] else subscription


def _named(identity: str, query: RelatedQuery) -> bool:
    """Whether the id has the wanted name: of the resource, or of it and its parents."""
    if not query.name:
        return True
    names = identity[identity.rfind("/providers/") + len("/providers/") :].strip("/").split("/")[2::2]
    wanted = fold(query.name).split("/")
    if len(wanted) > len(names):
        return False
    if wanted[-1] == "?":
        wanted, names = wanted[:-1], names[:-1]
    return not wanted or names[-len(wanted) :] == wanted


def _of_kind(resource: Json, kind: str) -> bool:
    given = get(resource, "kind")
    return not kind or (isinstance(given, str) and fold(given) == fold(kind))
