"""Takes deliveries in: each is acknowledged when it is on the disk with its jobs, many of them in one transaction.

While one transaction is written, what comes meanwhile waits for the next: so a burst costs few writes, and none of it
is acknowledged before it would survive a restart.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from lockgate.errors import LockgateError
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.deliveries import Delivery, accept

MOST_WAITING = 5_000
_MOST_AT_ONCE = 500


class FullError(Exception):
    """More wait than are taken; the forge delivers again, and listing finds the rest."""


class Intake:
    """Of one server, in its event loop."""

    def __init__(
        self, database: TeamDatabase, wake: Callable[[], None], *, now: Callable[[], float] = time.time
    ) -> None:  # fmt: skip
        """``wake`` is called when there are new jobs."""
        self._database, self._wake, self._now = database, wake, now
        self._waiting: deque[tuple[Delivery, asyncio.Future[bool]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self.accepted = 0
        """Deliveries that were new."""
        self.repeated = 0
        """Those that were known."""
        self.transactions = 0

    async def accept(self, delivery: Delivery) -> bool:
        """Whether it was new; it is on the disk when this returns. Raises :class:`FullError`, ``StoreError``."""
        if len(self._waiting) >= MOST_WAITING:
            raise FullError
        taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, taken))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await taken

    async def _write(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
            try:
                new = await asyncio.to_thread(self._commit, [delivery for delivery, _ in some])
            except LockgateError as error:
                for _, taken in some:
                    if not taken.done():
                        taken.set_exception(error)
                continue
            self.accepted += sum(new)
            self.repeated += len(new) - sum(new)
            for (_, taken), was_new in zip(some, new, strict=True):
                if not taken.done():  # whoever waited for it may have gone
                    taken.set_result(was_new)
            if any(new):
                self._wake()

    def _commit(self, deliveries: list[Delivery]) -> list[bool]:
        with self._database.begin() as connection:
            self.transactions += 1
            return accept(connection, deliveries, now=self._now())
