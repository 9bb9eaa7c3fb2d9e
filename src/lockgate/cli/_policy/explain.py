"""``lockgate policy explain``: why a policy says what it says of an object."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lockgate.cli._policy.files import read
from lockgate.errors import ExitCode, LockgateError, NothingCheckedError, UsageError
from lockgate.formats.manifests import read as read_manifests
from lockgate.formats.printable import clipped, printable
from lockgate.formats.yaml_safe import FormatError, load_all
from lockgate.model import Family, Object
from lockgate.policy.step import Explanation, Step

_WIDTH = 160


_Explained = tuple[str, Explanation]
"""An object's kind and name, and what one policy says of it."""
_Explains = Callable[[Mapping[str, Any]], Iterator[_Explained]]
"""What policies say of one object."""
_AZURE = {"deny": "denied", "denyAction": "denied", "audit": "audited", "auditIfNotExists": "audited",
          "manual": "audited", "addToNetworkGroup": "audited", "append": "changed", "modify": "changed",
          "mutate": "changed", "deployIfNotExists": "changed"}  # fmt: skip
"""What an effect comes to; others are of the data plane, whose constraints deny."""


def run(arguments: argparse.Namespace) -> int:
    """Draw every explanation; the exit code: 4 where a policy could not be used."""
    unusable: list[Explanation] = []
    bodies = _objects(arguments.object)
    found = list(_every(arguments.policy, bodies, unusable))
    found += [(_name(body), said) for said in unusable for body in bodies]
    if not found:
        raise NothingCheckedError("holds no object or no policy", where=f"{arguments.object}, {arguments.policy}")
    if arguments.format == "json":
        told = [{"policy": said.policy, "object": name, **asdict(said)} for name, said in found]
        print(json.dumps(told, indent=2, default=str))
    else:
        for name, said in found:
            _draw(name, said)
    return int(ExitCode.NOTHING_CHECKED if unusable else ExitCode.ALLOWED)


def _objects(path: str) -> list[Mapping[str, Any]]:
    reading = read_manifests(path, read(Path(path)))
    if reading.objects:
        return [one.body for one in reading.objects]
    return _documents(path)  # a resource of Azure has no apiVersion of Kubernetes


def _documents(path: str) -> list[Mapping[str, Any]]:
    try:
        return [body for body in load_all(read(Path(path))) if isinstance(body, Mapping)]
    except FormatError as error:
        raise NothingCheckedError(str(error), where=path) from None


def _every(policy: str, bodies: Sequence[Mapping[str, Any]], unusable: list[Explanation]) -> Iterator[_Explained]:
    """All that there is to say; ``unusable`` takes the policies of which nothing is."""
    if not Path(policy).is_file():
        yield from (_rule(policy, body) for body in bodies)
        return
    policies = _documents(policy)
    manifests = [body for body in bodies if "apiVersion" in body and "kind" in body]
    for prepared, judged in ((_admission, manifests), (_gatekeeper, manifests), (_definitions, bodies)):
        explained = prepared(policies, unusable)
        for body in judged:
            yield from explained(body)


def _unusable(body: Mapping[str, Any], error: LockgateError) -> Explanation:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else body.get("name")
    return Explanation(f"{body.get('kind', 'definition')}/{name}", "failed", f"not usable: {error}")


def _rule(name: str, body: Mapping[str, Any]) -> _Explained:
    from lockgate.policy.catalogue import Policies
    from lockgate.policy.catalogue.explain import explain
    from lockgate.rules import load

    rules = [rule for rule in load([Family.POLICY]).rules if str(rule.id) in (name, f"policy/{name}")]
    if not rules:
        raise UsageError(f"{name!r} is no file and no rule of the family policy", hint="lockgate rules --family policy")
    policies = Policies(rules)
    if not policies.kubernetes:
        if not policies.azure:
            raise UsageError(f"{name} looks at other objects too, and is not explained from one alone")
        types = policies.azure[0].types
        if "*" not in types and str(body.get("type", "")).lower() not in types:
            said = Explanation(str(rules[0].id), "not about it", f"it judges {', '.join(sorted(types))}")
            return _resource(body), said
        return _azure(str(rules[0].id), policies.azure[0].definition, policies.azure[0].parameters, body, {})
    policy = policies.kubernetes[0]
    traces = explain(policy, body)
    if traces is None:
        kinds = ", ".join(sorted(policy.kinds))
        return _name(body), Explanation(str(policy.rule.id), "not about it", f"it judges {kinds}")
    hits = policies.judge(Object("kubernetes", body))
    outcome = "failed" if any(hit.failed for hit in hits) else "denied" if hits else "allowed"
    reason = "; ".join(hit.message for hit in hits) or ("" if traces else "nothing stands where it looks")
    steps = tuple(
        Step(one.step.text, one.step.value, one.step.error, one.step.value is not False,
             f"{one.name} {one.pointer}".strip() or "the object", one.step.parts)
        for one in traces
    )  # fmt: skip
    return _name(body), Explanation(str(policy.rule.id), outcome, reason, steps)


