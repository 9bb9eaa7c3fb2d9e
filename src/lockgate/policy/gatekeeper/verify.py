"""Runs suites. Files come through a callable, so that whoever holds the disk decides what may be read.

The outcomes are those of ``gator verify``: a constraint that cannot be evaluated counts as violated, as Gatekeeper
counts it. Source: gatekeeper ``pkg/gator/verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lockgate.errors import LockgateError
from lockgate.formats.yaml_safe import FormatError, load_all
from lockgate.policy.gatekeeper.audit import judged
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.constraint import GATOR, SchemaError
from lockgate.policy.gatekeeper.expansion import Expander, is_expansion, parse_expansion
from lockgate.policy.gatekeeper.fields import group_version_kind
from lockgate.policy.gatekeeper.inventory import Inventory
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.mutation import Mutators, is_mutator, parse_mutator
from lockgate.policy.gatekeeper.review import Review, ReviewError
from lockgate.policy.gatekeeper.suite import Suite, SuiteCase, SuiteTest
from lockgate.policy.gatekeeper.violation import Violation

Read = Callable[[str], bytes]
"""The content of the file at a path relative to the suite's. Raises :class:`LockgateError` or ``OSError``."""
Wanted = Callable[[str, str], bool]
"""Whether to run a case, by the names of test and case."""
_REVIEW_FIELDS = frozenset({"apiVersion", "kind", "request", "response"})
_REQUEST_FIELDS = frozenset(
    {
        "uid", "kind", "resource", "subResource", "requestKind", "requestResource", "requestSubResource", "name",
        "namespace", "operation", "userInfo", "object", "oldObject", "dryRun", "options",
    }
)  # fmt: skip


class Outcome(Enum):
    """How a case or test ended."""

    PASSED = "passed"
    FAILED = "failed"
    """An assertion does not hold."""
    ERROR = "error"
    """It could not be run: a file is missing or wrong, a template does not compile."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    name: str
    outcome: Outcome
    message: str = ""
    """Why it did not pass; empty when it did."""
    violations: tuple[Violation, ...] = ()
    """Everything that was found, whatever the outcome."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test. Its own outcome is an error when no case could be run."""

    __test__ = False  # pytest takes the name for a test
    name: str
    outcome: Outcome
    message: str = ""
    cases: tuple[CaseResult, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What came of a suite."""

    name: str
    tests: tuple[TestResult, ...] = ()
    skipped: bool = False
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    """Cases by outcome; a test that could not be run, or whose constraint had to be refused, counts as one case."""

    @property
    def passed(self) -> bool:
        """Whether nothing failed and nothing went wrong."""
        return not (self.counts.get(Outcome.FAILED) or self.counts.get(Outcome.ERROR))


def verify(
    suite: Suite, read: Read, *, wanted: Wanted | None = None, without_cel: bool = False, limits: Limits | None = None
) -> SuiteResult:
    """Run a suite. Never raises for what its files hold.

    ``without_cel`` judges templates that have both engines by their Rego.
    """
    if suite.skip:
        return SuiteResult(suite.name, skipped=True)
    runner = _Runner(read, wanted or (lambda test, case: True), without_cel, limits)
    tests = tuple(runner.test(test) for test in suite.tests)
    counts = dict.fromkeys(Outcome, 0)
    for test in tests:
        for result in test.cases or (test,):
            counts[result.outcome] += 1
    return SuiteResult(suite.name, tests, counts=counts)


class _Runner:
    def __init__(self, read: Read, wanted: Wanted, without_cel: bool, limits: Limits | None) -> None:
        self._read = read
        self._wanted = wanted
        self._without_cel = without_cel
        self._limits = limits

    def test(self, test: SuiteTest) -> TestResult:
        """Run one test."""
        if test.skip or (test.cases and not any(self._wanted(test.name, case.name) for case in test.cases)):
            return TestResult(test.name, Outcome.SKIPPED)
        try:
            library, expander = self._prepared(test)
        except SchemaError as error:
            if test.invalid:
                return TestResult(test.name, Outcome.PASSED)
            return TestResult(test.name, Outcome.ERROR, str(error))
        except (LockgateError, OSError) as error:
            return TestResult(test.name, Outcome.ERROR, str(error))
        if test.invalid:
            return TestResult(test.name, Outcome.FAILED, "the constraint fits the schema, and was expected not to")
        cases = tuple(self._case(test, case, library, expander) for case in test.cases)
        bad = [case.outcome for case in cases if case.outcome in (Outcome.FAILED, Outcome.ERROR)]
        return TestResult(test.name, Outcome.FAILED if bad else Outcome.PASSED, cases=cases)

    def _prepared(self, test: SuiteTest) -> tuple[Library, Expander]:
        if not test.template or not test.constraint:
            raise ReviewError("a test must name a template and a constraint", where=test.name)
        library = Library(limits=self._limits)
        library.add_template(self._one(test.template), without_cel=self._without_cel)
        library.add_constraint(self._one(test.constraint))
        bodies = list(self._objects(test.expansion)) if test.expansion else []
        mutators = Mutators(parse_mutator(body) for body in bodies if is_mutator(body))
        return library, Expander((parse_expansion(body) for body in bodies if is_expansion(body)), mutators=mutators)

    def _case(self, test: SuiteTest, case: SuiteCase, library: Library, expander: Expander) -> CaseResult:
        if case.skip or not self._wanted(test.name, case.name):
            return CaseResult(case.name, Outcome.SKIPPED)
        try:
            if not case.object or not case.assertions:
                raise ReviewError("a case must name an object and at least one assertion", where=case.name)
            library.inventory = Inventory()
            for path in case.inventory:
                for body in self._objects(path):
                    library.inventory.add(body)
            review = _review(self._one(case.object))
            violations = tuple(judged(library, review, expander=expander, point=GATOR))
        except (LockgateError, OSError) as error:
            return CaseResult(case.name, Outcome.ERROR, str(error))
        problems = [problem for assertion in case.assertions if (problem := assertion.problem(violations))]
        if not problems:
            return CaseResult(case.name, Outcome.PASSED, violations=violations)
        said = "; ".join(repr(each.message) for each in violations[:10])
        message = problems[0] + (f": {said}" if said else "")
        return CaseResult(case.name, Outcome.FAILED, message, violations)

    def _one(self, path: str) -> Any:
        found = list(self._objects(path))
        if len(found) != 1:
            raise ReviewError(f"must hold one object, and holds {len(found)}", where=path)
        return found[0]

    def _objects(self, path: str) -> Iterator[Any]:
        try:
            found = [body for body in load_all(self._read(path)) if body is not None]
        except FormatError as error:
            raise ReviewError(str(error), where=path) from None
        if not found:
            raise ReviewError("holds no object", where=path)
        yield from found


def _review(body: Any) -> Review:
    if not isinstance(body, dict) or group_version_kind(body)[::2] != ("admission.k8s.io", "AdmissionReview"):
        return Review.of_object(body)
    request = body.get("request")
    if not isinstance(request, dict):
        raise ReviewError("has no request", where="AdmissionReview")
    for fields, known, place in ((body, _REVIEW_FIELDS, "AdmissionReview"), (request, _REQUEST_FIELDS, "request")):
        for name in fields:
            if name not in known:
                raise ReviewError("is an unknown field", where=f"{place}.{name}"[:200])
    review = Review.of_request(request)
    if not all(candidate.kind for candidate in review.candidates):
        raise ReviewError("an object must have a kind", where="request.object")
    return review
