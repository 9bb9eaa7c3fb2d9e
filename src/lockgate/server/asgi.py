"""What our ASGI applications share: one request with its bounds, answers, and a client that goes away.

No framework: each application has a dozen paths, and says itself what its answers look like.
https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from lockgate.dataclass import dataclass
from lockgate.server.access import Person

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
PERSON = "lockgate.person"
"""Where the scope of a request tells who sent it."""
_READ_SECONDS = 60.0


class TooLargeError(Exception):
    """The body is larger than it may be."""


class GoneError(Exception):
    """The client went away before its request was whole."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def method(self) -> str:
        """``POST``."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Without the query, decoded."""
        return str(self.scope["path"])

    @property
    def person(self) -> Person:
        """Who sent it."""
        found = self.scope[PERSON]
        assert isinstance(found, Person)
        return found

    def header(self, name: str) -> str:
        """A header's value, or empty."""
        wanted = name.lower().encode("latin-1")
        for key, value in self.scope["headers"]:
            if key == wanted:
                return str(value.decode("latin-1"))
        return ""

    def arguments(self) -> dict[str, str]:
        """Of the query of the address, the last value of each name."""
        text = self.scope["query_string"].decode("latin-1")
        found = parse_qs(text, keep_blank_values=True, max_num_fields=100)
        return {name: values[-1] for name, values in found.items()}

    async def body(self, most: int) -> bytes:
        """The whole body. Raises :class:`TooLargeError`, :class:`GoneError`, ``TimeoutError``."""
        parts: list[bytes] = []
        size = 0
        async with asyncio.timeout(_READ_SECONDS):
            while True:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise TooLargeError
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)

    async def gone(self, event: asyncio.Event) -> None:
        """Sets ``event`` once the client has gone away. To be called when the body is read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        event.set()

    async def answer(
        self, status: int, body: bytes | Iterable[bytes], *, kind: str = "application/json; charset=utf-8",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        """Send an answer; a body in pieces goes out as it comes."""
        shown = [(b"content-type", kind.encode()), *((n.encode(), _value(v)) for n, v in headers)]
        whole = body if isinstance(body, bytes) else None
        if whole is not None:
            shown.append((b"content-length", str(len(whole)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": shown})
        if whole is not None:
            await self.send({"type": "http.response.body", "body": whole})
            return
        for piece in body:
            await self.send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # others get their turn between the pieces
        await self.send({"type": "http.response.body", "body": b""})


def _value(text: str) -> bytes:
    """A header's value with nothing in it that ends the line."""
    return "".join(one if " " <= one <= "~" else "?" for one in text).encode("latin-1")
