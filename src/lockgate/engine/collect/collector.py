"""The loop of ``lockgate collect``: a scan at each interval, and between them what watches and logs bring."""

from __future__ import annotations

import platform
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.engine.collect.events import TABLE as EVENTS
from lockgate.engine.collect.events import Events
from lockgate.engine.collect.feed import Feed, Served, Told
from lockgate.engine.collect.history import TABLE as HISTORY
from lockgate.engine.collect.history import History
from lockgate.engine.collect.logs import TABLE as LOGS
from lockgate.engine.collect.logs import Logs
from lockgate.engine.collect.position import Position
from lockgate.engine.collect.tables import Tables
from lockgate.errors import SourceError
from lockgate.model import Skip, SkipKind
from lockgate.sources.cluster import ClusterSource, Connection
from lockgate.sources.cluster.connection import OversizeError, RefusedError, SilentError
from lockgate.sources.cluster.insights import Identity
from lockgate.sources.cluster.insights.fields import json_text, part, text
from lockgate.sources.cluster.logs import Candidate, candidates
from lockgate.sources.cluster.sampling import Scan, Scope
from lockgate.store import Record

_STEP = 0.2
"""Seconds for which one queue is listened to before the other is."""
_SAY_AGAIN = 3600.0
"""Seconds after which the record is told again of what still cannot be read."""
_COMPACT_EVERY = 60
"""Scans between two joinings of the record's small files."""
_CHEAP = "/version"
"""What every server tells whoever it knows."""
_CATEGORY = "lockgate/collect"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is collected, and how often."""

    identity: Identity
    scope: Scope
    interval: float = 60.0
    """Seconds from the beginning of a scan to that of the next; the agent of Azure takes 60."""
    once: bool = False
    """One scan, and then the end; changes are not waited for."""
    normal: bool = True
    """Whether events of the type Normal are kept, which are most."""
    history: bool = True
    """Whether every change of every object is kept."""
    logs: bool = False
    """Whether what containers write is kept."""
    logs_excluded: frozenset[str] = frozenset()
    """Namespaces whose containers are not read."""
    streams: int = 64
    """Logs that are followed at once."""
    log_seconds: int = 600
    """How far back the first run reads logs."""
    latency: float = 5.0
    """Seconds until a change or a line is on the disk, at most; each time is a commit."""


@dataclass(slots=True)
class Tally:
    """What a run brought."""

    scans: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    misfits: int = 0
    """Rows and fields without a place in their table."""
    skips: dict[Skip, float] = field(default_factory=dict)
    """What could not be read, and when that was last told of (``time.monotonic()``)."""


class Collector:
    """One collector of one cluster. Not for several threads."""

    def __init__(
        self, connect: Callable[[], Connection], plan: Plan, record: Record, *, folder: Path, salt: bytes,
        say: Callable[[Skip], None] = lambda skip: None, tell: Callable[[str, int, int], None] = lambda *step: None,
    ) -> None:  # fmt: skip
        """``folder`` is the collector's own, and there; ``say`` hears of what cannot be read, ``tell`` of progress."""
        self._connect, self._plan, self._record, self._folder, self._salt = connect, plan, record, folder, salt
        self._say, self._tell = say, tell
        self.tally = Tally()

    def run(self, stop: threading.Event) -> Tally:
        """Collect until ``stop`` is set, or once. Whatever ends it, what the tables have is whole.

        Raises :class:`SourceError` when a single scan could read nothing, :class:`StoreError` when the record cannot
        be written.
        """
        plan = self._plan
        with ExitStack() as stack:
            self._tables = Tables(self._record, origin=f"collect {plan.identity.id}")
            stack.callback(self._tables.close)
            self._scanned = self._connect()
            stack.callback(self._scanned.close)
            self._events = Events(self._tables, self._position("events", EVENTS), normal=plan.normal)
            self._logs = self._open_logs(stack)
            self._feed, self._history = self._open_history(stack)
            self._loop(stop)
        self._count()
        return self.tally

    def _loop(self, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            due = max(due + self._plan.interval, time.monotonic())
            self._scan(stop)
            if self._plan.once:
                if self._history is not None:
                    self._read_objects(self._history)
                if self._logs is not None:
                    self._logs.finish()
                    self._log_skips(self._logs)
                self._tables.flush()
                return
            while True:  # once at least, however long the scan took: watches and logs wait while their queues are full
                self._listen(min(_STEP, max(0.01, due - time.monotonic())), stop)
                if stop.is_set() or time.monotonic() >= due:
                    break

    def _position(self, name: str, table: str) -> Position:
        return Position(self._folder / f"{name}.json", lambda once: self._tables.holds(table, once))

    def _open_logs(self, stack: ExitStack) -> Logs | None:
        plan = self._plan
        if not plan.logs:
            return None
        logs = Logs(
            self._connect(), self._tables, self._position("logs", LOGS), plan.identity, streams=plan.streams,
            since=int(time.time()) - plan.log_seconds, follow=not plan.once, latency=plan.latency,
        )  # fmt: skip
        stack.callback(logs.close)
        return logs

    def _open_history(self, stack: ExitStack) -> tuple[Feed | None, History | None]:
        plan = self._plan
        if not plan.history:
            return None, None
        position = Position(self._folder / "history.json", lambda once: self._record.holds(HISTORY, once))
        kept = History(
            self._record, position, cluster=plan.identity.name, run=uuid.uuid4().hex, salt=self._salt,
            takes=plan.scope.takes,
        )  # fmt: skip
        stack.callback(kept.flush)
        if plan.once:
            return None, kept
        feed = Feed(
            self._connect, salt=self._salt, namespaces=plan.scope.namespaces, versions=kept.versions
        )  # fmt: skip
        stack.callback(feed.close)
        self._flushed = time.monotonic()
        return feed, kept

    def _scan(self, stop: threading.Event) -> None:
        """One scan: rows of every table but the logs."""
        plan = self._plan
        began = datetime.now(UTC).replace(microsecond=0)
        found: list[Candidate] = []
        self._scanned.begin()
        if not self._answers():
            return
        scan = Scan(
            self._scanned, plan.identity, plan.scope, self._salt, began.isoformat().replace("+00:00", "Z"),
            each_pod=lambda pod: found.extend(self._candidates(pod)),
        )  # fmt: skip
        rows = 0
        for told in chain(scan.inventory(), scan.usage()):
            if isinstance(told, Skip):
                self._skipped(told, scan)
                continue
            self._tables.add(*told)
            rows += 1
            self._tell("rows", rows, 0)
            if stop.is_set():
                break
        self._tables.add("Heartbeat", self._heartbeat(scan))
        self._tables.flush()
        if stop.is_set():
            return
        for skip in self._events.take(scan.events()):
            self._skipped(skip, scan)
        if plan.once and not rows and self.tally.skips:
            reason = next(iter(self.tally.skips)).reason
            raise SourceError(f"nothing could be read: {reason}", where=self._scanned.name)
        if self._logs is not None:
            self._logs.assign(found, whole=scan.whole_pods)
            self._log_skips(self._logs)
        self._tables.flush()
        self.tally.scans += 1
        if self.tally.scans % _COMPACT_EVERY == 0:
            self._record.compact()
        self._count()

    def _answers(self) -> bool:
        """Whether the server answers at all; to find out by every list takes minutes. Of a single scan it must."""
        try:
            self._scanned.body(_CHEAP, retry=False)
        except RefusedError:
            return True  # it knows of us, if no more
        except (SilentError, OversizeError) as error:
            if self._plan.once:
                raise SourceError(f"the API server does not answer: {error}", where=self._scanned.name) from None
            reason = f"the API server does not answer: {error}"
            self._skipped(Skip(self._scanned.name, SkipKind.UNREADABLE, reason), None)
            self._tables.flush()
            return False
        return True

    def _candidates(self, pod: Mapping[str, Any]) -> Iterator[Candidate]:
        namespace = text(part(pod, "metadata"), "namespace")
        if self._logs is None or namespace in self._plan.logs_excluded:
            return iter(())
        return candidates(pod)

    def _listen(self, seconds: float, stop: threading.Event) -> None:
        """What watches and logs bring, for about so long."""
        if self._feed is not None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0 and (told := self._feed.get(left)) is not None:
                self._hear(told)
            self._flush_history()
        if self._logs is not None:
            self._logs.drain(0.0 if self._feed is not None else seconds)
            self._log_skips(self._logs)
        if self._feed is None and self._logs is None:
            stop.wait(seconds)

    def _log_skips(self, logs: Logs) -> None:
        skips, logs.skips = logs.skips, []
        for skip in skips:
            self._skipped(skip, None)

    def _hear(self, told: Told) -> None:
        assert self._history is not None
        if isinstance(told, Skip):
            self._skipped(told, None)
        elif isinstance(told, Served):
            if told.whole and not self._plan.scope.namespaces:
                self._history.served(told.resources)
        else:
            self._history.take(told)

    def _flush_history(self) -> None:
        if self._history is not None and time.monotonic() - self._flushed >= self._plan.latency:
            self._history.flush()
            self._flushed = time.monotonic()

    def _read_objects(self, kept: History) -> None:
        """Of a single scan: every object as it is now."""
        connection = self._connect()
        try:
            source = ClusterSource(connection, salt=self._salt, namespaces=self._plan.scope.namespaces)
            for skip in kept.listed(source.objects(), source):
                self._skipped(skip, None)
            kept.flush()
        finally:
            connection.close()

    def _skipped(self, skip: Skip, scan: Scan | None) -> None:
        now = time.monotonic()
        told = self.tally.skips.get(skip)
        if told is not None and now - told < _SAY_AGAIN:
            return
        self.tally.skips[skip] = now
        self._say(skip)
        at = scan.time if scan is not None else datetime.now(UTC).isoformat().replace("+00:00", "Z")
        row = self._plan.identity.cluster_row(
            at, Computer=socket.gethostname(), Category=_CATEGORY, Level="Warning",
            Message=f"{skip.path}: {skip.reason}", Tags=json_text({"kind": skip.kind.value}),
        )  # fmt: skip
        self._tables.add("KubeMonAgentEvents", row)

    def _heartbeat(self, scan: Scan) -> dict[str, Any]:
        """A sign of life of this collector."""
        return self._plan.identity.row(
            scan.time, Computer=socket.gethostname(), Category="Lockgate Collector", OSType=platform.system(),
            OSName=platform.platform(), Version=__version__, ResourceId=self._plan.identity.id,
            Solutions="ContainerInsights", ComputerEnvironment="Non-Azure",
        )  # fmt: skip

    def _count(self) -> None:
        self.tally.rows = dict(self._tables.rows)
        if self._history is not None and self._history.count:
            self.tally.rows[HISTORY] = self._history.count
        self.tally.misfits = self._tables.misfits
