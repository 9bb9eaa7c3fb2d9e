"""Calls of a Lockgate server's API: made again where it is away for a moment, and a write with one key throughout.

By the key (``Idempotency-Key``) the server knows a write again whose answer was lost, and does it once. What does not
belong: what is asked (``_beyond``, ``_gate_server``).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lockgate.errors import SourceError
from lockgate.transport.answers import network_errors, retry_after

if TYPE_CHECKING:
    from lockgate.transport import Transport

_SECONDS = 60.0
_MOST = 16 << 20
_TRIES = 4
_AWAY = frozenset((429, 502, 503, 504))


def call(
    transport: Transport, method: str, address: str, *, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes]:  # fmt: skip
    """Status and content of the last answer. Raises :class:`SourceError` where there is none.

    A read that gets no answer at all is not made again: who asks learns at once that nobody is there.
    """
    sent = {"User-Agent": "lockgate", **headers}
    if method != "GET":
        sent["Idempotency-Key"] = f'"{uuid.uuid4()}"'
    for left in range(_TRIES - 1, -1, -1):
        try:
            status, wait, content = _once(transport, method, address, sent, body)
        except network_errors() as error:
            if not left or method == "GET":
                raise SourceError(f"does not answer: {type(error).__name__}", where=transport.base) from None
            time.sleep(2.0 ** (_TRIES - left - 2))
            continue
        at_work = status == 409 and wait > 0
        if not left or (status not in _AWAY and not at_work):
            break
        time.sleep(min(wait or 2.0, 10.0))
    return status, content


def _once(
    transport: Transport, method: str, address: str, headers: dict[str, str], body: bytes | None
) -> tuple[int, float, bytes]:  # fmt: skip
    answer = transport.request(method, address, headers=headers, body=body, timeout=_SECONDS)
    content = answer.read(_MOST)
    answer.release_conn()
    return int(answer.status), retry_after(answer.headers.get("retry-after", "")), content
