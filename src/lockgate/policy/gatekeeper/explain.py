"""Why a constraint says what it says of an object: what leaves the object out, or each line of the template's logic."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.match import Place
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.violation import Violation
from lockgate.policy.step import Explanation, Step

STEPS = 1_000_000
"""Steps of the trace of one constraint that is written in CEL."""
_OUTCOMES = {"deny": "denied", "warn": "warned", "dryrun": "audited"}


def explain(library: Library, review: Review, *, point: str) -> Iterator[Explanation]:
    """Every constraint of the library. Never raises for what an object or a policy holds."""
    violations = library.evaluate(review, point=point) if library.constraints else []
    for constraint in library.constraints:
        yield _one(library, review, constraint, [one for one in violations if one.constraint == constraint.key])


def _one(library: Library, review: Review, constraint: Constraint, said: list[Violation]) -> Explanation:
    namespace = Place.of(library.inventory.namespace(review.namespace)) if review.namespace else None
    try:
        left_out = constraint.match.left_out(review.candidates[0], namespace)
    except EvaluationError as error:
        return Explanation(constraint.key, "failed", error.message)
    if left_out:
        return Explanation(constraint.key, "not about it", f"{left_out} leaves it out")
    outcome = "failed" if any(one.error for one in said) else _OUTCOMES[said[0].action] if said else "allowed"
    reason = "; ".join(one.message for one in said)
    try:
        steps = _steps(library, review, constraint)
    except PolicyError as error:
        steps = (Step("the template", error=error.message),)
    return Explanation(constraint.key, outcome, reason, steps)


def _steps(library: Library, review: Review, constraint: Constraint) -> tuple[Step, ...]:
    template, _ = library.installed(constraint.kind)
    case = library.case(review)
    if template.cel is not None:
        from lockgate.policy.cel.trace import trace_program
        from lockgate.policy.gatekeeper.cel_program import compile_cel

        cel = compile_cel(template.cel)
        return tuple(trace_program(cel.program, cel.activation(case, constraint, Budget(STEPS))))
    assert template.rego is not None
    from lockgate.policy.gatekeeper.rego_compile import modules_of
    from lockgate.policy.gatekeeper.rego_program import input_of
    from lockgate.policy.rego.explain import explain as explain_rego

    sources, path = modules_of(template.rego)
    return explain_rego(sources, path, input_of(case, constraint), case.data)
