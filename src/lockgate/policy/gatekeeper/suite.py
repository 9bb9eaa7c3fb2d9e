"""Suites: tests of templates and constraints, in the form of ``gator verify``.

``kind: Suite`` of ``test.gatekeeper.sh/v1alpha1``: each test names a template and a constraint, each of its cases an
object and what must come of it. Paths are relative to the suite's file. Running is in ``verify``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lockgate.policy.gatekeeper.fields import Field, group_version_kind, manifest
from lockgate.policy.gatekeeper.violation import Violation

GROUP = "test.gatekeeper.sh"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What must be true of the violations of a case."""

    violations: str | int = "yes"
    """``yes``: at least one; ``no``: none; a number: exactly as many."""
    message: str = ""
    """An RE2 expression; only violations whose message it finds count. Empty: all count."""
    pattern: Any = None
    """``message``, compiled."""

    def problem(self, violations: Iterable[Violation]) -> str:
        """How the violations of a case fail it; empty when they do not."""
        counted = sum(self.pattern is None or self.pattern.search(each.message) is not None for each in violations)
        if self.violations == "yes":
            wanted, holds = "at least 1", counted > 0
        elif self.violations == "no":
            wanted, holds = "none", counted == 0
        else:
            wanted, holds = f"exactly {self.violations}", counted == self.violations
        if holds:
            return ""
        which = f" whose message matches {self.message!r}" if self.message else ""
        return f"found {counted} violations{which}, and expected {wanted}"


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One object and what must come of it."""

    name: str
    object: str
    """Path of a file with one object, which may be an AdmissionReview; empty is an error of the case."""
    assertions: tuple[Assertion, ...]
    inventory: tuple[str, ...] = ()
    """Paths of files with the objects that policies may look at."""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """A template and a constraint, and the cases that they are put to."""

    name: str
    template: str
    constraint: str
    expansion: str = ""
    """Path of a file with ExpansionTemplates and mutators; empty for none."""
    cases: tuple[SuiteCase, ...] = ()
    invalid: bool = False
    """Whether the constraint must be refused by the template's schema."""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite."""

    name: str
    tests: tuple[SuiteTest, ...]
    skip: bool = False


def is_suite(body: object) -> bool:
    """Whether an object is a Suite; other objects in a folder are none of its business."""
    return isinstance(body, dict) and group_version_kind(body)[::2] == (GROUP, "Suite")


def parse_suite(body: Any, *, where: str = "suite") -> Suite:
    """The suite that a file spells. Raises :class:`PolicyError` with the place. It needs no name, as in gator."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    named = {**body, "metadata": {"name": where, **metadata}} if isinstance(metadata, dict) else body
    if isinstance(body, dict) and metadata is None:
        named = {**body, "metadata": {"name": where}}
    root = manifest(named, kind="Suite")
    if not is_suite(body):
        raise root.get("kind").error("is no Suite of Gatekeeper")
    return Suite(
        name=root.get("metadata").get("name").text(),
        tests=tuple(_test(entry) for entry in root.get("tests").items()),
        skip=root.get("skip").flag(),
    )


def _test(entry: Field) -> SuiteTest:
    return SuiteTest(
        name=entry.get("name").text(),
        template=entry.get("template").text(),
        constraint=entry.get("constraint").text(),
        expansion=entry.get("expansion").text(),
        cases=tuple(_case(case) for case in entry.get("cases").items()),
        invalid=entry.get("invalid").flag(),
        skip=entry.get("skip").flag(),
    )


def _case(entry: Field) -> SuiteCase:
    return SuiteCase(
        name=entry.get("name").text(),
        object=entry.get("object").text(),
        assertions=tuple(_assertion(assertion) for assertion in entry.get("assertions").items()),
        inventory=entry.get("inventory").texts(),
        skip=entry.get("skip").flag(),
    )


def _assertion(entry: Field) -> Assertion:
    message = entry.get("message")
    return Assertion(_count(entry.get("violations")), message.text(), _pattern(message))


def _count(field: Field) -> str | int:
    """YAML 1.1 reads a bare ``yes`` as true, and Python takes true for 1; here it stays yes."""
    value = field.value
    if value is None or value is True or value == "yes":
        return "yes"
    if value is False or value == "no":
        return "no"
    if isinstance(value, int) and value >= 0:
        return value
    raise field.error("must be yes, no or a number")


def _pattern(message: Field) -> Any:
    if not message.text():
        return None
    import re2

    try:
        return re2.compile(message.text())  # type: ignore[no-untyped-call]
    except re2.error:
        raise message.error("is not an RE2 expression") from None
