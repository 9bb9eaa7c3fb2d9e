"""Memory that is a file at the same time: an engine that reads files reads what is in it without another copy.

Where a system has no such files it is memory alone, and who needs a file writes one.
"""

from __future__ import annotations

import mmap
import os
import weakref
from pathlib import Path

Bytes = bytes | bytearray | mmap.mmap


class Shared(mmap.mmap):
    """At least one byte. It may be given another size as long as nobody looks at a part of it."""

    path: str
    """What opens it as a file, in this process."""

    def __new__(cls) -> Shared:
        handle = os.memfd_create("lockgate", os.MFD_CLOEXEC)
        try:
            os.ftruncate(handle, 1)
            self = super().__new__(cls, handle, 1)
        except BaseException:
            os.close(handle)
            raise
        self.path = f"{_HANDLES}/{handle}"
        weakref.finalize(self, os.close, handle)
        return self


class Alone(bytearray):
    """The same where no memory is a file."""

    path = ""

    def resize(self, size: int) -> None:
        """As :meth:`mmap.mmap.resize`."""
        self += bytes(max(0, size - len(self)))
        del self[size:]


_HANDLES = "/proc/self/fd"


def fresh() -> Shared | Alone:
    """Memory of its own."""
    return Shared() if hasattr(os, "memfd_create") and Path(_HANDLES).is_dir() else Alone()


def path_of(data: Bytes) -> str:
    """What opens the file that ``data`` is; empty where it is none."""
    return data.path if isinstance(data, Shared) else ""
