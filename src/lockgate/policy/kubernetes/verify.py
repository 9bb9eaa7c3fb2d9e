"""Runs suites of admission policies. Files come through a callable: whoever holds the disk decides what may be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lockgate.errors import LockgateError
from lockgate.formats.yaml_safe import FormatError, load_all
from lockgate.policy.budget import Budget
from lockgate.policy.cel.program import activation_of, unmet
from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.kubernetes.jsonpatch import same
from lockgate.policy.kubernetes.matching import MatchResources
from lockgate.policy.kubernetes.mutation import Mutated, mutate
from lockgate.policy.kubernetes.objects import Binding, MutatingPolicy, ValidatingPolicy, parse_object
from lockgate.policy.kubernetes.request import Request, parse_request, request_for
from lockgate.policy.kubernetes.suite import Case, Suite, Test
from lockgate.policy.kubernetes.validation import STEPS, Verdict, bound, judge, selected
from lockgate.policy.kubernetes.world import World, activation

Read = Callable[[str], bytes]
"""The content of the file at a path relative to the suite's. Raises :class:`LockgateError` or ``OSError``."""
Wanted = Callable[[str, str], bool]
"""Whether to run a case, by the names of test and case."""
_ACTIONS = {"deny": "Deny", "warn": "Warn", "audit": "Audit"}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    test: str
    case: str
    problem: str = ""
    """How it does not hold; empty when it does."""
    error: str = ""
    """Why it could not be run; empty when it was."""
    skipped: bool = False
    verdicts: tuple[Verdict, ...] = ()
    """Everything that was said, whatever the outcome."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The policies of one test and the world around them."""

    validating: tuple[ValidatingPolicy, ...]
    mutating: tuple[MutatingPolicy, ...]
    bindings: tuple[Binding, ...]
    world: World


def verify(suite: Suite, read: Read, *, wanted: Wanted | None = None) -> Iterator[CaseResult]:
    """Run a suite. Never raises for what its files hold."""
    for test in suite.tests:
        chosen = [case for case in test.cases if wanted is None or wanted(test.name, case.name)]
        if suite.skip or test.skip:
            yield from (CaseResult(test.name, case.name, skipped=True) for case in chosen)
            continue
        if not any(not case.skip for case in chosen):
            yield from (CaseResult(test.name, case.name, skipped=True) for case in chosen)
            continue
        try:
            installed = _installed(test, read)
        except (LockgateError, OSError) as error:
            yield from (CaseResult(test.name, case.name, error=str(error)) for case in chosen)
            continue
        for case in chosen:
            yield _case(test, case, installed, read)


def install(bodies: Sequence[Mapping[str, Any]], world: World) -> Installed:
    """Policies and bindings among ``bodies``; a policy that nothing binds gets a binding that denies everywhere.

    Raises :class:`PolicyError` for one that is wrong.
    """
    found = [made for body in bodies if (made := parse_object(body)) is not None]
    bindings = [one for one in found if isinstance(one, Binding)]
    validating = tuple(one for one in found if isinstance(one, ValidatingPolicy))
    mutating = tuple(one for one in found if isinstance(one, MutatingPolicy))
    for policies, kind in ((validating, True), (mutating, False)):
        for policy in policies:
            if not bound(policy, bindings, validating=kind):
                actions = ("Deny",) if kind else ()
                bindings.append(Binding("", policy.name, MatchResources(), None, actions, kind))
    return Installed(validating, mutating, tuple(bindings), world)


def _installed(test: Test, read: Read) -> Installed:
    bodies = [body for path in test.policies for body in _objects(read, path)]
    parameters: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for body in (body for path in test.parameters for body in _objects(read, path)):
        parameters.setdefault((str(body.get("apiVersion")), str(body.get("kind"))), []).append(body)
    namespaces = {
        str(body["metadata"].get("name", "")): body
        for path in test.namespaces
        for body in _objects(read, path)
        if body.get("kind") == "Namespace" and isinstance(body.get("metadata"), Mapping)
    }
    namespaces |= _labelled(test, read)
    found = install(bodies, World(namespaces=namespaces, parameters=parameters))
    if not found.validating and not found.mutating:
        raise PolicyError("the files hold no admission policy", where=", ".join(test.policies)[:200])
    return found


def _labelled(test: Test, read: Read) -> dict[str, Mapping[str, Any]]:
    """Namespaces of Kyverno's file of values."""
    if not test.values:
        return {}
    made: dict[str, Mapping[str, Any]] = {}
    for body in _objects(read, test.values):
        for one in body.get("namespaceSelector") or ():
            name = str(one.get("name", ""))
            metadata = {"name": name, "labels": one.get("labels") or {}}
            made[name] = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return made


def _case(test: Test, case: Case, installed: Installed, read: Read) -> CaseResult:
    if case.skip:
        return CaseResult(test.name, case.name, skipped=True)
    try:
        request = _request(test, case, read)
        if case.policy:
            installed = _only(installed, case.policy)
        mutated = mutate(request, installed.mutating, installed.bindings, world=installed.world)
        after = replace(request, object=mutated.object) if request.object is not None else request
        judgement = judge(after, installed.validating, installed.bindings, world=installed.world)
        verdicts = (*mutated.verdicts, *judgement.verdicts)
        problem = _problem(case, request, installed, verdicts)
        if not problem and case.result:
            problem = _difference(case, mutated, read)
    except (LockgateError, OSError) as error:
        return CaseResult(test.name, case.name, error=str(error))
    return CaseResult(test.name, case.name, problem, verdicts=verdicts)


def _only(installed: Installed, name: str) -> Installed:
    validating = tuple(one for one in installed.validating if one.name == name)
    mutating = tuple(one for one in installed.mutating if one.name == name)
    if not validating and not mutating:
        raise PolicyError(f"the files hold no admission policy {name!r}")
    return replace(installed, validating=validating, mutating=mutating)


def _problem(case: Case, request: Request, installed: Installed, verdicts: Sequence[Verdict]) -> str:
    said = "; ".join(f"{one.policy}: {one.action}: {one.message}" for one in verdicts[:10]) or "nothing was said"
    if case.expect == "unmatched":
        name = matched(request, installed)
        return f"the policy {name} is about the request, and was expected not to be" if name else ""
    if case.expect == "allow":
        against = [one for one in verdicts if one.action in _ACTIONS.values()]
        if against:
            return f"expected allow: {said}"
        return "" if matched(request, installed) else "no policy is about the request, so that it proves nothing"
    if case.expect == "error":
        counted = [one for one in verdicts if one.error is not None]
    else:
        counted = [one for one in verdicts if one.action == _ACTIONS[case.expect] and one.error is None]
    if not counted:
        return f"expected {case.expect}: {said}"
    if case.pattern is not None and not any(case.pattern.search(one.message) for one in counted):
        return f"no message matches {case.message!r}: {said}"
    return ""


def matched(request: Request, installed: Installed) -> str:
    """The name of the first policy that is about ``request`` through some binding and whose conditions hold; empty when
    there is none. A policy of which that cannot be told is about it."""
    policies: list[ValidatingPolicy | MutatingPolicy] = [*installed.validating, *installed.mutating]
    for policy in policies:
        for binding in bound(policy, installed.bindings, validating=isinstance(policy, ValidatingPolicy)):
            budget = Budget(STEPS)
            try:
                for params in selected(request, policy, binding, installed.world):
                    values = activation_of(policy.program, activation(request, params, installed.world), budget=budget)
                    if unmet(policy.program, values, budget=budget) is None:
                        return policy.name
            except EvaluationError:
                return policy.name
    return ""


def _difference(case: Case, mutated: Mutated, read: Read) -> str:
    wanted = list(_objects(read, case.result))
    if case.resource:
        wanted = [one for one in wanted if _is(one, case)]
    if len(wanted) != 1:
        raise PolicyError(f"must hold one object that is expected, and holds {len(wanted)}", where=case.result)
    return "" if same(mutated.object, wanted[0]) else "the object that came of it is not the one that was expected"


def _request(test: Test, case: Case, read: Read) -> Request:
    body = _found(test, case, read)
    if body.get("kind") == "AdmissionReview":
        return parse_request(body)
    old = _one(read, case.old) if case.old else None
    operation = case.operation or ("CREATE" if old is None else "UPDATE")
    # Kyverno's namespace says which object is meant; it is in the object then, or the one that it goes to.
    return request_for(body, operation=operation, old=old, namespace=case.namespace or None, user=case.user)


def _found(test: Test, case: Case, read: Read) -> Mapping[str, Any]:
    if case.object:
        return _one(read, case.object)
    found = [body for path in test.resources for body in _objects(read, path) if _is(body, case)]
    if len(found) != 1:
        raise PolicyError(f"{len(found)} objects are called {case.kind} {case.resource!r}", where=test.name)
    return found[0]


def _is(body: Mapping[str, Any], case: Case) -> bool:
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return (
        metadata.get("name") == case.resource
        and case.kind in ("", body.get("kind"))
        and case.namespace in ("", metadata.get("namespace", "default"))
    )


def _one(read: Read, path: str) -> Mapping[str, Any]:
    found = list(_objects(read, path))
    if len(found) != 1:
        raise PolicyError(f"must hold one object, and holds {len(found)}", where=path)
    return found[0]


def _objects(read: Read, path: str) -> Iterator[Mapping[str, Any]]:
    try:
        found = [body for body in load_all(read(path)) if body is not None]
    except FormatError as error:
        raise PolicyError(str(error), where=path) from None
    for body in found:
        if not isinstance(body, Mapping):
            raise PolicyError("holds something that is no object", where=path)
        if str(body.get("kind", "")).endswith("List") and isinstance(body.get("items"), list):
            yield from (item for item in body["items"] if isinstance(item, Mapping))
        else:
            yield body
