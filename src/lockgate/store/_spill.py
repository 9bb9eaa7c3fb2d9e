"""Where DuckDB puts what does not fit into memory: a private folder of this process, bounded, never the working one.

Left alone, DuckDB writes to ``.tmp`` of the working folder, which may be the tree that is checked, up to nine tenths of
the free disk.
"""

from __future__ import annotations

import functools
import tempfile

MOST = "4GB"
"""Of one connection. A question that needs more is stopped as one that needs too much memory."""


def settings(memory: str, threads: int = 2) -> dict[str, str | bool | int | float | list[str]]:
    """What a connection in memory is opened with."""
    return {
        "memory_limit": memory, "threads": threads, "temp_directory": _folder(), "max_temp_directory_size": MOST,
    }  # fmt: skip


@functools.cache
def _folder() -> str:
    """Made at the first question and removed with the process; nothing where no folder can be made."""
    import atexit
    import shutil

    try:
        name = tempfile.mkdtemp(prefix="lockgate-asked-")
    except OSError:
        return ""
    atexit.register(shutil.rmtree, name, ignore_errors=True)
    return name
