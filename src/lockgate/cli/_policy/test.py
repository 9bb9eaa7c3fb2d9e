"""``lockgate policy test``: judges objects in files by policies in files, as if all of them were one cluster."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lockgate.cli._policy.files import find, read
from lockgate.errors import ExitCode, LockgateError, NothingCheckedError
from lockgate.formats import manifests
from lockgate.formats.printable import printable
from lockgate.model import Object
from lockgate.policy.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Said:
    """What one policy says of one object."""

    path: str
    line: int
    object: str
    """Kind, namespace and name."""
    policy: str
    action: str
    """``deny``, ``warn``, ``audit``, ``dryrun``; ``error`` where the policy could not be evaluated."""
    message: str

    @property
    def fails(self) -> bool:
        """Whether it could not be evaluated, so that nobody may take it for an allow."""
        return self.action == "error"


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 1 for a denial, 4 for what could not be judged."""
    objects, problems = _read([*arguments.paths, *arguments.policies])
    if not any(_is_policy(one) for one in objects):
        raise NothingCheckedError(
            f"there is no policy among {len(objects)} objects", hint="name files of policies with --policies"
        )
    said = [*_gatekeeper(objects, problems), *_admission(objects, problems)]
    said.sort(key=lambda one: (one.path, one.line, one.policy))
    if arguments.format == "json":
        whole = {"objects": len(objects), "violations": [asdict(one) for one in said], "problems": problems}
        print(json.dumps(whole, indent=2))
    else:
        _draw(said, problems, len(objects))
    if any(one.action == "deny" for one in said):
        return int(ExitCode.DENIED)
    failed = bool(problems) or any(one.fails for one in said)
    return int(ExitCode.NOTHING_CHECKED if failed else ExitCode.ALLOWED)


def _is_policy(one: Object) -> bool:
    from lockgate.policy.gatekeeper.constraint import is_constraint
    from lockgate.policy.gatekeeper.template import is_template

    return is_template(one.body) or is_constraint(one.body) or one.body.get("kind") == "ValidatingAdmissionPolicy"


def _draw(said: Sequence[Said], problems: Sequence[str], objects: int) -> None:
    for one in said:
        print(f"{printable(one.path)}:{one.line}: {one.action}: {printable(one.object)}: {printable(one.message)}"
              f" [{printable(one.policy)}]")  # fmt: skip
    for problem in problems:
        print(f"not usable: {printable(problem)}")
    denied = sum(one.action == "deny" for one in said)
    print(f"{objects} objects: {denied} denials, {len(said) - denied} others, {len(problems)} problems")


def _read(paths: Sequence[str]) -> tuple[list[Object], list[str]]:
    objects: list[Object] = []
    problems: list[str] = []
    for found in find(paths):
        reading = manifests.read(found.shown, read(found.path, where=found.shown))
        objects += reading.objects
        problems += [f"{skip.path}:{skip.line}: {skip.reason}" for skip in reading.skips]
    if not objects:
        raise NothingCheckedError("no object was found", where=", ".join(paths)[:200])
    return objects, problems


def _gatekeeper(objects: Sequence[Object], problems: list[str]) -> Iterator[Said]:
    from lockgate.policy.gatekeeper.audit import audit
    from lockgate.policy.gatekeeper.constraint import is_constraint
    from lockgate.policy.gatekeeper.template import is_template

    if not any(is_template(one.body) or is_constraint(one.body) for one in objects):
        return
    by_body = {id(one.body): one for one in objects}
    result = audit(one.body for one in objects)
    problems += [str(problem) for problem in result.problems]
    for judged in result.judged:
        own = by_body[id(judged.object)]
        if judged.error:
            yield _said(own, "gatekeeper", "error", judged.error)
        for violation in judged.violations:
            action = "error" if violation.error else violation.action
            yield _said(own, violation.constraint, action, violation.message)


def _admission(objects: Sequence[Object], problems: list[str]) -> Iterator[Said]:
    from lockgate.policy.kubernetes import World, judge, request_for
    from lockgate.policy.kubernetes.objects import GROUP
    from lockgate.policy.kubernetes.verify import install

    own = [one for one in objects if str(one.body.get("apiVersion", "")).startswith(f"{GROUP}/")]
    usable = []
    for one in own:
        try:
            install([one.body], World())
            usable.append(one.body)
        except PolicyError as error:
            problems.append(f"{one.path}:{one.line_of('/spec')}: {error}")
    installed = install(usable, _world(objects))
    if not installed.validating:
        return
    for one in objects:
        try:
            verdicts = judge(
                request_for(one.body), installed.validating, installed.bindings, world=installed.world
            ).verdicts
        except LockgateError as error:
            yield _said(one, "admission", "error", str(error))
            continue
        for verdict in verdicts:
            action = "error" if verdict.error is not None else verdict.action.lower()
            yield _said(one, verdict.policy, action, verdict.message)


def _world(objects: Sequence[Object]) -> Any:
    """All objects are what parameters may be taken from; Namespaces are known by their names."""
    from lockgate.policy.kubernetes import World

    parameters: dict[tuple[str, str], list[Any]] = {}
    namespaces: dict[str, Any] = {}
    for one in objects:
        kind = (str(one.body.get("apiVersion", "")), str(one.body.get("kind", "")))
        parameters.setdefault(kind, []).append(one.body)
        if kind == ("v1", "Namespace"):
            namespaces[_name(one)[1]] = one.body
    return World(namespaces=namespaces, parameters=parameters)


def _name(one: Object) -> tuple[str, str]:
    metadata = one.body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or metadata.get("generateName") or "")


def _said(one: Object, policy: str, action: str, message: str) -> Said:
    namespace, name = _name(one)
    shown = f"{one.body.get('kind', '')} {f'{namespace}/' if namespace else ''}{name}"
    return Said(one.path, one.line_of("/metadata/name"), shown, policy, action, message)
