"""A cluster is collected into the record: once a row a scan, once an event, and nothing is ever written to it."""

import threading

import pytest

from lockgate.engine.collect import Collector, Plan
from lockgate.errors import SourceError
from lockgate.sources.cluster import connect
from lockgate.sources.cluster.insights import Identity
from lockgate.sources.cluster.sampling import Scope
from lockgate.store import Record

from .conftest import SALT, until


def test_a_scan_fills_every_inventory(harbour, once, asked):
    harbour.node()
    harbour.pod(env=[{"name": "PASSWORD", "value": "correct horse battery"}])
    harbour.event("e-1")
    harbour.simulator.add(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
         "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"},
         "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/d"}}},
    )  # fmt: skip
    tally = once()
    assert tally.rows == {
        "KubePodInventory": 1, "KubeNodeInventory": 1, "KubeServices": 1, "KubePVInventory": 1, "KubeEvents": 1,
        "ContainerInventory": 1, "ContainerNodeInventory": 1, "Heartbeat": 1, "InsightsMetrics": 5,
        # the node: 4 sizes, 4 uses; the container: a request, two limits of its node, 4 uses
        "Perf": 15, "KubernetesObjectHistory": tally.rows["KubernetesObjectHistory"],
    }  # fmt: skip
    assert (tally.misfits, tally.skips) == (0, {})
    (uid,) = asked("KubePodInventory | project PodUid")[0]
    assert asked("KubePodInventory | project ClusterName, Computer, ContainerName, ContainerStatus, PodStatus") == [
        ("harbour", "node-1", f"{uid}/app", "running", "Running")
    ]
    assert asked("Perf | where CounterName == 'cpuUsageNanoCores' | project ObjectName, InstanceName, CounterValue "
                 "| order by ObjectName asc") == [
        ("K8SContainer", f"harbour/{uid}/app", 40.0), ("K8SNode", "harbour/node-1", 500.0),
    ]  # fmt: skip
    assert asked("Heartbeat | project Category, Version") == [("Lockgate Collector", "0.1.0")]


def test_no_secret_leaves_the_cluster(harbour, once, tmp_path):
    harbour.node()
    value = "correct horse " + "battery"
    harbour.pod(env=[{"name": "PASSWORD", "value": value}])
    harbour.simulator.add({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": value}})
    once()
    import duckdb

    with duckdb.connect() as reading:
        for file in (tmp_path / "workspace").rglob("*.parquet"):
            assert value not in str(reading.execute("FROM read_parquet(?)", [str(file)]).fetchall())


def test_only_get_requests_are_made(harbour, running):
    harbour.node()
    harbour.pod()
    instance = harbour.kubelet.start("default", "web", "app", "c-1")
    harbour.kubelet.write(instance, "hello")
    harbour.simulator.audit.clear()
    ours = harbour.simulator.token("collector", groups=("system:masters",))
    harbour.simulator.audit.clear()
    with running(token=ours, logs=True) as one:
        until(lambda: one.collector.tally.scans >= 2)
        harbour.kubelet.end(instance)

    def mine():  # a request is told of when it has ended, which a stream may take its time for
        return [entry for entry in list(harbour.simulator.audit) if entry.get("user") == "collector"]

    until(lambda: {"get", "list", "watch"} <= {entry.get("verb") for entry in mine()})
    until(lambda: any(entry["path"].endswith("/web/log") for entry in mine()))
    assert {entry["method"] for entry in mine()} == {"GET"}
    assert {entry["verb"] for entry in mine() if "verb" in entry} == {"get", "list", "watch"}


def test_a_second_scan_adds_a_row_an_object_and_no_event_twice(harbour, once, asked):
    harbour.node()
    harbour.pod()
    harbour.event("e-1")
    once()
    harbour.event("e-1", count=3)
    harbour.event("e-2", kind="Normal")
    once()
    once()
    assert asked("KubePodInventory | count") == [(3,)]
    assert asked("KubeEvents | project KubeEventType, Count | order by KubeEventType asc, Count asc") == [
        ("Normal", 1.0), ("Warning", 1.0), ("Warning", 3.0),
    ]  # fmt: skip


def test_normal_events_can_be_left_out(harbour, once, asked):
    harbour.event("e-1", kind="Normal")
    harbour.event("e-2")
    once(normal=False)
    assert asked("KubeEvents | project KubeEventType") == [("Warning",)]


def test_namespaces_are_chosen_or_left_out(harbour, once, asked):
    harbour.simulator.add(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}} for one in ("a", "b")))
    harbour.node()
    for namespace in ("a", "b", "default"):
        harbour.pod(namespace=namespace)
        harbour.event("e", namespace=namespace)
    once(scope=Scope(excluded=frozenset({"a"})))
    assert asked("union KubePodInventory, KubeEvents | distinct Namespace | order by Namespace asc") == [
        ("b",), ("default",),
    ]  # fmt: skip
    assert asked("KubernetesObjectHistory | where Namespace == 'a' | count") == [(0,)]
    once(scope=Scope(namespaces=("a",)))
    assert asked("KubePodInventory | where Namespace == 'a' | count") == [(1,)]
    assert asked("KubernetesObjectHistory | where Change == 'gone' | count") == [(0,)]


