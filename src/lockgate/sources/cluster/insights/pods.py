"""``KubePodInventory``: one row a container of a pod, one for a pod without any yet (in_kube_podinventory.rb)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.sources.cluster.insights.fields import (
    json_text,
    last_part,
    moment,
    part,
    parts,
    text,
    whole,
)
from lockgate.sources.cluster.insights.identity import Identity

_MIRRORED = "kubernetes.io/config.hash"
"""Annotation by which the kubelet knows a static pod, where the uid of its mirror says nothing to it."""
_STATES = ("waiting", "running", "terminated")


@dataclass(frozen=True, slots=True)
class Selector:
    """A service, so far as it is needed to say which pods it selects."""

    service: str
    namespace: str
    labels: Mapping[str, str]

    @classmethod
    def of(cls, service: Mapping[str, Any]) -> Selector | None:
        """Of a Service; None for one that selects nothing by labels."""
        labels = part(service, "spec", "selector")
        metadata = part(service, "metadata")
        if not labels:
            return None
        return cls(text(metadata, "name"), text(metadata, "namespace"), dict(labels))


class Selectors:
    """Finds the first service that selects a pod, as the column holds one alone."""

    def __init__(self, selectors: Iterable[Selector]) -> None:
        self._by_namespace: dict[str, list[Selector]] = {}
        for one in selectors:
            self._by_namespace.setdefault(one.namespace, []).append(one)

    def service_of(self, namespace: str, labels: Mapping[str, Any]) -> str:
        """Its name; empty for none."""
        for one in self._by_namespace.get(namespace, ()):
            if all(labels.get(name) == value for name, value in one.labels.items()):
                return one.service
        return ""


def uid_of(pod: Mapping[str, Any]) -> str:
    """The uid by which the kubelet measures the pod: of a static one the hash of its file."""
    metadata = part(pod, "metadata")
    if text(metadata, "namespace") == "kube-system" and "ownerReferences" not in metadata:
        return text(part(metadata, "annotations"), _MIRRORED) or text(metadata, "uid")
    return text(metadata, "uid")


def statuses(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The states of its containers, those that prepare it last."""
    status = part(pod, "status")
    yield from parts(status, "containerStatuses")
    yield from parts(status, "initContainerStatuses")


def state_of(status: Mapping[str, Any], name: str = "state") -> tuple[str, Mapping[str, Any]]:
    """(waiting, running or terminated; its details); both empty for none."""
    states = part(status, name)
    found = next((one for one in _STATES if one in states), "")
    return found, part(states, found)


def pod_rows(
    pod: Mapping[str, Any], identity: Identity, *, time: str, selectors: Selectors
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of one Pod at one scan."""
    metadata, status = part(pod, "metadata"), part(pod, "status")
    uid = uid_of(pod)
    lost = _is_lost(status)
    owner = next(parts(metadata, "ownerReferences"), {})
    labels = part(metadata, "labels")
    namespace = text(metadata, "namespace")
    containers = [one for one in statuses(pod) if text(one, "name")]
    common = identity.cluster_row(
        time, Computer=text(part(pod, "spec"), "nodeName"), Name=text(metadata, "name"), Namespace=namespace,
        PodUid=uid,
        PodLabel=json_text([dict(labels)]), PodCreationTimeStamp=moment(metadata, "creationTimestamp"),
        PodStartTime=moment(status, "startTime"), PodStatus=_phase(metadata, status, lost=lost),
        PodIp=text(status, "podIP"), ServiceName=selectors.service_of(namespace, labels),
        ControllerKind=text(owner, "kind"), ControllerName=text(owner, "name"),
        PodRestartCount=min(sum(whole(one, "restartCount") for one in containers), (1 << 31) - 1),
    )  # fmt: skip
    if not containers:
        yield common
    for one in containers:
        yield {**common, **_container(one, identity, uid, lost=lost)}


def _container(status: Mapping[str, Any], identity: Identity, uid: str, *, lost: bool) -> dict[str, Any]:
    state, details = state_of(status)
    name = f"{uid}/{text(status, 'name')}"
    started = moment(details, "startedAt")
    return {
        "ContainerID": last_part(text(status, "containerID")), "ContainerName": name,
        "InstanceName": identity.instance(name), "ContainerRestartCount": whole(status, "restartCount"),
        "ContainerStatus": "Unknown" if lost else state,
        "ContainerStatusReason": "" if state == "running" else text(details, "reason"),
        "ContainerCreationTimeStamp": started if state == "running" else None,
        "ContainerStartTime": started,
        "ContainerLastStatus": json_text(_last(status)),
    }  # fmt: skip


def _last(status: Mapping[str, Any]) -> dict[str, str]:
    """How the container that ran before ended; empty where that is not known whole."""
    state, details = state_of(status, "lastState")
    told = {name: text(details, name) for name in ("reason", "startedAt", "finishedAt")}
    return {"lastState": state, **told} if state and all(told.values()) else {}


def _is_lost(status: Mapping[str, Any]) -> bool:
    """Whether the node does not answer, so that what the status says is old."""
    unready = any(one.get("type") == "Ready" and one.get("status") == "False" for one in parts(status, "conditions"))
    return text(status, "reason") == "NodeLost" and unready


def _phase(metadata: Mapping[str, Any], status: Mapping[str, Any], *, lost: bool) -> str:
    if lost:
        return "Unknown"
    return "Terminating" if text(metadata, "deletionTimestamp") else text(status, "phase")
