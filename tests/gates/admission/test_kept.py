"""What is known of one review holds for the next: answers and verdicts are those of a set that keeps nothing."""

import copy
import random
import re
from datetime import date

import pytest
from tests.policy.gatekeeper.copies import mutated, request_about_a_copy
from tests.policy.gatekeeper.pods import pods

from lockgate.findings import Waivers
from lockgate.gates.admission.recalled import Recalled
from lockgate.model import Family
from lockgate.policy.gatekeeper.kept import Kept
from lockgate.policy.remembered import Remembered, Wholes
from lockgate.rules import load
from lockgate.server.admission.policies import PolicyJudge
from lockgate.settings import AdmissionSettings, Mildness, RuleCondition

from .conftest import CONSTRAINT, NO_LATEST, TEMPLATE, binding, deployment, pod, request

ALL = AdmissionSettings(deny=(RuleCondition(rule="policy/privileged*"),), warn=(RuleCondition(),))


@pytest.fixture(scope="module")
def every_rule():
    return load((Family.POLICY,)).of(Family.POLICY)


def forgetful(made):
    """The set, without what it keeps."""
    made.policies.library.kept = Kept(max_bytes=0)
    made.catalogue._rulebook.wholes = Wholes(max_bytes=0)
    made.catalogue._rulebook._outcomes = Remembered(max_bytes=0)
    made.catalogue._heard = Remembered(max_bytes=0)
    made._recalled = Recalled(max_bytes=0)
    return made


def verdict(made, asked):
    """Everything but the time that it took."""
    found = PolicyJudge(made).review(asked, deadline=10**12)
    return (found.allowed, found.denials, found.warnings, dict(found.audit_annotations), found.errors, found.outcomes)


@pytest.mark.parametrize("unchanged", list(Mildness))
def test_copies_get_the_verdicts_that_they_would_get_alone(policy_set, every_rule, unchanged):
    dice = random.Random(unchanged.value)
    settings = AdmissionSettings(deny=ALL.deny, warn=ALL.warn, unchanged=unchanged)
    known = policy_set(TEMPLATE, CONSTRAINT, rules=every_rule, settings=settings)
    plain = forgetful(policy_set(TEMPLATE, CONSTRAINT, rules=every_rule, settings=settings))
    said = 0
    for body in pods(6, seed=7):
        for turn in range(14):
            asked = {"uid": "1", **request_about_a_copy(body, dice)}
            if turn % 3 == 2 and asked["object"] is not None:
                asked["object"] = mutated(asked["object"], dice)
            found = verdict(known, asked)
            assert found == verdict(plain, asked)
            said += len(found[-1])
    assert said > 500


def test_workloads_waivers_and_other_policies_are_looked_at_anew(policy_set, every_rule):
    text = """
waivers:
  - {rule: policy/privileged-container, name: legacy-*, by: ada, reason: moves in June, expires: 2026-12-01}
  - {rule: K8sAllowedRepos/ours, name: other, by: ada, reason: moves in June, expires: 2026-12-01}
"""
    made = [
        policy_set(TEMPLATE, CONSTRAINT, NO_LATEST, binding(), rules=every_rule, settings=ALL,
                   waivers=Waivers.load(text, where="w"), today=lambda: date(2026, 11, 20))
        for _ in range(2)
    ]  # fmt: skip
    known, plain = made[0], forgetful(made[1])
    image = "hostile.example/web:latest"
    for name in ("web", "legacy-1", "web", "other", "legacy-1", "web"):
        owners = [{"kind": "ReplicaSet", "name": name, "controller": True}]
        for body in (pod(image, privileged=True, name=name, ownerReferences=owners, labels={"team": name}),
                     deployment(image, privileged=True), deployment(privileged=True)):  # fmt: skip
            asked = request(body)
            assert verdict(known, asked) == verdict(plain, asked)
    found = verdict(known, request(pod(image, privileged=True, name="legacy-2")))
    assert "waived" in found[3] and found == verdict(plain, request(pod(image, privileged=True, name="legacy-2")))


def test_an_object_of_the_wrong_shape_is_told_so_again(policy_set, every_rule):
    made = policy_set(rules=every_rule, settings=ALL)
    wrong = pod()
    wrong["spec"]["containers"] = "none"
    first, second = (made.review(request(wrong)).said for _ in range(2))
    assert [one.action.value for one in first] == ["warn"] and first == second
    assert "containers is no list" in first[0].message


def test_an_item_without_a_name_is_not_taken_for_another(policy_set, every_rule):
    """It is called by a digest of the whole, of which the name of a mount is a part."""
    made = policy_set(rules=every_rule, settings=ALL)
    items = []
    for name in ("a", "b"):
        body = pod(privileged=True)
        body["spec"]["containers"] = [
            {"securityContext": {"privileged": True}, "volumeMounts": [{"name": name, "mountPath": "/x"}]}
        ]
        said = [one for one in made.review(request(body)).said if one.policy == "policy/privileged-container"]
        items.append(said[0].item)
    assert re.fullmatch("[0-9a-f]{12}", items[0]) and items[0] != items[1]


def test_the_next_replica_is_judged_by_what_is_known(policy_set, every_rule):
    made = policy_set(TEMPLATE, CONSTRAINT, rules=every_rule, settings=ALL)
    first = made.review(request(pod(privileged=True, name="web-1")))
    replica = request(pod(privileged=True, name="web-2", uid="2"), userInfo={"username": "eve"})
    assert made.review(replica).heard is first.heard
    other = copy.deepcopy(replica)
    other["object"]["spec"]["hostPID"] = True
    assert made.review(other).heard is not first.heard


def test_a_replica_is_looked_up_once_for_constraints_and_rules(policy_set, every_rule, monkeypatch):
    def replica(number):
        body = pod(privileged=True, uid=number)
        body["metadata"]["generateName"] = f"{body['metadata'].pop('name')}-"
        return request(body)

    made = policy_set(TEMPLATE, CONSTRAINT, rules=every_rule, settings=ALL)
    first = made.review(replica("1"))
    assert first.said
    for each in (made.policies.library, made.catalogue):
        monkeypatch.setattr(each, "judged", lambda *_, **__: pytest.fail("asked again"))
    found = made.review(replica("2"))
    assert found.heard is first.heard
    assert [*found.seconds] == ["catalogue"]
    monkeypatch.setattr(made, "_limits", (made._limits[0], 1))  # what was said took more
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        made.review(replica("3"))
