"""Runs the webhook: listener, TLS, recorder, renewal of certificates, and an end that loses no review.

On SIGTERM ``/readyz`` says no at once, so that the Service stops sending; what still comes within ``drain_seconds`` is
answered, each answer the last of its connection; then the listener closes, reviews under way end, and what waits for
the recorder is handed over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, SourceError
from lockgate.server.admission.app import AdmissionApp, Judges
from lockgate.server.admission.contract import FailureModes, Judge, Recorder
from lockgate.server.admission.metrics import Metrics
from lockgate.server.admission.recording import RecordQueue
from lockgate.server.admission.workers import Peers
from lockgate.server.http1 import Connections
from lockgate.server.tls.authority import OwnAuthority
from lockgate.server.tls.reload import Pair, ReloadingContext

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("lockgate.admission")
_SWITCH_SECONDS = 0.0005
"""How soon the event loop gets the interpreter back from a thread that judges; the default of 5 ms would be most of
the time a review may take."""
_FIRST_LOOK = 0.5
"""Seconds after the port answers: what looks at an own authority takes 0.1 s to import."""
_CONNECTIONS = 2000
"""Connections and requests at a time; an API server keeps a few dozen. More are answered 503."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    host: str = "0.0.0.0"  # noqa: S104 -- in a Pod there is no other address to be reached at
    port: int = 8443
    """0 takes any free port."""
    failure: FailureModes = field(default_factory=FailureModes)
    threads: int = 0
    """Threads that judge. 0 judges in the event loop: twice the reviews a second, but a judge that does not keep to its
    deadline holds everything up. With threads what overruns is answered without its judge, at the deadline."""
    in_flight: int = 256
    drain_seconds: float = 5.0
    """Between saying not ready and closing the listener."""
    end_seconds: int = 30
    """For reviews under way at the end."""
    record_seconds: float = 0.0
    """For which reviews are gathered before the recorder gets them together."""
    certificate_seconds: float = 30.0
    """Between looks at the certificate files."""
    client_authority: Path | None = None
    """Demand client certificates of this authority."""
    peers: Peers | None = None
    """Where other processes serve on the same port: what they have counted."""


