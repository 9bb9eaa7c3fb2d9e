"""JSON asked of a provider: within a size and a time, over connections to checked addresses, no redirect followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from lockgate.errors import SourceError

if TYPE_CHECKING:
    from lockgate.transport import Transport

_MOST = 1 << 20
_SECONDS = 10.0


def told(
    transport: Transport, address: str, *, form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any, Mapping[str, str]]:  # fmt: skip
    """Status, JSON and headers of the answer; with a ``form`` it is posted. JSON is None where the body is none.

    Raises :class:`SourceError` for silence, and for more than a megabyte.
    """
    import urllib3

    sent = {"Accept": "application/json", "User-Agent": "lockgate", **(headers or {})}
    body = None
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form).encode()
    where = address.partition("?")[0][:200]
    try:
        answer = transport.request("GET" if form is None else "POST", address, headers=sent, body=body,
                                   timeout=urllib3.Timeout(total=_SECONDS))  # fmt: skip
        content = answer.read(_MOST + 1)
        answer.release_conn()
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise SourceError(f"it cannot be asked: {type(error).__name__}", where=where) from None
    if len(content) > _MOST:
        raise SourceError("it answers with more than 1 MB", where=where)
    try:
        return answer.status, orjson.loads(content), answer.headers
    except ValueError:
        return answer.status, None, answer.headers


def document(transport: Transport, address: str, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A JSON object. Raises :class:`SourceError` for every other answer."""
    status, found, _ = told(transport, address, headers=headers)
    if status != 200 or not isinstance(found, dict):
        raise SourceError(f"it answers {status} and no JSON object", where=address.partition("?")[0][:200])
    return found
