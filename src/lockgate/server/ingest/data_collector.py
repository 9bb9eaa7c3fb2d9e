"""The HTTP Data Collector API: ``POST /api/logs?api-version=2016-04-01``, signed by a shared key.

https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api. A body is a JSON array of 30 MB at most, or one
object; the answer is 200. Rows go to the custom table ``<Log-Type>_CL``.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.errors import ConfigurationError, LockgateError
from lockgate.server.access import INGEST, Person
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, body_of
from lockgate.server.ingest.once import keep, named, taking
from lockgate.server.ingest.shared_key import RESOURCE
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest import Collected
from lockgate.store.ingest.fitting import MisfitError, parsed
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._suffixes import RESERVED, kinds_of, row_of
from lockgate.tables import Column, ColumnType
from lockgate.tables._collected import custom

PREFIXES = (RESOURCE,)
MOST = 30 << 20
"""Bytes of a body, the service's limit."""
_VERSION = "2016-04-01"
_LOG_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z", re.ASCII)
_KNOWN_SECONDS = 30.0
"""For how long the columns of a table are taken as they were seen; other processes may add some."""
_CODES = {400: "InvalidDataFormat", 403: "InvalidAuthorization", 503: "ServiceUnavailable"}
Signer = Callable[[str, int, str, str], Person | None]
"""Gives who signed: of the ``Authorization``, the length of the body, its kind, and the date."""


class DataCollectorApp:
    """An ASGI application that looks itself who sends."""

    def __init__(self, taker: Taker, collected: Collected, signer: Signer) -> None:
        self._taker, self._collected, self._signer = taker, collected, signer
        self._columns: dict[str, tuple[float, dict[str, ColumnType]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._take(call), lambda refusal: _refuse(call, refusal))

    async def _take(self, call: Call) -> None:
        table = _table(call)
        person = self._person(call)
        content = await body_of(call, MOST)
        time_field, resource = call.header("time-generated-field"), call.header("x-ms-azureresourceid")
        lines = await asyncio.to_thread(self._lines, table, content, time_field, resource)
        ids = named(call, content, person.name)
        async with taking(self._taker, ids) as known:
            if lines and not known:
                batch = Batch(table, f"data collector/{person.name}", datetime.now(UTC), lines)
                await keep(self._taker, [batch], ids)
        await call.answer(200, b"")

    def _person(self, call: Call) -> Person:
        length = call.header("content-length")
        if not length.isdecimal() or len(length) > 12:
            raise RefusedError(403, "The length of the body must be told, since it is signed.")
        date, kind = call.header("x-ms-date"), call.header("content-type")
        person = self._signer(call.header("authorization"), int(length), kind, date)
        if person is None:
            raise RefusedError(403, "The signature is none of this workspace, or of another time.")
        if INGEST not in person.rights:
            raise RefusedError(403, f"{person.name} has not the right '{INGEST}'.")
        return person

    def _lines(self, table: str, content: bytes, time_field: str, resource: str) -> bytes:
        columns = self._known(table)
        known, found = dict(columns), dict[str, ColumnType]()
        lines = []
        try:
            value = parsed(content)
            for record in value if isinstance(value, list) else [value]:
                row = row_of(_record(record), known, time_field=time_field, resource=resource)
                if new := kinds_of(row, known):
                    known |= new
                    found |= new
                lines.append(line_of(row))
        except MisfitError as error:
            raise RefusedError(400, f"The body is wrong: {error}.") from None
        if found:
            self._widen(table, found)
            columns |= found
        return b"".join(lines)

    def _widen(self, table: str, found: dict[str, ColumnType]) -> None:
        """Make the columns now, since it is the suffix that says what they hold, never the first values of them."""
        new = [Column(name, kind, "") for name, kind in found.items()]
        try:
            self._collected.made(custom(table, new))
        except ConfigurationError as error:
            raise RefusedError(400, f"The body is wrong: {error.message}.") from None

    def _known(self, table: str) -> dict[str, ColumnType]:
        """Columns of the table, and those that requests before have brought."""
        seen, columns = self._columns.get(table, (0.0, {}))
        if time.monotonic() - seen > _KNOWN_SECONDS:
            try:
                there = self._collected.get(table)
            except LockgateError:
                there = None
            columns = columns | ({one.name: one.type for one in there.columns} if there is not None else {})
            if len(self._columns) >= 1000:
                self._columns.clear()
            self._columns[table] = (time.monotonic(), columns)
        return columns


def _table(call: Call) -> str:
    if call.path != RESOURCE:
        raise RefusedError(404, "There is nothing here.")
    if call.method != "POST":
        raise RefusedError(405, "Records are sent with POST.")
    version = call.arguments().get("api-version", "")
    if version != _VERSION:
        code = "InvalidApiVersion" if version else "MissingApiVersion"
        raise RefusedError(400, f"api-version is {_VERSION}.", code)
    kind = call.header("content-type").partition(";")[0].strip().lower()
    if kind != "application/json":
        code = "UnsupportedContentType" if kind else "MissingContentType"
        raise RefusedError(400, "A body is application/json.", code)
    name = call.header("log-type")
    if not _LOG_TYPE.match(name):
        said = "Log-Type is a letter, then letters, digits and underscores, 100 in all."
        raise RefusedError(400, said, "InvalidLogType" if name else "MissingLogType")
    return f"{name}_CL"


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MisfitError("a record is no object")
    wrong = RESERVED & value.keys()
    if wrong:
        raise MisfitError(f"no record may have the field {min(wrong)!r}")
    return value


async def _refuse(call: Call, refusal: Refusal) -> None:
    # The service answers 404, not 413, where a request is too large.
    status = 404 if refusal.status == 413 else refusal.status
    code = refusal.code or _CODES.get(status, "")
    body = orjson.dumps({"Error": code, "Message": refusal.message})
    await call.answer(status, body, headers=refusal.headers)
