"""``lockgate audit`` against an API server on loopback."""

import json
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
from tests.simulators.cluster import open_cluster


@pytest.fixture
def cluster(tmp_path):
    with open_cluster(tmp_path) as opened:
        yield opened


def pod(name: str, **container) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.27", **container}]},
    }


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


def constraint(name: str, **spec) -> dict:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sNeedsLabel", "metadata": {"name": name},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}, "parameters": {"label": name}, **spec},
    }  # fmt: skip


def scoped(*points: str) -> dict:
    named = [{"name": f"{point}.gatekeeper.sh"} for point in points]
    return {"enforcementAction": "scoped",
            "scopedEnforcementActions": [{"action": "deny", "enforcementPoints": named}]}  # fmt: skip


FEW = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "few-containers"},
    "spec": {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
        "validations": [{"expression": "size(object.spec.containers) <= int(params.data.most)",
                         "message": "too many containers"}],
    },
}  # fmt: skip
FEW_BOUND = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "few-containers"},
    "spec": {"policyName": "few-containers", "validationActions": ["Warn"],
             "paramRef": {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}},
}  # fmt: skip
LIMITS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits", "namespace": "default"},
          "data": {"most": "0"}}  # fmt: skip


def audit(lockgate, cluster, folder, *more):
    done = lockgate(
        "audit", "--kubeconfig", str(cluster.kubeconfig), "--namespace", cluster.namespace, "--format", "json", *more,
        cwd=folder,
    )  # fmt: skip
    return done, json.loads(done.stdout) if done.stdout else {}


def test_what_runs_is_judged_like_a_file(lockgate, cluster, repository):
    privileged = pod("bad", securityContext={"privileged": True})
    assert cluster.api.post(cluster.path("pods"), json=privileged).status_code == 201
    assert cluster.api.post(cluster.path("pods"), json=pod("good")).status_code == 201
    done, report = audit(lockgate, cluster, repository.folder)
    assert done.returncode == 1, done.stderr
    found = [one for one in report["findings"] if one["rule"] == "policy/privileged-container"]
    assert [one["subject"]["name"] for one in found] == [f"Pod {cluster.namespace}/bad, app"]
    metadata = {"name": "bad", "namespace": cluster.namespace}
    repository.write("bad.yaml", json.dumps({**privileged, "metadata": metadata}))
    repository.commit()
    checked = lockgate("check", "--family", "policy", "--no-store", "--format", "json", cwd=repository.folder)
    in_file = [one for one in json.loads(checked.stdout)["findings"] if one["rule"] == "policy/privileged-container"]
    assert [one["message"] for one in in_file] == [one["message"] for one in found]
    assert [one["subject"] for one in in_file] == [one["subject"] for one in found]


def test_a_second_audit_knows_what_the_first_found_and_what_is_gone(lockgate, cluster, repository):
    cluster.api.post(cluster.path("pods"), json=pod("bad", securityContext={"privileged": True}))
    audit(lockgate, cluster, repository.folder)
    _, second = audit(lockgate, cluster, repository.folder)
    assert {one["state"] for one in second["findings"]} == {"known"}


def test_a_fault_of_a_pod_is_told_at_its_deployment_and_waived_there(lockgate, cluster, repository):
    spec = pod("x", securityContext={"privileged": True})["spec"]
    labels = {"app": "web", "pod-template-hash": "5d8f"}
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }  # fmt: skip
    assert cluster.api.post(cluster.path("deployments", group="apps"), json=deployment).status_code == 201
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8f", "uid": "u", "controller": True}
    for number in range(2):
        made = {"name": f"web-5d8f-{number}", "labels": labels, "ownerReferences": [owner]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": spec}
        assert cluster.api.post(cluster.path("pods"), json=body).status_code == 201
    _, report = audit(lockgate, cluster, repository.folder)
    (found,) = [one for one in report["findings"] if one["rule"] == "policy/privileged-container"]
    assert found["subject"]["name"] == f"Deployment {cluster.namespace}/web, app"
    assert {one["name"]: one["value"] for one in found["facts"]}["shown-by"] == "2 Pod"
    assert "told at the controller" in report["notices"][0]
    until = date.today() + timedelta(days=30)
    repository.write(
        "lockgate-waivers.yaml",
        "waivers:\n- {rule: policy/privileged-container, kind: Deployment, name: web, by: ada, reason: a driver, "
        f"expires: {until}}}\n",
    )
    _, report = audit(lockgate, cluster, repository.folder)
    (found,) = [one for one in report["findings"] if one["rule"] == "policy/privileged-container"]
    assert found["waiver"]["by"] == "ada"


def of_the_cluster(report):
    """Policies of the cluster itself that were broken: (policy, severity, message, name of the object)."""
    return {
        (one["rule"], one["severity"], one["message"], one["subject"]["name"]) for one in report["findings"]
        if not one["rule"].startswith("policy/")
    }  # fmt: skip


def test_policies_of_the_cluster_judge_what_runs_as_they_say_for_an_audit(lockgate, simulator, repository):
    from lockgate.gates.admission import Placed, PolicySet, load_policies

    config = {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config",
              "metadata": {"name": "config", "namespace": "default"},
              "spec": {"match": [{"excludedNamespaces": ["quiet"], "processes": ["audit"]}]}}  # fmt: skip
    constraints = [
        constraint("owner"), constraint("team", enforcementAction="dryrun"), constraint("audited", **scoped("audit")),
        constraint("entering", **scoped("validation")),
    ]  # fmt: skip
    simulator.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "quiet"}})
    simulator.add(TEMPLATE, *constraints, config, FEW, FEW_BOUND, LIMITS)
    bad, quiet = pod("bad"), pod("quiet")
    bad["metadata"]["namespace"], quiet["metadata"]["namespace"] = "default", "quiet"
    simulator.add(bad, quiet)

    def audited(*more):
        done = lockgate("audit", "--kubeconfig", str(simulator.kubeconfig()), "--format", "json", "--no-store", *more,
                        cwd=repository.folder)  # fmt: skip
        return of_the_cluster(json.loads(done.stdout))

    found = audited()
    assert found == {
        ("K8sNeedsLabel/owner", "high", "the label owner is missing", "Pod default/bad"),
        ("K8sNeedsLabel/audited", "high", "the label audited is missing", "Pod default/bad"),
        ("K8sNeedsLabel/team", "low", "the label team is missing", "Pod default/bad"),
        ("few-containers", "medium", "too many containers", "Pod default/bad"),
        ("few-containers", "medium", "too many containers", "Pod quiet/quiet"),  # Gatekeeper's Config is not asked
    }  # fmt: skip
    bodies = [TEMPLATE, *constraints, FEW, FEW_BOUND, LIMITS]
    entering = PolicySet(load_policies([Placed("", body) for body in bodies])).review({
        "uid": "u", "operation": "CREATE", "namespace": "default", "name": "bad", "object": bad, "userInfo": {},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
    })  # fmt: skip
    words = {(one.policy, one.message) for one in entering.said}
    assert words - {(rule, message) for rule, _, message, _ in found} == {
        ("K8sNeedsLabel/entering", "the label entering is missing")
    }
    assert audited("--no-cluster-policies") == set()
    assert not [one for one in simulator.audit if one["method"] != "GET"], "an audit writes nothing"


