"""Policies as an earlier run compiled them, in one file of the workspace's cache folder.

Compiling a rulebook takes longer than judging a tree by it. The file holds code, so it lies where only the user
writes, never in what is checked. One that is broken, or of other versions, costs time and no answer.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from lockgate import __version__

_NAME = "policies.bin"
_STAMP = f"{__version__} {sys.version}"


@contextlib.contextmanager
def compiled_policies(folder: Path | None) -> Iterator[MutableMapping[str, bytes]]:
    """What was compiled before, by key; what is added within the block is kept for the next. None: nothing is."""
    path = folder / _NAME if folder is not None else None
    held = _read(path)
    before = len(held)
    yield held
    if path is not None and len(held) != before:
        _write(path, held)


def _read(path: Path | None) -> dict[str, bytes]:
    """What an earlier run compiled under the same versions of Python and of Lockgate; empty when there is none."""
    if path is None:
        return {}
    try:
        stamp, held = marshal.loads(path.read_bytes())  # noqa: S302 -- the workspace is the user's own, never the tree's
    except (OSError, ValueError, TypeError, EOFError):
        return {}
    return held if stamp == _STAMP and isinstance(held, dict) else {}


def _write(path: Path, compiled: dict[str, bytes]) -> None:
    import tempfile  # only where there is something to write

    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, never an answer
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(marshal.dumps((_STAMP, compiled)))
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
