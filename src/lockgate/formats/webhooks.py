"""What bodies of webhooks have in common, whoever sends them: their signatures, and what stands in their objects."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any


def signed(content: bytes, shown: str, secret: str) -> bool:
    """Whether ``shown``, ``sha256=<hex>``, is what ``secret`` makes of the body, as GitHub signs it."""
    made = "sha256=" + hmac.digest(secret.encode(), content, "sha256").hex()
    return bool(secret) and same(made, shown.strip())


def same(one: str, other: str) -> bool:
    """Whether both are alike, in a time that does not tell how far they are. Nothing is like nothing else."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))


def basic_password(header: str) -> str:
    """The password of an ``Authorization: Basic`` header, whoever it names; empty where it is none."""
    scheme, _, packed = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def object_at(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The object below ``keys``; an empty one where any of them is no object."""
    found: Any = body
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def text_at(body: Mapping[str, Any], *keys: str) -> str:
    """The text below ``keys``, at most 500 characters of it; empty where there is none."""
    found = object_at(body, *keys[:-1]).get(keys[-1])
    return found[:500] if isinstance(found, str) else ""


def objects_in(value: object) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
