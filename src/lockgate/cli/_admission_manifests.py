"""The work of ``lockgate admission manifests``: what a cluster needs to ask the webhook, as YAML."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lockgate.cli._project import Project, project_at
from lockgate.errors import ExitCode, UsageError
from lockgate.settings import FILE_NAME
from lockgate.sources import policy_files
from lockgate.sources.cluster.policies import GROUPS, NATIVE

_NAME = "lockgate"
_LABELS = {"app.kubernetes.io/name": _NAME, "app.kubernetes.io/component": "admission"}
_PORT = 8443
_MAX_CONFIG = 900_000
"""Bytes of a ConfigMap; the API server takes 1 MiB in all."""
_CONFIGURATIONS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
_POLICIES = ("validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies",
             "mutatingadmissionpolicybindings")  # fmt: skip
_KEY = "bundle.pub"
_RESOURCE = re.compile(r"[a-z][a-z0-9]{0,62}(\.[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?)?")
_PASSED_OVER = (
    "!(request.resource.group in ['authentication.k8s.io', 'authorization.k8s.io', 'coordination.k8s.io', "
    "'events.k8s.io']) && !(request.resource.group == '' && request.resource.resource == 'events')"
)
"""Requests that no policy is about and that come by the thousand; an answer that was late would stop heartbeats."""


def run(arguments: argparse.Namespace) -> int:
    """Print; returns the exit code."""
    import yaml

    if not 1 <= arguments.timeout <= 30:
        raise UsageError("--timeout must be from 1 to 30 seconds, as the API server has it")
    if arguments.workers < 1:
        raise UsageError("--workers must be 1 or more")
    replicas = arguments.replicas or (2 if arguments.cert_manager else 1)
    if replicas > 1 and not arguments.cert_manager:
        raise UsageError("several replicas cannot each make the authority", hint="use --cert-manager, or one replica")
    if arguments.bundle and not arguments.bundle_key:
        raise UsageError("a bundle without a key to check it by could be anybody's", hint="give --bundle-key")
    wrong = [one for one in arguments.read if not _RESOURCE.fullmatch(one)]
    if wrong or (arguments.read and not arguments.cluster):
        raise UsageError(f"--read {(wrong or arguments.read)[0]}: name a resource with its group, with --cluster",
                         hint="as --cluster --read configmaps --read ingresses.networking.k8s.io")  # fmt: skip
    project = project_at(Path(arguments.project))
    objects = [one for one in _objects(arguments, project, replicas) if one]
    sys.stdout.write(yaml.safe_dump_all(objects, sort_keys=False, default_flow_style=False))
    if not arguments.workspace and not arguments.claim:
        print("the record lies in an emptyDir and goes with the Pod: give --claim or --workspace", file=sys.stderr)
    if arguments.cluster and not arguments.read:
        print("kinds that a paramKind, a Config or a SyncSet of the cluster names have to be read too: give --read for "
              "each", file=sys.stderr)  # fmt: skip
    return int(ExitCode.ALLOWED)


def _objects(arguments: argparse.Namespace, project: Project, replicas: int) -> Iterator[Mapping[str, Any]]:
    namespace = arguments.namespace
    yield {"apiVersion": "v1", "kind": "Namespace",
           "metadata": {"name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}  # fmt: skip
    yield _object("v1", "ServiceAccount", namespace)
    yield from _access(arguments)
    files = _files(project) | _key_file(arguments)
    yield _object("v1", "ConfigMap", namespace, data={_key(name): text for name, text in files.items()})
    yield _object("v1", "Service", namespace, spec={
        "selector": _LABELS, "ports": [{"name": "https", "port": 443, "targetPort": "https"}],
    })  # fmt: skip
    if arguments.cert_manager:
        yield from _certificate(namespace)
    yield _deployment(arguments, replicas, sorted(files))
    if replicas > 1:
        yield _object("policy/v1", "PodDisruptionBudget", namespace, spec={
            "minAvailable": 1, "selector": {"matchLabels": _LABELS},
        })  # fmt: skip
    for kind in ("Validating", "Mutating") if arguments.mutate else ("Validating",):
        yield _webhook(arguments, kind)


def _object(version: str, kind: str, namespace: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": _NAME, "namespace": namespace, "labels": _LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _access(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Only what is used: the own webhook configurations, for the authority, and what policies of the cluster are."""
    group = "rbac.authorization.k8s.io"
    rules = [*_own_configurations(arguments), *_policies_of_the_cluster(arguments)]
    if not rules:
        return
    metadata = {"name": _NAME, "labels": _LABELS}
    yield {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    yield {"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": metadata,
           "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": _NAME},
           "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": arguments.namespace}]}  # fmt: skip


