"""What constraints say of an object and of its replicas, who differ in texts that are only told: a name, a uid.

A template of it is made by putting the object once more to all constraints with other texts of the same length in place
of those, drawn by lot: wherever one of them stands in a message, a replica's own belongs. It is kept only where it
gives the very words that were said of an object by itself. What does not belong: which constraints tell a text as it is
(``policy.reads``), and what is kept for how long (``recalled``).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from lockgate.dataclass import dataclass
from lockgate.gates.admission.answer import Heard, Said

_LETTERS = string.ascii_letters + string.digits
_PLAIN = frozenset(_LETTERS + "-.:_")
_SHORTEST = 5
"""Characters of a text that one drawn by lot may stand for: shorter ones stand in many words."""
_SAID = 300
"""Bytes that Python takes for one thing said, roughly, besides its words."""


def stand_ins(texts: Sequence[str | None]) -> tuple[str | None, ...] | None:
    """A text of the same length for each; None where that cannot be, or where there is none."""
    if not any(texts) or any(text is not None and len(text) < _SHORTEST for text in texts):
        return None
    made = tuple(None if text is None else "".join(secrets.choice(_LETTERS) for _ in text) for text in texts)
    given = [text for text in (*texts, *made) if text is not None]
    return made if len({*given}) == len({*filter(None, texts)}) + len(given) // 2 else None


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is said of one object, to be filled for its replicas."""

    rules: Heard
    """What the rulebook says, in which no such text stands."""
    steps: int
    """What was taken by all constraints."""
    most: int
    """What was taken by the one that took the most."""
    _said: tuple[Said, ...]
    """Of the constraints, in their order, with what stands in for the texts."""
    _runs: tuple[tuple[int, int], ...]
    """Where those of a constraint begin and end in whose words it stands."""
    _stand_ins: tuple[str | None, ...]
    _whole: Heard | None
    """Constraints and rules together, where they are in one order and each once whatever the texts."""
    _at: tuple[int, ...]
    """The places in that of those in whose words it stands."""

    @classmethod
    def of(cls, said: Sequence[Said], whole: Sequence[Said], rules: Heard, *, stand_ins: tuple[str | None, ...],
           taken: tuple[int, int]) -> Told:  # fmt: skip
        """What constraints ``said`` with ``stand_ins``, and the ``whole`` of what comes of it; ``taken``: steps of all
        and of the one that took the most."""
        marks = [one for one in stand_ins if one is not None]
        runs, at, settled = [], 0, True
        for _, group in groupby(said, key=lambda one: one.policy):
            members = list(group)
            if any(mark in one.message for one in members for mark in marks):
                runs.append((at, at + len(members)))
                settled = settled and all(_in_order(one.message, other.message, marks)
                                          for one, other in pairwise(members))  # fmt: skip
            at += len(members)
        places = tuple(at for at, one in enumerate(whole) if any(mark in one.message for mark in marks))
        return cls(rules, *taken, tuple(said), tuple(runs), stand_ins, Heard(tuple(whole)) if settled else None, places)

    @property
    def size(self) -> int:
        """Bytes, roughly, with what is made of it on its way out."""
        return sum(_SAID + 3 * len(one.message) for one in self._said)

    def whole(self, texts: Sequence[str | None]) -> Heard | None:
        """All that is said of the replica with these texts; None where its order, or how often something is said, may
        hang on them."""
        pairs = self._pairs(texts)
        if self._whole is None or not all(map(_is_plain, pairs.values())):
            return None
        said = list(self._whole.said)
        for at in self._at:
            said[at] = _with(said[at], pairs)
        return Heard(tuple(said), self._whole, pairs)

    def filled(self, texts: Sequence[str | None]) -> list[Said]:
        """What constraints say of it. Each says what it has to say in the order of the words; what is said twice stands
        there twice."""
        said, pairs = list(self._said), self._pairs(texts)
        for begin, end in self._runs:
            said[begin:end] = sorted((_with(one, pairs) for one in said[begin:end]), key=lambda one: one.message)
        return said

    def _pairs(self, texts: Sequence[str | None]) -> dict[str, str]:
        return {
            one: text for one, text in zip(self._stand_ins, texts, strict=True) if one is not None and text is not None
        }


def _with(one: Said, pairs: Mapping[str, str]) -> Said:
    message = one.message
    for stand_in, text in pairs.items():
        message = message.replace(stand_in, text)
    return Said(one.policy, one.engine, one.action, message)


def _is_plain(text: str) -> bool:
    """Whether it stands as it is wherever it is written, in JSON as well."""
    return _PLAIN.issuperset(text)


def _in_order(one: str, other: str, marks: Sequence[str]) -> bool:
    """Whether the second comes after the first whatever stands in place of the marks: where they begin to differ,
    neither has one."""
    if one == other:
        return False
    at = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), None)
    if at is None:  # one goes on where the other ends, and there none is under way
        at = min(len(one), len(other))
        return not any(mark in text[max(0, at - len(mark) + 1) : at + len(mark) - 1]
                       for text in (one, other) for mark in marks)  # fmt: skip
    return not any(
        mark in text[max(0, at - len(mark) + 1) : at + len(mark)] for text in (one, other) for mark in marks
    )  # fmt: skip
