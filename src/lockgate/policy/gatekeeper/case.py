"""One review on its way through many constraints: what they share, and the steps they may take together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
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

    __slots__ = ("_activation", "_budget", "_document", "_rego", "data", "inventory", "left", "limits", "memory",
                 "review")  # fmt: skip

    def __init__(self, review: Review, *, data: Mapping[str, Any], limits: Limits, inventory: int = 0) -> None:
        self.review = review
        self.inventory = inventory
        """Another number whenever ``data`` holds something else."""
        self.data = data
        """``data`` of Rego policies: ``{"inventory": ...}``."""
        self.memory: dict[Any, Any] = {}
        """What a program keeps from one constraint of its template to the next."""
        self.limits = limits
        self.left = limits.all
        """Steps left for all constraints that come."""
        self._budget: Budget | None = None
        self._rego: dict[str, Any] | None = None
        self._activation: dict[str, Any] | None = None
        self._document: dict[str, Any] | None = None

    def anew(self) -> Case:
        """The same with all its steps."""
        return Case(self.review, data=self.data, limits=self.limits, inventory=self.inventory)

    def budget(self) -> Budget:
        """The steps of the next constraint: always the one object, given out anew. Whoever asked takes what was spent
        of it from ``left``."""
        steps = max(0, min(self.limits.each, self.left))
        if self._budget is None:
            self._budget = Budget(steps, until=self.limits.until)
        else:
            self._budget.renew(steps)
        return self._budget

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

    def cel_document(self) -> dict[str, Any]:
        """The same with ``anyObject``, the object or, where there is none, the old one."""
        if self._document is None:
            activation = self.cel_activation()
            one = activation["oldObject"] if activation["object"] is None else activation["object"]
            self._document = {**activation, "anyObject": one}
        return self._document
