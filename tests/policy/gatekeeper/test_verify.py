"""Suites, run as gator runs them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.policy.gatekeeper.builders import cel, constraint, mutator, namespace, pod, template

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.suite import Assertion, parse_suite
from lockgate.policy.gatekeeper.verify import Outcome, SuiteResult, verify
from lockgate.policy.gatekeeper.violation import Violation

_MESSAGES = """
package probe
violation[{"msg": msg}] { msg := input.review.object.metadata.annotations[_] }
"""
_EXPANSION = {
    "apiVersion": "expansion.gatekeeper.sh/v1beta1",
    "kind": "ExpansionTemplate",
    "metadata": {"name": "pods"},
    "spec": {
        "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
        "templateSource": "spec.template",
        "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
    },
}
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "harbour"},
    "spec": {"template": {"metadata": {"annotations": {"a": "below"}}, "spec": pod()["spec"]}},
}


def _files(**files: Any) -> dict[str, bytes]:
    known = {
        "template": template(_MESSAGES),
        "constraint": constraint(),
        "good": pod(),
        "bad": pod(annotations={"a": "first thing", "b": "second thing"}),
        **files,
    }
    return {
        f"{name}.yaml": body if isinstance(body, bytes) else json.dumps(body).encode() for name, body in known.items()
    }


def _run(*cases: Any, files: dict[str, bytes] | None = None, **test: Any) -> SuiteResult:
    body = {
        "kind": "Suite",
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "tests": [
            {"name": "t", "template": "template.yaml", "constraint": "constraint.yaml", "cases": list(cases), **test}
        ],
    }
    content = files or _files()

    def read(path: str) -> bytes:
        try:
            return content[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    return verify(parse_suite(body), read)


def _case(object_: str, *assertions: Any, **fields: Any) -> dict[str, Any]:
    return {"name": "c", "object": f"{object_}.yaml", "assertions": list(assertions), **fields}


def _outcome(result: SuiteResult) -> tuple[Outcome, str]:
    case = result.tests[0].cases[0]
    return case.outcome, case.message


@pytest.mark.parametrize(
    ("object_", "assertion", "outcome"),
    [
        ("bad", {}, Outcome.PASSED),
        ("bad", {"violations": True}, Outcome.PASSED),
        ("bad", {"violations": "yes"}, Outcome.PASSED),
        ("bad", {"violations": 2}, Outcome.PASSED),
        ("bad", {"violations": 1}, Outcome.FAILED),
        ("bad", {"violations": False}, Outcome.FAILED),
        ("bad", {"violations": 1, "message": "^second"}, Outcome.PASSED),
        ("bad", {"violations": "no", "message": "third"}, Outcome.PASSED),
        ("bad", {"message": "third"}, Outcome.FAILED),
        ("good", {"violations": "no"}, Outcome.PASSED),
        ("good", {"violations": False}, Outcome.PASSED),
        ("good", {"violations": 0}, Outcome.PASSED),
        ("good", {}, Outcome.FAILED),
    ],
)
def test_assertions_count_violations(object_: str, assertion: Any, outcome: Outcome) -> None:
    result = _run(_case(object_, assertion))
    assert _outcome(result)[0] is outcome
    assert result.passed is (outcome is Outcome.PASSED)
    assert result.counts[outcome] == 1


def test_a_bare_yes_of_yaml_is_not_the_number_one() -> None:
    two = [Violation("A", "a", ("deny",), "x")] * 2
    body = {
        "kind": "Suite",
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "tests": [{"cases": [{"assertions": [{"violations": True}]}]}],
    }
    assertion = parse_suite(body).tests[0].cases[0].assertions[0]
    assert assertion == Assertion("yes") and not assertion.problem(two)


def test_a_failure_names_what_was_found() -> None:
    _, message = _outcome(_run(_case("bad", {"violations": "no"})))
    assert message == "found 2 violations, and expected none: 'first thing'; 'second thing'"


def test_every_assertion_must_hold() -> None:
    assert _outcome(_run(_case("bad", {"violations": 2}, {"violations": 0, "message": "first"})))[0] is Outcome.FAILED


def test_the_inventory_belongs_to_its_case() -> None:
    rego = 'package probe\nviolation[{"msg": name}] { data.inventory.cluster.v1.Namespace[name] }'
    files = _files(template=template(rego), place=namespace("dock"))
    result = _run(
        _case("good", {"violations": 1, "message": "dock"}, inventory=["place.yaml"]),
        _case("good", {"violations": "no"}),
        files=files,
    )
    assert result.passed and result.counts[Outcome.PASSED] == 2


def test_what_comes_of_an_object_is_judged_with_it() -> None:
    change = mutator("Assign", "a", "spec.seen", assign={"value": True})
    expansion = b"\n---\n".join(json.dumps(each).encode() for each in (_EXPANSION, change))
    result = _run(
        _case("deployment", {"violations": 1, "message": r"^\[Implied by pods\] below$"}),
        files=_files(deployment=_DEPLOYMENT, expansion=expansion),
        expansion="expansion.yaml",
    )
    assert result.passed
    assert result.tests[0].cases[0].violations[0].template == "pods"


def test_an_admission_review_is_judged_as_that_request() -> None:
    source = cel({"expression": "request.operation == 'UPDATE' && oldObject.metadata.name == 'shop'"})
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"operation": "UPDATE", "object": pod(), "oldObject": pod()},
    }
    files = _files(template=template(code=[source]), review=review)
    assert _run(_case("review", {"violations": "no"}), files=files).passed


@pytest.mark.parametrize(
    "review",
    [
        {},
        {"request": {}},
        {"request": {"object": None, "oldObject": None}},
        {"request": {"object": pod(), "color": "red"}},
        {"request": {"object": {"metadata": {"name": "a"}}}},
        {"request": {"object": pod()}, "color": "red"},
        {"request": {"operation": "DELETE", "object": pod()}},
    ],
)
def test_an_admission_review_that_is_wrong_is_an_error_of_the_case(review: Any) -> None:
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", **review}
    assert _outcome(_run(_case("review", {"violations": "no"}), files=_files(review=body)))[0] is Outcome.ERROR


@pytest.mark.parametrize(
    "case",
    [
        _case("good"),
        {"name": "c", "assertions": [{}]},
        _case("absent", {}),
        _case("good", {}, inventory=["absent.yaml"]),
        _case("two", {}),
        _case("empty", {}),
        _case("broken", {}),
        _case("text", {}),
        _case("good", {}, inventory=["text.yaml"]),
    ],
)
def test_a_case_that_cannot_be_run_is_an_error_and_no_failure(case: Any) -> None:
    two = json.dumps(pod()).encode() + b"\n---\n" + json.dumps(pod()).encode()
    files = _files(two=two, empty=b"---\n", broken=b"a: [", text=b"only text")
    assert _outcome(_run(case, files=files))[0] is Outcome.ERROR


@pytest.mark.parametrize(
    "files",
    [
        {"template": {}},
        {"template": template("package probe\nviolation[")},
        {"constraint": constraint(kind="Other")},
        {"constraint": constraint(parameters={"a": 1})},
        {"template": b"\xff\xfe"},
    ],
)
def test_a_test_that_cannot_be_prepared_is_an_error(files: Any) -> None:
    result = _run(_case("good", {"violations": "no"}), files=_files(**files))
    assert result.tests[0].outcome is Outcome.ERROR and result.tests[0].message
    assert result.counts[Outcome.ERROR] == 1 and not result.passed
    assert _run(template="").tests[0].outcome is Outcome.ERROR
    assert _run(expansion="absent.yaml").tests[0].outcome is Outcome.ERROR


def test_a_constraint_that_must_be_invalid_must_fail_the_schema() -> None:
    refused = _files(constraint=constraint(parameters={"a": 1}))
    assert _run(invalid=True, files=refused).passed
    accepted = _run(invalid=True)
    assert accepted.tests[0].outcome is Outcome.FAILED and not accepted.passed
    assert _run(invalid=True, files=_files(constraint=constraint(kind="Other"))).tests[0].outcome is Outcome.ERROR


def test_what_is_skipped_is_counted_and_not_run() -> None:
    result = _run(_case("bad", {"violations": "no"}, skip=True), _case("bad", {}))
    assert [case.outcome for case in result.tests[0].cases] == [Outcome.SKIPPED, Outcome.PASSED]
    result = _run(_case("bad", {"violations": "no"}), skip=True)
    assert result.counts == {Outcome.PASSED: 0, Outcome.FAILED: 0, Outcome.ERROR: 0, Outcome.SKIPPED: 1}
    body = {"kind": "Suite", "apiVersion": "test.gatekeeper.sh/v1alpha1", "skip": True, "tests": []}
    assert verify(parse_suite(body), lambda path: b"").skipped


def test_only_wanted_cases_are_run() -> None:
    body = {
        "kind": "Suite",
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "tests": [
            {
                "name": "t",
                "template": "template.yaml",
                "constraint": "constraint.yaml",
                "cases": [{**_case("bad", {}), "name": name} for name in ("one", "two")],
            }
        ],
    }
    files = _files()
    result = verify(parse_suite(body), files.__getitem__, wanted=lambda test, case: case == "two")
    assert [case.outcome for case in result.tests[0].cases] == [Outcome.SKIPPED, Outcome.PASSED]


@pytest.mark.parametrize(
    "change",
    [
        {"tests": [{"cases": [{"assertions": [{"violations": "maybe"}]}]}]},
        {"tests": [{"cases": [{"assertions": [{"violations": -1}]}]}]},
        {"tests": [{"cases": [{"assertions": [{"violations": 1.5}]}]}]},
        {"tests": [{"cases": [{"assertions": [{"message": "("}]}]}]},
        {"tests": [{"cases": {}}]},
        {"tests": "all"},
        {"tests": [{"skip": "yes"}]},
        {"kind": "Suites"},
        {"apiVersion": "v1"},
    ],
)
def test_a_suite_that_is_wrong_is_refused_with_its_place(change: Any) -> None:
    with pytest.raises(PolicyError):
        parse_suite({"kind": "Suite", "apiVersion": "test.gatekeeper.sh/v1alpha1", **change})
