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
from lockgate.policy.gatekeeper.parts import Parts, parts_of
from lockgate.policy.remembered import Outcome, Remembered, Whole, Wholes

MAX_BYTES = 8 << 20
_ENTRY, _HIT = 600, 900
"""Bytes that Python takes for each, roughly; the second with what is made of a hit on its way out."""
_MAX_KINDS = 1024
"""Kinds of objects whose rules are in groups; past it the groups begin anew, for kinds come from objects."""
_numbers = count()
Outcomes = tuple[Outcome, ...]


class _Group:
    """Rules that read the same parts."""

    __slots__ = ("kind", "number", "parts", "places")

    def __init__(self, parts: tuple[int, ...] | None, kind: Kind, places: Mapping[str, int]) -> None:
        self.number = next(_numbers)
        self.parts = parts
        """None for rules of which nothing can be kept."""
        self.kind = kind
        self.places = places
        """Of each rule, by its id, its place among all for the kind."""


class Rulebook:
    """Policies, and what they said. Asked from several threads at once."""

    def __init__(self, policies: Policies, compiled: MutableMapping[str, bytes], *, max_bytes: int = MAX_BYTES) -> None:
        """``compiled`` as :class:`Policies` has it."""
        self._policies = policies
        self._reads = {policy.rule.id: read_off(policy, compiled) for policy in policies.kubernetes}
        self.wholes = Wholes(max_bytes=max_bytes)
        self._outcomes: Remembered[Outcome] = Remembered(max_bytes=max_bytes // 4)
        self._groups: dict[tuple[str, str], tuple[_Group, ...]] = {}

    def outcomes(self, body: Mapping[str, Any], parts: Parts, until: float | None) -> Outcomes:
        """What is denied of an object, in groups; :func:`hits_of` tells the hits."""
        groups = self._groups_of(group_kind(body))
        asked: Asked | None = None
        found = []
        for group in groups:
            key = None if group.parts is None else parts.key(group.number, group.parts)
            known = None if key is None else self.wholes.get(key)
            if known is not None:
                found.append(known.outcome)
                continue
            if asked is None:
                asked = Asked(body)
                fault = asked.fault_of(self._policies.of_kind(group_kind(body)))
                if fault:
                    return (self._outcome(group, fault),)
            hits = asked.hits(group.kind, until=until)
            outcome = self._outcome(group, hits)
            found.append(outcome)
            if key is not None and not any(one.failed or _unnamed(one) for one in hits):
                size = _ENTRY + sum(len(part) for part in key if isinstance(part, bytes))
                self.wholes.put(key, Whole(outcome, 0, 0), size)
        return tuple(found)

    def _groups_of(self, pair: tuple[str, str]) -> tuple[_Group, ...]:
        found = self._groups.get(pair)
        if found is None:
            several: dict[tuple[int, ...] | None, list[tuple[int, KubernetesPolicy]]] = {}
            for place, policy in enumerate(self._policies.of_kind(pair).policies):
                reads = self._reads[policy.rule.id]
                parts = None if reads is None else parts_of(reads_of(policy, pair, reads))
                several.setdefault(parts, []).append((place, policy))
            found = tuple(
                _Group(parts, self._policies.part_of(policy for _, policy in one),
                       {str(policy.rule.id): place for place, policy in one})
                for parts, one in several.items()
            )  # fmt: skip
            if len(self._groups) >= _MAX_KINDS:
                self._groups.clear()
            self._groups[pair] = found
        return found

    def _outcome(self, group: _Group, hits: Sequence[Hit]) -> Outcome:
        key = group.number, tuple((one.rule.id, one.message, one.pointer, one.item, one.failed) for one in hits)
        known = self._outcomes.get(key)
        if known is None:
            size = _ENTRY + sum(_HIT + 8 * len(one.message) for one in hits)
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
