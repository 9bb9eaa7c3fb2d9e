"""What the server makes of one object, without the store: its own fields, immutable ones, the marks of a deletion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .kinds import Kind
from .status import ApiError, cause, invalid


def now() -> str:
    """The time as ``metadata`` writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FIRST_STATUS: dict[str, dict[str, Any]] = {
    "Pod": {"phase": "Pending", "qosClass": "BestEffort"}, "Namespace": {"phase": "Active"},
    "Deployment": {}, "PersistentVolumeClaim": {"phase": "Pending"},
}  # fmt: skip
_IMMUTABLE = {"Deployment": ("selector",), "ReplicaSet": ("selector",), "DaemonSet": ("selector",),
              "Job": ("selector", "template")}  # fmt: skip


def media_type(kind: Kind) -> ApiError:
    """415 with what the kind takes."""
    accepted = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
    if not kind.custom:
        accepted.insert(2, "application/strategic-merge-patch+json")
    said = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", said)


def keep_server_fields(kind: Kind, before: dict[str, Any], after: dict[str, Any], subresource: str) -> dict[str, Any]:
    """``after`` with what only the server sets, and with the status or everything but the status as it was."""
    held, metadata = before["metadata"], dict(after["metadata"])
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
                 "resourceVersion", "namespace", "name"):  # fmt: skip
        metadata.pop(name, None)
        if name in held:
            metadata[name] = held[name]
    if "managedFields" not in metadata and "managedFields" in held:
        metadata["managedFields"] = held["managedFields"]
    if subresource == "status":
        after = {**before, "metadata": {**held, "managedFields": metadata.get("managedFields", [])}, **(
            {"status": after["status"]} if "status" in after else {})}  # fmt: skip
        return after
    after = {**after, "metadata": metadata}
    if kind.status:
        after.pop("status", None)
        if "status" in before:
            after["status"] = before["status"]
    changed = {name for name in {*before, *after} - {"metadata", "status"} if before.get(name) != after.get(name)}
    if changed and "generation" in held:
        metadata["generation"] = held["generation"] + 1
    return after


def check_immutable(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> None:
    """422 for a changed field that may not change."""
    causes = [
        cause(f"spec.{name}", f"Invalid value: {after['spec'].get(name)}: field is immutable")
        for name in (() if kind.custom else _IMMUTABLE.get(kind.kind, ()))
        if before.get("spec", {}).get(name) != (after.get("spec") or {}).get(name)
    ]
    if kind.key in ("/configmaps", "/secrets") and before.get("immutable") and any(
            before.get(name) != after.get(name) for name in ("data", "binaryData", "immutable")):  # fmt: skip
        causes.append(cause("data", "Forbidden: field is immutable when `immutable` is set", "FieldValueForbidden"))
    if kind.kind == "ClusterRoleBinding" and before.get("roleRef") != after.get("roleRef"):
        causes.append(cause("roleRef", f"Invalid value: {after.get('roleRef')}: cannot change roleRef"))
    if causes:
        raise invalid(kind, after["metadata"]["name"], causes)


def same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a write changes nothing but times of managers."""

    def bare(body: dict[str, Any]) -> dict[str, Any]:
        entries = [{**one, "time": ""} for one in body["metadata"].get("managedFields") or []]
        return {**body, "metadata": {**body["metadata"], "managedFields": entries}}

    return bare(before) == bare(after)


def held_back(body: dict[str, Any]) -> bool:
    """Whether something keeps a deleted object."""
    return bool(body["metadata"].get("finalizers")) or body["metadata"].get("deletionGracePeriodSeconds", 0) > 0


def marked(kind: Kind, body: dict[str, Any], options: dict[str, Any]) -> dict[str, Any] | None:
    """The body with a deletion timestamp, or None when it can go at once."""
    metadata = dict(body["metadata"])
    finalizers = list(metadata.get("finalizers") or [])
    if options.get("propagationPolicy") == "Foreground" and "foregroundDeletion" not in finalizers:
        finalizers.append("foregroundDeletion")
    grace = 0
    if kind.key == "/pods" and (body.get("spec") or {}).get("nodeName"):
        grace = options.get("gracePeriodSeconds", body["spec"].get("terminationGracePeriodSeconds", 30))
    if not finalizers and grace == 0 and kind.key != "/namespaces":
        return None
    if finalizers:
        metadata["finalizers"] = finalizers
    metadata.setdefault("deletionTimestamp", now())
    metadata["deletionGracePeriodSeconds"] = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
    after = {**body, "metadata": metadata}
    if kind.key == "/namespaces":
        after["status"] = {**(body.get("status") or {}), "phase": "Terminating"}
    return after


def deleted(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """The Status that a finished deletion answers."""
    about = {"name": body["metadata"]["name"], "group": kind.group, "kind": kind.plural, "uid": body["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {key: value for key, value in about.items() if value}}  # fmt: skip


def paths(value: Any, path: str = "") -> list[str]:
    """Every path in a JSON value, dotted."""
    if isinstance(value, dict):
        named = ((f"{path}.{key}".lstrip("."), below) for key, below in value.items())
        return [one for at, below in named for one in (at, *paths(below, at))]
    if isinstance(value, list):
        return [one for at, below in enumerate(value) for one in paths(below, f"{path}[{at}]")]
    return []
