"""When Python searches for cycles: not while many values and no cycle are made, and of one who answers in slices.

The search walks over every value that was made since the last one, time and again while they come by the hundred
thousand, and finds nothing: it took up to a fifth of such work. What does not belong: how often commands search that
end when they are done, which the command line says.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_SLICE = 1_000
"""Values between two searches. One of five thousand took up to fifteen milliseconds where they had come in the course
of seconds, and were in no cache of the processor any more; what all searches take together is the same."""
_WHOLE = 3600.0
"""Seconds between two searches through everything, which take a tenth of one."""


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


def left_to_the_end(value: object) -> None:
    """Nobody frees ``value`` any more but a search for cycles, which a command that ends does not begin (it freezes
    what is left): to let go of a hundred thousand values one by one takes a tenth of a second, just before all memory
    is given back at once. In a process that goes on, the next search frees it.
    """
    cycle = [value]
    cycle.append(cycle)


@contextmanager
def searched_in_slices(*, whole: bool = True) -> Iterator[None]:
    """Search among a few thousand new values at a time, and set aside what lives on: for who answers all the time.

    What is kept from one answer to the next is walked over once and not again and again, in which time nobody was
    answered. ``whole``: from time to time everything is searched, for what became a cycle after it was set aside; a
    process that shares its memory with others would no longer do so.
    """
    before, stop = gc.get_threshold(), threading.Event()

    def set_aside(phase: str, _: Mapping[str, Any]) -> None:
        if phase == "stop":
            gc.freeze()

    def search_all() -> None:
        while not stop.wait(_WHOLE):
            gc.unfreeze()
            gc.collect()

    gc.freeze()
    gc.callbacks.append(set_aside)
    gc.set_threshold(_SLICE, *before[1:])
    if whole:
        threading.Thread(target=search_all, name="cycles", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        gc.set_threshold(*before)
        gc.callbacks.remove(set_aside)
