"""Policy objects are read as Kubernetes' API has them, and what cannot be right is refused with its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes import Binding, MutatingPolicy, ValidatingPolicy, parse_object

RULES = {"resourceRules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}
VALIDATING: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "replicas"},
    "spec": {
        "matchConstraints": RULES,
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConditions": [{"name": "a", "expression": "object.metadata.name != 'x'"}],
        "variables": [{"name": "n", "expression": "object.spec.replicas"}],
        "validations": [{"expression": "variables.n <= int(params.data.most)", "reason": "Forbidden"}],
        "auditAnnotations": [{"key": "n", "valueExpression": "string(variables.n)"}],
        "failurePolicy": "Ignore",
    },
}
BINDING: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "replicas-here"},
    "spec": {
        "policyName": "replicas",
        "validationActions": ["Deny", "Audit"],
        "paramRef": {"name": "most", "namespace": "policy", "parameterNotFoundAction": "Deny"},
        "matchResources": {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
    },
}
MUTATING: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1beta1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {"name": "sidecar"},
    "spec": {
        "matchConstraints": RULES,
        "reinvocationPolicy": "IfNeeded",
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": "Object{spec: Object.spec{a: 1}}"},
            },
            {"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'remove', path: '/spec/b'}]"}},
        ],
    },
}


def test_a_validating_policy_is_read() -> None:
    policy = parse_object(VALIDATING)
    assert isinstance(policy, ValidatingPolicy)
    assert (policy.name, policy.param_kind, policy.fails) == ("replicas", ("v1", "ConfigMap"), False)
    assert [name for name, _ in policy.program.variables] == ["n"]
    assert policy.program.validations[0].reason == "Forbidden"
    assert [key for key, _ in policy.program.annotations] == ["n"]


def test_a_binding_is_read() -> None:
    binding = parse_object(BINDING)
    assert isinstance(binding, Binding)
    assert (binding.name, binding.policy, binding.actions) == ("replicas-here", "replicas", ("Deny", "Audit"))
    assert binding.param_ref is not None
    assert (binding.param_ref.name, binding.param_ref.namespace, binding.param_ref.denies) == ("most", "policy", True)


def test_a_mutating_policy_and_its_binding_are_read() -> None:
    policy = parse_object(MUTATING)
    assert isinstance(policy, MutatingPolicy)
    assert [mutation.patch_type for mutation in policy.mutations] == ["ApplyConfiguration", "JSONPatch"]
    assert policy.reinvoked
    assert policy.fails
    spec = {"policyName": "sidecar"}
    binding = parse_object({**BINDING, "kind": "MutatingAdmissionPolicyBinding", "spec": spec})
    assert isinstance(binding, Binding)
    assert not binding.validating


@pytest.mark.parametrize(
    "obj", [{}, {"kind": "Pod", "apiVersion": "v1"}, {**VALIDATING, "apiVersion": "other/v1"}, {"kind": []}]
)
def test_other_objects_are_none_of_ours(obj: dict[str, Any]) -> None:
    assert parse_object(obj) is None


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (VALIDATING, lambda o: o.update(apiVersion="admissionregistration.k8s.io/v9"), "not a version"),
        (VALIDATING, lambda o: o.pop("spec"), "spec is missing"),
        (VALIDATING, lambda o: o["metadata"].pop("name"), "metadata.name must be a text"),
        (VALIDATING, lambda o: o["spec"].pop("matchConstraints"), "spec.matchConstraints is missing"),
        (VALIDATING, lambda o: o["spec"].update(matchConstraints={}), "resourceRules must name at least one"),
        (
            VALIDATING,
            lambda o: o["spec"].update(validation=[]),
            "spec.validation is no field .* did you mean 'validations'",
        ),
        (
            VALIDATING,
            lambda o: o["spec"].update(failurePolicy="Warn"),
            "spec.failurePolicy is 'Warn' -- use Fail, Ignore",
        ),
        (VALIDATING, lambda o: o["spec"].update(validations=[], auditAnnotations=[]), "must say something"),
        (VALIDATING, lambda o: o["spec"]["validations"][0].update(reason="Because"), "reason is 'Because'"),
        (VALIDATING, lambda o: o["spec"].pop("paramKind"), "undeclared reference to 'params'"),
        (VALIDATING, lambda o: o["spec"]["variables"][0].update(expression="1 +"), r"variables\[0\].expression:1:4"),
        (
            VALIDATING,
            lambda o: o["spec"].update(matchConstraints={"resourceRules": [{}]}),
            "resources must name at least one",
        ),
        (
            VALIDATING,
            lambda o: o["spec"]["matchConstraints"]["resourceRules"][0].update(operations=["create"]),
            "operations holds 'create'",
        ),
        (
            VALIDATING,
            lambda o: o["spec"]["matchConstraints"]["resourceRules"][0].update(scope="Cluster*"),
            "scope is 'Cluster",
        ),
        (
            VALIDATING,
            lambda o: o["spec"]["matchConstraints"].update(objectSelector={"matchExpressions": [{"key": "a"}]}),
            "objectSelector: matchExpressions.* unknown operator",
        ),
        (BINDING, lambda o: o["spec"].pop("policyName"), "spec.policyName must be a text"),
        (BINDING, lambda o: o["spec"].update(validationActions=[]), "must name at least one action"),
        (BINDING, lambda o: o["spec"].update(validationActions=["Deny", "Warn"]), "must not hold both Deny and Warn"),
        (BINDING, lambda o: o["spec"].update(validationActions=["Deny", "Deny"]), "each once"),
        (BINDING, lambda o: o["spec"].update(validationActions=["deny"]), "holds 'deny'"),
        (BINDING, lambda o: o["spec"]["paramRef"].update(selector={}), "or selector must be given, and not both"),
        (BINDING, lambda o: o["spec"]["paramRef"].pop("name"), "or selector must be given, and not both"),
        (
            BINDING,
            lambda o: o["spec"]["paramRef"].pop("parameterNotFoundAction"),
            "parameterNotFoundAction must be a text",
        ),
        (MUTATING, lambda o: o["spec"].update(mutations=[]), "must hold at least one"),
        (MUTATING, lambda o: o["spec"]["mutations"][0].update(patchType="Merge"), "patchType is 'Merge'"),
        (MUTATING, lambda o: o["spec"]["mutations"][0].pop("applyConfiguration"), "is missing for the patchType"),
        (
            MUTATING,
            lambda o: o["spec"]["mutations"][0]["applyConfiguration"].update(expression="{'a': 1}"),
            "must give an Object",
        ),
        (MUTATING, lambda o: o["spec"]["mutations"][1]["jsonPatch"].update(expression="'x'"), "a list of JSONPatch"),
        (
            MUTATING,
            lambda o: o["spec"]["matchConstraints"]["resourceRules"][0].update(operations=["DELETE"]),
            "operations holds 'DELETE'",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_place(base: dict[str, Any], change: Change, message: str) -> None:
    obj = copy.deepcopy(base)
    change(obj)
    with pytest.raises(PolicyError, match=message) as caught:
        parse_object(obj, where="policies.yaml")
    assert caught.value.where.startswith("policies.yaml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "Deny", "pods", "true", "CREATE", "Fail", "*"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["matchConstraints", "resourceRules", "operations", "apiGroups", "apiVersions", "resources", "validations",
             "expression", "policyName", "validationActions", "paramRef", "name", "selector", "mutations", "patchType",
             "matchResources", "paramKind", "variables", "auditAnnotations", "objectSelector", "failurePolicy"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from([VALIDATING, BINDING, MUTATING]), JSON, st.sampled_from(["spec", "metadata"]))
def test_any_object_is_read_or_refused(base: dict[str, Any], part: object, name: str) -> None:
    try:
        parse_object({**base, name: part})
    except PolicyError as error:
        assert error.message
