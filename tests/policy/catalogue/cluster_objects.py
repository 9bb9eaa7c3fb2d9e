"""Objects of every kind that the rulebook judges, made from a seed: valid in shape, anything in value."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

_IMAGES = ("nginx", "nginx:latest", "ghcr.io/a/b:1", "evil.example/x:1", "shop.azurecr.io/a@sha256:" + "0" * 64)
_WORKLOADS = (
    ("v1", "Pod", ()),
    ("v1", "PodTemplate", ("template",)),
    ("v1", "ReplicationController", ("spec", "template")),
    ("apps/v1", "Deployment", ("spec", "template")),
    ("apps/v1", "StatefulSet", ("spec", "template")),
    ("apps/v1", "DaemonSet", ("spec", "template")),
    ("batch/v1", "Job", ("spec", "template")),
    ("batch/v1", "CronJob", ("spec", "jobTemplate", "spec", "template")),
    ("argoproj.io/v1alpha1", "Rollout", ("spec", "template")),
    ("serving.knative.dev/v1", "Service", ("spec", "template")),
)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """One object; the choices shrink together, since they all come from one seed."""
    return made(random.Random(draw(st.integers(0, 2**32))))


def some(count: int, *, seed: int) -> list[dict[str, Any]]:
    """So many objects, the same in every run."""
    dice = random.Random(seed)
    return [made(dice, f"o{number}") for number in range(count)]


def made(dice: random.Random, name: str = "shop") -> dict[str, Any]:
    """One object."""
    make = dice.choice((_workload, _workload, _workload, _role, _binding, _service, _ingress, _network_policy, _rest))
    body = make(dice)
    metadata = {"name": name, **_maybe(dice, namespace=["default", "shop", "kube-system"])}
    metadata |= _maybe(dice, labels=[{}, {"app": "a"}, {"app.kubernetes.io/name": "a", "team": "b"}])
    return {**body, "metadata": metadata}


def _maybe(dice: random.Random, **choices: list[Any]) -> dict[str, Any]:
    """Some of the fields, each with one of its values; a callable value is called."""
    found = {}
    for key, values in choices.items():
        if dice.random() < 0.5:
            value = dice.choice(values)
            found[key] = value(dice) if callable(value) else value
    return found


def _workload(dice: random.Random) -> dict[str, Any]:
    version, kind, fields = dice.choice(_WORKLOADS)
    place: dict[str, Any] = {"spec": _pod_spec(dice)}
    if dice.random() < 0.3:
        place["metadata"] = {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}
    for field in reversed(fields):
        place = {field: place, **(_maybe(dice, replicas=[1, 3]) if field == "template" else {})}
    return {"apiVersion": version, "kind": kind, **place}


def _pod_spec(dice: random.Random) -> dict[str, Any]:
    lists = {"containers": _containers(dice), **_maybe(dice, initContainers=[_containers])}
    lists |= _maybe(dice, ephemeralContainers=[_containers]) if dice.random() < 0.3 else {}
    switches = {name: [True, False] for name in ("hostNetwork", "hostPID", "hostIPC", "hostUsers")}
    return lists | _maybe(
        dice, **switches, automountServiceAccountToken=[True, False], serviceAccountName=["default", "app"],
        securityContext=[_security], volumes=[_volumes], nodeName=["n"], restartPolicy=["Always", "Never"],
        os=[{"name": "windows"}, {"name": "linux"}], terminationGracePeriodSeconds=[0, 30, 900],
        imagePullSecrets=[[], [{"name": "s"}]], priorityClassName=["system-node-critical", "a"],
    )  # fmt: skip


def _containers(dice: random.Random) -> list[dict[str, Any]]:
    return [{"name": f"c{number}", **_container(dice)} for number in range(dice.randint(0, 3))]


def _container(dice: random.Random) -> dict[str, Any]:
    return _maybe(
        dice, image=list(_IMAGES), securityContext=[_security], resources=[_resources], ports=[_ports],
        livenessProbe=[_probe], readinessProbe=[_probe], imagePullPolicy=["Always", "IfNotPresent"],
        env=[[{"name": "DB_PASSWORD", "value": "x"}], [{"name": "A", "value": "b"}], []],
        command=[["sh", "-c", "x"], []], volumeMounts=[[{"name": "v", "mountPath": "/var/run/docker.sock"}]],
        tty=[True, False], stdin=[True],
    )  # fmt: skip


def _security(dice: random.Random) -> dict[str, Any]:
    return _maybe(
        dice, privileged=[True, False], allowPrivilegeEscalation=[True, False], readOnlyRootFilesystem=[True, False],
        runAsNonRoot=[True, False], runAsUser=[0, 1000, 20000], runAsGroup=[0, 1000], procMount=["Default", "Unmasked"],
        seccompProfile=[{"type": "RuntimeDefault"}, {"type": "Unconfined"}], seLinuxOptions=[{"user": "u"}, {}],
        capabilities=[{"add": ["SYS_ADMIN"]}, {"drop": ["ALL"]}, {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, {}],
        sysctls=[[{"name": "kernel.msgmax", "value": "1"}], [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]],
        supplementalGroups=[[0], [5]], fsGroup=[0, 5], appArmorProfile=[{"type": "Unconfined"}],
    )  # fmt: skip


def _resources(dice: random.Random) -> dict[str, Any]:
    amounts = [{"cpu": "1", "memory": "1Gi"}, {"cpu": 2}, {"memory": "64Mi", "ephemeral-storage": "1Gi"}, {}]
    return _maybe(dice, limits=[*amounts, {"memory": "900Gi"}], requests=amounts)


def _ports(dice: random.Random) -> list[dict[str, Any]]:
    return [{"containerPort": 80, **_maybe(dice, hostPort=[0, 80], name=["http"])} for _ in range(dice.randint(0, 2))]


def _probe(dice: random.Random) -> dict[str, Any]:
    return {"httpGet": {"port": 80, **_maybe(dice, host=["x", ""])}, **_maybe(dice, initialDelaySeconds=[0, 90])}


def _volumes(dice: random.Random) -> list[dict[str, Any]]:
    token = {"serviceAccountToken": {"path": "t", "audience": "elsewhere", "expirationSeconds": 100000}}
    kinds = [{"hostPath": {"path": "/"}}, {"emptyDir": {}}, {"projected": {"sources": [token, {"secret": {}}]}}, {}]
    kinds += [{"projected": {}}, {"secret": {"secretName": "s"}}, {"hostPath": {"path": "/var/run/docker.sock"}}]
    return [{"name": f"v{number}", **dice.choice(kinds)} for number in range(dice.randint(0, 3))]


def _role(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(("Role", "ClusterRole"))
    body: dict[str, Any] = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind}
    if dice.random() < 0.9:
        body["rules"] = [_grant(dice) for _ in range(dice.randint(0, 3))]
    elif kind == "ClusterRole":
        body["aggregationRule"] = {"clusterRoleSelectors": [{}, {"matchLabels": {"a": "b"}}]}
    return body


def _grant(dice: random.Random) -> dict[str, Any]:
    resources = ["secrets", "pods", "pods/exec", "*", "roles", "nodes/proxy", "serviceaccounts/token", "users"]
    return _maybe(
        dice, apiGroups=[[""], ["*"], ["rbac.authorization.k8s.io"]], resourceNames=[["a"], []],
        verbs=[["get"], ["*"], ["create", "delete"], ["impersonate", "bind", "escalate"]],
        resources=[dice.sample(resources, 2), [dice.choice(resources)]], nonResourceURLs=[["*"]],
    )  # fmt: skip


def _binding(dice: random.Random) -> dict[str, Any]:
    names = ["system:masters", "system:authenticated", "system:anonymous", "default", "ada"]
    subjects = [
        {"kind": dice.choice(("Group", "User", "ServiceAccount")), "name": dice.choice(names),
         **_maybe(dice, namespace=["other"])}
        for _ in range(dice.randint(0, 3))
    ]  # fmt: skip
    ref = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": dice.choice(("cluster-admin", "edit")),
    }
    kind = dice.choice(("RoleBinding", "ClusterRoleBinding"))
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "roleRef": ref}
    return body | ({"subjects": subjects} if dice.random() < 0.8 else {})


def _service(dice: random.Random) -> dict[str, Any]:
    spec = _maybe(
        dice, type=["ClusterIP", "LoadBalancer", "NodePort", "ExternalName"], externalIPs=[["192.0.2.1"], []],
        ports=[[{"port": 22}, {"port": 443, "name": "https"}], [{"port": 6379, "targetPort": "redis"}]],
        loadBalancerSourceRanges=[["0.0.0.0/0"], ["10.0.0.0/8"]], externalName=["localhost"], selector=[{"a": "b"}],
    )  # fmt: skip
    return {"apiVersion": "v1", "kind": "Service", "spec": spec}


def _ingress(dice: random.Random) -> dict[str, Any]:
    rules = [_maybe(dice, host=["*.a.example", "b.example"]) for _ in range(dice.randint(0, 2))]
    spec = {"rules": rules, **_maybe(dice, tls=[[{"hosts": ["b.example"]}], [{}], []], ingressClassName=["nginx"])}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": spec}


def _network_policy(dice: random.Random) -> dict[str, Any]:
    anyone, pods = {"ipBlock": {"cidr": "0.0.0.0/0"}}, {"podSelector": {"matchLabels": {"a": "b"}}}
    peers = [anyone, {"namespaceSelector": {}}, pods]
    ports = [[], [{"port": 80}]]
    spec = _maybe(
        dice, policyTypes=[["Ingress"], ["Egress"]],
        ingress=[[{}], [], [_maybe(dice, **{"from": [[], peers], "ports": ports})]],
        egress=[[{}], [], [_maybe(dice, to=[[], peers], ports=ports)]],
    )  # fmt: skip
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}, **spec}}


def _rest(dice: random.Random) -> dict[str, Any]:
    listeners = [{"name": "a", "protocol": "HTTP"}, {"name": "b", "allowedRoutes": {"namespaces": {"from": "All"}}}]
    return dice.choice(
        (
            {"apiVersion": "v1", "kind": "Namespace"},
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"password": "x"}},
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "spec": {"listeners": listeners}},
            {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "spec": {"rules": [{}]}},
            {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "spec": {"mtls": {"mode": "DISABLE"}}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"accessModes": ["ReadWriteMany"]}},
        )
    )  # fmt: skip
