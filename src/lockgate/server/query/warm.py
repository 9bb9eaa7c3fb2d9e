"""Engines that are kept for a while after a question, for the next one of the same person over the same record.

To open the tables of a record takes twenty times what a small question takes. An engine that is kept holds the tables
as they stood when it was opened, so it serves only while nothing was written since; it belongs to one person, whose
memory and whose rows it has, and to one question at a time. One whose question failed is not kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.server.access import Person

if TYPE_CHECKING:
    from lockgate.store.ask import Tables

Open = Callable[[Person, datetime | None, datetime | None], "Tables"]
"""The tables with the rows that a person sees of a time (from, until), in an engine that may take their memory."""
Stamp = Callable[[Person], object | None]
"""What differs when a question of the person would be answered otherwise; None where that is not known."""
SECONDS = 60.0
"""For which an engine waits for a question."""


@dataclass(frozen=True, slots=True)
class _Kept:
    key: tuple[Person, datetime | None, datetime | None]
    stamp: object
    tables: Tables
    since: float
    """When its last question ended, by the monotonic clock."""


class Warm:
    """For several threads."""

    def __init__(self, opened: Open, stamp: Stamp, *, most: int, seconds: float = SECONDS) -> None:
        """``most``: engines that wait, of all people together."""
        self._opened, self._stamp, self._most, self._seconds = opened, stamp, most, seconds
        self._kept: list[_Kept] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    @contextmanager
    def tables(self, person: Person, since: datetime | None, until: datetime | None) -> Iterator[Tables]:
        """For one question."""
        key, stamp = (person, since, until), self._stamp(person)
        found = self._taken(key, stamp)
        tables = found if found is not None else self._opened(person, since, until)
        try:
            yield tables
        except BaseException:
            tables.connection.close()
            raise
        if stamp is None:
            tables.connection.close()
        else:
            self._keep(_Kept(key, stamp, tables, time.monotonic()))

    def close(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._drop(0)

    def _taken(self, key: tuple[Person, datetime | None, datetime | None], stamp: object | None) -> Tables | None:
        with self._lock:
            for one in reversed(self._kept):
                if one.key == key:
                    self._kept.remove(one)
                    if stamp is not None and one.stamp == stamp:
                        return one.tables
                    one.tables.connection.close()
        return None

    def _keep(self, one: _Kept) -> None:
        with self._lock:
            self._kept.append(one)
            self._drop(0 if self._closed else self._most)
            if self._kept and self._timer is None:
                self._wait()

    def _wait(self) -> None:
        """Until the one that has waited longest has waited long enough."""
        waited = time.monotonic() - self._kept[0].since
        self._timer = threading.Timer(max(0.0, self._seconds - waited), self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        """Let go of those that waited long enough."""
        with self._lock:
            self._timer = None
            late = time.monotonic() - self._seconds
            self._drop(sum(one.since > late for one in self._kept))
            if self._kept and not self._closed:
                self._wait()

    def _drop(self, most: int) -> None:
        """All but the last so many; the lock is held."""
        while len(self._kept) > most:
            self._kept.pop(0).tables.connection.close()
