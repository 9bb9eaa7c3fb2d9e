"""Rows of ``Perf`` and ``InsightsMetrics``, and what containers ask for and may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockgate.sources.cluster.insights.amounts import bytes_of, nano_cores
from lockgate.sources.cluster.insights.fields import json_text, part, parts, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.pods import uid_of

NODE, CONTAINER = "K8SNode", "K8SContainer"
"""The objects of Kubernetes' counters."""
ORIGIN = "container.azm.ms"
"""``Origin`` of the metrics of Container Insights, and the beginning of their namespaces and of two tags."""
_COUNTED: tuple[tuple[str, str, str, Callable[[Any], float | None]], ...] = (
    ("requests", "cpu", "cpuRequestNanoCores", nano_cores),
    ("requests", "memory", "memoryRequestBytes", bytes_of),
    ("limits", "cpu", "cpuLimitNanoCores", nano_cores),
    ("limits", "memory", "memoryLimitBytes", bytes_of),
)


def counter(
    identity: Identity, time: str, kind: str, name: str, value: float, *, computer: str, instance: tuple[str, ...]
) -> dict[str, Any]:  # fmt: skip
    """One row of ``Perf``."""
    within = identity.instance(*instance)
    return identity.row(
        time, Computer=computer, ObjectName=kind, InstanceName=within, CounterName=name, CounterValue=value,
        CounterPath=f"\\\\{computer}\\{kind}({within})\\{name}",
    )  # fmt: skip


def metric(
    identity: Identity, time: str, namespace: str, name: str, value: float, *, computer: str, tags: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """One row of ``InsightsMetrics``; ``namespace`` without its beginning: ``disk``."""
    every = {f"{ORIGIN}/clusterId": identity.id, f"{ORIGIN}/clusterName": identity.name, **tags}
    return identity.row(
        time, Computer=computer, Origin=ORIGIN, Namespace=f"{ORIGIN}/{namespace}", Name=name, Val=value,
        Tags=json_text(every),
    )  # fmt: skip


def share_rows(
    pod: Mapping[str, Any], identity: Identity, *, time: str, allocatable: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Rows of ``Perf``: requests and limits of the containers of a Pod that has a node.

    A container without a limit may use what its node can give: ``allocatable`` by the name of the node.
    """
    spec = part(pod, "spec")
    node, uid = text(spec, "nodeName"), uid_of(pod)
    if not node:
        return
    room = allocatable.get(node, {})
    for container in (*parts(spec, "containers"), *parts(spec, "initContainers")):
        for field, resource, name, read in _COUNTED:
            value = read(part(container, "resources", field).get(resource))
            if value is None and field == "limits":
                value = read(room.get(resource))
            if value is not None:
                instance = (uid, text(container, "name"))
                yield counter(identity, time, CONTAINER, name, value, computer=node, instance=instance)
