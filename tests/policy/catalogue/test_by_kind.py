"""Policies that wait for objects of their kind: the same hits, and no more of them compiled than needed."""

import contextlib

import pytest

from lockgate.formats import manifests
from lockgate.model import Confidence, Family, Object, Rule, RuleId, Severity
from lockgate.policy.catalogue import Policies, PoliciesByKind
from lockgate.policy.errors import PolicyError
from lockgate.rules import load, shipped_ids

RULES = [
    rule for rule in load([Family.POLICY]).of(Family.POLICY) if "types" not in rule.logic and "among" not in rule.logic
]
SHIPPED = shipped_ids(Family.POLICY)


def made(kind: str, *, version: str = "v1", **spec) -> Object:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "cart"}, "spec": spec}
    return Object("kubernetes", body, "a.yaml")


POD = made("Pod", containers=[{"name": "a", "image": "nginx", "securityContext": {"privileged": True}}])
SERVICE = made("Service", type="NodePort", externalIPs=["192.0.2.1"])
INGRESS = made("Ingress", version="networking.k8s.io/v1", rules=[{"http": {"paths": []}}])


class Kept:
    """What was compiled, and how often it was asked for."""

    def __init__(self):
        self.held = {}
        self.opened = 0

    def __call__(self):
        self.opened += 1
        return contextlib.nullcontext(self.held)


def test_the_rules_of_the_package_are_all_known():
    assert {rule.id for rule in load([Family.POLICY]).rules} == SHIPPED


def test_one_kind_compiles_its_own_policies_and_further_kinds_the_rest():
    kept = Kept()
    lazy = PoliciesByKind(RULES, compiled=kept, proven=SHIPPED)
    assert kept.opened == 0
    first = lazy.of([POD.body])
    assert 0 < len(first) < len(RULES)
    assert lazy.of([POD.body]) is first
    assert lazy.of([made("Nothing", version="example.com/v1").body]) is lazy.of([POD.body])
    assert len(lazy.of([SERVICE.body])) == len(RULES)
    assert kept.opened == 2


def test_kinds_that_are_met_together_are_compiled_together():
    kept = Kept()
    both = PoliciesByKind(RULES, compiled=kept, proven=SHIPPED).of([POD.body, SERVICE.body])
    assert len(PoliciesByKind(RULES, compiled=kept, proven=SHIPPED).of([POD.body])) < len(both) < len(RULES)
    assert kept.opened == 2


@pytest.mark.parametrize("order", [(POD, SERVICE, INGRESS), (INGRESS, POD, SERVICE), (SERVICE,)], ids=len)
def test_the_hits_are_those_of_all_policies(order):
    whole, lazy = Policies(RULES), PoliciesByKind(RULES, compiled=Kept(), proven=SHIPPED)
    for one in order:
        assert lazy.of([one.body]).judge(one) == whole.judge(one) != []


def test_the_hits_on_every_sample_are_those_of_all_policies():
    whole = Policies(RULES)
    judged = 0
    kept = Kept()
    for rule in RULES[::7]:
        for sample in rule.samples:
            for one in manifests.read("a.yaml", sample.text.encode()).objects:
                lazy = PoliciesByKind(RULES, compiled=kept, proven=SHIPPED)
                assert lazy.of([one.body]).judge(one) == whole.judge(one)
                judged += 1
    assert judged > 80


def test_a_rule_that_is_not_known_to_compile_is_refused_at_once():
    logic = {"kinds": ["Pod"], "deny": "item.", "message": "'no'"}
    wrong = Rule(RuleId("policy/own"), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f", logic)
    with pytest.raises(PolicyError, match="policy/own"):
        PoliciesByKind([*RULES, wrong], compiled=Kept(), proven=SHIPPED)


def test_a_rule_of_somebody_else_is_compiled_at_once_and_judges():
    logic = {"kinds": ["Pod"], "deny": "true", "message": "'no'"}
    own = Rule(RuleId("policy/own"), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f", logic)
    kept = Kept()
    lazy = PoliciesByKind([*RULES, own], compiled=kept, proven=SHIPPED)
    assert kept.opened == 1
    assert "policy/own" in {hit.rule.id for hit in lazy.of([POD.body]).judge(POD)}
