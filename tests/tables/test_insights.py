"""The views of Container Insights, over rows in the shape of its agent: two nodes, three Pods, the last two hours."""

from datetime import UTC, datetime

import pytest

from lockgate.kql.literals import EPOCH
from lockgate.kql.text import moment_text
from lockgate.store.ask import Tables, ask
from lockgate.store.ask.adopted import Functions, Shapes

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/harbour"
NOW = EPOCH + int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()) * 10_000_000
CAPACITY = {"node-a": 4_000_000_000, "node-b": 2_000_000_000}
"""Nanocores."""
PODS = {
    "uid-1": ("shop-7d9-x", "shop", "ReplicaSet", "shop-7d9", "node-a", "Running", 1_000_000_000),
    "uid-2": ("shop-7d9-y", "shop", "ReplicaSet", "shop-7d9", "node-b", "Running", 500_000_000),
    "uid-3": ("batch", "jobs", "", "", "node-b", "Failed", 2_000_000_000),
}
"""UID -> name, namespace, kind and name of the controller, node, phase, limit in nanocores."""


def at(minute):
    """That many minutes before now."""
    return moment_text(NOW - minute * 600_000_000)


def used(minute):
    """What a container takes at a minute: from 1 to 10 per cent of its limit, and back."""
    return minute % 10 + 1


@pytest.fixture(scope="module")
def tables():
    found = Tables(functions=Functions(), beside=Shapes())
    shapes = Shapes()

    def fill(name, rows):
        columns = {**shapes[name]}
        found.fill(name, columns, [[row.get(column) for column in columns] for row in rows])

    perf, pods, nodes = [], [], []
    for minute in range(120):
        for node, capacity in CAPACITY.items():
            share = 10 if node == "node-a" else minute % 100
            for counter, value in (("cpuUsageNanoCores", capacity * share // 100), ("cpuCapacityNanoCores", capacity),
                                   ("restartTimeEpoch", (NOW - EPOCH) // 10_000_000 - 86_400)):  # fmt: skip
                perf.append({"TimeGenerated": at(minute), "Computer": node, "ObjectName": "K8SNode",
                             "CounterName": counter, "CounterValue": str(value),
                             "InstanceName": f"{CLUSTER}/{node}"})  # fmt: skip
            ready = node == "node-a" or minute > 30
            nodes.append({"TimeGenerated": at(minute), "Computer": node, "ClusterName": "harbour",
                          "Status": "Ready" if ready else "DiskPressure", "KubeletVersion": "v1.33.3"})  # fmt: skip
        for uid, (name, space, kind, owner, node, phase, limit) in PODS.items():
            pods.append({"TimeGenerated": at(minute), "PodUid": uid, "Name": name, "Namespace": space,
                         "ControllerKind": kind, "ControllerName": owner, "Computer": node, "PodStatus": phase,
                         "ClusterName": "harbour", "ContainerName": f"{uid}/web", "ContainerRestartCount": "2",
                         "ContainerStatus": "running" if phase == "Running" else "terminated",
                         "ContainerStartTime": at(600), "PodRestartCount": "2"})  # fmt: skip
            for counter, value in (("cpuUsageNanoCores", limit * used(minute) // 100), ("cpuLimitNanoCores", limit)):
                perf.append({"TimeGenerated": at(minute), "Computer": node, "ObjectName": "K8SContainer",
                             "CounterName": counter, "CounterValue": str(value),
                             "InstanceName": f"{CLUSTER}/{uid}/web"})  # fmt: skip
    fill("Perf", perf)
    fill("KubePodInventory", pods)
    fill("KubeNodeInventory", nodes)
    return found


@pytest.fixture
def rows(tables):
    def run(query):
        table = ask(query, tables, now=NOW).tables[0]
        names = [name for name, _ in table.columns]
        return [dict(zip(names, row, strict=True)) for row in table.rows]

    return run


def test_nodes_are_shown_with_what_they_used_of_their_capacity(rows):
    busy, calm = rows("ContainerInsightsNodes(Back=2h, Step=30m)")
    assert (busy["Node"], busy["Status"], busy["ClusterName"]) == ("node-b", "DiskPressure", "harbour")
    assert (busy["MinPercent"], busy["MaxPercent"], busy["Max"]) == (0.0, 99.0, 0.99 * CAPACITY["node-b"])
    assert busy["P50Percent"] < busy["P90Percent"] < busy["P95Percent"] < 99
    spread = [calm[f"{one}Percent"] for one in ("Min", "Avg", "P50", "P90", "P95", "Max")]
    assert (calm["Node"], calm["Status"], spread) == ("node-a", "Ready", [10.0] * 6)
    assert (busy["Containers"], calm["Containers"]) == (1, 1)
    assert calm["UpTime"] == 24 * 36_000_000_000
    assert calm["Trend"] == "[10.0,10.0,10.0,10.0,10.0]"


def test_containers_are_shown_with_what_they_used_of_their_limit(rows):
    found = {row["PodName"]: row for row in rows("ContainerInsightsContainers(Back=2h)")}
    assert set(found) == {"shop-7d9-x", "shop-7d9-y", "batch"}
    shop = found["shop-7d9-y"]
    assert (shop["MinPercent"], shop["AvgPercent"], shop["MaxPercent"], shop["Max"]) == (1.0, 5.5, 10.0, 50_000_000.0)
    assert (shop["Container"], shop["Controller"], shop["Restarts"]) == ("web", "shop-7d9", 2)
    assert shop["UpTime"] == 10 * 36_000_000_000
    assert found["batch"]["Status"] == "terminated"


def test_a_controller_uses_what_its_containers_use_together(rows):
    found = {row["Controller"]: row for row in rows("ContainerInsightsControllers(Back=2h)")}
    shop, alone = found["shop-7d9"], found["batch"]
    assert (shop["Kind"], shop["Status"], shop["Pods"]) == ("ReplicaSet", "2 of 2 running", 2)
    assert (shop["Max"], shop["MaxPercent"], shop["Restarts"]) == (150_000_000.0, 10.0, 4)
    assert (alone["Kind"], alone["Status"], alone["Failed"]) == ("Pod", "0 of 1 running", 1)


def test_a_cluster_is_shown_over_time(rows):
    charts = rows("ContainerInsightsCluster(Back=2h, Step=1h)")
    assert {row["Chart"] for row in charts} == {"Node CPU %", "Nodes (ready, all)", "Active Pods"}
    active = [row for row in charts if row["Chart"] == "Active Pods"]
    assert {row["Max"] for row in active} == {2.0}
    nodes = [row for row in charts if row["Chart"] == "Nodes (ready, all)"]
    assert (min(row["Min"] for row in nodes), max(row["Max"] for row in nodes)) == (1.0, 2.0)


def test_clusters_are_told_apart_by_their_health(rows):
    (one,) = rows("ContainerInsightsClusters()")
    assert (one["Cluster"], one["Health"], one["Nodes"], one["NotReady"]) == ("harbour", "Critical", 2, 1)
    assert (one["Pods"], one["Running"], one["Failed"]) == (3, 2, 1)


@pytest.mark.parametrize("view", ["Nodes", "Controllers", "Containers", "Cluster", "Clusters"])
def test_without_rows_there_is_nothing_to_show(view):
    empty = Tables(functions=Functions(), beside=Shapes())
    assert ask(f"ContainerInsights{view}()", empty).rows == []


def test_views_bind_in_every_workspace_and_can_be_asked_further(rows):
    assert rows("ContainerInsightsNodes('memoryRssBytes') | where Status == 'DiskPressure' | count") == [{"Count": 1}]
