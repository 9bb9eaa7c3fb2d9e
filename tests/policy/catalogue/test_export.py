"""The rulebook as objects that a cluster enforces: the same verdicts, by our engines and by Gatekeeper's own."""

import json
from functools import cache

import pytest
from hypothesis import given, settings
from tests.policy.catalogue.cluster_objects import objects, some
from tests.policy.catalogue.test_policies import rule
from tests.policy.gatekeeper import gator

from lockgate.formats import manifests
from lockgate.model import Object
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue._cluster_cel import NotExportableError, cluster_cel, constant
from lockgate.policy.catalogue._places import without_nulls
from lockgate.policy.catalogue.export import export, plural, slug
from lockgate.policy.cel import compile_expression
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.kubernetes import judge, parse_object, request_for
from lockgate.policy.kubernetes.objects import Binding
from lockgate.rules import expand_sample, load


@cache
def policies():
    return Policies(rule for rule in load(["policy"]).rules if "types" not in rule.logic)


@cache
def exported(form):
    return export(policies().kubernetes, form)


@cache
def library():
    return library_of(exported("gatekeeper"))


def library_of(made):
    found = Library()
    assert found.load(body for one in made for body in one.documents) == []
    return found


@cache
def admission():
    return admission_of(exported("vap"))


def admission_of(made):
    found = [parse_object(body) for one in made for body in one.documents]
    bindings = [one for one in found if isinstance(one, Binding)]
    return [one for one in found if not isinstance(one, Binding)], bindings


def samples(rule):
    """The objects of a rule's samples, as a cluster would hold them."""
    for sample in rule.samples:
        read = manifests.read(sample.path or "sample.yaml", expand_sample(sample.text).encode())
        bodies = [json.loads(json.dumps(without_nulls(one.body))) for one in read.objects]
        yield from (body for body in bodies if body.get("apiVersion"))


def ours(body, judging=None):
    """Messages by rule, joined as the exported policy joins them; ``None`` where a policy could only fail."""
    found = {}
    for hit in (judging or policies()).judge(Object("kubernetes", body)):
        found.setdefault(slug(hit.rule), []).append(hit)
    return {name: said([hit.message for hit in hits if not hit.failed]) for name, hits in found.items()}


def said(messages):
    return "; ".join(messages) if messages else None


def by_gatekeeper(body, judging=None):
    found = (judging or library()).evaluate(Review.of_object(body, operation="CREATE"))
    return {one.constraint_name: None if one.error else one.message for one in found}


def by_admission(body, judging=None):
    judgement = judge(request_for(body), *(judging or admission()))
    return {one.policy: None if one.error else one.message for one in judgement.verdicts}


ABOUT_POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


def test_every_rule_is_exported_but_those_about_admission_policies():
    assert [one.rule.id for one in exported("gatekeeper") if one.reason] == []
    left_out = [one for one in exported("vap") if one.reason]
    for one in left_out:
        assert {kind.rpartition("/")[2] for kind in one.rule.logic["kinds"]} <= ABOUT_POLICIES
        assert one.reason == "Kubernetes asks no admission policy about admission policies and their bindings"
    assert len(exported("vap")) - len(left_out) >= 144


@pytest.mark.timeout(180)
def test_every_sample_has_the_verdict_that_ours_has():
    denied = 0
    for number, policy in enumerate(policies().kubernetes):
        judging = Policies([policy.rule])
        by_template = library_of(exported("gatekeeper")[number : number + 1])
        by_policy = admission_of(exported("vap")[number : number + 1])
        for body in samples(policy.rule):
            expected = ours(body, judging)
            denied += len(expected)
            assert by_gatekeeper(body, by_template) == expected, body
            if body["kind"] not in ABOUT_POLICIES:
                assert by_admission(body, by_policy) == expected, body
    assert denied > len(policies().kubernetes)


@pytest.mark.timeout(180)
@settings(max_examples=15, deadline=None)
@given(objects())
def test_generated_objects_have_the_verdict_that_ours_has(body):
    expected = ours(body)
    assert by_gatekeeper(body) == expected
    assert by_admission(body) == expected


@pytest.mark.timeout(600)
def test_gatekeepers_own_engine_says_the_same(tmp_path):
    """Its CEL is Kubernetes' own, types checked: what we write must compile there too."""
    judged = [body for policy in policies().kubernetes for body in list(samples(policy.rule))[:2]] + some(100, seed=3)
    # gator takes objects of Gatekeeper's own kinds for policies that are to be installed.
    judged = [body for body in judged if "gatekeeper.sh" not in body["apiVersion"]]
    numbered = []
    for number, body in enumerate(judged):
        metadata = {**body.get("metadata", {}), "annotations": {**body.get("metadata", {}).get("annotations", {})}}
        metadata["annotations"]["number"] = str(number)
        numbered.append({**body, "metadata": metadata})
    documents = [body for one in exported("gatekeeper") for body in one.documents]
    found = {}
    for one in gator.run(tmp_path, "test", [*documents, *numbered]):
        number = one["violatingObject"]["metadata"]["annotations"]["number"]
        found.setdefault(number, {})[one["constraint"]["metadata"]["name"]] = one["msg"]
    total = 0
    for number, body in enumerate(numbered):
        expected = ours(body)
        assert None not in expected.values()
        assert found.get(str(number), {}) == expected, body
        total += len(expected)
    assert total > 4000


