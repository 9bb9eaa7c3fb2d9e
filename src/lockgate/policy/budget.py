"""Bounds one evaluation: steps that a policy may take before it is stopped.

Steps are counted where work can multiply (iterations, calls, results kept), not per operator, so that the count is
cheap. The same policy on the same object takes the same steps on every machine, unlike a time limit; whoever must also
answer in time gives a moment, which is looked at once in a few thousand steps.
"""

from __future__ import annotations

import time

from lockgate.policy.errors import BudgetExceededError

DEFAULT_STEPS = 1_000_000
"""Roughly a second of a core; a library policy on a Pod takes a few hundred."""
_SLICE = 5000
"""Steps between two looks at the clock: some milliseconds."""


class Budget:
    """Counts down. One object is shared by everything that one evaluation runs."""

    __slots__ = ("_held", "_until", "left", "steps")

    def __init__(self, steps: int = DEFAULT_STEPS, *, until: float | None = None) -> None:
        """``until`` is a moment of ``time.monotonic()`` past which no further steps are given."""
        self._until = until
        self.renew(steps)

    def renew(self, steps: int) -> None:
        """Begin anew with ``steps``, by the same moment."""
        self.steps = steps
        if self._until is None:
            self.left = steps
        else:
            self.left = min(steps, _SLICE) if time.monotonic() < self._until else 0
        self._held = steps - self.left

    @property
    def spent(self) -> int:
        """Steps taken so far."""
        return self.steps - self._held - max(0, self.left)

    def spend(self, steps: int = 1) -> None:
        """Take ``steps``. Raises :class:`BudgetExceededError` when fewer are left."""
        self.left -= steps
        if self.left < 0 and not self._more():
            if self._held and self._until is not None:
                raise BudgetExceededError("the evaluation was not done in time", hint="make the policies smaller")
            raise BudgetExceededError(
                f"the evaluation took more than {self.steps} steps",
                hint="make the policy's loops smaller, or raise its budget of steps",
            )

    def _more(self) -> bool:
        """Give out the next slice, when there are steps and time; whether ``left`` is enough now."""
        if self._until is None or time.monotonic() >= self._until:
            return False
        given = min(self._held, max(_SLICE, -self.left))
        self._held -= given
        self.left += given
        return self.left >= 0
