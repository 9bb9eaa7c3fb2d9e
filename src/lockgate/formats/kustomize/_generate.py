"""ConfigMaps and Secrets that a kustomization generates, and the hash that their names end with."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson

from lockgate.formats.format_error import FormatError
from lockgate.formats.kustomize._resource import Resource
from lockgate.formats.objects import Sibling
from lockgate.formats.paths import folder_of, join

_LETTERS = str.maketrans("013ae", "ghkmt")


def generated(kind: str, spec: dict[str, Any], shared: dict[str, Any], path: str, sibling: Sibling) -> Resource:
    """The object of one entry of a generator. Raises :class:`FormatError` for a file that is not there."""
    values: dict[str, bytes] = {}
    for literal in _texts(spec.get("literals")):
        key, sign, value = literal.partition("=")
        if not sign:
            raise FormatError("a literal without a value")
        values[key] = _unquoted(value).encode()
    for entry in _texts(spec.get("files")):
        key, sign, name = entry.partition("=")
        content = _file(path, name if sign else entry, sibling)
        values[key if sign else entry.rpartition("/")[2]] = content
    for name in [*_texts(spec.get("envs")), *_texts([spec["env"]] if "env" in spec else [])]:
        values.update(_environment(_file(path, name, sibling)))
    options = {**shared, **_mapping(spec.get("options"))}
    body: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": {"name": str(spec.get("name", ""))}}
    if spec.get("namespace"):
        body["metadata"]["namespace"] = str(spec["namespace"])
    for key in ("labels", "annotations"):
        both = {**_mapping(shared.get(key)), **_mapping(options.get(key))}
        if both:
            body["metadata"][key] = both
    if options.get("immutable") is True:
        body["immutable"] = True
    _fill(body, values, spec)
    return Resource(body, path, lambda pointer: 1, hashed=options.get("disableNameSuffixHash") is not True)


def _fill(body: dict[str, Any], values: dict[str, bytes], spec: dict[str, Any]) -> None:
    if body["kind"] == "Secret":
        body["type"] = str(spec.get("type") or "Opaque")
        if values:
            body["data"] = {key: base64.b64encode(value).decode() for key, value in sorted(values.items())}
        return
    for key, value in sorted(values.items()):
        try:
            body.setdefault("data", {})[key] = value.decode()
        except UnicodeDecodeError:
            body.setdefault("binaryData", {})[key] = base64.b64encode(value).decode()


def behave(resources: list[Resource], made: Resource, behaviour: str) -> None:
    """Add what was generated, or merge it into (or put it in place of) what a base generated under that name."""
    if behaviour not in ("merge", "replace"):
        resources.append(made)
        return
    held = [
        one for one in resources
        if one.kind == made.kind and any(name == made.name for name, _ in one.names)
        and (not made.namespace or any(space == made.namespace for _, space in one.names))
    ]  # fmt: skip
    if not held:
        raise FormatError("a generator that merges with what is not there")
    one = held[0]
    for key in ("data", "binaryData"):
        fresh = made.body.get(key)
        old = _mapping(one.body.get(key)) if behaviour == "merge" else {}
        both = {**old, **_mapping(fresh)}
        if both:
            one.body[key] = both
        else:
            one.body.pop(key, None)
    for key in ("labels", "annotations"):
        both = {**_mapping(one.metadata.get(key)), **_mapping(made.metadata.get(key))}
        if both:
            one.metadata[key] = both
    if "type" in made.body:
        one.body["type"] = made.body["type"]
    if made.body.get("immutable"):
        one.body["immutable"] = True
    one.hashed = one.hashed or made.hashed


def suffix(body: dict[str, Any]) -> str:
    """The ten letters that follow the name: a hash over kind, content and, of a Secret, type.

    kustomize means to hash the name as well and looks it up where it never is, so an empty one is hashed.
    """
    if body.get("kind") == "Secret":
        parts = {"kind": "Secret", "name": "", "type": body.get("type", "")}
        more = "stringData"
    else:
        parts = {"kind": "ConfigMap", "name": ""}
        more = "binaryData"
    parts["data"] = body.get("data", "")
    if isinstance(body.get(more), dict):
        parts[more] = body[more]
    text = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode()
    for sign in "<>&\u2028\u2029":  # Go writes these as escapes
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(text.encode()).hexdigest()[:10].translate(_LETTERS)


def _file(path: str, name: str, sibling: Sibling) -> bytes:
    target = join(folder_of(path), name)
    content = sibling(target) if target else None
    if content is None:
        raise FormatError("a generator names a file that is not in the tree")
    return content


def _environment(content: bytes) -> dict[str, bytes]:
    """Lines ``KEY=VALUE``; a key alone would take its value from the machine, so it is left out."""
    found: dict[str, bytes] = {}
    for raw in content.decode("utf-8-sig", "replace").splitlines():
        line = raw.lstrip()
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found[key] = value.encode()
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
