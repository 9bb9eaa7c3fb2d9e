"""What an object keeps when it leaves the cluster: no secret values, no bookkeeping of the server.

Pure. Keys of a Secret stay, because policies ask for them; each value becomes ``lockgate-hash:`` and the salted hash
that the secret scanner gives the same value (HMAC-SHA-256, 32 hex digits), so that a secret found in a repository and
the same one in a cluster are known to be one without either being kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.formats.printable import printable
from lockgate.model import Object
from lockgate.sources.cluster.discovery import Resource

MARK = "lockgate-hash:"
REMOVED = "lockgate-removed"
"""Stands for a value when there is no salt."""
_COPIES = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original", "kapp.k14s.io/original-diff",
    "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied",
})  # fmt: skip
"""Annotations in which a tool keeps a copy of the whole object, values of Secrets among it."""


def scrubbed(body: Mapping[str, Any], resource: Resource, *, salt: bytes) -> dict[str, Any]:
    """``body`` with its kind, without managed fields and copies, and with hashes for the values of a Secret."""
    kept: dict[str, Any] = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = _metadata(metadata)
    if (resource.group, resource.kind) == ("", "Secret") or kept["kind"] == "Secret":
        _hide(kept, salt)
    return kept


def scrubbed_secret(body: Mapping[str, Any], *, salt: bytes) -> dict[str, Any]:
    """A Secret without its values and without copies of itself, wherever it was met."""
    kept = dict(body)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = _metadata(kept["metadata"])
    _hide(kept, salt)
    return kept


def scrubbed_review(body: Mapping[str, Any], *, salt: bytes) -> dict[str, Any]:
    """Any object of a request without what may be secret: values of a Secret, values of environment variables wherever
    they stand, tokens of authentication, copies of the object, and managed fields. ``body`` is not changed."""
    kept = dict(body)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = _metadata(kept["metadata"])
    version = kept.get("apiVersion")
    if kept.get("kind") == "Secret" and version == "v1":
        _hide(kept, salt)
        return kept
    if isinstance(version, str) and version.startswith("authentication.k8s.io/"):
        for part in ("spec", "status"):
            if isinstance(kept.get(part), dict) and "token" in kept[part]:
                kept[part] = {**kept[part], "token": REMOVED}
    return _without_values(kept, salt)


def scrubbed_patch(operations: Sequence[Mapping[str, Any]], *, salt: bytes) -> list[dict[str, Any]]:
    """JSON Patch operations without the values of environment variables that they set."""
    kept = []
    for one in operations:
        fields = str(one.get("path")).split("/")
        value = one.get("value")
        if "env" in fields and isinstance(value, str) and fields[-1] == "value":
            kept.append({**one, "value": _hash(value, salt, encoded=False)})
        elif "env" in fields:
            several = value if isinstance(value, list) else [value]
            hidden = [_without_value(each, salt) for each in several]
            shown = {"value": hidden if isinstance(value, list) else hidden[0]} if "value" in one else {}
            kept.append({**one, **shown})
        else:
            kept.append(_without_values(dict(one), salt))
    return kept


def _without_values(body: dict[str, Any], salt: bytes) -> dict[str, Any]:
    """A copy in which ``env[].value`` is hashed at any depth. Walks without recursion: depth comes from outside."""
    root: dict[str, Any] = {}
    waiting: list[tuple[Any, Any]] = [(body, root)]
    while waiting:
        given, made = waiting.pop()
        pairs = given.items() if isinstance(given, dict) else enumerate(given)
        for key, value in pairs:
            if isinstance(value, dict | list):
                if key == "env" and isinstance(value, list):
                    value = [_without_value(one, salt) for one in value]
                copy: Any = {} if isinstance(value, dict) else [None] * len(value)
                waiting.append((value, copy))
                made[key] = copy
            else:
                made[key] = value
    return root


def _without_value(variable: Any, salt: bytes) -> Any:
    if not isinstance(variable, dict) or not isinstance(variable.get("value"), str) or not variable["value"]:
        return variable
    return {**variable, "value": _hash(variable["value"], salt, encoded=False)}


def _hide(kept: dict[str, Any], salt: bytes) -> None:
    for name in ("data", "stringData"):
        if name in kept:
            kept[name] = _hashed(kept[name], salt, encoded=name == "data")


def address(body: Mapping[str, Any], resource: Resource, cluster: str) -> str:
    """``cluster:namespace/kind/name``; without a namespace for what stands in none."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    where = f"{namespace}/" if isinstance(namespace, str) and namespace else ""
    return printable(f"{cluster}:{where}{resource.kind}/{name if isinstance(name, str) else '?'}")


def as_object(body: Mapping[str, Any], resource: Resource, cluster: str, *, salt: bytes) -> Object:
    """The noun."""
    kept = scrubbed(body, resource, salt=salt)
    return Object("kubernetes", kept, address(body, resource, cluster), cluster=cluster)


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in ("managedFields", "selfLink")}
    annotations = kept.get("annotations")
    if isinstance(annotations, dict) and not _COPIES.isdisjoint(annotations):
        left = {key: value for key, value in annotations.items() if key not in _COPIES}
        if left:
            kept["annotations"] = left
        else:
            del kept["annotations"]
    return kept


def _hashed(values: Any, salt: bytes, *, encoded: bool) -> Any:
    if not isinstance(values, dict):
        return None if values is None else REMOVED
    return {key: _hash(value, salt, encoded=encoded) for key, value in values.items()}


def _hash(value: Any, salt: bytes, *, encoded: bool) -> str:
    if not salt or not isinstance(value, str):
        return REMOVED
    raw = value.encode("utf-8", "replace")
    if encoded:
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return REMOVED
    # The scanner hashes text; for bytes that are text both give the same, for others there is nothing to compare.
    return MARK + hmac.new(salt, raw, hashlib.sha256).hexdigest()[:32]
