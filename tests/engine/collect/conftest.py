"""A collector over the simulator, and a cluster with something in it."""

import threading
import time

import pytest
from tests.simulators.cluster import client_of

from lockgate.engine.collect import Collector, Plan
from lockgate.sources.cluster import Limits, connect
from lockgate.sources.cluster.insights import Identity
from lockgate.sources.cluster.sampling import Scope
from lockgate.store import Record
from lockgate.store.ask import ask

SALT = b"0123456789abcdef"
QUICK = Limits(connect_seconds=2, read_seconds=5, retries=4, wait_seconds=1)
STARTED = "2026-03-01T09:30:00Z"
SUMMARY = {
    "node": {
        "nodeName": "node-1", "startTime": "2026-03-01T00:00:00Z",
        "cpu": {"usageNanoCores": 500}, "memory": {"workingSetBytes": 900, "rssBytes": 700},
        "fs": {"capacityBytes": 100, "usedBytes": 30, "availableBytes": 60},
        "network": {"interfaces": [{"name": "eth0", "rxBytes": 5, "txBytes": 6}]},
    },
    "pods": [{
        "podRef": {"name": "web", "namespace": "default", "uid": "told by the kubelet"},
        "containers": [{"name": "app", "startTime": STARTED, "cpu": {"usageNanoCores": 40},
                        "memory": {"workingSetBytes": 80, "rssBytes": 60}}],
    }],
}  # fmt: skip
NODE = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"pool": "a"}},
    "status": {
        "allocatable": {"cpu": "2", "memory": "4Gi"}, "capacity": {"cpu": "2", "memory": "8Gi"},
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": STARTED}],
        "nodeInfo": {"kubeletVersion": "v1.33.1", "osImage": "Ubuntu 24.04", "containerRuntimeVersion": "containerd://2"},
    },
}  # fmt: skip


def state(name="app", *, id_="c-1", running=True, restarts=0, before="", ended=STARTED, exit_code=0):
    """The status of one container."""
    done = {"exitCode": exit_code, "reason": "Completed", "startedAt": STARTED, "finishedAt": ended}
    last = {"terminated": {**done, "containerID": f"containerd://{before}"}} if before else {}
    return {
        "name": name, "restartCount": restarts, "containerID": f"containerd://{id_}", "image": "nginx:1.27",
        "imageID": "docker.io/library/nginx@sha256:aa", "ready": running, "lastState": last,
        "state": {"running": {"startedAt": STARTED}} if running else {"terminated": done},
    }  # fmt: skip


class Harbour:
    """A simulated cluster, as tests fill it."""

    def __init__(self, simulator):
        self.simulator, self.kubelet = simulator, simulator.kubelet
        self.api = client_of(simulator.kubeconfig())

    def node(self):
        self.simulator.add({name: value for name, value in NODE.items() if name != "status"})
        self.status("/api/v1/nodes/node-1", NODE["status"])
        self.kubelet.summaries["node-1"] = SUMMARY

    def pod(self, name="web", namespace="default", *states, env=(), **metadata):
        names = [one["name"] for one in states] or ["app"]
        self.simulator.add({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {"nodeName": "node-1", "containers": [
                {"name": one, "image": "nginx:1.27", "env": list(env), "resources": {"requests": {"cpu": "100m"}}}
                for one in names]},
        })  # fmt: skip
        self.states(name, namespace, *(states or (state(),)))

    def states(self, name, namespace, *states, phase="Running"):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        self.status(path, {"phase": phase, "podIP": "10.0.0.7", "startTime": STARTED,
                           "containerStatuses": list(states)})  # fmt: skip

    def status(self, path, body):
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.api.patch(f"{path}/status", json={"status": body}, headers=headers)
        assert answer.status_code == 200, answer.text

    def event(self, name, *, count=1, kind="Warning", namespace="default"):
        body = {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace}, "type": kind,
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace}, "reason": "BackOff",
            "message": "again", "count": count, "firstTimestamp": STARTED, "lastTimestamp": STARTED,
            "source": {"component": "kubelet", "host": "node-1"},
        }  # fmt: skip
        path = f"/api/v1/namespaces/{namespace}/events"
        if self.api.get(f"{path}/{name}").status_code == 200:
            headers = {"Content-Type": "application/merge-patch+json"}
            assert self.api.patch(f"{path}/{name}", json={"count": count}, headers=headers).status_code == 200
        else:
            assert self.api.post(path, json=body).status_code == 201


@pytest.fixture
def harbour(simulator):
    made = Harbour(simulator)
    with made.api:
        yield made


@pytest.fixture
def record(tmp_path):
    return Record.open(tmp_path / "workspace")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.fixture
def collector_of(simulator, record, folder):
    """Makes collectors of the simulator that go on where the one before ended."""

    def make(token="", *, scope=None, say=lambda skip: None, **more):
        kubeconfig = simulator.kubeconfig(token)
        plan = Plan(Identity("harbour"), scope or Scope(), **{"once": True, "interval": 0.3, "latency": 0.1, **more})
        return Collector(
            lambda: connect(kubeconfig=kubeconfig, limits=QUICK), plan, record, folder=folder, salt=SALT, say=say
        )

    return make


@pytest.fixture
def once(collector_of):
    """One scan."""
    return lambda **more: collector_of(**more).run(threading.Event())


@pytest.fixture
def asked(record):
    """The rows of a query."""

    def run(query):
        tables = record.asked()
        try:
            return [tuple(row) for row in ask(query, tables).tables[0].rows]
        finally:
            tables.connection.close()

    return run


@pytest.fixture
def running(collector_of):
    """Runs a collector in a thread until the block ends."""

    class Running:
        def __init__(self, **more):
            self.stop = threading.Event()
            self.collector = collector_of(**{"once": False, **more})
            self.failed = []
            self.thread = threading.Thread(target=self._run)

        def _run(self):
            try:
                self.collector.run(self.stop)
            except BaseException as error:
                self.failed.append(error)

        def __enter__(self):
            self.thread.start()
            return self

        def __exit__(self, *_):
            self.stop.set()
            self.thread.join(40)
            assert not self.thread.is_alive()
            assert not self.failed

    return Running


def until(condition, seconds=40.0):
    """Waits for something to happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
