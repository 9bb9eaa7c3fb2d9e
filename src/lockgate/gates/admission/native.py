"""ValidatingAdmissionPolicies and MutatingAdmissionPolicies in the gate.

Policies are found by the resource they name before anything of them runs, so that the cost follows those that match.
Nothing of what they say is kept for another request: they may read who asks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from lockgate.gates.admission.answer import Action, Said
from lockgate.gates.admission.loading import Policies
from lockgate.policy.cel.library.authorizers import Authority
from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes import (
    MutatingPolicy,
    Request,
    ValidatingPolicy,
    Verdict,
    World,
    judge,
    mutate,
    parse_request,
)
from lockgate.policy.kubernetes import request_for as request_of
from lockgate.settings import AdmissionSettings

P = TypeVar("P", ValidatingPolicy, MutatingPolicy)
_ACTIONS = {"Deny": Action.DENY, "Warn": Action.WARN, "Audit": Action.AUDIT, "Ignore": Action.AUDIT}
_MAX_INDEXED = 4096


class Authorities(Protocol):
    """Who may do what in the cluster whose requests these are."""

    def of(self, user: Mapping[str, Any], *, until: float | None) -> Authority:
        """What is asked about one request of ``user``, the ``userInfo`` of a review. Nothing is waited for past
        ``until``, a moment of ``time.monotonic()``. Asked from several threads at once."""


class Native:
    """The policies of one set, by resource."""

    def __init__(self, policies: Policies, authorities: Authorities | None = None) -> None:
        """Without ``authorities`` a policy that asks the authorizer is an error."""
        self._policies, self._authorities = policies, authorities
        self._asking = frozenset(one.name for one in policies.validating if one.asks)
        self._asking_to_change = frozenset(one.name for one in policies.mutating if one.asks)
        self._validating: dict[tuple[str, str], tuple[ValidatingPolicy, ...]] = {}
        self._mutating: dict[tuple[str, str], tuple[MutatingPolicy, ...]] = {}

    @property
    def asks(self) -> bool:
        """Whether any policy makes a request wait for the cluster's answer."""
        return self._authorities is not None and bool(self._asking or self._asking_to_change)

    def waits(self, request: Mapping[str, Any], *, mutate: bool) -> bool:
        """Whether this request may wait for the cluster's answer. Quick, and never raises."""
        asking = self._asking_to_change if mutate else self._asking
        if self._authorities is None or not asking:
            return False
        try:
            parsed = parse_request(request)
        except PolicyError:
            return False
        found = _for(self._mutating, self._policies.mutating, parsed) if mutate else (
            _for(self._validating, self._policies.validating, parsed))  # fmt: skip
        return any(one.name in asking for one in found)

    def _world(self, request: Request, until: float | None) -> World:
        """What policies may look at, for one request."""
        world = self._policies.world
        if self._authorities is None or not (self._asking or self._asking_to_change):
            return world
        return replace(world, authority=self._authorities.of(request.user, until=until))

    def judged(self, request: Mapping[str, Any], settings: AdmissionSettings, until: float | None,
               seconds: MutableMapping[str, float], notes: MutableMapping[str, str]) -> Iterator[Said]:  # fmt: skip
        """What validating policies say; their audit annotations are put into ``notes``."""
        if not self._policies.validating:
            return
        try:
            parsed = parse_request(request)
        except PolicyError as error:
            yield Said("lockgate", "kubernetes", Action.ERROR, f"the request cannot be judged: {error}")
            return
        policies = _for(self._validating, self._policies.validating, parsed)
        yield from self._judged(parsed, policies, self._world(parsed, until), settings, until, seconds, notes)

    def of_object(self, body: Mapping[str, Any], namespace: str, settings: AdmissionSettings, until: float | None,
                  seconds: MutableMapping[str, float]) -> Iterator[Said]:  # fmt: skip
        """What validating policies would say of the making of ``body``, but those that ask what its maker may: that is
        some controller, and only its request tells which."""
        if self._policies.validating:
            request = request_of(body, namespace=namespace)
            found = _for(self._validating, self._policies.validating, request)
            policies = [one for one in found if one.name not in self._asking]
            yield from self._judged(request, policies, self._policies.world, settings, until, seconds, {})

    def _judged(self, request: Request, policies: Sequence[ValidatingPolicy], world: World,
                settings: AdmissionSettings, until: float | None, seconds: MutableMapping[str, float],
                notes: MutableMapping[str, str]) -> Iterator[Said]:  # fmt: skip
        for policy in policies:
            bindings = self._policies.bindings.get((policy.name, True), ())
            if not bindings:
                continue
            began = time.perf_counter()
            found = judge(request, (policy,), bindings, world=world, steps=settings.steps, until=until)
            seconds[policy.name] = seconds.get(policy.name, 0.0) + time.perf_counter() - began
            for key, value in found.annotations.items():
                notes[key.replace("/", ".")] = value
            yield from map(_said, found.verdicts)

    def mutated(self, request: Mapping[str, Any], settings: AdmissionSettings, until: float | None, said: list[Said],
                notes: MutableMapping[str, str]) -> Any:  # fmt: skip
        """The object after mutating policies; the very one of the request when nothing changed it."""
        if not self._policies.mutating:
            return request.get("object")
        try:
            parsed = parse_request(request)
        except PolicyError as error:
            said.append(Said("lockgate", "mutation", Action.ERROR, f"the request cannot be judged: {error}"))
            return request.get("object")
        policies = _for(self._mutating, self._policies.mutating, parsed)
        bindings = [one for each in policies for one in self._policies.bindings.get((each.name, False), ())]
        if not bindings:
            return request.get("object")
        world = self._world(parsed, until)
        done = mutate(parsed, policies, bindings, world=world, steps=settings.steps, until=until)
        said += map(_said, done.verdicts)
        if done.changed_by:
            notes["mutated-by-policies"] = ", ".join(policy for policy, _ in done.changed_by)
        return done.object


def _for(index: dict[tuple[str, str], tuple[P, ...]], policies: Sequence[P], request: Request) -> tuple[P, ...]:
    key = (request.resource, request.subresource)
    found = index.get(key)
    if found is None:
        if len(index) >= _MAX_INDEXED:  # the names come from requests
            index.clear()
        found = index[key] = tuple(one for one in policies if _names(one, *key))
    return found


def _names(policy: ValidatingPolicy | MutatingPolicy, resource: str, subresource: str) -> bool:
    return any(
        one in ("*", resource) and sub in ("*", subresource)
        for rule in policy.constraints.rules
        for one, sub in rule.resources
    )


def _said(verdict: Verdict) -> Said:
    action = _ACTIONS[verdict.action]
    if verdict.error is not None and action is Action.DENY:
        action = Action.ERROR
    text = f"could not be evaluated: {verdict.message}" if verdict.error is not None else verdict.message
    return Said(verdict.policy, "kubernetes", action, text, binding=verdict.binding)
