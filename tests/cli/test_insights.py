"""`lockgate insights`: rows that came in as the agent of Container Insights sends them, as tables and as one page."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.cli._ask_chart import spark
from lockgate.reports.trend import numbers_of

CLUSTER = {"ClusterName": "harbour", "ClusterId": "/subscriptions/s/harbour"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an hour of one node and one Pod; the Pod's name is no markup."""
    found = tmp_path_factory.mktemp("seen")
    (found / "lockgate.yaml").write_text("version: 1\nfamilies: [policy]\n")
    now = datetime.now(UTC)
    tables = {"Perf": [], "KubeNodeInventory": [], "KubePodInventory": [], "KubeEvents": []}
    for minute in range(60):
        when = (now - timedelta(minutes=minute)).isoformat()
        own = {"TimeGenerated": when, "Computer": "node-a"}
        for kind, name, bound in (("K8SNode", "node-a", "cpuCapacityNanoCores"),
                                  ("K8SContainer", "uid-1/web", "cpuLimitNanoCores")):  # fmt: skip
            for counter, value in (("cpuUsageNanoCores", 10 * (minute % 5)), (bound, 100)):
                tables["Perf"].append({**own, "ObjectName": kind, "CounterName": counter, "CounterValue": value,
                                       "InstanceName": f"/subscriptions/s/harbour/{name}"})  # fmt: skip
        tables["KubeNodeInventory"].append({**own, **CLUSTER, "Status": "Ready"})
        tables["KubePodInventory"].append({
            **own, **CLUSTER, "PodUid": "uid-1", "Name": "<b>web</b>", "Namespace": "shop",
            "PodStatus": "Running", "ContainerName": "uid-1/web", "ContainerStatus": "running",
            "ControllerKind": "ReplicaSet", "ControllerName": "web-1", "ContainerRestartCount": 0,
        })  # fmt: skip
    tables["KubeEvents"].append({"TimeGenerated": now.isoformat(), "ClusterName": "harbour", "Reason": "BackOff",
                                 "KubeEventType": "Warning", "LastSeen": now.isoformat(), "Count": 3.0})  # fmt: skip
    for name, rows in tables.items():
        (found / f"{name}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return found


@pytest.fixture
def insights(lockgate, folder):
    for path in sorted(folder.glob("*.ndjson")):
        assert lockgate("ingest", path.name, "--table", path.stem, cwd=folder).returncode == 0
        path.unlink()
    return lambda *arguments: lockgate("insights", *arguments, cwd=folder)


def rows(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_health_of_clusters_is_shown_first(insights):
    (one,) = rows(insights("--format", "ndjson"))
    assert (one["Cluster"], one["Health"], one["Nodes"], one["Running"]) == ("harbour", "Healthy", 1, 1)


def test_nodes_and_containers_are_shown_with_percentiles(insights):
    (node,) = rows(insights("nodes", "--back", "2h", "--format", "ndjson"))
    assert (node["Node"], node["MinPercent"], node["AvgPercent"], node["MaxPercent"]) == ("node-a", 0.0, 20.0, 40.0)
    (one,) = rows(insights("containers", "--cluster", "harbour", "--format", "ndjson"))
    assert (one["Container"], one["PodName"], one["P95Percent"]) == ("web", "<b>web</b>", 40.0)
    assert rows(insights("controllers", "--cluster", "other' or true or 'a' == 'a", "--format", "ndjson")) == []


def test_the_charts_of_a_cluster_are_of_that_cluster(insights):
    one, *_ = insights("cluster", "--cluster", "harbour", "--back", "2h", "--format", "csv").stdout.splitlines()
    assert one == "TimeGenerated,Min,Avg,Max"
    every = insights("cluster", "--back", "2h", "--format", "csv").stdout.splitlines()
    assert every[0] == "TimeGenerated,ClusterName,Avg" and ",harbour," in every[1]
    assert not any("," in line and "Time" not in line
                   for line in insights("cluster", "--cluster", "other", "--format", "csv").stdout.splitlines())


def test_warnings_of_the_cluster_are_told(insights):
    (event,) = rows(insights("events", "--format", "ndjson"))
    assert (event["Reason"], event["Count"]) == ("BackOff", 3.0)


def test_the_page_draws_everything_and_fetches_nothing(insights, folder):
    assert insights("--out", "insights.html").returncode == 0
    page = (folder / "insights.html").read_text()
    assert page.count("<polyline") >= 3 and '<svg class="trend"' in page
    assert "&lt;b&gt;web&lt;/b&gt;" in page and "<b>web" not in page
    assert not any(sign in page for sign in ("<script", "src=", "url(", "href=\"http"))


@pytest.mark.parametrize("arguments", [("--back", "soon"), ("--back", "0s"), ("--back", "999d"), ("pods",),
                                       ("--out", "a.html", "--format", "csv")])  # fmt: skip
def test_a_wrong_call_exits_with_2(insights, arguments):
    assert insights(*arguments).returncode == 2


def test_a_list_of_numbers_is_drawn_and_nothing_else_is():
    assert spark(numbers_of("[0,3,7,null]")) == "\u2581\u2584\u2588\u2581"
    for text in ("", "[", "[1]", '["a","b"]', "[true,false]", "[[1],[2]]", "{}", "[null,null]", "7"):
        assert numbers_of(text) == []


def test_alerts_are_shown_and_kept_where_that_is_asked_for(insights, lockgate, folder):
    full = {"TimeGenerated": datetime.now(UTC).isoformat(), "Computer": "node-a", "Name": "used_percent", "Val": 91.0,
            "Namespace": "container.azm.ms/disk",
            "Tags": json.dumps({"container.azm.ms/clusterName": "harbour", "device": "kubelet"})}  # fmt: skip
    (folder / "full.jsonl").write_text(json.dumps(full) + "\n")
    assert lockgate("ingest", "full.jsonl", "--table", "InsightsMetrics", cwd=folder).returncode == 0
    (one,) = rows(insights("alerts", "--keep", "--format", "ndjson"))
    assert (one["Rule"], one["Object"], one["Value"]) == ("alerts/node-disk-high", "node-a kubelet", 91.0)
    assert rows(insights("alerts", "--cluster", "other", "--format", "ndjson")) == []
    kept = lockgate("ask", "ClusterAlerts | project Rule, ClusterName", "--format", "ndjson", cwd=folder)
    assert rows(kept) == [{"Rule": "alerts/node-disk-high", "ClusterName": "harbour"}]
    assert insights("nodes", "--keep").returncode == insights("--gate").returncode == 2
    (again,) = rows(insights("alerts", "--format", "ndjson"))
    assert (one["State"], again["State"], again["WaivedBy"]) == ("new", "known", "")
    (folder / "lockgate.yaml").write_text("version: 1\nfamilies: [policy]\ngate: {deny: [{family: alerts}]}\n")
    assert insights("alerts", "--gate").returncode == 1
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    (folder / "lockgate-waivers.yaml").write_text(
        f"waivers:\n- {{rule: alerts/node-disk-high, kind: Node, name: node-a, by: Ann, "
        f"reason: a larger disk is ordered, expires: {until}}}\n"
    )
    done = insights("alerts", "--gate", "--format", "ndjson")
    (waived,) = rows(done)
    assert (waived["WaivedBy"], waived["WaivedUntil"]) == ("Ann", until)
