"""Does one thing in a thread while the rest goes on.

What is stored of a run is written twice, to the record and to the ledger. Writing to the record is mostly the work of
compiled code that leaves Python to others meanwhile. A copy of the process did the same before; it took a tenth of a
processor's second more for 50,000 findings, since whatever it looked at had to be copied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Wanted = Callable[[], bool]
"""Whether work is still wanted: what takes long asks from time to time, and leaves off where not."""


class Aside:
    """One piece of work that is under way."""

    def __init__(self, work: Callable[[Wanted], None], *, worth_it: bool) -> None:
        """Begin, where it is ``worth_it``: it takes much longer than a thread does to start. Else the work is done
        when it is waited for."""
        self._work: Callable[[Wanted], None] | None = work
        self._error: BaseException | None = None
        self._wanted = True
        self._thread = threading.Thread(target=self._do, name="aside") if worth_it else None
        if self._thread is not None:
            self._thread.start()

    def wait(self) -> None:
        """Return when it is done; raises what it raises."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        else:
            self._do()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Have it leave off where nobody has waited for it; returns when it has."""
        self._wanted = False
        if self._thread is not None:
            self._thread.join()
        self._thread = self._work = None

    def _do(self) -> None:
        work, self._work = self._work, None
        try:
            if work is not None:
                work(lambda: self._wanted)
        except BaseException as error:
            self._error = error
