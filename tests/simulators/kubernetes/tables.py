"""``Table`` answers of ``meta.k8s.io/v1``: what ``kubectl get`` prints. Columns of the usual kinds, else name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .kinds import Kind

Column = tuple[str, str, Callable[[dict[str, Any]], Any]]


def _at(*path: str, default: Any = "") -> Callable[[dict[str, Any]], Any]:
    def read(body: Any) -> Any:
        for part in path:
            body = body.get(part) if isinstance(body, dict) else None
        return default if body is None else body

    return read


def age(body: dict[str, Any]) -> str:
    """``5s``, ``3m``, ``2h``, ``9d`` since the creation."""
    created = body["metadata"].get("creationTimestamp")
    if not created:
        return "<unknown>"
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def _ready_pods(body: dict[str, Any]) -> str:
    statuses = (body.get("status") or {}).get("containerStatuses") or []
    return f"{sum(bool(one.get('ready')) for one in statuses)}/{len(body.get('spec', {}).get('containers') or [])}"


def _phase(body: dict[str, Any]) -> str:
    return "Terminating" if body["metadata"].get("deletionTimestamp") else _at("status", "phase")(body)


def _replicas(body: dict[str, Any]) -> str:
    return f"{_at('status', 'readyReplicas', default=0)(body)}/{_at('spec', 'replicas', default=0)(body)}"


_COLUMNS: dict[str, list[Column]] = {
    "/pods": [("Ready", "string", _ready_pods), ("Status", "string", _phase), ("Restarts", "string", lambda body: "0")],
    "/namespaces": [("Status", "string", _phase)],
    "/configmaps": [("Data", "string", lambda body: len(body.get("data") or {}) + len(body.get("binaryData") or {}))],
    "/secrets": [("Type", "string", _at("type")), ("Data", "string", lambda body: len(body.get("data") or {}))],
    "/services": [("Type", "string", _at("spec", "type")), ("Cluster-IP", "string", _at("spec", "clusterIP"))],
    "apps/deployments": [("Ready", "string", _replicas),
                         ("Up-to-date", "string", _at("status", "updatedReplicas", default=0)),
                         ("Available", "string", _at("status", "availableReplicas", default=0))],
    "apps/statefulsets": [("Ready", "string", _replicas)],
}  # fmt: skip


def _columns(kind: Kind) -> list[Column]:
    name: Column = ("Name", "string", _at("metadata", "name"))
    if kind.custom:
        more: list[Column] = [(title, type_, _by_path(path)) for title, type_, path in kind.columns]
        return [name, *(more or [("Age", "date", age)])]
    if kind.key in _COLUMNS:
        return [name, *_COLUMNS[kind.key], ("Age", "string", age)]
    return [name, ("Created At", "date", _at("metadata", "creationTimestamp"))]


def _by_path(path: str) -> Callable[[dict[str, Any]], Any]:
    parts = re.findall(r"[^.\[\]]+", path)
    return age if path == ".metadata.creationTimestamp" else _at(*parts)


def partial(body: dict[str, Any]) -> dict[str, Any]:
    """``PartialObjectMetadata``."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"]}


def table(kind: Kind, bodies: list[dict[str, Any]], metadata: dict[str, Any], *, include: str) -> dict[str, Any]:
    """The Table of some objects; ``include`` is ``Object``, ``None`` or, as by default, ``Metadata``."""
    columns = _columns(kind)
    rows = []
    for body in bodies:
        row: dict[str, Any] = {"cells": [read(body) for _, _, read in columns]}
        if include != "None":
            row["object"] = body if include == "Object" else partial(body)
        rows.append(row)
    defined = [
        {"name": name, "type": type_, "format": "name" if name == "Name" else "", "description": name, "priority": 0}
        for name, type_, _ in columns
    ]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": defined,
            "rows": rows}  # fmt: skip
