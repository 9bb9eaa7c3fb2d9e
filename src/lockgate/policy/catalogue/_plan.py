"""Which policies are put to an object of one kind, in which order, and what they share.

Four things keep the work small. A policy whose condition needs a field that the object does not have is not asked
(``_needs``). Policies that walk the same items walk them together. And where several begin with the same condition
(dozens ask first whether a container runs a part of the control plane) that is asked once for all of them. And items
that are the same in what decides a verdict, as the security contexts of most containers are, get the same one
(``_recall``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from lockgate.model.quick import maker
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue._decides import Fields
from lockgate.policy.catalogue._places import Item, Path
from lockgate.policy.catalogue._prepared import guard_of
from lockgate.policy.catalogue._recall import Around, Decides, Verdict, Verdicts
from lockgate.policy.catalogue._shape import Shape
from lockgate.policy.catalogue.hit import Hit
from lockgate.policy.catalogue.kubernetes import VARIABLES, Facts, KubernetesPolicy, expression_of, item_name
from lockgate.policy.cel import Expression
from lockgate.policy.cel.metering import spending

STEPS = 200_000
"""Steps that one policy may take on one object."""
_SHARED = 3
"""Policies that must begin alike before asking that once is worth an expression of its own."""
_MOST_PLANS = 2048
"""Plans that are kept of one kind; objects of more shapes than that have theirs made anew."""

_make = maker(Hit)
_Where = Path | bool
_Guards = dict[tuple[_Where, str], Expression]
_Member = tuple[int, KubernetesPolicy, tuple[int, ...]]
"""A policy with its place among all, and its needs as bits: one that has none of them in common with a shape holds."""


class Group:
    """Policies that look at the same items and begin alike, and hang on the same fields of these."""

    __slots__ = ("decides", "guard", "members", "where")

    def __init__(
        self, where: _Where, guard: Expression | None, members: Sequence[tuple[int, KubernetesPolicy]],
        fields: Fields | None,
    ) -> None:  # fmt: skip
        self.where = where
        """The path of the items; for policies of the whole, whether that is the Pod of a workload."""
        self.guard = guard
        """What must hold of an item for any of them to deny it."""
        self.members = tuple(members)
        """The policies, each with its place among all."""
        self.decides = None if fields is None else Decides(fields)
        """What decides their conditions; None when that is more than some fields."""


Plan = tuple[Group, ...]


class _Alike:
    """Policies of one group, whoever of them is asked."""

    __slots__ = ("_fields", "_guard", "_made", "_members", "_where", "mask")

    def __init__(
        self, where: _Where, guard: Expression | None, members: Sequence[_Member], fields: Fields | None
    ) -> None:
        self._where, self._guard, self._members, self._fields = where, guard, members, fields
        self._made: dict[int, Group | None] = {}
        self.mask = 0
        """The bits of a shape that they need to know."""
        for _, _, needs in members:
            for need in needs:
                self.mask |= need

    def of(self, shape: int) -> Group | None:
        """Those that are asked about an object of this shape; None when none is."""
        key = shape & self.mask
        try:
            return self._made[key]
        except KeyError:
            asked = [(index, policy) for index, policy, needs in self._members if all(need & key for need in needs)]
            made = Group(self._where, self._guard, asked, self._fields) if asked else None
            if len(self._made) < _MOST_PLANS:
                self._made[key] = made
            return made


class Kind:
    """The policies of one kind of object."""

    __slots__ = ("_alike", "_bits", "_known", "_plans", "policies", "verdicts")

    def __init__(self, policies: Sequence[KubernetesPolicy], guards: _Guards, verdicts: Verdicts) -> None:
        """``policies`` in the order in which they answer; ``verdicts`` is where theirs are kept."""
        self.policies = tuple(policies)
        self.verdicts = verdicts
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
        groups: dict[tuple[_Where, str, Any], list[_Member]] = {}
        places: dict[_Where, _Where] = {}
        for index, policy in enumerate(policies):
            guard = policy.guard if (policy.where, policy.guard) in guards else ""
            # A Pod has one spec, of which few parts are looked at: all of these together are seldom others.
            item = None if policy.fields is None else policy.fields[0]
            bits = tuple(self._mask(need.fields, need.maps, need.lists, need.listed) for need in policy.needs)
            where = places.setdefault(policy.where, policy.where)
            groups.setdefault((where, guard, item), []).append((index, policy, bits))
        self._alike = [
            _Alike(where, guards.get((where, text)), members, None if item is None else (item, _of_pod(members)))
            for (where, text, item), members in sorted(groups.items(), key=lambda one: repr(one[0][0]))
        ]
        """Those of the same items one after the other."""
        self._plans: dict[int, Plan] = {}

    def plan(self, shape: Shape) -> Plan:
        """Who is asked about an object of this shape."""
        # Only what some policy needs to know of the shape matters, and of that there are few combinations.
        fields, maps, lists, listed = self._known
        key = self._mask(fields & shape.keys, maps & shape.flat, lists & shape.ragged, listed & shape.unlisted)
        found = self._plans.get(key)
        if found is None:
            found = tuple([one for one in (alike.of(key) for alike in self._alike) if one is not None])
            if len(self._plans) < _MOST_PLANS:
                self._plans[key] = found
        return found

    def _mask(self, *parts: Iterable[str]) -> int:
        mask = 0
        for bits, part in zip(self._bits, parts, strict=True):
            for field in part:
                mask |= bits[field]
        return mask


def _of_pod(members: Iterable[_Member]) -> tuple[str, ...]:
    """The fields of a Pod's spec that decide any of the conditions."""
    return tuple(sorted({name for _, policy, _ in members if policy.fields is not None for name in policy.fields[1]}))


