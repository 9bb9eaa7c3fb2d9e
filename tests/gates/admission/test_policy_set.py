"""One request, every kind of policy: what is denied, warned, changed, waived, and what could not be judged."""

import copy
import json
import time
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.findings import Waivers
from lockgate.gates.admission import Action, Placed, PolicySet, load_policies
from lockgate.settings import AdmissionSettings, Mildness, RuleCondition

from .conftest import (
    CONSTRAINT,
    LABEL,
    LOOPING,
    NO_LATEST,
    PULL,
    TEMPLATE,
    binding,
    constraint,
    deployment,
    pod,
    request,
)

HOSTILE = "hostile.example/web:1"


def told(answer):
    return [(one.policy, one.action.value, one.message) for one in answer.said]


def test_a_constraint_denies(policy_set):
    answer = policy_set(TEMPLATE, CONSTRAINT).review(request(pod(HOSTILE)))
    assert told(answer) == [
        ("K8sAllowedRepos/ours", "deny", f"container <web> comes from elsewhere: <{HOSTILE}>"),
    ]  # fmt: skip
    assert answer.allowed is False
    assert list(answer.seconds) == ["K8sAllowedRepos/ours"]


def test_what_no_policy_minds_is_allowed_without_a_word(policy_set):
    answer = policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding()).review(request(pod()))
    assert (answer.allowed, answer.said, answer.version) == (True, (), "v")
    assert answer.annotations == {"no-latest.images": "registry.example/web:1"}


@pytest.mark.parametrize(("action", "expected"), [("warn", Action.WARN), ("dryrun", Action.AUDIT)])
def test_a_milder_constraint_only_tells(policy_set, action, expected):
    answer = policy_set(TEMPLATE, constraint(enforcementAction=action)).review(request(pod(HOSTILE)))
    assert (answer.allowed, [one.action for one in answer.said]) == (True, [expected])


@pytest.mark.parametrize(
    ("actions", "expected"),
    [(["Deny"], ["deny"]), (["Warn"], ["warn"]), (["Audit"], ["audit"]), (["Warn", "Audit"], ["warn"])],
)
def test_a_binding_says_what_follows(policy_set, actions, expected):
    answer = policy_set(NO_LATEST, binding(actions=actions)).review(request(pod("web:latest")))
    assert [one.action.value for one in answer.said] == expected
    assert {one.message for one in answer.said} == {"latest is no version"}


def test_a_policy_without_a_binding_says_nothing(policy_set):
    assert policy_set(NO_LATEST).review(request(pod("web:latest"))).said == ()


def test_a_rule_of_the_rulebook_denies_by_its_severity(policy_set, rules):
    answer = policy_set(rules=rules).review(request(pod(privileged=True)))
    denied = answer.of(Action.DENY)
    assert [(one.policy, one.item, one.pointer) for one in denied] == [
        ("policy/privileged-container", "web", "/spec/containers/0/securityContext/privileged"),
    ]  # fmt: skip
    assert answer.of(Action.WARN)


def test_the_settings_choose_the_rules(policy_set, rules):
    chosen = AdmissionSettings(deny=(RuleCondition(rule="policy/seccomp-*"),), warn=())
    answer = policy_set(rules=rules, settings=chosen).review(request(pod(privileged=True)))
    assert [(one.policy, one.action.value) for one in answer.said] == [("policy/seccomp-missing", "deny")]


def test_a_deployment_is_warned_of_what_its_pods_will_be_refused_for(policy_set, rules):
    made = policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding(), rules=rules)
    body = deployment("hostile.example/web:latest", privileged=True, labels={"team": "checkout"})
    answer = made.review(request(body))
    assert answer.allowed
    warned = {one.policy: one for one in answer.of(Action.WARN)}
    assert {"K8sAllowedRepos/ours", "no-latest", "policy/privileged-container"} <= set(warned)
    assert answer.owner == "checkout"
    of_pod = pod("hostile.example/web:latest", privileged=True)
    same = {one.policy: one.message for one in made.review(request(of_pod)).of(Action.DENY)}
    assert {name: warned[name].message for name in same} == same
    text = made.told(warned["no-latest"], answer, body)
    assert text == "latest is no version; the Pods that it makes will be refused; owner checkout"


