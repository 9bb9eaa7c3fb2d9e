"""The constraints for one kind of object, in groups that read the same parts of a review.

A group is one look-up: what all its constraints say of a review with these parts is kept. Groups that say what they
said before give the very verdicts they gave before, so that whoever makes more of them can keep that too. Kept answers
are paid for as if they were found, and where the steps for all constraints run out, every constraint is put in its turn
as if nothing were known: a budget ends where it would without this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from itertools import count
from typing import Any

from lockgate.policy.gatekeeper.apart import Parts
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.judging import Installed, Judging
from lockgate.policy.gatekeeper.kept import Kept, Verdicts
from lockgate.policy.gatekeeper.parts import Quiet, is_steady, parts_of, union
from lockgate.policy.gatekeeper.violation import Answer, Violation
from lockgate.policy.reads import Read
from lockgate.policy.rego.values import json_text
from lockgate.policy.remembered import ENTRY, Outcome, Whole, size_of

_VIOLATION, _SAID = 200, 400
"""Bytes that Python takes for one, roughly, and for what is made of it on its way out, besides its words twice."""
_ANSWER = 6000
"""Bytes of the answer that is made of all."""
_LEFT = 200
"""Bytes that Python takes, roughly, to tell that a constraint is to be asked again."""
_numbers = count()
Place = tuple[int, Violation]
"""A violation, and the place of its constraint among all."""


class Group:
    """Constraints that read the same parts."""

    __slots__ = ("asker", "conditions", "members", "number", "parts", "quiet", "silent", "spoken")

    def __init__(self, parts: tuple[int, ...] | None, quiet: Quiet | None = None,
                 silent: tuple[int, ...] | None = None, spoken: tuple[int, ...] | None = None,
                 asker: int = -1) -> None:  # fmt: skip
        """``quiet``: which parts they read while some conditions do not hold, where those are fewer."""
        self.number = next(_numbers)
        self.asker = self.number if asker < 0 else asker
        """The number of the group of which these are some."""
        self.parts = parts
        """None for constraints of which nothing can be kept."""
        self.conditions = quiet[1] if quiet is not None else ()
        self.quiet = Group(quiet[0]) if quiet is not None else None
        """The same constraints, as they are while none of ``conditions`` holds."""
        self.silent = silent
        """The parts that decide whether they say anything, where replicas are alike in them and not in ``parts``."""
        self.spoken = spoken
        """The parts that decide all that they say but for the texts that stand in it as they are, likewise."""
        self.members: list[tuple[int, Installed, tuple[str, ...]]] = []
        """Each with its place among all, and with what follows from a violation."""


class Plan:
    """The constraints that judge one kind of object, at one point."""

    def __init__(self, installed: Iterable[Installed], point: str, *, namespaces: bool) -> None:
        """``installed`` in the order in which they answer. ``namespaces``: the objects are Namespaces."""
        self.number = next(_numbers)
        groups: dict[tuple[Any, ...], Group] = {}
        for at, one in enumerate(installed):
            key = _decided(one, namespaces)
            group = groups.setdefault(key, Group(*key))
            for each in (group, group.quiet):
                if each is not None:
                    each.members.append((at, one, one.constraint.enforcement.at(point)))
        self.groups = tuple(groups.values())
        self.parts = union(filter(is_steady, (
            parts for group in self.groups
            for parts in (group.parts, group.silent, group.spoken, None if group.quiet is None else group.quiet.parts)
        )))  # fmt: skip
        """Those in which replicas are alike, that any of the constraints reads."""

    def judged(
        self, case: Case, parts: Parts, kept: Kept, seconds: MutableMapping[str, float] | None
    ) -> Verdicts:  # fmt: skip
        """What they say of a review, whose parts these are; these note what it took and whether it lasts."""
        judging = Judging(case, kept, seconds)
        whole, known_of = self._of_steady(parts, judging, kept)
        outcomes = [*whole.outcomes]
        wholes = [whole]
        for group in whole.left:
            wholes.append(known_of[group] if group in known_of else _said(group, parts, judging, kept)[0])
            outcomes += wholes[-1].outcomes
            fails = any(one.error for outcome in wholes[-1].outcomes for _, one in outcome.found)
            parts.told = parts.told and group.spoken is not None and not fails
        judging.done()
        parts.steps += sum(one.steps for one in wholes)
        parts.most = max(parts.most, *(one.most for one in wholes))
        parts.lasting = parts.lasting and not whole.left and case.left > 0
        parts.told = parts.told and case.left > 0
        if case.left <= 0:
            return self._in_turn(case.anew(), kept, seconds)
        key = (self.number, *[one.number for one in outcomes])
        known = kept.verdicts.get(key)
        if known is None:
            found = [place for one in outcomes for place in one.found]
            found.sort(key=lambda place: place[0])
            known = Verdicts(tuple(violation for _, violation in found))
            words = sum([_SAID + 2 * len(one.message) for one in known.violations])
            kept.verdicts.put(key, known, ENTRY + words + (_ANSWER if words else 0))
        return known

    def _of_steady(
        self, parts: Parts, judging: Judging, kept: Kept
    ) -> tuple[Whole, Mapping[Group, Whole]]:
        """What the groups say that say the same of the next replica, as a rule, and which are left: one look-up for all
        of them. Of some that are left it was found out on the way what they say."""
        key = parts.joint(self.number, self.parts)
        known = _paid(judging.case, None if key is None else kept.wholes.get(key))
        if known is not None:
            return known, {}
        found: list[Whole] = []
        known_of: dict[Group, Whole] = {}
        left, lasting = [], True
        for group in self.groups:
            asked: Group | None = group
            if not is_steady(group.parts):
                asked = None if parts.meets(group.conditions) else group.quiet
            if asked is not None:
                said, lasts = _said(asked, parts, judging, kept)
                found.append(said)
                lasting = lasting and lasts
            elif group.silent is None:
                left.append(group)
            else:
                silence, loud, said = _parted(group, judging, kept)
                found.append(silence)
                if loud.members:
                    left.append(loud)
                    known_of[loud] = said
        every = tuple(outcome for one in found for outcome in one.outcomes)
        most = max((one.most for one in found), default=0)
        whole = Whole(every, sum(one.steps for one in found), most, tuple(left))
        if key is not None and lasting:
            kept.wholes.put(key, whole, size_of(key) + _LEFT * sum(len(group.members) for group in known_of))
        else:
            parts.lasting = parts.told = False
        return whole, known_of

    def _in_turn(self, case: Case, kept: Kept, seconds: MutableMapping[str, float] | None) -> Verdicts:
        judging = Judging(case, kept, seconds)
        every = sorted((member for group in self.groups for member in group.members), key=lambda member: member[0])
        found = [
            _violation(one, actions, answer) for _, one, actions in every for answer in judging.answers(one)
        ]  # fmt: skip
        judging.done()
        return Verdicts(tuple(found))


def _paid(case: Case, known: Whole | None) -> Whole | None:
    """The same, its steps taken; None where they are more than may be taken."""
    if known is None or known.most > case.limits.each or known.steps > case.left:
        return None
    case.left -= known.steps
    return known


def _said(group: Group, parts: Parts, judging: Judging, kept: Kept) -> tuple[Whole, bool]:
    """What a group says, and whether that lasts: the text of a failure may tell of more than was read."""
    case = judging.case
    steady = is_steady(group.parts)
    key = None
    if group.parts is not None and (steady or kept.worth(("group", group.asker))):
        key = parts.key(group.number, group.parts)
    known = _paid(case, None if key is None else kept.wholes.get(key))
    if key is not None and not steady:
        kept.asked(("group", group.asker), knew=known is not None)
    if known is not None:
        return known, True
    found: list[Place] = []
    before, most, lasts = case.left, 0, key is not None
    for at, one, actions in group.members:
        left = case.left
        for answer in judging.answers(one):
            found.append((at, _violation(one, actions, answer)))
            lasts = lasts and not answer.error
        most = max(most, left - case.left)
    whole = Whole((_outcome(group, found, kept),), before - case.left, most)
    if key is not None and lasts:
        kept.wholes.put(key, whole, size_of(key))
    return whole, lasts


def _parted(group: Group, judging: Judging, kept: Kept) -> tuple[Whole, Group, Whole]:
    """What it took to ask those of a group that say nothing; those that say something, and what."""
    case, loud = judging.case, Group(group.parts, spoken=group.spoken, asker=group.asker)
    found: list[Place] = []
    taken: dict[bool, list[int]] = {True: [0], False: [0]}
    for at, one, actions in group.members:
        left = case.left
        answers = judging.answers(one)
        taken[bool(answers)].append(left - case.left)
        if answers:
            loud.members.append((at, one, actions))
            found += [(at, _violation(one, actions, answer)) for answer in answers]
    said = (_outcome(loud, found, kept),) if found else ()
    return Whole((), sum(taken[False]), max(taken[False])), loud, Whole(said, sum(taken[True]), max(taken[True]))


def _outcome(group: Group, found: Sequence[Place], kept: Kept) -> Outcome:
    """The outcome that holds these violations. Where replicas are judged anew it is the same for the same: what lasts
    for them is met by its parts."""
    key = None
    if not found or not is_steady(group.parts):
        key = group.number, tuple(
            (at, one.message, one.error, "" if one.details is None else json_text(one.details)) for at, one in found
        )
        known = kept.outcomes.get(key)
        if known is not None:
            return known
    size = ENTRY + sum([_VIOLATION + 4 * len(one.message) for _, one in found])
    made = Outcome(next(_numbers), tuple(found), size)
    if key is not None:
        kept.outcomes.put(key, made, size)
    return made


def _violation(installed: Installed, actions: tuple[str, ...], answer: Answer) -> Violation:
    constraint = installed.constraint
    return Violation(constraint.kind, constraint.name, actions, answer.message, answer.details, answer.error)


_Parts = tuple[int, ...] | None
_Key = tuple[_Parts, Quiet | None, _Parts, _Parts]


def _decided(installed: Installed, namespaces: bool) -> _Key:
    """As a group has them."""
    every, quiet, silent, spoken, _ = installed.program.decided
    if every is None:
        return None, None, None, None
    every = _with_match(installed, every, namespaces)
    if is_steady(every):
        return every, None, None, None
    if quiet is not None:
        fewer = _with_match(installed, quiet[0], namespaces)
        quiet = (fewer, quiet[1]) if is_steady(fewer) else None
    return every, quiet, _steady_with(installed, silent, namespaces), _steady_with(installed, spoken, namespaces)


def _steady_with(installed: Installed, parts: _Parts, namespaces: bool) -> _Parts:
    """``parts`` with those that matching reads; None where replicas are not alike in them."""
    found = None if parts is None else _with_match(installed, parts, namespaces)
    return found if is_steady(found) else None


def _with_match(installed: Installed, parts: tuple[int, ...], namespaces: bool) -> tuple[int, ...]:
    """``parts``, and those that matching reads (``review.candidate_of``)."""
    if not installed.checks:
        return parts  # kinds alone, by which the plan was chosen
    match = installed.constraint.match
    reads: list[Read] = [(("namespaceObject",), True), (("oldObject",), False)]
    for body in ("object", "oldObject"):
        if namespaces or match.name:
            reads += (((body, "metadata", name), True) for name in ("name", "generateName"))
        if match.label_selector is not None or namespaces:
            reads.append(((body, "metadata", "labels"), True))
    return tuple(sorted({*parts, *parts_of(reads)}))
