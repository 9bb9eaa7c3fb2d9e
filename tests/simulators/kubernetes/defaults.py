"""The fields that the server fills in, for the kinds that admission looks at most; others stay."""

from __future__ import annotations

import base64
import copy
from typing import Any

from .kinds import Kind
from .schema import prune_and_default

_POD = {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler"}  # fmt: skip
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {}}


def with_defaults(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """The fields that the server fills in, for the kinds that admission looks at most; others stay as they are."""
    if kind.custom:
        return prune_and_default(kind.schema, body) if kind.schema else body
    body = copy.deepcopy(body)
    spec = body.get("spec") if isinstance(body.get("spec"), dict) else {}
    if kind.kind == "Pod":
        _default_pod(spec)
        for name, value in (("serviceAccountName", "default"), ("enableServiceLinks", True), ("priority", 0),
                            ("preemptionPolicy", "PreemptLowerPriority")):  # fmt: skip
            spec.setdefault(name, value)
    elif kind.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        _default_pod((spec.get("template") or {}).get("spec") or {})
        if kind.kind not in ("DaemonSet", "Job"):
            spec.setdefault("replicas", 1)
        if kind.kind == "Deployment":
            strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
            spec.setdefault("strategy", strategy)
            spec.setdefault("revisionHistoryLimit", 10)
            spec.setdefault("progressDeadlineSeconds", 600)
    elif kind.kind == "Service" and kind.group == "":
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports") or []:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port.get("port"))
    elif kind.kind == "Secret":
        _encode_string_data(body)
    elif kind.kind == "Namespace":
        spec = body.setdefault("spec", {}) or {}
        spec.setdefault("finalizers", ["kubernetes"])
        body["metadata"].setdefault("labels", {})
        body["metadata"]["labels"]["kubernetes.io/metadata.name"] = body["metadata"].get("name", "")
    elif kind.kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for one in body.get("webhooks") or []:
            more = {"reinvocationPolicy": "Never"} if kind.kind.startswith("M") else {}
            for name, value in {"failurePolicy": "Fail", "matchPolicy": "Equivalent", "timeoutSeconds": 10,
                                "namespaceSelector": {}, "objectSelector": {}, **more}.items():  # fmt: skip
                one.setdefault(name, value)
            for rule in one.get("rules") or []:
                rule.setdefault("scope", "*")
    return body


def _default_pod(spec: dict[str, Any]) -> None:
    if not spec:
        return
    for name, value in _POD.items():
        spec.setdefault(name, copy.copy(value))
    for one in (*(spec.get("initContainers") or []), *(spec.get("containers") or [])):
        for name, value in _CONTAINER.items():
            one.setdefault(name, copy.copy(value))
        image = one.get("image") or ""
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        latest = "@" not in image and tag in ("", "latest")
        one.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        for port in one.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _encode_string_data(body: dict[str, Any]) -> None:
    body.setdefault("type", "Opaque")
    for key, value in (body.pop("stringData", None) or {}).items():
        body.setdefault("data", {})
        body["data"][key] = base64.b64encode(value.encode()).decode()
