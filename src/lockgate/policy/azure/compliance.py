"""Compliance of resources under assignments, in the states that Azure reports.

assignments = Assignments([assignment], definitions, initiatives=[initiative], exemptions=[exemption])
for state in assignments.judge(resource, Context(utc_now="2026-01-01T00:00:00Z")):
    state.state, state.effect, state.message, state.outcome.reasons
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from lockgate.policy.azure.assignments import (
    Assignment,
    Attestation,
    Exemption,
    compliance_name,
    folded_scope,
    selected,
    within,
)
from lockgate.policy.azure.bindings import Bound, Library
from lockgate.policy.azure.conditions import Test
from lockgate.policy.azure.definitions import Definition, Outcome, reasons, run_definition
from lockgate.policy.azure.effects import IF_NOT_EXISTS, Effect, Lookup, Manual, Modification
from lockgate.policy.azure.evaluation import Context, Run
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.initiatives import Initiative
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, equal
from lockgate.policy.errors import EvaluationError


class ComplianceState(StrEnum):
    """The states, as ``Microsoft.PolicyInsights/policyStates`` spells them, highest rank of a rollup first."""

    NON_COMPLIANT = "NonCompliant"
    COMPLIANT = "Compliant"
    ERROR = "Error"
    CONFLICT = "Conflict"
    PROTECTED = "Protected"
    EXEMPT = "Exempt"
    UNKNOWN = "Unknown"
    NOT_STARTED = "NotStarted"


_RANK: Final = {state: rank for rank, state in enumerate(ComplianceState)}
_CONTAINERS: Final = frozenset(
    ("microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups")
)
_NOT_EXEMPTED: Final = frozenset((
    "microsoft.managedhsm.data", "microsoft.datafactory.data", "microsoft.machinelearningservices.v2.data",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What one definition under one assignment says about one resource."""

    resource_id: str
    """The resource."""
    state: ComplianceState
    """Its compliance."""
    effect: str
    """The effect as written by the rule, its parameter or an override."""
    bound: Bound
    """The assignment and the definition."""
    outcome: Outcome
    """The evaluation: reasons, details, error."""
    message: str
    """The assignment's message for what does not comply; empty when there is none, or when it complies."""
    exemption: Exemption | None = None
    """The exemption that excuses it."""

    @property
    def enforced(self) -> bool:
        """Whether the effect acts on requests."""
        return self.bound.assignment.enforced and self.exemption is None


def rolled_up(states: Iterable[ComplianceState]) -> ComplianceState:
    """The state that stands for many: Azure's rank; what has not started is not considered."""
    considered = [one for one in states if one is not ComplianceState.NOT_STARTED]
    return min(considered, key=_RANK.__getitem__, default=ComplianceState.NOT_STARTED)


