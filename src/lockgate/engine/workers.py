"""Judges files in several processes. Order is kept; a file that ends its worker becomes a Skip, not the end of the run,
and the files that were handed over with it are put to another worker one by one.

What workers say comes back as the bytes that the cache keeps, which are a third of what pickles of findings take.

A process that has one thread is forked, and then its workers find everything ready that it has made ready: rules,
policies, patterns. Threads do not survive a fork, so where an engine has begun any, workers are spawned and start anew.

Each worker has a pipe of its own, whose other end nobody else holds: when a worker dies, who waits for its answer reads
the end of it, and when the check is killed, its workers do. `ProcessPoolExecutor` shares one pipe between all workers,
so that a death can leave it waiting for ever, and a killed check leaves its workers behind (Python issue 94777).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from lockgate.engine.judge import Judge
from lockgate.errors import NothingCheckedError
from lockgate.model import Family, File, Rule, Skip, SkipKind
from lockgate.scanners import (
    ScanContext,
    Scanner,
    no_own_policies,
    no_sibling,
    not_rendered,
    nothing_below,
)
from lockgate.store import codec
from lockgate.store.codec import Kept

_BATCH = 32
"""Files a worker is handed at once: enough to hide the cost of handing over, few enough to keep all busy."""
_MOST_DEATHS = 8
"""Workers that may end before their time; from then on what was handed to another that ends is skipped as a whole."""
_Said = tuple[list[bytes], list[tuple[str, str, str]]]
"""For each file what the cache keeps of it, and name, message and hint of the scanners that cannot work."""
_Answer = tuple[File, Kept, bytes | None]
_judge: Judge | None = None


def judged_by_workers(files: Iterable[File], judge: Judge, *, jobs: int) -> Generator[_Answer, None, None]:
    """Every file with what the cacheable scanners of ``judge`` said, as a value and as the cache keeps it, in the order
    given; at most ``4 * jobs`` batches in flight. A scanner that cannot work there is blind here as well."""
    global _judge
    workers = _Workers(judge)
    try:
        if has_one_thread():
            _judge = judge  # a forked worker finds it there
            for _ in range(jobs):
                workers.take_on(workers.fork())
        else:
            for _ in range(jobs):
                workers.take_on(workers.spawn())
        with ThreadPoolExecutor(jobs) as pool:
            try:
                yield from _handed_out(files, judge, pool, jobs, ask=workers.ask, again=workers.one_by_one)
            finally:
                workers.end()  # a thread that waits for one reads the end
                pool.shutdown(cancel_futures=True)
    finally:
        workers.end()
        _judge = None


class _WorkerDiedError(Exception):
    """The process that was asked ended before it answered, or none is left."""


def has_one_thread() -> bool:
    """Whether nothing runs in this process but who asks, as the system counts; False where that is not known."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 -- the number is all that is asked
    except OSError:
        return False


