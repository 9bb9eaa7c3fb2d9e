"""Suites of admission policies, ours and Kyverno's."""

import json

import pytest

from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes.suite import is_suite, parse_suite
from lockgate.policy.kubernetes.verify import verify

GROUP = "admissionregistration.k8s.io/v1"
NATIVE = {"policy": "tags", "isValidatingAdmissionPolicy": True, "kind": "Pod"}


def policy(name="tags", **spec):
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}]
    whole = {
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": "!object.spec.image.endsWith('latest')", "message": "no latest"}],
        **spec,
    }
    return {"apiVersion": GROUP, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": whole}


def binding(**spec):
    whole = {"policyName": "tags", "validationActions": ["Deny"], **spec}
    return {
        "apiVersion": GROUP, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "b"}, "spec": whole
    }  # fmt: skip


def pod(image="a:latest", name="shop", **metadata):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": {"image": image}}


def run(cases, files, **test):
    suite = {
        "apiVersion": "test.lockgate/v1",
        "kind": "AdmissionSuite",
        "tests": [{"name": "t", "policies": ["policies"], "cases": cases, **test}],
    }
    return read_and_run(suite, files)


def read_and_run(suite, files):
    def read(path):
        if path not in files:
            raise FileNotFoundError(path)
        return "\n---\n".join(json.dumps(body) for body in files[path]).encode()

    assert is_suite(suite)
    return [one.error or one.problem or ("skipped" if one.skipped else "") for one in verify(parse_suite(suite), read)]


def test_what_is_expected_comes():
    files = {"policies": [policy(), binding()], "bad": [pod()], "good": [pod("a:1")]}
    assert run(
        [
            {"name": "1", "object": "bad", "expect": "deny", "message": "^no lat"},
            {"name": "2", "object": "good", "expect": "allow"},
            {"name": "3", "object": "good", "oldObject": "bad", "expect": "allow"},
            {"name": "4", "object": "bad", "operation": "DELETE", "expect": "unmatched"},
            {"name": "5", "object": "bad", "expect": "allow", "skip": True},
        ],
        files,
    ) == ["", "", "", "", "skipped"]


def test_what_does_not_come_is_said():
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    files = {"policies": [policy(), binding()], "bad": [pod()], "good": [pod("a:1")], "service": [service]}
    said = run(
        [
            {"name": "1", "object": "bad", "expect": "allow"},
            {"name": "2", "object": "good", "expect": "deny"},
            {"name": "3", "object": "bad", "expect": "deny", "message": "other"},
            {"name": "4", "object": "bad", "expect": "unmatched"},
            {"name": "5", "object": "service", "expect": "allow"},
            {"name": "6", "object": "nowhere", "expect": "allow"},
            {"name": "7", "object": "policies", "expect": "allow"},
        ],
        files,
    )
    assert said == [
        "expected allow: tags: Deny: no latest",
        "expected deny: nothing was said",
        "no message matches 'other': tags: Deny: no latest",
        "the policy tags is about the request, and was expected not to be",
        "no policy is about the request, so that it proves nothing",
        "nowhere",
        "policies: must hold one object, and holds 2",
    ]


@pytest.mark.parametrize(("action", "expect"), [("Warn", "warn"), ("Audit", "audit")])
def test_other_actions_are_told_apart(action, expect):
    files = {"policies": [policy(), binding(validationActions=[action])], "bad": [pod()]}
    cases = [{"name": one, "object": "bad", "expect": one} for one in (expect, "deny")]
    assert run(cases, files) == ["", f"expected deny: tags: {action}: no latest"]


def test_an_error_is_no_denial_that_was_meant():
    files = {"policies": [policy()], "odd": [pod(image=3)]}
    cases = [{"name": one, "object": "odd", "expect": one} for one in ("error", "deny")]
    first, second = run(cases, files)
    assert first == ""
    assert second.startswith("expected deny: tags: Deny:")


def test_parameters_and_namespaces_are_known():
    limits = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "l", "namespace": "shop"},
        "data": {"t": "x"},
    }
    own = policy(
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[{"expression": "!object.spec.image.endsWith(params.data.t)", "message": "m"}],
    )
    bound = binding(
        paramRef={"name": "l", "parameterNotFoundAction": "Deny"},
        matchResources={"namespaceSelector": {"matchLabels": {"team": "a"}}},
    )
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}}
        for name, team in (("shop", "a"), ("other", "b"))
    ]
    files = {
        "policies": [own, bound], "limits": [limits], "namespaces": namespaces,
        "in": [pod("a:x", namespace="shop")], "out": [pod("a:x", namespace="other")],
    }  # fmt: skip
    cases = [
        {"name": "1", "object": "in", "expect": "deny"},
        {"name": "2", "object": "out", "expect": "unmatched"},
    ]
    assert run(cases, files, parameters=["limits"], namespaces=["namespaces"]) == ["", ""]


def test_a_mutation_gives_the_object_that_is_expected():
    rules = policy()["spec"]["matchConstraints"]
    expression = "Object{metadata: Object.metadata{labels: {'seen': 'yes'}}}"
    mutating = {
        "apiVersion": "admissionregistration.k8s.io/v1alpha1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "label"},
        "spec": {
            "matchConstraints": rules,
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
        },
    }  # fmt: skip
    files = {"policies": [mutating], "in": [pod()], "after": [pod(labels={"seen": "yes"})], "wrong": [pod()]}
    cases = [{"name": one, "object": "in", "expect": "allow", "result": one} for one in ("after", "wrong")]
    assert run(cases, files) == ["", "the object that came of it is not the one that was expected"]


def test_kyvernos_form_is_read_as_far_as_it_is_about_these_policies():
    suite = {
        "apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Test", "metadata": {"name": "k"},
        "policies": ["policies"], "resources": ["pods"],
        "results": [
            {**NATIVE, "resources": ["bad"], "result": "fail"},
            {**NATIVE, "resource": "good", "result": "pass"},
            {**NATIVE, "resource": "good", "result": "fail"},
            {**NATIVE, "resource": "gone", "result": "fail"},
            {"policy": "other", "rule": "r", "kind": "Pod", "resource": "good", "result": "fail"},
        ],
    }  # fmt: skip
    files = {"policies": [policy()], "pods": [pod(name="bad"), pod("a:1", name="good")]}
    said = read_and_run(suite, files)
    assert said[:2] == ["", ""]
    assert said[2] == "expected deny: nothing was said"
    assert "0 objects are called" in said[3]
    assert said[4] == "skipped"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"apiVersion": "v1"}, "apiVersion must be"),
        ({"test": []}, "no field"),
        ({"tests": [{"name": "t", "policies": []}]}, "at least one file"),
        (
            {"tests": [{"name": "t", "policies": ["p"], "cases": [{"name": "c", "object": "o", "expect": "yes"}]}]},
            "yes",
        ),
        (
            {"tests": [{"name": "t", "policies": ["p"], "cases": [
                {"name": "c", "object": "o", "expect": "deny", "message": "("}]}]},
            "RE2",
        ),
    ],
)  # fmt: skip
def test_a_wrong_suite_is_refused_with_its_place(change, said):
    with pytest.raises(PolicyError, match="where") as caught:
        parse_suite({"apiVersion": "test.lockgate/v1", "kind": "AdmissionSuite", **change}, where="where")
    assert said in str(caught.value)
