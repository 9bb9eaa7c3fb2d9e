"""What an object is called: by which name, kind, namespace and labels people mean it, wherever they meet it.

A waiver asks for these, and so does who folds what a controller made into the controller. They travel with a finding as
its facts, because a finding outlives the object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.finding import Finding, Related
from lockgate.model.object import Object

OBJECT = "object"
"""``Subject.kind`` of a finding about an object."""
MAX_LABELS = 64
"""More are not kept, and then no selector holds: one that asks for an absent label would hold for the wrong reason."""
CLUSTER_SCOPED = frozenset({
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ClusterTrustBundle", "ComponentStatus", "ConstraintTemplate", "CustomResourceDefinition", "DeviceClass",
    "FlowSchema", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration", "Node", "PersistentVolume", "PriorityClass", "PriorityLevelConfiguration",
    "ResourceSlice", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
})  # fmt: skip
"""Kinds of Kubernetes that stand in no namespace; anything else that names none is put into ``default``."""
_NAME = lazy_pattern(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?\Z")
_BY_TIME = lazy_pattern(r"(.{1,240})-[0-9]{8,11}\Z")
"""The name of a Job that a CronJob made: the CronJob's, and the minute it was due."""
_MAX_OWNERS = 16
_labelled = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Named:
    """The names of one object."""

    kind: str
    """``Pod``, ``apps/Deployment``, ``Microsoft.Storage/storageAccounts``."""
    name: str
    """``metadata.name``, or the prefix that one is generated from; of Azure the name with those it stands below."""
    namespace: str = ""
    """A Namespace is in itself; what names none is in ``default`` unless its kind stands in none; of Azure empty; of a
    forge the organisation, group or project."""
    labels: Mapping[str, str] | None = None
    """Labels, of Azure tags; None when they are not known."""
    controllers: tuple[tuple[str, str], ...] = ()
    """Kind and name of what made it and keeps it, nearest first."""
    cluster: str = ""
    """Name of the cluster it was met in; empty when it stands in a file."""
    resource_id: str = ""
    """Azure resource id; empty when it has none yet."""

    @classmethod
    def of(cls, judged: Object) -> Named:
        """The names of ``judged``."""
        body = judged.body
        if judged.form == "azure":
            return cls(
                _text(body, "type"), _text(body, "name"), labels=_labels(body.get("tags")), cluster=judged.cluster,
                resource_id=_text(body, "id") or _placed(judged),
            )  # fmt: skip
        metadata = body.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        kind, name = _kind(body), _text(metadata, "name") or _text(metadata, "generateName")
        return cls(
            kind, name, _text(metadata, "namespace") if judged.form == "forge" else _namespace(kind, name, metadata),
            _labels(metadata.get("labels")), _controllers(metadata), judged.cluster,
        )  # fmt: skip

    @classmethod
    def of_finding(cls, finding: Finding) -> Named | None:
        """The names that :meth:`facts` left in a finding; None when it is about no object."""
        facts = {fact.name: fact.value for fact in finding.facts}
        if finding.subject.kind != OBJECT or "kind" not in facts:
            return None
        made = tuple(one.partition(" ") for one in facts.get("controllers", "").split(", ") if one)
        return cls(
            facts["kind"], facts.get("name", ""), facts.get("namespace", ""),
            json.loads(facts["labels"]) if "labels" in facts else None,
            tuple((kind, name) for kind, _, name in made),
            facts.get("cluster", ""), facts.get("resource-id", ""),
        )  # fmt: skip

    def facts(self) -> tuple[Related, ...]:
        """As facts of a finding, sorted by name; those that are empty are left out."""
        labels = None if self.labels is None else _labelled(self.labels)
        found = {
            "cluster": self.cluster,
            "controllers": ", ".join(f"{kind} {name}" for kind, name in self.controllers),
            "kind": self.kind,
            "labels": labels,
            "name": self.name,
            "namespace": self.namespace,
            "resource-id": self.resource_id,
        }
        return tuple(Related(name, value) for name, value in found.items() if value)

    def called(self) -> tuple[tuple[str, str], ...]:
        """Every kind and name by which it may be meant: its own, then those of what made it."""
        return ((self.kind, self.name), *self.controllers)


def _kind(body: Mapping[str, Any]) -> str:
    group = _text(body, "apiVersion").rpartition("/")[0]
    kind = _text(body, "kind")
    return f"{group}/{kind}" if group else kind


def _placed(judged: Object) -> str:
    """The id that an Azure resource in a file will have below the scope it is deployed to; empty when that is open."""
    kinds, names = _text(judged.body, "type").split("/"), _text(judged.body, "name").split("/")
    if not judged.scope or len(kinds) != len(names) + 1 or not all(names) or not judged.knows("/name"):
        return ""
    own = _text(judged.body, "scope")
    if own and not own.startswith("/"):
        return ""  # it is attached to what only the deployment knows
    inner = "/".join(f"{kind}/{name}" for kind, name in zip(kinds[1:], names, strict=True))
    return f"{(own or judged.scope).rstrip('/')}/providers/{kinds[0]}/{inner}"


def _namespace(kind: str, name: str, metadata: Mapping[str, Any]) -> str:
    if kind == "Namespace":
        return name
    if kind.rpartition("/")[2] in CLUSTER_SCOPED:
        return ""
    return _text(metadata, "namespace") or "default"


def _labels(value: Any) -> Mapping[str, str] | None:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_LABELS:
        return None
    if not all(isinstance(key, str) and isinstance(text, str) and len(key) + len(text) < 700
               for key, text in value.items()):  # fmt: skip
        return None
    return dict(value)


def _controllers(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The controller that the object names, and what that one's name says of the controller above it.

    A ReplicaSet of a Deployment ends in the hash that its Pods carry as a label; a Job of a CronJob in a minute.
    """
    owners = metadata.get("ownerReferences")
    for owner in owners[:_MAX_OWNERS] if isinstance(owners, list) else ():
        if not isinstance(owner, dict) or owner.get("controller") is not True:
            continue
        kind, name = _kind(owner), _text(owner, "name")
        if not _NAME.match(name) or not _NAME.match(kind.replace("/", "-")):
            return ()
        return ((kind, name), *_above(kind, name, metadata.get("labels")))
    return ()


def _above(kind: str, name: str, labels: Any) -> tuple[tuple[str, str], ...]:
    mark = labels.get("pod-template-hash") if isinstance(labels, dict) else None
    if kind == "apps/ReplicaSet" and isinstance(mark, str) and mark and name.endswith(f"-{mark}"):
        return (("apps/Deployment", name[: -len(mark) - 1]),)
    by_time = _BY_TIME.match(name) if kind == "batch/Job" else None
    return (("batch/CronJob", by_time[1]),) if by_time else ()


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
