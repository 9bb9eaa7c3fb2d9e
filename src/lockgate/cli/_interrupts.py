"""An interrupt that comes while a module is loading waits until the module is there, and one that is lost comes again.

Ctrl-C raises ``KeyboardInterrupt`` wherever the program is. In the midst of an import that is no end that anybody asked
for: what a compiled module (``orjson``) imports as it starts is not there, and the process dies of a segmentation
fault; and before Python 3.12 what is raised within ``__set_name__`` comes out as a ``RuntimeError``. What is
raised in a callback (of a fork, of ``__del__``, of a weak reference) Python only prints. What does not belong: what a
command does about an interrupt.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

_AGAIN = 0.01
"""Seconds until it is looked again whether the module is there."""
_LONGEST = 5.0
"""Seconds that an interrupt waits: a module that takes longer hangs."""
_LOADER = "<frozen importlib"


@contextmanager
def after_imports(within: CodeType) -> Iterator[None]:
    """Interrupts wait so while this lasts. ``within``: the function whose imports are meant, not those that called it.

    Nothing changes where somebody else handles interrupts or alarms, in another than the main thread, and on systems
    without interval timers.
    """
    handlers = [signal.getsignal(signal.SIGINT), getattr(signal, "SIGALRM", None) and signal.getsignal(signal.SIGALRM)]
    if handlers != [signal.default_int_handler, signal.SIG_DFL] or not hasattr(signal, "setitimer"):
        yield
        return
    since = 0.0

    def interrupt(_number: int, frame: FrameType | None) -> None:
        nonlocal since
        since = since or time.monotonic()
        if _loading(frame, within) and time.monotonic() - since < _LONGEST:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            return
        since = 0.0
        raise KeyboardInterrupt

    told = sys.unraisablehook

    def unraisable(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_type is KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            told(lost)

    try:
        signal.signal(signal.SIGALRM, interrupt)
    except ValueError:  # not the main thread, which alone hears of signals
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.unraisablehook = told
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _loading(frame: FrameType | None, within: CodeType) -> bool:
    while frame is not None and frame.f_code is not within:
        if frame.f_code.co_filename.startswith(_LOADER):
            return True
        frame = frame.f_back
    return False
