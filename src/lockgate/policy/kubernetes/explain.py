"""Why a ValidatingAdmissionPolicy says what it says of a request: what left it out, or each part of what was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from lockgate.policy.budget import Budget
from lockgate.policy.cel.program import activation_of
from lockgate.policy.cel.trace import trace_program
from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.matching import MatchResources
from lockgate.policy.kubernetes.objects import Binding, ValidatingPolicy
from lockgate.policy.kubernetes.request import Request
from lockgate.policy.kubernetes.validation import STEPS, bound, judge
from lockgate.policy.kubernetes.world import World, activation, parameters
from lockgate.policy.selectors import EVERYTHING
from lockgate.policy.step import Explanation, Step

_OUTCOMES = {"Deny": "denied", "Warn": "warned", "Audit": "audited"}


def explain(
    request: Request, policies: Sequence[ValidatingPolicy], bindings: Sequence[Binding], world: World
) -> Iterator[Explanation]:
    """Every policy through every binding of its own. Never raises."""
    for policy in policies:
        for binding in bound(policy, bindings, validating=True):
            name = f"{policy.name} ({binding.name})" if binding.name else policy.name
            yield _one(request, policy, binding, world, name)


def _one(request: Request, policy: ValidatingPolicy, binding: Binding, world: World, name: str) -> Explanation:
    try:
        for place, resources in (("the policy", policy.constraints), ("the binding", binding.resources)):
            excluding = _excluding(resources, request, world)
            if excluding:
                return Explanation(name, "not about it", f"{excluding} of {place} leaves it out")
        found = parameters(policy, binding, request, world)
    except EvaluationError as error:
        return Explanation(name, "failed", error.message)
    verdicts = judge(request, [policy], [binding], world=world).verdicts
    outcome = "failed" if any(one.error for one in verdicts) else _outcome({one.action for one in verdicts})
    steps = tuple(step for params in found for step in _steps(request, policy, params, world))
    if any(step.note.startswith("matchCondition") and step.value is False for step in steps):
        outcome = "not about it"
    told = dict.fromkeys(one.message for one in verdicts)  # every action of the binding says the same
    return Explanation(name, outcome, "; ".join(told), steps)


def _outcome(actions: AbstractSet[str]) -> str:
    """Of the strictest of them."""
    return next((outcome for action, outcome in _OUTCOMES.items() if action in actions), "allowed")


def _steps(
    request: Request, policy: ValidatingPolicy, params: Mapping[str, Any] | None, world: World
) -> Iterator[Step]:
    values = activation_of(policy.program, activation(request, params, world), budget=Budget(STEPS))
    return trace_program(policy.program, values)


def _excluding(resources: MatchResources, request: Request, world: World) -> str:
    """The part of ``resources`` that leaves the request out; empty when none does."""
    parts = {
        "objectSelector": replace(resources, rules=(), excluded=(), namespaces=EVERYTHING),
        "excludeResourceRules": replace(resources, rules=(), namespaces=EVERYTHING, objects=EVERYTHING),
        "resourceRules": replace(resources, excluded=(), namespaces=EVERYTHING, objects=EVERYTHING),
        "namespaceSelector": replace(resources, rules=(), excluded=(), objects=EVERYTHING),
    }
    for name, part in parts.items():
        if not part.matches(request, namespaces=world.namespaces, served=world.served):
            return name
    return ""
