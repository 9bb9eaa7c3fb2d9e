"""Starts commands for a process that answers requests, from a small one that was made for it.

Python holds its interpreter from the fork of a command until that has become another program. Where processors are
busy this takes tens of milliseconds, in which nobody is answered, and then the new program takes its start from those
who answer. So one process is made early, stands back behind others, and starts what it is told, a line of JSON each.
What does not belong: which commands.

This file is also run by itself, without the package: it imports nothing of it.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

_NICE = 10
"""How far what is started stands back."""
_MORE = 10.0
"""Seconds for the answer of the small process after the command had to be done."""
_SAID = 4000
"""Characters at the end of what a command says that are told."""


class Starter:
    """The small process, seen from the one that answers. Its methods may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the small process, unless it is there. Raises ``OSError``."""
        with self._lock:
            self._living()

    def run(self, command: list[str], *, seconds: float) -> tuple[int, str]:
        """Exit code, and the end of what went to the error output. -1 when it was not done in ``seconds``, or when
        there is nobody to start it, with the reason. One command at a time: others wait."""
        with self._lock:
            try:
                return self._asked(self._living(), command, seconds)
            except (OSError, ValueError) as error:
                self._end()
                return -1, f"what starts commands has ended: {error}"

    def close(self) -> None:
        """End the small process. Another is made where one is needed after all."""
        with self._lock:
            self._end()

    def _living(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            # -I -S: nothing of the user's folder, environment or site is read. A session of its own: a signal from the
            # terminal is for who answers, who then has the last rows settled.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        return self._process

    def _asked(self, process: subprocess.Popen[bytes], command: list[str], seconds: float) -> tuple[int, str]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"command": command, "seconds": seconds}).encode() + b"\n")
        process.stdin.flush()
        told, until = b"", time.monotonic() + seconds + _MORE
        while not told.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
            part = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not part:
                raise OSError("no answer")
            told += part
        answer = json.loads(told)
        return answer["code"], answer["said"]

    def _end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.close()  # which it takes for the end
        except OSError:
            process.kill()
        process.stdout.close()
        try:
            process.wait(_MORE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stand_back() -> None:
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.nice(_NICE)


def _done(order: dict[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(order["command"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=order["seconds"], check=False)  # fmt: skip
        return {"code": done.returncode, "said": done.stderr.decode("utf-8", "replace").strip()[-_SAID:]}
    except (OSError, subprocess.SubprocessError) as error:
        return {"code": -1, "said": str(error)}


def _serve() -> None:
    _stand_back()
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(_done(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
