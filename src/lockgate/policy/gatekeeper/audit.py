"""Judges objects together with what will come of them, and a set of objects as if it were a whole cluster.

The second is what ``gator test`` does: the same files hold policies, data and objects to judge. Source: gatekeeper
``pkg/gator/test``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.errors import LockgateError
from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.constraint import GATOR
from lockgate.policy.gatekeeper.expansion import Expanded, Expander, is_expansion, parse_expansion
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.mutation import Mutators, is_mutator, parse_mutator
from lockgate.policy.gatekeeper.review import Origin, Review, candidate_of
from lockgate.policy.gatekeeper.values import copied
from lockgate.policy.gatekeeper.violation import Violation


@dataclass(frozen=True, slots=True)
class Judged:
    """One object of a set, and what is wrong with it."""

    object: Mapping[str, Any]
    violations: tuple[Violation, ...]
    error: str = ""
    """Why it could not be judged, or not expanded; empty when it was."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of a set of objects."""

    judged: tuple[Judged, ...]
    problems: tuple[LockgateError, ...]
    """Policies that could not be used."""


def judged(library: Library, review: Review, *, expander: Expander, point: str) -> Iterator[Violation]:
    """The violations of the object under review, then of everything that will come of it.

    Raises :class:`EvaluationError` when it cannot be expanded.
    """
    yield from library.evaluate(review, point=point)
    if review.object is None:
        return
    for child in expander.expand(review.object, namespace=review.namespace_object):
        yield from _implied(library, child, review.namespace_object, point)


def audit(objects: Iterable[Any], *, point: str = GATOR, limits: Limits | None = None) -> Audit:
    """Judge every object by the policies among them; all of them are the inventory of all of them.

    Objects are judged as they are written; what comes of them is made of what mutators make of them. Never raises for
    what the objects hold.
    """
    bodies = [body for body in objects if isinstance(body, dict)]
    library = Library(limits=limits)
    problems: list[LockgateError] = list(library.load(bodies))
    mutators = Mutators(_parsed(filter(is_mutator, bodies), parse_mutator, problems))
    expander = Expander(_parsed(filter(is_expansion, bodies), parse_expansion, problems), mutators=mutators)
    for body in bodies:
        try:
            library.inventory.add(body)
        except EvaluationError:
            continue  # it is told when the object itself is judged
    return Audit(tuple(_audited(body, library, mutators, expander, point) for body in bodies), tuple(problems))


def _audited(body: dict[str, Any], library: Library, mutators: Mutators, expander: Expander, point: str) -> Judged:
    found: list[Violation] = []
    try:
        namespace = _namespace(library, candidate_of(body).namespace)
        review = Review.of_object(body, namespace=namespace)
        found.extend(library.evaluate(review, point=point))
        parent = copied(body)
        mutators.mutate_object(parent, namespace=namespace)
        for child in expander.expand(parent, namespace=namespace):
            found.extend(_implied(library, child, namespace, point))
    except EvaluationError as error:
        return Judged(body, tuple(found), str(error))
    return Judged(body, tuple(found))


def _namespace(library: Library, name: str) -> Mapping[str, Any] | None:
    """The Namespace that an object is in; as gator has it, one without labels for ``default`` and for no name."""
    found = library.inventory.namespace(name)
    return {"metadata": {"name": name}} if found is None and name in ("", "default") else found


def _implied(library: Library, child: Expanded, namespace: Mapping[str, Any] | None, point: str) -> Iterator[Violation]:
    review = Review.of_object(child.object, namespace=namespace, source=Origin.GENERATED)
    for violation in library.evaluate(review, point=point):
        yield violation.implied(child.template, action=child.action, message=child.message(violation.message))


def _parsed(bodies: Iterable[Any], parse: Any, problems: list[LockgateError]) -> list[Any]:
    made = []
    for body in bodies:
        try:
            made.append(parse(body))
        except PolicyError as error:
            problems.append(error)
    return made
