"""``lockgate policy bench``: how long each policy takes on given objects, and how many steps."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lockgate.cli._policy.files import find, read
from lockgate.cli._progress import progress
from lockgate.errors import ExitCode, NothingCheckedError, UsageError
from lockgate.formats import manifests
from lockgate.formats.printable import printable
from lockgate.model import Family
from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError

_Run = Callable[[Budget], object]


@dataclass(frozen=True, slots=True)
class Timed:
    """One policy over all objects that it is about."""

    policy: str
    objects: int
    p50: float
    """Microseconds for one object; half took no longer."""
    p99: float
    """Microseconds for one object; one in a hundred took longer."""
    total: float
    """Milliseconds for all objects once, each at its median."""
    steps: int
    """Most steps for one object."""


def run(arguments: argparse.Namespace) -> int:
    """Time every policy; the exit code."""
    if arguments.rounds < 1:
        raise UsageError("must be at least 1", where="--rounds")
    if not (arguments.paths or arguments.recorded):
        raise UsageError("name files of objects, or take those of the record", hint="give --recorded")
    if arguments.recorded < 0:
        raise UsageError("must not be negative", where="--recorded")
    bodies = _bodies(arguments)
    timed: list[Timed] = []
    with progress(quiet=arguments.quiet) as tell:
        policies = _policies(arguments.rules, bodies)
        for number, (name, runs) in enumerate(policies, 1):
            tell("policies", number, len(policies))
            if runs:
                timed.append(_timed(name, runs, arguments.rounds))
    if not timed:
        raise NothingCheckedError("no policy is about any of the objects", where=_where(arguments))
    timed.sort(key=lambda one: -one.total)
    if arguments.format == "json":
        print(json.dumps({"objects": len(bodies), "policies": [asdict(one) for one in timed]}, indent=2))
    else:
        _draw(timed, len(bodies), arguments.top)
    return int(ExitCode.ALLOWED)


def _where(arguments: argparse.Namespace) -> str:
    return ", ".join(arguments.paths)[:200] or "the record"


def _bodies(arguments: argparse.Namespace) -> list[Mapping[str, Any]]:
    bodies: list[Mapping[str, Any]] = [
        one.body
        for found in find(arguments.paths)
        for one in manifests.read(found.shown, read(found.path, where=found.shown)).objects
    ]
    if arguments.recorded:
        from lockgate.cli._project import project_at
        from lockgate.engine.objects import recorded
        from lockgate.store import Record

        place = project_at(Path(arguments.project)).workspace
        bodies += recorded(Record.open(place.record), arguments.recorded)
    if not bodies:
        raise NothingCheckedError("no object was found", where=_where(arguments))
    return bodies


def _policies(pattern: str, bodies: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[_Run]]]:
    """Gatekeeper's constraints and admission policies among the objects; where there are none those of the rulebook."""
    from lockgate.policy.gatekeeper.template import is_template

    found: list[tuple[str, list[_Run]]] = []
    if any(is_template(body) for body in bodies):
        found += _constraints(bodies)
    if any(body.get("kind") == "ValidatingAdmissionPolicy" for body in bodies):
        found += _admission_policies(bodies)
    return found or list(_rulebook(pattern, bodies))


def _admission_policies(bodies: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[_Run]]]:
    """Each policy with all its bindings, over the objects that one of them is about, as if they were to be made."""
    from lockgate.gates.admission import Placed, load_policies
    from lockgate.policy.gatekeeper.constraint import is_constraint
    from lockgate.policy.gatekeeper.template import is_template
    from lockgate.policy.kubernetes import judge, request_for
    from lockgate.policy.kubernetes.validation import is_meant

    placed = [Placed("", body) for body in bodies if not (is_template(body) or is_constraint(body))]
    policies = load_policies(placed)
    for problem in policies.problems:
        raise problem
    requests = [request_for(body) for body in bodies if body.get("apiVersion") and body.get("kind")]
    for policy in policies.validating:
        bindings = policies.bindings.get((policy.name, True), ())
        about = [one for one in requests if is_meant(one, policy, bindings, world=policies.world)]
        yield policy.name, [partial(_put, judge, one, policy, bindings, policies.world) for one in about]


def _put(judge: Any, request: Any, policy: Any, bindings: Any, world: Any, budget: Budget) -> object:
    return judge(request, (policy,), bindings, world=world, budget=budget)


def _rulebook(pattern: str, bodies: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[_Run]]]:
    import fnmatch

    from lockgate.policy.catalogue import Policies
    from lockgate.policy.catalogue.explain import facts_for
    from lockgate.rules import load

    rules = [rule for rule in load([Family.POLICY]).rules if fnmatch.fnmatchcase(str(rule.id), pattern or "*")]
    for policy in Policies(rules).kubernetes:
        facts = [found for body in bodies if (found := facts_for(policy, body)) is not None]
        yield str(policy.rule.id), [partial(_judge, policy, own) for own in facts]


def _judge(policy: Any, facts: Any, budget: Budget) -> object:
    return list(policy.judge(facts, budget))


def _constraints(bodies: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[_Run]]]:
    from lockgate.policy.gatekeeper.case import Case, Limits
    from lockgate.policy.gatekeeper.library import Library
    from lockgate.policy.gatekeeper.review import Review

    library = Library()
    for problem in library.load(bodies):
        raise problem
    for body in bodies:
        library.inventory.add(dict(body))
    data = {"inventory": library.inventory.data()}
    reviews = [Review.of_object(body, namespace=library.inventory.namespace(_namespace(body))) for body in bodies]
    for constraint in library.constraints:
        _, program = library.installed(constraint.kind)
        about = [one for one in reviews if any(each.key == constraint.key for each in library.matching(one))]
        yield (
            constraint.key,
            [partial(_ask, program, constraint, Case(one, data=data, limits=Limits())) for one in about],
        )


def _ask(program: Any, constraint: Any, case: Any, budget: Budget) -> object:
    case.memory.clear()  # what is kept from one constraint to the next would make the second round look quicker
    return program.judge(case, constraint, budget)


def _namespace(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata")
    return str(metadata.get("namespace") or "") if isinstance(metadata, Mapping) else ""


def _timed(name: str, runs: Sequence[_Run], rounds: int) -> Timed:
    """The median of some rounds for each object, so that another program's turn on the machine is not counted."""
    medians = []
    steps = 0
    for one in runs:
        taken = []
        for _ in range(rounds):
            budget = Budget()
            started = time.perf_counter_ns()
            with contextlib.suppress(EvaluationError):  # a policy that fails takes its time too
                one(budget)
            taken.append(time.perf_counter_ns() - started)
            steps = max(steps, budget.spent)
        medians.append(sorted(taken)[len(taken) // 2] / 1000)
    medians.sort()
    last = min(len(medians) - 1, math.ceil(len(medians) * 0.99) - 1)
    p50, p99 = medians[len(medians) // 2], medians[last]
    return Timed(name, len(runs), round(p50, 1), round(p99, 1), round(sum(medians) / 1000, 3), steps)


def _draw(timed: Sequence[Timed], objects: int, top: int) -> None:
    print(f"{'policy':<44} {'objects':>7} {'p50 us':>9} {'p99 us':>9} {'total ms':>9} {'steps':>8}")
    for one in timed[:top]:
        print(f"{printable(one.policy):<44} {one.objects:>7} {one.p50:>9.1f} {one.p99:>9.1f} {one.total:>9.2f} "
              f"{one.steps:>8}")  # fmt: skip
    total = sum(one.total for one in timed)
    print(f"{len(timed)} policies over {objects} objects, slowest first: {total:.1f} ms in all")
