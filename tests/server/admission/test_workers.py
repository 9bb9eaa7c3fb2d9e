"""``--workers``: several processes on one port, one record, one page of metrics, one end."""

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from lockgate.server.admission.metrics import Metrics
from lockgate.server.admission.workers import Peers
from lockgate.store import Record

from .conftest import pod_request, review_of, until
from .test_serve_command import POLICY, SETTINGS, Served


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
        running.append(Served(project, "--workers", "3", *more))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def workers_of(webhook):
    pid = webhook.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ask(webhook, image="nginx:1"):
    """One review over a connection of its own, which any worker may take."""
    trust = ssl.create_default_context(cadata=(webhook.folder / "workspace/authority/ca.crt").read_text())
    with httpx.Client(base_url=webhook.client.base_url, verify=trust, timeout=20) as client:
        answer = client.post("/validate", json=review_of(pod_request(image=image)))
        assert answer.status_code == 200
        return answer.json()["response"]["allowed"]


def alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    return False


def test_all_of_them_answer_and_record_and_each_shows_what_all_have_counted(served, project):
    webhook = served()
    assert len(workers_of(webhook)) == 3
    asked = [ask(webhook, "nginx:latest" if number % 4 == 0 else "nginx:1") for number in range(40)]
    assert asked == [number % 4 != 0 for number in range(40)]
    until(lambda: webhook.metric('seconds_count{endpoint="validate"}'.replace("{", r"\{")) == 40)
    until(lambda: webhook.metric("records_kept_total") == 40)
    pids = workers_of(webhook)
    assert webhook.stop() == 0
    assert not any(map(alive, pids))
    rows = Record.open(project / "workspace").rows("AdmissionReviews")
    assert len(rows) == 40 and len({row["RunId"] for row in rows}) > 1
    assert not list((project / "workspace").glob("workers-*")) and not list((project / "workspace/journal").iterdir())


def test_one_that_dies_is_replaced_and_what_it_had_kept_is_in_the_record(served, project):
    webhook = served("--reload-seconds", "0.05")
    for _ in range(20):
        ask(webhook)
    until(lambda: webhook.metric("records_kept_total") == 20)
    before = workers_of(webhook)
    os.kill(before[1], signal.SIGKILL)
    until(lambda: len(set(workers_of(webhook)) - set(before)) == 1)
    replaced = project / "policies/.new"
    replaced.write_text(POLICY.replace("MARK", "stable"))  # the new one judges by the policies of now
    replaced.replace(project / "policies/latest.yaml")
    until(lambda: all(ask(webhook, "nginx:latest") for _ in range(8)), 15)
    assert "another takes its place" in webhook.told()
    asked = webhook.metric("records_kept_total")
    assert asked > 0 and webhook.stop() == 0
    assert len(Record.open(project / "workspace").rows("AdmissionReviews")) >= 28


def test_policies_that_are_wrong_end_all_with_the_code_of_one(project):
    (project / "policies/latest.yaml").write_text("kind: [")
    command = [sys.executable, "-m", "lockgate", "admission", "serve", "--project", str(project), "--port", "0",
               "--workers", "2"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, cwd=project,
                          env={**os.environ, "LOCKGATE_WORKSPACE": str(project / "workspace")})  # fmt: skip
    assert done.returncode == 3 and "the policies cannot be used" in done.stderr


def test_what_none_of_them_can_begin_with_ends_all_with_its_code(project, tmp_path):
    command = [sys.executable, "-m", "lockgate", "admission", "serve", "--project", str(project), "--port", "0",
               "--workers", "2", "--tls", str(tmp_path / "nothing")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, cwd=project,
                          env={**os.environ, "LOCKGATE_WORKSPACE": str(project / "workspace")})  # fmt: skip
    assert done.returncode == 5 and "cannot be served with" in done.stderr


def test_workers_do_not_outlive_the_process_that_looks_after_them(served):
    webhook = served()
    pids = workers_of(webhook)
    webhook.process.kill()
    webhook.process.wait(10)
    end = time.monotonic() + 20
    while any(map(alive, pids)):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_counters_are_joined_and_a_file_that_is_broken_counts_for_nothing(tmp_path):
    own, other = Metrics(), Metrics(in_flight=2, certificate_expires=5.0, policy_version="b")
    own.policy_version = "a"
    for one in (own, other):
        one.reviews["validate", "CREATE", "allowed"] += 2
        one.refused[404] += 1
        one.fail_opens["shop"] += 1
        one.latency["validate"].observe(0.002)
    Peers(tmp_path, 1).tell(other)
    (tmp_path / "2.json").write_text("[1]")
    (tmp_path / "3.json").write_text('{"reviews": []}')
    told = Peers(tmp_path, 0).all(own)
    assert told.reviews == {("validate", "CREATE", "allowed"): 4} and told.refused == {404: 2}
    assert (told.in_flight, told.certificate_expires, told.policy_version) == (2, 5.0, "a")
    assert sum(told.latency["validate"].counts) == 2 and told.fail_opens == {"shop": 2}
    assert own.reviews == {("validate", "CREATE", "allowed"): 2}
    assert Metrics.of_plain(own.plain()) == own
