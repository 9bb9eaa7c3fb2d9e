"""The suites of gatekeeper-library: every case, by the engine that Gatekeeper chooses and by Rego alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.policy.gatekeeper.library_objects import library_objects
from tests.policy.gatekeeper.pods import pods

from lockgate.formats.yaml_safe import load_all
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.suite import Suite, parse_suite
from lockgate.policy.gatekeeper.template import CEL, REGO, parse_template
from lockgate.policy.gatekeeper.verify import Outcome, SuiteResult, verify

_SUITES, _TESTS, _CASES, _ASSERTIONS = 49, 75, 270, 299
_CASES_OF_BOTH_ENGINES = 131


def _suites(corpora: Path) -> Iterator[tuple[Path, Suite]]:
    for path in sorted(corpora.glob("gatekeeper-library/library/*/*/suite.yaml")):
        (body,) = load_all(path.read_bytes())
        yield path.parent, parse_suite(body, where=path.parent.name)


def _unexpected(result: SuiteResult) -> list[str]:
    return [
        f"{result.name} {test.name} {case.name}: {case.outcome.value} {case.message}"
        for test in result.tests
        for case in (test.cases or (test,))
        if case.outcome is not Outcome.PASSED
    ]


def test_the_corpus_is_the_one_that_was_counted(corpora: Path) -> None:
    suites = [suite for _, suite in _suites(corpora)]
    tests = [test for suite in suites for test in suite.tests]
    cases = [case for test in tests for case in test.cases]
    assert (len(suites), len(tests), len(cases)) == (_SUITES, _TESTS, _CASES)
    assertions = [assertion for case in cases for assertion in case.assertions]
    assert len(assertions) == _ASSERTIONS
    kinds = Counter("count" if isinstance(each.violations, int) else each.violations for each in assertions)
    assert kinds == {"no": 129, "yes": 115, "count": 55}, "a bare yes must not become the number one"


@pytest.mark.parametrize("without_cel", [False, True], ids=["as Gatekeeper runs them", "by Rego alone"])
def test_every_case_passes_and_none_for_an_error(corpora: Path, without_cel: bool) -> None:
    counts: Counter[Outcome] = Counter()
    wrong: list[str] = []
    for folder, suite in _suites(corpora):
        result = verify(suite, lambda path, folder=folder: (folder / path).read_bytes(), without_cel=without_cel)
        counts.update(result.counts)
        wrong += _unexpected(result)
        wrong += [
            f"{suite.name} {case.name}: {violation.message}"
            for test in result.tests
            for case in test.cases
            for violation in case.violations
            if violation.error
        ]
    assert wrong == []
    assert counts == {Outcome.PASSED: _CASES, Outcome.FAILED: 0, Outcome.ERROR: 0, Outcome.SKIPPED: 0}


def test_so_many_cases_have_two_engines(corpora: Path) -> None:
    engines: Counter[str] = Counter()
    for folder, suite in _suites(corpora):
        for test in suite.tests:
            (body,) = load_all((folder / test.template).read_bytes())
            template = parse_template(body)
            engines[template.engine] += len(test.cases)
            assert template.rego is not None
    assert engines == {CEL: _CASES_OF_BOTH_ENGINES, REGO: _CASES - _CASES_OF_BOTH_ENGINES}


def test_constraints_of_one_template_do_not_hear_of_each_other(corpora: Path) -> None:
    templates, constraints = library_objects(corpora, for_pods=True)
    together = Library()
    assert together.load([*templates, *constraints]) == []
    alone: dict[str, Library] = {}
    for body in constraints:
        library = alone[f"{body['kind']}/{body['metadata']['name']}"] = Library()
        template, program = together.installed(body["kind"])
        library.install(template, program, {})
        library.add_constraint(body)
    for body in pods(25, seed=7):
        review = Review.of_object(body)
        apart = [found for key in sorted(alone) for found in alone[key].evaluate(review)]
        assert together.evaluate(review) == apart
