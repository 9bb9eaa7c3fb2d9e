"""The kinds a fresh API server knows, with the names, scopes and verbs that its discovery tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of one group and version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    status: bool = False
    """Whether ``/status`` is served, and so whether a plain write leaves the status alone."""
    subresources: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(name, kind of its body, verbs) of further subresources."""
    custom: bool = False
    """From a CustomResourceDefinition: objects in lists carry their kind, updates need a resourceVersion."""
    schema: dict[str, Any] | None = field(default=None, compare=False, hash=False)
    """``openAPIV3Schema`` of a custom kind."""
    columns: tuple[tuple[str, str, str], ...] = ()
    """(name, type, JSON path) of ``additionalPrinterColumns``."""
    storage: str = ""
    """``group/plural`` under which the objects are kept; equal for two versions of one resource."""

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """The lower-case kind, as discovery tells it."""
        return self.kind.lower()

    @property
    def key(self) -> str:
        """Where its objects are kept."""
        return self.storage or f"{self.group}/{self.plural}"


_CREATE = ("create",)
_GPU = ("get", "patch", "update")


def _of(group: str, version: str, rows: str, **more: Any) -> list[Kind]:
    """Rows of ``Kind plural scope status short,names categories``; ``-`` for nothing."""
    found = []
    for row in rows.strip().splitlines():
        kind, plural, scope, status, short, categories = row.split()
        found.append(Kind(
            group, version, kind, plural, scope == "n", () if short == "-" else tuple(short.split(",")),
            () if categories == "-" else tuple(categories.split(",")), status=status == "s", **more,
        ))  # fmt: skip
    return found


def builtin() -> list[Kind]:
    """Kinds of a fresh server, in the order in which discovery lists groups."""
    core = _of("", "v1", """
ConfigMap configmaps n - cm -
Endpoints endpoints n - ep -
Event events n - ev -
LimitRange limitranges n - limits -
Namespace namespaces c s ns -
Node nodes c s no -
PersistentVolumeClaim persistentvolumeclaims n s pvc -
PersistentVolume persistentvolumes c s pv -
PodTemplate podtemplates n - - -
ResourceQuota resourcequotas n s quota -
Secret secrets n - - -
""")  # fmt: skip
    core += [
        Kind("", "v1", "Pod", "pods", short=("po",), categories=("all",), status=True, subresources=(
            ("binding", "Binding", _CREATE), ("ephemeralcontainers", "Pod", _GPU), ("log", "Pod", ("get",)),
            ("exec", "PodExecOptions", ("create", "get")), ("attach", "PodAttachOptions", ("create", "get")),
            ("eviction", "Eviction", _CREATE))),
        Kind("", "v1", "ReplicationController", "replicationcontrollers", short=("rc",), categories=("all",),
             status=True, subresources=(("scale", "Scale", _GPU),)),
        Kind("", "v1", "Service", "services", short=("svc",), categories=("all",), status=True),
        Kind("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",),
             subresources=(("token", "TokenRequest", _CREATE),)),
    ]  # fmt: skip
    scale = (("scale", "Scale", _GPU),)
    apps = _of("apps", "v1", "ControllerRevision controllerrevisions n - - -\nDaemonSet daemonsets n s ds all")
    apps += _of("apps", "v1", """
Deployment deployments n s deploy all
ReplicaSet replicasets n s rs all
StatefulSet statefulsets n s sts all""", subresources=scale)  # fmt: skip
    return [
        *core, *apps,
        *_of("events.k8s.io", "v1", "Event events n - ev -", storage="/events"),
        *_of("authentication.k8s.io", "v1", "TokenReview tokenreviews c - - -\n"
             "SelfSubjectReview selfsubjectreviews c - - -", verbs=_CREATE),
        *_of("authorization.k8s.io", "v1", "LocalSubjectAccessReview localsubjectaccessreviews n - - -\n"
             "SelfSubjectAccessReview selfsubjectaccessreviews c - - -\n"
             "SelfSubjectRulesReview selfsubjectrulesreviews c - - -\n"
             "SubjectAccessReview subjectaccessreviews c - - -", verbs=_CREATE),
        *_of("autoscaling", "v2", "HorizontalPodAutoscaler horizontalpodautoscalers n s hpa all"),
        *_of("autoscaling", "v1", "HorizontalPodAutoscaler horizontalpodautoscalers n s hpa all"),
        *_of("batch", "v1", "CronJob cronjobs n s cj all\nJob jobs n s - all"),
        *_of("networking.k8s.io", "v1", "IngressClass ingressclasses c - - -\nIngress ingresses n s ing -\n"
             "NetworkPolicy networkpolicies n - netpol -"),
        *_of("policy", "v1", "PodDisruptionBudget poddisruptionbudgets n s pdb -"),
        *_of("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding clusterrolebindings c - - -\n"
             "ClusterRole clusterroles c - - -\nRoleBinding rolebindings n - - -\nRole roles n - - -"),
        *_of("storage.k8s.io", "v1", "CSIDriver csidrivers c - - -\nCSINode csinodes c - - -\n"
             "CSIStorageCapacity csistoragecapacities n - - -\nStorageClass storageclasses c - sc -\n"
             "VolumeAttachment volumeattachments c s - -"),
        *_of("admissionregistration.k8s.io", "v1",
             "MutatingWebhookConfiguration mutatingwebhookconfigurations c - - api-extensions\n"
             "ValidatingAdmissionPolicy validatingadmissionpolicies c s - api-extensions\n"
             "ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings c - - api-extensions\n"
             "ValidatingWebhookConfiguration validatingwebhookconfigurations c - - api-extensions"),
        *_of("apiextensions.k8s.io", "v1",
             "CustomResourceDefinition customresourcedefinitions c s crd,crds api-extensions"),
        *_of("scheduling.k8s.io", "v1", "PriorityClass priorityclasses c - pc -"),
        *_of("coordination.k8s.io", "v1", "Lease leases n - - -"),
        *_of("node.k8s.io", "v1", "RuntimeClass runtimeclasses c - - -"),
        *_of("discovery.k8s.io", "v1", "EndpointSlice endpointslices n - - -"),
    ]  # fmt: skip


_LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",), "initContainers": ("name",), "ephemeralContainers": ("name",), "env": ("name",),
    "volumes": ("name",), "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",), "hostAliases": ("ip",), "topologySpreadConstraints":
    ("topologyKey", "whenUnsatisfiable"), "conditions": ("type",), "ownerReferences": ("uid",),
    "webhooks": ("name",), "readinessGates": ("conditionType",), "schedulingGates": ("name",),
}  # fmt: skip
_SETS = frozenset({"finalizers"})


def list_keys(parent: str, name: str, sample: Any = None) -> tuple[str, ...] | None:
    """Merge keys of the list ``parent.name`` of built-in kinds; ``()`` for a set; None for a list taken whole.

    Facts of the ``x-kubernetes-list-map-keys`` and ``x-kubernetes-patch-merge-key`` of the published OpenAPI of
    Kubernetes. Ports merge by ``containerPort`` in containers and by ``port`` in Services, each with the protocol.
    """
    if name == "ports" and parent == "spec":
        return ("port", "protocol")
    if name == "ports" and isinstance(sample, dict) and "containerPort" in sample:
        return ("containerPort", "protocol")
    if name == "secrets" and parent == "":
        return ("name",)
    if name == "conditions" and parent != "status":
        return None
    if name in _SETS:
        return () if parent == "metadata" else None
    return _LIST_KEYS.get(name)
