"""Work that comes again for as long as the server lives, by a process of its own each time.

The process takes its memory with it when it ends, and no query waits for it. What does not belong: what the work is
(``tending``, ``alerting``).
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats.printable import clipped, printable

_FIRST = 60.0
"""Seconds after the start of the server: what starts again and again is not to do nothing else."""
_LONGEST = 3_600.0


@dataclass(frozen=True, slots=True)
class Work:
    """What is done each time."""

    name: str
    """Of the thread and of the log: ``tending``."""
    module: str
    """What ``python -m`` runs. It takes its input from the standard input, tells lines of JSON, and ends by 0."""
    arguments: Sequence[str]
    given: Callable[[], bytes]
    """Its input."""
    heard: Callable[[Mapping[str, Any]], None]
    """What is made of a line that it tells."""
    failed: str
    """What the log says when it did not go well."""


class Recurring:
    """One thread, which starts the process and waits for it. A listener as ``mounts`` has them."""

    def __init__(self, work: Work, *, every: float, first: float = _FIRST) -> None:
        """``every``, ``first``: seconds."""
        self._work, self._every, self._first = work, every, min(first, every)
        self._log = logging.getLogger(f"lockgate.{work.name}")
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=work.name, daemon=True)

    async def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def stop(self) -> None:
        """End."""
        self._stop.set()
        if (process := self._process) is not None:
            with contextlib.suppress(OSError):
                process.terminate()
        self._thread.join(10)

    def _run(self) -> None:
        waiting = self._first
        while not self._stop.wait(waiting):
            waiting = self._every
            self.once()

    def once(self) -> bool:
        """Do it now; whether that went well."""
        work = self._work
        # -P: the folder that this was started in is the user's, and no place to import from.
        command = [sys.executable, "-P", "-m", work.module, *work.arguments]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
            told, wrong = self._process.communicate(work.given(), timeout=_LONGEST)
            code, said = self._process.returncode, wrong.decode("utf-8", "replace").strip()
        except (OSError, subprocess.SubprocessError) as error:
            if self._process is not None:
                self._process.kill()
            code, told, said = -1, b"", str(error)
        self._process = None
        for line in _read(told):
            work.heard(line)
        if code and not self._stop.is_set():
            self._log.error("%s: %s", work.failed, clipped(printable(said), 1000))
        return code == 0


def _read(told: bytes) -> Iterator[Mapping[str, Any]]:
    for line in told.splitlines():
        with contextlib.suppress(ValueError):
            one = orjson.loads(line)
            if isinstance(one, dict):
                yield one
