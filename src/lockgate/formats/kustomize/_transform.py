"""Namespaces, names, labels, annotations, replicas and images: what a kustomization changes everywhere.

Which fields each of them reaches follows kustomize's own defaults
(https://github.com/kubernetes-sigs/kustomize, ``api/internal/konfig/builtinpluginconsts``).
"""

from __future__ import annotations

import re
from typing import Any

from lockgate.formats.kustomize._resource import Resource, places

_UNNAMED = frozenset(("CustomResourceDefinition", "APIService", "Namespace"))
"""Kinds whose names no prefix or suffix touches."""
_TEMPLATED = frozenset(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController"))
_SCALED = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"))
_SELECTORS = {
    "Service": "spec/selector", "ReplicationController": "spec/selector", "Deployment": "spec/selector/matchLabels",
    "ReplicaSet": "spec/selector/matchLabels", "DaemonSet": "spec/selector/matchLabels",
    "StatefulSet": "spec/selector/matchLabels",
}  # fmt: skip
_AFFINITY = (
    "spec/template/spec/affinity/{}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector"
)
_REQUIRED = "spec/template/spec/affinity/{}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector"
_SPREAD = [
    *(pattern.format(kind) + "/matchLabels" for kind in ("podAffinity", "podAntiAffinity")
      for pattern in (_AFFINITY, _REQUIRED)),
    "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
]  # fmt: skip
_PRESENT = {
    "Deployment": _SPREAD, "StatefulSet": _SPREAD, "Job": ["spec/selector/matchLabels"],
    "CronJob": ["spec/jobTemplate/spec/selector/matchLabels"], "PodDisruptionBudget": ["spec/selector/matchLabels"],
    "NetworkPolicy": [
        "spec/podSelector/matchLabels", "spec/ingress/from/podSelector/matchLabels",
        "spec/egress/to/podSelector/matchLabels",
    ],
}  # fmt: skip
"""Selectors that labels reach only where they are there already."""
_IMAGE = re.compile(r"(?P<name>[^@]*?)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-fA-F]+))?")


def set_namespace(resources: list[Resource], namespace: str) -> None:
    """Move everything that lives in a namespace; a Namespace itself takes the name."""
    for one in resources:
        if one.kind == "Namespace":
            one.rename(namespace)
        elif one.is_namespaced:
            one.rename(one.name, namespace)
        for subject in one.body.get("subjects") or () if one.kind in ("RoleBinding", "ClusterRoleBinding") else ():
            if (
                isinstance(subject, dict)
                and subject.get("kind") == "ServiceAccount"
                and subject.get("name") == "default"
            ):
                subject["namespace"] = namespace
        if one.kind == "APIService":
            for holder, key in places(one.body, ["spec", "service", "namespace"]):
                holder[key] = namespace


def set_affixes(resources: list[Resource], prefix: str, suffix: str) -> None:
    """``namePrefix`` and ``nameSuffix``."""
    for one in resources:
        if one.kind not in _UNNAMED and (prefix or suffix):
            one.rename(f"{prefix}{one.name}{suffix}")


def _template_paths(kind: str) -> list[str]:
    if kind in _TEMPLATED:
        return ["spec/template/metadata"]
    return ["spec/jobTemplate/metadata", "spec/jobTemplate/spec/template/metadata"] if kind == "CronJob" else []


def add_labels(resources: list[Resource], pairs: dict[str, Any], *, selectors: bool, templates: bool) -> None:
    """``commonLabels`` (with selectors and templates) and ``labels`` (as they say)."""
    for one in resources:
        paths = ["metadata/labels"]
        if selectors or templates:
            paths += [f"{path}/labels" for path in _template_paths(one.kind)]
        if (selectors or templates) and one.kind == "StatefulSet":
            paths.append("spec/volumeClaimTemplates/metadata/labels")
        if selectors and one.kind in _SELECTORS:
            paths.append(_SELECTORS[one.kind])
        for path in paths:
            _add(one, path, pairs, create=True)
        for path in _PRESENT.get(one.kind, ()) if selectors else ():
            _add(one, path, pairs, create=False)


def add_annotations(resources: list[Resource], pairs: dict[str, Any]) -> None:
    """``commonAnnotations``."""
    for one in resources:
        for path in ["metadata/annotations", *(f"{path}/annotations" for path in _template_paths(one.kind))]:
            _add(one, path, pairs, create=True)


def _add(one: Resource, path: str, pairs: dict[str, Any], *, create: bool) -> None:
    for holder, key in places(one.body, path.split("/"), create=create):
        if create and holder.get(key) is None:
            holder[key] = {}
        if isinstance(holder.get(key), dict):
            holder[key] = {**holder[key], **pairs}


def set_replicas(resources: list[Resource], name: str, count: Any) -> None:
    """``replicas``: by any name the workload has had."""
    for one in resources:
        if one.kind in _SCALED and any(own == name for own, _ in one.names):
            spec = one.body.get("spec")
            if isinstance(spec, dict):
                spec["replicas"] = count


def set_images(resources: list[Resource], image: dict[str, Any]) -> None:
    """``images``: every container, at any depth, whose image has the name."""
    for one in resources:
        if one.kind == "CustomResourceDefinition":
            continue
        waiting: list[Any] = [one.body]
        while waiting:
            here = waiting.pop()
            if isinstance(here, list):
                waiting += here
                continue
            if not isinstance(here, dict):
                continue
            waiting += here.values()
            for key in ("containers", "initContainers"):
                for container in here[key] if isinstance(here.get(key), list) else ():
                    if isinstance(container, dict) and isinstance(container.get("image"), str):
                        container["image"] = _image(container["image"], image)


def _image(held: str, image: dict[str, Any]) -> str:
    match = _IMAGE.fullmatch(held)
    if match is None or match["name"] != image.get("name"):
        return held
    name = str(image.get("newName") or match["name"])
    tag, digest = match["tag"] or "", match["digest"] or ""
    fresh_tag, fresh_digest = str(image.get("newTag") or ""), str(image.get("digest") or "")
    if fresh_tag or fresh_digest:
        tag, digest = fresh_tag, fresh_digest
    elif image.get("tagSuffix"):
        tag, digest = f"{tag}{image['tagSuffix']}", ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
