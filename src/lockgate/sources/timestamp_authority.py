"""An authority that tells the time, asked over HTTP for a countersignature. Source: RFC 3161, 3.4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lockgate.errors import SourceError, UsageError
from lockgate.signing.notary import timestamps
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_ANSWER = 256 * 1024
_SECONDS = 20.0


def countersignature(address: str, signature: bytes, roots: Sequence[Certificate]) -> bytes:
    """The token of the authority at ``address`` over ``signature``, which holds by one of ``roots``.

    Over plain HTTP too, as most authorities are: what they say is signed. Redirects are not followed. Raises
    ``UsageError`` and ``SourceError``.
    """
    import urllib3
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        hint = "http://timestamp.example.com"
        raise UsageError("no address of an authority that tells the time", where=address[:200], hint=hint)
    request = TimestampRequestBuilder().data(signature).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
    headers = {"Content-Type": "application/timestamp-query", "User-Agent": "lockgate"}
    try:
        with urllib3.PoolManager(timeout=_SECONDS, retries=False) as pool:
            answer = pool.request("POST", address, body=request, headers=headers, redirect=False, preload_content=False)
            content = answer.read(_MAX_ANSWER + 1)
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise SourceError(f"it does not answer ({type(error).__name__})", where=address[:200]) from None
    if answer.status != 200 or len(content) > _MAX_ANSWER:
        raise SourceError(f"it answers {answer.status} with no timestamp", where=address[:200])
    try:
        token = timestamps.token_of(content)
        timestamps.seen(token, signature, roots)
    except RefusedError as error:
        raise SourceError(error.reason, where=address[:200], hint="is its root the one that was named?") from None
    return token
