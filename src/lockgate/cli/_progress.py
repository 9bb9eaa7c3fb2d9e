"""Progress on standard error: only on a terminal, only when work takes longer than half a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.engine import Progress

_PATIENCE = 0.5
_INTERVAL = 0.1


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A progress function; the line is wiped when the block ends."""
    if quiet or not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    started = time.monotonic()
    last = started + _PATIENCE - _INTERVAL
    shown = False

    def tell(step: str, done: int, total: int) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if now - last < _INTERVAL or now - started < _PATIENCE:
            return
        last, shown = now, True
        amount = f"{done:,} of {total:,}" if total else f"{done:,}"
        sys.stderr.write(f"\r\x1b[K{step} {amount}  {now - started:.0f} s")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