def test_a_signed_bundle_judges_what_runs_and_one_of_a_stranger_does_not(lockgate, simulator, repository, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from lockgate.sources.policy_bundle import create, sign
    from lockgate.sources.policy_bundle.places import Layout

    simulator.add(pod("bad"))
    layout = Layout(tmp_path / "layout")
    files = {"t.json": json.dumps(TEMPLATE).encode(), "c.json": json.dumps(constraint("owner")).encode()}
    create(layout, "v1", files)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    for name, key in zip(("own", "other"), keys, strict=True):
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pub").write_bytes(public)
    sign(layout, "v1", keys[0])

    def audited(*more):
        return lockgate("audit", "--kubeconfig", str(simulator.kubeconfig()), "--format", "json", "--no-store",
                        "--bundle", str(layout.folder), "--bundle-tag", "v1", *more, cwd=repository.folder)  # fmt: skip

    done = audited("--bundle-key", str(tmp_path / "own.pub"))
    assert of_the_cluster(json.loads(done.stdout)) == {
        ("K8sNeedsLabel/owner", "high", "the label owner is missing", "Pod default/bad")
    }
    stranger = audited("--bundle-key", str(tmp_path / "other.pub"))
    assert (stranger.returncode, stranger.stdout) == (5, "")
    assert "the signature is not by this key" in stranger.stderr
    assert audited().returncode == 2


def test_policies_that_may_not_be_read_are_told_and_the_rulebook_judges_on(lockgate, simulator, repository):
    simulator.add(TEMPLATE, constraint("owner"), pod("bad", securityContext={"privileged": True}))
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "pods"},
            "rules": [{"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["list"]}]}  # fmt: skip
    bound = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "pods"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "auditor"}]}  # fmt: skip
    simulator.add(role, bound)
    kubeconfig = simulator.kubeconfig(simulator.token("auditor", groups=("system:authenticated",)))
    done = lockgate("audit", "--kubeconfig", str(kubeconfig), "--format", "json", "--no-store", cwd=repository.folder)
    report = json.loads(done.stdout)
    assert "policy/privileged-container" in {one["rule"] for one in report["findings"]}
    reasons = [one["reason"] for one in report["skips"] if "resources ['constrainttemplates']" in one["reason"]]
    assert len(reasons) == 1
    assert "apiGroups ['templates.gatekeeper.sh']" in reasons[0]


@pytest.mark.timeout(150)  # three starts of the command line, on a machine that may be busy
def test_a_watched_cluster_is_audited_again_when_something_changes(cluster, repository):
    report = repository.folder / "audit.json"
    command = [sys.executable, "-m", "lockgate", "audit", "--kubeconfig", str(cluster.kubeconfig), "--namespace",
               cluster.namespace, "--watch", "--every", "1", "--quiet", "--format", f"json={report}"]  # fmt: skip
    watching = subprocess.Popen(command, cwd=repository.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert found_in(report, lambda subjects: True) == set()
        cluster.api.post(cluster.path("pods"), json=pod("bad", securityContext={"privileged": True}))
        named = f"Pod {cluster.namespace}/bad, app"
        assert named in found_in(report, lambda subjects: named in subjects)
    finally:
        watching.send_signal(signal.SIGINT)
        try:
            _, said = watching.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            watching.kill()  # or it would outlive this test, and the warning of it fail another one
            watching.communicate()
            raise
    assert watching.returncode in (1, 130), said


def found_in(report, done):
    """Subjects at fault, once the report says what is waited for."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if report.exists() and (text := report.read_text()).rstrip().endswith("}"):
            subjects = {one["subject"]["name"] for one in json.loads(text)["findings"]}
            if done(subjects):
                return subjects
        time.sleep(0.2)
    raise AssertionError("the report never said so")


def test_a_cluster_that_cannot_be_reached_is_an_error_and_no_clean_answer(lockgate, repository):
    repository.write("kubeconfig", "apiVersion: v1\nkind: Config\n")
    done = lockgate("audit", "--kubeconfig", "kubeconfig", cwd=repository.folder)
    assert done.returncode == 5
    assert "kubeconfig" in done.stderr