def _own_configurations(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if not arguments.cert_manager:
        yield {"apiGroups": [NATIVE], "resources": list(_CONFIGURATIONS), "resourceNames": [_NAME],
               "verbs": ["get", "patch"]}  # fmt: skip


def _policies_of_the_cluster(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What ``--cluster`` lists and watches; kinds of constraints are as many as there are templates. CEL's
    ``authorizer`` asks for a review of access, of which the API server keeps nothing."""
    if not arguments.cluster:
        return
    verbs = ["get", "list", "watch"]
    yield {"apiGroups": sorted(GROUPS), "resources": ["*"], "verbs": verbs}
    yield {"apiGroups": [NATIVE], "resources": list(_POLICIES), "verbs": verbs}
    yield {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}
    named: dict[str, list[str]] = {"": ["namespaces"]}
    for one in arguments.read:
        resource, _, group = one.partition(".")
        if resource not in named.setdefault(group, []):
            named[group].append(resource)
    for group, resources in sorted(named.items()):
        yield {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _certificate(namespace: str) -> Iterator[dict[str, Any]]:
    yield _object("cert-manager.io/v1", "Issuer", namespace, spec={"selfSigned": {}})
    service = f"{_NAME}.{namespace}.svc"
    yield _object("cert-manager.io/v1", "Certificate", namespace, spec={
        "secretName": f"{_NAME}-tls", "dnsNames": [service, f"{service}.cluster.local"],
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": {"kind": "Issuer", "name": _NAME},
    })  # fmt: skip


def _files(project: Project) -> dict[str, str]:
    """Settings, waivers and policies by their path in the project."""
    found: dict[str, str] = {}
    for name in (FILE_NAME, project.settings.waivers, "CODEOWNERS"):
        path = project.top / name
        if path.is_file() and "/" not in name:
            found[name] = path.read_text("utf-8")
    for path in policy_files.files([project.top / one for one in project.settings.admission.policies]):
        found[path.relative_to(project.top).as_posix()] = path.read_text("utf-8")
    found |= _image_files(project)
    if sum(len(text.encode()) for text in found.values()) > _MAX_CONFIG:
        raise UsageError(f"settings and policies are larger than {_MAX_CONFIG} bytes, which no ConfigMap holds",
                         hint="build them into the image, or serve them from a signed bundle")  # fmt: skip
    return found


def _image_files(project: Project) -> dict[str, str]:
    """The policy of images with the keys and roots that it names, and the authorities of registries."""
    settings = project.settings.admission
    if not settings.images:
        return {}
    from lockgate.engine.image_trust.policies import load

    named = [*load(project.top / settings.images).files]
    named += [project.top / settings.images_ca_file] if settings.images_ca_file else []
    found = {}
    for path in named:
        if not path.resolve().is_relative_to(project.top.resolve()):
            raise UsageError("a file that admission needs lies outside the project", where=str(path),
                             hint="keep keys and trusted roots below the folder of lockgate.yaml")  # fmt: skip
        found[path.resolve().relative_to(project.top.resolve()).as_posix()] = path.read_text("utf-8")
    return found


def _key_file(arguments: argparse.Namespace) -> dict[str, str]:
    """The key that bundles are checked by, beside the settings: it is public, and whoever may change it may change what
    judges in any case."""
    if not arguments.bundle:
        return {}
    from lockgate.sources.policy_bundle.signing import public_key

    path = Path(arguments.bundle_key)
    public_key(path)
    return {_KEY: path.read_text("ascii")}


def _key(path: str) -> str:
    """The key of a file in a ConfigMap, which knows no folders; the volume puts it back where it was."""
    return path.replace("/", "..")


def _deployment(arguments: argparse.Namespace, replicas: int, files: list[str]) -> dict[str, Any]:
    namespace = arguments.namespace
    command = ["admission", "serve", "--project", "/etc/lockgate", "--name", f"{_NAME}.{namespace}.svc",
               "--port", str(_PORT)]  # fmt: skip
    mounts: list[dict[str, Any]] = [
        {"name": "configuration", "mountPath": "/etc/lockgate", "readOnly": True},
        {"name": "workspace", "mountPath": "/var/lib/lockgate"},
    ]
    claim = {"persistentVolumeClaim": {"claimName": arguments.claim}} if arguments.claim else {"emptyDir": {}}
    volumes: list[dict[str, Any]] = [
        {"name": "configuration", "configMap": {
            "name": _NAME, "items": [{"key": _key(name), "path": name} for name in files]}},
        {"name": "workspace", **claim},
    ]  # fmt: skip
    command += _further(arguments)
    if arguments.cert_manager:
        command += ["--tls", "/tls"]
        mounts.append({"name": "tls", "mountPath": "/tls", "readOnly": True})
        volumes.append({"name": "tls", "secret": {"secretName": f"{_NAME}-tls"}})
    else:
        command += ["--publish", _NAME]
    if arguments.cluster or not arguments.cert_manager:
        command.append("--in-cluster")
    probe = {"port": "https", "scheme": "HTTPS"}
    container = {
        "name": "admission", "image": arguments.image, "args": command,
        "env": [{"name": "LOCKGATE_WORKSPACE", "value": arguments.workspace or "/var/lib/lockgate"}],
        "ports": [{"name": "https", "containerPort": _PORT}],
        "readinessProbe": {"httpGet": {"path": "/readyz", **probe}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/healthz", **probe}, "periodSeconds": 10, "failureThreshold": 3},
        "resources": {"requests": {"cpu": f"{200 * arguments.workers}m", "memory": f"{64 + 64 * arguments.workers}Mi"},
                      "limits": {"memory": f"{384 + 128 * arguments.workers}Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": mounts,
    }  # fmt: skip
    pod = {
        "serviceAccountName": _NAME, "automountServiceAccountToken": arguments.cluster or not arguments.cert_manager,
        "priorityClassName": "system-cluster-critical", "terminationGracePeriodSeconds": 60,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                                       "whenUnsatisfiable": "ScheduleAnyway",
                                       "labelSelector": {"matchLabels": _LABELS}}],
        "containers": [container], "volumes": volumes,
    }  # fmt: skip
    return _object("apps/v1", "Deployment", namespace, spec={
        "replicas": replicas, "selector": {"matchLabels": _LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        "template": {"metadata": {"labels": _LABELS}, "spec": pod},
    })  # fmt: skip


def _further(arguments: argparse.Namespace) -> list[str]:
    """What ``serve`` is told of what was asked for here."""
    told: list[str] = []
    if arguments.workspace:  # the record is elsewhere, and the settings are mounted to be read alone
        told += ["--state", "/var/lib/lockgate"]
    if arguments.workers > 1:
        told += ["--workers", str(arguments.workers)]
    if arguments.cluster:
        told.append("--cluster")
    if arguments.cluster_name:
        told += ["--cluster-name", arguments.cluster_name]
    if arguments.bundle:
        told += ["--bundle", arguments.bundle, "--bundle-tag", arguments.bundle_tag, "--bundle-key",
                 f"/etc/lockgate/{_KEY}"]  # fmt: skip
        told += [part for host in arguments.allow_host for part in ("--allow-host", host)]
    return told


def _webhook(arguments: argparse.Namespace, kind: str) -> dict[str, Any]:
    path = {"Validating": "/validate", "Mutating": "/mutate"}[kind]
    namespace = arguments.namespace
    left_out = ["kube-system", namespace, *arguments.exclude]
    annotations = {"cert-manager.io/inject-ca-from": f"{namespace}/{_NAME}"} if arguments.cert_manager else {}
    hook = {
        "name": f"{kind.lower()}.{_NAME}.admission", "admissionReviewVersions": ["v1"], "sideEffects": "NoneOnDryRun",
        "failurePolicy": arguments.failure_policy, "matchPolicy": "Equivalent", "timeoutSeconds": arguments.timeout,
        "clientConfig": {"service": {"namespace": namespace, "name": _NAME, "path": path, "port": 443}},
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                   "resources": ["*", "pods/ephemeralcontainers"], "scope": "*"}],
        "namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(dict.fromkeys(left_out))}]},
        "matchConditions": [{"name": "not-heartbeats", "expression": _PASSED_OVER}],
    }  # fmt: skip
    metadata = {"name": _NAME, "labels": _LABELS, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration",
            "metadata": metadata, "webhooks": [hook]}  # fmt: skip
