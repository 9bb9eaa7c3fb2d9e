"""What an event of the audit log keeps when it is recorded: the objects in it without what is secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from lockgate.sources.cluster.scrub import REMOVED, scrubbed_patch, scrubbed_review

_OBJECTS = ("requestObject", "responseObject")


def cleaned(event: Mapping[str, Any], *, salt: bytes) -> dict[str, Any]:
    """``event`` with hashes for the values of Secrets and of environment variables in its objects, and without tokens.

    An audit policy should not log the bodies of Secrets at all; where it does, they are not kept here either.
    """
    kept = dict(event)
    reference = event.get("objectRef")
    named = reference.get("resource") if isinstance(reference, dict) else None
    secret = named == "secrets"
    for field in _OBJECTS:
        body = event.get(field)
        if isinstance(body, dict):
            kept[field] = _object(body, secret, salt)
        elif isinstance(body, list):
            kept[field] = REMOVED if secret else _patch(body, salt)
    return kept


def _object(body: Mapping[str, Any], secret: bool, salt: bytes) -> Any:
    items = body.get("items")
    if isinstance(items, list):
        whole = {name: value for name, value in body.items() if name != "items"}
        return whole | {"items": [_object(one, secret, salt) if isinstance(one, dict) else one for one in items]}
    return orjson.loads(scrubbed_review(body, salt=salt, secret=secret))


def _patch(operations: list[Any], salt: bytes) -> Any:
    if all(isinstance(one, dict) for one in operations):
        return scrubbed_patch(operations, salt=salt)
    return REMOVED
