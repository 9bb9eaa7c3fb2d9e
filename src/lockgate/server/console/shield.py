"""Keeps hostile requests out before any route sees them, and gives every answer its headers.

A plain ASGI layer, so that nothing of a body is read before it is known to be wanted. Against requests that another
site makes a browser send (CSRF): a request that changes something must come from our own origin, which browsers tell in
``Sec-Fetch-Site`` and ``Origin``; one that tells neither may show no cookie, and so is a program's own
(https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site). What does not belong: who asks (``asking``).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from lockgate.server.asgi import Application, Call, Message, Receive, Scope, Send
from lockgate.server.console.services import Services

MOST_BYTES = 1 << 20
"""Of a body, where its route says nothing else."""
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY, "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}  # fmt: skip


class TooLargeError(Exception):
    """A body that goes on past what it may have."""


class Shield:
    """Around the application."""

    def __init__(self, app: Application, services: Services, larger: Mapping[str, int] | None = None) -> None:
        """``larger``: bytes that bodies may have below the beginnings of paths."""
        self._app, self._services = app, services
        self._larger = sorted((larger or {}).items(), key=lambda one: -len(one[0]))
        host = urlsplit(services.origin).netloc.lower()
        self._hosts = {host, *(name.lower() for name in services.names)}
        self._always = dict(_HEADERS)
        if services.is_secure:
            self._always["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call, metrics = Call(scope, receive, send), self._services.metrics
        number = uuid.uuid4().hex
        scope["lockgate.request"] = number
        started, status = time.perf_counter(), 500
        most = next((size for prefix, size in self._larger if call.path.startswith(prefix)), MOST_BYTES)

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_ours(message["headers"], number)
            await send(message)

        refusal = self._refusal(call, most)
        metrics.in_flight += 1
        try:
            if refusal is not None:
                reason, status, told = refusal
                metrics.refused[reason] += 1
                await _answer(sent, status, told)
            else:
                await self._app(scope, _bounded(receive, most), sent)
        except TooLargeError:
            metrics.refused["size"] += 1
            await _answer(sent, 413, "The body is larger than it may be here.")
        finally:
            metrics.in_flight -= 1
            route = getattr(scope.get("route"), "path", "none")
            metrics.observe(route, call.method, status, time.perf_counter() - started)

    def _refusal(self, call: Call, most: int) -> tuple[str, int, str] | None:
        """Reason, status and words, where the request is kept out."""
        host = call.header("host").lower()
        if host not in self._hosts:
            return "host", 421, "This server is not reached by that name."
        length = call.header("content-length")
        if length.isdecimal() and int(length) > most:
            return "size", 413, "The body is larger than it may be here."
        if call.method not in _SAFE and not self._is_own(call, host):
            return "cross-origin", 403, "That was sent by a page of another site."
        return None

    def _is_own(self, call: Call, host: str) -> bool:
        site, origin = call.header("sec-fetch-site"), call.header("origin")
        if site:
            return site in ("same-origin", "none") or (site == "same-site" and self._is_here(origin, host))
        if origin:
            return self._is_here(origin, host)
        return not call.header("cookie")

    def _is_here(self, origin: str, host: str) -> bool:
        """Whether an ``Origin`` is the one that the request reached."""
        scheme = urlsplit(self._services.origin).scheme
        return origin.lower() in (f"{scheme}://{host}", self._services.origin.lower())

    def _with_ours(self, headers: Any, number: str) -> list[tuple[bytes, bytes]]:
        given = list(headers)
        names = {bytes(name).lower() for name, _ in given}
        ours = {**self._always, "x-request-id": number}
        return given + [
            (name.encode(), value.encode()) for name, value in ours.items() if name.encode() not in names
        ]


def _bounded(receive: Receive, most: int) -> Receive:
    """What gives a body as long as it stays within its bytes."""
    had = 0

    async def bounded() -> Message:
        nonlocal had
        message = await receive()
        had += len(message.get("body", b""))
        if had > most:
            raise TooLargeError
        return message

    return bounded


async def _answer(send: Send, status: int, told: str) -> None:
    body = orjson.dumps({"type": "about:blank", "title": told, "status": status})
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
