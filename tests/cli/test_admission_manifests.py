"""``lockgate admission manifests``: what is printed can be applied, and passes our own rules."""

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockgate.cli.__main__ import main
from lockgate.cli._parser import parse
from lockgate.model import Family, Object
from lockgate.policy.catalogue import Policies
from lockgate.rules import load
from lockgate.sources.cluster.policies import GROUPS, NATIVE

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


def test_the_policy_of_images_is_mounted_with_its_keys(capsys, tmp_path):
    (tmp_path / "lockgate.yaml").write_text("admission: {images: lockgate-images.yaml}\n")
    (tmp_path / "lockgate-images.yaml").write_text(
        "authorities: {release: {keys: [keys/release.pub]}}\nimages: [{match: ['*'], signed_by: [release]}]\n"
    )
    (tmp_path / "keys").mkdir()
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "keys/release.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    _, objects, _ = printed(capsys, tmp_path)
    data = of_kind(objects, "ConfigMap")["data"]
    assert set(data) == {"lockgate.yaml", "lockgate-images.yaml", "keys..release.pub"}


def test_two_replicas_cannot_each_be_their_own_authority(capsys, tmp_path):
    code, _, told = printed(capsys, tmp_path, "--replicas", "2")
    assert code == 2 and "cert-manager" in told


RIGHTS = ["get", "list", "watch"]


def granted(objects):
    """(group, resource) -> verbs."""
    rules = of_kind(objects, "ClusterRole")["rules"]
    return {(group, one): rule["verbs"] for rule in rules for group in rule["apiGroups"] for one in rule["resources"]}


def test_a_webhook_that_judges_by_the_policies_of_the_cluster_may_read_them_and_no_more(capsys, tmp_path):
    _, objects, told = printed(capsys, tmp_path, "--cluster", "--cert-manager", "--cluster-name", "prod")
    rights = granted(objects)
    assert rights.pop(("authorization.k8s.io", "subjectaccessreviews")) == ["create"]  # for CEL's ``authorizer``
    assert all(verbs == RIGHTS for verbs in rights.values())
    assert {group for group, _ in rights} == {*GROUPS, NATIVE, ""}
    assert rights["constraints.gatekeeper.sh", "*"] == rights["", "namespaces"] == RIGHTS
    assert (NATIVE, "validatingwebhookconfigurations") not in rights and ("", "secrets") not in rights
    pod = of_kind(objects, "Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is True
    command = pod["containers"][0]["args"]
    assert {"--cluster", "--in-cluster"} <= set(command) and command[command.index("--cluster-name") + 1] == "prod"
    assert "give --read for each" in told


def test_kinds_that_policies_look_at_are_read_where_they_are_named(capsys, tmp_path):
    more = ("--read", "configmaps", "--read", "ingresses.networking.k8s.io", "--read", "namespaces")
    _, objects, told = printed(capsys, tmp_path, "--cluster", *more)
    rights = granted(objects)
    assert rights["", "configmaps"] == rights["networking.k8s.io", "ingresses"] == RIGHTS
    assert rights[NATIVE, "validatingwebhookconfigurations"] == ["get", "patch"]
    assert "--read" not in told
    for wrong in (("--read", "configmaps"), ("--cluster", "--read", "*"), ("--cluster", "--read", "Pods")):
        assert printed(capsys, tmp_path, *wrong)[0] == 2


def test_a_bundle_is_named_with_the_key_that_checks_it(capsys, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (tmp_path / "key.pub").write_text(pem)
    bundle = ("--bundle", "oci://registry.example/policies", "--bundle-tag", "v1", "--allow-host", "registry.example")
    _, objects, _ = printed(capsys, tmp_path, *bundle, "--bundle-key", str(tmp_path / "key.pub"))
    assert of_kind(objects, "ConfigMap")["data"]["bundle.pub"] == pem
    pod = of_kind(objects, "Deployment")["spec"]["template"]["spec"]
    assert {"key": "bundle.pub", "path": "bundle.pub"} in pod["volumes"][0]["configMap"]["items"]
    serve = parse(pod["containers"][0]["args"])
    assert (serve.bundle, serve.bundle_tag) == ("oci://registry.example/policies", "v1")
    assert (serve.bundle_key, serve.allow_host) == ("/etc/lockgate/bundle.pub", ["registry.example"])
    (tmp_path / "none.pub").write_text("no key")
    assert printed(capsys, tmp_path, *bundle)[0] == 2
    assert printed(capsys, tmp_path, *bundle, "--bundle-key", str(tmp_path / "none.pub"))[0] != 0


def test_with_the_record_in_an_object_store_everything_else_lies_where_it_can_be_written(capsys, tmp_path):
    _, objects, _ = printed(capsys, tmp_path, "--workspace", "s3://bucket/team")
    container = of_kind(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "LOCKGATE_WORKSPACE", "value": "s3://bucket/team"}]
    state = parse(container["args"]).state
    assert {"name": "workspace", "mountPath": state} in container["volumeMounts"]


def test_workers_are_given_room(capsys, tmp_path):
    _, objects, _ = printed(capsys, tmp_path, "--workers", "4")
    container = of_kind(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert parse(container["args"]).workers == 4
    assert container["resources"]["requests"] == {"cpu": "800m", "memory": "320Mi"}
    assert printed(capsys, tmp_path, "--workers", "0")[0] == 2
