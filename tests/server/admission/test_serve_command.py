"""``lockgate admission serve`` as a process of its own: real policies, real TLS, and the record afterwards."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

import httpx
import pytest
import yaml

from lockgate.store import Record

from .conftest import pod_request, review_of, until

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-latest}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]
  validations:
  - {expression: "object.spec.containers.all(c, !c.image.endsWith(':MARK'))", message: MARK is no version}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-latest}
spec: {policyName: no-latest, validationActions: [Deny]}
"""
TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8sprefix}
spec:
  crd: {spec: {names: {kind: K8sPrefix}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8sprefix
      violation[{"msg": msg}] {
        name := input.review.object.metadata.name
        not startswith(name, "shop-")
        msg := sprintf("%v has no prefix", [name])
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sPrefix
metadata: {name: prefix}
spec: {match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}
"""
SETTINGS = {"admission": {
    "policies": ["policies"], "warn": [{"rule": "policy/seccomp-missing"}],
    "deny": [{"rule": "policy/privileged-container"}], "waived_by": "the platform team",
}}  # fmt: skip


class Served:
    """The process and a client."""

    def __init__(self, folder, *more):
        self.folder = folder
        environment = {**os.environ, "LOCKGATE_WORKSPACE": str(folder / "workspace")}
        command = [sys.executable, "-m", "lockgate", "admission", "serve", "--project", str(folder), "--port", "0",
                   "--host", "127.0.0.1", "--name", "127.0.0.1", "--reload-seconds", "0.05", "--drain-seconds", "0",
                   *more]  # fmt: skip
        self.errors = (folder / "errors.txt").open("w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment, cwd=folder
        )
        line = self.process.stdout.readline()
        self.ready_after = time.monotonic() - self.began
        assert line.startswith("listening on "), self.told()
        bundle = (folder / "workspace/authority/ca.crt").read_text()
        self.client = httpx.Client(base_url=f"https://127.0.0.1:{line.split()[-1]}", timeout=20,
                                   verify=ssl.create_default_context(cadata=bundle))  # fmt: skip

    def told(self):
        self.errors.flush()
        return (self.folder / "errors.txt").read_text()

    def review(self, path="/validate", timeout="10s", **changes):
        answer = self.client.post(path, params={"timeout": timeout}, json=review_of(pod_request(**changes)))
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]

    def metric(self, name):
        text = self.client.get("/metrics").text
        return float(re.search(rf"^lockgate_admission_{name} (\S+)$", text, re.MULTILINE)[1])

    def stop(self):
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process.stdout.close()
        self.errors.close()
        return code


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies/latest.yaml").write_text(POLICY.replace("MARK", "latest"))
    (folder / "lockgate.yaml").write_text(yaml.safe_dump(SETTINGS))
    return folder


@pytest.fixture
def served(project):
    running = []

    def start(*more):
        running.append(Served(project, *more))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def test_what_is_judged_is_answered_recorded_and_holds_no_secret(served, project):
    webhook = served()
    value = "hunter" + "2-of-ada"
    container = {"name": "web", "image": "nginx:latest", "env": [{"name": "PASSWORD", "value": value}],
                 "securityContext": {"privileged": True}}  # fmt: skip
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    response = webhook.review(object=pod)
    assert response["allowed"] is False
    assert response["status"]["message"].splitlines() == [
        "[no-latest] latest is no version; may be waived by the platform team in lockgate-waivers.yaml",
        "[policy/privileged-container] container web is privileged; may be waived by the platform team in "
        "lockgate-waivers.yaml",
    ]  # fmt: skip
    assert response["warnings"] == [
        "[policy/seccomp-missing] container web has no seccomp profile, of its own or of its Pod"
    ]
    assert webhook.review(object=pod)["allowed"] is False
    assert webhook.review()["allowed"] is True
    assert webhook.stop() == 0
    record = Record.open(project / "workspace")
    rows = record.rows("AdmissionReviews")
    assert [row["Outcome"] for row in rows] == ["denied", "denied", "allowed"]
    first = rows[0]
    assert (first["Kind"], first["Namespace"], first["Username"]) == ("Pod", "default", "ada")
    outcomes = {one["policy"]: one["action"] for one in json.loads(first["Outcomes"])}
    assert outcomes == {"no-latest": "deny", "policy/privileged-container": "deny", "policy/seccomp-missing": "warn"}
    assert set(json.loads(first["PolicySeconds"])) == {"no-latest", "catalogue"}
    assert first["PolicyVersion"].startswith("sha256:") and first["Seconds"] > 0
    bodies = {row["Digest"]: row["Body"] for row in record.rows("AdmissionObjects")}
    assert len(bodies) == 2 and rows[0]["ObjectDigest"] == rows[1]["ObjectDigest"]
    kept = json.loads(bodies[first["ObjectDigest"]])["spec"]["containers"][0]
    assert kept["env"][0]["value"].startswith("lockgate-hash:")
    for path in (project / "workspace").rglob("*"):
        assert not path.is_file() or value.encode() not in path.read_bytes(), path


def test_what_a_killed_webhook_kept_is_brought_into_the_record_by_the_next(served, project):
    webhook = served()
    for _ in range(3):
        webhook.review()
    until(lambda: webhook.metric("records_kept_total") == 3)
    webhook.process.kill()
    webhook.process.wait(30)
    assert not (project / "workspace/record").exists()
    served().stop()
    record = Record.open(project / "workspace")
    assert len(record.rows("AdmissionReviews")) == 3 and len(record.rows("AdmissionObjects")) == 1
    assert list((project / "workspace/journal").iterdir()) == []


def test_changed_policies_judge_without_a_dropped_request(served, project):
    webhook = served()
    answers, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            answers.append(webhook.client.post("/validate", json=review_of(pod_request(image="nginx:latest"))))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for mark in ("stable", "latest", "stable"):
            replaced = project / "policies/.new"
            replaced.write_text(POLICY.replace("MARK", mark))
            replaced.replace(project / "policies/latest.yaml")
            wanted = mark != "latest"
            until(lambda wanted=wanted: answers and answers[-1].json()["response"]["allowed"] is wanted)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["response"]["auditAnnotations"]["policy-version"] for answer in answers}) == 2


def test_policies_that_turn_wrong_leave_the_last_good_ones_at_work(served, project):
    webhook = served()
    (project / "policies/latest.yaml").write_text(POLICY.replace("MARK", "latest").replace(".all(", ".all"))
    until(lambda: webhook.metric("policy_errors_total") == 1)
    assert webhook.review(image="nginx:latest")["allowed"] is False
    assert "the last good ones go on" in webhook.told()
    assert "latest.yaml" in webhook.told()
    (project / "policies/latest.yaml").write_text(POLICY.replace("MARK", "stable"))
    until(lambda: webhook.review(image="nginx:latest")["allowed"])
    assert webhook.metric("policy_errors_total") == 1


def test_images_are_held_to_their_policy_and_to_a_changed_one_and_the_record_says_so(served, project):
    policy = project / "images.yaml"
    policy.write_text("images: [{match: [registry.example.com/*]}]\n")
    settings = {"admission": {"deny": [{"rule": "none"}], "warn": [{"rule": "none"}], "images": policy.name}}
    (project / "lockgate.yaml").write_text(yaml.safe_dump(settings))
    webhook = served()
    assert webhook.review(image="registry.example.com/team/shop:1")["allowed"]
    denied = webhook.review(image="docker.io/library/nginx:1.27")
    assert "no line of the policy is about docker.io/library/nginx" in denied["status"]["message"]
    policy.write_text("images: [{match: [registry.example.com/*]}]\nunmatched: warn\n")
    until(lambda: webhook.review(image="nginx:1.27")["allowed"])
    policy.write_text("images: [{match: [registry.example.com/*], signed_by: [nobody]}]\n")
    until(lambda: webhook.metric("policy_errors_total") == 1)
    assert webhook.review(image="nginx:1.27")["allowed"]
    webhook.stop()
    said = [one for row in Record.open(project / "workspace").rows("AdmissionReviews")
            for one in json.loads(row["Outcomes"]) if one["engine"] == "images"]  # fmt: skip
    assert next(one["policy"] for one in said) == "unmatched"


def test_policies_that_are_wrong_from_the_start_do_not_serve(project):
    (project / "policies/latest.yaml").write_text("kind: ValidatingAdmissionPolicy\napiVersion: [")
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "admission", "serve", "--project", str(project), "--port", "0"],
        capture_output=True, text=True, timeout=50, cwd=project,
        env={**os.environ, "LOCKGATE_WORKSPACE": str(project / "workspace")},
    )  # fmt: skip
    assert done.returncode == 3
    assert "the policies cannot be used" in done.stderr and "latest.yaml" in done.stderr


def test_an_object_of_three_megabytes_is_judged_and_kept(served, project):
    webhook = served()
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": {"big": "x" * 3_000_000}},
            "spec": {"containers": [{"name": "web", "image": "nginx:latest"}]}}  # fmt: skip
    assert webhook.review(object=body)["allowed"] is False
    webhook.stop()
    (row,) = Record.open(project / "workspace").rows("AdmissionObjects")
    assert row["Bytes"] > 3_000_000 and json.loads(row["Body"])["metadata"]["annotations"]["big"] == "x" * 3_000_000


def test_what_cannot_be_judged_in_kube_system_is_let_through_counted_and_recorded(served, project):
    """The policy reads a field that no object has: an error, and the namespace decides."""
    text = POLICY.replace("object.spec.containers.all(c, !c.image.endsWith(':MARK'))", "object.spec.absent == 1")
    (project / "policies/latest.yaml").write_text(text)
    webhook = served()
    opened = webhook.review(namespace="kube-system")
    assert opened["allowed"] is True and "let this through unjudged: no-latest: " in opened["warnings"][0]
    closed = webhook.review(namespace="shop")
    assert (closed["allowed"], closed["status"]["code"]) == (False, 500)
    webhook.stop()
    rows = Record.open(project / "workspace").rows("AdmissionReviews")
    assert [(row["Namespace"], row["Outcome"]) for row in rows] == [
        ("kube-system", "failed-open"), ("shop", "failed-closed"),
    ]  # fmt: skip
    assert all("no-latest" in row["Failure"] for row in rows)


def test_a_bundle_judges_while_its_signature_holds(served, project, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from lockgate.sources.policy_bundle import create, sign
    from lockgate.sources.policy_bundle.places import Layout

    key, stranger = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    public = tmp_path / "key.pub"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    layout = Layout(tmp_path / "layout")

    def publish(mark, signer):
        create(layout, "v1", {"a.yaml": POLICY.replace("MARK", mark).encode()})
        sign(layout, "v1", signer)

    (project / "policies/latest.yaml").unlink()
    publish("latest", key)
    webhook = served("--bundle", str(layout.folder), "--bundle-tag", "v1", "--bundle-key", str(public))
    assert webhook.review(image="nginx:latest")["allowed"] is False
    publish("stable", stranger)
    until(lambda: "the signature is not by this key" in webhook.told())
    assert "the last good ones go on" in webhook.told() and webhook.metric("policy_errors_total") >= 1
    assert webhook.review(image="nginx:latest")["allowed"] is False
    publish("stable", key)
    until(lambda: webhook.review(image="nginx:latest")["allowed"])


LOOPING = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8slooping}
spec:
  crd: {spec: {names: {kind: K8sLooping}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8slooping
      violation[{"msg": "never"}] {
        xs := numbers.range(1, 3000)
        x := xs[_]; y := xs[_]; z := xs[_]
        x * y * z == -1
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sLooping
metadata: {name: loop}
---
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: mark}
spec: {location: metadata.labels.seen, parameters: {assign: {value: "yes"}}}
"""


def test_a_policy_without_end_is_stopped_in_time_and_dry_runs_and_patches_are_recorded_as_such(served, project):
    (project / "policies/loop.yaml").write_text(LOOPING)
    settings = {"admission": {**SETTINGS["admission"], "steps": 10**9, "all_steps": 10**9}}
    (project / "lockgate.yaml").write_text(yaml.safe_dump(settings))
    webhook = served()
    began = time.monotonic()
    response = webhook.review(timeout="1s")
    assert time.monotonic() - began < 5
    assert (response["allowed"], response["status"]["code"]) == (False, 500)
    assert "not done in time" in response["status"]["message"]
    changed = webhook.review("/mutate", dryRun=True)
    assert changed["allowed"] and changed["patchType"] == "JSONPatch"
    webhook.stop()
    rows = Record.open(project / "workspace").rows("AdmissionReviews")
    told = {row["Endpoint"]: (row["Outcome"], row["DryRun"], json.loads(row["Patch"])) for row in rows}
    assert told["validate"] == ("failed-closed", False, [])
    assert told["mutate"] == ("allowed", True, [{"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}}])


def test_a_restart_imports_nothing_that_compiles(served, project, monkeypatch):
    (project / "policies/prefix.yaml").write_text(TEMPLATE)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}
    first = served().review(object=pod)
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    again = served()
    assert again.review(object=pod)["status"] == first["status"]
    assert "[K8sPrefix/prefix] p has no prefix" in first["status"]["message"]
    imported = set(re.findall(r"^import time: .*\| +(\S+)$", again.told(), re.MULTILINE))
    assert {"lockgate.policy.rego.program", "lockgate.policy.rego.builtins.sprintf"} <= imported
    assert imported.isdisjoint({
        "lockgate.policy.rego.compile", "lockgate.policy.rego.syntax", "lockgate.policy.rego.lexer",
        "lockgate.policy.rego.check.tree", "lockgate.policy.rego.parse.modules", "lockgate.policy.rego.emit.units",
        "lockgate.policy.rego.builtins.table", "lockgate.policy.rego.builtins.schemas",
        "lockgate.policy.cel.parser", "lockgate.policy.cel.emit", "lockgate.rules._form",
    })  # fmt: skip
