"""What an audit of a cluster of 20,000 objects costs: CPU seconds, objects a second, megabytes at the peak.

Run: ``python -m bench.audit [objects]``. The cluster is the simulator of the tests, in a process of its own; the
command line reads it over TLS as it reads a real one. Objects come from a seed: per namespace Deployments with their
ReplicaSet and three Pods, Services, ConfigMaps, Secrets and accounts, with managed fields and status. The second audit
meets the cluster unchanged, the third one in which one object in a hundred has changed.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

WANTED = 20_000
PER_APP = 10
"""Objects that one application has, and below those of which kind."""


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else WANTED
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, wanted), daemon=True)
    server.start()
    kubeconfig, count = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        print("| audit | CPU s | objects a second | MB at the peak | MB in the record |\n|---|---|---|---|---|")
        for name, more in (("first", ()), ("unchanged", ()), ("1 in 100 changed", ()), ("--no-store", ("--no-store",))):
            if name.startswith("1 in"):
                here.send("change")
                here.recv()
            seconds, peak = audited(kubeconfig, folder, *more)
            kept = sum(path.stat().st_size for path in Path(folder).rglob("record/*/*.parquet"))
            cells = (name, f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{peak / 1024:.0f}", f"{kept / 1e6:.1f}")
            print(f"| {' | '.join(cells)} |", flush=True)
    here.send("end")
    server.join(10)


def audited(kubeconfig: str, folder: str, *more: str) -> tuple[float, int]:
    """CPU seconds and peak KiB of one audit, as the kernel counts them for a process that has ended."""
    command = [sys.executable, "-m", "lockgate", "audit", "--kubeconfig", kubeconfig, "--quiet",
               "--format", f"json={os.devnull}", *more]  # fmt: skip
    started = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode in (0, 1), started.returncode
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def serve(pipe: Connection, wanted: int) -> None:
    """The cluster, until it is told to end."""
    from tests.simulators.kubernetes import Simulator

    with Simulator() as simulator:
        chance = random.Random(20_000)
        stored: list[tuple[str, tuple[str, str], dict[str, Any]]] = []
        for number in range(wanted // PER_APP):
            for body in application(number, chance):
                group, _, _ = body["apiVersion"].rpartition("/")
                kind = simulator.registry.of_kind(group, body["kind"])
                assert kind is not None
                key = (body["metadata"]["namespace"], body["metadata"]["name"])
                stored.append((kind.key, key, simulator.store.put(kind.key, key, body, expect=None)))
        pipe.send((str(simulator.kubeconfig()), len(stored)))
        while pipe.recv() == "change":
            for at in range(0, len(stored), 100):
                where, key, body = stored[at]
                labels = {**body["metadata"]["labels"], "changed": "yes"}
                changed = {**body, "metadata": {**body["metadata"], "labels": labels}}
                stored[at] = (where, key, simulator.store.put(where, key, changed, expect=body))
            pipe.send("done")


def application(number: int, chance: random.Random) -> list[dict[str, Any]]:
    """One Deployment with everything around it."""
    name, namespace = f"app-{number:05}", f"team-{number % 50:02}"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": namespace, "tier": chance.choice("abc")}

    def made(version: str, kind: str, called: str, owner: str = "", **fields: Any) -> dict[str, Any]:
        uid = f"{chance.getrandbits(128):032x}"
        metadata: dict[str, Any] = {
            "name": called, "namespace": namespace, "uid": uid, "labels": dict(labels), "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{
                "manager": "kubectl", "operation": "Apply", "apiVersion": version, "fieldsType": "FieldsV1",
                "fieldsV1": {f"f:{key}": {"f:x": {}, "f:y": {}} for key in (*labels, *fields)},
            }],
        }  # fmt: skip
        if owner:
            kind_of, _, owner_name = owner.partition(" ")
            metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": kind_of, "name": owner_name, "uid": "u",
                                            "controller": True, "blockOwnerDeletion": True}]  # fmt: skip
        return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}

    safe = chance.random() < 0.7
    context = {
        "allowPrivilegeEscalation": False, "runAsNonRoot": True, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    } if safe else {}  # fmt: skip
    container = {
        "name": "app", "image": f"registry.example/{namespace}/{name}@sha256:{chance.getrandbits(256):064x}",
        "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "securityContext": context, "terminationMessagePath": "/dev/termination-log",
        "resources": {"limits": {"cpu": "1", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "env": [{"name": f"SETTING_{at}", "value": f"{chance.getrandbits(64):x}"} for at in range(8)],
        "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 10},
        "volumeMounts": [{"name": "config", "mountPath": "/config", "readOnly": True}],
    }  # fmt: skip
    spec = {"containers": [container], "serviceAccountName": name, "automountServiceAccountToken": False,
            "volumes": [{"name": "config", "configMap": {"name": name}}], "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30}  # fmt: skip
    template = {"metadata": {"labels": labels}, "spec": spec}
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    replicas = f"{name}-5d8f7c9b6d"
    status = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [
        {"type": one, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"} for one in ("Ready", "Started")
    ]}  # fmt: skip
    return [
        made("apps/v1", "Deployment", name, spec={"replicas": 3, "selector": selector, "template": template}),
        made("apps/v1", "ReplicaSet", replicas, f"Deployment {name}",
             spec={"replicas": 3, "selector": selector, "template": template}),
        *(made("v1", "Pod", f"{replicas}-{at}", f"ReplicaSet {replicas}", spec=spec, status=status) for at in range(3)),
        made("v1", "Service", name, spec={"selector": selector["matchLabels"], "type": "ClusterIP",
                                          "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}),
        made("v1", "ServiceAccount", name, automountServiceAccountToken=False),
        made("v1", "ConfigMap", name, data={f"key-{at}": f"{chance.getrandbits(512):x}" for at in range(6)}),
        made("v1", "Secret", name, type="Opaque", data={"password": "aGFyYm91cg=="}),
        made("networking.k8s.io/v1", "NetworkPolicy", name,
             spec={"podSelector": selector, "policyTypes": ["Ingress"], "ingress": []}),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
