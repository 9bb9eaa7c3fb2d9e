"""Requests that are signed by a key which both sides have, as the HTTP Data Collector API has them.

https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#authorization. The key of a person is made of
the hash of their token and the salt of the workspace, so that nothing more is kept, and it ends with the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from lockgate.server.access import People, Person

RESOURCE = "/api/logs"
_MOST_APART = 15 * 60
"""Seconds that the date of a request may be from now, so that one that was overheard cannot be sent for long."""


def key_of(digest: str, salt: bytes) -> str:
    """The shared key of the person whose token has that hash: 64 bytes in base 64, as those of a workspace are."""
    made = hmac.digest(salt, b"lockgate shared key\0" + digest.encode(), "sha512")
    return base64.b64encode(made).decode()


def signature(key: str, *, length: int, kind: str, date: str) -> str:
    """What signs a POST of ``length`` bytes; ``kind`` is its ``Content-Type``, ``date`` its ``x-ms-date``."""
    text = f"POST\n{length}\n{kind}\nx-ms-date:{date}\n{RESOURCE}"
    made = hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)
    return base64.b64encode(made).decode()


def signer(people: People, salt: bytes, authorization: str, *, length: int, kind: str, date: str) -> Person | None:
    """Who signed a request; None where nobody known did, or too long ago."""
    scheme, _, rest = authorization.partition(" ")
    name, _, shown = rest.strip().rpartition(":")
    found = people.named(name) if scheme.lower() == "sharedkey" else None
    if found is None or not _near(date):
        return None
    wanted = signature(key_of(found[0], salt), length=length, kind=kind, date=date)
    try:
        same = hmac.compare_digest(base64.b64decode(shown, validate=True), base64.b64decode(wanted))
    except (binascii.Error, ValueError):
        return None
    return found[1] if same else None


def _near(date: str) -> bool:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return abs(moment.timestamp() - time.time()) <= _MOST_APART