class _Workers:
    """Processes that judge batches, each asked by one thread at a time."""

    def __init__(self, judge: Judge) -> None:
        """``judge``: what they are to judge by."""
        self._judge = judge
        self._processes: list[Any] = []
        self._pipes: list[Connection] = []
        self._free: SimpleQueue[Connection | None] = SimpleQueue()
        """Those that nobody asks at the moment; None while none is left."""
        self._lock = threading.Lock()
        self._living = 0
        self._deaths = 0

    def fork(self) -> Connection:
        """One more, which finds here what this process has made ready."""
        ours, theirs = get_context("fork").Pipe()
        # A worker that kept our ends of pipes would keep its fellows waiting when this process is killed.
        args = theirs, (*self._pipes, ours)
        return self._begun(ours, theirs, get_context("fork").Process(target=_forked, args=args))

    def spawn(self) -> Connection:
        """One more, which makes its judge anew of what ``_start`` takes."""
        judge = self._judge
        names = tuple(name for name in judge.names() if judge.scanners[name].cacheable)
        # A source and what is loaded from files stay in this process.
        context = replace(
            judge.context, sibling=no_sibling, below=nothing_below, render=not_rendered, own=no_own_policies
        )
        ours, theirs = get_context("spawn").Pipe()
        made = (theirs, names, judge.rules, context, judge.options)
        return self._begun(ours, theirs, get_context("spawn").Process(target=_spawned, args=made))

    def _begun(self, ours: Connection, theirs: Connection, process: Any) -> Connection:
        process.daemon = True
        process.start()
        theirs.close()
        self._processes.append(process)
        self._pipes.append(ours)
        return ours

    def take_on(self, pipe: Connection) -> None:
        """Let a worker be asked by whoever needs one."""
        with self._lock:
            self._living += 1
            if self._living == 1 and self._deaths:
                self._free.get()  # the None that says there is none
        self._free.put(pipe)

    def ask(self, batch: list[File]) -> _Said:
        """What a worker says of ``batch``; raises ``_WorkerDiedError``."""
        pipe = self._free.get()
        if pipe is None:
            self._free.put(None)
            raise _WorkerDiedError
        try:
            said = _asked(pipe, batch)
        except _WorkerDiedError:
            with self._lock:
                self._living -= 1
                self._deaths += 1
                if not self._living:
                    self._free.put(None)
            raise
        except BaseException:  # of what was to be sent or was read: the worker waits for the next
            self._free.put(pipe)
            raise
        self._free.put(pipe)
        return said

    def one_by_one(self, batch: list[File]) -> Iterator[tuple[File, _Said | None]]:
        """Each file with what is said of it alone by a new worker, which stays in place of the one that ended on some
        of them; None of a file that ends this one too, and of what follows once too many have ended."""
        pipe: Connection | None = None
        for file in batch:
            if pipe is None and self._deaths <= _MOST_DEATHS:
                pipe = self.spawn()
            said = None
            if pipe is not None:
                try:
                    said = _asked(pipe, [file])
                except _WorkerDiedError:
                    pipe = None
                    with self._lock:
                        self._deaths += 1
            yield file, said
        if pipe is not None:
            self.take_on(pipe)

    def end(self) -> None:
        """Ends all at once: they hold nothing that is not here as well."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()


def _asked(pipe: Connection, batch: list[File]) -> _Said:
    """What the worker at the other end says. Raises ``_WorkerDiedError``, and ``RuntimeError`` with what it did not
    expect."""
    try:
        pipe.send(batch)
        said: _Said | str = pipe.recv()
    except (EOFError, OSError):
        raise _WorkerDiedError from None
    if isinstance(said, str):
        raise RuntimeError(said)
    return said


def _unasked(batch: list[File]) -> Iterator[tuple[File, _Said | None]]:
    return ((file, None) for file in batch)


def _handed_out(
    files: Iterable[File], judge: Judge, pool: Executor, jobs: int, *, ask: Callable[[list[File]], _Said],
    again: Callable[[list[File]], Iterator[tuple[File, _Said | None]]] = _unasked,
) -> Generator[_Answer, None, None]:  # fmt: skip
    """``again`` asks about the files of a batch on which a worker ended, one by one."""
    rows = iter(files)
    waiting: list[tuple[list[File], Future[_Said]]] = []
    while True:
        while len(waiting) < 4 * jobs and (batch := list(islice(rows, _BATCH))):
            waiting.append((batch, pool.submit(ask, batch)))
        if not waiting:
            return
        batch, answer = waiting.pop(0)
        try:
            told = answer.result()
        except _WorkerDiedError:
            for file, said in again(batch):
                yield from _lost(file) if said is None else _read([file], said, judge)
        else:
            yield from _read(batch, told, judge)


def _read(batch: list[File], said: _Said, judge: Judge) -> Iterator[_Answer]:
    payloads, blind = said
    for name, message, hint in blind:
        judge.cannot(name, NothingCheckedError(message, hint=hint))
    for file, payload in zip(batch, payloads, strict=True):
        yield file, codec.decode(payload), payload


def _lost(file: File) -> Iterator[_Answer]:
    reason = "the process that judged it ended; run with --jobs 1 and this file alone to find out why"
    yield file, Kept(skips=(Skip(file.path, SkipKind.LIMIT, reason),)), None


def _forked(pipe: Connection, others: Iterable[Connection]) -> None:
    for other in others:
        other.close()
    gc.freeze()  # what is shared with the process that it was forked from is looked through by no search for cycles
    _serve(pipe)


def _spawned(pipe: Connection, *made: Any) -> None:
    gc.set_threshold(200_000, 30, 30)  # as the command line has it
    _serve(pipe, partial(_start, *made))


def _serve(pipe: Connection, start: Callable[[], None] = lambda: None) -> None:
    """Answers batches until who asks is gone. What it does not expect is told as text, for not every error pickles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted, and ends its workers
    with suppress(EOFError, OSError):
        started = False
        while True:
            batch = pipe.recv()
            try:
                if not started:
                    start()
                    started = True
                said: _Said | str = _batch(batch)
            except Exception:
                said = traceback.format_exc()
            pipe.send(said)


def _start(
    names: tuple[str, ...],
    rules: Mapping[Family, Sequence[Rule]],
    context: ScanContext,
    options: Mapping[str, Mapping[str, Any]],
) -> None:
    global _judge
    from lockgate import scanners
    from lockgate.discover import discover

    found = discover(scanners, "SCANNER", Scanner)
    _judge = Judge({name: found[name] for name in names}, rules)
    _judge.prepare(context, options)
    _judge.start()


def _batch(files: list[File]) -> _Said:
    if _judge is None:
        raise RuntimeError("a worker was handed files before it was started")
    said = list(_judge.files(files))
    payloads = [codec.encode(Kept(one.findings, one.skips, one.waivers, (), one.loaded)) for one in said]
    return payloads, [(one.name, one.error.message, one.error.hint) for one in _judge.blind]