def test_where_summaries_are_refused_the_metrics_api_is_asked(harbour, once, asked):
    harbour.node()
    harbour.pod()
    harbour.simulator.measured()
    harbour.simulator.add(
        {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": {"name": "node-1"},
         "usage": {"cpu": "5n", "memory": "7"}},
        {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
         "metadata": {"name": "web", "namespace": "default"},
         "containers": [{"name": "app", "usage": {"cpu": "6n", "memory": "8"}}]},
    )  # fmt: skip
    rules = [{"apiGroups": ["*"], "resources": ["pods", "nodes", "services", "persistentvolumes", "events",
              "deployments", "horizontalpodautoscalers"], "verbs": ["get", "list"]}]  # fmt: skip
    said = []
    once(token=harbour.simulator.token("ada", rules=rules), say=said.append, history=False)
    assert [one.path for one in said] == ["harbour:nodes/proxy"]
    assert "metrics.k8s.io is asked instead" in said[0].reason
    used = "Perf | where CounterName in ('cpuUsageNanoCores', 'memoryWorkingSetBytes')"
    assert asked(f"{used} | project CounterValue | order by CounterValue asc") == [(5.0,), (6.0,), (7.0,), (8.0,)]
    assert asked("KubeMonAgentEvents | project Category, Level, Message") == [
        ("lockgate/collect", "Warning", f"harbour:nodes/proxy: {said[0].reason}")
    ]


def test_what_may_not_be_read_is_told_and_the_rest_goes_on(harbour, once, asked):
    harbour.node()
    harbour.pod()
    harbour.kubelet.summaries.clear()
    rules = [{"apiGroups": [""], "resources": ["pods", "nodes", "nodes/proxy"], "verbs": ["get", "list"]}]
    said = []
    once(token=harbour.simulator.token("ada", rules=rules), say=said.append, history=False)
    assert sorted(one.path for one in said) == [
        "harbour:Node/node-1", "harbour:deployments.apps", "harbour:events",
        "harbour:horizontalpodautoscalers.autoscaling", "harbour:persistentvolumes", "harbour:services",
    ]  # fmt: skip
    assert asked("KubePodInventory | count") == [(1,)]


def test_events_are_not_forgotten_while_they_may_not_be_read(harbour, once, asked):
    harbour.node()
    harbour.event("e-1")
    once(history=False)
    rules = [{"apiGroups": ["*"], "resources": ["pods", "nodes"], "verbs": ["*"]}]
    once(token=harbour.simulator.token("ada", rules=rules), history=False)
    once(history=False)
    assert asked("KubeEvents | count") == [(1,)]


def test_a_cluster_of_which_nothing_can_be_read_is_an_error(harbour, once):
    with pytest.raises(SourceError, match="nothing could be read: may not be listed"):
        once(token=harbour.simulator.token("nobody"), history=False)


def test_it_scans_at_each_interval_until_it_is_stopped(harbour, running, asked):
    harbour.node()
    harbour.pod()
    with running() as one:
        until(lambda: one.collector.tally.scans >= 3)
    whole = one.collector.tally.scans
    assert asked("Heartbeat | count")[0][0] in (whole, whole + 1)  # one may have been broken off
    assert asked("KubePodInventory | summarize Most = max(PodRestartCount), Scans = dcount(TimeGenerated)")


def test_a_real_cluster_is_collected(cluster, tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": "b"}},
           "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}]}}  # fmt: skip
    assert cluster.api.post(cluster.path("pods"), json=pod).status_code == 201
    record, place = Record.open(tmp_path / "own"), tmp_path / "place-of-own"
    place.mkdir()
    plan = Plan(Identity("real"), Scope(namespaces=(cluster.namespace,)), once=True)
    collector = Collector(lambda: connect(kubeconfig=cluster.kubeconfig), plan, record, folder=place, salt=SALT)
    tally = collector.run(threading.Event())
    assert tally.rows["KubePodInventory"] == 1
    assert tally.misfits == 0
    assert tally.rows["KubernetesObjectHistory"] >= 1
