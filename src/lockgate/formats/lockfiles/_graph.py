"""Who requires whom: parents, the shortest chain from a direct component, and scopes by reach. Pure, linear."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

from lockgate.model import Scope

K = TypeVar("K", bound=Hashable)

MAX_CHAIN = 40
"""A longer chain keeps its first and last half with an ellipsis between, so that a lock of one long chain costs no
quadratic memory."""

SCOPE_ORDER = (Scope.RUNTIME, Scope.OPTIONAL, Scope.BUILD, Scope.DEVELOPMENT)
"""Strongest first: a component needed for two things has the first of them."""


def parents(edges: Mapping[K, Collection[K]]) -> dict[K, list[K]]:
    """For each required component those that require it, in the order of ``edges``."""
    found: dict[K, list[K]] = {}
    for parent, children in edges.items():
        for child in children:
            if child != parent:
                found.setdefault(child, []).append(parent)
    return found


def chains(
    edges: Mapping[K, Collection[K]], direct: Iterable[K], *, label: Mapping[K, str]
) -> dict[K, tuple[str, ...]]:
    """For each component that ``direct`` reaches the labels of the shortest chain down to, not including, it."""
    found: dict[K, tuple[str, ...]] = {}
    queue: deque[K] = deque()
    for key in direct:
        if key not in found:
            found[key] = ()
            queue.append(key)
    while queue:
        key = queue.popleft()
        chain = (*found[key], label[key])
        if len(chain) > MAX_CHAIN:
            half = MAX_CHAIN // 2
            chain = (*chain[:half], "…", *chain[-(half - 1) :])
        for child in edges.get(key, ()):
            if child not in found:
                found[child] = chain
                queue.append(child)
    return found


def scopes(edges: Mapping[K, Collection[K]], direct: Mapping[K, Scope]) -> dict[K, Scope]:
    """The strongest scope that reaches each component, from the scopes of the direct ones."""
    found: dict[K, Scope] = {}
    for scope in SCOPE_ORDER:
        waiting = [key for key, own in direct.items() if own is scope]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found[key] = scope
                waiting.extend(edges.get(key, ()))
    return found


def stronger(one: Scope, other: Scope) -> Scope:
    """The stronger of two scopes."""
    return min(one, other, key=SCOPE_ORDER.index)
