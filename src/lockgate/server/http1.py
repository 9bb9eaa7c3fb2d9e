"""HTTP/1.1 for one application that answers whole requests: no framework, no task a request, one write an answer.

The application gets a request with its whole body and gives a response, or an awaitable where it has to wait. Framing
is done by httptools (llhttp), TLS by the transport. Bounded: heads, bodies, connections, the time a request may take to
arrive, the time a connection may rest. What does not belong: paths, and what an answer says.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from lockgate.dataclass import dataclass

_log = logging.getLogger("lockgate.http")
_MAX_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
_CHUNKED = 8
"""Bytes at most that stand for one byte of a body in pieces; what comes on top is head, trailer or padding."""
_MAX_WAITING = 64
"""Requests that a client may send before the answer to the first."""
_LOOK = 0.5
"""Seconds between looks for what takes too long."""
_HANDSHAKE = 15.0
_GOODBYE = 0.5
"""Seconds that a client gets to answer the goodbye of TLS, and to read an answer that came before its request's end."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole."""

    method: bytes
    target: bytes
    """Path and query as they came."""
    content_type: bytes
    body: bytes
    keep: bool
    """Whether the client wants the connection to stay."""


class Response(NamedTuple):
    """One answer; a tuple, since there is one of it a request."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


class Application(Protocol):
    """Who answers. Never raises for what a request holds."""

    @property
    def max_body(self) -> int:
        """Bytes."""

    @property
    def read_seconds(self) -> float:
        """In which a request must have arrived."""

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        """The answer, at once where it can be."""

    def refuse(self, status: int, message: str) -> Response:
        """The answer to what is no request."""


class Connections:
    """Everything that is connected to one application."""

    def __init__(self, app: Application, *, limit: int = 2000, rest: float = 120.0) -> None:
        """``limit`` connections at a time, more are answered 503; one may rest for ``rest`` seconds."""
        self.app, self.limit, self.rest = app, limit, rest
        self.open: set[Connection] = set()
        self.retiring = False
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def listen(self, sock: Any, tls: ssl.SSLContext) -> None:
        """Answer what comes to a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self, loop), sock=sock, ssl=tls, backlog=1024, ssl_handshake_timeout=_HANDSHAKE,
            ssl_shutdown_timeout=_GOODBYE,
        )  # fmt: skip
        self._look(loop)

    def retire(self) -> None:
        """From now on every answer is the last of its connection, so that clients go elsewhere in their own time."""
        self.retiring = True

    async def close(self, seconds: float) -> None:
        """Take no more connections, answer what is under way for at most ``seconds``, and hang up."""
        self.retire()
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        for one in list(self.open):
            one.hang_up_when_idle()
        while self.open and loop.time() < until and any(one.busy for one in self.open):
            await asyncio.sleep(0.01)
        until = loop.time() + 2 * _GOODBYE
        while self.open and loop.time() < until:  # the goodbyes of TLS
            await asyncio.sleep(0.01)
        for one in list(self.open):
            one.abort()
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for one in list(self.open):
            one.look(now)
        self._timer = loop.call_later(_LOOK, self._look, loop)


