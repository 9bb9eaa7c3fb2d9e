"""``lockgate admission manifests``: what is printed can be applied, and passes our own rules."""

import yaml

from lockgate.cli.__main__ import main
from lockgate.model import Family, Object
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

ACCEPTED = {
    "service-account-token-automount": "it writes its own authority into its webhook",
    "service-account-token-mounted": "as above",
    "rbac-admission-webhooks-write": "as above; the role names its own webhooks alone",
    "cpu-limit-missing": "a review that waits for its share of time runs into its deadline",
    "ephemeral-storage-limit-missing": "the record takes what room there is",
    "empty-dir-without-limit": "as above",
    "owner-missing": "the owner is whoever applies it",
    "pre-stop-missing": "the server finishes its answers when it is told to end",
    "priority-class-system": "while it is away nothing is admitted",
    "single-replica": "each of several would make an authority of its own",
    "webhook-over-everything": "it judges every kind",
}
"""Rules that our own deployment does not keep, and why."""
IMAGE = "registry.example/lockgate@sha256:" + "a" * 64


def printed(capsys, tmp_path, *more):
    code = main(["admission", "manifests", "--image", IMAGE, "--project", str(tmp_path), *more])
    out = capsys.readouterr()
    return code, list(yaml.safe_load_all(out.out)), out.err


def of_kind(objects, kind):
    return next(one for one in objects if one["kind"] == kind)


def test_the_webhook_asks_about_everything_but_the_system_and_itself(capsys, tmp_path):
    code, objects, told = printed(capsys, tmp_path)
    assert code == 0 and "emptyDir" in told
    hook = of_kind(objects, "ValidatingWebhookConfiguration")["webhooks"][0]
    selector = hook["namespaceSelector"]["matchExpressions"][0]
    assert (selector["operator"], selector["values"]) == ("NotIn", ["kube-system", "lockgate-system"])
    assert (hook["failurePolicy"], hook["timeoutSeconds"], hook["sideEffects"]) == ("Fail", 10, "NoneOnDryRun")
    assert "MutatingWebhookConfiguration" not in {one["kind"] for one in objects}
    assert of_kind(objects, "Deployment")["spec"]["replicas"] == 1


def test_with_cert_manager_it_needs_no_rights_and_has_two_replicas(capsys, tmp_path):
    _, objects, _ = printed(capsys, tmp_path, "--cert-manager", "--mutate", "--claim", "record")
    kinds = {one["kind"] for one in objects}
    assert {"Certificate", "Issuer", "MutatingWebhookConfiguration", "PodDisruptionBudget"} <= kinds
    assert "ClusterRole" not in kinds
    assert of_kind(objects, "Deployment")["spec"]["replicas"] == 2


def test_our_own_deployment_passes_our_own_rules_but_for_what_is_accepted(capsys, tmp_path):
    _, objects, _ = printed(capsys, tmp_path)
    options = {"allowed-registries": ["registry.example"]}
    rules = [rule for rule in load((Family.POLICY,)).of(Family.POLICY) if "registry" not in rule.id]
    policies = Policies(rules, options)
    hits = [hit for one in objects for hit in policies.judge(Object("kubernetes", one))]
    assert {str(hit.rule.id) for hit in hits} == {f"policy/{name}" for name in ACCEPTED}, [hit.message for hit in hits]


def test_settings_and_policies_are_mounted_as_they_are(capsys, tmp_path):
    (tmp_path / "policies/team").mkdir(parents=True)
    (tmp_path / "policies/team/a.yaml").write_text("apiVersion: v1\nkind: A\n")
    (tmp_path / "lockgate.yaml").write_text("admission: {policies: [policies]}\n")
    _, objects, _ = printed(capsys, tmp_path)
    data = of_kind(objects, "ConfigMap")["data"]
    assert data == {"lockgate.yaml": "admission: {policies: [policies]}\n",
                    "policies..team..a.yaml": "apiVersion: v1\nkind: A\n"}  # fmt: skip
    volume = of_kind(objects, "Deployment")["spec"]["template"]["spec"]["volumes"][0]
    assert volume["configMap"]["items"] == [
        {"key": "lockgate.yaml", "path": "lockgate.yaml"},
        {"key": "policies..team..a.yaml", "path": "policies/team/a.yaml"},
    ]  # fmt: skip


def test_two_replicas_cannot_each_be_their_own_authority(capsys, tmp_path):
    code, _, told = printed(capsys, tmp_path, "--replicas", "2")
    assert code == 2 and "cert-manager" in told
