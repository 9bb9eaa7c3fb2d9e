"""The other objects of a source that a policy looks at: found by kind, then by namespace.

::

    logic:
      kinds: [networking.k8s.io/Ingress]
      among: {kinds: [Service], namespace: same}   # or any
      deny: "!others.exists(o, o.object.metadata.name == 'cart')"

Each of ``others`` has ``object``, ``podMetadata`` and ``podSpec``; the judged object is none of them. A manifest often
leaves its namespace to who applies it, so an object without one counts as of every namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.catalogue._places import EMPTY, WORKLOADS, group_kind, pod_place
from lockgate.policy.errors import PolicyError

MOST_OTHERS = 2_000
"""Objects that one policy may look through for one object."""
WORKLOAD = "Workload"
_Numbered = tuple[int, Mapping[str, Any]]
"""What a policy sees of one object, and the place of the object among all."""
_KEYS = ("kinds", "namespace")
_SCOPES = ("same", "any")


@dataclass(frozen=True, slots=True)
class Among:
    """Which other objects a policy looks at."""

    pairs: frozenset[tuple[str, str]]
    """(group, kind); ``*`` stands for any group."""
    same_namespace: bool

    def takes(self, pair: tuple[str, str]) -> bool:
        """Whether objects of this group and kind are among them."""
        return pair in self.pairs or ("*", pair[1]) in self.pairs


def parse_among(value: Any, where: str) -> Among:
    """Raises :class:`PolicyError` for anything but the form above."""
    if not isinstance(value, dict) or not set(value) <= set(_KEYS) or not isinstance(value.get("kinds"), list):
        raise PolicyError("'among' must hold kinds, and may hold namespace", where=where)
    scope = value.get("namespace", "same")
    if scope not in _SCOPES:
        raise PolicyError(f"{scope!r} is no namespace to look in", where=where, hint=f"known: {', '.join(_SCOPES)}")
    return Among(frozenset(pairs_of(value["kinds"])), scope == "same")


def pairs_of(names: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """(group, kind) of names written ``Kind``, ``group/Kind``, ``/Kind`` for the core group, or ``Workload``."""
    for name in sorted(str(one) for one in names):
        if name == WORKLOAD:
            yield from WORKLOADS
        else:
            group, slash, kind = name.rpartition("/")
            yield (group if slash else "*", kind)


class Objects:
    """All objects of one source, to be looked through."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Sort them by kind and namespace. The bodies are kept as they are."""
        self._by_pair: dict[tuple[str, str], dict[str, list[_Numbered]]] = {}
        for number, body in enumerate(bodies):
            by_namespace = self._by_pair.setdefault(group_kind(body), {})
            by_namespace.setdefault(namespace_of(body), []).append((number, _view(body)))

    def others(self, body: Mapping[str, Any], among: Among) -> Sequence[Mapping[str, Any]] | None:
        """What a policy sees beside ``body``, kind by kind as they stand; None when it is more than a policy may look
        through."""
        namespace = namespace_of(body) if among.same_namespace else ""
        found: list[Mapping[str, Any]] = []
        for pair, by_namespace in self._by_pair.items():
            if not among.takes(pair):
                continue
            # One that leaves its namespace open meets every other.
            meeting = [by_namespace.get(one, ()) for one in (namespace, "")] if namespace else by_namespace.values()
            for _, view in merge(*meeting, key=_number):
                if view["object"] is body:
                    continue
                if len(found) == MOST_OTHERS:
                    return None
                found.append(view)
        return found


def _number(one: _Numbered) -> int:
    return one[0]


def namespace_of(body: Mapping[str, Any]) -> str:
    """The namespace an object stands in or, for a Namespace, is; empty when it leaves that open."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return str(metadata.get("name" if group_kind(body) == ("", "Namespace") else "namespace") or "")


def _view(body: Mapping[str, Any]) -> Mapping[str, Any]:
    place = pod_place(body)
    pod = place[1] if place is not None else EMPTY
    return {"object": body, "podMetadata": pod.get("metadata") or EMPTY, "podSpec": pod.get("spec", EMPTY)}
