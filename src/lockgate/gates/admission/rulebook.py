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
from lockgate.policy.gatekeeper.apart import Parts
from lockgate.policy.gatekeeper.parts import NAMED, is_steady, parts_of, steady, union
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


class Every:
    """All groups for one kind, which are looked up together first."""

    __slots__ = ("groups", "number", "parts")

    def __init__(self, groups: Sequence[_Group]) -> None:
        self.number = next(_numbers)
        self.groups = tuple(groups)
        self.parts = union([(NAMED,), *(steady(part) for one in groups for part in (one.parts or (), one.quiet or ()))])
        """Those in which replicas are alike: by these all is known but of groups that mind something which hangs on
        more."""


class Rulebook:
    """Policies, and what they said. Asked from several threads at once."""

    def __init__(self, policies: Policies, compiled: MutableMapping[str, bytes], *, max_bytes: int = MAX_BYTES) -> None:
        """``compiled`` as :class:`Policies` has it."""
        self.policies = policies
        self._reads = {policy.rule.id: read_off(policy, compiled) for policy in policies.kubernetes}
        self.wholes = Wholes(max_bytes=max_bytes)
        self._outcomes: Remembered[Outcome] = Remembered(max_bytes=max_bytes // 4)
        self._groups: dict[tuple[str, str], Every] = {}

    def outcomes(self, body: Mapping[str, Any], parts: Parts, until: float | None) -> Outcomes:
        """What is denied of an object, in groups; :func:`hits_of` tells the hits."""
        every = self.groups_of(body)
        key = parts.joint(every.number, every.parts)
        known = None if key is None else self.wholes.get(key)
        asking = _Asking(self, body, parts, until)
        if known is None:
            known, lasts = self._found_out(every, asking)
            if key is not None and lasts:
                self.wholes.put(key, known, size_of(key))
            else:
                parts.lasting = parts.told = False
        if known.left:
            parts.lasting = parts.told = False
        found = list(known.outcomes)
        for group in known.left:
            found += asking.whole(group)[0].outcomes
        return asking.at_fault or tuple(found)

    def _found_out(self, every: Every, asking: _Asking) -> tuple[Whole, bool]:
        """What holds for replicas, and which groups are to be asked of each of them; and whether that lasts."""
        said: list[Outcome] = []
        left: list[_Group] = []
        lasting = True
        for group in every.groups:
            if group.parts is None or group.quiet is None:
                left.append(group)
                continue
            if not asking.settled_by(group.quiet):
                whole, settled, lasts = group.silence, asking.minds_nothing(group), True
            else:
                whole, lasts = asking.whole(group)
                settled = asking.settled_by(group.parts) or whole is group.silence
            lasting = lasting and lasts
            if settled:
                said += whole.outcomes
            else:
                left.append(group)
        return Whole(tuple(said), left=tuple(left)), lasting and not asking.at_fault

    def known(self, group: _Group, parts: Parts) -> Whole | None:
        """What a group said before of what is the same in its parts."""
        if group.parts is None or group.quiet is None:
            return None
        if group.quiet != group.parts:
            key = parts.key(group.quiet_number, group.quiet)
            if key is not None and self.wholes.get(key) is not None:
                return group.silence
        key = parts.key(group.number, group.parts)
        return None if key is None else self.wholes.get(key)

    def keep(self, group: _Group, parts: Parts, hits: Sequence[Hit]) -> tuple[Whole, bool]:
        """What the hits make, kept where that lasts, and whether it does. That nothing is denied hangs on less than
        what is said otherwise."""
        silent = not hits and group.quiet != group.parts
        whole = group.silence if silent else Whole((self.outcome(group, hits),))
        if group.parts is None or group.quiet is None or any(one.failed or _unnamed(one) for one in hits):
            return whole, False
        key = parts.key(group.quiet_number, group.quiet) if silent else parts.key(group.number, group.parts)
        if key is not None:
            self.wholes.put(key, whole, size_of(key))
        return whole, True

    def groups_of(self, body: Mapping[str, Any]) -> Every:
        """Those for objects of this kind."""
        pair = group_kind(body)
        found = self._groups.get(pair)
        if found is None:
            every: dict[_Parts | None, list[tuple[int, KubernetesPolicy]]] = {}
            for place, policy in enumerate(self.policies.of_kind(pair).policies):
                every.setdefault(self._parts_of(policy, pair), []).append((place, policy))
            groups = [
                _Group(parts, self.policies.part_of(policy for _, policy in one),
                       {str(policy.rule.id): place for place, policy in one})
                for parts, one in every.items()
            ]  # fmt: skip
            found = Every(groups)
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

    def outcome(self, group: _Group, hits: Sequence[Hit]) -> Outcome:
        """The outcome that holds these hits, the same for the same."""
        key = group.number, tuple((one.rule.id, one.message, one.pointer, one.item, one.failed) for one in hits)
        known = self._outcomes.get(key)
        if known is None:
            size = ENTRY + sum(_HIT + 8 * len(one.message) for one in hits)
            found = tuple((group.places.get(str(one.rule.id), 0), one) for one in hits)
            known = Outcome(next(_numbers), found, size)
            self._outcomes.put(key, known, size)
        return known


class _Asking:
    """One object that groups are put to, and what was found out of it. For one thread."""

    __slots__ = ("_asked", "_body", "_book", "_found", "_parts", "_until", "at_fault")

    def __init__(self, book: Rulebook, body: Mapping[str, Any], parts: Parts, until: float | None) -> None:
        self._book, self._body, self._parts, self._until = book, body, parts, until
        self._asked: Asked | None = None
        self._found: dict[int, tuple[Whole, bool]] = {}
        self.at_fault: Outcomes = ()
        """The one answer in place of all, where nothing about the object can be said."""

    def whole(self, group: _Group) -> tuple[Whole, bool]:
        """What a group says, and whether that lasts."""
        found = self._found.get(group.number)
        if found is None:
            found = self._found[group.number] = self._looked_up(group)
        return found

    def settled_by(self, parts: tuple[int, ...]) -> bool:
        """Whether what decides these parts is known where all steady ones are: they are steady themselves, or what is
        another for each replica is no text here, of which the mark tells all."""
        return is_steady(parts) or self._parts.marked_wholly(parts)

    def minds_nothing(self, group: _Group) -> bool:
        """Whether no rule of a group denies anything whatever the names of volumes are: the object has no field that
        any of them would mind."""
        asked = self._put(group)
        return not self.at_fault and not group.kind.plan(asked.shape) and self._parts.names_are_texts()

    def _looked_up(self, group: _Group) -> tuple[Whole, bool]:
        known = self._book.known(group, self._parts)
        if known is not None:
            return known, True
        asked = self._put(group)
        if self.at_fault:
            return group.silence, False
        return self._book.keep(group, self._parts, asked.hits(group.kind, until=self._until))

    def _put(self, group: _Group) -> Asked:
        """The object, ready to be judged, unless it is at fault."""
        if self._asked is None:
            self._asked = Asked(self._body)
            fault = self._asked.fault_of(self._book.policies.of_kind(group_kind(self._body)))
            if fault:
                self.at_fault = (self._book.outcome(group, fault),)
        return self._asked


def hits_of(outcomes: Outcomes) -> list[Hit]:
    """All hits, in the order of their rules."""
    found = [one for each in outcomes for one in each.found]
    found.sort(key=lambda one: one[0])
    return [hit for _, hit in found]


def _unnamed(hit: Hit) -> bool:
    """Whether the item may be called by what the whole of it holds."""
    return len(hit.item) == 12 and set(hexdigits).issuperset(hit.item)
