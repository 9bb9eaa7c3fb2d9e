"""The Logs Ingestion API: ``POST /dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01``.

https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview. A body is a JSON array of 1 MB at
most, packed by gzip or not; the answer is 204 with nothing in it, 413 for more, 429 with ``Retry-After`` where more
waits already than may.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import unquote

from lockgate.errors import ConfigurationError, LockgateError
from lockgate.server.asgi import Call, Receive, Scope, Send, TooLargeError
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, unpacked
from lockgate.server.ingest.once import keep, named, taking
from lockgate.server.ingest.sent import refuse
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest.arrays import lines_of
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


class IngestApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker, rules: Rules | None = None) -> None:
        """``rules``: those that there are; without any, every rule and stream is taken for the table it names."""
        self._taker, self._rules = taker, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._take(call), lambda refusal: _refuse(call, refusal))

    async def _take(self, call: Call) -> None:
        targets = self._targets(*_target(call))
        body = await call.body(_MOST_BODY)
        lines, fields = await asyncio.to_thread(_lines, call.header("content-encoding"), body)
        ids = named(call, body, call.person.name)
        async with taking(self._taker, ids) as known:
            if lines and not known:
                now = datetime.now(UTC)
                batches = [Batch(table, origin, now, lines, fields) for table, origin in targets]
                await keep(self._taker, batches, ids)
        await call.answer(204, b"")

    def _targets(self, rule: str, stream: str) -> list[tuple[str, str]]:
        """The tables that are meant, and what the rows are told to come from."""
        if not self._rules:
            return [(table_of(stream), f"{rule}/{stream}"[:200])]
        streams = self._rules.streams(rule)
        if streams is None:
            said = f"Data collection rule with immutable Id '{rule[:100]}' not found."
            raise RefusedError(404, said)
        if stream not in streams:
            said = f"The stream {stream[:100]!r} was not configured in the data collection rule."
            raise RefusedError(400, said, "InvalidStream")
        return [(flow.table, flow.origin) for flow in streams[stream]]


def _target(call: Call) -> tuple[str, str]:
    """The rule and the stream."""
    parts = [unquote(part) for part in call.path.split("/")]
    if len(parts) != 5 or parts[3] != "streams" or not parts[2]:
        raise RefusedError(404, "There is nothing here.")
    if call.method != "POST":
        raise RefusedError(405, "Rows are sent with POST.")
    if call.arguments().get("api-version") not in _VERSIONS:
        said = f"api-version is one of {', '.join(sorted(_VERSIONS))}."
        raise RefusedError(400, said, "UnsupportedApiVersion")
    # No page in a browser can send this kind to another site without asking first, which is never answered here.
    if call.header("content-type").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "A body is application/json.")
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
        raise RefusedError(404, said, "InvalidStream") from None
    return table


def _lines(encoding: str, body: bytes) -> tuple[bytes, frozenset[str]]:
    """The rows of a body, one a line, and every field that they have."""
    encoding = encoding.strip().lower()
    if encoding == "gzip":
        body = unpacked(body, encoding, _MOST_BODY)
    elif encoding not in ("", "identity"):
        raise RefusedError(415, "A body is packed by gzip or not at all.")
    if body.lstrip()[:1] != b"[":
        raise RefusedError(400, "A body is a JSON array of objects.")
    found = lines_of(body)
    if found is None or sum(map(len, found[0])) > MOST:  # which does not count blanks within rows
        found = _read(body)
    rows, fields = found
    if sum(map(len, rows)) > MOST:
        raise TooLargeError
    return b"\n".join([*rows, b""]), fields


def _read(body: bytes) -> tuple[list[bytes], frozenset[str]]:
    """The same of any array: its rows without the blanks that it has between signs."""
    try:
        rows = parsed(body)
    except MisfitError as error:
        raise RefusedError(400, f"The body is wrong: {error}.") from None
    fields: set[str] = set()
    for row in rows:
        if not isinstance(row, dict):
            raise RefusedError(400, "An element of the body is no object.")
        fields.update(row)
    return [line_of_value(row) for row in rows], frozenset(fields)


async def _refuse(call: Call, refusal: Refusal) -> None:
    if refusal.status == 413:
        refusal = Refusal(413, f"The rows are larger than {MOST} bytes.")
    await refuse(call, refusal)
