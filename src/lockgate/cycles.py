"""Work that makes many values and no cycle among them, without the search for cycles.

The search walks over every value that was made since the last one, time and again while they come by the hundred
thousand, and finds nothing: it took up to a fifth of such work. What does not belong: how often a process searches,
which the command line says.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsearched() -> Iterator[None]:
    """No search within; the collector is left as it was found.

    What was made counts as old afterwards, so that the first search does not walk over all of it at once. Where a
    process has set values aside for good (``gc.freeze``), they stay so, and what was made is left to that search.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        gc.enable()
