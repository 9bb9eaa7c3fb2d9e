"""Bounds one evaluation: steps that a policy may take before it is stopped.

Steps are counted where work can multiply (iterations, calls, results kept), not per operator, so that the count is
cheap. The same policy on the same object takes the same steps on every machine, unlike a time limit.
"""

from __future__ import annotations

from lockgate.policy.errors import BudgetExceededError

DEFAULT_STEPS = 1_000_000
"""Roughly a second of a core; a library policy on a Pod takes a few hundred."""


class Budget:
    """Counts down. One object is shared by everything that one evaluation runs."""

    __slots__ = ("left", "steps")

    def __init__(self, steps: int = DEFAULT_STEPS) -> None:
        self.steps = steps
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take ``steps``. Raises :class:`BudgetExceededError` when fewer are left."""
        self.left -= steps
        if self.left < 0:
            raise BudgetExceededError(
                f"the evaluation took more than {self.steps} steps",
                hint="make the policy's loops smaller, or raise its budget of steps",
            )
