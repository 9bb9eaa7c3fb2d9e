"""One review on its way through the constraints: matched, answered from what is known, or judged.

What constraints have in common is asked once: the same matchers, the same view of the review. What does not belong:
which constraints are for a kind of object (``library``), and what follows from an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Final

from lockgate.dataclass import dataclass
from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.kept import Group, Kept
from lockgate.policy.gatekeeper.match import Place
from lockgate.policy.gatekeeper.program import Program
from lockgate.policy.gatekeeper.review import Candidate, Origin, Review
from lockgate.policy.gatekeeper.template import Template
from lockgate.policy.gatekeeper.violation import Answer
from lockgate.policy.views import View

Check = Callable[[Candidate, Place | None, Origin], bool]
NO_VIEW: Final = -1
_NOTHING: Final[Sequence[Answer]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Installed:
    """A constraint, ready to judge."""

    constraint: Constraint
    template: Template
    program: Program
    key: str
    """``Kind/name``."""
    checks: tuple[Check, ...]
    """Matchers besides kinds, which the index has answered."""
    match: int
    """The same number for constraints whose matchers are the same, so that they are asked once for a review."""
    number: int
    """The same for constraints of one template whose parameters are the same, which therefore say the same."""
    view_number: int
    """The same for templates that read the same; ``NO_VIEW`` where answers cannot be kept."""
    view: View | None
    """What the template reads."""


class Judging:
    """One review. For one thread."""

    __slots__ = ("_each", "_fresh", "_groups", "_kept", "_matched", "_place", "_seconds", "case")

    def __init__(self, case: Case, kept: Kept, seconds: MutableMapping[str, float] | None) -> None:
        """``seconds`` takes how long the logic of each constraint took that was evaluated, by its key."""
        self.case = case
        self._kept = kept
        self._seconds = seconds
        self._place = Place.of(case.review.namespace_object)
        self._each = case.limits.each
        self._matched: dict[int, bool] = {}
        self._groups: dict[int, Group | None] = {NO_VIEW: Group((NO_VIEW, b""))}  # known for this review only
        self._fresh: list[tuple[Group, int]] = []

    def answers(self, installed: Installed) -> Sequence[Answer]:
        """What a constraint says; nothing when it is not for this object, or when it holds. Never raises for what an
        object or a policy holds."""
        try:
            for_it = self._matched.get(installed.match)
            if for_it is None:
                for_it = self._matched[installed.match] = matches(installed, self.case.review, self._place)
            if not for_it:
                return _NOTHING
            group = self._group(installed)
            if group is not None:
                known = group.get(installed.number)
                if known is not None and known[1] <= self._each and known[1] <= self.case.left:
                    self.case.left -= known[1]
                    return known[0]
            return self._evaluated(installed, group)
        except EvaluationError as error:
            return (Answer(str(error), error=error.code),)
        except RecursionError:
            return (Answer("the evaluation nests too deep", error=EvaluationError.code),)

    def done(self) -> None:
        """Keep what was found out."""
        if self._fresh:
            self._kept.add(self._fresh)

    def _group(self, installed: Installed) -> Group | None:
        """The answers that are known for what the template reads of this review."""
        number = installed.view_number
        group = self._groups.get(number)
        if group is None and installed.view is not None and number not in self._groups:
            if self._kept.worth(("view", number)):
                digest = installed.view.digest(installed.program.document(self.case))
                group = None if digest is None else self._kept.group(number, digest)
            else:
                group = self._groups[NO_VIEW]
            self._groups[number] = group
        return group

    def _evaluated(self, installed: Installed, group: Group | None) -> Sequence[Answer]:
        case = self.case
        began = time.perf_counter()
        budget = case.budget()
        try:
            answers = installed.program.judge(case, installed.constraint, budget)
        finally:
            case.left -= budget.spent
            if self._seconds is not None:
                taken = time.perf_counter() - began
                self._seconds[installed.key] = self._seconds.get(installed.key, 0.0) + taken
        if group is None:
            return answers
        for answer in answers:
            if answer.error:  # its text may tell of more than was read
                return answers
        group[installed.number] = (answers, budget.spent)
        if group is not self._groups[NO_VIEW]:
            self._fresh.append((group, installed.number))
        return answers


def matches(installed: Installed, review: Review, place: Place | None) -> bool:
    """Whether the constraint is for the object or for what it was. Raises :class:`MatchError`."""
    checks = installed.checks
    if not checks and len(review.candidates) == 1:
        return True
    for candidate in review.candidates:
        if installed.constraint.match.covers_kind(candidate.group, candidate.kind) and all(
            check(candidate, place, review.source) for check in checks
        ):
            return True
    return False
