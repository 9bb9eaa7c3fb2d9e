"""What the rulebook denies of an object, known for its copies: rules that read the same parts are one look-up.

The parts are those by which Gatekeeper's constraints are kept (``policy.gatekeeper.parts``), so that a review is taken
apart once for both.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from itertools import count
from string import hexdigits
from typing import Any

from lockgate.policy.catalogue import Hit, Policies
from lockgate.policy.catalogue._places import group_kind
from lockgate.policy.catalogue._plan import Kind
from lockgate.policy.catalogue._reads import read_off, reads_of
from lockgate.policy.catalogue.kubernetes import KubernetesPolicy
from lockgate.policy.catalogue.policies import Asked
from lockgate.policy.gatekeeper.parts import Parts, is_steady, parts_of, union
from lockgate.policy.remembered import ENTRY, Outcome, Remembered, Whole, Wholes, size_of

MAX_BYTES = 8 << 20
_HIT = 900
"""Bytes that Python takes for a hit, roughly, with what is made of it on its way out."""
_MAX_KINDS = 1024
"""Kinds of objects whose rules are in groups; past it the groups begin anew, for kinds come from objects."""
_numbers = count()
Outcomes = tuple[Outcome, ...]
_Parts = tuple[tuple[int, ...], tuple[int, ...]]


class _Group:
    """Rules that read the same parts."""

    __slots__ = ("kind", "number", "parts", "places", "quiet", "quiet_number", "silence")

    def __init__(self, parts: _Parts | None, kind: Kind, places: Mapping[str, int]) -> None:
        self.number, self.quiet_number = next(_numbers), next(_numbers)
        self.quiet: tuple[int, ...] | None = None if parts is None else parts[0]
        self.parts: tuple[int, ...] | None = None if parts is None else parts[1]
        """The parts that decide whether anything is denied, and those that decide all that is said; None for rules of
        which nothing can be kept."""
        self.kind = kind
        self.places = places
        """Of each rule, by its id, its place among all for the kind."""
        self.silence = Whole((Outcome(next(_numbers), (), ENTRY),))


class _Several:
    """Groups that are looked up together first."""

    __slots__ = ("groups", "number", "parts")

    def __init__(self, groups: Sequence[_Group], parts: tuple[int, ...] | None) -> None:
        self.number = next(_numbers)
        self.groups = tuple(groups)
        self.parts = parts
        """None where each is looked up by itself alone."""


class Rulebook:
    """Policies, and what they said. Asked from several threads at once."""

    def __init__(self, policies: Policies, compiled: MutableMapping[str, bytes], *, max_bytes: int = MAX_BYTES) -> None:
        """``compiled`` as :class:`Policies` has it."""
        self._policies = policies
        self._reads = {policy.rule.id: read_off(policy, compiled) for policy in policies.kubernetes}
        self.wholes = Wholes(max_bytes=max_bytes)
        self._outcomes: Remembered[Outcome] = Remembered(max_bytes=max_bytes // 4)
        self._groups: dict[tuple[str, str], tuple[_Several, ...]] = {}

    def outcomes(self, body: Mapping[str, Any], parts: Parts, until: float | None) -> Outcomes:
        """What is denied of an object, in groups; :func:`hits_of` tells the hits."""
        groups = self._groups_of(group_kind(body))
        asked: Asked | None = None
        found: list[Outcome] = []
        for several in groups:
            key = None if several.parts is None else parts.key(several.number, several.parts)
            known = None if key is None else self.wholes.get(key)
            if known is not None:
                found += known.outcomes
                continue
            lasting, said = key is not None, list[Outcome]()
            for group in several.groups:
                whole = self._known(group, parts)
                if whole is None:
                    asked = asked or Asked(body)
                    fault = asked.fault_of(self._policies.of_kind(group_kind(body)))
                    if fault:
                        return (self._outcome(group, fault),)
                    whole, lasts = self._put(group, parts, asked.hits(group.kind, until=until))
                    lasting = lasting and lasts
                said += whole.outcomes
            if key is not None and lasting:
                self.wholes.put(key, Whole(tuple(said)), size_of(key))
            found += said
        return tuple(found)

    def _known(self, group: _Group, parts: Parts) -> Whole | None:
        if group.parts is None or group.quiet is None:
            return None
        if group.quiet != group.parts:
            key = parts.key(group.quiet_number, group.quiet)
            if key is not None and self.wholes.get(key) is not None:
                return group.silence
        key = parts.key(group.number, group.parts)
        return None if key is None else self.wholes.get(key)

    def _put(self, group: _Group, parts: Parts, hits: Sequence[Hit]) -> tuple[Whole, bool]:
        """What the hits make, kept where that lasts, and whether it does. That nothing is denied hangs on less than
        what is said otherwise."""
        silent = not hits and group.quiet != group.parts
        whole = group.silence if silent else Whole((self._outcome(group, hits),))
        if group.parts is None or group.quiet is None or any(one.failed or _unnamed(one) for one in hits):
            return whole, False
        key = parts.key(group.quiet_number, group.quiet) if silent else parts.key(group.number, group.parts)
        if key is not None:
            self.wholes.put(key, whole, size_of(key))
        return whole, True

    def _groups_of(self, pair: tuple[str, str]) -> tuple[_Several, ...]:
        found = self._groups.get(pair)
        if found is None:
            every: dict[_Parts | None, list[tuple[int, KubernetesPolicy]]] = {}
            for place, policy in enumerate(self._policies.of_kind(pair).policies):
                every.setdefault(self._parts_of(policy, pair), []).append((place, policy))
            groups = [
                _Group(parts, self._policies.part_of(policy for _, policy in one),
                       {str(policy.rule.id): place for place, policy in one})
                for parts, one in every.items()
            ]  # fmt: skip
            steady = [one for one in groups if is_steady(one.parts)]
            alone = [_Several((one,), None) for one in groups if not is_steady(one.parts)]
            found = (*([_Several(steady, union(one.parts for one in steady))] if steady else ()), *alone)
            if len(self._groups) >= _MAX_KINDS:
                self._groups.clear()
            self._groups[pair] = found
        return found

    def _parts_of(self, policy: KubernetesPolicy, pair: tuple[str, str]) -> _Parts | None:
        found = self._reads[policy.rule.id]
        if found is None:
            return None
        reads = reads_of(policy, pair, found)
        return parts_of(reads.quiet), parts_of(reads.loud)

    def _outcome(self, group: _Group, hits: Sequence[Hit]) -> Outcome:
        key = group.number, tuple((one.rule.id, one.message, one.pointer, one.item, one.failed) for one in hits)
        known = self._outcomes.get(key)
        if known is None:
            size = ENTRY + sum(_HIT + 8 * len(one.message) for one in hits)
            found = tuple((group.places.get(str(one.rule.id), 0), one) for one in hits)
            known = Outcome(next(_numbers), found, size)
            self._outcomes.put(key, known, size)
        return known


def hits_of(outcomes: Outcomes) -> list[Hit]:
    """All hits, in the order of their rules."""
    found = [one for each in outcomes for one in each.found]
    found.sort(key=lambda one: one[0])
    return [hit for _, hit in found]


def _unnamed(hit: Hit) -> bool:
    """Whether the item may be called by what the whole of it holds."""
    return len(hit.item) == 12 and set(hexdigits).issuperset(hit.item)
