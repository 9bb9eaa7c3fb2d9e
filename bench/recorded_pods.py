"""Pods that people wrote: the samples of gatekeeper-library and the workloads of the example harbour.

A :func:`replica` of one is what a validating webhook sees when a controller makes the next Pod of it: with the name
that the API server has made of ``generateName``, a uid and the time, which it fills in before it validates
(``registry/generic/registry/store.go`` of k8s.io/apiserver), and the volume of a token with a name of its own, which
its admission of service accounts has added. Mutating webhooks come before and see no name.
"""

from __future__ import annotations

import copy
import json
import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.yaml_safe import load_all

ROOT = Path(__file__).resolve().parents[1]
CORPORA = Path(os.environ.get("LOCKGATE_CORPORA", ROOT.parent / "shared" / "corpora"))
_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def recorded() -> list[dict[str, Any]]:
    """Every Pod once, and one of each workload, in the order of their files."""
    found: dict[str, dict[str, Any]] = {}
    library = sorted(CORPORA.glob("gatekeeper-library/library/*/*/samples/**/*.yaml"))
    for path in [*library, *sorted((ROOT / "examples/harbour/deploy/kubernetes").glob("*.yaml"))]:
        try:
            bodies = list(load_all(path.read_bytes()))
        except FormatError:
            continue
        for body in bodies:
            for pod in _pods(body):
                found.setdefault(json.dumps(pod, sort_keys=True), pod)
    return list(found.values())


def _pods(body: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(body, dict):
        return
    if body.get("kind") == "Pod" and isinstance(body.get("metadata"), dict):
        yield body
    spec = body.get("spec")
    spec = spec.get("jobTemplate", {}).get("spec") if body.get("kind") == "CronJob" and isinstance(spec, dict) else spec
    template = spec.get("template") if isinstance(spec, dict) else None
    if isinstance(template, dict) and isinstance(template.get("spec"), dict) and "containers" in template["spec"]:
        metadata = {"name": body["metadata"]["name"], "namespace": "shop", **template.get("metadata", {})}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def replica(pod: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The next Pod of the same template."""
    made = copy.deepcopy(pod)
    base = f"{made['metadata'].get('name', 'pod')}-"
    made["metadata"] |= {
        "generateName": base, "name": base + _word(dice), "uid": str(uuid.UUID(int=dice.getrandbits(128))),
        "creationTimestamp": f"2026-11-26T{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}Z",
    }  # fmt: skip
    volume = f"kube-api-access-{_word(dice)}"
    spec = made.get("spec")
    if not isinstance(spec, dict) or spec.get("automountServiceAccountToken") is False:
        return made
    sources = [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
    spec["volumes"] = [*(spec.get("volumes") or []), {"name": volume, "projected": {"sources": sources}}]
    for part in ("containers", "initContainers"):
        for container in spec.get(part) or []:
            mount = {"name": volume, "readOnly": True, "mountPath": _TOKEN}
            container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
    return made


def request_of(pod: dict[str, Any], number: int) -> dict[str, Any]:
    """The request of an AdmissionReview that creates it."""
    return {
        "uid": f"705ab4f5-6393-11e8-b7cc-{number:012x}", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "name": pod["metadata"].get("name", ""),
        "namespace": pod["metadata"].get("namespace") or "shop", "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod, "oldObject": None, "dryRun": False,
    }  # fmt: skip


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(_LETTERS, k=5))
