"""Runs ASGI applications on uvicorn, over TLS or on this machine alone, until told to stop.

On SIGTERM the listener closes, what is being answered is answered for some seconds, then it is ended. What does not
belong: the webhook, which has a server of its own (decision 0007).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, SourceError
from lockgate.server.mounts import Mounts
from lockgate.server.tls.reload import Pair, ReloadingContext

if TYPE_CHECKING:
    from lockgate.server.tls.authority import OwnAuthority

_log = logging.getLogger("lockgate.server")
_MAX_CONNECTIONS = 500
_GOODBYE = 0.5
"""Seconds that a client gets to answer the goodbye of TLS."""
LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 8642
    """0 takes any free port."""
    end_seconds: int = 30
    """For what is being answered at the end."""
    certificate_seconds: float = 30.0
    """Between looks at the certificate files."""


def serve(
    app: Mounts, options: Options, *, certificates: Pair | OwnAuthority | None,
    started: Callable[[int], None] = lambda port: None, stop: Callable[[Callable[[], None]], None] = lambda end: None,
) -> None:  # fmt: skip
    """Serve until a signal. ``certificates``: None serves without TLS, which only loopback may.

    ``started`` gets the port; ``stop`` gets what ends the server from another thread. Raises :class:`SourceError` when
    the address or the certificate cannot be used.
    """
    import uvicorn

    if certificates is None and options.host not in LOOPBACK:
        raise SourceError("without TLS only this machine is served", where=options.host, hint="give it --tls")
    pair = certificates
    if pair is not None and not isinstance(pair, Pair):
        pair.ensure()
        pair = pair.pair
    tls = ReloadingContext(pair) if pair is not None else None
    listener = _listen(options)
    more: dict[str, Any] = {} if tls is None else {"ssl_context_factory": lambda _config, _make: tls.context}
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="on", ws="none",
        limit_concurrency=_MAX_CONNECTIONS, timeout_graceful_shutdown=options.end_seconds, timeout_keep_alive=75,
        proxy_headers=False, **more,
    )  # fmt: skip

    class Server(uvicorn.Server):
        tending: asyncio.Task[None] | None = None

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if tls is not None:
                self.tending = asyncio.create_task(_tend(tls, certificates, options.certificate_seconds))
            started(listener.getsockname()[1])

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """A signal ends the server in order; it is not raised again afterwards, as uvicorn would."""
            with super().capture_signals():
                try:
                    yield
                finally:
                    self._captured_signals.clear()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.draining = True
            if self.tending is not None:
                self.tending.cancel()
            hanging_up = asyncio.create_task(self.hang_up())
            try:
                await super().shutdown(sockets)
            finally:
                hanging_up.cancel()
                await self.abort(lambda _: True)

        async def hang_up(self) -> None:
            """Wait for no goodbye of TLS from clients that rest: they would hold up the end."""
            while True:
                await asyncio.sleep(_GOODBYE)
                await self.abort(lambda one: one.cycle is None or one.cycle.response_complete)

        async def abort(self, which: Callable[[Any], bool]) -> None:
            for one in list(self.server_state.connections):
                if which(one):
                    one.transport.abort()
            await asyncio.sleep(0)

    server = Server(config)

    def end() -> None:
        server.should_exit = True

    stop(end)
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()


def _listen(options: Options) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        return socket.create_server((options.host, options.port), family=family, backlog=512)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        raise SourceError(f"cannot listen: {error.strerror}", where=where, hint="choose another port") from None


async def _tend(tls: ReloadingContext, certificates: Pair | OwnAuthority | None, seconds: float) -> None:
    """Renews the own authority and takes up changed files."""
    while True:
        await asyncio.sleep(seconds)
        try:
            if certificates is not None and not isinstance(certificates, Pair):
                await asyncio.to_thread(certificates.ensure)
            if tls.reload_if_changed():
                _log.info("a new certificate is served")
        except (LockgateError, OSError) as error:
            _log.error("the certificate could not be renewed, the old one goes on: %s", error)
