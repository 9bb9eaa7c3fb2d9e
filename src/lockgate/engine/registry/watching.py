"""The watch over one registry: workers that take jobs, and one thread that looks, matches again and sees to rebuilds.

Several processes may watch one registry with one workspace: they share the queue, and what is done from time to time is
done by whoever claims it. The watch ends where it stands; what it had at hand is taken up by the next.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.engine.registry import bases, matching, polling, rebuilding
from lockgate.engine.registry.judging import Judging
from lockgate.engine.registry.scope import Scope
from lockgate.engine.registry.working import Worker
from lockgate.errors import LockgateError
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import Queue
from lockgate.store.registry.rebuilds import Rebuilds
from lockgate.store.registry.seen import Seen

_log = logging.getLogger("lockgate.registry")
_IDLE = 1.0
"""Seconds between looks for a job that another process accepted, or that is due again."""
_TROUBLE = 5.0
"""Seconds after the queue or the record could not be used."""
_ROUND = 5.0
"""Seconds between looks at what is done from time to time."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a registry is watched."""

    workers: int = 1
    """Threads that judge images, each its own."""
    poll: bool = True
    """Whether this process looks at the registry from time to time."""


class Watch:
    """One watched registry; a listener of ``server.mounts``."""

    def __init__(self, scope: Scope, database: RegistryDatabase, judging: Judging, options: Options) -> None:
        self.scope, self.options = scope, options
        self.queue, self.seen = Queue(database), Seen(database, scope.registry)
        self.rebuilds = Rebuilds(database)
        self._judging = judging
        self._stop, self._came = threading.Event(), threading.Event()
        self._told: dict[str, str] = {}
        """What went wrong last, by what it was done for."""
        self._threads: list[threading.Thread] = []
        self._last = 0.0

    async def start(self) -> None:
        """Begin."""
        self.begin()

    async def stop(self) -> None:
        """End, when what is at hand is done."""
        self.end()

    def begin(self) -> None:
        """Start the threads."""
        self._free()
        names = [f"judge-{number}" for number in range(self.options.workers)]
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        self._threads.append(threading.Thread(target=self._tend, name="tend", daemon=True))
        for one in self._threads:
            one.start()

    def end(self, seconds: float = 30.0) -> None:
        """Stop taking jobs, and wait so long for those at hand: what is not done then is done again by the next."""
        self._stop.set()
        self._came.set()
        until = time.monotonic() + seconds
        for one in self._threads:
            one.join(max(0.0, until - time.monotonic()))

    def wake(self) -> None:
        """Jobs came."""
        self._came.set()

    def drain(self) -> None:
        """In this thread: one look, then everything that is due. For a watch that does not go on."""
        self._free()
        if self.options.poll:
            self._poll()
        worker = self._worker()
        while not self._stop.is_set() and worker.work():
            pass
        self._bases(())
        while rebuilding.ask_next(self.rebuilds, self.scope.registry, self.scope.settings, self._judging.record,
                                  self.scope.trust):  # fmt: skip
            pass

    def status(self) -> dict[str, Any]:
        """How the watch stands, for people and monitors: no names of images."""
        registry = self.scope.registry
        oldest, polled, matched = self.queue.oldest(registry), self.seen.marked("poll"), self.seen.marked("rematch")
        return {
            "registry": registry,
            "jobs": self.queue.counts(registry),
            "rebuilds": self.rebuilds.counts(registry),
            "oldestSeconds": None if oldest is None else round(time.time() - oldest, 1),
            "lastLook": _moment(polled),
            "lastMatch": _moment(matched),
            "lastVerdict": _moment(self._last),
            "trouble": dict(self._told),
        }

    def _worker(self) -> Worker:
        return Worker(self.scope, self.queue, self.seen, self._judging, moved=self._moved)

    def _work(self) -> None:
        worker = self._worker()
        try:
            self._judging.warm()
        except LockgateError as error:  # the first image will say so too
            self._trouble("warm", error)
        while not self._stop.is_set():
            try:
                worked = worker.work()
            except LockgateError as error:
                self._trouble("work", error)
                self._stop.wait(_TROUBLE)
                continue
            if worked:
                self._last = time.time()
                self._told.pop("work", None)
                continue
            self._came.wait(_IDLE)
            self._came.clear()

    def _tend(self) -> None:
        """What is done from time to time."""
        settings = self.scope.settings
        while not self._stop.is_set():
            try:
                self._free()
                if self.options.poll and settings.poll_seconds and self.seen.claim("poll", every=settings.poll_seconds):
                    self._poll()
                    self._bases(())
                hours = settings.rematch_hours
                if hours and self.seen.claim("rematch", every=hours * 3_600):
                    _log.info("matched again: %s", matching.match_again(self._judging))
                while not self._stop.is_set() and rebuilding.ask_next(
                    self.rebuilds, self.scope.registry, settings, self._judging.record, self.scope.trust
                ):
                    pass
                self._told.pop("tend", None)
            except LockgateError as error:
                self._trouble("tend", error)
            except Exception as error:  # a defect of ours must not end the watch
                _log.error("a defect: %s", type(error).__name__, exc_info=error)
            self._stop.wait(_ROUND)

    def _free(self) -> None:
        if count := self.queue.free() + self.rebuilds.free():
            _log.info("%d jobs of workers that are gone are taken up again", count)
            self._came.set()

    def _poll(self) -> None:
        found = polling.look(self.scope, self.queue, self.seen)
        if found.trouble:
            self._told["poll"] = found.trouble
            _log.error("the look at the registry ended early: %s", found.trouble)
        else:
            self._told.pop("poll", None)
        _log.info("%d repositories, %d tags, %d new", found.repositories, found.tags, found.new)
        self._came.set()

    def _moved(self, repository: str, tag: str) -> None:
        """A tag names another image: those that stand on it need not wait for the next look."""
        names = (f"{self.scope.registry}/{repository}:{tag}",)
        self._bases(names if tag != "latest" else (*names, f"{self.scope.registry}/{repository}"))

    def _bases(self, only: tuple[str, ...]) -> None:
        bases.look(self.scope, self.seen, self.rebuilds, self._judging.record, only=only)

    def _trouble(self, what: str, error: LockgateError) -> None:
        self._told[what] = str(error)
        _log.error("%s", error)


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