@pytest.mark.parametrize(("setting", "allowed", "told_of"), [(Mildness.DENY, False, 3), (Mildness.OFF, True, 0)])
def test_the_setting_says_how_a_workload_is_answered(policy_set, rules, setting, allowed, told_of):
    chosen = AdmissionSettings(workloads=setting, warn=())
    made = policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding(), rules=rules, settings=chosen)
    answer = made.review(request(deployment("hostile.example/web:latest", privileged=True)))
    assert (answer.allowed, len(answer.said)) == (allowed, told_of)


def test_a_teams_own_expansion_takes_the_place_of_ours(policy_set):
    expansion = {
        "apiVersion": "expansion.gatekeeper.sh/v1beta1", "kind": "ExpansionTemplate", "metadata": {"name": "pods"},
        "spec": {"applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
                 "templateSource": "spec.template", "generatedGVK": {"version": "v1", "kind": "Pod"}},
    }  # fmt: skip
    answer = policy_set(TEMPLATE, CONSTRAINT, expansion).review(request(deployment(HOSTILE)))
    assert answer.allowed is False
    assert answer.said[0].message.startswith("[Implied by pods] container <web> comes from elsewhere")


def test_a_cron_job_is_followed_to_its_pods(policy_set):
    body = {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": pod(HOSTILE)["spec"]}}}},
    }  # fmt: skip
    answer = policy_set(TEMPLATE, CONSTRAINT).review(request(body))
    assert [(one.policy, one.of_pod) for one in answer.of(Action.WARN)] == [("K8sAllowedRepos/ours", True)]


def test_a_deployment_without_a_template_is_left_to_the_api_server(policy_set):
    body = deployment()
    del body["spec"]["template"]
    assert policy_set(TEMPLATE, CONSTRAINT).review(request(body)).said == ()


def test_a_pod_names_the_controller_that_makes_it(policy_set):
    owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9", "uid": "x", "controller": True}]
    made = policy_set(TEMPLATE, CONSTRAINT, waived_by="the platform team in waivers.yaml")
    body = pod(HOSTILE, ownerReferences=owners)
    answer = made.review(request(body))
    assert made.told(answer.said[0], answer, body).endswith(
        "; made by ReplicaSet web-7d4b9; may be waived by the platform team in waivers.yaml"
    )


def test_mutators_come_first_and_the_changed_object_is_judged(policy_set):
    made = policy_set(TEMPLATE, CONSTRAINT, LABEL, PULL)
    asked = request(pod(HOSTILE))
    before = json.dumps(asked)
    answer = made.review(asked, mutate=True)
    assert answer.allowed
    assert [(one["op"], one["path"]) for one in answer.patch] == [
        ("add", "/metadata/labels"), ("replace", "/spec/containers/0/image"),
    ]  # fmt: skip
    assert json.dumps(asked) == before
    assert made.review(asked).allowed is False


def test_a_waiver_covers_a_denial_and_says_who_answers_for_it(policy_set, rules):
    text = """waivers:
- {rule: policy/privileged-container, by: ada, reason: migrates in June, expires: 2026-12-01}
- {rule: K8sAllowedRepos/ours, by: bob, reason: mirror is down, expires: 2026-11-01}
"""
    waivers = Waivers.load(text, where="lockgate-waivers.yaml")
    made = policy_set(TEMPLATE, CONSTRAINT, rules=rules, waivers=waivers, today=lambda: date(2026, 11, 20))
    answer = made.review(request(pod(HOSTILE, privileged=True)))
    by_policy = {one.policy: one for one in answer.said}
    waived = by_policy["policy/privileged-container"]
    assert (waived.action, waived.waiver.by) == (Action.WAIVED, "ada")
    expired = by_policy["K8sAllowedRepos/ours"]
    assert expired.action is Action.DENY
    assert "the waiver by bob expired on 2026-11-01" in made.told(expired, answer, pod())


def test_a_waiver_of_some_objects_covers_no_others(policy_set):
    text = """waivers:
- {rule: K8sAllowedRepos/ours, by: ada, reason: vendor image, expires: 2026-12-01, namespace: "shop-*",
   name: "legacy-*"}
"""
    waivers = Waivers.load(text, where="lockgate-waivers.yaml")
    made = policy_set(TEMPLATE, CONSTRAINT, waivers=waivers, today=lambda: date(2026, 11, 20))
    covered = pod(HOSTILE, name="legacy-1", namespace="shop-eu")
    assert made.review(request(covered)).allowed
    implied = request(covered)
    del implied["object"]["metadata"]["namespace"]
    assert made.review(implied).allowed
    assert not made.review(request(pod(HOSTILE, name="legacy-1", namespace="bank"))).allowed
    assert not made.review(request(pod(HOSTILE, name="new-1", namespace="shop-eu"))).allowed