class AdmissionServer:
    """One webhook. ``run`` blocks; ``port`` is known once ``started`` is set."""

    def __init__(self, judge: Judge | None, certificates: Pair | OwnAuthority, *, options: Options | None = None,
                 mutating: Judge | None = None, recorder: Recorder | None = None, salt: bytes = b"",
                 bundle_changed: Callable[[str], None] | None = None) -> None:  # fmt: skip
        """``bundle_changed`` is given the PEM bundle of the own authority at the start and whenever it changes.

        Without a judge the server is not ready, and answers by the failure mode, until :meth:`swap` brings one.
        """
        self.options, self.metrics = options or Options(), Metrics()
        self._certificates, self._bundle_changed = certificates, bundle_changed
        gather = self.options.record_seconds
        self._queue = RecordQueue(recorder, self.metrics, salt=salt, gather=gather) if recorder is not None else None
        self.app = AdmissionApp(
            Judges(judge, mutating) if judge is not None else None, metrics=self.metrics, queue=self._queue,
            failure=self.options.failure, threads=self.options.threads, in_flight=self.options.in_flight,
        )  # fmt: skip
        if self.options.peers is not None:
            self.app.all_metrics = self.options.peers.all
        self.started, self.port = threading.Event(), 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._published = False
        self._connections = Connections(self.app, limit=_CONNECTIONS)

    def swap(self, judge: Judge, mutating: Judge | None = None) -> None:
        """Judge by other policies from the next request on. May be called from any thread."""
        self.app.swap(Judges(judge, mutating))

    def policies_failed(self) -> None:
        """Count a change of policies that could not be used. May be called from any thread."""
        self.metrics.policy_errors += 1

    def settled(self, ok: bool, waiting: int) -> None:
        """Tell how a settling of the journal went, and the bytes that wait. May be called from any thread."""
        self.metrics.journal_bytes = waiting
        self.metrics.settle_errors += not ok

    def stop(self) -> None:
        """Begin the end, as SIGTERM does. May be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain)

    def run(self) -> None:
        """Serve until stopped. Raises ``SourceError`` when the address or the certificate cannot be used."""
        pair = self._certificates
        if isinstance(pair, OwnAuthority):
            if not pair.usable():  # else it is looked at once the port answers
                pair.ensure()
                self._publish(pair)
            pair = pair.pair
        tls = ReloadingContext(pair, client_authority=self.options.client_authority)
        self.metrics.certificate_expires = tls.expires
        if tls.expires < time.time():
            _log.error("the certificate %s is over: nobody will ask until there is a new one", pair.certificate)
        listener = self._listen()
        before = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve(listener, tls))
        finally:
            sys.setswitchinterval(before)
            listener.close()
            self.app.close()

    def _listen(self) -> socket.socket:
        options = self.options
        try:
            family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
            listener = socket.create_server((options.host, options.port), family=family, backlog=1024,
                                            reuse_port=options.peers is not None)  # fmt: skip
        except OSError as error:
            where = f"{options.host}:{options.port}"
            raise SourceError(f"cannot listen: {error.strerror}", where=where, hint="choose another port") from None
        self.port = listener.getsockname()[1]
        return listener

    async def _serve(self, listener: socket.socket, tls: ReloadingContext) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        if self._queue is not None:
            self._queue.start()
        tending = asyncio.gather(self._tend(tls), self._tell_peers())
        try:
            with self._signals(self._loop):
                await self._connections.listen(listener, tls.context)
                _log.info("admission webhook on port %d, policies %s", self.port,
                          self.metrics.policy_version or "not loaded")  # fmt: skip
                self.started.set()
                await self._end.wait()
                await self._connections.close(self.options.end_seconds)
        finally:
            self._loop = None
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)
            if self._queue is not None:
                await self._queue.stop()

    @contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """SIGTERM and SIGINT drain, a second one ends at once; only where signals come, in the main thread."""
        here = threading.current_thread() is threading.main_thread()
        for one in (signal.SIGTERM, signal.SIGINT) if here else ():
            loop.add_signal_handler(one, self._drain)
        try:
            yield
        finally:
            for one in (signal.SIGTERM, signal.SIGINT) if here else ():
                loop.remove_signal_handler(one)

    async def _tend(self, tls: ReloadingContext) -> None:
        """Renews the own authority and takes up changed files, for as long as the server runs."""
        await asyncio.sleep(min(_FIRST_LOOK, self.options.certificate_seconds))
        while True:
            try:
                if isinstance(self._certificates, OwnAuthority):
                    await asyncio.to_thread(self._renew, self._certificates)
                if tls.reload_if_changed():
                    self.metrics.certificate_reloads += 1
                    self.metrics.certificate_expires = tls.expires
                    _log.info("a new certificate is served")
            except (LockgateError, OSError) as error:
                self.metrics.certificate_errors += 1
                _log.error("the certificate could not be renewed, the old one goes on: %s", error)
            await asyncio.sleep(self.options.certificate_seconds)

    async def _tell_peers(self) -> None:
        while self.options.peers is not None:
            self.options.peers.tell(self.metrics)
            await asyncio.sleep(1.0)

    def _renew(self, authority: OwnAuthority) -> None:
        if authority.ensure() or not self._published:
            self._publish(authority)

    def _publish(self, authority: OwnAuthority) -> None:
        """Also tried again where it failed: an API server that trusts another authority asks in vain."""
        self._published = False
        if self._bundle_changed is not None:
            self._bundle_changed(authority.bundle())
        self._published = True

    def _drain(self) -> None:
        loop, end = self._loop, self._end
        if loop is None or end is None:
            return
        if self.app.draining:  # asked twice: end now
            end.set()
            return
        self.app.draining = True
        self._connections.retire()
        loop.call_later(self.options.drain_seconds, end.set)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if os.name == "nt":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
