"""What an object keeps when it leaves the cluster: no secret values, no bookkeeping of the server.

Pure. Keys of a Secret stay, because policies ask for them; each value becomes ``lockgate-hash:`` and the salted hash
that the secret scanner gives the same value (HMAC-SHA-256, 32 hex digits), so that a secret found in a repository and
the same one in a cluster are known to be one without either being kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from lockgate.formats.printable import printable
from lockgate.model import Object
from lockgate.sources.cluster.discovery import Resource

MARK = "lockgate-hash:"
REMOVED = "lockgate-removed"
"""Stands for a value when there is no salt."""
_HASHED = re.compile(f"{MARK}[0-9a-f]{{32}}")
_COPIES = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original", "kapp.k14s.io/original-diff",
    "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied",
})  # fmt: skip
"""Annotations in which a tool keeps a copy of the whole object, values of Secrets among it."""
_ENV = '"env":['
_DECODER = json.JSONDecoder()
_REMEMBERED, _MAX_REMEMBERED = 1000, 4000
"""Lists of variables, and characters of one."""
_known: dict[bytes, str] = {}


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


def scrubbed_review(body: Mapping[str, Any], *, salt: bytes, secret: bool = False) -> str:
    """Any object of a request as JSON with its keys sorted, without what may be secret: values of a Secret, values of
    environment variables wherever they stand, tokens of authentication, copies of the object, and managed fields.
    ``body``, plain JSON values, is not changed. ``secret``: it is a Secret whatever it says of itself."""
    kept = dict(body)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = _metadata(kept["metadata"])
    version = kept.get("apiVersion")
    if secret or (kept.get("kind") == "Secret" and version == "v1"):
        _hide(kept, salt)
        return _dumped(kept)
    if isinstance(version, str) and version.startswith("authentication.k8s.io/"):
        for part in ("spec", "status"):
            if isinstance(kept.get(part), dict) and "token" in kept[part]:
                kept[part] = {**kept[part], "token": REMOVED}
    return _without_values(_dumped(kept), salt)


def scrubbed_patch(operations: Sequence[Mapping[str, Any]], *, salt: bytes) -> list[dict[str, Any]]:
    """JSON Patch operations without the values of environment variables that they set."""
    kept = []
    for one in operations:
        fields = str(one.get("path")).split("/")
        value = one.get("value")
        if "env" in fields and isinstance(value, str) and fields[-1] == "value":
            kept.append({**one, "value": _hash(value, salt, encoded=False)})
        elif "env" in fields and "value" in one:
            several = value if isinstance(value, list) else [value]
            hidden = [_without_value(each, salt) for each in several]
            kept.append(_without(one, salt) | {"value": hidden if isinstance(value, list) else hidden[0]})
        else:
            kept.append(_without(one, salt))
    return kept


def _without(operation: Mapping[str, Any], salt: bytes) -> dict[str, Any]:
    cleaned: dict[str, Any] = json.loads(_without_values(_dumped(operation), salt))
    return cleaned


def hashed_value(value: str, *, salt: bytes) -> str:
    """What stands for the value of an environment variable wherever it is kept."""
    return _hash(value, salt, encoded=False)


def _without_values(text: str, salt: bytes) -> str:
    """JSON without blanks in which ``env[].value`` is hashed at any depth. The text is searched rather than the values
    walked, at a fifth of the cost: in such a text the sign before the quote tells a key from the inside of a string."""
    at = _env(text, 0)
    if at < 0:
        return text
    parts: list[str] = []
    done = 0
    while at >= 0:
        variables, end = _DECODER.raw_decode(text, at)
        parts += text[done:at], _hidden(text[at:end], variables, salt)
        done = end
        at = _env(text, done)
    return "".join((*parts, text[done:]))


def _env(text: str, start: int) -> int:
    """Where the next list of variables begins; -1 where none does."""
    at = text.find(_ENV, max(start, 1))
    while at > 0 and text[at - 1] not in "{,":
        at = text.find(_ENV, at + 1)
    return at + len(_ENV) - 1 if at >= 0 else -1


def _hidden(text: str, variables: list[Any], salt: bytes) -> str:
    """The JSON of the ``variables`` that ``text`` holds, hashed; remembered, for replicas and updates bring the same
    ones again and again. What is remembered is known by a keyed digest: no value stays in memory for it."""
    key = hashlib.blake2b(text.encode(), key=salt[:64], digest_size=32).digest()
    found = _known.get(key)
    if found is None:
        nested = _env(text, 0) >= 0
        hidden = _walked(variables, salt) if nested else [_without_value(one, salt) for one in variables]
        found = _dumped(hidden)
        if len(found) <= _MAX_REMEMBERED:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[key] = found
    return found


def _walked(variables: list[Any], salt: bytes) -> list[Any]:
    """``variables`` and every ``env`` below them, changed in place. Without recursion: depth comes from outside."""
    waiting: list[tuple[Any, bool]] = [(variables, True)]
    while waiting:
        node, is_env = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in list(pairs):
            if is_env:
                value = node[key] = _without_value(value, salt)
            if isinstance(value, dict | list):
                waiting.append((value, key == "env" and isinstance(value, list)))
    return variables


def _without_value(variable: Any, salt: bytes) -> Any:
    if not isinstance(variable, dict) or not isinstance(variable.get("value"), str) or not variable["value"]:
        return variable
    return {**variable, "value": _hash(variable["value"], salt, encoded=False)}


def _dumped(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain).decode()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


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
    if encoded and _HASHED.fullmatch(value):
        return value  # was replaced before, when the object left the cluster: a colon is no sign of base64
    raw = value.encode("utf-8", "replace")
    if encoded:
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return REMOVED
    # The scanner hashes text; for bytes that are text both give the same, for others there is nothing to compare.
    return MARK + _hmac(salt, raw)[:32]


def _hmac(salt: bytes, raw: bytes) -> str:
    """HMAC-SHA-256 (RFC 2104), at a third of what ``hmac`` takes for a few bytes: the key is worked in once."""
    prepared = _keyed(salt)
    inner, outer = prepared[0].copy(), prepared[1].copy()
    inner.update(raw)
    outer.update(inner.digest())
    return str(outer.hexdigest())


@lru_cache(maxsize=4)
def _keyed(salt: bytes) -> tuple[Any, Any]:
    key = salt if len(salt) <= 64 else hashlib.sha256(salt).digest()
    padded = key.ljust(64, b"\0")
    return hashlib.sha256(bytes(one ^ 0x36 for one in padded)), hashlib.sha256(bytes(one ^ 0x5C for one in padded))
