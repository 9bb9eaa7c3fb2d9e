"""What rendered manifests open to networks and what they permit, as lines that can be compared; and their digest.

A line says one thing that an object does: it listens, lets traffic through, grants a right, takes one from its node.
What a deployment changes of that are the lines that come and go; the order in which files were read says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.gates.deployment.evidence import SurfaceChange
from lockgate.model import Object

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"),
                    ("spec", "template", "spec")),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}  # fmt: skip
_IDENTITIES = ("azure.workload.identity/client-id", "eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account")
"""Annotations of a service account that give its Pods an identity in a cloud."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Lines of some manifests: subject and text of each, sorted, each once."""

    network: tuple[tuple[str, str], ...] = ()
    permissions: tuple[tuple[str, str], ...] = ()


def digest_of_manifests(objects: Iterable[Object]) -> str:
    """``sha256:`` and 64 hex digits over the bodies, whatever their order, files, layout and comments; empty where
    there are none. Two equal objects count as two."""
    bodies = sorted(orjson.dumps(one.body, option=orjson.OPT_SORT_KEYS) for one in objects)
    if not bodies:
        return ""
    made = hashlib.sha256(b"lockgate-manifests-1\n")
    for body in bodies:  # the length first, so that no body can pass for the end of one and the beginning of the next
        made.update(b"%d\n" % len(body))
        made.update(body)
    return f"sha256:{made.hexdigest()}"


def images_of(objects: Iterable[Object]) -> tuple[str, ...]:
    """Images that the Pods of the manifests name, as they are written, sorted, each once."""
    found: set[str] = set()
    for one in objects:
        pod = _pod(one.body)
        for container in _containers(pod):
            found |= {_text(container.get("image"))}
        for volume in _mappings(pod.get("volumes")):
            found |= {_text(_mapping(volume.get("image")).get("reference"))}
    return tuple(sorted(found - {""}))


def surface_of(objects: Iterable[Object]) -> Surface:
    """The lines of some objects. Objects of no kind that is known here have none."""
    network: set[tuple[str, str]] = set()
    permissions: set[tuple[str, str]] = set()
    for one in objects:
        if one.form != "kubernetes":
            continue
        kind, subject = _text(one.body.get("kind")), subject_of(one.body)
        read_network, read_permissions = _NETWORK.get(kind), _PERMISSIONS.get(kind)
        if read_network is not None:
            network |= {(subject, text) for text in read_network(one.body)}
        if read_permissions is not None:
            permissions |= {(subject, text) for text in read_permissions(one.body)}
        if kind in _TEMPLATES:
            pod = _pod(one.body)
            network |= {(subject, text) for text in _pod_network(pod)}
            permissions |= {(subject, text) for text in _pod_permissions(pod)}
    return Surface(tuple(sorted(network)), tuple(sorted(permissions)))


