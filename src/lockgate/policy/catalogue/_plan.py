"""Which policies are put to an object of one kind, in which order, and what they share.

Three things keep the work small. A policy whose condition needs a field that the object does not have is not asked
(``_needs``). Policies that walk the same items walk them together. And where several begin with the same condition
(dozens ask first whether a container runs a part of the control plane) that is asked once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue._places import Item, Path
from lockgate.policy.catalogue._prepared import guard_of
from lockgate.policy.catalogue._shape import Shape
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.catalogue.kubernetes import VARIABLES, Facts, KubernetesPolicy, expression_of
from lockgate.policy.cel import Expression
from lockgate.policy.cel.metering import spending

STEPS = 200_000
"""Steps that one policy may take on one object."""
_SHARED = 3
"""Policies that must begin alike before asking that once is worth an expression of its own."""
_MOST_PLANS = 2048
"""Plans that are kept of one kind; objects of more shapes than that have theirs made anew."""

_Where = Path | bool
_Guards = dict[tuple[_Where, str], Expression]


@dataclass(frozen=True, slots=True)
class Group:
    """Policies that look at the same items."""

    where: _Where
    """The path of the items; for policies of the whole, whether that is the Pod of a workload."""
    guard: Expression | None
    """What must hold of an item for any of them to deny it."""
    members: tuple[tuple[int, KubernetesPolicy], ...]
    """The policies, each with its place among all."""


Plan = tuple[Group, ...]


class Kind:
    """The policies of one kind of object."""

    __slots__ = ("_bits", "_groups", "_known", "_members", "_plans", "policies")

    def __init__(self, policies: Sequence[KubernetesPolicy], guards: _Guards) -> None:
        """``policies`` in the order in which they answer."""
        self.policies = tuple(policies)
        needs = [need for policy in policies for need in policy.needs]
        known = (
            frozenset(field for need in needs for field in need.fields),
            frozenset(field for need in needs for field in need.maps),
            frozenset(field for need in needs for field in need.lists),
            frozenset(field for need in needs for field in need.listed),
        )
        self._known = known
        self._bits = tuple(
            {field: 1 << at + sum(map(len, known[:part])) for at, field in enumerate(sorted(one))}
            for part, one in enumerate(known)
        )
        groups: dict[tuple[_Where, str], int] = {}
        self._members: list[tuple[int, tuple[int, ...]]] = []
        """For each policy its group, and its needs as bits: one that has none of them in common with a shape holds."""
        for policy in policies:
            key = (policy.where, policy.guard if (policy.where, policy.guard) in guards else "")
            bits = tuple(self._mask(need.fields, need.maps, need.lists, need.listed) for need in policy.needs)
            self._members.append((groups.setdefault(key, len(groups)), bits))
        self._groups = [(where, guards.get((where, text))) for where, text in groups]
        self._plans: dict[int, Plan] = {}

    def plan(self, shape: Shape) -> Plan:
        """Who is asked about an object of this shape."""
        # Only what some policy needs to know of the shape matters, and of that there are few combinations.
        fields, maps, lists, listed = self._known
        key = self._mask(fields & shape.keys, maps & shape.flat, lists & shape.ragged, listed & shape.unlisted)
        found = self._plans.get(key)
        if found is None:
            found = self._made(key)
            if len(self._plans) < _MOST_PLANS:
                self._plans[key] = found
        return found

    def _mask(self, *parts: Iterable[str]) -> int:
        mask = 0
        for bits, part in zip(self._bits, parts, strict=True):
            for field in part:
                mask |= bits[field]
        return mask

    def _made(self, shape: int) -> Plan:
        members: list[list[tuple[int, KubernetesPolicy]]] = [[] for _ in self._groups]
        for index, (group, needs) in enumerate(self._members):
            for need in needs:
                if not need & shape:
                    break
            else:
                members[group].append((index, self.policies[index]))
        return tuple(
            Group(where, guard, tuple(asked))
            for (where, guard), asked in zip(self._groups, members, strict=True)
            if asked
        )


def guards_of(policies: Iterable[KubernetesPolicy], held: MutableMapping[str, bytes]) -> _Guards:
    """The conditions with which several policies of the same items begin, compiled on their own."""
    count = Counter((policy.where, policy.guard) for policy in policies if policy.guard)
    shared = [key for key, times in count.items() if times >= _SHARED]
    return {key: guard_of(key[1], VARIABLES) or expression_of(key[1], "guard", held) for key in shared}


def run(plan: Plan, facts: Facts, *, until: float | None) -> list[Hit]:
    """What the policies deny of the object, in their order. ``until`` as :class:`Budget` has it, for each of them."""
    found: list[tuple[int, list[Hit]]] = []
    budget = Budget(STEPS, until=until)
    activation = facts.activation()
    with spending(budget):
        for group in plan:
            items = facts.at(group.where)
            if items and group.guard is not None:
                budget.renew(STEPS)
                items = _guarded(group.guard, items, activation, budget)
            if not items:
                continue
            for index, policy in group.members:
                budget.renew(STEPS)
                hits = policy.judge_items(items, activation, budget)
                if hits:
                    found.append((index, hits))
    found.sort(key=lambda one: one[0])
    return [hit for _, hits in found for hit in hits]


def _guarded(guard: Expression, items: Sequence[Item], activation: dict[str, Any], budget: Budget) -> list[Item]:
    """The items of which the condition holds or fails; of a failure each policy says what it makes of it."""
    kept = []
    for item in items:
        activation["item"], activation["parent"] = item.value, item.parent
        try:
            holds = guard.quick(activation, budget)
        except Exception:
            holds = None
        if holds is not False:
            kept.append(item)
    return kept
