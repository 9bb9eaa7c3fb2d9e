"""ValidatingAdmissionPolicies and MutatingAdmissionPolicies in the gate.

Policies are found by the resource they name before anything of them runs, so that the cost follows those that match.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

from lockgate.gates.admission.answer import Action, Said
from lockgate.gates.admission.loading import Policies
from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes import MutatingPolicy, Request, ValidatingPolicy, Verdict, judge, mutate, parse_request
from lockgate.policy.kubernetes import request_for as request_of
from lockgate.settings import AdmissionSettings

P = TypeVar("P", ValidatingPolicy, MutatingPolicy)
_ACTIONS = {"Deny": Action.DENY, "Warn": Action.WARN, "Audit": Action.AUDIT, "Ignore": Action.AUDIT}
_MAX_INDEXED = 4096


class Native:
    """The policies of one set, by resource."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._validating: dict[tuple[str, str], tuple[ValidatingPolicy, ...]] = {}
        self._mutating: dict[tuple[str, str], tuple[MutatingPolicy, ...]] = {}

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
        yield from self._judged(parsed, settings, until, seconds, notes)

    def of_object(self, body: Mapping[str, Any], namespace: str, settings: AdmissionSettings, until: float | None,
                  seconds: MutableMapping[str, float]) -> Iterator[Said]:  # fmt: skip
        """What validating policies would say of the making of ``body``."""
        if self._policies.validating:
            yield from self._judged(request_of(body, namespace=namespace), settings, until, seconds, {})

    def _judged(self, request: Request, settings: AdmissionSettings, until: float | None,
                seconds: MutableMapping[str, float], notes: MutableMapping[str, str]) -> Iterator[Said]:  # fmt: skip
        for policy in _for(self._validating, self._policies.validating, request):
            bindings = self._policies.bindings.get((policy.name, True), ())
            if not bindings:
                continue
            began = time.perf_counter()
            found = judge(request, (policy,), bindings, world=self._policies.world, steps=settings.steps, until=until)
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
        done = mutate(parsed, policies, bindings, world=self._policies.world, steps=settings.steps, until=until)
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
