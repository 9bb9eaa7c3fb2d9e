"""A tree of varied Kubernetes manifests, one a file, from a seed: what the bench of the policies is put to.

Kinds and fields stand about as often as in the repositories of a company: half of the objects are workloads, each of a
team that sets none, some or all of what hardening asks for. Names, sizes, comments and quotes vary.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

_NAMES = (
    "cart",
    "billing",
    "search",
    "ledger",
    "mail",
    "stock",
    "export",
    "login",
    "media",
    "pricing",
    "orders",
    "audit",
)
_TEAMS = ("shop", "payments", "platform", "data", "support")
_IMAGES = (
    "registry.example/{team}/{name}:{tag}", "nginx:1.27", "redis", "registry.example/{team}/{name}@sha256:{digest}",
    "postgres:16.3", "ghcr.example/{team}/{name}:{tag}", "busybox:latest",
)  # fmt: skip
_KINDS = (
    ("Deployment", 36), ("StatefulSet", 5), ("DaemonSet", 2), ("CronJob", 6), ("Job", 2), ("Service", 18),
    ("ConfigMap", 9), ("Ingress", 5), ("ServiceAccount", 4), ("Role", 3), ("RoleBinding", 3), ("NetworkPolicy", 3),
    ("HorizontalPodAutoscaler", 2), ("PodDisruptionBudget", 1), ("PersistentVolumeClaim", 1),
)  # fmt: skip
GROUPS = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "CronJob": "batch/v1", "Job": "batch/v1",
    "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2", "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
}  # fmt: skip


def write(folder: Path, count: int, *, seed: int = 7) -> int:
    """Write ``count`` manifests below ``folder``; gives their size in bytes."""
    chance = random.Random(seed)
    kinds, weights = zip(*_KINDS, strict=True)
    size = 0
    for number in range(count):
        (kind,) = chance.choices(kinds, weights)
        team = chance.choice(_TEAMS)
        text = _text(_object(kind, number, team, chance), chance)
        path = folder / team / f"part-{number % 40}" / f"{kind.lower()}-{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        size += len(text)
    return size


def _text(body: dict[str, Any], chance: random.Random) -> str:
    """As people write it: block style, now and then a comment, quotes where somebody liked them."""
    import yaml

    lines = (
        yaml.safe_dump(body, sort_keys=False, Dumper=yaml.CSafeDumper)
        if False
        else yaml.dump(body, Dumper=yaml.CSafeDumper, sort_keys=False)
    )
    written = []
    for line in lines.splitlines():
        if chance.random() < 0.02:
            written.append(" " * (len(line) - len(line.lstrip())) + "# see the handbook before you change this")
        head, colon, value = line.partition(": ")
        if colon and value.isalpha() and value not in ("true", "false", "null") and chance.random() < 0.1:
            line = f'{head}: "{value}"'
        written.append(line)
    return "\n".join(written) + "\n"


def _object(kind: str, number: int, team: str, chance: random.Random) -> dict[str, Any]:
    name = f"{chance.choice(_NAMES)}-{number}"
    labels = {"app": name}
    if chance.random() < 0.5:
        labels |= {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": team}
    metadata: dict[str, Any] = {"name": name, "namespace": team, "labels": labels}
    if chance.random() < 0.3:
        metadata["annotations"] = {"harbour.example/owner": team, "harbour.example/contact": f"{team}@harbour.example"}
    body = {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": metadata}
    return body | (_workload if kind in _WORKLOADS else _OTHERS[kind])(kind, name, team, chance)


_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")


def _workload(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:
    care = chance.choice((0.1, 0.4, 0.7, 0.95))
    template = {"metadata": {"labels": {"app": name}}, "spec": _pod(name, team, care, chance)}
    if kind in ("Job", "CronJob"):
        template["spec"]["restartPolicy"] = chance.choice(("Never", "OnFailure"))
        job: dict[str, Any] = {"backoffLimit": chance.randrange(5), "template": template}
        if kind == "Job":
            return {"spec": job}
        return {"spec": {"schedule": f"{chance.randrange(60)} 3 * * *", "jobTemplate": {"spec": job}}}
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind != "DaemonSet":
        spec["replicas"] = chance.randrange(1, 5)
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"spec": spec}


def _pod(name: str, team: str, care: float, chance: random.Random) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = []
    for number in range(chance.choice((0, 1, 1, 2, 3))):
        source = chance.choice(("emptyDir", "configMap", "secret", "persistentVolumeClaim", "configMap", "hostPath"))
        key = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName", "hostPath": "path"}
        value = "/var/log" if source == "hostPath" else f"{name}-{number}"
        volumes.append({"name": f"data-{number}", source: {key[source]: value} if source in key else {}})
    spec: dict[str, Any] = {"containers": [], "volumes": volumes} if volumes else {"containers": []}
    if chance.random() < care:
        spec["serviceAccountName"] = name
    if chance.random() < care:
        spec["automountServiceAccountToken"] = False
    if chance.random() < care:
        spec["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if chance.random() < 0.02:
        spec[chance.choice(("hostNetwork", "hostPID", "hostIPC"))] = True
    if chance.random() < 0.15:
        spec["imagePullSecrets"] = [{"name": "registry"}]
    for number in range(chance.choice((1, 1, 1, 2, 3))):
        spec["containers"].append(_container(f"{name}-{number}" if number else name, team, care, volumes, chance))
    if chance.random() < 0.15:
        spec["initContainers"] = [_container("prepare", team, care, volumes, chance)]
    return spec


def _container(
    name: str, team: str, care: float, volumes: list[dict[str, Any]], chance: random.Random
) -> dict[str, Any]:
    digest = "".join(chance.choices("0123456789abcdef", k=64))
    tag = f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(9)}"
    port = chance.choice((8080, 8443, 80, 3000, 9090))
    made: dict[str, Any] = {
        "name": name,
        "image": chance.choice(_IMAGES).format(team=team, name=name, tag=tag, digest=digest),
        "ports": [{"containerPort": port, "name": "http"}],
    }
    if chance.random() < 0.4:
        made["args"] = ["--listen", f"0.0.0.0:{port}", f"--team={team}"]
    made["env"] = [{"name": f"SETTING_{one}", "value": f"value of {one}"} for one in range(chance.randrange(6))]
    if chance.random() < 0.2:
        made["env"].append({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": name, "key": "token"}}})
    if not made["env"]:
        del made["env"]
    if chance.random() < care + 0.2:
        made["resources"] = {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": f"{chance.choice((128, 256, 512))}Mi"}
            | ({"cpu": "1"} if chance.random() < 0.5 else {}),
        }
    for probe in ("livenessProbe", "readinessProbe"):
        if chance.random() < care + 0.1:
            made[probe] = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    secured: dict[str, Any] = {
        key: value
        for key, value in (
            ("allowPrivilegeEscalation", False), ("readOnlyRootFilesystem", True), ("runAsNonRoot", True),
            ("capabilities", {"drop": ["ALL"]}), ("runAsUser", 10001),
        )
        if chance.random() < care
    }  # fmt: skip
    if chance.random() < 0.02:
        secured["privileged"] = True
    if secured:
        made["securityContext"] = secured
    if volumes:
        made["volumeMounts"] = [{"name": one["name"], "mountPath": f"/srv/{one['name']}"} for one in volumes]
    return made


def _service(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    ports = [{"name": "http", "port": 80, "targetPort": chance.choice((8080, "http"))}]
    kinds = ("ClusterIP", "ClusterIP", "ClusterIP", "LoadBalancer", "NodePort")
    return {"spec": {"type": chance.choice(kinds), "selector": {"app": name}, "ports": ports}}


def _config(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    data = {f"setting-{one}": f"value {one}" for one in range(chance.randrange(1, 12))}
    if chance.random() < 0.4:
        data["app.ini"] = "".join(f"[part{one}]\nsize = {one}\n" for one in range(chance.randrange(2, 15)))
    return {"data": data}


def _ingress(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    host = f"{name}.{team}.harbour.example"
    backend = {"service": {"name": name, "port": {"number": 80}}}
    spec: dict[str, Any] = {
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    }
    if chance.random() < 0.6:
        spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
    return {"spec": {"ingressClassName": "internal", **spec}}


def _role(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    rules = []
    for _ in range(chance.randrange(1, 4)):
        resources = chance.sample(("pods", "configmaps", "secrets", "deployments", "jobs"), chance.randrange(1, 3))
        verbs = ["*"] if chance.random() < 0.1 else chance.sample(("get", "list", "watch", "create", "patch"), 3)
        rules.append({"apiGroups": [chance.choice(("", "apps", "batch"))], "resources": resources, "verbs": verbs})
    return {"rules": rules}


def _binding(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    subject = {"kind": "ServiceAccount", "name": chance.choice((name, name, "default")), "namespace": team}
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [subject],
    }


def _network(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    peer = chance.choice(({"podSelector": {"matchLabels": {"app": "gateway"}}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}))
    rule = {"from": [peer], "ports": [{"protocol": "TCP", "port": 8080}]} if chance.random() < 0.9 else {}
    return {
        "spec": {"podSelector": {"matchLabels": {"app": name}}, "policyTypes": ["Ingress"], "ingress": [rule]},
    }


def _account(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    return {"automountServiceAccountToken": False} if chance.random() < 0.5 else {}


def _autoscaler(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {"spec": {"scaleTargetRef": target, "minReplicas": chance.randrange(1, 4), "maxReplicas": 10}}


def _disruption(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    return {"spec": {"minAvailable": chance.choice((1, "50%")), "selector": {"matchLabels": {"app": name}}}}


def _claim(kind: str, name: str, team: str, chance: random.Random) -> dict[str, Any]:  # noqa: ARG001
    size = f"{chance.choice((1, 10, 50))}Gi"
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}


_OTHERS = {
    "Service": _service, "ConfigMap": _config, "Ingress": _ingress, "ServiceAccount": _account, "Role": _role,
    "RoleBinding": _binding, "NetworkPolicy": _network, "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _disruption, "PersistentVolumeClaim": _claim,
}  # fmt: skip
