"""Where questions wait, run and end: one door for everybody who asks over HTTP, which holds each to what they may use.

Every query has an engine of its own with the memory that its person may take, so that none slows or fails by another's
needs, and the record as it stands when it begins. An engine is kept a while for the person's next one (``warm``). What
does not belong: HTTP, and shapes of answers.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from datetime import datetime

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.server.access import CANCEL, Person
from lockgate.server.query.faults import Kind, refusal
from lockgate.server.query.warm import Open, Stamp, Warm
from lockgate.store.ask import Answer, Cancel, Limits, ask

_KEPT = 200
"""Queries that ended and are still told of."""
_QUEUED = 64
"""Queries that wait for a thread, of all people together."""


@dataclass(frozen=True, slots=True)
class Question:
    """One query as it was asked."""

    text: str
    request: str
    """The client's own name for it, by which it can be cancelled."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    seconds: float = 240.0
    rows: int | None = 500_000
    """None: as many as the person may have."""
    bytes: int | None = 64 << 20
    application: str = ""
    now: int | None = None
    """What ``now()`` is, in ticks."""


@dataclass(slots=True)
class Run:
    """A query that runs or ran."""

    number: int
    person: str
    question: Question
    started: float
    """Seconds since the epoch."""
    state: str = "InProgress"
    """Kusto's words: ``InProgress``, ``Completed``, ``Failed``, ``Cancelled``."""
    seconds: float = 0.0
    failure: str = ""
    cancel: Cancel = field(default_factory=Cancel)


class Desk:
    """Takes questions. Its methods are for the event loop; the queries run in threads."""

    def __init__(self, open_tables: Open, *, threads: int = 4, stamp: Stamp = lambda person: None) -> None:
        """``stamp``: as :class:`Warm` takes it; without it no engine is kept."""
        self._warm, self._threads = Warm(open_tables, stamp, most=threads), threads
        self._pool = ThreadPoolExecutor(threads, "query")
        self._running: dict[int, Run] = {}
        self._ended: deque[Run] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    async def ask(self, person: Person, question: Question, gone: asyncio.Event) -> Answer:
        """The answer. Once ``gone`` is set, nobody waits for it any more, and it ends.

        Raises what :func:`lockgate.store.ask.ask` raises, and :class:`Refusal` where the person asks too much at once.
        """
        run = self._begin(person, question)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, self._answer, person, run)
        watch = loop.create_task(gone.wait())
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                run.cancel.cancel()
            return await work
        except asyncio.CancelledError:
            run.cancel.cancel()
            raise
        finally:
            watch.cancel()

    def runs(self, person: Person, *, ended: bool = True) -> list[Run]:
        """Queries that run, and those that ended lately: the person's own, of everybody where that is a right."""
        with self._lock:
            found = [*self._running.values(), *(reversed(self._ended) if ended else ())]
        return [one for one in found if one.person == person.name or CANCEL in person.rights]

    def cancel(self, person: Person, request: str) -> Run | None:
        """End a query by its client's name for it; None where there is none of theirs."""
        for one in self.runs(person, ended=False):
            if one.question.request == request:
                one.cancel.cancel()
                return one
        return None

    def close(self) -> None:
        """End everything."""
        with self._lock:
            for one in self._running.values():
                one.cancel.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._warm.close()

    def _begin(self, person: Person, question: Question) -> Run:
        run = Run(next(self._numbers), person.name, question, time.time())
        with self._lock:
            own = sum(one.person == person.name for one in self._running.values())
            if own >= person.allowance.concurrent:
                raise refusal(Kind.THROTTLED, f"{person.name} has {own} queries at work, as many as allowed at a time.")
            if len(self._running) >= self._threads + _QUEUED:
                raise refusal(Kind.THROTTLED, "Too many queries wait already.")
            self._running[run.number] = run
        return run

    def _answer(self, person: Person, run: Run) -> Answer:
        began = time.monotonic()
        try:
            answer = self._asked(person, run)
            run.state = "Completed"
            return answer
        except BaseException as error:
            run.state = "Cancelled" if run.cancel.cancelled else "Failed"
            run.failure = error.message if isinstance(error, LockgateError) else type(error).__name__
            raise
        finally:
            run.seconds = time.monotonic() - began
            with self._lock:
                self._running.pop(run.number, None)
                self._ended.append(run)

    def _asked(self, person: Person, run: Run) -> Answer:
        question, most = run.question, person.allowance
        limits = Limits(
            seconds=min(question.seconds, most.seconds),
            rows=most.rows if question.rows is None else min(question.rows, most.rows),
            bytes=most.bytes if question.bytes is None else min(question.bytes, most.bytes),
        )
        with self._warm.tables(person, question.since, question.until) as tables:
            return ask(
                question.text, tables, now=question.now, limits=limits, cancel=run.cancel,
                parameters=question.parameters, cut=True,
            )  # fmt: skip
