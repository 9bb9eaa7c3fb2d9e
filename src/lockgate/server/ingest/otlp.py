"""OTLP over HTTP: ``POST /v1/logs``, ``/v1/traces`` and ``/v1/metrics``, as protobuf or JSON.

https://opentelemetry.io/docs/specs/otlp/. Protobuf is read by the packages that ``lockgate[otlp]`` adds; JSON needs
none.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from binascii import Error
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, body_of
from lockgate.server.ingest.once import content_id, keep, taking
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest.fitting import MisfitError, parsed
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._otlp import rows_of

SIGNALS = {"/v1/logs": "logs", "/v1/traces": "traces", "/v1/metrics": "metrics"}
PREFIXES = tuple(SIGNALS)
MOST = 64 << 20
"""Bytes of a body, packed or not."""
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_CODES = {400: 3, 403: 7, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}
"""Of gRPC, which an answer tells beside the status of HTTP."""
HINT = "protobuf needs what lockgate[otlp] adds; JSON does not"


class OtlpApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        kind = call.header("content-type").partition(";")[0].strip().lower()
        await attempt(lambda: self._take(call, kind), lambda refusal: _refuse(call, kind, refusal))

    async def _take(self, call: Call, kind: str) -> None:
        signal = SIGNALS.get(call.path)
        if signal is None:
            raise RefusedError(404, f"There is nothing here: {', '.join(SIGNALS)}.")
        if call.method != "POST":
            raise RefusedError(405, "Exports are sent with POST.")
        if kind not in (_PROTOBUF, _JSON):
            raise RefusedError(415, f"A body is {_PROTOBUF} or {_JSON}.")
        content = await body_of(call, MOST)
        await export(self._taker, signal, content, json=kind == _JSON, origin=f"otlp/{call.person.name}")
        await call.answer(200, b"{}" if kind == _JSON else b"", kind=kind)


async def export(taker: Taker, signal: str, content: bytes, *, json: bool, origin: str) -> None:
    """Keep an export, once however often it is sent. Raises as :func:`keep`, :func:`taking`, :class:`RefusedError`."""
    lines, timed = await asyncio.to_thread(_lines, signal, content, json)
    ids = [content_id(f"{signal} {origin}", content)] if timed else []
    async with taking(taker, ids) as known:
        if not known:
            now = datetime.now(UTC)
            await keep(taker, [Batch(table, origin, now, b"".join(some)) for table, some in lines.items()], ids)


def _lines(signal: str, content: bytes, json: bool) -> tuple[dict[str, list[bytes]], bool]:
    """Rows by table, and whether all say when they were: else an export may come twice and be two."""
    lines: dict[str, list[bytes]] = {}
    timed = True
    try:
        value, identity = (parsed(content), _hexadecimal) if json else (_message(signal, content), _decoded)
        for table, row in rows_of(signal, value, identity):
            lines.setdefault(table, []).append(line_of(row))
            timed = timed and bool(row.get("TimeGenerated"))
    except MisfitError as error:
        raise RefusedError(400, f"The export is wrong: {error}.") from None
    return lines, timed


def _hexadecimal(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""


def _decoded(value: Any) -> str:
    try:
        return b64decode(value).hex() if isinstance(value, str) else ""
    except Error:
        return ""


def _message(signal: str, content: bytes) -> Any:
    """A request of protobuf in its JSON form."""
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
    except ImportError:
        raise RefusedError(415, f"{HINT[0].upper()}{HINT[1:]}.") from None
    try:
        return MessageToDict(request_type(signal).FromString(content), use_integers_for_enums=True)
    except DecodeError:
        raise MisfitError("the body is no protobuf of that kind") from None


def request_type(signal: str) -> Any:
    """The class of requests of a signal. Raises :class:`ImportError` where the packages are not there."""
    if signal == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

        return ExportLogsServiceRequest
    if signal == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return ExportTraceServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    return ExportMetricsServiceRequest


async def _refuse(call: Call, kind: str, refusal: Refusal) -> None:
    """A ``google.rpc.Status`` in the form of the request."""
    code = _CODES.get(refusal.status, 2)
    if kind == _PROTOBUF:
        text = refusal.message.encode()[:1000]
        length = bytes((len(text),)) if len(text) < 128 else bytes((len(text) & 127 | 128, len(text) >> 7))
        body = bytes((0x08, code, 0x12)) + length + text  # fields 1 (a number) and 2 (a text) of the message
    else:
        kind, body = _JSON, orjson.dumps({"code": code, "message": refusal.message})
    await call.answer(refusal.status, body, kind=kind, headers=refusal.headers)