class Assignments:
    """Assignments with everything they name. Build once, judge many resources."""

    def __init__(
        self,
        assignments: Iterable[Assignment],
        definitions: Iterable[Definition],
        *,
        initiatives: Iterable[Initiative] = (),
        exemptions: Iterable[Exemption] = (),
        attestations: Iterable[Attestation] = (),
        management_groups: Mapping[str, tuple[str, ...]] | None = None,
        any_version: bool = False,
    ) -> None:
        """``management_groups`` gives, by subscription id, the ids of the management groups above it. ``any_version``
        lets the newest version that was given stand in where a wanted one is missing (``Bound.version_note`` says so).

        Raises :class:`PolicyError` for an assignment whose definition, version or parameters do not fit.
        """
        library = Library(definitions, initiatives, any_version=any_version)
        self.bound = tuple(bound for one in assignments for bound in library.bind(one))
        self._exemptions: dict[str, list[Exemption]] = {}
        for exemption in exemptions:
            self._exemptions.setdefault(ascii_fold(exemption.assignment_id), []).append(exemption)
        self._attestations = tuple(attestations)
        self._groups = {ascii_fold(key): value for key, value in (management_groups or {}).items()}

    def judge(
        self,
        resource: Resource | Json,
        context: Context,
        *,
        related: Lookup | None = None,
        scope: str = "",
    ) -> list[PolicyState]:
        """The states of an existing resource; none for definitions that do not concern it or are disabled.

        ``scope`` (a resource group's id) places a resource that has no id. ``related`` finds related resources; without
        it, what depends on them is ``NotStarted``.
        """
        view = resource if isinstance(resource, Resource) else Resource(resource)
        identity = view.id = resource_id(view, scope)
        states = []
        for bound in self.covering(view, identity):
            state = self.state(bound, view, identity, context, related)
            if state is not None:
                states.append(state)
        return _conflicting(states)

    def covering(self, view: Resource, identity: str) -> list[Bound]:
        """The definitions whose assignments hold for a resource."""
        scopes = tuple(map(folded_scope, (identity, *self._groups.get(_subscription(identity), ()))))
        return [
            bound
            for bound in self.bound
            if bound.covers(scopes) and (not bound.assignment.selectors or bound.assignment.selects(view))
        ]

    def state(
        self, bound: Bound, view: Resource, identity: str, context: Context, related: Lookup | None
    ) -> PolicyState | None:
        """The state under one definition; None when it does not concern the resource."""
        definition, values, applicable = bound.version_for(view) if bound.others else bound.usual
        if not _in_mode(definition, view) or not _is_applicable(applicable, Run(view, values, context)):
            return None
        request = context.request if "apiVersion" in context.request else {**context.request, "apiVersion": _api(view)}
        around = replace(context, policy=bound.ids, request=request)
        effect = bound.effect_for(view)
        outcome = run_definition(definition, Run(view, values, around), related, effect=effect)
        if outcome.disabled or not _concerns(outcome):
            return None
        if outcome.effect is not None and outcome.error is None:
            outcome = replace(outcome, reasons=reasons(definition, Run(view, values, around)))
        state = self._judged(bound, definition, outcome, identity, context)
        exemption = self._exemption(bound, definition, view, identity, context)
        if exemption is not None:
            state = ComplianceState.EXEMPT
        message = bound.assignment.message(bound.reference_id) if state is ComplianceState.NON_COMPLIANT else ""
        return PolicyState(identity, state, outcome.written, bound, outcome, message, exemption)

    def _judged(
        self, bound: Bound, definition: Definition, outcome: Outcome, identity: str, context: Context
    ) -> ComplianceState:
        if outcome.error is not None:
            return ComplianceState.ERROR
        if outcome.unknown is not None:
            return ComplianceState.NOT_STARTED
        if outcome.effect is None:
            return ComplianceState.COMPLIANT
        if ascii_fold(definition.mode) == "microsoft.kubernetes.data":
            return ComplianceState.NOT_STARTED  # the cluster's objects decide, and they are judged elsewhere
        if outcome.effect is Effect.DENY_ACTION:
            return ComplianceState.PROTECTED
        if outcome.effect is Effect.MANUAL:
            return self._attested(bound, outcome, identity, context)
        return ComplianceState.NON_COMPLIANT

    def _attested(self, bound: Bound, outcome: Outcome, identity: str, context: Context) -> ComplianceState:
        default = outcome.details.default_state if isinstance(outcome.details, Manual) else "Unknown"
        state = compliance_name(default) or "Unknown"
        for one in self._attestations:
            if (
                ascii_fold(one.assignment_id) == ascii_fold(bound.assignment.id)
                and ascii_fold(one.reference_id) == ascii_fold(bound.reference_id)
                and within(identity, one.scope)
                and one.holds(context.utc_now)
            ):
                state = one.state
        return ComplianceState(state)

    def _exemption(
        self, bound: Bound, definition: Definition, view: Resource, identity: str, context: Context
    ) -> Exemption | None:
        if ascii_fold(definition.mode) in _NOT_EXEMPTED:
            return None
        groups = self._groups.get(_subscription(identity), ())
        for one in self._exemptions.get(ascii_fold(bound.assignment.id), ()):
            if (
                (not one.reference_ids or ascii_fold(bound.reference_id) in one.reference_ids)
                and any(within(inner, one.scope) for inner in (identity, *groups))
                and selected(one.selectors, view)
                and one.holds(context.utc_now)
            ):
                return one
        return None


