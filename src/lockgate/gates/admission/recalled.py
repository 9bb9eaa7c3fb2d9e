"""What all constraints and all rules say of an object that is, in whatever any of them reads, the same as one before.

Each of them keeps that by itself, with what it takes to tell whether it holds. Where nothing hangs on more than what
replicas have in common, one look-up stands for both; where they differ in no more than texts that are told as they are,
one look-up and these.
"""

from __future__ import annotations

from itertools import count
from weakref import ref

from lockgate.dataclass import dataclass
from lockgate.gates.admission.answer import Heard
from lockgate.gates.admission.rulebook import Every
from lockgate.gates.admission.told import Told
from lockgate.policy.gatekeeper.apart import Key, Parts
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.kept import Verdicts
from lockgate.policy.gatekeeper.parts import union
from lockgate.policy.gatekeeper.plan import Plan
from lockgate.policy.remembered import ENTRY, Remembered, size_of

_numbers = count()
MAX_BYTES = 2 << 20
_TIMES_TOLD = 8
"""What is told anew for each replica may take so many times that."""
_NOW_AND_THEN = 16
"""Where there is no room for more templates, one of so many that might be made takes the place of the longest unused:
were it each, those that are asked for in turn would all be gone before they come again."""
_MAX_PAIRS = 4096
"""Kinds of objects that are told apart; past it they begin anew, for kinds come from objects."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What was said of one object and holds for its replicas."""

    constraints: Verdicts
    rules: Heard


class _Held:
    """The same as long as others hold it, who bound what they hold by its size."""

    __slots__ = ("_constraints", "_most", "_rules", "_steps")

    def __init__(self, known: Known, parts: Parts) -> None:
        self._constraints, self._rules = ref(known.constraints), ref(known.rules)
        self._steps, self._most = parts.steps, parts.most

    def known(self, limits: Limits) -> Known | None:
        """What is known, where it is still held and the steps that it took may be taken."""
        constraints, rules = self._constraints(), self._rules()
        if constraints is None or rules is None or self._most > limits.each or self._steps >= limits.all:
            return None
        return Known(constraints, rules)


class Recalled:
    """For one set of policies. Several threads may ask at once."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._held: Remembered[_Held] = Remembered(max_bytes=max_bytes)
        self._told: Remembered[Told] = Remembered(max_bytes=_TIMES_TOLD * max_bytes)
        self._once: Remembered[bool] = Remembered(max_bytes=max_bytes // 4)
        """Of what something was told that may be kept, if it comes again."""
        self._passed = 0
        self._read: dict[tuple[Plan, Every | None], tuple[int, tuple[int, ...]]] = {}

    def key(self, parts: Parts, plan: Plan, rules: Every | None) -> Key | None:
        """What is the same for reviews of which these constraints and rules say the same; None when that cannot be
        told."""
        read = self._read.get((plan, rules))
        if read is None:
            if len(self._read) >= _MAX_PAIRS:
                self._read.clear()
            made = next(_numbers), union((plan.parts, rules.parts if rules is not None else ()))
            read = self._read[plan, rules] = made
        return parts.joint(*read)

    def get(self, key: Key, limits: Limits) -> Known | None:
        """What is known by a key, where the steps that it took may be taken."""
        held = self._held.get(key)
        return None if held is None else held.known(limits)

    def told(self, key: Key, limits: Limits) -> Told | None:
        """The same of what is told anew for each replica."""
        found = self._told.get(key)
        return None if found is None or found.most > limits.each or found.steps >= limits.all else found

    def worth_telling(self, key: Key) -> bool:
        """Whether a template is to be made, which costs a second evaluation and more: only of what comes again, and
        where there is room for it."""
        if self._once.get(key) is None:
            self._once.put(key, True, size_of(key))
            return False
        if not self._told.full:
            return True
        self._passed += 1
        return self._passed % _NOW_AND_THEN == 0

    def keep_told(self, key: Key, told: Told) -> None:
        """Keep a template."""
        self._told.put(key, told, size_of(key) + told.size)

    def keep(self, key: Key, parts: Parts, known: Known) -> None:
        """Keep what was said of a review whose ``parts`` these are, if it lasts."""
        if parts.lasting:
            self._held.put(key, _Held(known, parts), size_of(key) + ENTRY)
