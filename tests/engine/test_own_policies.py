"""A team's own constraints and admission policies judge files and clusters as they judge admission."""

import json
from datetime import UTC, datetime

import pytest

from lockgate.engine import BufferSource, Request, judge_buffer, scan
from lockgate.engine.own import OwnPolicies
from lockgate.findings import Waivers
from lockgate.gates.check import GATE
from lockgate.model import Family, Object, SkipKind
from lockgate.rules import Rulebook, load
from lockgate.settings import AdmissionSettings

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k8sneedslabel"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "K8sNeedsLabel"}, "validation": {"openAPIV3Schema": {
            "type": "object", "properties": {"label": {"type": "string"}}}}}},
        "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": """package k8sneedslabel
violation[{"msg": msg}] {
  not input.review.object.metadata.labels[input.parameters.label]
  msg := sprintf("the label %v is missing", [input.parameters.label])
}"""}],
    },
}  # fmt: skip
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sNeedsLabel", "metadata": {"name": "owner"},
    "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}, "parameters": {"label": "owner"}},
}  # fmt: skip
NATIVE = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "no-tty"},
    "spec": {
        "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
        "validations": [{"expression": "!object.spec.containers.exists(c, c.?tty.orValue(false))",
                         "message": "no terminals"}],
    },
}  # fmt: skip
BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "no-tty"}, "spec": {"policyName": "no-tty", "validationActions": ["Warn"]},
}  # fmt: skip
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
    "spec": {"containers": [{"name": "a", "image": "nginx", "tty": True}]},
}  # fmt: skip


class Cluster:
    """A source of given objects."""

    mode, root = "cluster", "prod"

    def __init__(self, *bodies):
        self.bodies = bodies

    def collect(self, wants):
        return (Object("kubernetes", body, "prod:shop/Pod/p", cluster="prod") for body in self.bodies)

    def sibling(self, path):
        return None


def own(*bodies):
    return OwnPolicies([(f"{number}.yaml", body) for number, body in enumerate(bodies)], AdmissionSettings())


@pytest.fixture(scope="module")
def rules():
    book = load([Family.POLICY])
    return Rulebook(tuple(rule for rule in book.rules if rule.id == "policy/host-pid"), book.digest)


def asked(policies, **more):
    now = datetime(2031, 5, 4, tzinfo=UTC)
    return Request(families=(Family.POLICY,), own=policies, now=lambda: now, **more)


def said(result):
    return {(one.finding.rule, str(one.finding.severity.name), one.finding.message) for one in result.findings}


def test_a_file_and_a_cluster_hear_the_same_of_a_teams_own_policies(rules):
    policies = own(TEMPLATE, CONSTRAINT, NATIVE, BINDING)
    assert policies.problems == ()
    in_file = judge_buffer(BufferSource("p.json", json.dumps(POD).encode()), rules, GATE, request=asked(policies))
    told = []
    scan([Cluster(POD)], rules, GATE, store=None, ledger=None, request=asked(policies, tell=told.append))
    assert said(in_file) == said(told[0]) == {
        ("K8sNeedsLabel/owner", "HIGH", "the label owner is missing"), ("no-tty", "MEDIUM", "no terminals"),
    }  # fmt: skip
    assert {str(id) for id in in_file.rules} == {"K8sNeedsLabel/owner", "no-tty"}


def test_one_waiver_counts_for_a_constraint_as_for_a_rule(rules):
    text = "waivers:\n- {rule: K8sNeedsLabel/owner, namespace: shop, by: ada, reason: for a week, expires: 2031-12-31}"
    request = asked(own(TEMPLATE, CONSTRAINT), waivers=Waivers.load(text, where="w"))
    (found,) = judge_buffer(BufferSource("p.json", json.dumps(POD).encode()), rules, GATE, request=request).findings
    assert found.waiver is not None
    assert not found.waiver.expired


def test_a_template_that_does_not_compile_is_told_and_passes_nothing_in_silence(rules):
    target = {**TEMPLATE["spec"]["targets"][0], "rego": "package k8sneedslabel\nviolation[{"}
    broken = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "targets": [target]}}
    request = asked(own(broken, CONSTRAINT))
    result = judge_buffer(BufferSource("p.json", json.dumps(POD).encode()), rules, GATE, request=request)
    assert {skip.kind for skip in result.skips} == {SkipKind.MALFORMED, SkipKind.UNRESOLVED}
    assert any("K8sNeedsLabel/owner could not be evaluated" in skip.reason for skip in result.skips)


def test_without_policies_of_their_own_nobody_is_asked(rules):
    result = judge_buffer(BufferSource("p.json", json.dumps(POD).encode()), rules, GATE, request=asked(None))
    assert said(result) == set()
