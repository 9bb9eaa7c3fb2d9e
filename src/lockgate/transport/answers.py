"""What answers of servers have in common: bounded bodies, how long to wait, why TLS failed."""

from __future__ import annotations

from typing import Any

from lockgate.errors import SourceError

TRANSIENT = frozenset((408, 429, 500, 502, 503, 504))
"""Statuses that may be others a moment later."""


def network_errors() -> tuple[type[Exception], ...]:
    """What urllib3 and the operating system raise where nobody answers."""
    import urllib3

    return urllib3.exceptions.HTTPError, OSError


def dropped(response: Any) -> None:
    """Let an answer go that is not read to its end."""
    response.close()
    response.release_conn()


def retry_after(text: str) -> float:
    """Seconds of ``Retry-After``; a date, and what is none, is nothing."""
    return float(text) if text.isascii() and text.strip().isdigit() and len(text) < 10 else 0.0


def untrusted(told: str, where: str, *, hint: str) -> SourceError:
    """Why TLS failed, by the words of OpenSSL. ``hint``: how an authority is named."""
    if "mismatch" in told:
        return SourceError("its certificate is another host's", where=where)
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return SourceError("its certificate is not trusted", where=where, hint=hint)
    return SourceError("no TLS can be agreed on", where=where)
