"""One scan of a cluster as rows of Container Insights: what there is, and what it uses.

Lists come chunk by chunk and rows leave as they are made; kept over a scan are names, uids, selectors of services and
sizes of nodes. What may not be read is a Skip, and the rest goes on. Requests are GET alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from itertools import islice
from typing import Any
from urllib.parse import quote

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import printable
from lockgate.model import Object, Skip, SkipKind
from lockgate.sources.cluster.connection import Connection, OversizeError, RefusedError, SilentError
from lockgate.sources.cluster.discovery import Resource
from lockgate.sources.cluster.insights.containers import container_rows
from lockgate.sources.cluster.insights.events import event_key, event_row
from lockgate.sources.cluster.insights.fields import part, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.nodes import container_node_row, node_row, node_size_rows
from lockgate.sources.cluster.insights.perf import share_rows
from lockgate.sources.cluster.insights.pods import Selector, Selectors, pod_rows, uid_of
from lockgate.sources.cluster.insights.services import service_row, volume_row
from lockgate.sources.cluster.insights.usage import Told, metrics_node_rows, metrics_pod_rows, summary_rows
from lockgate.sources.cluster.insights.workloads import scaler_row, workload_row
from lockgate.sources.cluster.listing import Listing

PODS = Resource("", "v1", "pods", "Pod", True)
NODES = Resource("", "v1", "nodes", "Node", False)
SERVICES = Resource("", "v1", "services", "Service", True)
VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", False)
EVENTS = Resource("", "v1", "events", "Event", True)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", True)
SCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True)
_NODE_METRICS = Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False)
_POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", True)
_AT_ONCE = 4
"""Kubelets that are asked at the same time."""
_MOST_SUMMARY = 32 << 20
"""Bytes of one summary: a node with 250 pods answers with less than one million."""
_MOST_OF_SUMMARIES = 5
"""Nodes whose silence is told one by one; of the others only how many they are."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is collected."""

    namespaces: tuple[str, ...] = ()
    """These alone; empty for all."""
    excluded: frozenset[str] = frozenset()
    """Namespaces that are left out."""

    def takes(self, namespace: str) -> bool:
        """Whether objects of that namespace are collected; those of none always are."""
        return not namespace or (
            namespace not in self.excluded and (not self.namespaces or namespace in self.namespaces)
        )

    def of(self, resource: Resource) -> tuple[str, ...]:
        """The namespaces in which a resource is listed."""
        return self.namespaces if resource.namespaced and self.namespaces else ("",)


