"""Logs of containers into ``ContainerLogV2``: which are followed, and how far each is."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.engine.collect.position import Position
from lockgate.engine.collect.tables import Tables
from lockgate.model import Skip, SkipKind
from lockgate.sources.cluster.connection import Connection
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.lines import Place
from lockgate.sources.cluster.logs import Candidate, Piece, Stream
from lockgate.sources.cluster.watch import hand_over

TABLE = "ContainerLogV2"
_WAITING = 32
"""Pieces that wait to be appended; then the streams wait too, and what they would bring stays where it is."""
_PIECE = 4 << 20
"""Bytes that are appended together."""
_PATIENCE = 5.0


class Logs:
    """Follows containers. All but the streams themselves is for one thread."""

    def __init__(
        self, connection: Connection, tables: Tables, position: Position, identity: Identity, *, streams: int,
        since: int, follow: bool, latency: float,
    ) -> None:  # fmt: skip
        """``streams``: how many at once at most; ``since``: seconds since 1970, from where the first run reads;
        ``latency``: seconds until a line is on the disk, at most."""
        self._connection, self._tables, self._position, self._identity = connection, tables, position, identity
        self._streams, self._follow, self._latency = streams, follow, latency
        self._began: int = position.value.get("began", since)
        self._places: dict[str, Mapping[str, Any]] = dict(position.value.get("places", {}))
        self._threads: dict[str, threading.Thread] = {}
        self._out: queue.Queue[Piece | Skip] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self._rows: list[bytes] = []
        self._size, self._since = 0, 0.0
        self.skips: list[Skip] = []
        """What could not be read since it was looked at last; the reader empties it."""

    def assign(self, found: Iterable[Candidate], *, whole: bool) -> None:
        """Follow those that are new or broke off. ``whole``: all are here, so that others are gone."""
        self._threads = {key: one for key, one in self._threads.items() if one.is_alive()}
        keys: set[str] = set()
        left_out = 0
        for one in found:
            keys.add(one.key)
            place = self._places.get(one.key)
            read = place is not None and place["container"] == one.source.container and place["done"]
            if read or one.key in self._threads:
                continue
            if len(self._threads) >= self._streams:
                left_out += 1
                continue
            self._start(one, place)
        if left_out:
            where = f"{self._connection.name}:pods/log"
            reason = f"{left_out} containers wait for one of {self._streams} streams"
            self.skips.append(Skip(where, SkipKind.LIMIT, reason))
        if whole:
            for key in self._places.keys() - keys - self._threads.keys():
                del self._places[key]

    def drain(self, seconds: float) -> None:
        """Take what came, for at most so long, and append it when it is much or waited long. Raises StoreError."""
        until = time.monotonic() + seconds
        while True:
            try:
                told = self._out.get(timeout=max(0.0, until - time.monotonic())) if seconds else self._out.get_nowait()
            except queue.Empty:
                break
            self._take(told)
            if time.monotonic() >= until and seconds:
                break
        if self._rows and time.monotonic() - self._since >= self._latency:
            self.flush()

    def finish(self) -> None:
        """Take everything until all streams have ended. Only where nothing is followed."""
        while any(one.is_alive() for one in self._threads.values()) or not self._out.empty():
            self.drain(0.1)
        self.flush()

    def close(self) -> None:
        """Append what came, and end the streams. The connection is closed by this."""
        self._stop.set()
        self._connection.close()
        until = time.monotonic() + _PATIENCE
        for one in self._threads.values():
            one.join(timeout=max(0.0, until - time.monotonic()))
        self.drain(0.0)
        self.flush()

    def flush(self) -> None:
        """Append what waits."""
        rows, self._rows, self._size = self._rows, [], 0
        if rows:
            value = {"began": self._began, "places": dict(self._places)}
            self._position.commit(value, lambda once: self._tables.load(TABLE, rows, once=once))

    def _take(self, told: Piece | Skip) -> None:
        if isinstance(told, Skip):
            self.skips.append(told)
            return
        if not self._rows:
            self._since = time.monotonic()
        self._rows += told.rows
        self._size += sum(map(len, told.rows))
        self._places[told.key] = told.place
        if self._size >= _PIECE:
            self.flush()

    def _start(self, one: Candidate, place: Mapping[str, Any] | None) -> None:
        stream = Stream(
            self._connection, self._identity, one, Place.of(place) if place is not None else None, self._began,
            self._put, self._stop, self._follow,
        )  # fmt: skip
        thread = threading.Thread(target=stream.run, name=f"log {one.key}", daemon=True)
        self._threads[one.key] = thread
        thread.start()

    def _put(self, told: Piece | Skip) -> None:
        hand_over(told, self._out, self._stop)