@pytest.mark.parametrize(("cluster", "covers"), [("prod-eu", True), ("dev", False), (None, False)])
def test_a_waiver_of_one_cluster_counts_there_and_nowhere_else(policy_set, cluster, covers):
    text = """waivers:
- {rule: K8sAllowedRepos/ours, by: ada, reason: vendor image, expires: 2026-12-01, cluster: "prod-*"}
"""
    made = policy_set(TEMPLATE, CONSTRAINT, waivers=Waivers.load(text, where="lockgate-waivers.yaml"),
                      settings=AdmissionSettings(cluster=cluster), today=lambda: date(2026, 11, 20))  # fmt: skip
    assert made.review(request(pod(HOSTILE))).allowed is covers


def test_an_update_of_what_was_wrong_before_is_only_warned_of(policy_set, rules):
    chosen = AdmissionSettings(warn=())
    made = policy_set(rules=rules, settings=chosen)
    old, new = pod(privileged=True), pod(privileged=True, labels={"a": "b"})
    assert [one.action for one in made.review(request(new, operation="UPDATE", old=old)).said] == [Action.WARN]
    harmless = made.review(request(new, operation="UPDATE", old=pod()))
    assert [one.action for one in harmless.said] == [Action.DENY]
    strict = policy_set(rules=rules, settings=AdmissionSettings(warn=(), unchanged=Mildness.DENY))
    assert [one.action for one in strict.review(request(new, operation="UPDATE", old=old)).said] == [Action.DENY]


def test_an_object_on_its_way_out_keeps_no_finalizer_because_of_a_rule(policy_set, rules):
    gone = pod(privileged=True, deletionTimestamp="2026-11-01T00:00:00Z")
    made = policy_set(rules=rules)
    assert made.review(request(gone, operation="UPDATE", old=pod(privileged=True))).said == ()


def test_status_is_no_business_of_the_rules(policy_set, rules):
    made = policy_set(rules=rules)
    asked = request(pod(privileged=True), operation="UPDATE", old=pod(), subResource="status")
    assert made.review(asked).said == ()
    assert made.review(request(pod(privileged=True), operation="UPDATE", old=pod(),
                               subResource="ephemeralcontainers")).allowed is False  # fmt: skip


def test_exempt_namespaces_are_left_alone_and_it_shows(policy_set):
    made = policy_set(TEMPLATE, CONSTRAINT, settings=AdmissionSettings(exempt=("sandbox-*",)))
    answer = made.review(request(pod(HOSTILE, namespace="sandbox-7")))
    assert (answer.said, answer.annotations) == ((), {"exempt": "namespace"})
    assert made.review(request(pod(HOSTILE))).allowed is False


def test_the_config_of_gatekeeper_leaves_its_namespaces_out_of_gatekeepers_part(policy_set, rules):
    config = {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "metadata": {"name": "config"},
              "spec": {"match": [{"processes": ["*"], "excludedNamespaces": ["shop"]}]}}  # fmt: skip
    made = policy_set(TEMPLATE, CONSTRAINT, config, LABEL, rules=rules, settings=AdmissionSettings(warn=()))
    answer = made.review(request(pod(HOSTILE, privileged=True)), mutate=True)
    assert [one.policy for one in answer.said] == ["policy/privileged-container"]
    assert answer.patch == ()


def test_a_policy_that_does_not_end_is_stopped_and_said_to_be(policy_set):
    chosen = AdmissionSettings(steps=10_000)
    answer = policy_set(LOOPING, constraint("K8sLooping", "loop"), settings=chosen).review(request(pod()))
    assert [one.action for one in answer.said] == [Action.ERROR]
    assert "took more than 10000 steps" in answer.said[0].message


def test_the_moment_is_kept_whatever_the_steps(policy_set):
    """Twenty policies that would take for ever: the answer is there in time, and says what it did not come to."""
    loops = [constraint("K8sLooping", f"loop-{number}") for number in range(20)]
    chosen = AdmissionSettings(steps=10**9, all_steps=10**10)
    made = policy_set(LOOPING, TEMPLATE, CONSTRAINT, NO_LATEST, binding(), *loops, settings=chosen)
    began = time.monotonic()
    answer = made.review(request(pod(HOSTILE)), until=began + 0.3)
    assert time.monotonic() - began < 1.0
    assert len(answer.of(Action.ERROR)) >= 20
    assert any("not done in time" in one.message for one in answer.said)


