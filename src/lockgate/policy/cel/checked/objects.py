"""Fields of the objects whose shape Kubernetes declares to its checker.

Facts of ``k8s.io/apiserver/pkg/admission/plugin/cel/compile.go`` 0.36.2 (``BuildRequestType``, ``BuildNamespaceType``).
"""

from __future__ import annotations

_KIND = {"group": "string", "version": "string", "kind": "string"}
_RESOURCE = {"group": "string", "version": "string", "resource": "string"}

OBJECTS: dict[str, dict[str, str]] = {
    "kubernetes.AdmissionRequest": {
        "kind": "kubernetes.GroupVersionKind", "resource": "kubernetes.GroupVersionResource", "subResource": "string",
        "requestKind": "kubernetes.GroupVersionKind", "requestResource": "kubernetes.GroupVersionResource",
        "requestSubResource": "string", "name": "string", "namespace": "string", "operation": "string",
        "userInfo": "kubernetes.UserInfo", "dryRun": "bool", "options": "dyn",
    },
    "kubernetes.GroupVersionKind": _KIND,
    "kubernetes.GroupVersionResource": _RESOURCE,
    "kubernetes.UserInfo": {
        "username": "string", "uid": "string", "groups": "list(string)", "extra": "map(string, list(string))",
    },
    "kubernetes.Namespace": {
        "metadata": "kubernetes.NamespaceMetadata", "spec": "kubernetes.NamespaceSpec",
        "status": "kubernetes.NamespaceStatus",
    },
    "kubernetes.NamespaceMetadata": {
        "name": "string", "generateName": "string", "namespace": "string", "labels": "map(string, string)",
        "annotations": "map(string, string)", "UID": "string", "creationTimestamp": "timestamp",
        "deletionGracePeriodSeconds": "int", "deletionTimestamp": "timestamp", "generation": "int",
        "resourceVersion": "string", "finalizers": "list(string)",
    },
    "kubernetes.NamespaceSpec": {"finalizers": "list(string)"},
    "kubernetes.NamespaceStatus": {"conditions": "list(kubernetes.NamespaceCondition)", "phase": "string"},
    "kubernetes.NamespaceCondition": {
        "status": "string", "type": "string", "lastTransitionTime": "timestamp", "message": "string",
        "reason": "string",
    },
}  # fmt: skip
"""Field -> type, by name of the object's type."""

VARIABLES = {
    "request": "kubernetes.AdmissionRequest",
    "namespaceObject": "kubernetes.Namespace",
    "authorizer": "kubernetes.authorization.Authorizer",
    "authorizer.requestResource": "kubernetes.authorization.ResourceCheck",
}
"""Types of the variables of an admission policy; the others may hold anything."""
