"""Memory that was freed and that the C library keeps for later: given back where others are about to take theirs.

Files of a layer are held one after the other, up to hundreds of megabytes at a time, and what they leave behind is of
no use to the libraries that write the record, which bring their own allocators. What does not belong: when Python
searches for cycles (``lockgate.cycles``).
"""

from __future__ import annotations

import sys


def give_back() -> None:
    """To the system, what glibc holds of freed memory (malloc_trim(3)); nothing with other C libraries."""
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
