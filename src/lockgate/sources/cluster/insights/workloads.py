"""How far workloads are, as rows of ``InsightsMetrics`` in ``container.azm.ms/kubestate`` (in_kubestate_*.rb)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.sources.cluster.insights.fields import number, part, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.perf import metric

_NAMESPACE = "kubestate"


def workload_row(deployment: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """Of one Deployment, how many of its replicas are ready."""
    metadata, spec, status = (part(deployment, name) for name in ("metadata", "spec", "status"))
    tags = {
        "deployment": text(metadata, "name"), "k8sNamespace": text(metadata, "namespace"),
        "creationTime": text(metadata, "creationTimestamp"),
        "deploymentStrategy": text(part(spec, "strategy"), "type"), "spec_replicas": _count(spec, "replicas"),
        "status_replicas_available": _count(status, "availableReplicas"),
        "status_replicas_updated": _count(status, "updatedReplicas"),
    }  # fmt: skip
    ready = _count(status, "readyReplicas")
    name = "kube_deployment_status_replicas_ready"
    return metric(identity, time, _NAMESPACE, name, ready, computer="", tags=tags)


def scaler_row(scaler: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """Of one HorizontalPodAutoscaler, how many replicas there are now."""
    metadata, spec, status = (part(scaler, name) for name in ("metadata", "spec", "status"))
    target = part(spec, "scaleTargetRef")
    tags = {
        "hpa": text(metadata, "name"), "k8sNamespace": text(metadata, "namespace"),
        "creationTime": text(metadata, "creationTimestamp"), "targetKind": text(target, "kind"),
        "targetName": text(target, "name"), "spec_max_replicas": _count(spec, "maxReplicas"),
        "spec_min_replicas": _count(spec, "minReplicas"), "lastScaleTime": text(status, "lastScaleTime"),
        "status_desired_replicas": _count(status, "desiredReplicas"),
    }  # fmt: skip
    current = _count(status, "currentReplicas")
    return metric(identity, time, _NAMESPACE, "kube_hpa_status_current_replicas", current, computer="", tags=tags)


def _count(value: Mapping[str, Any], name: str) -> float:
    return number(value, name) or 0.0
