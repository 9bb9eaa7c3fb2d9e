"""Objects of JSON as all forms of signatures are read: bounded, and refused where a key stands twice.

A repeated key is read in two ways by two readers, and one of them may have been who checked the signature.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

MAX_BYTES = 16 * 1024 * 1024
"""Of one document: a bill of materials in an attestation is the largest that is met."""
MAX_PARTS = 10_000
"""Of a document that nobody has vouched for yet: its long parts are base64, and one of a million takes a second."""


def signed_object(
    content: bytes, what: str, *, max_bytes: int = MAX_BYTES, max_parts: int | None = MAX_PARTS
) -> dict[str, Any]:
    """The object that ``content`` is, of at most ``max_parts`` items and objects. Raises :class:`FormatError`."""
    if max_parts is not None and sum(content.count(sign) for sign in (b",", b"{", b"[")) > max_parts:
        raise FormatError(f"{what} has more than {max_parts} parts", kind=SkipKind.TOO_LARGE)
    body = json_safe.load(content, max_bytes=max_bytes, max_depth=64, unique_keys=True)
    if not isinstance(body, dict):
        raise FormatError(f"{what} is no JSON object")
    return body


def octets(body: Mapping[str, Any], name: str, *, required: bool = False) -> bytes:
    """Bytes in base64, of the standard alphabet or the one for URLs; empty where they are missing."""
    value = body.get(name)
    if value is None and not required:
        return b""
    if not isinstance(value, str) or (required and not value):
        raise FormatError(f"'{name}' is no base64")
    return decoded(value, name)


def decoded(text: str, name: str) -> bytes:
    """Bytes of base64. Raises :class:`FormatError` that names ``name``."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"'{name}' is no base64") from None


def whole(body: Mapping[str, Any], name: str) -> int:
    """A whole number from 0 to 2**63 - 1, which JSON of protobuf writes as a text; 0 where it is missing."""
    value = body.get(name, 0)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise FormatError(f"'{name}' is no whole number")
    return value
