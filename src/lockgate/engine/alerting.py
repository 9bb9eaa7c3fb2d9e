"""Looks what the alerts about clusters fire for, and has it settled as findings: the work of the server's timer.

Time is cut into spans of equal length since 1970; at the end of each the rules are asked as of that moment. What a
span gave is appended under the span's end, its rows and its run, so that several servers, or one that died, keep it
once. How far it was looked stands in a file: what ended while nobody looked is made up for, a day at most. What does
not belong: what an alert is (``cluster_alerts``), who is told (``alert_notices``).
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.engine import cluster_alerts
from lockgate.engine.alert_memory import RecordMemory
from lockgate.engine.request import Request
from lockgate.engine.scan import scan
from lockgate.errors import StoreError
from lockgate.gates.check import GATE
from lockgate.kql.literals import ticks_of
from lockgate.model import Family, Result
from lockgate.rules import Rulebook, digest_of
from lockgate.sources.fired import MODE, FiredSource
from lockgate.store import Record

if TYPE_CHECKING:
    from lockgate.engine.alert_notices import Notices
    from lockgate.model import Rule

WRITER = "cluster-alerts"
_MOST_BACK = 86_400.0
"""Seconds that are made up for."""
SOURCE = "KubeNodeInventory"
"""The table that no cluster is collected without."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What a look needs beside the time."""

    record: Record
    rules: Sequence[Rule]
    request: Request
    """Gate, waivers and owners; the rest is filled in."""
    notices: Notices | None = None
    """None: nobody is told."""

    def settled(
        self, fired: Sequence[Mapping[str, Any]], end: datetime, *, store: bool, once: tuple[str, int] | None = None
    ) -> Result:  # fmt: skip
        """What fired as findings, as of ``end``. With ``store`` it is a run of the record; a run that another was
        quicker with, by ``once``, is not, and nobody is told of it. Raises :class:`StoreError`."""
        book = Rulebook(tuple(self.rules), digest_of(tuple(self.rules)))
        results: list[Result] = []
        run = uuid.uuid4().hex
        asked = replace(
            self.request, families=(Family.ALERTS,), project=MODE, rules_digest=book.digest, run=run, once=once,
            now=lambda: end, tell=results.append,
        )  # fmt: skip
        notices = self.notices if store else None
        if notices is not None:
            notices.begin(self.record, run)
        scan([FiredSource(self.rules, fired)], book, GATE, store=self.record if store else None,
             ledger=RecordMemory(self.record), request=asked, scanners={})  # fmt: skip
        if notices is not None:
            notices.end(self.record)
        return results[0]

    def send(self) -> None:
        """Send the notices that are due."""
        if self.notices is not None:
            self.notices.send(time.time)

    @property
    def sent(self) -> int:
        """Notices that were taken."""
        return self.notices.sent if self.notices is not None else 0


def keep(
    looking: Callable[[], Looking], state: Path, every: float, *, now: float
) -> Iterator[tuple[datetime, Result]]:  # fmt: skip
    """Look as of the end of each span that has ended since; that end, and what was wrong then. Nothing where another
    process is at it. ``looking`` is called when none is. ``now``: seconds since 1970. Raises :class:`StoreError` and
    what asking raises."""
    with held(state, wait=False) as handle:
        if handle is None:
            return
        look = looking()
        newest = int(now // every)
        for span in _spans(os.pread(handle, 4096, 0), newest, every):
            end = datetime.fromtimestamp(0, UTC) + timedelta(seconds=span * every)
            yield end, _kept(look, end)
            told = orjson.dumps({"every": every, "span": span})
            os.pwrite(handle, told.ljust(200), 0)
        look.send()


@contextmanager
def held(state: Path, *, wait: bool) -> Iterator[int | None]:
    """The file that says how far was looked, while no other process has it; None where one does, unless ``wait``.
    Raises :class:`StoreError`."""
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(state, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(state)) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield None
            return
        yield handle
    finally:
        os.close(handle)


def _spans(written: bytes, newest: int, every: float) -> range:
    """The spans that nobody looked at; the newest alone where that is not known."""
    try:
        told: Any = orjson.loads(written)
        known = int(told["span"]) if told["every"] == every else newest - 1
    except (ValueError, KeyError, TypeError):
        known = newest - 1
    return range(max(known + 1, newest - int(_MOST_BACK // every)), newest + 1)


def _kept(looking: Looking, end: datetime) -> Result:
    record = looking.record
    tables = record.asked(until=end)
    with closing(tables.connection):
        fired = cluster_alerts.firing(looking.rules, tables, now=ticks_of(end))
    once = WRITER, int(end.timestamp() * 1000)
    record.append_alone(cluster_alerts.TABLE, cluster_alerts.kept_rows(fired, when=end), once=once)
    return looking.settled(fired, end, store=True, once=once)
