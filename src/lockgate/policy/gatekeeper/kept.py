"""Answers that are kept from one review to the next, by what the template reads of the review.

A cluster admits the same Pod again and again: replicas, restarts, rollouts. What differs between them (a name, an
annotation, the token's volume) is mostly nothing that a template reads, and then its answers are the same. Kept with
them are the steps they took, which are paid again, so that a budget runs out where it did before. Bounded in entries
and bytes; the longest unused go first. Several threads may ask at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import TypeAlias

from lockgate.policy.gatekeeper.violation import Answer, Violation
from lockgate.policy.rego.values import json_text
from lockgate.policy.remembered import Outcome, Remembered, Shared, Wholes

Known: TypeAlias = tuple[Sequence[Answer], int]
"""Answers, and the steps they took."""
Asker: TypeAlias = tuple[str, int]
"""``view`` or ``group``, and its number."""

MAX_BYTES = 24 << 20
"""Of all answers that one library keeps, as they are counted here: somewhat more than they take."""
MAX_GROUPS = 16_384
_GROUP, _ENTRY, _ANSWER = 400, 150, 300
"""Bytes that Python takes for each, roughly."""
_PATIENCE, _NOW_AND_THEN = 64, 16
"""Reviews of which nothing is known to a view or a group, until it is asked only each so many times."""
_MAX_ANSWER = 16_384
"""Bytes of the answers of one constraint; larger ones are not kept."""


class Group(dict[int, Known]):
    """The answers of all constraints whose templates read the same of a review, by a number of the constraint."""

    __slots__ = ("key", "size")

    def __init__(self, key: tuple[int, bytes]) -> None:
        super().__init__()
        self.key = key
        """Number of the view, and what it saw."""
        self.size = 0
        """Bytes counted; 0 while the group is not among those that are kept."""


class Verdicts(Shared):
    """What all constraints say of a review. The same object for the next review of which they say the same."""

    __slots__ = ("__weakref__", "violations")

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__()
        self.violations = violations
        """In the order of the constraints' keys."""


class Kept:
    """Everything that one library keeps."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self.size = 0
        """Bytes of the answers of single constraints, roughly."""
        self.wholes = Wholes(max_bytes=max_bytes // 2)
        self.outcomes: Remembered[Outcome] = Remembered(max_bytes=max_bytes // 4)
        """By what they say, so that what is said again is known for the same."""
        self.verdicts: Remembered[Verdicts] = Remembered(max_bytes=max_bytes // 2)
        """By the numbers of their outcomes."""
        self._max_bytes = max_bytes
        self._groups: OrderedDict[tuple[int, bytes], Group] = OrderedDict()
        self._in_vain: dict[Asker, int] = {}
        """How often each was asked since it last knew something."""
        self._lock = Lock()

    def __len__(self) -> int:
        """Answers kept, those of one constraint counted as one."""
        with self._lock:
            return sum(map(len, self._groups.values()))

    def forget_plans(self) -> None:
        """Let go of what hangs on which constraints there are."""
        for each in (self.wholes, self.outcomes, self.verdicts):
            each.clear()
        self._in_vain.clear()

    def worth(self, asker: Asker) -> bool:
        """Whether a view or a group of constraints, by its number, is to be asked what it knows: some see of each
        review what no other has, such as a name, and what they find would be kept for nothing."""
        asked = self._in_vain.get(asker, 0)
        if asked < _PATIENCE:
            return True
        self._in_vain[asker] = asked + 1
        return asked % _NOW_AND_THEN == 0

    def asked(self, asker: Asker, *, knew: bool) -> None:
        """Note whether something was known."""
        self._in_vain[asker] = 0 if knew else self._in_vain.get(asker, 0) + 1

    def group(self, view: int, digest: bytes) -> Group:
        """The group of a view, by its number, and of what it sees; an empty one when there is none, which is kept once
        something was added."""
        key = (view, digest)
        found = self._groups.get(key)
        self.asked(("view", view), knew=found is not None)
        if found is None:
            return Group(key)
        with suppress(KeyError):  # another thread may have let go of it meanwhile
            self._groups.move_to_end(key)
        return found

    def add(self, found: Sequence[tuple[Group, int]]) -> None:
        """Count answers that were put into their groups, each named by its group and its constraint's number, and let
        go of what is too much. Very long ones are taken out again."""
        with self._lock:
            for group, constraint in found:
                known = group[constraint]
                size = _ENTRY + sum(map(_size, known[0])) if known[0] else _ENTRY
                if size > _MAX_ANSWER:
                    del group[constraint]
                    continue
                if not group.size:
                    kept = self._groups.setdefault(group.key, group)
                    if kept is group:
                        group.size = _GROUP + len(group.key[1])
                        self.size += group.size
                    else:  # another thread was first
                        kept[constraint] = known
                    group = kept
                group.size += size
                self.size += size
            self._shrink()

    def _shrink(self) -> None:
        while self._groups and (self.size > self._max_bytes or len(self._groups) > MAX_GROUPS):
            _, oldest = self._groups.popitem(last=False)
            self.size -= oldest.size
            oldest.size = 0


def _size(answer: Answer) -> int:
    # Four bytes are the most that Python takes for a character.
    details = 0 if answer.details is None else 8 * len(json_text(answer.details))
    return _ANSWER + 4 * len(answer.message) + details