@dataclass(slots=True)
class Scan:
    """One scan under way; afterwards what it met."""

    connection: Connection
    identity: Identity
    scope: Scope
    salt: bytes
    time: str
    """When it began: ``TimeGenerated`` of its rows."""
    uids: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(namespace, name) of each pod -> (uid, node)."""
    each_pod: Callable[[Mapping[str, Any]], None] = lambda pod: None
    """Is shown every pod."""
    whole_pods: bool = False
    """Whether every pod was listed."""
    _sizes: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def inventory(self) -> Iterator[Told | Skip]:
        """Nodes, services, volumes, pods with their containers, and how far workloads are."""
        yield from self._listed(NODES, self._node)
        selectors: list[Selector] = []
        yield from self._listed(SERVICES, lambda body: self._service(body, selectors))
        yield from self._listed(
            VOLUMES, lambda body: iter([("KubePVInventory", volume_row(body, self.identity, time=self.time))])
        )
        chosen = Selectors(selectors)
        told: list[bool] = []
        yield from self._listed(PODS, lambda body: self._pod(body, chosen), told)
        self.whole_pods = all(told)
        yield from self._listed(
            DEPLOYMENTS, lambda body: iter([("InsightsMetrics", workload_row(body, self.identity, time=self.time))])
        )
        yield from self._listed(
            SCALERS, lambda body: iter([("InsightsMetrics", scaler_row(body, self.identity, time=self.time))])
        )

    def events(self) -> Iterator[tuple[tuple[str, str], dict[str, Any]] | Skip]:
        """(uid and version, row) of every event that the cluster keeps."""
        for told in self._objects(EVENTS):
            if isinstance(told, Skip):
                yield told
            elif self.scope.takes(text(part(told, "involvedObject"), "namespace")):
                yield event_key(told), event_row(told, self.identity, time=self.time)

    def usage(self) -> Iterator[Told | Skip]:
        """What nodes and containers use, by the kubelets' summaries, or by the metrics API where they are refused.

        Asks the nodes that :meth:`inventory` met, about the pods that it met.
        """
        silent, refused = 0, False
        nodes = iter(sorted(self._sizes))
        with ThreadPoolExecutor(_AT_ONCE, "summary") as workers:
            while not refused and (some := list(islice(nodes, _AT_ONCE))):
                for node, answer in zip(some, workers.map(self._summary, some), strict=True):
                    if isinstance(answer, Mapping):
                        yield from summary_rows(answer, self.identity, time=self.time, node=node, uids=self.uids)
                    elif isinstance(answer, RefusedError) and answer.status in (401, 403):
                        refused = True
                    else:
                        silent += 1
                        if silent <= _MOST_OF_SUMMARIES:
                            yield self._skip(f"Node/{node}", f"its kubelet gives no summary: {answer}")
        if silent > _MOST_OF_SUMMARIES:
            yield self._skip("nodes", f"{silent} kubelets gave no summary")
        if refused:
            yield self._skip(
                "nodes/proxy", "summaries of kubelets may not be read: metrics.k8s.io is asked instead, which knows "
                "nothing of resident memory, restarts, disks, networks and volumes",
            )  # fmt: skip
            yield from self._listed(
                _NODE_METRICS, lambda body: metrics_node_rows(body, self.identity, time=self.time)
            )
            yield from self._listed(
                _POD_METRICS, lambda body: metrics_pod_rows(body, self.identity, time=self.time, uids=self.uids)
            )

    def _node(self, body: Mapping[str, Any]) -> Iterator[Told]:
        name = text(part(body, "metadata"), "name")
        room = part(body, "status", "allocatable")
        self._sizes[name] = {key: room[key] for key in ("cpu", "memory") if key in room}
        yield "KubeNodeInventory", node_row(body, self.identity, time=self.time)
        yield "ContainerNodeInventory", container_node_row(body, self.identity, time=self.time)
        yield from (("Perf", row) for row in node_size_rows(body, self.identity, time=self.time))

    def _service(self, body: Mapping[str, Any], selectors: list[Selector]) -> Iterator[Told]:
        found = Selector.of(body)
        if found is not None:
            selectors.append(found)
        yield "KubeServices", service_row(body, self.identity, time=self.time)

    def _pod(self, body: Mapping[str, Any], selectors: Selectors) -> Iterator[Told]:
        metadata = part(body, "metadata")
        where = text(metadata, "namespace"), text(metadata, "name")
        self.uids[where] = uid_of(body), text(part(body, "spec"), "nodeName")
        self.each_pod(body)
        for row in pod_rows(body, self.identity, time=self.time, selectors=selectors):
            yield "KubePodInventory", row
        for row in container_rows(body, self.identity, time=self.time, salt=self.salt):
            yield "ContainerInventory", row
        for row in share_rows(body, self.identity, time=self.time, allocatable=self._sizes):
            yield "Perf", row

    def _listed(
        self, resource: Resource, rows: Callable[[Mapping[str, Any]], Iterator[Told]], whole: list[bool] | None = None
    ) -> Iterator[Told | Skip]:  # fmt: skip
        for told in self._objects(resource, whole):
            if isinstance(told, Skip):
                yield told
            elif self.scope.takes(text(part(told, "metadata"), "namespace")):
                yield from rows(told)

    def _objects(self, resource: Resource, whole: list[bool] | None = None) -> Iterator[Mapping[str, Any] | Skip]:
        for namespace in self.scope.of(resource):
            listing = Listing(self.connection, resource, self.salt, namespace)
            for told in listing.read():
                yield told.body if isinstance(told, Object) else told
            if whole is not None:
                whole.append(listing.whole)

    def _summary(self, node: str) -> Mapping[str, Any] | Exception:
        path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary"
        try:
            answer = json_safe.load(self.connection.body(path, retry=False), max_bytes=_MOST_SUMMARY)
        except (RefusedError, SilentError, OversizeError, FormatError) as error:
            return error
        return answer if isinstance(answer, dict) else FormatError("the summary is no object")

    def _skip(self, where: str, reason: str) -> Skip:
        return Skip(printable(f"{self.connection.name}:{where}"), SkipKind.UNREADABLE, reason)
