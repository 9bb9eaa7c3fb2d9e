"""Several processes that serve on one port, so that a webhook uses more than one core.

One process forks the others before it has threads, and looks after them: it passes signals on, starts anew what died,
and ends when all have ended. Each listens for itself (``SO_REUSEPORT``), has its own journal, and answers ``/metrics``
for all. What does not belong: what a worker does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import ExitCode, SourceError
from lockgate.server.admission.metrics import Metrics

_log = logging.getLogger("lockgate.admission")
_PAUSE = 1.0
"""Seconds between the death of a worker and another in its place."""
_LOOK = 0.1
_ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Worker:
    """What one worker is told."""

    number: int
    """From 0; the first does what one of them must do."""
    again: bool
    """Whether it stands in for one that died, so that what was prepared before may be old."""
    ready: Callable[[], None]
    """To be called once it serves."""


@dataclass(slots=True)
class _Child:
    number: int
    ready: int
    """The end of a pipe that tells when it serves; -1 once it has."""


@dataclass(slots=True)
class Workers:
    """``count`` processes that each do ``work``, which gives an exit code."""

    count: int
    work: Callable[[Worker], int]
    all_ready: Callable[[], None] = lambda: None
    _children: dict[int, _Child] = field(default_factory=dict)
    _signals: int = 0
    _code: int = int(ExitCode.ALLOWED)
    _told: bool = False
    _lifeline: tuple[int, int] = (-1, -1)

    def run(self) -> int:
        """Until all have ended; the exit code of the first that could not begin, or of the last that failed."""
        self._lifeline = os.pipe()
        before = {one: signal.signal(one, self._signalled) for one in _ENDING}
        try:
            for number in range(self.count):
                self._start(number, again=False)
            while self._children:
                self._look()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
            for end in self._lifeline:
                os.close(end)
        return self._code

    def _start(self, number: int, *, again: bool) -> None:
        told, tells = os.pipe()
        # No signal may find a child that is not known yet, or one that still has the handlers of this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        child = os.fork()
        if not child:
            self._become(number, tells, before, again=again)
        os.close(tells)
        self._children[child] = _Child(number, told)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _become(self, number: int, tells: int, mask: set[Any], *, again: bool) -> None:
        """In the new process; never returns."""
        code = int(ExitCode.INTERNAL)
        try:
            os.setsid()  # the signals of a terminal reach the first process, which passes them on once
            for one in _ENDING:
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(self._lifeline[1])
            threading.Thread(target=_end_with, args=(self._lifeline[0],), daemon=True).start()
            code = self.work(Worker(number, again, lambda: _say(tells)))
        except BaseException as error:
            _log.error("worker %d failed: %s: %s", number, type(error).__name__, error)
            code = int(getattr(error, "exit_code", code))
        finally:
            os._exit(code)

    def _look(self) -> None:
        waiting = {one.ready: one for one in self._children.values() if one.ready >= 0}
        if waiting:
            for end in select.select(list(waiting), [], [], _LOOK)[0]:
                heard = os.read(end, 1)
                os.close(end)
                waiting[end].ready = -1 if heard else -2
        else:
            time.sleep(_LOOK)
        if not self._told and len(self._children) == self.count and all(c.ready == -1 for c in self._children.values()):
            self._told = True
            self.all_ready()
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._ended(*ended)

    def _ended(self, pid: int, status: int) -> None:
        child = self._children.pop(pid, None)
        if child is None:  # a process that something else here has started
            return
        if child.ready >= 0:
            os.close(child.ready)
        code = os.waitstatus_to_exitcode(status)
        if self._signals:
            self._code = self._code or (code if code > 0 else 0)
            return
        if child.ready != -1 and not self._told:
            self._code = code if code > 0 else int(ExitCode.UNAVAILABLE)
            self._pass_on(signal.SIGTERM)
            return
        _log.error("worker %d ended by itself (%d): another takes its place", child.number, code)
        time.sleep(_PAUSE)
        self._start(child.number, again=True)

    def _signalled(self, sort: int, frame: Any) -> None:  # noqa: ARG002 -- the signature of signal handlers
        self._pass_on(signal.SIGTERM)

    def _pass_on(self, sort: signal.Signals) -> None:
        self._signals += 1
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sort)


@contextmanager
def reserved(host: str, port: int) -> Iterator[int]:
    """A port that workers can listen on together; held, without listening, within the block."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            held.bind((host, port))
        except OSError as error:
            where = f"{host}:{port}"
            raise SourceError(f"cannot listen: {error.strerror}", where=where, hint="choose another port") from None
        yield int(held.getsockname()[1])


class Peers:
    """Counters of all workers, each of which leaves its own in a file for the others."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._number = folder, number

    def tell(self, metrics: Metrics) -> None:
        """Leave the own counters. A disk that cannot be written costs the others' view of them, nothing else."""
        own = self._folder / f"{self._number}.json"
        with contextlib.suppress(OSError):
            fresh = own.with_suffix(".new")
            fresh.write_bytes(orjson.dumps(metrics.plain()))
            fresh.replace(own)

    def all(self, metrics: Metrics) -> Metrics:
        """The own counters, as they are, and those of the others, as they were within the last second."""
        others = []
        for path in sorted(self._folder.glob("*.json")):
            if path.stem != str(self._number):
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    others.append(Metrics.of_plain(orjson.loads(path.read_bytes())))
        return metrics.joined(others)


def _say(end: int) -> None:
    with contextlib.suppress(OSError):
        os.write(end, b"1")
        os.close(end)


def _end_with(lifeline: int) -> None:
    """The first process has died without a word when its end of the pipe closes."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
