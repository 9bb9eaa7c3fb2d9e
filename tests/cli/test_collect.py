"""``lockgate collect`` against an API server on loopback."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.simulators.kubernetes import Simulator

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
       "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}  # fmt: skip


@pytest.fixture
def lockgate(simulator: Simulator, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    kubeconfig = str(simulator.kubeconfig())

    def command(*arguments):
        return [sys.executable, "-m", "lockgate", *arguments]

    def run(*arguments, code=0):
        more = ("--kubeconfig", kubeconfig) if arguments[0] == "collect" and "--kubeconfig" not in arguments else ()
        done = subprocess.run(command(*arguments, *more), cwd=folder, capture_output=True, text=True, timeout=55)
        assert done.returncode == code, done.stderr
        return done

    run.folder, run.kubeconfig, run.command = folder, kubeconfig, command
    return run


def asked(lockgate, query):
    return json.loads(lockgate("ask", "--format", "json", query).stdout)["tables"][0]["rows"]


def test_one_scan_says_what_it_brought(simulator, lockgate):
    simulator.add(POD)
    done = lockgate("collect", "--once", "--cluster-id", "/subscriptions/s/managedClusters/shop")
    assert "KubePodInventory: 1 rows\n" in done.stdout
    assert "KubernetesObjectHistory: " in done.stdout
    rows = asked(lockgate, "KubePodInventory | project ClusterName, Name")
    assert rows == [["shop", "p"]]


def test_an_interrupt_ends_it_and_it_goes_on_afterwards(simulator, lockgate):
    simulator.add(POD)
    for _ in range(2):
        child = subprocess.Popen(
            lockgate.command("collect", "--kubeconfig", lockgate.kubeconfig, "--interval", "5"), cwd=lockgate.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        history = lockgate.folder / ".lockgate" / "record" / "Heartbeat" / "_delta_log"
        before = len(list(history.glob("*.json"))) if history.is_dir() else 0
        end = time.monotonic() + 40
        while not history.is_dir() or len(list(history.glob("*.json"))) <= max(before, 1):
            assert time.monotonic() < end
            time.sleep(0.1)
        other = lockgate("collect", "--once", code=5)
        assert "another collector of this cluster is at work" in other.stderr
        os.kill(child.pid, signal.SIGTERM)
        out, problems = child.communicate(timeout=30)
        assert (child.returncode, problems) == (0, "")
        assert "Heartbeat: " in out
    rows = asked(lockgate, "KubernetesObjectHistory | where Kind == 'Pod' | project Change, Name")
    assert rows == [["new", "p"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--interval", "1"), "--interval: must be 5 to 86,400"),
        (("--log-streams", "0"), "--log-streams: must be 1 to 250"),
        (("--namespace", "a", "--exclude-namespace", "a"), "--exclude-namespace: 'a' is both wanted and not"),
    ],
)
def test_what_does_not_fit_together_is_told(lockgate, arguments, said):
    assert said in lockgate("collect", *arguments, code=2).stderr


def test_a_cluster_that_does_not_answer_is_told(lockgate, tmp_path):
    other = tmp_path / "dead"
    text = (tmp_path / os.path.basename(lockgate.kubeconfig)).read_text()
    other.write_text("\n".join("    server: https://127.0.0.1:9" if "server:" in line else line
                               for line in text.splitlines()))  # fmt: skip
    done = lockgate("collect", "--once", "--no-history", "--kubeconfig", str(other), code=5)
    assert "the API server does not answer" in done.stderr
