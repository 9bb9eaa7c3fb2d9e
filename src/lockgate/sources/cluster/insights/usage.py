"""What nodes, containers and volumes use: from the kubelet's summary, or from the metrics API.

The summary is what ``/stats/summary`` of a kubelet answers (https://kubernetes.io/docs/reference/instrumentation/
node-metrics, ``stats/v1alpha1``). ``Perf`` gets of it what the agent takes (CAdvisorMetricsAPIClient.rb), and
``InsightsMetrics`` volumes as the agent has them. Disks and networks of the node the agent reads on the node itself,
through Telegraf; the summary knows the file systems of the kubelet and of images, and the interfaces as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lockgate.sources.cluster.insights.amounts import bytes_of, nano_cores
from lockgate.sources.cluster.insights.fields import number, part, parts, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.perf import CONTAINER, NODE, counter, metric

PERF, METRICS = "Perf", "InsightsMetrics"
Told = tuple[str, dict[str, Any]]
"""(name of the table, row)."""
Uids = Mapping[tuple[str, str], tuple[str, str]]
"""Whose numbers are told: (namespace, name) of a pod -> (uid as the inventory has it, node)."""
_USED = (("memory", "workingSetBytes", "memoryWorkingSetBytes"), ("memory", "rssBytes", "memoryRssBytes"))
_MOVED = (
    ("rxBytes", "bytes_recv"), ("txBytes", "bytes_sent"), ("rxErrors", "err_in"), ("txErrors", "err_out"),
)  # fmt: skip
_FILE_SYSTEMS = (("fs", "kubelet"), ("imageFs", "images"), ("containerFs", "containers"))


def summary_rows(
    summary: Mapping[str, Any], identity: Identity, *, time: str, node: str, uids: Uids
) -> Iterator[Told]:  # fmt: skip
    """The rows of one kubelet's summary. Pods that ``uids`` does not know are passed over: they are not asked for."""
    told = part(summary, "node")
    for row in _usage(told, identity, time, kind=NODE, computer=node, instance=(node,)):
        yield PERF, row
    yield from ((METRICS, row) for row in _disks(told, identity, time, node))
    yield from ((METRICS, row) for row in _networks(told, identity, time, node))
    for pod in parts(summary, "pods"):
        reference = part(pod, "podRef")
        name, namespace = text(reference, "name"), text(reference, "namespace")
        known = uids.get((namespace, name))
        if known is None:
            continue
        uid = known[0]
        for container in parts(pod, "containers"):
            instance = (uid, text(container, "name"))
            for row in _usage(container, identity, time, kind=CONTAINER, computer=node, instance=instance):
                yield PERF, row
        yield from ((METRICS, row) for row in _volumes(pod, identity, time, node, uid))


def metrics_node_rows(measured: Mapping[str, Any], identity: Identity, *, time: str) -> Iterator[Told]:
    """The rows of one ``NodeMetrics`` of ``metrics.k8s.io``."""
    node = text(part(measured, "metadata"), "name")
    yield from _measured(part(measured, "usage"), identity, time, kind=NODE, computer=node, instance=(node,))


def metrics_pod_rows(
    measured: Mapping[str, Any], identity: Identity, *, time: str, uids: Uids
) -> Iterator[Told]:  # fmt: skip
    """The rows of one ``PodMetrics`` of ``metrics.k8s.io``."""
    metadata = part(measured, "metadata")
    known = uids.get((text(metadata, "namespace"), text(metadata, "name")))
    if known is None:
        return
    uid, node = known
    for one in parts(measured, "containers"):
        instance = (uid, text(one, "name"))
        yield from _measured(part(one, "usage"), identity, time, kind=CONTAINER, computer=node, instance=instance)


def _measured(
    usage: Mapping[str, Any], identity: Identity, time: str, *, kind: str, computer: str, instance: tuple[str, ...]
) -> Iterator[Told]:  # fmt: skip
    for value, name in (
        (nano_cores(usage.get("cpu")), "cpuUsageNanoCores"), (bytes_of(usage.get("memory")), "memoryWorkingSetBytes"),
    ):  # fmt: skip
        if value is not None:
            yield PERF, counter(identity, time, kind, name, value, computer=computer, instance=instance)


def _usage(
    told: Mapping[str, Any], identity: Identity, time: str, *, kind: str, computer: str, instance: tuple[str, ...]
) -> Iterator[dict[str, Any]]:  # fmt: skip
    values = [("cpuUsageNanoCores", number(part(told, "cpu"), "usageNanoCores"))]
    values += [(name, number(part(told, where), field)) for where, field, name in _USED]
    values.append(("restartTimeEpoch", _epoch(text(told, "startTime"))))
    for name, value in values:
        if value is not None:
            yield counter(identity, time, kind, name, value, computer=computer, instance=instance)


def _epoch(moment: str) -> float | None:
    try:
        found = datetime.fromisoformat(moment)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _disks(told: Mapping[str, Any], identity: Identity, time: str, node: str) -> Iterator[dict[str, Any]]:
    for field, title in _FILE_SYSTEMS:
        found = part(told if field == "fs" else part(told, "runtime"), field)
        size, used = number(found, "capacityBytes"), number(found, "usedBytes")
        free = number(found, "availableBytes")
        if size is None or free is None:
            continue
        used = size - free if used is None else used
        tags = {"device": title, "hostName": node, "path": title}
        values = {"used": used, "free": free, "used_percent": 100.0 * used / (used + free) if used + free else 0.0}
        for name, value in values.items():
            yield metric(identity, time, "disk", name, value, computer=node, tags=tags)


def _networks(told: Mapping[str, Any], identity: Identity, time: str, node: str) -> Iterator[dict[str, Any]]:
    network = part(told, "network")
    interfaces = list(parts(network, "interfaces")) or ([network] if network else [])
    for one in interfaces:
        tags = {"hostName": node, "interface": text(one, "name")}
        for field, name in _MOVED:
            value = number(one, field)
            if value is not None:
                yield metric(identity, time, "net", name, value, computer=node, tags=tags)


def _volumes(
    pod: Mapping[str, Any], identity: Identity, time: str, node: str, uid: str
) -> Iterator[dict[str, Any]]:  # fmt: skip
    reference = part(pod, "podRef")
    for volume in parts(pod, "volume"):
        claim = part(volume, "pvcRef")
        used = number(volume, "usedBytes")
        if not text(claim, "name") or used is None:
            continue
        tags = {
            "podUid": uid, "podName": text(reference, "name"), "pvcName": text(claim, "name"),
            "pvcNamespace": text(claim, "namespace"), "volumeName": text(volume, "name"),
            "pvCapacityBytes": volume.get("capacityBytes"),
        }  # fmt: skip
        yield metric(identity, time, "pv", "pvUsedBytes", used, computer=node, tags=tags)
        every, free = number(volume, "inodes"), number(volume, "inodesFree")
        if every and free is not None:  # some file systems have none to count; the agent leaves them out altogether
            own = {**{name: value for name, value in tags.items() if name != "pvCapacityBytes"}, "pvInodes": every}
            yield metric(identity, time, "pv", "pvInodesFree", free, computer=node, tags=own)
