"""Objects of Kubernetes as rows of Container Insights."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.sources.cluster.insights import Identity
from lockgate.sources.cluster.insights.amounts import bytes_of, nano_cores
from lockgate.sources.cluster.insights.containers import container_rows, reference_parts
from lockgate.sources.cluster.insights.events import event_key, event_row
from lockgate.sources.cluster.insights.nodes import container_node_row, node_row, node_size_rows
from lockgate.sources.cluster.insights.perf import share_rows
from lockgate.sources.cluster.insights.pods import Selector, Selectors, pod_rows, uid_of
from lockgate.sources.cluster.insights.services import service_row, volume_row
from lockgate.sources.cluster.insights.usage import metrics_node_rows, metrics_pod_rows, summary_rows
from lockgate.sources.cluster.insights.workloads import scaler_row, workload_row
from lockgate.store.ingest.fitting import fit
from lockgate.tables import find

AT = "2026-03-01T10:00:00Z"
ID = "/subscriptions/S1/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod"
AZURE = Identity(ID)
SALT = b"0123456789abcdef"
POD = {
    "metadata": {
        "name": "web-7d9f-x2x", "namespace": "shop", "uid": "u-1", "creationTimestamp": "2026-03-01T09:00:00Z",
        "labels": {"app": "web", "tier": "front"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9f", "uid": "r-1"}],
    },
    "spec": {
        "nodeName": "node-1",
        "containers": [
            {
                "name": "web", "image": "harbour.example/shop/web:1.4", "command": ["web", "--port", "80"],
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "env": [
                    {"name": "MODE", "value": "fast"}, {"name": "EMPTY"},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "web"}}},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                ],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            },
            {"name": "side", "image": "side"},
        ],
        "initContainers": [{"name": "prepare", "image": "busybox@sha256:77"}],
    },
    "status": {
        "phase": "Running", "podIP": "10.0.0.7", "startTime": "2026-03-01T09:00:01Z",
        "containerStatuses": [
            {
                "name": "web", "restartCount": 2, "containerID": "containerd://c-web",
                "image": "harbour.example/shop/web:1.4", "imageID": "harbour.example/shop/web@sha256:aa",
                "state": {"running": {"startedAt": "2026-03-01T09:30:00Z"}},
                "lastState": {"terminated": {
                    "reason": "OOMKilled", "exitCode": 137, "startedAt": "2026-03-01T09:00:02Z",
                    "finishedAt": "2026-03-01T09:29:00Z", "containerID": "containerd://c-old"}},
            },
            {"name": "side", "restartCount": 1, "image": "side", "imageID": "",
             "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}},
        ],
        "initContainerStatuses": [
            {"name": "prepare", "restartCount": 0, "containerID": "containerd://c-init", "image": "sha256:77",
             "imageID": "docker.io/library/busybox@sha256:77",
             "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": "2026-03-01T09:00:01Z",
                                      "finishedAt": "2026-03-01T09:00:02Z"}}},
        ],
    },
}  # fmt: skip
NODE = {
    "metadata": {"name": "node-1", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"pool": "a"}},
    "spec": {"providerID": "azure:///subscriptions/s1/vm-1"},
    "status": {
        "allocatable": {"cpu": "1900m", "memory": "5Gi"}, "capacity": {"cpu": "2", "memory": "8Gi"},
        "conditions": [
            {"type": "MemoryPressure", "status": "False"}, {"type": "DiskPressure", "status": "True"},
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-02-01T00:00:00Z"},
        ],
        "nodeInfo": {"kubeletVersion": "v1.33.1", "kubeProxyVersion": "v1.33.1", "osImage": "Ubuntu 24.04",
                     "containerRuntimeVersion": "containerd://1.7.27"},
    },
}  # fmt: skip
SERVICE = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"app": "web"}, "clusterIP": "10.1.0.4", "type": "LoadBalancer"},
}


def selectors(*services):
    return Selectors(found for one in services if (found := Selector.of(one)) is not None)


def rows_of_pod(pod, *services):
    return list(pod_rows(pod, AZURE, time=AT, selectors=selectors(*services)))


def test_a_pod_gives_a_row_for_each_container_those_that_prepare_it_last():
    web, side, prepare = rows_of_pod(POD, SERVICE)
    assert web == {
        "TimeGenerated": AT, "SourceSystem": "Containers", "_ResourceId": ID.lower(), "_SubscriptionId": "s1",
        "ClusterId": ID, "ClusterName": "prod", "Computer": "node-1", "Name": "web-7d9f-x2x", "Namespace": "shop",
        "PodUid": "u-1", "PodLabel": '[{"app":"web","tier":"front"}]', "PodCreationTimeStamp": "2026-03-01T09:00:00Z",
        "PodStartTime": "2026-03-01T09:00:01Z", "PodStatus": "Running", "PodIp": "10.0.0.7", "ServiceName": "web",
        "ControllerKind": "ReplicaSet", "ControllerName": "web-7d9f", "PodRestartCount": 3, "ContainerID": "c-web",
        "ContainerName": "u-1/web", "InstanceName": f"{ID}/u-1/web", "ContainerRestartCount": 2,
        "ContainerStatus": "running", "ContainerStatusReason": "",
        "ContainerCreationTimeStamp": "2026-03-01T09:30:00Z", "ContainerStartTime": "2026-03-01T09:30:00Z",
        "ContainerLastStatus": '{"lastState":"terminated","reason":"OOMKilled","startedAt":"2026-03-01T09:00:02Z",'
        '"finishedAt":"2026-03-01T09:29:00Z"}',
    }  # fmt: skip
    assert (side["ContainerStatus"], side["ContainerStatusReason"]) == ("waiting", "CrashLoopBackOff")
    assert (side["ContainerID"], side["ContainerLastStatus"], side["ContainerStartTime"]) == ("", "{}", None)
    assert (prepare["ContainerName"], prepare["ContainerStatusReason"]) == ("u-1/prepare", "Completed")


def test_a_pod_that_waits_for_a_node_gives_one_row():
    waiting = {"metadata": {"name": "p", "namespace": "d", "uid": "u"}, "spec": {}, "status": {"phase": "Pending"}}
    (row,) = rows_of_pod(waiting)
    assert (row["Computer"], row["PodStatus"], row["PodRestartCount"]) == ("", "Pending", 0)
    assert "ContainerID" not in row


def test_a_pod_that_is_being_deleted_is_terminating():
    going = {**POD, "metadata": {**POD["metadata"], "deletionTimestamp": AT}}
    assert {row["PodStatus"] for row in rows_of_pod(going)} == {"Terminating"}


def test_what_a_lost_node_said_of_a_pod_is_not_known():
    lost = {**POD["status"], "reason": "NodeLost", "conditions": [{"type": "Ready", "status": "False"}]}
    rows = rows_of_pod({**POD, "status": lost})
    assert {(row["PodStatus"], row["ContainerStatus"]) for row in rows} == {("Unknown", "Unknown")}


def test_a_static_pod_is_known_by_the_hash_of_its_file():
    metadata = {"namespace": "kube-system", "uid": "mirror", "annotations": {"kubernetes.io/config.hash": "h"}}
    assert uid_of({"metadata": metadata}) == "h"
    assert uid_of({"metadata": {**metadata, "ownerReferences": []}}) == "mirror"
    assert uid_of({"metadata": {**metadata, "annotations": {}}}) == "mirror"


def test_a_service_selects_by_all_of_its_labels_within_its_namespace():
    other = {"metadata": {"name": "other", "namespace": "else"}, "spec": {"selector": {"app": "web"}}}
    narrow = {"metadata": {"name": "narrow", "namespace": "shop"}, "spec": {"selector": {"app": "web", "x": "1"}}}
    unselective = {"metadata": {"name": "none", "namespace": "shop"}, "spec": {}}
    assert {row["ServiceName"] for row in rows_of_pod(POD, other, narrow, unselective)} == {""}
    assert {row["ServiceName"] for row in rows_of_pod(POD, other, narrow, SERVICE)} == {"web"}


def test_containers_tell_image_state_and_environment_without_values():
    web, side, prepare = container_rows(POD, AZURE, time=AT, salt=SALT)
    assert [web[name] for name in ("Repository", "Image", "ImageTag", "ImageID")] == [
        "harbour.example", "shop/web", "1.4", "sha256:aa",
    ]  # fmt: skip
    assert (web["ContainerState"], web["ExitCode"]) == ("Running", 0)
    assert web["Name"] == "k8s_web_web-7d9f-x2x_shop_c-web_2"
    assert web["Command"] == '["web","--port","80"]'
    assert json.loads(web["Ports"]) == [{"containerPort": 80, "protocol": "TCP"}]
    mode, empty, key, node = json.loads(web["EnvironmentVar"])
    assert mode.startswith("MODE=lockgate-hash:")
    assert "fast" not in web["EnvironmentVar"]
    assert (empty, key) == ("EMPTY=", "KEY=secretKeyRef_keys_web")
    assert node == 'NODE={"fieldRef":{"fieldPath":"spec.nodeName"}}'
    assert (side["ContainerState"], side["ContainerID"], side["ImageTag"]) == ("Waiting", "", "latest")
    assert (prepare["ContainerState"], prepare["FinishedTime"]) == ("Terminated", "2026-03-01T09:00:02Z")


def test_a_container_that_ended_badly_failed():
    status = {"name": "c", "state": {"terminated": {"exitCode": -1}}}
    (row,) = container_rows({"status": {"containerStatuses": [status]}}, AZURE, time=AT, salt=b"")
    assert (row["ContainerState"], row["ExitCode"]) == ("Failed", 128)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ("", "nginx", "latest", "")),
        ("nginx:1.27", ("", "nginx", "1.27", "")),
        ("localhost:5000/nginx:1", ("localhost:5000", "nginx", "1", "")),
        ("docker.io/library/nginx@sha256:1", ("docker.io", "library/nginx", "", "sha256:1")),
        ("a/b:1@sha256:2", ("a", "b", "1", "sha256:2")),
        ("", ("", "", "", "")),
    ],
)
def test_references_of_images_are_cut_as_the_agent_cuts_them(reference, parts):
    assert tuple(reference_parts(reference).values()) == parts


def test_a_node_tells_its_true_conditions_and_its_labels():
    row = node_row(NODE, AZURE, time=AT)
    assert (row["Status"], row["Labels"]) == ("DiskPressure,Ready", '[{"pool":"a"}]')
    assert (row["KubernetesProviderID"], row["LastTransitionTimeReady"]) == ("azure", "2026-02-01T00:00:00Z")
    assert (row["DockerVersion"], row["OperatingSystem"]) == ("containerd://1.7.27", "Ubuntu 24.04")
    assert container_node_row(NODE, AZURE, time=AT)["Computer"] == "node-1"
    assert node_row({}, AZURE, time=AT)["KubernetesProviderID"] == "onprem"


def counters(rows):
    return {(row["ObjectName"], row["InstanceName"], row["CounterName"]): row["CounterValue"] for row in rows}


def test_sizes_of_a_node_are_counters():
    assert counters(node_size_rows(NODE, AZURE, time=AT)) == {
        ("K8SNode", f"{ID}/node-1", "cpuAllocatableNanoCores"): 1.9e9,
        ("K8SNode", f"{ID}/node-1", "memoryAllocatableBytes"): 5 * 2.0**30,
        ("K8SNode", f"{ID}/node-1", "cpuCapacityNanoCores"): 2e9,
        ("K8SNode", f"{ID}/node-1", "memoryCapacityBytes"): 8 * 2.0**30,
    }


def test_a_container_without_a_limit_may_use_what_its_node_can_give():
    found = counters(share_rows(POD, AZURE, time=AT, allocatable={"node-1": NODE["status"]["allocatable"]}))
    web, side, prepare = (("K8SContainer", f"{ID}/u-1/{name}") for name in ("web", "side", "prepare"))
    assert found == {
        (*web, "cpuRequestNanoCores"): 1e8, (*web, "memoryRequestBytes"): 64 * 2.0**20,
        (*web, "cpuLimitNanoCores"): 1.9e9, (*web, "memoryLimitBytes"): 128 * 2.0**20,
        (*side, "cpuLimitNanoCores"): 1.9e9, (*side, "memoryLimitBytes"): 5 * 2.0**30,
        (*prepare, "cpuLimitNanoCores"): 1.9e9, (*prepare, "memoryLimitBytes"): 5 * 2.0**30,
    }  # fmt: skip


def test_quantities_are_numbers_and_what_is_none_is_absent():
    assert (nano_cores("250m"), nano_cores(2), bytes_of("1Ki"), bytes_of("1e3")) == (2.5e8, 2e9, 1024.0, 1000.0)
    assert [nano_cores(one) for one in ("", "x", None, True, [], "1e999999999")] == [None] * 6


def test_services_and_volumes():
    row = service_row(SERVICE, AZURE, time=AT)
    assert (row["SelectorLabels"], row["ServiceType"], row["ClusterIp"]) == (
        '[{"app":"web"}]', "LoadBalancer", "10.1.0.4",
    )  # fmt: skip
    volume = {
        "metadata": {"name": "pv-1", "creationTimestamp": AT},
        "spec": {
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": {"storage": "1Gi"},
            "storageClassName": "fast", "claimRef": {"name": "data", "namespace": "shop"},
            "azureDisk": {"diskName": "d", "diskURI": "/d"},
        },
        "status": {"phase": "Bound"},
    }  # fmt: skip
    row = volume_row(volume, AZURE, time=AT)
    assert (row["PVAccessModes"], row["PVCapacityBytes"]) == ("ReadWriteOnce, ReadOnlyMany", 2.0**30)
    assert (row["PVType"], row["PVTypeInfo"]) == ("azureDisk", {"DiskName": "d", "DiskUri": "/d"})
    assert (row["PVCName"], row["PVCNamespace"], row["PVStatus"]) == ("data", "shop", "Bound")


def test_an_event_of_either_group_gives_the_same_row():
    core = {
        "metadata": {"uid": "e", "resourceVersion": "7", "creationTimestamp": AT}, "type": "Warning", "count": 4,
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "shop"}, "reason": "BackOff", "message": "again",
        "firstTimestamp": AT, "lastTimestamp": "2026-03-01T10:05:00Z",
        "source": {"component": "kubelet", "host": "node-1"},
    }  # fmt: skip
    new = {
        "metadata": core["metadata"], "type": "Warning", "deprecatedCount": 4, "regarding": core["involvedObject"],
        "reason": "BackOff", "note": "again", "deprecatedFirstTimestamp": AT,
        "deprecatedLastTimestamp": "2026-03-01T10:05:00Z", "deprecatedSource": core["source"],
    }
    row = event_row(core, AZURE, time="2026-03-01T10:06:00Z")
    assert row == event_row(new, AZURE, time="2026-03-01T10:06:00Z")
    assert (row["TimeGenerated"], row["LastSeen"], row["Count"]) == (AT, "2026-03-01T10:05:00Z", 4.0)
    assert (row["Computer"], row["SourceComponent"], row["ObjectKind"]) == ("node-1", "kubelet", "Pod")
    assert event_key(core) == ("e", "7")


def test_an_event_of_a_series_counts_it():
    event = {
        "metadata": {"creationTimestamp": AT}, "eventTime": "2026-03-01T10:00:00.5Z", "reportingComponent": "scheduler",
        "series": {"count": 9, "lastObservedTime": "2026-03-01T10:09:00Z"},
    }  # fmt: skip
    row = event_row(event, AZURE, time=AT)
    assert (row["Count"], row["LastSeen"], row["SourceComponent"]) == (9.0, "2026-03-01T10:09:00Z", "scheduler")
    assert row["FirstSeen"] == "2026-03-01T10:00:00.5Z"


SUMMARY = {
    "node": {
        "nodeName": "node-1", "startTime": "2026-03-01T00:00:00Z",
        "cpu": {"usageNanoCores": 500}, "memory": {"workingSetBytes": 900, "rssBytes": 700},
        "fs": {"capacityBytes": 100, "usedBytes": 30, "availableBytes": 60},
        "runtime": {"imageFs": {"capacityBytes": 50, "availableBytes": 20}},
        "network": {"name": "eth0", "interfaces": [{"name": "eth0", "rxBytes": 5, "txBytes": 6, "rxErrors": 0}]},
    },
    "pods": [
        {
            "podRef": {"name": "web-7d9f-x2x", "namespace": "shop", "uid": "u-1"},
            "containers": [{"name": "web", "startTime": "2026-03-01T09:30:00Z", "cpu": {"usageNanoCores": 40},
                            "memory": {"workingSetBytes": 80, "rssBytes": 60}}],
            "volume": [
                {"name": "data", "usedBytes": 11, "capacityBytes": 22, "inodes": 9, "inodesFree": 4,
                 "pvcRef": {"name": "d", "namespace": "shop"}},
                {"name": "token", "usedBytes": 1},
            ],
        },
        {"podRef": {"name": "not-asked-for", "namespace": "x"}, "containers": [{"name": "c"}]},
    ],
}  # fmt: skip
UIDS = {("shop", "web-7d9f-x2x"): ("u-1", "node-1")}


def test_a_summary_gives_counters_of_node_and_containers():
    told = list(summary_rows(SUMMARY, AZURE, time=AT, node="node-1", uids=UIDS))
    assert counters(row for table, row in told if table == "Perf") == {
        ("K8SNode", f"{ID}/node-1", "cpuUsageNanoCores"): 500.0,
        ("K8SNode", f"{ID}/node-1", "memoryWorkingSetBytes"): 900.0,
        ("K8SNode", f"{ID}/node-1", "memoryRssBytes"): 700.0,
        ("K8SNode", f"{ID}/node-1", "restartTimeEpoch"): 1772323200.0,
        ("K8SContainer", f"{ID}/u-1/web", "cpuUsageNanoCores"): 40.0,
        ("K8SContainer", f"{ID}/u-1/web", "memoryWorkingSetBytes"): 80.0,
        ("K8SContainer", f"{ID}/u-1/web", "memoryRssBytes"): 60.0,
        ("K8SContainer", f"{ID}/u-1/web", "restartTimeEpoch"): 1772357400.0,
    }
    found = {(row["Namespace"], row["Name"], json.loads(row["Tags"]).get("device")): row["Val"]
             for table, row in told if table == "InsightsMetrics"}  # fmt: skip
    assert found == {
        ("container.azm.ms/disk", "used", "kubelet"): 30.0, ("container.azm.ms/disk", "free", "kubelet"): 60.0,
        ("container.azm.ms/disk", "used_percent", "kubelet"): 100 * 30 / 90,
        ("container.azm.ms/disk", "used", "images"): 30.0, ("container.azm.ms/disk", "free", "images"): 20.0,
        ("container.azm.ms/disk", "used_percent", "images"): 60.0,
        ("container.azm.ms/net", "bytes_recv", None): 5.0, ("container.azm.ms/net", "bytes_sent", None): 6.0,
        ("container.azm.ms/net", "err_in", None): 0.0, ("container.azm.ms/pv", "pvUsedBytes", None): 11.0,
        ("container.azm.ms/pv", "pvInodesFree", None): 4.0,
    }  # fmt: skip


def test_the_metrics_api_gives_the_same_counters_where_it_has_them():
    pod = {"metadata": {"name": "web-7d9f-x2x", "namespace": "shop"},
           "containers": [{"name": "web", "usage": {"cpu": "40n", "memory": "80"}}]}  # fmt: skip
    node = {"metadata": {"name": "node-1"}, "usage": {"cpu": "500n", "memory": "900"}}
    told = [*metrics_node_rows(node, AZURE, time=AT), *metrics_pod_rows(pod, AZURE, time=AT, uids=UIDS)]
    assert counters(row for _, row in told) == {
        ("K8SNode", f"{ID}/node-1", "cpuUsageNanoCores"): 500.0,
        ("K8SNode", f"{ID}/node-1", "memoryWorkingSetBytes"): 900.0,
        ("K8SContainer", f"{ID}/u-1/web", "cpuUsageNanoCores"): 40.0,
        ("K8SContainer", f"{ID}/u-1/web", "memoryWorkingSetBytes"): 80.0,
    }


def test_workloads_tell_how_far_they_are():
    deployment = {
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": AT},
        "spec": {"replicas": 3, "strategy": {"type": "RollingUpdate"}},
        "status": {"readyReplicas": 2, "updatedReplicas": 3},
    }
    row = workload_row(deployment, AZURE, time=AT)
    tags = json.loads(row["Tags"])
    assert (row["Namespace"], row["Name"], row["Val"]) == (
        "container.azm.ms/kubestate", "kube_deployment_status_replicas_ready", 2.0,
    )  # fmt: skip
    assert (tags["deployment"], tags["spec_replicas"], tags["status_replicas_available"]) == ("web", 3.0, 0.0)
    assert tags["container.azm.ms/clusterName"] == "prod"
    scaler = {"spec": {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
              "status": {"currentReplicas": 4}}  # fmt: skip
    assert scaler_row(scaler, AZURE, time=AT)["Val"] == 4.0


def test_a_cluster_outside_azure_is_named_as_it_is_called():
    row = Identity("default/api.example:6443/admin").cluster_row(AT)
    assert (row["ClusterId"], row["ClusterName"], row["_ResourceId"]) == (*["default/api.example:6443/admin"] * 2, "")


NAMES = st.sampled_from([
    "metadata", "spec", "status", "name", "namespace", "uid", "labels", "containers", "containerStatuses", "state",
    "running", "terminated", "waiting", "startedAt", "exitCode", "restartCount", "env", "value", "valueFrom", "image",
    "imageID", "command", "ports", "resources", "limits", "cpu", "memory", "conditions", "type", "capacity", "pods",
    "podRef", "node", "nodeName", "volume", "pvcRef", "network", "fs", "usageNanoCores", "usedBytes", "capacityBytes",
    "availableBytes", "selector", "series", "count", "involvedObject", "usage", "creationTimestamp", "startTime",
    "ownerReferences", "accessModes", "claimRef", "allocatable", "annotations", "replicas",
])  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.sampled_from(
    ["", "x", "shop", "100m", "1Gi", AT, "0001-01-01T00:00:00Z", "True", "a/b:c@d", "containerd://id", "Ready"]
)  # fmt: skip
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6))
BODIES = st.dictionaries(NAMES, VALUES, max_size=8)


@settings(max_examples=200)
@given(BODIES)
def test_whatever_an_object_is_like_its_rows_fit_their_tables(body):
    uids = {("shop", "shop"): ("u", "n"), ("", ""): ("", "")}
    told = [
        *(("KubePodInventory", row) for row in pod_rows(body, AZURE, time=AT, selectors=selectors(body))),
        *(("ContainerInventory", row) for row in container_rows(body, AZURE, time=AT, salt=SALT)),
        ("KubeNodeInventory", node_row(body, AZURE, time=AT)),
        ("ContainerNodeInventory", container_node_row(body, AZURE, time=AT)),
        *(("Perf", row) for row in node_size_rows(body, AZURE, time=AT)),
        *(("Perf", row) for row in share_rows(body, AZURE, time=AT, allocatable={"x": body})),
        ("KubeServices", service_row(body, AZURE, time=AT)), ("KubePVInventory", volume_row(body, AZURE, time=AT)),
        ("KubeEvents", event_row(body, AZURE, time=AT)), *summary_rows(body, AZURE, time=AT, node="n", uids=uids),
        *metrics_node_rows(body, AZURE, time=AT), *metrics_pod_rows(body, AZURE, time=AT, uids=uids),
        ("InsightsMetrics", workload_row(body, AZURE, time=AT)), ("InsightsMetrics", scaler_row(body, AZURE, time=AT)),
    ]  # fmt: skip
    for table, row in told:
        columns = {column.name: column.type for column in find(table).columns}
        for name, value in row.items():
            assert name in columns, (table, name)
            if columns[name] != "datetime":  # times that are none are told by ingestion, with the row kept
                fit(columns[name], value)
