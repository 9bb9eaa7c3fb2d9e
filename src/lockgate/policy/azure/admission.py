"""Requests under assignments: what would be changed, denied and deployed, in Azure's order of effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.changes import Edit, apply
from lockgate.policy.azure.compliance import (
    Assignments,
    PolicyState,
    clashes,
    conflict_effect,
)
from lockgate.policy.azure.effects import ActionDenial, Deployment, Effect, Lookup, Modification, Related
from lockgate.policy.azure.evaluation import Context
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.values import Json, ascii_fold

_CHANGING: Final = frozenset((Effect.APPEND, Effect.MODIFY))
_NEVER_PROTECTED: Final = frozenset((
    "microsoft.authorization/policyassignments", "microsoft.authorization/denyassignments",
    "microsoft.authorization/locks", "microsoft.blueprint/blueprintassignments",
    "microsoft.resources/deploymentstacks", "microsoft.resources/subscriptions",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Denial:
    """One reason for which a request is refused."""

    state: PolicyState
    """The definition that refuses it."""
    why: str
    """What it refuses: its rule, an error of its evaluation, or a change that could not be made."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request."""

    denials: tuple[Denial, ...]
    """Why it is refused; empty when it is not."""
    json: Json
    """The resource as it would be stored, changes of ``append`` and ``modify`` included."""
    edits: tuple[Edit, ...]
    """Those changes."""
    states: tuple[PolicyState, ...]
    """Every definition that concerns the changed resource, enforced or not."""
    deployments: tuple[tuple[PolicyState, Deployment], ...]
    """What ``deployIfNotExists`` would deploy after the request has succeeded."""
    notes: tuple[str, ...]
    """Changes that were left out, and why."""

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return not self.denials


def admit(
    assignments: Assignments,
    resource: Resource | Json,
    context: Context,
    *,
    related: Lookup | None = None,
    scope: str = "",
) -> Verdict:
    """A request that creates or updates a resource. Assignments that do not enforce are told and change nothing."""
    view = resource if isinstance(resource, Resource) else Resource(resource)
    states = assignments.judge(view, context, related=related, scope=scope)
    changing = [one for one in states if one.outcome.effect in _CHANGING and one.enforced]
    denials, left_out, notes = _settle_clashes(changing)
    edits: list[Edit] = []
    for state in changing:
        if id(state) in left_out or not isinstance(state.outcome.details, Modification):
            continue
        view = _carry_out(state, view, denials, edits, notes)
    after = assignments.judge(view, context, related=related, scope=scope) if edits else states
    for state in after:
        if not state.enforced:
            continue
        if state.outcome.error is not None:
            denials.append(Denial(state, f"the rule failed: {state.outcome.error.message}"))
        elif state.outcome.effect is Effect.DENY:
            denials.append(Denial(state, state.message or "the rule denies it"))
    deployments = tuple(
        (state, state.outcome.details.deployment)
        for state in after
        if state.enforced and state.outcome.unknown is None
        and isinstance(state.outcome.details, Related) and state.outcome.details.deployment is not None
    )  # fmt: skip
    return Verdict(tuple(denials), view.json, tuple(edits), tuple(after), deployments, tuple(notes))


def admit_delete(
    assignments: Assignments,
    resource: Resource | Json,
    context: Context,
    *,
    scope: str = "",
    through: str = "",
) -> Verdict:
    """A request that deletes a resource; ``through`` is ``resourceGroup`` when it goes with its group.

    Deleting a whole subscription is never held up, and some types are never protected, so that nobody locks
    themselves out.
    """
    view = resource if isinstance(resource, Resource) else Resource(resource)
    states = assignments.judge(view, context, related=lambda query: [], scope=scope)
    denials = []
    for state in states:
        if state.outcome.effect is Effect.DENY_ACTION and state.enforced and _protects(state, view, through):
            denials.append(
                Denial(state, state.bound.assignment.message(state.bound.reference_id) or "delete is denied")
            )
    return Verdict(tuple(denials), view.json, (), tuple(states), (), ())


def _protects(state: PolicyState, view: Resource, through: str) -> bool:
    details = state.outcome.details
    if not isinstance(details, ActionDenial) or "delete" not in details.actions:
        return False
    if ascii_fold(view.type) in _NEVER_PROTECTED or ascii_fold(through) == "subscription":
        return False
    if not through:
        return True
    behaviours = {ascii_fold(name): value for name, value in details.cascades.items()}
    indexed = ascii_fold(state.bound.definition.mode) == "indexed"
    return indexed and behaviours.get(ascii_fold(through), "deny") == "deny"


def _settle_clashes(changing: list[PolicyState]) -> tuple[list[Denial], set[int], list[str]]:
    """Definitions that would change one field apart: the one that denies wins; two that deny refuse the request."""
    denials: list[Denial] = []
    left_out: set[int] = set()
    notes: list[str] = []
    for field, entries in clashes(changing).items():
        denying = [one for one in entries if conflict_effect(one) == "deny"]
        if len(denying) > 1:
            denials += [Denial(one, f"another definition changes {field} to something else") for one in denying]
        kept = denying if len(denying) == 1 else []
        for one in entries:
            if one not in kept:
                left_out.add(id(one))
                notes.append(f"{field}: left out, because definitions disagree about it")
    return denials, left_out, notes


def _carry_out(
    state: PolicyState, view: Resource, denials: list[Denial], edits: list[Edit], notes: list[str]
) -> Resource:
    details, effect = state.outcome.details, state.outcome.effect
    assert isinstance(details, Modification) and effect is not None
    done = apply(details, view, effect)
    notes += done.skipped
    if done.conflicts:
        decision = conflict_effect(state)
        notes += [f"{one} ({decision})" for one in done.conflicts]
        if decision == "deny":
            denials.append(Denial(state, done.conflicts[0]))
        return view
    edits += done.edits
    return Resource(done.json, view.catalogue, api_version=view.api_version) if done.changed else view
