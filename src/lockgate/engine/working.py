"""Works off jobs in threads: claims them, keeps the claim while the work goes on, tries again what failed.

What a kind of job means says its :class:`Handler`; parts bring theirs, and whoever starts the workers joins them. Work
that is asked to end, since its job was cancelled or the server ends, gets :class:`StoppedError` at its next
:meth:`Progress.tell`.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.store.team import jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import LEASE_SECONDS, Job

_log = logging.getLogger("lockgate.jobs")
_IDLE, _BROKEN = 0.5, 5.0
"""Seconds between two looks for work, and between two tries to reach a database that went away."""


class StoppedError(Exception):
    """The work must end now; what it did stays as it is, and it may begin anew elsewhere."""


class LaterError(Exception):
    """The work cannot be done now, and it is known when it can: in ``seconds``. It does not count as a failure."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is done."""

    kind: str
    run: Callable[[Job, Progress], str]
    """Does it; returns what came of it, in words. May run twice for one job, since workers die.

    Raises :class:`LockgateError` where it failed, :class:`LaterError` where it is known when to come again."""
    again: Sequence[float] = (10.0, 60.0, 300.0, 1_800.0)
    """Seconds to wait after each failure; after the last one the job waits for a person."""


class Progress:
    """What work says of itself while it goes on."""

    def __init__(self, database: TeamDatabase, job: Job, ended: threading.Event) -> None:
        self._database, self._job, self._ended = database, job, ended
        self._lost = threading.Event()

    def tell(self, done: int | None = None, total: int | None = None, said: str | None = None) -> None:
        """Say how far it is. Raises :class:`StoppedError` where the work must end."""
        self.check()
        if not jobs.renew(self._database, self._job, done=done, total=total, said=said):
            self._lost.set()
        self.check()

    def check(self) -> None:
        """Raises :class:`StoppedError` where the work must end; writes nothing."""
        if self._lost.is_set() or self._ended.is_set():
            raise StoppedError

    @property
    def is_lost(self) -> bool:
        """Whether the job is another's by now, or was cancelled."""
        return self._lost.is_set()

    def hold(self) -> bool:
        """Renew the claim; whether it still is this worker's."""
        if not jobs.renew(self._database, self._job):
            self._lost.set()
        return not self._lost.is_set()


class Workers:
    """Threads that work off jobs, for as long as the server lives: a listener as ``server.mounts`` has them."""

    def __init__(self, database: TeamDatabase, handlers: Sequence[Handler], *, threads: int = 2) -> None:
        """Raises ``ValueError`` where two handlers take one kind."""
        self._database, self._handlers = database, joined(handlers)
        self._name = uuid.uuid4().hex
        self._ended = threading.Event()
        self._woken = threading.Condition()
        self._holding: dict[int, Progress] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(f"{self._name}:{n}",), name=f"job-{n}", daemon=True)
            for n in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._hold, name="job-claims", daemon=True))

    async def start(self) -> None:
        """Begin."""
        self.begin()

    async def stop(self) -> None:
        """End: work is asked to stop, and gives back what it has not ended."""
        import asyncio

        await asyncio.to_thread(self.end)

    def begin(self) -> None:
        """Begin, outside an event loop."""
        for one in self._threads:
            one.start()

    def end(self, *, seconds: float = 20.0) -> None:
        """Ask all to stop, and wait that long."""
        self._ended.set()
        self.wake()
        until = time.monotonic() + seconds
        for one in self._threads:
            if one.is_alive():
                one.join(max(until - time.monotonic(), 0.1))

    def wake(self) -> None:
        """There may be work: look now."""
        with self._woken:
            self._woken.notify_all()

    def _work(self, name: str) -> None:
        while not self._ended.is_set():
            try:
                job = jobs.claim(self._database, self._handlers, name)
                if job is not None:
                    self._do(job)
                    continue
                wait = _IDLE
            except LockgateError as error:
                _log.error("no job could be claimed or ended: %s", error)
                wait = _BROKEN
            with self._woken:
                if not self._ended.is_set():
                    self._woken.wait(wait)

    def _do(self, job: Job) -> None:
        progress = Progress(self._database, job, self._ended)
        handler = self._handlers[job.kind]
        self._holding[job.id] = progress
        try:
            said = handler.run(job, progress)
        except StoppedError:
            if not progress.is_lost:
                jobs.release(self._database, job)
        except LaterError as error:
            jobs.release(self._database, job, str(error), delay=max(error.seconds, 0.0))
        except Exception as error:
            self._failed(job, handler, error)
        else:
            jobs.finish(self._database, job, said)
        finally:
            self._holding.pop(job.id, None)

    def _failed(self, job: Job, handler: Handler, error: Exception) -> None:
        told = str(error) if isinstance(error, LockgateError) else f"a defect: {type(error).__name__}"
        known = None if isinstance(error, LockgateError) else error
        _log.error("job %d (%s) failed at try %d: %s", job.id, job.kind, job.attempts, told, exc_info=known)
        left = handler.again[job.attempts - 1 :]
        jobs.fail(self._database, job, told, again_in=left[0] if left else None)

    def _hold(self) -> None:
        """Renew all claims well before they run out."""
        while not self._ended.wait(LEASE_SECONDS / 4):
            for progress in list(self._holding.values()):
                try:
                    progress.hold()
                except LockgateError as error:
                    _log.error("a claim could not be renewed: %s", error)


def joined(handlers: Sequence[Handler]) -> Mapping[str, Handler]:
    """Handlers by kind. ``ValueError`` where two take one kind."""
    found: dict[str, Handler] = {}
    for one in handlers:
        if one.kind in found:
            raise ValueError(f"two parts handle {one.kind}")
        found[one.kind] = one
    return found
