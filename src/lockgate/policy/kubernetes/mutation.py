"""Changes one object by mutating policies and their bindings, as the API server's admission plugin does.

Policies run in the order of their names. A policy that asks for it (``reinvocationPolicy: IfNeeded``) runs once more
when a policy after it has changed the object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.cel.library.structs import Patch
from lockgate.policy.cel.program import activation_of, unmet
from lockgate.policy.cel.values import CelError, type_name
from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.jsonpatch import TestFailedError, apply_patch, same
from lockgate.policy.kubernetes.matching import is_policy
from lockgate.policy.kubernetes.merge import merge
from lockgate.policy.kubernetes.objects import Binding, MutatingPolicy, Mutation
from lockgate.policy.kubernetes.plain import plain
from lockgate.policy.kubernetes.request import Request
from lockgate.policy.kubernetes.validation import STEPS, Verdict, bound, failed, selected
from lockgate.policy.kubernetes.world import World, activation


@dataclass(frozen=True, slots=True)
class Mutated:
    """An object after mutation."""

    object: Mapping[str, Any] | None
    """The object; the very one that was given when nothing changed."""
    changed_by: tuple[tuple[str, str], ...] = ()
    """Policy and binding of each change, in order."""
    verdicts: tuple[Verdict, ...] = ()
    """Errors: ``Deny`` where ``failurePolicy: Fail`` refuses the request, else ``Ignore``."""

    @property
    def denied(self) -> bool:
        """Whether the request is refused."""
        return any(verdict.action == "Deny" for verdict in self.verdicts)


def mutate(
    request: Request,
    policies: Sequence[MutatingPolicy],
    bindings: Sequence[Binding],
    *,
    world: World | None = None,
    steps: int = STEPS,
    until: float | None = None,
) -> Mutated:
    """The object of ``request`` after ``policies``. Nothing raises: an error is a verdict, and a refusal ends it.

    Nothing is evaluated past ``until``, a moment of ``time.monotonic()``.
    """
    run = _Run(request, world or World(), steps, until)
    ordered = sorted(policies, key=lambda policy: policy.name)
    if request.object is None or request.operation == "DELETE" or is_policy(request):
        return Mutated(request.object)
    before: dict[int, Any] = {}
    for number, policy in enumerate(ordered):
        run.policy(policy, bindings)
        before[number] = run.request.object
    for number, policy in enumerate(ordered):
        if policy.reinvoked and not run.denied and not same(before[number], run.request.object):
            run.policy(policy, bindings)
    return Mutated(run.request.object, tuple(run.changed_by), tuple(run.verdicts))


class _Run:
    """The object on its way through the policies of one request."""

    def __init__(self, request: Request, world: World, steps: int, until: float | None) -> None:
        self.request = request
        self.world = world
        self.steps = steps
        self.until = until
        self.changed_by: list[tuple[str, str]] = []
        self.verdicts: list[Verdict] = []
        self.denied = False

    def policy(self, policy: MutatingPolicy, bindings: Sequence[Binding]) -> None:
        for binding in bound(policy, bindings, validating=False):
            if self.denied:
                return
            try:
                found = selected(self.request, policy, binding, self.world)
            except EvaluationError as error:
                self.refuse(policy, binding, error, f"failed to configure binding: {error.message}")
                continue
            for params in found:
                try:
                    self.change(policy, binding, params)
                except EvaluationError as error:
                    self.refuse(policy, binding, error, error.message)

    def refuse(self, policy: MutatingPolicy, binding: Binding, error: EvaluationError, message: str) -> None:
        self.verdicts.append(failed(policy, binding, error, message))
        self.denied = self.denied or policy.fails

    def change(self, policy: MutatingPolicy, binding: Binding, params: Mapping[str, Any] | None) -> None:
        """All of a policy's mutations or, when one fails, none of them."""
        budget = Budget(self.steps, until=self.until)
        request = self.request
        values = activation_of(policy.program, activation(request, params, self.world), budget=budget)
        if unmet(policy.program, values, budget=budget) is not None:
            return
        for mutation in policy.mutations:
            # Variables are computed anew, because each mutation sees the object that the one before it left.
            values = activation_of(policy.program, activation(request, params, self.world), budget=budget)
            request = replace(request, object=_changed(request.object, mutation, values, budget))
        if not same(request.object, self.request.object):
            self.request = request
            self.changed_by.append((policy.name, binding.name))


def _changed(obj: Any, mutation: Mutation, values: Mapping[str, Any], budget: Budget) -> Any:
    where = mutation.expression.where
    value = mutation.expression.evaluate(values, budget=budget)
    if mutation.patch_type == "ApplyConfiguration":
        if not isinstance(value, dict):
            raise CelError(
                f"the expression must give an Object, not {type_name(value)}", where=mutation.expression.where
            )
        return merge(obj, plain(value))
    if not isinstance(value, list) or not all(isinstance(item, Patch) for item in value):
        raise CelError("the expression must give a list of JSONPatch", where=where)
    try:
        changed = apply_patch(obj, [plain(item.fields) for item in value])
    except TestFailedError:  # what it tests for chooses the objects that it is for: others stay as they are
        return obj
    if not isinstance(changed, Mapping):
        raise CelError("the patch leaves no object", where=where)
    return changed
