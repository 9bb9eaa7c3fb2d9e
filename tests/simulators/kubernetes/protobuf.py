"""The few protobuf bodies that kubectl sends for its own typed calls, decoded by field numbers.

Clients since Kubernetes 1.32 post reviews, namespaces, ConfigMaps and the like as
``application/vnd.kubernetes.protobuf``: four bytes (``k8s`` and a zero) and a ``runtime.Unknown`` around the message.
Field numbers are those of ``generated.proto`` in k8s.io/api and k8s.io/apimachinery. Other kinds answer 415, which the
real server does not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

Shape = dict[int, tuple[str, Any]]
"""Field number -> (JSON name, form); form is ``str``, ``bool``, ``[str]``, ``{str}``, ``{bytes}`` or a shape."""

_MAGIC = b"k8s\x00"
_META: Shape = {1: ("name", "str"), 2: ("generateName", "str"), 3: ("namespace", "str"), 6: ("resourceVersion", "str"),
                11: ("labels", "{str}"), 12: ("annotations", "{str}"), 14: ("finalizers", "[str]")}  # fmt: skip
_RESOURCE: Shape = {1: ("namespace", "str"), 2: ("verb", "str"), 3: ("group", "str"), 4: ("version", "str"),
                    5: ("resource", "str"), 6: ("subresource", "str"), 7: ("name", "str")}  # fmt: skip
_ADDRESS: Shape = {1: ("path", "str"), 2: ("verb", "str")}
_SELF: Shape = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _ADDRESS)}
_SUBJECT: Shape = {**_SELF, 3: ("user", "str"), 4: ("groups", "[str]"), 6: ("uid", "str")}
_KINDS: dict[str, Shape] = {
    "SelfSubjectAccessReview": {2: ("spec", _SELF)},
    "SubjectAccessReview": {2: ("spec", _SUBJECT)},
    "LocalSubjectAccessReview": {2: ("spec", _SUBJECT)},
    "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", "str")})},
    "SelfSubjectReview": {},
    "TokenReview": {2: ("spec", {1: ("token", "str"), 2: ("audiences", "[str]")})},
    "Namespace": {},
    "ConfigMap": {2: ("data", "{str}"), 3: ("binaryData", "{bytes}"), 4: ("immutable", "bool")},
    "Secret": {2: ("data", "{bytes}"), 3: ("type", "str"), 4: ("stringData", "{str}"), 5: ("immutable", "bool")},
    "ServiceAccount": {4: ("automountServiceAccountToken", "bool")},
}


def decode(content: bytes) -> dict[str, Any] | None:
    """The object as JSON has it, or None for a kind that is not known here; ValueError for broken bytes."""
    if not content.startswith(_MAGIC):
        raise ValueError("no Kubernetes protobuf")
    envelope = dict(_fields(content[len(_MAGIC) :]))
    named = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    shape = _KINDS.get(named.get(2, ""))
    if shape is None:
        return None
    body = _message({1: ("metadata", _META), **shape}, envelope.get(2, b""))
    return {"apiVersion": named.get(1, ""), "kind": named[2], "metadata": {}, **body}


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        if tag & 7 == 0:
            value, at = _varint(content, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = _varint(content, at)
            yield tag >> 3, content[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {tag & 7}")


def _message(shape: Shape, content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(content):
        if number not in shape:
            continue
        name, form = shape[number]
        if isinstance(form, dict):
            found[name] = _message(form, value)
        elif form == "[str]":
            found.setdefault(name, []).append(value.decode())
        elif form in ("{str}", "{bytes}"):
            pair = dict(_fields(value))
            raw = pair.get(2, b"")
            found.setdefault(name, {})[pair.get(1, b"").decode()] = (
                raw.decode() if form == "{str}" else base64.b64encode(raw).decode()
            )
        elif form == "bool":
            found[name] = bool(value)
        elif text := value.decode():
            found[name] = text
    return found
