"""Judges one request by validating policies and their bindings, as the API server's admission plugin does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.cel.program import Program, activation_of, annotated, unmet, violations
from lockgate.policy.errors import BudgetExceededError, EvaluationError
from lockgate.policy.kubernetes.matching import is_policy
from lockgate.policy.kubernetes.objects import Binding, Policy, ValidatingPolicy
from lockgate.policy.kubernetes.request import Request
from lockgate.policy.kubernetes.world import World, activation, parameters

STEPS = 10_000_000
"""Steps for one binding, as Kubernetes' cost limit of a binding is ten times that of an expression."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one binding says against a request."""

    policy: str
    """Name of the policy."""
    binding: str
    """Name of the binding; empty when the policy failed before any binding was looked at."""
    action: str
    """``Deny``, ``Warn``, ``Audit``; ``Ignore`` for an error that ``failurePolicy: Ignore`` passes over."""
    message: str
    """What to tell the user."""
    reason: str = "Invalid"
    """Kubernetes' reason of the refusal."""
    error: EvaluationError | None = None
    """Why the policy could not be computed; ``None`` for a violation proper."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that policies say about one request."""

    verdicts: tuple[Verdict, ...] = ()
    """Verdicts in the order of policies, bindings and validations."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Audit annotations: ``policy/key`` and the values of all bindings and parameters, joined by commas."""

    @property
    def denied(self) -> bool:
        """Whether the request is refused."""
        return any(verdict.action == "Deny" for verdict in self.verdicts)


def judge(
    request: Request,
    policies: Sequence[ValidatingPolicy],
    bindings: Sequence[Binding],
    *,
    world: World | None = None,
    steps: int = STEPS,
    until: float | None = None,
    budget: Budget | None = None,
) -> Judgement:
    """What ``policies`` say about ``request`` through ``bindings``. Nothing raises: an error is a verdict.

    Nothing is evaluated past ``until``, a moment of ``time.monotonic()``: that is an error as well. ``budget`` is for
    all bindings together, in place of one of ``steps`` for each.
    """
    world = world or World()
    verdicts: list[Verdict] = []
    annotations: dict[str, list[str]] = {}
    if is_policy(request):
        return Judgement()
    for policy in policies:
        for binding in bound(policy, bindings, validating=True):
            own = budget if budget is not None else Budget(steps, until=until)
            verdicts += _judged(request, policy, binding, world, own, annotations)
    return Judgement(tuple(verdicts), {key: ", ".join(values) for key, values in annotations.items()})


def bound(policy: Policy, bindings: Sequence[Binding], *, validating: bool) -> list[Binding]:
    """The bindings of ``policy``."""
    return [b for b in bindings if b.policy == policy.name and b.validating is validating]


def _judged(
    request: Request,
    policy: ValidatingPolicy,
    binding: Binding,
    world: World,
    budget: Budget,
    annotations: dict[str, list[str]],
) -> list[Verdict]:
    try:
        found = selected(request, policy, binding, world)
    except EvaluationError as error:  # of the configuration: refused whatever the binding's actions are
        return [failed(policy, binding, error, f"failed to configure binding: {error.message}")]
    verdicts: list[Verdict] = []
    for params in found:
        try:
            for verdict in _with(request, policy, binding, params, world, budget, annotations):
                verdicts.append(verdict)  # one by one, so that those before an error are kept
        except EvaluationError as error:
            verdicts += _acted(policy, binding, error.message, "", error)
    return verdicts


def is_meant(request: Request, policy: ValidatingPolicy, bindings: Sequence[Binding], *, world: World) -> bool:
    """Whether ``policy`` is about ``request`` through one of ``bindings``, or fails to tell."""
    if is_policy(request):
        return False
    for binding in bound(policy, bindings, validating=True):
        try:
            if selected(request, policy, binding, world):
                return True
        except EvaluationError:
            return True
    return False


def selected(request: Request, policy: Policy, binding: Binding, world: World) -> list[Mapping[str, Any] | None]:
    """The parameters to judge ``request`` with; empty when it is not meant. Raises :class:`EvaluationError`."""
    for resources in (policy.constraints, binding.resources):
        if not resources.matches(request, namespaces=world.namespaces, served=world.served):
            return []
    return parameters(policy, binding, request, world)


def failed(policy: Policy, binding: Binding, error: EvaluationError, message: str) -> Verdict:
    """The verdict of an error that no action of a binding softens."""
    return Verdict(policy.name, binding.name, "Deny" if policy.fails else "Ignore", message, error=error)


def _with(
    request: Request,
    policy: ValidatingPolicy,
    binding: Binding,
    params: Mapping[str, Any] | None,
    world: World,
    budget: Budget,
    annotations: dict[str, list[str]],
) -> Iterator[Verdict]:
    program = policy.program
    values = activation_of(program, activation(request, params, world), budget=budget)
    if unmet(program, values, budget=budget) is not None:
        return
    for violation in violations(program, values, budget=budget):
        yield from _acted(policy, binding, violation.message, violation.reason, violation.error)
    for key, expression in program.annotations:
        try:
            said = annotated(Program(annotations=((key, expression),)), values, budget=budget)
        except BudgetExceededError:
            raise
        except EvaluationError as error:
            yield failed(policy, binding, error, f"auditAnnotation {key!r} failed: {error.message}")
            continue
        for text in said.values():
            kept = annotations.setdefault(f"{policy.name}/{key}", [])
            if text not in kept:
                kept.append(text)


def _acted(
    policy: ValidatingPolicy, binding: Binding, message: str, reason: str, error: EvaluationError | None
) -> list[Verdict]:
    actions = binding.actions if error is None or policy.fails else ("Ignore",)
    return [Verdict(policy.name, binding.name, action, message, reason or "Invalid", error) for action in actions]
