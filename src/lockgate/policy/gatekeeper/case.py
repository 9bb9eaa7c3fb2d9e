"""One review on its way through many constraints: what they share, and the steps they may take together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.policy.budget import DEFAULT_STEPS, Budget
from lockgate.policy.gatekeeper.review import Review

ALL_STEPS = 5 * DEFAULT_STEPS


@dataclass(frozen=True, slots=True)
class Limits:
    """Steps that judging may take. Past them a constraint is answered with an error."""

    each: int = DEFAULT_STEPS
    """For one constraint on one object."""
    all: int = ALL_STEPS
    """For all constraints on one object."""
    until: float | None = None
    """Moment of ``time.monotonic()`` past which nothing more is judged; None for any time it takes."""


class Case:
    """Shared by the constraints that judge one review. For one thread."""

    __slots__ = ("_activation", "_budget", "_left", "_limits", "_rego", "data", "memory", "review")

    def __init__(self, review: Review, *, data: Mapping[str, Any], limits: Limits) -> None:
        self.review = review
        self.data = data
        """``data`` of Rego policies: ``{"inventory": ...}``."""
        self.memory: dict[Any, Any] = {}
        """What a program keeps from one constraint of its template to the next."""
        self._limits = limits
        self._left = limits.all
        self._budget: Budget | None = None
        self._rego: dict[str, Any] | None = None
        self._activation: dict[str, Any] | None = None

    def budget(self) -> Budget:
        """The steps of the next constraint: always the one object, given out anew. What the constraint before has spent
        of it is taken from what is left for all."""
        budget = self._budget
        if budget is None:
            budget = self._budget = Budget(max(0, min(self._limits.each, self._left)), until=self._limits.until)
            return budget
        self._left -= budget.spent
        budget.renew(max(0, min(self._limits.each, self._left)))
        return budget

    def affords(self, steps: int) -> bool:
        """Pay for answers that are known already, where these steps are left."""
        if self._budget is not None:
            self._left -= self._budget.spent
            self._budget.renew(0)
        if steps > min(self._limits.each, self._left):
            return False
        self._left -= steps
        return True

    def rego_review(self) -> dict[str, Any]:
        """``input.review``, made once."""
        if self._rego is None:
            self._rego = self.review.rego_input()
        return self._rego

    def cel_activation(self) -> dict[str, Any]:
        """The variables of CEL that are the same for every constraint, made once; not to be changed."""
        if self._activation is None:
            review = self.review
            self._activation = {
                "object": review.object,
                "oldObject": review.old_object,
                "request": review.cel_request(),
                "namespaceObject": review.namespace_object,
            }
        return self._activation
