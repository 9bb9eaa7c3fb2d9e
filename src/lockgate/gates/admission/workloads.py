"""From a workload to the Pods it will make, and whose an object is.

Gatekeeper's ExpansionTemplates say what comes of what. Where a team has none for a kind that Kubernetes itself makes
Pods from, ours stands in, so that a person hears of a denied Pod when they apply the Deployment and not from an event
of a ReplicaSet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lockgate.policy.gatekeeper.expansion import ExpansionTemplate

OWN = "lockgate-workloads"
"""Begin of the names of our own templates."""
_POD = ("", "v1", "Pod")
_WORKLOADS: tuple[tuple[str, tuple[tuple[str, str, str], ...], tuple[str, ...]], ...] = (
    (OWN, (("apps", "v1", "Deployment"), ("apps", "v1", "StatefulSet"), ("apps", "v1", "DaemonSet"),
           ("apps", "v1", "ReplicaSet"), ("batch", "v1", "Job"), ("", "v1", "ReplicationController")),
     ("spec", "template")),
    (f"{OWN}-cron", (("batch", "v1", "CronJob"),), ("spec", "jobTemplate", "spec", "template")),
)  # fmt: skip


def own_templates(given: Iterable[ExpansionTemplate]) -> Iterator[ExpansionTemplate]:
    """Templates for the kinds that make Pods and that no given template makes Pods of."""
    covered = {kind for one in given if one.makes == _POD for kind in one.applies_to}
    for name, kinds, source in _WORKLOADS:
        left = frozenset(kinds) - covered
        if left:
            yield ExpansionTemplate(name, left, source, _POD)


def has_template(body: Mapping[str, Any], templates: Iterable[ExpansionTemplate], gvk: tuple[str, str, str]) -> bool:
    """Whether the field that becomes the Pod is there; what lacks it is refused by the API server itself."""
    for one in templates:
        if gvk in one.applies_to and one.name.startswith(OWN):
            value: Any = body
            for field in one.source:
                value = value.get(field) if isinstance(value, dict) else None
            return isinstance(value, dict)
    return True


def owner_of(body: Mapping[str, Any], namespace: Mapping[str, Any] | None, keys: Sequence[str]) -> str:
    """Whose the object is: the first of ``keys`` among the labels and annotations of the object, then of its Namespace.

    Empty when nothing tells.
    """
    for holder in (body, namespace):
        metadata = holder.get("metadata") if holder is not None else None
        if not isinstance(metadata, dict):
            continue
        values = [one for one in (metadata.get("labels"), metadata.get("annotations")) if isinstance(one, dict) and one]
        for key in keys if values else ():
            for one in values:
                value = one.get(key)
                if isinstance(value, str) and value:
                    return value[:200]
    return ""


def maker_of(body: Mapping[str, Any]) -> str:
    """``ReplicaSet web-7d4b9``: the controller that makes the object; empty when a person does."""
    metadata = body.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    for one in owners if isinstance(owners, list) else ():
        if isinstance(one, dict) and one.get("controller") is True:
            return f"{one.get('kind')} {one.get('name')}"[:200]
    return ""


def goes_away(body: Mapping[str, Any]) -> bool:
    """Whether the object is being deleted: to refuse an update then would keep its finalizers for ever."""
    metadata = body.get("metadata")
    return isinstance(metadata, dict) and metadata.get("deletionTimestamp") is not None
