"""Does one thing in a copy of this process while this one goes on: what it changes stays there, but for what it wrote.

What is stored of a run is written twice, to the record and to the ledger, each on one processor. Only a process that
has one thread is copied (threads do not survive that); elsewhere the work is done when it is waited for.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress


class Aside:
    """One piece of work that is under way."""

    def __init__(self, work: Callable[[], None], *, worth_it: bool, done: Callable[[], bool]) -> None:
        """Begin. ``worth_it``: it takes much longer than copying a process does. ``done``: whether the work was done,
        asked once it has ended, where the copy could not say so: it may be killed when all is written."""
        self._work: Callable[[], None] | None = work
        self._done = done
        self._copy = os.fork() if worth_it and has_one_thread() else None
        if self._copy == 0:
            _end_after(work)

    def wait(self) -> None:
        """Return when it is done; raises what it or ``done`` raises. Where the copy did not do it, it is done here."""
        if self._copy is not None:
            status = os.waitpid(self._copy, 0)[1]
            self._copy = None
            if status == 0 or self._done():
                self._work = None
        if self._work is not None:
            work, self._work = self._work, None
            work()

    def drop(self) -> None:
        """End it where nobody has waited for it."""
        if self._copy is not None:
            with suppress(ProcessLookupError):
                os.kill(self._copy, signal.SIGKILL)
            os.waitpid(self._copy, 0)
        self._copy = self._work = None


def has_one_thread() -> bool:
    """Whether nothing runs in this process but who asks, as the system counts; False where that is not known."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 -- the number is all that is asked
    except OSError:
        return False


def _end_after(work: Callable[[], None]) -> None:
    """Do the work and end, by 0 where it is done. Nothing of this process is flushed, closed or let go of: it all
    belongs to the one it was copied from, which also says what went wrong."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who waits is interrupted, and ends this
        gc.freeze()
        work()
        code = 0
    finally:
        os._exit(code)
