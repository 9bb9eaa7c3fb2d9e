"""The views of Container Insights, over rows in the shape of its agent: two nodes, three Pods, the last two hours."""

import json
import random
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
            nodes.append({"TimeGenerated": at(minute), "Computer": node, "ClusterName": "harbour", "ClusterId": CLUSTER,
                          "Status": "Ready" if ready else "DiskPressure", "KubeletVersion": "v1.33.3"})  # fmt: skip
        for uid, (name, space, kind, owner, node, phase, limit) in PODS.items():
            pods.append({"TimeGenerated": at(minute), "PodUid": uid, "Name": name, "Namespace": space,
                         "ControllerKind": kind, "ControllerName": owner, "Computer": node, "PodStatus": phase,
                         "ClusterName": "harbour", "ClusterId": CLUSTER, "ContainerName": f"{uid}/web",
                         "ContainerRestartCount": "2",
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
    # Of node-a's ten per cent, its one container takes 1 to 10 per cent of a core.
    assert calm["OtherProcesses"] == 0.1 * CAPACITY["node-a"] - 0.055 * 1_000_000_000


def test_containers_are_shown_with_what_they_used_of_their_limit(rows):
    found = {row["PodName"]: row for row in rows("ContainerInsightsContainers(Back=2h)")}
    assert set(found) == {"shop-7d9-x", "shop-7d9-y", "batch"}
    shop = found["shop-7d9-y"]
    assert (shop["MinPercent"], shop["AvgPercent"], shop["MaxPercent"], shop["Max"]) == (1.0, 5.5, 10.0, 50_000_000.0)
    assert (shop["Container"], shop["Controller"], shop["Restarts"]) == ("web", "shop-7d9", 2)
    assert (shop["Limit"], shop["Request"]) == (500_000_000.0, None)
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
    parts = [one[f"{part}Health"] for part in ("Node", "User", "System")]
    assert parts == ["Critical", "Critical", "Healthy"]


@pytest.mark.parametrize("view", ["Nodes", "Controllers", "Containers", "Cluster", "Clusters"])
def test_without_rows_there_is_nothing_to_show(view):
    empty = Tables(functions=Functions(), beside=Shapes())
    assert ask(f"ContainerInsights{view}()", empty).rows == []


def test_views_bind_in_every_workspace_and_can_be_asked_further(rows):
    assert rows("ContainerInsightsNodes('memoryRssBytes') | where Status == 'DiskPressure' | count") == [{"Count": 1}]


# --- figures, against those worked out from the raw rows


FLEET = {f"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/{name}": name
         for name in ("blue", "green")}  # fmt: skip
"""Two clusters whose nodes are called alike."""


@pytest.fixture(scope="module")
def sampled():
    """Three samples a minute for an hour: (rows of Perf, tables)."""
    chance, found, shapes = random.Random(7), Tables(functions=Functions(), beside=Shapes()), Shapes()
    perf, pods, nodes = [], [], []
    for cluster, name in FLEET.items():
        for step in range(180):
            when = moment_text(NOW - (step * 20 + 1) * 10_000_000)
            for node in ("node-1", "node-2"):
                at_node, whole = {"TimeGenerated": when, "Computer": node}, f"{cluster}/{node}"
                measured = [("K8SNode", whole, "memoryCapacityBytes", 16e9),
                            ("K8SNode", whole, "memoryRssBytes", float(chance.randrange(10**10)))]  # fmt: skip
                for container in ("web", "proxy"):
                    uid = f"{name}-{node}"
                    instance = f"{cluster}/{uid}/{container}"
                    measured += [("K8SContainer", instance, "memoryRssBytes", float(chance.randrange(10**9))),
                                 ("K8SContainer", instance, "memoryLimitBytes", 2e9),
                                 ("K8SContainer", instance, "memoryRequestBytes", 5e8)]  # fmt: skip
                    pods.append({**at_node, "PodUid": uid, "Name": f"shop-{node}", "Namespace": "shop",
                                 "ControllerKind": "ReplicaSet", "ControllerName": "shop", "PodStatus": "Running",
                                 "ClusterName": name, "ClusterId": cluster, "ContainerName": f"{uid}/{container}",
                                 "ContainerStatus": "running", "ContainerRestartCount": "0"})  # fmt: skip
                perf += [{**at_node, "ObjectName": kind, "InstanceName": instance, "CounterName": counter,
                          "CounterValue": value} for kind, instance, counter, value in measured]  # fmt: skip
                nodes.append({**at_node, "ClusterName": name, "ClusterId": cluster, "Status": "Ready"})
    for table, rows in (("Perf", perf), ("KubePodInventory", pods), ("KubeNodeInventory", nodes)):
        found.fill(table, {**shapes[table]}, [[row.get(column) for column in shapes[table]] for row in rows])
    return perf, found


def figures(values):
    """What a view shows of numbers: percentiles are the nearest rank, as Kusto has them."""
    ranked = sorted(values)
    rank = [ranked[max(-(-len(ranked) * share // 100) - 1, 0)] for share in (50, 90, 95)]
    return [ranked[0], pytest.approx(sum(ranked) / len(ranked)), *rank, ranked[-1]]


def shown(sampled, view):
    table = ask(f"ContainerInsights{view}('memoryRssBytes', 1h, 10m)", sampled[1], now=NOW).tables[0]
    names = [name for name, _ in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def of(row):
    return [row[name] for name in ("Min", "Avg", "P50", "P90", "P95", "Max")]


def used_by(perf, ending):
    return {row["TimeGenerated"]: row["CounterValue"] for row in perf
            if row["CounterName"] == "memoryRssBytes" and row["InstanceName"].endswith(ending)}  # fmt: skip


def test_figures_of_nodes_are_those_of_their_own_cluster(sampled):
    rows = shown(sampled, "Nodes")
    assert {(row["ClusterName"], row["Node"]) for row in rows} == {
        (name, node) for name in ("blue", "green") for node in ("node-1", "node-2")
    }
    for row in rows:
        raw = used_by(sampled[0], f"/{row['ClusterName']}/{row['Node']}")
        assert of(row) == figures(raw.values())
        assert row["P95Percent"] == round(figures(raw.values())[4] / 16e9 * 100, 1)
        inside = [used_by(sampled[0], f"/{row['ClusterName']}-{row['Node']}/{one}") for one in ("web", "proxy")]
        others = [value - sum(one[when] for one in inside) for when, value in raw.items()]
        assert row["OtherProcesses"] == pytest.approx(sum(others) / len(others))
        assert row["Containers"] == 2
        assert len(json.loads(row["Trend"])) == 6


def test_figures_of_containers_are_those_of_their_samples(sampled):
    rows = shown(sampled, "Containers")
    assert len(rows) == 8
    for row in rows:
        raw = used_by(sampled[0], f"/{row['ClusterName']}-{row['Node']}/{row['Container']}").values()
        assert of(row) == figures(raw)
        assert row["MaxPercent"] == round(max(raw) / 2e9 * 100, 1)
        assert (row["Request"], row["Limit"]) == (5e8, 2e9)


def test_a_controller_that_is_measured_more_than_once_a_minute_uses_no_more_for_it(sampled):
    rows = shown(sampled, "Controllers")
    assert [(row["Pods"], row["Containers"], row["Request"], row["Limit"]) for row in rows] == [(2, 4, 2e9, 8e9)] * 2
    for row in rows:
        minutes: dict[str, list[float]] = {}
        for node in ("node-1", "node-2"):
            for container in ("web", "proxy"):
                for when, value in used_by(sampled[0], f"/{row['ClusterName']}-{node}/{container}").items():
                    minutes.setdefault(when[:16], []).append(value)
        assert of(row) == [pytest.approx(one) for one in figures([sum(one) / 3 for one in minutes.values()])]


def test_a_clusters_load_is_its_own(sampled):
    query = "ContainerInsightsCluster(1h, 1d) | where Chart == 'Node memory %' | project ClusterName, Avg"
    rows = ask(query, sampled[1], now=NOW).rows
    for name, average in rows:
        raw = [value for node in ("node-1", "node-2") for value in used_by(sampled[0], f"/{name}/{node}").values()]
        assert average == round(sum(raw) / len(raw) / 16e9 * 100, 1)
    assert [name for name, _ in rows] == ["blue", "green"]


# --- health, by the portal's rules


def health(*, ready=(), down=0, pods=(), system=(), age=1):
    """Health of a cluster with nodes, and pods in and outside kube-system, by their phases."""
    found, shapes = Tables(functions=Functions(), beside=Shapes()), Shapes()
    common = {"TimeGenerated": at(age), "ClusterName": "harbour", "ClusterId": CLUSTER}
    rows = {
        "KubeNodeInventory": [{**common, "Computer": f"n{number}", "Status": "Ready" if number >= down else ""}
                              for number in range(len(ready) or 1)],
        "KubePodInventory": [{**common, "PodUid": f"{space}{number}", "Namespace": space, "PodStatus": phase}
                             for space, some in (("shop", pods), ("kube-system", system))
                             for number, phase in enumerate(some)],
    }  # fmt: skip
    gone = {**common, "TimeGenerated": at(age + 20), "PodUid": "gone", "Namespace": "shop", "PodStatus": "Failed"}
    rows["KubePodInventory"].append(gone)
    for table, own in rows.items():
        found.fill(table, {**shapes[table]}, [[row.get(column) for column in shapes[table]] for row in own])
    query = "ContainerInsightsClusters() | project Health, NodeHealth, UserHealth, SystemHealth"
    return tuple(ask(query, found, now=NOW).rows[0])


GOOD, ENDED, FAILED = "Running", "Succeeded", "Failed"


@pytest.mark.parametrize(("given", "expected"), [
    ({"pods": [GOOD] * 9 + [ENDED], "system": [GOOD]}, ("Healthy", "Healthy", "Healthy", "Healthy")),
    ({"pods": [GOOD] * 9 + [FAILED]}, ("Warning", "Healthy", "Warning", "Healthy")),
    ({"pods": [GOOD] * 8 + [FAILED] * 2}, ("Critical", "Healthy", "Critical", "Healthy")),
    ({"pods": [GOOD], "system": [GOOD] * 9 + ["Pending"]}, ("Critical", "Healthy", "Healthy", "Critical")),
    ({"ready": range(10), "down": 1, "pods": [GOOD]}, ("Healthy", "Healthy", "Healthy", "Healthy")),
    ({"ready": range(10), "down": 4, "pods": [GOOD]}, ("Warning", "Warning", "Healthy", "Healthy")),
    ({"ready": range(10), "down": 5, "pods": [GOOD]}, ("Critical", "Critical", "Healthy", "Healthy")),
    ({"pods": [GOOD], "age": 31}, ("No data", "Unknown", "Unknown", "Unknown")),
])  # fmt: skip
def test_health_is_the_worst_of_nodes_and_pods(given, expected):
    assert health(**given) == expected