def resource_id(view: Resource, scope: str) -> str:
    """The id of a resource, or the one that it would have below a scope."""
    given = view.value("id")
    if isinstance(given, str) and given.startswith("/"):
        return given
    name = view.json.get("name")
    types = view.type.split("/")
    names = str(name).split("/") if isinstance(name, str) and name else ["unnamed"]
    if len(types) - 1 == len(names):
        inner = "/".join(f"{kind}/{one}" for kind, one in zip(types[1:], names, strict=True))
        return f"{scope.rstrip('/')}/providers/{types[0]}/{inner}"
    return f"{scope.rstrip('/')}/providers/{view.type}/{names[-1]}"


def _api(view: Resource) -> str:
    """A scan uses the latest API version; where nobody says which that is, one later than any is assumed."""
    return view.api_version or "9999-12-31"


def _subscription(identity: str) -> str:
    parts = identity.split("/")
    return ascii_fold(parts[2]) if len(parts) > 2 and ascii_fold(parts[1]) == "subscriptions" else ""


def _in_mode(definition: Definition, view: Resource) -> bool:
    """Whether the mode evaluates this type: ``Indexed`` leaves out containers, and no mode takes other Resources."""
    kind = view.type.lower()
    if not kind.startswith("microsoft.resources/"):
        return True
    if kind in _CONTAINERS:
        return ascii_fold(definition.mode) == "all"
    return False


def _is_applicable(applicable: Test, run: Run) -> bool:
    """What is not applicable cannot meet ``if`` either, so this is asked first; a test that fails is not a no."""
    try:
        return applicable(run)
    except EvaluationError:
        return True


def _concerns(outcome: Outcome) -> bool:
    """Whether an applicable rule has a state here: some effects have one only where the whole ``if`` holds."""
    if outcome.error is not None or outcome.effect is not None or outcome.matched:
        return True
    return ascii_fold(outcome.written) not in _WHOLE_IF


_WHOLE_IF: Final = frozenset(ascii_fold(one.value) for one in (*IF_NOT_EXISTS, Effect.MANUAL, Effect.DENY_ACTION))


def clashes(states: Iterable[PolicyState]) -> dict[str, list[PolicyState]]:
    """Fields that several definitions would change to different values, and those definitions' states."""
    by_field: dict[str, list[tuple[PolicyState, Json]]] = {}
    for state in states:
        if isinstance(state.outcome.details, Modification):
            for change in state.outcome.details.changes:
                if change.applies and not change.field.endswith("[*]"):
                    by_field.setdefault(ascii_fold(change.field), []).append((state, change.value))
    return {
        field: list({id(state): state for state, _ in entries}.values())
        for field, entries in by_field.items()
        if any(not _same(entries[0][1], value) for _, value in entries[1:])
    }


def _same(left: Json, right: Json) -> bool:
    return (left is MISSING) is (right is MISSING) and equal(left, right)


def _conflicting(states: list[PolicyState]) -> list[PolicyState]:
    """Existing resources: where two definitions that deny conflicts would change one field apart, both conflict."""
    marked: set[int] = set()
    for entries in clashes(one for one in states if one.state is ComplianceState.NON_COMPLIANT).values():
        denying = [one for one in entries if conflict_effect(one) == "deny"]
        if len(denying) > 1:
            marked |= {id(one) for one in denying}
    return [replace(one, state=ComplianceState.CONFLICT) if id(one) in marked else one for one in states]


def conflict_effect(state: PolicyState) -> str:
    """What a definition wants when its change cannot be made; ``append`` always denies."""
    details = state.outcome.details
    if state.outcome.effect is Effect.MODIFY and isinstance(details, Modification):
        return details.conflict_effect
    return "deny"
