"""What constraints say of an object and of its replicas, who differ in texts that are only told: a name, a uid.

A template of it is made by putting the object once more to all constraints with other texts of the same length in place
of those, drawn by lot: wherever one of them stands in a message, a replica's own belongs. It is kept only where it
gives the very words that were said of an object by itself. What does not belong: which constraints tell a text as it is
(``policy.reads``), and what is kept for how long (``recalled``).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from itertools import groupby

from lockgate.dataclass import dataclass
from lockgate.gates.admission.answer import Heard, Said

_LETTERS = string.ascii_letters + string.digits
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

    @classmethod
    def of(cls, said: Sequence[Said], rules: Heard, stand_ins: tuple[str | None, ...], taken: tuple[int, int]) -> Told:
        """What was ``said`` with ``stand_ins``; ``taken``: steps of all and of the one that took the most."""
        runs, at = [], 0
        for _, group in groupby(said, key=lambda one: one.policy):
            members = list(group)
            if any(text in one.message for one in members for text in stand_ins if text is not None):
                runs.append((at, at + len(members)))
            at += len(members)
        return cls(rules, *taken, tuple(said), tuple(runs), stand_ins)

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        return sum(_SAID + len(one.message) for one in self._said)

    def filled(self, texts: Sequence[str | None]) -> list[Said]:
        """What is said of the replica with these texts. A constraint says what it has to say in the order of the
        words, and the same but once."""
        said = list(self._said)
        pairs = [(one, text) for one, text in zip(self._stand_ins, texts, strict=True)
                 if one is not None and text is not None]  # fmt: skip
        for begin, end in self._runs:
            for at in range(begin, end):
                one = said[at]
                message = one.message
                for stand_in, text in pairs:
                    message = message.replace(stand_in, text)
                said[at] = Said(one.policy, one.engine, one.action, message)
            if end - begin > 1:
                said[begin:end] = sorted(said[begin:end], key=_message)
        return said


def _message(said: Said) -> str:
    return said.message
