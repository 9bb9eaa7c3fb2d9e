"""Judges files in several processes. Order is kept; a file that ends its worker becomes a Skip, not the end of the run.

What workers say comes back as the bytes that the cache keeps, which are a third of what pickles of findings take.

A process that has one thread is forked, and then its workers find everything ready that it has made ready: rules,
policies, patterns. Threads do not survive a fork, so where an engine has begun any, workers are spawned and start anew.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
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
_Said = tuple[list[bytes], list[tuple[str, str, str]]]
"""For each file what the cache keeps of it, and name, message and hint of the scanners that cannot work."""
_Answer = tuple[File, Kept, bytes | None]
_judge: Judge | None = None


def judged_by_workers(files: Iterable[File], judge: Judge, *, jobs: int) -> Generator[_Answer, None, None]:
    """Every file with what the cacheable scanners of ``judge`` said, as a value and as the cache keeps it, in the order
    given; at most ``4 * jobs`` batches in flight. A scanner that cannot work there is blind here as well."""
    global _judge
    if _has_one_thread():
        _judge = judge  # a forked worker finds it there
        pool = ProcessPoolExecutor(jobs, get_context("fork"), _settle_in)
    else:
        names = tuple(name for name in judge.names() if judge.scanners[name].cacheable)
        # A source and what is loaded from files stay in this process.
        context = replace(
            judge.context, sibling=no_sibling, below=nothing_below, render=not_rendered, own=no_own_policies
        )
        pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (names, judge.rules, context, judge.options))
    try:
        yield from _handed_out(files, judge, pool, jobs)
    finally:
        pool.shutdown(cancel_futures=True)
        _judge = None


def _handed_out(
    files: Iterable[File], judge: Judge, pool: ProcessPoolExecutor, jobs: int
) -> Generator[_Answer, None, None]:
    rows = iter(files)
    waiting: list[tuple[list[File], Any]] = []
    while True:
        while len(waiting) < 4 * jobs and (batch := list(islice(rows, _BATCH))):
            waiting.append((batch, _submitted(pool, batch)))
        if not waiting:
            return
        batch, answer = waiting.pop(0)
        try:
            payloads, blind = answer.result()
        except BrokenProcessPool:
            reason = "the process that judged it ended; run with --jobs 1 to find out on which file"
            for file in batch:
                yield file, Kept(skips=(Skip(file.path, SkipKind.LIMIT, reason),)), None
        else:
            for name, message, hint in blind:
                judge.cannot(name, NothingCheckedError(message, hint=hint))
            for file, payload in zip(batch, payloads, strict=True):
                yield file, codec.decode(payload), payload


def _submitted(pool: ProcessPoolExecutor, batch: list[File]) -> Future[_Said]:
    try:
        return pool.submit(_batch, batch)
    except BrokenProcessPool as error:  # a worker has ended before: so will say the answer
        failed: Future[_Said] = Future()
        failed.set_exception(error)
        return failed


def _has_one_thread() -> bool:
    """Whether nothing runs in this process but who asks, as the system counts; False where that is not known."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 -- the number is all that is asked
    except OSError:
        return False


def _settle_in() -> None:
    """What a worker shares with the process that it was forked from is looked through by no search for cycles."""
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted, and ends its workers


def _start(
    names: tuple[str, ...],
    rules: Mapping[Family, Sequence[Rule]],
    context: ScanContext,
    options: Mapping[str, Mapping[str, Any]],
) -> None:
    global _judge
    from lockgate import scanners
    from lockgate.discover import discover

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(200_000, 30, 30)  # as the command line has it
    found = discover(scanners, "SCANNER", Scanner)
    _judge = Judge({name: found[name] for name in names}, rules)
    _judge.prepare(context, options)
    _judge.start()


def _batch(files: list[File]) -> _Said:
    if _judge is None:
        raise RuntimeError("a worker was handed files before it was started")
    said = [_judge.file(file, cacheable=True) for file in files]
    payloads = [codec.encode(Kept(one.findings, one.skips, one.waivers, (), one.loaded)) for one in said]
    return payloads, [(one.name, one.error.message, one.error.hint) for one in _judge.blind]
