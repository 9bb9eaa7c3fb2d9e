"""Syslog over TCP, over TLS (RFC 5425) and over UDP (RFC 5426), into the tables Syslog and CommonSecurityLog.

Over a stream a message is counted in octets or ends with a line (RFC 6587); which of both is seen message by message.
A stream is read on only when what came is on the disk, which is how a sender learns to wait. A datagram that comes when
too much waits is lost, and counted. Nobody says who they are here, but by a certificate of a client over TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable
from datetime import UTC, datetime

from lockgate.errors import LockgateError, SourceError, StoreError
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.server.tls.reload import ReloadingContext
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._cef import row_of

_log = logging.getLogger("lockgate.ingest")
MOST = 1 << 20
"""Bytes of one message; a longer one that ends with a line becomes several."""
_READ = 256 << 10
_MOST_CONNECTIONS = 500
_MOST_DATAGRAMS = 20_000
"""That may wait for their turn."""
_PAUSE, _LATER, _END, _CERTIFICATES = 0.1, 1.0, 5.0, 30.0
"""Seconds: between looks at datagrams, until what cannot be kept is tried again, for that at the end, between looks at
certificates."""


class Framing:
    """Cuts a stream into messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises :class:`ValueError` for a count that is none, or too large."""
        self._held += data
        found: list[bytes] = []
        at = 0
        while at < len(self._held):
            begin, end, after = self._next(at)
            if after < 0:
                break
            found.append(bytes(self._held[begin:end]))
            at = after
        del self._held[:at]
        return found

    def rest(self) -> bytes:
        """What is left at the end of the stream: a message without the end of its line."""
        return b"" if self._counted(0) else bytes(self._held)

    def _counted(self, at: int) -> bool:
        return self._held[at : at + 1].isdigit()

    def _next(self, at: int) -> tuple[int, int, int]:
        """Begin and end of the message at ``at``, and where the next one begins; -1 where it is not whole."""
        if self._counted(at):
            blank = self._held.find(b" ", at, at + 8)
            if blank < 0:
                if len(self._held) - at >= 8:
                    raise ValueError("a message begins with digits that are no count")
                return at, at, -1
            count = self._held[at:blank]
            if not count.isdigit() or int(count) > MOST:
                raise ValueError(f"a message of more than {MOST} bytes, or a count that is none")
            end = blank + 1 + int(count)
            return blank + 1, end, end if end <= len(self._held) else -1
        end = self._held.find(b"\n", at, at + MOST)
        if end < 0:
            return (at, at + MOST, at + MOST) if len(self._held) - at >= MOST else (at, at, -1)
        return at, end, end + 1


class SyslogListener:
    """Listens on one address. Made before the event loop runs, so that an address in use is told at once."""

    def __init__(
        self, taker: Taker, address: tuple[str, int], *, udp: bool = False,
        tls: ReloadingContext | None = None,
    ) -> None:  # fmt: skip
        """Raises :class:`SourceError` where the address cannot be had."""
        self._taker, self._tls = taker, tls
        self._collector = socket.gethostname()
        self.origin = "syslog/udp" if udp else "syslog/tls" if tls else "syslog/tcp"
        self._socket = bound(address, udp)
        self.port: int = self._socket.getsockname()[1]
        self._udp = udp
        self._server: asyncio.Server | None = None
        self._datagrams: _Datagrams | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        if self._udp:
            _, self._datagrams = await loop.create_datagram_endpoint(_Datagrams, sock=self._socket)
            self._tasks.add(loop.create_task(self._drain(self._datagrams)))
        else:
            context = self._tls.context if self._tls else None
            self._server = await asyncio.start_server(self._connected, sock=self._socket, ssl=context, limit=_READ)
            if self._tls is not None:
                self._tasks.add(loop.create_task(_renew(self._tls)))

    async def stop(self) -> None:
        """Take no more, and keep what came."""
        if self._server is not None:
            self._server.close()
        if self._datagrams is not None and self._datagrams.transport is not None:
            self._datagrams.transport.close()
            await self._kept(self._datagrams.taken())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._keeping:  # what was read is kept, unless it cannot be
            await asyncio.wait(self._keeping, timeout=_END)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._tasks) < _MOST_CONNECTIONS:
                self._tasks.add(task)
                await self._read(reader, str((writer.get_extra_info("peername") or ("",))[0]))
            else:
                _log.warning("a sender of syslog was refused: %d are connected", _MOST_CONNECTIONS)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        framing = Framing()
        while data := await _piece(reader):
            try:
                messages = framing.feed(data)
            except ValueError as error:
                _log.warning("%s: %s; its connection was ended", peer, error)
                return
            await self._kept((peer, one) for one in messages)
        await self._kept([(peer, framing.rest())])

    async def _kept(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """As :meth:`_keep`, which goes on when the server ends."""
        task = asyncio.create_task(self._keep(messages))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        await asyncio.shield(task)

    async def _keep(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Keep messages with the addresses that they came from; waits until it can be done."""
        local = datetime.now().astimezone()
        found: dict[str, list[bytes]] = {}
        for peer, one in messages:
            if one.strip(b"\r\n\0 "):
                table, row = row_of(one, peer=peer, collector=self._collector, received=local)
                found.setdefault(table, []).append(line_of(row))
        moment = local.astimezone(UTC)
        batches = [Batch(table, self.origin, moment, b"".join(lines)) for table, lines in found.items()]
        while batches:
            try:
                await self._taker.take(*batches)
                return
            except (BusyError, StoreError) as error:
                if isinstance(error, StoreError):
                    _log.error("messages of syslog wait: %s", error)
                await asyncio.sleep(_LATER)

    async def _drain(self, datagrams: _Datagrams) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            if datagrams.lost:
                _log.warning("%d datagrams of syslog were lost: more came than could be kept", datagrams.lost)
                datagrams.lost = 0
            await self._kept(datagrams.taken())


async def _piece(reader: asyncio.StreamReader) -> bytes:
    """What came; nothing at the end, also of a connection that broke, since what came before it did is to be kept."""
    try:
        return await reader.read(_READ)
    except OSError:
        return b""


async def _renew(tls: ReloadingContext) -> None:
    while True:
        await asyncio.sleep(_CERTIFICATES)
        try:
            tls.reload_if_changed()
        except (LockgateError, OSError) as error:
            _log.error("the certificate for syslog could not be renewed, the old one goes on: %s", error)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._held: list[tuple[str, bytes]] = []
        self.transport: asyncio.BaseTransport | None = None
        self.lost = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Of asyncio."""
        if len(self._held) < _MOST_DATAGRAMS:
            self._held.append((str(addr[0]), data))
        else:
            self.lost += 1

    def taken(self) -> list[tuple[str, bytes]]:
        """All that came since."""
        some, self._held = self._held, []
        return some


def bound(address: tuple[str, int], udp: bool) -> socket.socket:
    """A socket that listens, or takes datagrams. Raises :class:`SourceError` where the address cannot be had."""
    host, _ = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if not udp:
            return socket.create_server(address, family=family, backlog=128)
        made = socket.socket(family, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        made.bind(address)
        return made
    except OSError as error:
        where, hint = f"{host}:{address[1]}", "choose another address; ports below 1024 need a right of their own"
        raise SourceError(f"cannot listen: {error.strerror}", where=where, hint=hint) from None
