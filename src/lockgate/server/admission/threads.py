"""Threads that judge, so that an answer can leave at its deadline while a judge still works.

Less than ``concurrent.futures`` does, at two thirds of its cost for short calls. Threads are daemons: a judge that
never returns keeps its thread, and does not keep the process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Work = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class JudgeThreads:
    """A fixed number of threads over one queue."""

    def __init__(self, count: int) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._count = count
        for number in range(count):
            threading.Thread(target=self._run, name=f"admission judge {number}", daemon=True).start()

    async def call(self, work: Callable[[], Any], *, deadline: float) -> Any:
        """What ``work`` returns or raises; ``TimeoutError`` at ``deadline`` (``time.monotonic()``), however long it
        goes on. What is still waiting for a thread then is never begun."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        timer = loop.call_later(max(0.0, deadline - time.monotonic()), _give_up, answer)
        self._queue.put((work, answer))
        try:
            return await answer
        finally:
            timer.cancel()

    def close(self) -> None:
        """Threads end after what they do now."""
        for _ in range(self._count):
            self._queue.put(None)

    def _run(self) -> None:
        while (taken := self._queue.get()) is not None:
            work, answer = taken
            if answer.done():  # given up before its turn came
                continue
            loop = answer.get_loop()
            result: Any = None
            error: BaseException | None = None
            try:
                result = work()
            except BaseException as raised:  # handed to the one who waits, whatever it is: the thread must go on
                plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
                error = raised if plain else RuntimeError(type(raised).__name__)
            try:
                loop.call_soon_threadsafe(_settle, answer, result, error)
            except RuntimeError:  # the loop ended meanwhile, and with it whoever waited
                return
            del taken, work, answer, result, error  # an idle thread holds on to no request


def _give_up(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def _settle(answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