def changes(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> tuple[SurfaceChange, ...]:
    """Which lines come and which go."""
    old, new = set(before), set(after)
    gone = [SurfaceChange(subject, text, False) for subject, text in old - new]
    come = [SurfaceChange(subject, text, True) for subject, text in new - old]
    return tuple(sorted([*gone, *come], key=lambda one: (one.subject, one.text, one.added)))


def subject_of(body: Mapping[str, Any]) -> str:
    """What an object is called: ``Service shop/web``."""
    metadata = _mapping(body.get("metadata"))
    namespace, name = _text(metadata.get("namespace")), _text(metadata.get("name"))
    return f"{_text(body.get('kind'))} {f'{namespace}/' if namespace else ''}{name}"


def _service(body: Mapping[str, Any]) -> Iterator[str]:
    spec = _mapping(body.get("spec"))
    kind = _text(spec.get("type")) or "ClusterIP"
    for port in _mappings(spec.get("ports")):
        node = f" on port {port['nodePort']} of every node" if port.get("nodePort") else ""
        yield f"{kind} listens on {port.get('port')}/{_text(port.get('protocol')) or 'TCP'}{node}"
    for address in _texts(spec.get("externalIPs")):
        yield f"takes what comes to {address}"
    ranges = _texts(spec.get("loadBalancerSourceRanges"))
    if kind == "LoadBalancer":
        yield f"reachable from {', '.join(sorted(ranges)) or 'everywhere'}"
    if kind == "ExternalName":
        yield f"leads to {_text(spec.get('externalName'))}"


def _ingress(body: Mapping[str, Any]) -> Iterator[str]:
    spec = _mapping(body.get("spec"))
    secured = {host for one in _mappings(spec.get("tls")) for host in _texts(one.get("hosts"))}
    for rule in _mappings(spec.get("rules")):
        host = _text(rule.get("host")) or "*"
        safe = "with" if host in secured else "without"
        for path in _mappings(_mapping(rule.get("http")).get("paths")):
            service = _mapping(_mapping(path.get("backend")).get("service"))
            yield f"{host}{_text(path.get('path')) or '/'} leads to {_text(service.get('name'))}, {safe} TLS"
    default = _mapping(_mapping(spec.get("defaultBackend")).get("service"))
    if default:
        yield f"everything else leads to {_text(default.get('name'))}"


def _route(body: Mapping[str, Any]) -> Iterator[str]:
    spec = _mapping(body.get("spec"))
    hosts = ", ".join(sorted(_texts(spec.get("hostnames")))) or "*"
    for rule in _mappings(spec.get("rules")):
        names = sorted(_text(one.get("name")) for one in _mappings(rule.get("backendRefs")))
        yield f"{hosts} leads to {', '.join(names) or 'nothing'} ({_short(rule.get('matches'))})"


def _gateway(body: Mapping[str, Any]) -> Iterator[str]:
    for one in _mappings(_mapping(body.get("spec")).get("listeners")):
        host = _text(one.get("hostname")) or "*"
        yield f"listens for {host} on {one.get('port')}/{_text(one.get('protocol'))}"


def _network_policy(body: Mapping[str, Any]) -> Iterator[str]:
    spec = _mapping(body.get("spec"))
    of = _selector(spec.get("podSelector"))
    kinds = _texts(spec.get("policyTypes")) or ("Ingress", *(("Egress",) if "egress" in spec else ()))
    for kind, key, side in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        if kind not in kinds:
            continue
        rules = _mappings(spec.get(key))
        if not rules:
            yield f"lets nothing {'in to' if side == 'from' else 'out of'} {of}"
        for rule in rules:
            peers = "; ".join(sorted(map(_peer, _mappings(rule.get(side))))) or "everywhere"
            ports = ", ".join(sorted(map(_port, _mappings(rule.get("ports"))))) or "every port"
            yield f"lets {of} be reached from {peers} on {ports}" if side == "from" else \
                f"lets {of} reach {peers} on {ports}"  # fmt: skip


def _peer(one: Mapping[str, Any]) -> str:
    block = _mapping(one.get("ipBlock"))
    if block:
        without = ", ".join(sorted(_texts(block.get("except"))))
        return _text(block.get("cidr")) + (f" without {without}" if without else "")
    pods = _selector(one.get("podSelector")) if "podSelector" in one else "every Pod"
    return f"{pods} of namespaces {_short(one['namespaceSelector'])}" if "namespaceSelector" in one else pods


def _port(one: Mapping[str, Any]) -> str:
    end = f"-{one['endPort']}" if "endPort" in one else ""
    return f"{one.get('port', 'all')}{end}/{_text(one.get('protocol')) or 'TCP'}"


def _selector(value: Any) -> str:
    return f"Pods {_short(value)}" if value else "every Pod"


def _role(body: Mapping[str, Any]) -> Iterator[str]:
    for rule in _mappings(body.get("rules")):
        verbs = ", ".join(sorted(_texts(rule.get("verbs"))))
        names = ", ".join(sorted(_texts(rule.get("resourceNames"))))
        groups = sorted(one or "core" for one in _texts(rule.get("apiGroups")))
        for resource in sorted(_texts(rule.get("resources"))):
            yield f"may {verbs} {resource} ({', '.join(groups)})" + (f" named {names}" if names else "")
        for address in sorted(_texts(rule.get("nonResourceURLs"))):
            yield f"may {verbs} {address}"
    if body.get("aggregationRule"):
        yield f"takes the rules of roles {_short(body['aggregationRule'])}"


def _binding(body: Mapping[str, Any]) -> Iterator[str]:
    role = _mapping(body.get("roleRef"))
    for one in _mappings(body.get("subjects")):
        where = f"{_text(one.get('namespace'))}/" if one.get("namespace") else ""
        yield (f"gives {_text(one.get('kind'))} {where}{_text(one.get('name'))} the "
               f"{_text(role.get('kind'))} {_text(role.get('name'))}")  # fmt: skip


def _service_account(body: Mapping[str, Any]) -> Iterator[str]:
    annotations = _mapping(_mapping(body.get("metadata")).get("annotations"))
    for name in _IDENTITIES:
        if annotations.get(name):
            yield f"is {name} {_text(annotations[name])} in the cloud"
    if body.get("automountServiceAccountToken") is not False:
        yield "its token is mounted into Pods"


def _admission(body: Mapping[str, Any]) -> Iterator[str]:
    for one in _mappings(body.get("webhooks")):
        yield f"asks {_text(one.get('name'))} about requests, {_text(one.get('failurePolicy')) or 'Fail'} on failure"


def _pod_network(pod: Mapping[str, Any]) -> Iterator[str]:
    if pod.get("hostNetwork") is True:
        yield "stands in the network of its node"
    for container in _containers(pod):
        for port in _mappings(container.get("ports")):
            if port.get("hostPort"):
                yield f"takes port {port['hostPort']}/{_text(port.get('protocol')) or 'TCP'} of its node"


def _pod_permissions(pod: Mapping[str, Any]) -> Iterator[str]:
    account = _text(pod.get("serviceAccountName"))
    if account:
        yield f"acts as ServiceAccount {account}"
    for key, text in (("hostPID", "sees the processes of its node"), ("hostIPC", "shares the memory of its node")):
        if pod.get(key) is True:
            yield text
    for volume in _mappings(pod.get("volumes")):
        if _mapping(volume.get("hostPath")):
            yield f"mounts {_text(_mapping(volume['hostPath']).get('path'))} of its node"
    for container in _containers(pod):
        name, context = _text(container.get("name")), _mapping(container.get("securityContext"))
        if context.get("privileged") is True:
            yield f"container {name} is privileged"
        if context.get("allowPrivilegeEscalation") is True:
            yield f"container {name} may gain privileges"
        for capability in sorted(_texts(_mapping(context.get("capabilities")).get("add"))):
            yield f"container {name} has the capability {capability}"


_NETWORK = {
    "Service": _service, "Ingress": _ingress, "HTTPRoute": _route, "GRPCRoute": _route, "TCPRoute": _route,
    "TLSRoute": _route, "Gateway": _gateway, "NetworkPolicy": _network_policy,
}  # fmt: skip
_PERMISSIONS = {
    "Role": _role, "ClusterRole": _role, "RoleBinding": _binding, "ClusterRoleBinding": _binding,
    "ServiceAccount": _service_account, "ValidatingWebhookConfiguration": _admission,
    "MutatingWebhookConfiguration": _admission,
}  # fmt: skip


def _pod(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = body
    for step in _TEMPLATES.get(_text(body.get("kind")), ("",)):
        found = _mapping(found.get(step))
    return _mapping(found)


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from _mappings(pod.get(key))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)[:200]


def _texts(value: Any) -> Sequence[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else ()


def _short(value: Any) -> str:
    """A selector or a match in one line, its keys sorted."""
    return orjson.dumps(value or {}, option=orjson.OPT_SORT_KEYS).decode()[:500]
