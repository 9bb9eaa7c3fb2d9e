"""Prometheus' remote write, 1.0 and 2.0: ``POST /api/v1/write``, protobuf packed by snappy.

https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/. Needs what ``lockgate[otlp]`` adds. What cannot be kept now
is answered 503, since Prometheus sends again after that and, unless it is told to, drops what is answered 429.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from lockgate.server.asgi import Call, Receive, Scope, Send, TooLargeError
from lockgate.server.ingest.door import Refusal, RefusedError, attempt
from lockgate.server.ingest.once import content_id, keep, taking
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._prometheus import TABLE, Counts, rows_of

PREFIXES = ("/api/v1/write",)
MOST = 64 << 20
"""Bytes of a body, packed or not."""
_SECOND = "io.prometheus.write.v2.Request"
_KINDS = {"": False, "prometheus.WriteRequest": False, _SECOND: True}
_WRITTEN = "x-prometheus-remote-write-{}-written"


class RemoteWriteApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._take(call), lambda refusal: _refuse(call, refusal))

    async def _take(self, call: Call) -> None:
        if call.path != PREFIXES[0]:
            raise RefusedError(404, "There is nothing here.")
        if call.method != "POST":
            raise RefusedError(405, "Samples are sent with POST.")
        second = _second(call)
        content = await call.body(MOST)
        counts: Counts = {"samples": 0, "histograms": 0, "exemplars": 0}
        lines = await asyncio.to_thread(_lines, content, second, counts)
        origin = f"prometheus/{call.person.name}"
        ids = [content_id(origin, content)]  # a sample has its time, so that the same ones are the same
        async with taking(self._taker, ids) as known:
            if lines and not known:
                await keep(self._taker, [Batch(TABLE, origin, datetime.now(UTC), lines)], ids)
        told = [(_WRITTEN.format(kind), str(count)) for kind, count in counts.items()] if second else []
        await call.answer(204, b"", headers=told)


def _second(call: Call) -> bool:
    kind, _, parameters = call.header("content-type").partition(";")
    message = parameters.partition("proto=")[2].split(";")[0].strip().strip('"')
    if kind.strip().lower() != "application/x-protobuf" or message not in _KINDS:
        raise RefusedError(415, f"A body is application/x-protobuf, with proto={' or '.join(filter(None, _KINDS))}.")
    if call.header("content-encoding").strip().lower() != "snappy":
        raise RefusedError(415, "A body is packed by snappy.")
    return _KINDS[message]


def _lines(content: bytes, second: bool, counts: Counts) -> bytes:
    try:
        return b"".join(line_of(row) for row in rows_of(_unpacked(content), second=second, counts=counts))
    except MisfitError as error:
        raise RefusedError(400, f"The body is wrong: {error}.") from None
    except ImportError:
        raise RefusedError(415, "Remote write needs what lockgate[otlp] adds.") from None


def _unpacked(content: bytes) -> bytes:
    """A block of snappy (https://github.com/google/snappy/blob/main/format_description.txt), which tells its size."""
    import cramjam

    if not 0 <= _told_size(content) <= MOST:
        raise TooLargeError
    try:
        return bytes(cramjam.snappy.decompress_raw(content))
    except cramjam.DecompressionError:
        raise MisfitError("it is not packed by snappy") from None


def _told_size(content: bytes) -> int:
    size = 0
    for place, byte in enumerate(content[:5]):
        size |= (byte & 127) << 7 * place
        if byte < 128:
            return size
    raise MisfitError("it is not packed by snappy")


async def _refuse(call: Call, refusal: Refusal) -> None:
    status = 503 if refusal.status == 429 else refusal.status
    await call.answer(status, refusal.message.encode() + b"\n", kind="text/plain; charset=utf-8",
                      headers=refusal.headers)  # fmt: skip
