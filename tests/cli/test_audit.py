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
        _, said = watching.communicate(timeout=20)
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
