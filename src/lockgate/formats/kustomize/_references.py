"""Names that resources use for each other, followed when a prefix, a suffix, a hash or a namespace changes them."""

from __future__ import annotations

from typing import Any

from lockgate.formats.kustomize._resource import Resource, places

_PODS = {
    "Pod": "spec/", "PodTemplate": "template/spec/", "Deployment": "spec/template/spec/",
    "ReplicaSet": "spec/template/spec/", "DaemonSet": "spec/template/spec/", "StatefulSet": "spec/template/spec/",
    "Job": "spec/template/spec/", "ReplicationController": "spec/template/spec/",
    "CronJob": "spec/jobTemplate/spec/template/spec/",
}  # fmt: skip
_IN_CONTAINERS = {
    "ConfigMap": ("env/valueFrom/configMapKeyRef/name", "envFrom/configMapRef/name"),
    "Secret": ("env/valueFrom/secretKeyRef/name", "envFrom/secretRef/name"),
}
_IN_PODS = {
    "ConfigMap": ("volumes/configMap/name", "volumes/projected/sources/configMap/name"),
    "Secret": ("volumes/secret/secretName", "volumes/projected/sources/secret/name", "imagePullSecrets/name"),
    "ServiceAccount": ("serviceAccountName",),
    "PersistentVolumeClaim": ("volumes/persistentVolumeClaim/claimName",),
    "PriorityClass": ("priorityClassName",),
}
_ELSEWHERE: dict[tuple[str, str], tuple[str, ...]] = {
    ("Secret", "Ingress"): ("spec/tls/secretName",),
    ("Secret", "ServiceAccount"): ("imagePullSecrets/name",),
    ("Secret", "PersistentVolume"): ("spec/azureFile/secretName",),
    ("Service", "StatefulSet"): ("spec/serviceName",),
    ("Service", "Ingress"): (
        "spec/rules/http/paths/backend/serviceName", "spec/backend/serviceName",
        "spec/rules/http/paths/backend/service/name", "spec/defaultBackend/service/name",
    ),
    ("Service", "APIService"): ("spec/service/name",),
    ("Service", "HTTPRoute"): ("spec/rules/backendRefs/name",),
    ("Service", "ValidatingWebhookConfiguration"): ("webhooks/clientConfig/service/name",),
    ("Service", "MutatingWebhookConfiguration"): ("webhooks/clientConfig/service/name",),
    ("Role", "RoleBinding"): ("roleRef/name",),
    ("ClusterRole", "RoleBinding"): ("roleRef/name",),
    ("ClusterRole", "ClusterRoleBinding"): ("roleRef/name",),
    ("PersistentVolume", "PersistentVolumeClaim"): ("spec/volumeName",),
    ("StorageClass", "PersistentVolume"): ("spec/storageClassName",),
    ("StorageClass", "PersistentVolumeClaim"): ("spec/storageClassName",),
    ("StorageClass", "StatefulSet"): ("spec/volumeClaimTemplates/spec/storageClassName",),
    ("IngressClass", "Ingress"): ("spec/ingressClassName",),
}  # fmt: skip
_SCALED = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"))


def follow(resources: list[Resource]) -> None:
    """Point every reference to the name that its target has now."""
    named: dict[tuple[str, str], list[Resource]] = {}
    for one in resources:
        for name in dict.fromkeys(own for own, _ in one.names):
            named.setdefault((one.kind, name), []).append(one)
    for one in resources:
        for kind, path in _paths(one.kind):
            for holder, key in places(one.body, path.split("/")):
                _point(one, named, kind, holder, key)
        _point_others(one, named)


def _paths(kind: str) -> list[tuple[str, str]]:
    found = [(target, path) for (target, own), paths in _ELSEWHERE.items() if own == kind for path in paths]
    if kind in _PODS:
        spec = _PODS[kind]
        found += [(target, spec + path) for target, paths in _IN_PODS.items() for path in paths]
        found += [
            (target, f"{spec}{containers}/{path}")
            for target, paths in _IN_CONTAINERS.items()
            for path in paths
            for containers in ("containers", "initContainers")
        ]
    return found


def _point(one: Resource, named: dict[tuple[str, str], list[Resource]], kind: str, holder: Any, key: str) -> None:
    value = holder.get(key)
    if not isinstance(value, str) or (key == "name" and "kind" in holder and holder["kind"] != kind):
        return
    target = _target(one, named.get((kind, value), []), value, holder.get("namespace"))
    if target is not None:
        holder[key] = target.name
        if isinstance(holder.get("namespace"), str) and target.namespace:
            holder["namespace"] = target.namespace


def _point_others(one: Resource, named: dict[tuple[str, str], list[Resource]]) -> None:
    if one.kind == "HorizontalPodAutoscaler":
        for holder, key in places(one.body, ["spec", "scaleTargetRef", "name"]):
            if holder.get("kind") in _SCALED:
                _point(one, named, holder["kind"], holder, key)
    if one.kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in one.body.get("subjects") or ():
            if isinstance(subject, dict):
                _point_subject(one, named, subject)
    if one.kind in ("Role", "ClusterRole"):
        for rule in one.body.get("rules") or ():
            names = rule.get("resourceNames") if isinstance(rule, dict) else None
            if not isinstance(names, list):
                continue
            for at, name in enumerate(names):
                for kind in ("ConfigMap", "Secret"):
                    target = _target(one, named.get((kind, name), []), name, None) if isinstance(name, str) else None
                    if target is not None:
                        names[at] = target.name


def _point_subject(one: Resource, named: dict[tuple[str, str], list[Resource]], subject: dict[str, Any]) -> None:
    """A subject of any kind follows the service account of its name; kustomize does not ask what kind it is."""
    name = subject.get("name")
    if not isinstance(name, str):
        return
    target = _target(one, named.get(("ServiceAccount", name), []), name, subject.get("namespace"))
    if target is not None:
        subject["name"] = target.name
        if target.namespace:
            subject["namespace"] = target.namespace


def _target(one: Resource, candidates: list[Resource], value: str, namespace: Any) -> Resource | None:
    """The one resource that is meant: of the same namespace, and of the same base when there are several."""
    spaces = {space for _, space in one.names} if namespace is None else {namespace}
    if "default" in spaces or "" in spaces:
        spaces |= {"", "default"}
    fit = [
        other for other in candidates
        if not other.is_namespaced or (not one.is_namespaced and namespace is None)
        or any(name == value and space in spaces for name, space in other.names)
        or other.namespace in spaces
    ]  # fmt: skip
    if len(fit) > 1:
        shared = [_shared(one.scope, other.scope) for other in fit]
        best = max(shared)
        fit = [other for other, depth in zip(fit, shared, strict=True) if depth == best]
    return fit[0] if len({(other.name, other.namespace) for other in fit}) == 1 else None


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