def test_an_object_that_goes_is_not_judged():
    made = [one for one in exported("gatekeeper") if one.name == "lockgate-privileged-container"]
    (body, *_) = samples(made[0].rule)
    assert library_of(made).evaluate(Review.of_object(body, operation="CREATE"))
    assert library_of(made).evaluate(Review.of_object(body, operation="DELETE")) == []


def only(**logic):
    made = Policies([rule(**logic)])
    return made, export(made.kubernetes, "gatekeeper")[0], export(made.kubernetes, "vap")[0]


@pytest.mark.parametrize(
    ("logic", "reason"),
    [
        ({"deny": "cel.bind(x, object, has(x.spec))"}, "it calls cel.bind, which Kubernetes 1.30 does not have"),
        ({"deny": "[[1], [2]].flatten().size() > 1"}, "it calls flatten"),
        ({"deny": "object.spec.exists(k, v, k == 'a')"}, "it calls exists with two variables"),
        ({"deny": "math.greatest(1, 2) == 2"}, "it calls math.greatest"),
        ({"deny": "true // always"}, "ends in a comment"),
    ],
)
def test_what_a_cluster_does_not_know_is_named(logic, reason):
    _, gatekeeper, vap = only(**logic)
    assert reason in gatekeeper.reason
    assert reason in vap.reason
    assert gatekeeper.documents == vap.documents == ()


PARENTS = {
    "containers": "parent.?hostPID.orValue(false)",
    "containers.ports[*]": "parent.?name.orValue('') == 'c1'",
    "podSpec.volumes[*]": "parent.?hostPID.orValue(false)",
    "podSpec.volumes[*].projected.sources[*]": "parent.name == 'v1'",
    "spec.template.spec.containers[*]": "parent.kind == 'Deployment'",
    "spec.template.spec.containers[*].ports[*]": "parent.name == 'c0'",
}


@pytest.mark.parametrize("each", PARENTS)
def test_what_stands_around_an_item_is_known(each):
    judging, _, vap = only(each=each, deny=PARENTS[each], message="'bad'")
    policy, binding = map(parse_object, vap.documents)
    seen = set()
    for body in some(300, seed=5):
        mine = ["bad"] * len(judging.judge(Object("kubernetes", body)))
        got = [one.message for one in judge(request_for(body), [policy], [binding]).verdicts]
        assert got == (["; ".join(mine)] if mine else []), body
        seen.add(bool(mine))
    assert seen == {True, False}


def test_a_kind_of_another_group_is_no_workload():
    judging, _, vap = only(kinds=["Service", "Pod"], deny="has(variables.podSpec.containers)", message="'no'")
    policy, binding = map(parse_object, vap.documents)
    spec = {"template": {"spec": {"containers": []}}, "containers": []}
    for version, denied in (("serving.knative.dev/v1", True), ("v1", False), ("example.org/v1", False)):
        body = {"apiVersion": version, "kind": "Service", "metadata": {"name": "s"}, "spec": spec}
        assert bool(judging.judge(Object("kubernetes", body))) is denied
        assert judge(request_for(body), [policy], [binding]).denied is denied


def test_ephemeral_containers_of_a_running_pod_are_judged():
    (one,) = [one for one in exported("vap") if one.name == "lockgate-privileged-container"]
    rules = one.documents[0]["spec"]["matchConstraints"]["resourceRules"]
    (core,) = [each for each in rules if each["apiGroups"] == [""]]
    assert "pods/ephemeralcontainers" in core["resources"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Gateway", "gateways"), ("Pod", "pods"),
     ("Endpoints", "endpoints"), ("StorageClass", "storageclasses"), ("DaemonSet", "daemonsets"), ("*", "*")],
)  # fmt: skip
def test_plurals_are_those_of_kubernetes(kind, name):
    assert plural(kind) == name


@pytest.mark.parametrize("value", ["it's", "a\\b\n", 3, 2.5, True, None, ["a", 1, [2]], {"a": {"b": ["c"]}}, [], {}])
def test_a_parameter_is_the_same_value_in_cel(value):
    assert compile_expression(constant(value), variables=()).evaluate({}) == value


def test_a_parameter_without_a_form_is_refused():
    with pytest.raises(NotExportableError):
        constant({1, 2})


@pytest.mark.parametrize(("action", "words"), [("deny", ("deny", "Deny")), ("audit", ("dryrun", "Audit"))])
def test_an_action_has_the_word_of_each_form(action, words):
    made = policies().kubernetes[:1]
    constraint, binding = (export(made, form, action=action)[0].documents[1] for form in ("gatekeeper", "vap"))
    assert (constraint["spec"]["enforcementAction"], *binding["spec"]["validationActions"]) == words


def test_parameters_that_the_user_chose_are_exported():
    one = rule(deny="object.metadata.name in variables.params.names", parameters={"names": ["a"]}, kinds=["Pod"])
    (made,) = Policies([one], {"names": ["b"]}).kubernetes
    template, constraint = export([made], "gatekeeper")[0].documents
    assert constraint["spec"]["parameters"] == {"names": ["b"]}
    schema = template["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"]
    assert schema["properties"] == {"names": {"type": "array", "items": {"type": "string"}}}
    assert cluster_cel(made).variables == ()


def test_a_policy_that_looks_at_other_objects_is_left_out():
    one = rule(deny="others.size() == 0", kinds=["Ingress"], among={"kinds": ["Service"]})
    made = export(Policies([one]).among, "vap")
    assert [(each.reason, each.documents) for each in made] == [
        ("it looks at other objects of the cluster, which an admission policy does not see", ())
    ]
