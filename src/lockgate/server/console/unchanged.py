"""``ETag`` of what the API answers to reads, and 304 where the client has it already (RFC 9110, 13.1.2).

A layer around the application, so that every listing has one. Where a route can tell the same without asking the
record, it sets a tag of its own, and asks :func:`is_known` first. Answers are for who asked alone: a cache keeps none
for others, and asks again before it shows one.
"""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders

from lockgate.server.asgi import Application, Message, Receive, Scope, Send

_MOST = 4 << 20
"""Bytes up to which an answer is held back until its tag is known."""
TAGGED = "/api/v1/"
"""Below which answers have tags; SCIM says of itself that it has none."""


class Unchanged:
    """Around the application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(TAGGED):
            await self._app(scope, receive, send)
            return
        held = _Held(Headers(scope=scope), send)
        await self._app(scope, receive, held.sent)


class _Held:
    """An answer, until it is known whether it must be sent."""

    def __init__(self, asked: Headers, send: Send) -> None:
        self._asked, self._send = asked, send
        self._start: Message | None = None
        self._body = b""

    async def sent(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers.setdefault("cache-control", "private, no-cache")
            headers.add_vary_header("authorization, cookie")
            self._start = {**message, "headers": headers.raw}
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        whole = not message.get("more_body")
        if not whole and len(self._body) <= _MOST:
            return
        start, self._start = self._start, None
        answered = {"type": "http.response.body", "body": self._body, "more_body": not whole}
        if whole and start["status"] == 200 and self._tagged(start):
            start["status"], answered["body"] = 304, b""
        await self._send(start)
        await self._send(answered)

    def _tagged(self, start: Message) -> bool:
        """Give the answer a tag where it has none; whether the client has it."""
        headers = MutableHeaders(raw=start["headers"])
        if "no-store" in headers["cache-control"]:
            return False
        if "etag" not in headers and len(self._body) <= _MOST:
            headers["etag"] = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        met = "etag" in headers and is_known(self._asked, headers["etag"])
        if met:
            for name in ("content-length", "content-type"):
                del headers[name]
        start["headers"] = headers.raw
        return met


def is_known(asked: Headers, tag: str) -> bool:
    """Whether ``If-None-Match`` names the tag; compared weakly, as it must be."""
    told = ",".join(asked.getlist("if-none-match"))
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in told.split(",") if one.strip())
