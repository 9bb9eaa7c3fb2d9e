"""`lockgate policy explain`: why a policy says what it says."""

import json

import pytest
from tests.cli.policy.test_test import POLICY
from tests.cli.policy.test_verify import CONSTRAINT, OWNED, POD, TEMPLATE

PRIVILEGED = """\
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  containers:
    - {name: a}
    - {name: b, securityContext: {privileged: true}}
"""


def explained(lockgate, folder, object_text, policy, *, policy_text=""):
    (folder / "object.yaml").write_text(object_text)
    if policy_text:
        (folder / policy).write_text(policy_text)
    done = lockgate("policy", "explain", "object.yaml", policy, "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rule_shows_each_item_and_what_decided(lockgate, tmp_path):
    (one,) = explained(lockgate, tmp_path, PRIVILEGED, "policy/privileged-container")
    assert (one["outcome"], one["reason"]) == ("denied", "container b is privileged")
    assert [(step["note"], step["value"], step["decided"]) for step in one["steps"]] == [
        ("a /spec/containers/0", False, False),
        ("b /spec/containers/1", True, True),
    ]


def test_people_read_a_tree(lockgate, tmp_path):
    (tmp_path / "object.yaml").write_text(PRIVILEGED)
    done = lockgate("policy", "explain", "object.yaml", "privileged-container", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "policy/privileged-container on Pod shop: denied"
    assert any(line.startswith("  > (b /spec/containers/1) ") and line.endswith(" = true") for line in lines)


def test_a_rule_of_another_kind_says_so(lockgate, tmp_path):
    (one,) = explained(lockgate, tmp_path, PRIVILEGED, "rbac-wildcard-verbs")
    assert one["outcome"] == "not about it"


def test_an_admission_policy_shows_its_validations(lockgate, tmp_path):
    (one,) = explained(lockgate, tmp_path, POD, "policy.yaml", policy_text=POLICY)
    assert (one["outcome"], one["reason"]) == ("denied", "no labels")
    assert [(step["note"], step["value"], step["decided"]) for step in one["steps"]] == [("validation 0", False, True)]


def test_a_message_is_shown_once_however_many_actions_a_binding_has(lockgate, tmp_path):
    bound = (
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n"
        "metadata: {name: all}\nspec: {policyName: owner, validationActions: [Deny, Audit]}\n"
    )
    (one,) = explained(lockgate, tmp_path, POD, "policy.yaml", policy_text=POLICY + bound)
    assert (one["policy"], one["reason"]) == ("owner (all)", "no labels")


@pytest.mark.parametrize(("actions", "outcome"), [
    ("[Warn]", "warned"), ("[Audit]", "audited"), ("[Warn, Audit]", "warned"), ("[Audit, Deny]", "denied"),
])  # fmt: skip
def test_a_binding_that_denies_nothing_is_not_told_to(lockgate, tmp_path, actions, outcome):
    bound = (
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n"
        f"metadata: {{name: all}}\nspec: {{policyName: owner, validationActions: {actions}}}\n"
    )
    (one,) = explained(lockgate, tmp_path, POD, "policy.yaml", policy_text=POLICY + bound)
    assert (one["outcome"], one["reason"]) == (outcome, "no labels")


@pytest.mark.parametrize(("action", "outcome"), [("deny", "denied"), ("warn", "warned"), ("dryrun", "audited")])
def test_a_constraint_that_denies_nothing_is_not_told_to(lockgate, tmp_path, action, outcome):
    policies = f"{TEMPLATE}---\n{CONSTRAINT}spec: {{enforcementAction: {action}}}\n"
    (one,) = explained(lockgate, tmp_path, POD, "policies.yaml", policy_text=policies)
    assert (one["outcome"], one["reason"]) == (outcome, "no owner")


@pytest.mark.parametrize(("effect", "outcome"), [("deny", "denied"), ("audit", "audited"), ("Audit", "audited")])
def test_a_definition_comes_to_what_its_effect_is(lockgate, tmp_path, effect, outcome):
    rule = {"if": {"field": "name", "equals": "r"}, "then": {"effect": effect}}
    definition = {"name": "named", "properties": {"mode": "All", "policyRule": rule}}
    resource = json.dumps({"type": "Microsoft.ContainerRegistry/registries", "name": "r"})
    (one,) = explained(lockgate, tmp_path, resource, "definition.json", policy_text=json.dumps(definition))
    assert (one["outcome"], one["reason"]) == (outcome, f"the effect is {effect}")


def test_a_wrong_policy_leaves_the_others_of_its_file_explained(lockgate, tmp_path):
    (tmp_path / "object.yaml").write_text(POD)
    wrong = CONSTRAINT.replace("{name: all}", "{name: wrong}") + "spec: {enforcementAction: 7}\n"
    unbound = POLICY.replace("{name: owner}", "{name: broken}").replace("has(object.metadata.labels)", "has(")
    (tmp_path / "policies.yaml").write_text("---\n".join([TEMPLATE, wrong, CONSTRAINT, unbound, POLICY]))
    done = lockgate("policy", "explain", "object.yaml", "policies.yaml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 4
    told = {one["policy"]: (one["outcome"], one["reason"]) for one in json.loads(done.stdout)}
    assert told["NeedsOwner/all"] == ("denied", "no owner")
    assert told["owner"] == ("denied", "no labels")
    assert told["NeedsOwner/wrong"][0] == told["ValidatingAdmissionPolicy/broken"][0] == "failed"
    assert "enforcementAction" in told["NeedsOwner/wrong"][1]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("resources: [pods]", "resources: [services]", "resourceRules"),
        ("matchConstraints:", "matchConstraints:\n    objectSelector: {matchLabels: {a: b}}", "objectSelector"),
    ],
)
def test_the_matcher_that_leaves_an_object_out_is_named(lockgate, tmp_path, old, new, part):
    (one,) = explained(lockgate, tmp_path, POD, "policy.yaml", policy_text=POLICY.replace(old, new))
    assert (one["outcome"], one["reason"]) == ("not about it", f"{part} of the policy leaves it out")


@pytest.mark.parametrize(
    ("text", "extra", "outcome", "reason"),
    [
        (POD, "", "denied", "no owner"),
        (OWNED, "", "allowed", ""),
        (POD, "spec: {match: {kinds: [{kinds: [Deployment]}]}}\n", "not about it", "kinds leaves it out"),
        (POD, "spec: {match: {labelSelector: {matchLabels: {a: b}}}}\n", "not about it", "labelSelector leaves it out"),
    ],
)  # fmt: skip
def test_a_constraint_shows_its_message_or_what_leaves_it_out(lockgate, tmp_path, text, extra, outcome, reason):
    policies = f"{TEMPLATE}---\n{CONSTRAINT}{extra}"
    (one,) = explained(lockgate, tmp_path, text, "policies.yaml", policy_text=policies)
    assert (one["policy"], one["outcome"], one["reason"]) == ("NeedsOwner/all", outcome, reason)


def test_a_constraint_shows_the_lines_of_its_template(lockgate, tmp_path):
    policies = f"{TEMPLATE}---\n{CONSTRAINT}"
    (one,) = explained(lockgate, tmp_path, POD, "policies.yaml", policy_text=policies)
    (step,) = one["steps"]
    assert (step["text"].split()[0], step["value"]) == ("violation", True)
    assert [line["value"] for line in step["parts"]] == [True, {"msg": "no owner"}]
    (one,) = explained(lockgate, tmp_path, OWNED, "policies.yaml", policy_text=policies)
    assert [(line["value"], line["decided"]) for line in one["steps"][0]["parts"]] == [(False, True)]


def test_an_azure_rule_shows_expected_and_actual(lockgate, tmp_path):
    resource = {
        "type": "Microsoft.ContainerRegistry/registries", "name": "r", "properties": {"adminUserEnabled": True}
    }  # fmt: skip
    (one,) = explained(lockgate, tmp_path, json.dumps(resource), "acr-admin-user")
    assert one["outcome"] == "denied"
    assert [(step["text"].split()[-2:], step["value"]) for step in one["steps"]] == [(["equals", "true"], True)]


def test_an_azure_rule_of_another_type_says_so(lockgate, tmp_path):
    (one,) = explained(
        lockgate, tmp_path, '{"type": "Microsoft.Storage/storageAccounts", "name": "s"}', "acr-admin-user"
    )
    assert one["outcome"] == "not about it"


def test_a_policy_that_there_is_not_is_a_mistake(lockgate, tmp_path):
    (tmp_path / "object.yaml").write_text(POD)
    done = lockgate("policy", "explain", "object.yaml", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "no rule" in done.stderr
