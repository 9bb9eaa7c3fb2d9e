"""A notice of new alerts, as Standard Webhooks 1.0 has them: body, headers and signature. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: what is signed is id, time
and body with dots between them; who receives it refuses a time that is minutes away, and takes an id once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lockgate.formats.format_error import FormatError
from lockgate.formats.rebuild_requests import RebuildRequest, web_address

TYPE = "lockgate.alerts.new"
_PREFIX = "whsec_"
_LEAST = 16
"""Bytes of a secret: one that is guessed signs anything."""


def body_of(alerts: Sequence[Mapping[str, Any]], *, at: str, run: str) -> str:
    """What is told of ``alerts``, which are new at ``at``, by the run of that id."""
    told = {"type": TYPE, "timestamp": at, "data": {"run": run, "alerts": list(alerts)}}
    return orjson.dumps(told).decode()


def signed(address: str, secret: str, *, id: str, body: str, seconds: int) -> RebuildRequest:
    """The request, sent at ``seconds`` since 1970. Raises :class:`FormatError`, never with the secret."""
    content = body.encode()
    digest = hmac.digest(_key(secret), b"%b.%d.%b" % (id.encode(), seconds, content), hashlib.sha256)
    headers = {
        "Content-Type": "application/json", "User-Agent": "lockgate", "webhook-id": id,
        "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }  # fmt: skip
    return RebuildRequest(web_address(address), headers, content, frozenset((200, 201, 202, 204)))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret[len(_PREFIX) :], validate=True) if secret.startswith(_PREFIX) else secret.encode()
    except (binascii.Error, ValueError):
        raise FormatError(f"what stands behind {_PREFIX} is no base64") from None
    if len(key) < _LEAST:
        raise FormatError(f"a secret that signs has {_LEAST} bytes or more")
    return key
