"""What validating policies say about a request, as the API server's admission plugin would."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.cel.library.authorizers import Access, Answer
from lockgate.policy.kubernetes import Judgement, World, judge, request_for

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "prod"},
    "spec": {"replicas": 9},
}
PROD = {"metadata": {"name": "prod", "labels": {"most": "5"}, "managedFields": []}, "spec": {}}


def said(judgement: Judgement) -> list[tuple[str, str]]:
    return [(verdict.action, verdict.message) for verdict in judgement.verdicts]


def test_a_violation_leads_to_each_action_of_the_binding(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "object.spec.replicas <= 5", "message": "too many"}])
    request = request_for(DEPLOYMENT)
    judgement = judge(request, [policy], [spelled.binding("p", "Warn", "Audit")])
    assert said(judgement) == [("Warn", "too many"), ("Audit", "too many")]
    assert not judgement.denied
    judgement = judge(request, [policy], [spelled.binding("p", "Deny")])
    assert judgement.denied
    (verdict,) = judgement.verdicts
    assert (verdict.policy, verdict.binding, verdict.reason, verdict.error) == ("p", "b", "Invalid", None)


def test_a_policy_without_a_binding_of_its_kind_says_nothing(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "false"}])
    bindings = [spelled.binding("other", "Deny"), spelled.binding("p")]
    assert judge(request_for(DEPLOYMENT), [policy], bindings) == Judgement()


def test_messages_and_reasons_come_from_the_validation(spelled: Any) -> None:
    policy = spelled.policy(
        variables=[{"name": "n", "expression": "object.spec.replicas"}],
        validations=[
            {"expression": "variables.n < 5", "messageExpression": "'%d is too many'.format([variables.n])"},
            {"expression": "variables.n > 5"},
            {"expression": "variables.n == 0", "message": "none", "reason": "Forbidden"},
        ],
    )
    judgement = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny")])
    assert said(judgement) == [("Deny", "9 is too many"), ("Deny", "none")]
    assert judgement.verdicts[1].reason == "Forbidden"


@pytest.mark.parametrize(("failure", "action"), [("Fail", "Deny"), ("Ignore", "Ignore")])
def test_an_error_follows_the_failure_policy_and_is_never_silent(spelled: Any, failure: str, action: str) -> None:
    policy = spelled.policy(failurePolicy=failure, validations=[{"expression": "object.spec.nothing == 1"}])
    (verdict,) = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny")]).verdicts
    assert verdict.action == action
    assert verdict.error is not None
    assert "no such key: nothing" in verdict.message


def test_an_error_is_softened_by_the_binding_as_a_violation_is(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "bool(object.nothing)"}])
    judgement = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Warn")])
    assert [verdict.action for verdict in judgement.verdicts] == ["Warn"]


def test_conditions_keep_a_policy_from_being_asked(spelled: Any) -> None:
    def asked(*conditions: str, failure: str = "Fail") -> list[str]:
        named = [{"name": f"c{index}", "expression": text} for index, text in enumerate(conditions)]
        policy = spelled.policy(matchConditions=named, failurePolicy=failure, validations=[{"expression": "false"}])
        judgement = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny")])
        return [verdict.action for verdict in judgement.verdicts]

    assert asked("request.operation == 'DELETE'") == []
    assert asked("request.operation == 'CREATE'") == ["Deny"]
    assert asked("bool(object.nothing)", "false") == []
    assert asked("bool(object.nothing)", "true") == ["Deny"]
    assert asked("bool(object.nothing)", failure="Ignore") == ["Ignore"]


def test_a_deletion_has_only_the_old_object(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "object == null && oldObject.spec.replicas == 9"}])
    request = request_for(DEPLOYMENT, operation="DELETE")
    assert judge(request, [policy], [spelled.binding("p", "Deny")]).verdicts == ()


def test_the_namespace_is_seen_reduced(spelled: Any) -> None:
    policy = spelled.policy(
        validations=[
            {"expression": "object.spec.replicas <= int(namespaceObject.metadata.labels.most)", "message": "too many"},
            {"expression": "!has(dyn(namespaceObject).metadata.managedFields)"},
        ]
    )
    bindings = [spelled.binding("p", "Deny")]
    judgement = judge(request_for(DEPLOYMENT), [policy], bindings, world=World(namespaces={"prod": PROD}))
    assert said(judgement) == [("Deny", "too many")]
    unknown = judge(request_for(DEPLOYMENT), [policy], bindings)
    assert all("no value was given for the variable 'namespaceObject'" in v.message for v in unknown.verdicts)
    node = request_for({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    cluster = spelled.policy(validations=[{"expression": "namespaceObject == null"}])
    assert judge(node, [cluster], bindings).verdicts == ()


def config(name: str, most: int, namespace: str = "prod", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "data": {"most": str(most)}}


CONFIGS = [config("a", 3, tier="x"), config("b", 5, tier="x"), config("c", 50, tier="y"), config("a", 99, "other")]
WORLD = World(parameters={("v1", "ConfigMap"): CONFIGS})


@pytest.mark.parametrize(
    ("ref", "messages"),
    [
        ({"name": "a"}, ["more than 3"]),
        ({"name": "c"}, []),
        ({"name": "a", "namespace": "other"}, []),
        ({"selector": {"matchLabels": {"tier": "x"}}}, ["more than 3", "more than 5"]),
        ({"selector": {}}, ["more than 3", "more than 5"]),
        ({"name": "nothing"}, []),
    ],
)
def test_each_parameter_is_judged_with(spelled: Any, ref: dict[str, Any], messages: list[str]) -> None:
    policy = spelled.policy(
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[
            {
                "expression": "object.spec.replicas <= int(params.data.most)",
                "messageExpression": "'more than ' + params.data.most",
            }
        ],
    )
    binding = spelled.binding("p", "Deny", paramRef={**ref, "parameterNotFoundAction": "Allow"})
    judgement = judge(request_for(DEPLOYMENT), [policy], [binding], world=WORLD)
    assert [message for _, message in said(judgement)] == messages


@pytest.mark.parametrize(
    ("ref", "world", "namespace", "message"),
    [
        ({"name": "nothing"}, WORLD, "prod", "no params found"),
        ({"name": "a"}, World(), "prod", "kind v1/ConfigMap is not known"),
        ({"name": "a"}, WORLD, "", "must name its parameters' namespace"),
    ],
)
def test_parameters_that_cannot_be_found_refuse(
    spelled: Any, ref: dict[str, Any], world: World, namespace: str, message: str
) -> None:
    policy = spelled.policy(
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, validations=[{"expression": "params == null"}]
    )
    binding = spelled.binding("p", "Audit", paramRef={**ref, "parameterNotFoundAction": "Deny"})
    obj = {**DEPLOYMENT, "metadata": {"name": "web", "namespace": namespace}}
    (verdict,) = judge(request_for(obj), [policy], [binding], world=world).verdicts
    assert verdict.action == "Deny"
    assert message in verdict.message


def test_a_binding_without_parameters_judges_with_null(spelled: Any) -> None:
    policy = spelled.policy(
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[{"expression": "params != null", "message": "m"}],
    )
    assert said(judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny")])) == [("Deny", "m")]


def test_a_cluster_wide_parameter_is_found_without_a_namespace(spelled: Any) -> None:
    kind = ("rules.example.com/v1", "Limit")
    policy = spelled.policy(
        paramKind={"apiVersion": kind[0], "kind": kind[1]},
        validations=[{"expression": "object.spec.replicas <= params.most", "message": "m"}],
    )
    world = World(parameters={kind: [{"metadata": {"name": "l"}, "most": 3}]})
    ref = {"name": "l", "parameterNotFoundAction": "Deny"}
    assert said(
        judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny", paramRef=ref)], world=world)
    ) == [("Deny", "m")]
    binding = spelled.binding("p", "Deny", paramRef={**ref, "namespace": "x"})
    (verdict,) = judge(request_for(DEPLOYMENT), [policy], [binding], world=world).verdicts
    assert "paramRef.namespace must not be given" in verdict.message


def test_audit_annotations_are_kept_and_their_errors_refuse(spelled: Any) -> None:
    policy = spelled.policy(
        auditAnnotations=[
            {"key": "n", "valueExpression": "'%d replicas'.format([object.spec.replicas])"},
            {"key": "none", "valueExpression": "object.spec.replicas > 100 ? 'many' : ''"},
            {"key": "broken", "valueExpression": "string(object.nothing)"},
        ]
    )
    judgement = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Audit"), spelled.binding("p", "Warn")])
    assert judgement.annotations == {"p/n": "9 replicas"}
    assert [verdict.action for verdict in judgement.verdicts] == ["Deny", "Deny"]
    assert "auditAnnotation 'broken' failed" in judgement.verdicts[0].message


def test_rules_and_selectors_of_policy_and_binding_must_both_take_the_request(spelled: Any) -> None:
    rule = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    policy = spelled.policy(matchConstraints={"resourceRules": [rule]}, validations=[{"expression": "false"}])
    here = spelled.binding("p", "Deny", matchResources={"namespaceSelector": {"matchLabels": {"most": "5"}}})
    there = spelled.binding("p", "Deny", matchResources={"namespaceSelector": {"matchLabels": {"most": "6"}}})
    world = World(namespaces={"prod": PROD})
    assert judge(request_for(DEPLOYMENT), [policy], [here], world=world).denied
    assert not judge(request_for(DEPLOYMENT), [policy], [there], world=world).verdicts
    assert not judge(request_for({**DEPLOYMENT, "kind": "StatefulSet"}), [policy], [here], world=world).verdicts
    unknown = judge(request_for(DEPLOYMENT), [policy], [there])
    assert unknown.denied
    assert "failed to configure binding: the namespace 'prod' is not known" in unknown.verdicts[0].message


def test_policies_are_not_judged_by_policies(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "false"}])
    obj = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "x"},
    }
    assert judge(request_for(obj), [policy], [spelled.binding("p", "Deny")]) == Judgement()


def test_an_authority_answers_for_the_request(spelled: Any) -> None:
    class Owners:
        def decide(self, access: Access) -> Answer:
            return Answer(access.verb == "scale" and access.name == "web" and access.resource == "deployments")

    policy = spelled.policy(
        validations=[
            {"expression": "authorizer.requestResource.check('scale').allowed()"},
            {"expression": "authorizer.requestResource.check('delete').allowed()", "message": "may not delete"},
        ]
    )
    bindings = [spelled.binding("p", "Deny")]
    assert said(judge(request_for(DEPLOYMENT), [policy], bindings, world=World(authority=Owners()))) == [
        ("Deny", "may not delete")
    ]
    without = judge(request_for(DEPLOYMENT), [policy], bindings)
    assert all("nobody here can tell" in verdict.message for verdict in without.verdicts)


def test_a_budget_that_runs_out_is_a_refusal(spelled: Any) -> None:
    policy = spelled.policy(validations=[{"expression": "lists.range(1000).all(i, i >= 0)"}, {"expression": "false"}])
    (verdict,) = judge(request_for(DEPLOYMENT), [policy], [spelled.binding("p", "Deny")], steps=100).verdicts
    assert "more than 100 steps" in verdict.message


def test_conditions_on_users_can_be_told_where_nobody_asks(spelled: Any) -> None:
    """``check`` and ``audit`` judge objects without a request; conditions of Kubernetes' own examples read users."""
    nodes = {"name": "nodes", "expression": "!('system:nodes' in request.userInfo.groups)"}
    admin = {"name": "admin", "expression": "request.userInfo.username != 'admin'"}
    policy = spelled.policy(validations=[{"expression": "false", "message": "no"}], matchConditions=[nodes, admin])
    binding = spelled.binding("p", "Deny")
    assert said(judge(request_for(DEPLOYMENT), [policy], [binding])) == [("Deny", "no")]
    asked = request_for(DEPLOYMENT, user={"username": "admin", "groups": []})
    assert judge(asked, [policy], [binding]) == Judgement()
