"""Looks after the record from time to time, for as long as the server lives, by a process of its own.

That process rewrites files and takes the memory for it (:mod:`lockgate.store.tending`); nobody waits for it, and one
that is ended half-way leaves the tables as they were before what it had at hand.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Callable

import orjson

from lockgate.formats.printable import clipped, printable
from lockgate.store.tending import Tending

_log = logging.getLogger("lockgate.record")
_FIRST = 60.0
"""Seconds after the start of the server: what starts again and again is not to do nothing else."""
_LONGEST = 3_600.0


class Tender:
    """One thread, which starts the process and waits for it."""

    def __init__(self, record: str, tending: Callable[[], Tending], *, every: float, first: float = _FIRST) -> None:
        """``record``: the workspace's address, as ``Record.open`` takes it. ``every``, ``first``: seconds."""
        self._record, self._tending, self._every, self._first = record, tending, every, min(first, every)
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="tending", daemon=True)

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
            self.tend()

    def tend(self) -> bool:
        """Look after the record once; whether that went well."""
        # -P: the folder that this was started in is the user's, and no place to import from.
        command = [sys.executable, "-P", "-m", "lockgate.store.tending", self._record]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
            told, wrong = self._process.communicate(self._tending().written(), timeout=_LONGEST)
            code, said = self._process.returncode, wrong.decode("utf-8", "replace").strip()
        except (OSError, subprocess.SubprocessError) as error:
            if self._process is not None:
                self._process.kill()
            code, told, said = -1, b"", str(error)
        self._process = None
        for line in told.splitlines():
            with contextlib.suppress(ValueError):
                one = orjson.loads(line)
                if one["rows"]:
                    _log.info("%(rows)d rows of %(table)s older than %(days)d days are forgotten", one)
        if code and not self._stop.is_set():
            _log.error("the record could not be looked after: %s", clipped(printable(said), 1000))
        return code == 0
