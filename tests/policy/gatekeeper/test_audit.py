"""A set of objects judged as one cluster."""

from __future__ import annotations

from tests.policy.gatekeeper.builders import constraint, mutator, namespace, pod, template

from lockgate.policy.gatekeeper.audit import audit

_NAMES = """
package probe

violation[{"msg": msg}] {
  msg := sprintf("%v of %v", [input.review.name, count(data.inventory.namespace[_].v1.Pod)])
}
"""
_EXPANSION = {
    "apiVersion": "expansion.gatekeeper.sh/v1beta1",
    "kind": "ExpansionTemplate",
    "metadata": {"name": "pods"},
    "spec": {
        "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
        "templateSource": "spec.template",
        "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
        "enforcementAction": "warn",
    },
}
_PODS = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "till", "namespace": "harbour"},
    "spec": {"template": {"spec": {}}},
}


def test_objects_are_judged_in_the_company_of_all() -> None:
    found = audit([pod("a"), template(_NAMES), pod("b"), constraint(match=_PODS), namespace()])
    assert found.problems == ()
    assert [[each.message for each in judged.violations] for judged in found.judged] == [
        ["a of 2"],
        [],
        ["b of 2"],
        [],
        [],
    ]


def test_what_comes_of_an_object_is_told_with_it_and_has_the_action_of_the_expansion() -> None:
    found = audit([_DEPLOYMENT, pod("a"), template(_NAMES), constraint(match=_PODS), _EXPANSION])
    (violation,) = found.judged[0].violations
    assert (violation.message, violation.actions, violation.template) == (
        "[Implied by pods] till-pod of 1",
        ("warn",),
        "pods",
    )


def test_parents_are_mutated_before_they_are_expanded() -> None:
    change = mutator("Assign", "a", "spec.template.metadata.labels.x", assign={"value": "y"})
    change["spec"]["applyTo"] = [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}]
    labels = 'package probe\nviolation[{"msg": input.review.object.metadata.labels.x}] { true }'
    found = audit([_DEPLOYMENT, template(labels), constraint(), _EXPANSION, change])
    assert [each.message for each in found.judged[0].violations] == ["[Implied by pods] y"]


def test_whatever_cannot_be_used_or_judged_is_told() -> None:
    broken_parent = {**_DEPLOYMENT, "spec": {}}
    found = audit(
        [
            template("package probe\nviolation["),
            constraint(),
            constraint(kind="Other"),
            {**_EXPANSION, "spec": {}},
            _EXPANSION,
            mutator("Assign", "a", "spec."),
            broken_parent,
            {"kind": "Pod"},
            "text",
            None,
        ]
    )
    assert len(found.problems) == 4
    by_kind = {str(judged.object.get("apiVersion")) + str(judged.object["kind"]): judged for judged in found.judged}
    assert "spec.template" in by_kind["apps/v1Deployment"].error
    assert by_kind["NonePod"].error
    assert [each.error for each in by_kind["apps/v1Deployment"].violations] == ["policy"]