def guards_of(policies: Iterable[KubernetesPolicy], held: MutableMapping[str, bytes]) -> _Guards:
    """The conditions with which several policies of the same items begin, compiled on their own."""
    count = Counter((policy.where, policy.guard) for policy in policies if policy.guard)
    shared = [key for key, times in count.items() if times >= _SHARED]
    return {key: guard_of(key[1], VARIABLES) or expression_of(key[1], "guard", held) for key in shared}


def run(plan: Plan, facts: Facts, verdicts: Verdicts, *, until: float | None) -> list[Hit]:
    """What the policies deny of the object, in their order. ``until`` as :class:`Budget` has it, for each of them."""
    found: list[tuple[int, Hit]] = []
    budget = Budget(STEPS, until=until)
    activation = facts.activation()
    around = Around(activation["variables"])
    where: _Where | None = None
    items: Sequence[Item] = ()
    with spending(budget):
        for group in plan:
            if group.where is not where:
                where, items = group.where, facts.at(group.where)
            if items:
                # Who answers by a moment keeps verdicts on whole objects, and says of whom there was no time to ask.
                hits = _recalled(group, items, around, verdicts, activation, budget) if until is None else None
                found += _asked(group, items, activation, budget) if hits is None else hits
    found.sort(key=_place)
    return [hit for _, hit in found]


def _place(found: tuple[int, Hit]) -> int:
    return found[0]


def _asked(
    group: Group, items: Sequence[Item], activation: dict[str, Any], budget: Budget
) -> Iterator[tuple[int, Hit]]:
    """What each policy says when it is put to the items."""
    if group.guard is not None:
        budget.renew(STEPS)
        items = [item for item in items if _holds(group.guard, item, activation, budget) is not False]
    for index, policy in group.members if items else ():
        budget.renew(STEPS)
        for hit in policy.judge_items(items, activation, budget):
            yield index, hit


def _holds(guard: Expression, item: Item, activation: dict[str, Any], budget: Budget) -> Any:
    """What a guard says of an item; None when it fails: of a failure each policy says what it makes of it."""
    activation["item"], activation["parent"] = item.value, item.parent
    try:
        return guard.quick(activation, budget)
    except Exception:
        return None


def _recalled(
    group: Group, items: Sequence[Item], around: Around, verdicts: Verdicts, activation: dict[str, Any], budget: Budget
) -> list[tuple[int, Hit]] | None:
    """The same, where verdicts on items that are alike in what decides may stand for theirs; None where a policy must
    itself be put to all of the items, since it fails or takes more steps than it may."""
    decides = group.decides
    outer = None if decides is None else around.text(decides)
    if decides is None or outer is None:
        return None
    found: list[tuple[int, Hit]] = []
    spent = 0
    members, known, variables = group.members, verdicts.get, activation["variables"]
    for item in items:
        key = decides.key(item.value, outer)
        if key is None:
            return None
        verdict = known(key)
        if verdict is None:
            verdict = _verdict(group, item, activation, budget)
            if verdict is None:
                return None
            verdicts.put(key, verdict)
        denying, most = verdict
        if denying:
            activation["item"], activation["parent"] = item.value, item.parent
            name, least = item_name(item), STEPS
            for place in denying:
                index, policy = members[place]
                budget.left = STEPS  # who is asked by no moment has all of them at once
                variables["params"] = policy.parameters
                try:
                    text = policy.message.quick(activation, budget)
                except Exception:  # whoever puts the policy to the item tells the failure
                    return None
                if budget.left < least:
                    least = budget.left
                found.append((index, _make(policy.rule, str(text), item.pointer + policy.field, name)))
            most += STEPS - least
        spent += most
        if spent > STEPS:
            return None
    return found


def _verdict(group: Group, item: Item, activation: dict[str, Any], budget: Budget) -> Verdict | None:
    """Which members deny an item; None when a condition gives no answer."""
    budget.renew(STEPS)
    if group.guard is not None and _holds(group.guard, item, activation, budget) is False:
        return (), STEPS - budget.left
    activation["item"], activation["parent"] = item.value, item.parent
    denying, least = [], STEPS
    for place, (_, policy) in enumerate(group.members):
        budget.renew(STEPS)
        activation["variables"]["params"] = policy.parameters
        try:
            denied = policy.deny.quick(activation, budget)
        except Exception:
            return None
        if denied is True:
            denying.append(place)
        elif denied is not False:
            return None
        least = min(least, budget.left)
    return tuple(denying), STEPS - least