def test_a_template_that_does_not_compile_is_a_problem_and_its_constraints_are_errors(policy_set):
    broken = copy.deepcopy(TEMPLATE)
    broken["spec"]["targets"][0]["rego"] = "package x\nviolation[{"
    made = policy_set(broken, CONSTRAINT)
    assert len(made.policies.problems) == 1
    answer = made.review(request(pod()))
    assert [one.action for one in answer.said] == [Action.ERROR]


def test_what_cannot_be_used_is_told_with_its_file(policy_set):
    wrong = copy.deepcopy(NO_LATEST)
    wrong["spec"]["validations"][0]["expression"] = "object.spec.("
    lonely = constraint("K8sAbsent")
    problems = [str(one) for one in policy_set(wrong, lonely, binding("absent")).policies.problems]
    assert any("file-0.yaml" in one for one in problems)
    assert any("file-1.yaml" in one and "there is no template" in one for one in problems)
    assert any("there is no policy 'absent'" in one for one in problems)


def test_the_digest_does_not_hang_on_the_order_or_on_what_a_server_adds(policy_set):
    served = copy.deepcopy(CONSTRAINT) | {"status": {"byPod": []}}
    served["metadata"] |= {"uid": "x", "resourceVersion": "7", "generation": 3}
    one = policy_set(TEMPLATE, CONSTRAINT).policies.digest
    assert policy_set(served, TEMPLATE).policies.digest == one
    assert policy_set(TEMPLATE, constraint(enforcementAction="warn")).policies.digest != one


def test_what_was_compiled_once_is_not_compiled_again(policy_set, rules, monkeypatch):
    compiled = {}
    first = policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding(), rules=rules, compiled=compiled)
    assert any(key.startswith("template ") for key in compiled)
    monkeypatch.setattr("lockgate.gates.admission.loading.compile_program", None)
    monkeypatch.setattr("lockgate.policy.catalogue.kubernetes.compile_expression", None)
    monkeypatch.setattr("lockgate.policy.cel.expression._compiled", None)
    again = policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding(), rules=rules, compiled=compiled)
    asked = request(pod("hostile.example/web:latest", privileged=True))
    assert len(told(first.review(asked))) == 4
    assert told(again.review(asked)) == told(first.review(asked))


def test_a_namespace_is_known_to_selectors(policy_set):
    chosen = constraint(match={"namespaceSelector": {"matchLabels": {"tier": "prod"}},
                               "kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]})  # fmt: skip
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"tier": "prod"}}}
    made = policy_set(TEMPLATE, chosen, inventory=[space])
    assert [one.action for one in made.review(request(pod(HOSTILE))).said] == [Action.DENY]
    unknown = made.review(request(pod(HOSTILE, namespace="elsewhere")))
    assert [one.action for one in unknown.said] == [Action.ERROR]


def test_a_deletion_is_judged_by_those_who_ask_for_it(policy_set, rules):
    made = policy_set(TEMPLATE, CONSTRAINT, rules=rules)
    answer = made.review(request(pod(HOSTILE, privileged=True), operation="DELETE"))
    assert [one.policy for one in answer.said] == ["K8sAllowedRepos/ours"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def everything(rules):
    """A set with every kind of policy."""
    manifests = [Placed("x", one) for one in (TEMPLATE, CONSTRAINT, NO_LATEST, binding(), LABEL, PULL)]
    return PolicySet(load_policies(manifests), AdmissionSettings(), rules=rules)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({}, optional={
        "kind": JSON, "resource": JSON, "operation": st.sampled_from(["CREATE", "UPDATE", "DELETE", "CONNECT", "", 7]),
        "namespace": JSON, "name": JSON, "oldObject": JSON, "userInfo": JSON, "subResource": JSON,
        "object": JSON | st.fixed_dictionaries({"apiVersion": st.just("v1"), "kind": st.just("Pod"), "metadata": JSON,
                                                "spec": JSON}),
    })
)  # fmt: skip
def test_no_request_makes_it_fail(everything, asked):
    """Whatever comes in, an answer comes out; what is no request is an error and never leave in silence."""
    answer = everything.review(asked, mutate=True)
    assert answer.allowed or answer.of(Action.DENY)
    if not isinstance(asked.get("object"), dict) and not isinstance(asked.get("oldObject"), dict):
        assert answer.of(Action.ERROR)