def _admission(bodies: Sequence[Mapping[str, Any]], unusable: list[Explanation]) -> _Explains:
    from lockgate.policy.kubernetes import World, request_for
    from lockgate.policy.kubernetes.explain import explain
    from lockgate.policy.kubernetes.objects import GROUP
    from lockgate.policy.kubernetes.verify import install

    own = []
    parameters: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in bodies:
        parameters.setdefault((str(one.get("apiVersion")), str(one.get("kind"))), []).append(one)
        if str(one.get("apiVersion", "")).startswith(f"{GROUP}/"):
            try:
                install([one], World())
                own.append(one)
            except LockgateError as error:
                unusable.append(_unusable(one, error))
    namespaces = {
        str(one["metadata"].get("name")): one
        for one in bodies
        if one.get("kind") == "Namespace" and isinstance(one.get("metadata"), Mapping)
    }
    installed = install(own, World(namespaces=namespaces, parameters=parameters))

    def explained(body: Mapping[str, Any]) -> Iterator[_Explained]:
        if installed.validating:
            for said in explain(request_for(body), installed.validating, installed.bindings, installed.world):
                yield _name(body), said

    return explained


def _gatekeeper(bodies: Sequence[Mapping[str, Any]], unusable: list[Explanation]) -> _Explains:
    from lockgate.policy.gatekeeper.constraint import GATOR, is_constraint
    from lockgate.policy.gatekeeper.explain import explain
    from lockgate.policy.gatekeeper.library import Library
    from lockgate.policy.gatekeeper.review import Review
    from lockgate.policy.gatekeeper.template import is_template

    library = Library()
    for one in (*filter(is_template, bodies), *filter(is_constraint, bodies)):
        unusable += [_unusable(one, problem) for problem in library.load([one])]
    for one in bodies:
        if one.get("kind") == "Namespace":
            library.inventory.add(one)

    def explained(body: Mapping[str, Any]) -> Iterator[_Explained]:
        for said in explain(library, Review.of_object(body), point=GATOR):
            yield _name(body), said

    return explained


def _definitions(bodies: Sequence[Mapping[str, Any]], unusable: list[Explanation]) -> _Explains:
    from lockgate.policy.azure import parse_definition

    definitions = []
    for one in bodies:
        if "policyRule" in one or "policyRule" in (one.get("properties") or {}):
            try:
                definitions.append(parse_definition(dict(one)))
            except LockgateError as error:
                unusable.append(_unusable(one, error))

    def explained(body: Mapping[str, Any]) -> Iterator[_Explained]:
        for one in definitions:
            yield _azure(one.display_name or one.name or "policy", one, {}, body, _AZURE)

    return explained


def _azure(name: str, definition: Any, parameters: Mapping[str, Any], body: Mapping[str, Any],
           comes_to: Mapping[str, str]) -> _Explained:  # fmt: skip
    """``comes_to``: by effect; what it does not name denies, as a rule of the rulebook does whatever Azure would."""
    from lockgate.policy.azure import evaluate

    outcome = evaluate(definition, dict(body), parameters, related=lambda _: [])
    steps = tuple(
        Step(f"{one.subject} {one.operator} {json.dumps(one.expected)}", one.actual, "", one.held, one.condition)
        for one in outcome.reasons
    )
    resource = _resource(body)
    if outcome.error is not None:
        return resource, Explanation(name, "failed", outcome.error.message, steps)
    if outcome.effect is None:
        return resource, Explanation(name, "allowed", "the rule does not hold", steps)
    came = comes_to.get(outcome.effect, "denied")
    return resource, Explanation(name, came, f"the effect is {outcome.written}", steps)


def _resource(body: Mapping[str, Any]) -> str:
    return f"{body.get('type', '')} {body.get('name', '')}"


def _name(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, Mapping) else ""
    return f"{body.get('kind', '')} {name}"


def _draw(name: str, said: Explanation) -> None:
    print(f"{printable(said.policy)} on {printable(name)}: {said.outcome}")
    if said.reason:
        print(f"  {printable(said.reason)}")
    for step in said.steps:
        _draw_step(step, 1)


def _draw_step(step: Step, depth: int) -> None:
    """The parts of a trace are bounded in depth, so this may recurse."""
    value = f"failed: {step.error}" if step.error else json.dumps(step.value, default=str)
    note = f"({printable(step.note)}) " if step.note else ""
    mark = ">" if step.decided else " "
    text = printable(clipped(step.text, _WIDTH))
    print(f"{'  ' * depth}{mark} {note}{text} = {printable(clipped(value, _WIDTH))}")
    for part in step.parts:
        _draw_step(part, depth + 1)
