"""The Logs Ingestion API: ``POST /dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01``.

https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview. A body is a JSON array of 1 MB at
most, packed by gzip or not; the answer is 204 with nothing in it, 413 for more, 429 with ``Retry-After`` where more
waits already than may.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import unquote

import orjson

from lockgate.errors import ConfigurationError, LockgateError, StoreError
from lockgate.server.asgi import Call, GoneError, Receive, Scope, Send, TooLargeError
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.data_collection_rules import Rules
from lockgate.store.ingest.fitting import MisfitError, parsed
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of_value

PREFIXES = ("/dataCollectionRules/",)
"""Of the paths that are answered here."""
MOST = 1 << 20
"""Bytes of the rows of a body, the service's limit. Its client counts neither commas nor blanks between them."""
_MOST_BODY = 2 * MOST + 2
"""Bytes of a body of such rows at most, packed or not."""
_VERSIONS = frozenset({"2021-11-01-preview", "2023-01-01"})
_RETRY = 5
"""Seconds after which a client is to come again."""


class IngestApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker, rules: Rules | None = None) -> None:
        """``rules``: those that there are; without any, every rule and stream is taken for the table it names."""
        self._taker, self._rules = taker, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        try:
            targets = self._targets(*_target(call))
            body = await call.body(_MOST_BODY)
            lines, fields = await asyncio.to_thread(_lines, call.header("content-encoding"), body)
            if lines:
                now = datetime.now(UTC)
                await self._taker.take(*(Batch(table, origin, now, lines, fields) for table, origin in targets))
        except _RefusedError as error:
            await _refuse(call, error.status, error.code, str(error))
        except TooLargeError:
            await _refuse(call, 413, "ContentLengthLimitExceeded", f"The rows are larger than {MOST} bytes.")
        except TimeoutError:
            await _refuse(call, 408, "RequestTimeout", "The request did not arrive in time.")
        except BusyError:
            headers = [("retry-after", str(_RETRY))]
            await _refuse(call, 429, "TooManyRequests", "More rows wait than can be taken in.", headers)
        except StoreError as error:
            headers = [("retry-after", str(_RETRY))]
            await _refuse(call, 503, "ServiceUnavailable", f"The rows cannot be kept: {error.message}", headers)
        except GoneError:
            return
        else:
            await call.answer(204, b"")


    def _targets(self, rule: str, stream: str) -> list[tuple[str, str]]:
        """The tables that are meant, and what the rows are told to come from."""
        if not self._rules:
            return [(table_of(stream), f"{rule}/{stream}"[:200])]
        streams = self._rules.streams(rule)
        if streams is None:
            said = f"Data collection rule with immutable Id '{rule[:100]}' not found."
            raise _RefusedError(404, "NotFound", said)
        if stream not in streams:
            said = f"The stream {stream[:100]!r} was not configured in the data collection rule."
            raise _RefusedError(400, "InvalidStream", said)
        return [(flow.table, flow.origin) for flow in streams[stream]]


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def _target(call: Call) -> tuple[str, str]:
    """The rule and the stream."""
    parts = [unquote(part) for part in call.path.split("/")]
    if len(parts) != 5 or parts[3] != "streams" or not parts[2]:
        raise _RefusedError(404, "NotFound", "There is nothing here.")
    if call.method != "POST":
        raise _RefusedError(405, "MethodNotAllowed", "Rows are sent with POST.")
    if call.arguments().get("api-version") not in _VERSIONS:
        raise _RefusedError(400, "UnsupportedApiVersion", f"api-version is one of {', '.join(sorted(_VERSIONS))}.")
    # No page in a browser can send this kind to another site without asking first, which is never answered here.
    if call.header("content-type").partition(";")[0].strip().lower() != "application/json":
        raise _RefusedError(415, "UnsupportedMediaType", "A body is application/json.")
    return parts[2], parts[4]


def table_of(stream: str) -> str:
    """The table that a stream is for: ``Custom-Name_CL``, or ``Microsoft-`` and a table of Azure Monitor."""
    origin, _, table = stream.partition("-")
    try:
        if origin not in ("Custom", "Microsoft") or (origin == "Custom") != table.endswith("_CL"):
            raise ConfigurationError("no such stream")
        shape_of(table)
    except LockgateError:
        said = f"There is no stream {stream[:100]!r}: it is Custom-<Name>_CL, or Microsoft-<table>."
        raise _RefusedError(404, "InvalidStream", said) from None
    return table


def _lines(encoding: str, body: bytes) -> tuple[bytes, frozenset[str]]:
    """The rows of a body, one a line, and every field that they have."""
    encoding = encoding.strip().lower()
    if encoding == "gzip":
        body = _unpacked(body)
    elif encoding not in ("", "identity"):
        raise _RefusedError(415, "UnsupportedMediaType", "A body is packed by gzip or not at all.")
    if body.lstrip()[:1] != b"[":
        raise _RefusedError(400, "InvalidPayload", "A body is a JSON array of objects.")
    try:
        rows = parsed(body)
    except MisfitError as error:
        raise _RefusedError(400, "InvalidPayload", f"The body is wrong: {error}.") from None
    fields: set[str] = set()
    for row in rows:
        if not isinstance(row, dict):
            raise _RefusedError(400, "InvalidPayload", "An element of the body is no object.")
        fields.update(row)
    lines = b"\n".join([*map(line_of_value, rows), b""])
    if len(lines) - len(rows) > MOST:
        raise TooLargeError
    return lines, frozenset(fields)


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(body, _MOST_BODY + 1)
    except zlib.error:
        raise _RefusedError(400, "InvalidPayload", "The body is not packed by gzip.") from None
    if len(content) > _MOST_BODY:
        raise TooLargeError
    if not unpacker.eof:
        raise _RefusedError(400, "InvalidPayload", "The packed body is cut.")
    return content


async def _refuse(
    call: Call, status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = ()
) -> None:  # fmt: skip
    await call.answer(status, orjson.dumps({"error": {"code": code, "message": message}}), headers=headers)
