"""The logic of a template, compiled, whatever its engine.

The door for further kinds of policy: anything that answers :meth:`Program.judge` can stand behind a constraint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lockgate.policy.budget import Budget
from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.parts import UNTOLD, Decided
from lockgate.policy.gatekeeper.template import Template
from lockgate.policy.gatekeeper.violation import Answer
from lockgate.policy.views import View


class Program(Protocol):
    """Judges reviews for the constraints of one template."""

    def judge(self, case: Case, constraint: Constraint, budget: Budget) -> list[Answer]:
        """What it says of the review; nothing when the constraint holds. May raise :class:`EvaluationError`."""
        ...

    view: View | None
    """What of :meth:`document` decides its answers, besides the constraint's parameters; None when that cannot be told,
    or when something else decides too."""

    decided: Decided
    """Which parts of a review (``parts``) decide its answers, besides the rest and the constraint's parameters."""

    def document(self, case: Case) -> Mapping[str, Any]:
        """The review as its logic sees it."""
        ...

    def dump(self) -> bytes:
        """Bytes from which :func:`load_program` makes it again without compiling."""
        ...


class BrokenProgram:
    """Stands for a template that does not compile, so that its constraints are answered with an error."""

    def __init__(self, error: PolicyError) -> None:
        self.view: View | None = None
        self.decided = UNTOLD
        self._answer = Answer(f"the template cannot be used: {error}", error=error.code)

    def judge(self, case: Case, constraint: Constraint, budget: Budget) -> list[Answer]:  # noqa: ARG002
        """The error, whatever the review."""
        return [self._answer]

    def document(self, case: Case) -> Mapping[str, Any]:  # noqa: ARG002
        """Nothing."""
        return {}

    def dump(self) -> bytes:
        """Nothing to keep."""
        return b""


def compile_program(template: Template) -> Program:
    """Compile the logic that runs: CEL when there is any, else Rego. Raises :class:`PolicyError` with the place."""
    if template.cel is not None:
        from lockgate.policy.gatekeeper.cel_program import compile_cel

        return compile_cel(template.cel)
    assert template.rego is not None
    from lockgate.policy.gatekeeper.rego_compile import compile_rego

    return compile_rego(template.rego)


def load_program(template: Template, data: bytes) -> Program:
    """The program that was dumped for the same template. Raises :class:`PolicyError` when the bytes do not fit."""
    if template.cel is not None:
        from lockgate.policy.gatekeeper.cel_program import load_cel

        return load_cel(template.cel, data)
    assert template.rego is not None
    from lockgate.policy.gatekeeper.rego_program import load_rego

    return load_rego(template.rego, data)
