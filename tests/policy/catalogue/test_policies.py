"""The rulebook's policies, put to objects."""

import pytest

from lockgate.model import Confidence, Family, Object, Rule, RuleId, Severity
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue.finding import finding
from lockgate.policy.errors import PolicyError


def rule(name: str = "policy/x", **logic) -> Rule:
    whole = {"kinds": ["Workload"], "deny": "true", "message": "'no'", **logic}
    return Rule(RuleId(name), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f", whole)


def pod(**spec) -> Object:
    return Object("kubernetes", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": spec}, "p")


def test_each_item_that_is_denied_is_a_hit_of_its_own():
    policies = Policies([rule(each="containers", deny="item.name == 'b'", message="'bad ' + item.name", field="image")])
    hits = policies.judge(pod(containers=[{"name": "a"}, {"name": "b"}]))
    assert [(hit.message, hit.pointer, hit.item) for hit in hits] == [("bad b", "/spec/containers/1/image", "b")]


def test_a_policy_without_a_path_judges_the_whole():
    policies = Policies([rule(deny="variables.podSpec.?hostPID.orValue(false)", field="hostPID")])
    assert [hit.pointer for hit in policies.judge(pod(hostPID=True))] == ["/spec/hostPID"]
    assert policies.judge(pod(hostPID=False)) == []


def test_another_kind_is_not_judged():
    service = Object("kubernetes", {"apiVersion": "v1", "kind": "Service"})
    assert Policies([rule()]).judge(service) == []
    assert len(Policies([rule(kinds=["Service"])]).judge(service)) == 1
    assert len(Policies([rule(kinds=["*"])]).judge(service)) == 1


def test_a_kind_with_a_group_is_of_that_group_alone():
    policies = Policies([rule(kinds=["networking.k8s.io/Ingress"])])
    assert len(policies.judge(Object("kubernetes", {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}))) == 1
    assert policies.judge(Object("kubernetes", {"apiVersion": "extensions/v1beta1", "kind": "Ingress"})) == []


def test_an_option_replaces_a_parameter():
    one = rule(each="containers", deny="item.name in variables.params.names", parameters={"names": ["a"]})
    judged = pod(containers=[{"name": "a"}, {"name": "b"}])
    assert [hit.item for hit in Policies([one]).judge(judged)] == ["a"]
    assert [hit.item for hit in Policies([one], {"names": ("b",)}).judge(judged)] == ["b"]


def test_a_policy_that_cannot_be_evaluated_says_so_and_is_no_pass():
    hits = Policies([rule(deny="variables.podSpec.hostPID + 1 == 2")]).judge(pod(hostPID="x"))
    assert len(hits) == 1
    assert hits[0].failed
    assert "could not be evaluated" in hits[0].message


def test_a_condition_that_is_no_boolean_says_so():
    assert "not a boolean" in Policies([rule(deny="'x'")]).judge(pod())[0].failed


def test_a_policy_that_takes_too_many_steps_is_stopped():
    numbers = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    nested = "true"
    for name in "abcdefg":
        nested = f"{numbers}.all({name}, {nested})"
    assert "steps" in Policies([rule(deny=nested)]).judge(pod())[0].failed


@pytest.mark.parametrize(
    ("logic", "said"),
    [
        ({"deny": "item.("}, "policy/x deny"),
        ({"deny": "unknown_name"}, "unknown_name"),
        ({"message": ""}, "lacks 'message'"),
        ({"ech": "containers"}, "'ech'"),
        ({"each": "spec"}, "does not end in a list"),
    ],
)
def test_a_wrong_policy_is_refused_by_name(logic, said):
    with pytest.raises(PolicyError, match="policy/x") as caught:
        Policies([rule(**logic)])
    assert said in str(caught.value)


def test_identity_is_the_same_in_a_file_and_in_a_cluster():
    hit = Policies([rule(each="containers", field="image")]).judge(pod(containers=[{"name": "a"}]))[0]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop", "namespace": "default"}, "spec": {}}
    in_cluster = Object("kubernetes", body, "cluster:default/Pod/shop")
    assert finding(hit, pod()).subject.key == finding(hit, in_cluster).subject.key


def test_a_plain_value_on_its_line_is_fixed():
    one = rule(each="containers", deny="item.tty", field="tty", fix={"set": False})
    judged = Object("kubernetes", pod(containers=[{"name": "a", "tty": True}]).body, "p.yaml", lambda pointer: 2)
    edits = finding(Policies([one]).judge(judged)[0], judged, ["x:", "    tty: true  # why"]).fix.edits
    assert [(edit.line, edit.text) for edit in edits] == [(2, "    tty: false  # why")]


def test_a_value_among_others_is_left_to_people():
    one = rule(each="containers", deny="item.tty", field="tty", fix={"set": False})
    judged = Object("kubernetes", pod(containers=[{"name": "a", "tty": True}]).body, "p.yaml", lambda pointer: 1)
    assert finding(Policies([one]).judge(judged)[0], judged, ["- {name: a, tty: true}"]).fix.edits == ()


def test_the_line_shown_hides_what_looks_like_a_secret():
    judged = Object("kubernetes", pod(containers=[{"name": "a"}]).body, "p.yaml", lambda pointer: 1)
    hit = Policies([rule(each="containers")]).judge(judged)[0]
    assert finding(hit, judged, ["    DB_PASSWORD: hunter22"]).location.snippet == ("    DB_PASSWORD: ***",)


@pytest.mark.parametrize(
    ("spec", "pointer", "said"),
    [
        ([{"containers": []}], "/spec", "spec is no mapping"),
        ({"containers": {"name": "a"}}, "/spec/containers", "containers is no list"),
        ({"initContainers": ["a"]}, "/spec/initContainers/0", "a member of initContainers is no mapping"),
    ],
)
def test_a_workload_of_another_shape_is_no_pass(spec, pointer, said):
    policies = Policies([rule(each="containers"), rule("policy/y")])
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"}, "spec": spec}
    hits = policies.judge(Object("kubernetes", body))
    assert [(hit.pointer, said in hit.failed) for hit in hits] == [(pointer, True)]


def test_a_part_of_a_workload_is_judged_as_far_as_it_goes():
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"replicas": 1}}
    policies = Policies([rule(each="containers"), rule("policy/y", kinds=["Deployment"])])
    assert [hit.rule.id for hit in policies.judge(Object("kubernetes", patch))] == ["policy/y"]
