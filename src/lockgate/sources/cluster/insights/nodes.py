"""``KubeNodeInventory``, ``ContainerNodeInventory`` and the sizes of nodes for ``Perf`` (in_kube_nodes.rb)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.sources.cluster.insights.amounts import bytes_of, nano_cores
from lockgate.sources.cluster.insights.fields import json_text, moment, part, parts, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.perf import NODE, counter

_NO_CLOUD = "onprem"


def node_row(node: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """The row of ``KubeNodeInventory`` of one Node at one scan."""
    metadata, status = part(node, "metadata"), part(node, "status")
    info = part(status, "nodeInfo")
    conditions = list(parts(status, "conditions"))
    ready = next((one for one in conditions if one.get("type") == "Ready"), {})
    return identity.cluster_row(
        time, Computer=text(metadata, "name"), CreationTimeStamp=moment(metadata, "creationTimestamp"),
        Labels=json_text([dict(part(metadata, "labels"))]),
        Status=",".join(text(one, "type") for one in conditions if one.get("status") == "True"),
        LastTransitionTimeReady=moment(ready, "lastTransitionTime"),
        KubernetesProviderID=text(part(node, "spec"), "providerID").partition(":")[0] or _NO_CLOUD,
        KubeletVersion=text(info, "kubeletVersion"), KubeProxyVersion=text(info, "kubeProxyVersion"),
        OperatingSystem=text(info, "osImage"), DockerVersion=_runtime(info),
    )  # fmt: skip


def container_node_row(node: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """The row of ``ContainerNodeInventory``."""
    info = part(node, "status", "nodeInfo")
    name = text(part(node, "metadata"), "name")
    return identity.row(time, Computer=name, OperatingSystem=text(info, "osImage"), DockerVersion=_runtime(info))


def node_size_rows(node: Mapping[str, Any], identity: Identity, *, time: str) -> Iterator[dict[str, Any]]:
    """Rows of ``Perf``: what the node has, and what of it pods can get."""
    name = text(part(node, "metadata"), "name")
    for field, title in (("allocatable", "Allocatable"), ("capacity", "Capacity")):
        sizes = part(node, "status", field)
        for value, counted in (
            (nano_cores(sizes.get("cpu")), f"cpu{title}NanoCores"),
            (bytes_of(sizes.get("memory")), f"memory{title}Bytes"),
        ):
            if value is not None:
                yield counter(identity, time, NODE, counted, value, computer=name, instance=(name,))


def _runtime(info: Mapping[str, Any]) -> str:
    """``containerd://1.7.27`` as it is; of Docker its version alone."""
    version = text(info, "containerRuntimeVersion")
    return version[len("docker://") :] if version.lower().startswith("docker://") else version
