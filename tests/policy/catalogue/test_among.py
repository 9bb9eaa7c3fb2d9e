"""Policies that look at the other objects of a source."""

import pytest

from lockgate.model import Confidence, Family, Object, Rule, RuleId, Severity
from lockgate.policy.catalogue import Policies, _among
from lockgate.policy.errors import PolicyError


def rule(name="policy/x", **logic):
    whole = {"kinds": ["/Service"], "among": {"kinds": ["Workload"]}, "message": "'alone'", **logic}
    return Rule(RuleId(name), Family.POLICY, "t", "w", Severity.LOW, Confidence.LOW, "f", whole)


def thing(kind, name, namespace="", **more):
    version = "apps/v1" if kind == "Deployment" else "v1"
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return Object("kubernetes", {"apiVersion": version, "kind": kind, "metadata": metadata, **more}, f"{name}.yaml")


def workload(name, namespace="", labels=None):
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": {"containers": []}}
    return thing("Deployment", name, namespace, spec={"template": template})


def names(policies, *objects):
    return [(judged.body["metadata"]["name"], hit.message) for judged, hit in policies.judge_all(objects)]


def test_others_are_told_by_kind_and_namespace():
    policies = Policies([rule(deny="others.size() != 1")])
    assert names(policies, thing("Service", "a", "x"), workload("w", "x"), workload("v", "y")) == []
    assert names(policies, thing("Service", "a", "x"), workload("v", "y")) == [("a", "alone")]


def test_an_object_without_a_namespace_is_of_every_namespace():
    policies = Policies([rule(deny="others.size() == 0")])
    assert names(policies, thing("Service", "a"), workload("w", "x")) == []
    assert names(policies, thing("Service", "a", "x"), workload("w")) == []


def test_any_namespace_is_looked_in_when_the_policy_says_so():
    policies = Policies([rule(deny="others.size() == 0", among={"kinds": ["Workload"], "namespace": "any"})])
    assert names(policies, thing("Service", "a", "x"), workload("v", "y")) == []


def test_the_judged_object_is_none_of_the_others():
    policies = Policies([rule(deny="others.size() == 1", among={"kinds": ["/Service"]})])
    assert names(policies, thing("Service", "a")) == []
    assert names(policies, thing("Service", "a"), thing("Service", "b")) == [("a", "alone"), ("b", "alone")]


def test_the_pods_of_others_are_seen_wherever_they_stand():
    policies = Policies([rule(deny="!others.exists(o, o.podMetadata.labels.app == 'cart')")])
    assert names(policies, thing("Service", "a"), workload("cart")) == []
    assert names(policies, thing("Service", "a"), workload("card")) == [("a", "alone")]


def test_a_single_object_is_not_put_to_them():
    policies = Policies([rule(deny="true")])
    assert policies.judge(thing("Service", "a")) == []
    assert len(policies) == 1


def test_only_what_a_policy_reads_is_wanted():
    policies = Policies([rule(deny="true")])
    assert policies.wants_all(thing("Service", "a").body)
    assert policies.wants_all(workload("w").body)
    assert not policies.wants_all(thing("ConfigMap", "c").body)


def test_more_than_can_be_looked_through_is_no_silent_pass(monkeypatch):
    monkeypatch.setattr(_among, "MOST_OTHERS", 2)
    policies = Policies([rule(deny="false")])
    hits = [hit for _, hit in policies.judge_all([thing("Service", "a"), *(workload(f"w{n}") for n in range(3))])]
    assert ["to look through" in hit.failed for hit in hits] == [True]


@pytest.mark.parametrize(
    ("among", "said"),
    [
        ({"kind": ["x"]}, "must hold kinds"),
        ({"kinds": ["x"], "namespace": "other"}, "'other'"),
        ([], "must hold kinds"),
    ],
)
def test_a_wrong_form_is_refused_by_name(among, said):
    with pytest.raises(PolicyError, match="policy/x") as caught:
        Policies([rule(deny="true", among=among)])
    assert said in str(caught.value)


def test_others_is_no_name_of_a_policy_that_looks_at_one():
    one = rule(deny="others.size() == 0")
    alone = Rule(one.id, one.family, "t", "w", one.severity, one.confidence, "f", {**one.logic})
    del alone.logic["among"]
    with pytest.raises(PolicyError, match="others"):
        Policies([alone])
