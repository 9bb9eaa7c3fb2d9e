"""What other programs send as JSON: ``POST /ingest/{format}``, each a module of ``store.ingest.sent``.

A body is one object, an array, or an object a line, packed by gzip or not; the answer is 204. ``?table=`` keeps the
rows for one of the tables that the format has. What was taken before, as its format or ``?id-field=`` says, is taken no
second time.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.errors import LockgateError
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, body_of
from lockgate.server.ingest.once import content_id, keep, named, taking
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import Body, Clean, Format, Rows, formats, taken, text
from lockgate.store.ingest.sent._documents import row_of
from lockgate.tables._collected import SUFFIX

PREFIXES = ("/ingest/",)
MOST = 32 << 20
"""Bytes of a body, packed or not."""
ROWS = "rows"
"""In place of a format: objects of any shape for the table of ``?table=``, as Fluent Bit, Fluentd and Vector send."""
_CODES = {400: "InvalidPayload", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 408: "RequestTimeout",
          413: "ContentLengthLimitExceeded", 415: "UnsupportedMediaType", 429: "TooManyRequests",
          503: "ServiceUnavailable"}  # fmt: skip


class SentApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker, clean: Clean) -> None:
        self._taker, self._clean = taker, clean

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._take(call), lambda refusal: refuse(call, refusal))

    async def _take(self, call: Call) -> None:
        form, table = _target(call)
        content = await body_of(call, MOST)
        origin = f"{form.name}/{call.person.name}"
        whole = named(call, content, call.person.name)
        place = f"{form.name}/{table}"
        values, fields = await asyncio.to_thread(
            lambda: _distinct(place, taken(form, content, clean=self._clean, origin=origin, only=table))
        )
        async with taking(self._taker, [*whole, *(mark for mark, _ in values if mark)]) as known:
            new = [one for one in values if one[0] not in known] if known.isdisjoint(whole) else []
            found: dict[str, list[bytes]] = {}
            for _, lines in new:
                for name, line in lines:
                    found.setdefault(name, []).append(line)
            now = datetime.now(UTC)
            batches = [Batch(name, origin, now, b"".join(lines), fields.get(name)) for name, lines in found.items()]
            await keep(self._taker, batches, [*whole, *(mark for mark, _ in new if mark)])
        await call.answer(204, b"")


def _distinct(place: str, body: Body) -> tuple[list[tuple[bytes, list[tuple[str, bytes]]]], dict[str, frozenset[str]]]:
    """What the values of a body are known by, empty for nothing, and their rows, of those that are known by the same
    the first; and the fields of the rows by table, where they are known."""
    found: list[tuple[bytes, list[tuple[str, bytes]]]] = []
    seen: set[bytes] = set()
    for by, lines in body.values:
        mark = content_id(place, by) if by else b""
        if mark not in seen:
            found.append((mark, lines))
            seen.update((mark,) if mark else ())
    return found, {table: frozenset(fields) for table, fields in body.fields.items()}


def _target(call: Call) -> tuple[Format, str]:
    name = call.path.removeprefix(PREFIXES[0])
    form = _rows_for(call.arguments()) if name == ROWS else formats().get(name)
    if form is None:
        raise RefusedError(404, f"There is no format {name[:100]!r}: {', '.join(formats())}.")
    if call.method != "POST":
        raise RefusedError(405, "Rows are sent with POST.")
    table = call.arguments().get("table", "")
    if table and table not in form.tables:
        raise RefusedError(400, f"{form.name} has no table {table[:100]!r}: {', '.join(dict.fromkeys(form.tables))}.")
    return form, table


def _rows_for(arguments: dict[str, str]) -> Format:
    """Objects of any shape for one table: columns of an adopted one, and whatever a custom one has or gets."""
    table, time_field = arguments.get("table", ""), arguments.get("time-field", "")
    id_field = arguments.get("id-field", "")
    try:
        shape_of(table)
    except LockgateError:
        raise RefusedError(400, f"There is no table {table[:100]!r}: a custom one is <Name>_CL.") from None

    def rows(value: dict[str, Any], clean: Clean) -> Rows:  # noqa: ARG001 -- as every format has it
        return [(table, row_of(value, time_field=time_field) if table.endswith(SUFFIX) else value)]

    def known_by(value: dict[str, Any]) -> bytes:
        return text(value.get(id_field)).encode("utf-8", "surrogatepass") if id_field else b""

    return Format(ROWS, "objects of any shape", (table,), rows, known_by=known_by)


async def refuse(call: Call, refusal: Refusal) -> None:
    """As the Logs Ingestion API says it."""
    error = {"code": refusal.code or _CODES.get(refusal.status, ""), "message": refusal.message}
    await call.answer(refusal.status, orjson.dumps({"error": error}), headers=refusal.headers)
