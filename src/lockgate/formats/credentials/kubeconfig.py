"""Kubernetes client files: tokens, passwords and keys of ``users`` (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import node_leaves, yaml_roots

_KEYS = frozenset(
    {"token", "password", "client-key-data", "client-secret", "refresh-token", "access-token", "id-token"}
)


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    if b"users" not in content or (b"clusters" not in content and b"kind: Config" not in content):
        return ()
    text = text_of(content)
    collector = Collector("kubeconfig", text)
    for root in yaml_roots(content):
        users = root.get("users")
        for entry in users.items if users else ():
            name = entry.get("name")
            for leaf in node_leaves(entry):
                if leaf.key in _KEYS:
                    collector.add(leaf.key, leaf.value, leaf.line, user=name.text if name else "")
    return collector.done()


READER = CredentialReader(
    paths(
        *(
            "kubeconfig",
            "admin.conf",
            "kubelet.conf",
            "super-admin.conf",
            "controller-manager.conf",
            "scheduler.conf",
            "config",
        ),
        *("kubeconfig.yaml", "kubeconfig.yml", "kubeconfig.json"),
        endings=(".kubeconfig",),
        starts=("kubeconfig",),
        start_endings=("", ".yaml", ".yml", ".json", ".conf", ".bak"),
        tails=(".kube/config", "-kubeconfig.yaml", "-kubeconfig.yml", "/k3s.yaml"),
    ),
    _read,
)
