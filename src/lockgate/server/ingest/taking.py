"""From requests to the journal, one write for all that came meanwhile, and on into the tables by a thread that settles.

Bounded: what waits for the disk and what waits for the tables. Who comes on top is told to come again later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from lockgate.errors import LockgateError, StoreError
from lockgate.store.ingest.identities import Identities
from lockgate.store.ingest.journalled import Batch, ids_in, settle
from lockgate.store.ingest.loading import Loader
from lockgate.store.journal import Journal, runs

_log = logging.getLogger("lockgate.ingest")
MOST_WAITING = 256 << 20
"""Bytes of the journal that may wait for the tables."""
_MOST_PENDING = 64 << 20
"""Bytes that may wait for the disk."""
_MOST_FILE = 32 << 20
"""Bytes of a file of the journal from which on the next begins: what is in one comes into the tables together."""
_PAUSE = 0.4
"""Seconds from one settling to the next: a row is to be seen within one of its acknowledgement, and to settle the
requests of a while costs little more than to settle one."""
_LATER = 5.0
"""Seconds after which a settling that failed is tried again."""


class BusyError(Exception):
    """More waits already than may."""


class Taker:
    """Takes batches in. Made before the event loop runs; one for each process."""

    def __init__(
        self, root: Path, loader: Callable[[str, str], Loader], *, most_waiting: int = MOST_WAITING,
        pause: float = _PAUSE,
    ) -> None:  # fmt: skip
        """``root``: the folder of the journals. ``loader``: as :func:`settle` takes it. Raises :class:`StoreError`."""
        self._root, self._loader, self._most, self._pause = root, loader, most_waiting, pause
        self.identities = Identities(root)
        """Ids of documents that were taken, by this process or another."""
        self.identities.add(list(ids_in(root)))  # of who died before it could
        self.underway: set[bytes] = set()
        """Ids of what is being taken, and not answered yet (``once``)."""
        self._journal = Journal(root, uuid.uuid4().hex, max_waiting=most_waiting + _MOST_PENDING)
        self._pending: list[tuple[tuple[Batch, ...], asyncio.Future[None]]] = []
        self._pending_bytes = self._waiting = 0
        self._writing: asyncio.Task[None] | None = None
        self._stop, self._came = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._settle, name="ingest", daemon=True)
        self._thread.start()

    async def take(self, *batches: Batch) -> None:
        """Keep what one request brought. When this returns all of it is on the disk, in one write.

        Raises :class:`BusyError` where it must come again later, :class:`StoreError` where it cannot be kept.
        """
        size = sum(len(batch.lines) for batch in batches)
        if self._waiting + self._pending_bytes + size > self._most or self._pending_bytes + size > _MOST_PENDING:
            raise BusyError
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((batches, done))
        self._pending_bytes += size
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await done

    def close(self) -> None:
        """Bring what there is into the tables, and end. What cannot be brought stays for the next start."""
        self._stop.set()
        self._came.set()
        self._thread.join()
        try:
            self._journal.close()
            settle(self._root, self._loader, self.identities.settled)
        except LockgateError as error:
            _log.error("%s", error)
        self.identities.close()

    async def _write(self) -> None:
        """Until nothing is left: all that waits, in one write."""
        while self._pending:
            some, self._pending = self._pending, []
            lines = [line for batches, _ in some for batch in batches for line in batch.journalled()]
            size = sum(len(batch.lines) for batches, _ in some for batch in batches)
            failure: BaseException | None = None
            try:
                await asyncio.to_thread(self._append, lines)
            except (StoreError, OSError) as error:
                failure = error
            self._pending_bytes -= size
            self._waiting += 0 if failure else size
            for _, done in some:
                if done.done():  # who asked has gone away
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(StoreError(str(failure)))
        self._writing = None

    def _append(self, lines: list[bytes]) -> None:
        self._journal.append_lines(lines)
        if self._journal.size > _MOST_FILE:
            with contextlib.suppress(StoreError):  # the rows are kept, and that is what is asked about
                self._journal.turn()
        self._came.set()

    def _settle(self) -> None:
        pending = len(runs(self._root)) > 1  # what a writer left that is gone
        while pending or self._came.wait():
            if self._stop.is_set():
                return
            self._came.clear()
            begun = time.monotonic()
            pending = not self._settled()
            self._waiting = self._journal.waiting()
            self._stop.wait(_LATER if pending else max(0.0, begun + self._pause - time.monotonic()))

    def _settled(self) -> bool:
        """Settle; whether that could be done."""
        try:
            self._journal.turn()
            for problem in settle(self._root, self._loader, self.identities.settled).problems:
                _log.error("%s", problem)
        except LockgateError as error:
            _log.error("rows wait, their tables cannot be written: %s", error)
            return False
        return True
