"""Delta tables of a local record that stay open from batch to batch.

To open one reads its log from the last checkpoint on, which takes as long as some thousand rows do; what was committed
since it was opened is read in a tenth of that, and that nothing was is known by looking for one file. Each thread has
its own. A table that went and was made anew is opened anew: the file of the commit that was read last is another one
then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST = 32
"""Tables that one thread keeps open."""


class Handles:
    """The open tables of one folder."""

    def __init__(self, place: str, opened: Callable[[str], Any]) -> None:
        """``opened`` gives the table of a name as it stands, None where there is none."""
        self._place, self._opened, self._own = place, opened, threading.local()

    def current(self, name: str) -> Any:
        """The table as it stands, or None. Brought up to date by the next call, so not for who must see one state."""
        held: dict[str, tuple[Any, int, object]] = self._own.__dict__.setdefault("held", {})
        handle, version, last = held.pop(name, (None, 0, None))
        if handle is not None and last == self._commit(name, version):
            try:
                if self._commit(name, version + 1) is not None:  # commits are numbered without gaps
                    handle.update_incremental()
            except Exception:  # whatever it is, opening it tells it in the words that are understood
                handle = None
        else:
            handle = None
        handle = handle or self._opened(name)
        if handle is not None and (last := self._commit(name, handle.version())) is not None:
            held[name] = handle, handle.version(), last
            if len(held) > _MOST:
                del held[next(iter(held))]
        return handle

    def drop(self, name: str) -> None:
        """Open it anew next time."""
        self._own.__dict__.get("held", {}).pop(name, None)

    def _commit(self, name: str, version: int) -> object:
        """What tells the file of a commit from another of its name; None where there is none."""
        try:
            found = Path(f"{self._place}/{name}/_delta_log/{version:020}.json").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns
