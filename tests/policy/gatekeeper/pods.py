"""Pods as clusters see them: made from a seed, so that every run judges the same ones."""

from __future__ import annotations

import random
from typing import Any

_IMAGES = (
    "registry.example.com/shop/web:1.2",
    "nginx",
    "nginx:latest",
    "ghcr.example/tool@sha256:" + "ab" * 32,
    "busybox:1",
    "openpolicyagent/opa:0.9.2",
    "k8s.example.io/pause:3.9",
    "localhost:5000/x",
)
_USERS = (0, 100, 199, 250, 1000)


def pods(count: int, *, seed: int = 1) -> list[dict[str, Any]]:
    """So many Pods, all different, about half of them with something that some library policy forbids."""
    dice = random.Random(seed)
    return [_pod(dice, index) for index in range(count)]


def _pod(dice: random.Random, index: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": f"pod-{index}", "namespace": dice.choice(("harbour", "dock", "default"))}
    if dice.random() < 0.6:
        labels = {"owner": "ada.agilebank.demo", "app": "shop", "gatekeeper": "true"}
        metadata["labels"] = dict(dice.sample(sorted(labels.items()), dice.randint(1, 3)))
    if dice.random() < 0.4:
        metadata["annotations"] = _annotations(dice)
    spec: dict[str, Any] = {"containers": [_container(dice, f"c{at}") for at in range(dice.randint(1, 3))]}
    if dice.random() < 0.4:
        spec["initContainers"] = [_container(dice, "init")]
    if dice.random() < 0.5:
        spec["securityContext"] = _security(dice, pod=True)
    for name in ("hostNetwork", "hostPID", "hostIPC", "automountServiceAccountToken"):
        if dice.random() < 0.15:
            spec[name] = dice.random() < 0.5
    if dice.random() < 0.4:
        spec["volumes"] = [_volume(dice, at) for at in range(dice.randint(1, 2))]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _annotations(dice: random.Random) -> dict[str, str]:
    known = {
        "seccomp.security.alpha.kubernetes.io/pod": dice.choice(("runtime/default", "unconfined", "localhost/a.json")),
        "container.apparmor.security.beta.kubernetes.io/c0": dice.choice(("runtime/default", "unconfined")),
        "a8r.io/owner": dice.choice(("ada", "")),
    }
    return dict(dice.sample(sorted(known.items()), dice.randint(1, 3)))


def _container(dice: random.Random, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "image": dice.choice(_IMAGES)}
    if dice.random() < 0.6:
        made["resources"] = {
            kind: {
                "cpu": dice.choice(("100m", "1", "0.5", "2000m", 1)),
                "memory": dice.choice(("64Mi", "1Gi", "1G", "128e3")),
            }
            for kind in dice.sample(("limits", "requests"), dice.randint(1, 2))
        }
    if dice.random() < 0.6:
        made["securityContext"] = _security(dice, pod=False)
    for probe in ("livenessProbe", "readinessProbe"):
        if dice.random() < 0.5:
            made[probe] = {dice.choice(("tcpSocket", "httpGet")): {"port": 80}}
    if dice.random() < 0.3:
        made["ports"] = [
            {"containerPort": 80, **({"hostPort": dice.choice((80, 9000, 70000))} if dice.random() < 0.6 else {})}
        ]
    if dice.random() < 0.2:
        made["stdin"] = made["tty"] = dice.random() < 0.5
    if dice.random() < 0.3:
        made["volumeMounts"] = [{"name": "v0", "mountPath": "/data", "readOnly": dice.random() < 0.5}]
    return made


def _security(dice: random.Random, *, pod: bool) -> dict[str, Any]:
    known: dict[str, Any] = {
        "runAsUser": dice.choice(_USERS),
        "runAsGroup": dice.choice(_USERS),
        "runAsNonRoot": dice.random() < 0.7,
        "seccompProfile": dice.choice(
            ({"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a.json"})
        ),
        "seLinuxOptions": dice.choice(
            (
                {"level": "s0:c123,c456"},
                {"level": "s1:c234,c567", "user": "sysadm_u", "role": "sysadm_r", "type": "svirt_t"},
            )
        ),
        "windowsOptions": {"hostProcess": dice.random() < 0.5},
    }
    if pod:
        known |= {
            "fsGroup": dice.choice(_USERS),
            "supplementalGroups": dice.sample(_USERS, 2),
            "sysctls": [{"name": dice.choice(("kernel.msgmax", "net.core.somaxconn")), "value": "1"}],
        }
    else:
        known |= {
            "privileged": dice.random() < 0.4,
            "allowPrivilegeEscalation": dice.random() < 0.5,
            "readOnlyRootFilesystem": dice.random() < 0.5,
            "procMount": dice.choice(("Default", "Unmasked")),
            "capabilities": {
                "add": dice.sample(("NET_ADMIN", "SYS_TIME", "something"), dice.randint(0, 2)),
                "drop": dice.sample(("ALL", "must_drop", "another"), dice.randint(0, 2)),
            },
        }
    return dict(dice.sample(sorted(known.items()), dice.randint(1, 5)))


def _volume(dice: random.Random, at: int) -> dict[str, Any]:
    known: list[dict[str, Any]] = [
        {"emptyDir": {}},
        {"hostPath": {"path": dice.choice(("/foo", "/foo/bar", "/etc"))}},
        {"configMap": {"name": "a"}},
        {"flexVolume": {"driver": dice.choice(("example/lvm", "example/cifs"))}},
        {"secret": {"secretName": "s"}},
    ]
    return {"name": f"v{at}", **dice.choice(known)}