class Connection(asyncio.Protocol):
    """One client."""

    __slots__ = (
        "_body", "_expects", "_head", "_kept", "_kind", "_length", "_loop", "_parser", "_ready", "_since",
        "_size", "_target", "_task", "_transport", "_unheard",
    )  # fmt: skip

    def __init__(self, kept: Connections, loop: asyncio.AbstractEventLoop) -> None:
        import httptools

        self._kept, self._loop = kept, loop
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._ready: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._unheard = False  # what still comes is read and thrown away
        self._head = 0  # bytes of the request that is arriving
        self._since = 0.0
        self.on_message_begin()

    @property
    def busy(self) -> bool:
        """Whether a request is arriving or being answered."""
        return self._task is not None or bool(self._ready) or (self._head > 0 and not self._unheard)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        self._transport, self._since = transport, self._loop.time()
        if len(self._kept.open) >= self._kept.limit:
            self._end(self._kept.app.refuse(503, "too many connections"))
        self._kept.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the signature of asyncio
        """Of asyncio. What is being answered is answered to the end: it counts though nobody reads it."""
        self._kept.open.discard(self)
        self._unheard = True
        self._ready.clear()
        self._parser = self._transport = None  # they hold on to this, and buffers of TLS to them

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        if self._unheard:
            return
        if not self._head:
            self._since = self._loop.time()
        self._head += len(data)
        try:
            self._parser.feed_data(data)
        except Exception as error:
            self._end(self._kept.app.refuse(400, _fault(error)))
        if self._head - _CHUNKED * self._size > _MAX_HEAD:
            self._end(self._kept.app.refuse(431, f"the head is larger than {_MAX_HEAD} bytes"))
        self._answer()

    def on_message_begin(self) -> None:
        """Of httptools, as all ``on_``."""
        self._target = self._kind = b""
        self._body: list[bytes] = []
        self._size = self._length = 0
        self._expects = False

    def on_url(self, url: bytes) -> None:
        """May come in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Three headers matter."""
        if len(name) in (6, 12, 14):
            name = name.lower()
            if name == b"content-type":
                self._kind = value
            elif name == b"content-length" and value.isdigit():
                self._length = int(value[:20])
            elif name == b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """A body that says it is too large is not waited for."""
        if self._length > self._kept.app.max_body:
            self._too_large()
        elif self._expects:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece."""
        self._size += len(body)
        if self._size > self._kept.app.max_body:
            self._too_large()
        elif not self._unheard:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """One whole request. It is answered once the parser is done with what came with it."""
        self._head = 0
        if self._unheard:
            return
        if len(self._ready) >= _MAX_WAITING:
            self._end(self._kept.app.refuse(400, "too many requests at once"))
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._ready.append(
            Request(self._parser.get_method(), self._target, self._kind, body, self._parser.should_keep_alive())
        )

    def pause_writing(self) -> None:
        """A client that does not read its answers is not read either."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._task is None:
            self._transport.resume_reading()

    def look(self, now: float) -> None:
        """End what rests or arrives for too long."""
        if self._task is not None or self._ready or self._unheard:
            return
        app = self._kept.app
        if self._head and now - self._since > app.read_seconds:
            self._end(app.refuse(408, f"the request did not arrive within {app.read_seconds:g} s"))
        elif not self._head and now - self._since > self._kept.rest:
            self._transport.close()

    def hang_up_when_idle(self) -> None:
        """Now, or after the answer that is being made."""
        if not self.busy:
            self._transport.close()

    def abort(self) -> None:
        """Now."""
        self._transport.abort()

    def _answer(self) -> None:
        while self._ready and self._task is None:
            request = self._ready.popleft()
            try:
                answer = self._kept.app.answer(request)
            except Exception as error:  # a defect of the application: never an answer that lets something through
                _log.error("a request could not be answered: %s", type(error).__name__)
                answer = self._kept.app.refuse(500, "a defect")
            if isinstance(answer, Response):
                self._send(answer, request)
            else:
                self._transport.pause_reading()
                self._task = self._loop.create_task(self._await(answer, request))

    async def _await(self, answer: Awaitable[Response], request: Request) -> None:
        try:
            response = await answer
        except Exception as error:
            _log.error("a request could not be answered: %s", type(error).__name__)
            response = self._kept.app.refuse(500, "a defect")
        self._task = None
        self._send(response, request)
        if not self._is_closing():
            self._transport.resume_reading()
            self._answer()

    def _is_closing(self) -> bool:
        return self._transport is None or bool(self._transport.is_closing())

    def _send(self, response: Response, request: Request) -> None:
        if self._is_closing():
            return
        keep = request.keep and not self._kept.retiring
        body = b"" if request.method == b"HEAD" else response.body
        self._transport.write(_head(response, keep) + body)
        self._since = self._loop.time()
        if not keep:
            self._ready.clear()
            self._unheard = True
            self._transport.close()

    def _too_large(self) -> None:
        self._end(self._kept.app.refuse(413, f"the body is larger than {self._kept.app.max_body} bytes"))

    def _end(self, response: Response) -> None:
        """Answer what is no request, and hang up once the client can have read it."""
        if self._unheard:
            return
        self._unheard = True
        self._ready.clear()
        if not self._is_closing():
            self._transport.write(_head(response, False) + response.body)
            self._loop.call_later(_GOODBYE, self._transport.close)


def _fault(error: Exception) -> str:
    """What the parser has against a request; any other error is raised again."""
    import httptools

    if isinstance(error, httptools.HttpParserUpgrade):
        return "only HTTP/1.1 is spoken here"
    if isinstance(error, httptools.HttpParserError):
        return "this is no HTTP request"
    raise error


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def _head(response: Response, keep: bool) -> bytes:
    status, body, kind = response
    connection = "" if keep else "connection: close\r\n"
    return (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        f"{connection}\r\n"
    ).encode()
