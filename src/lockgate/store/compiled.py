"""Policies as an earlier run compiled them, in one file of a cache folder.

Compiling a rulebook takes longer than judging a tree by it. The file holds code, so it lies where only the user
writes, never in what is checked. It is bound by its name to the versions of Python and of Lockgate and to the very
files of the compiler; one that is broken costs time and no answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from collections.abc import Iterator, MutableMapping
from functools import cache, cached_property
from pathlib import Path

from lockgate import __version__

MOST_KEPT = 20_000
"""Compiled expressions in one file; beyond, those of the last run alone are kept."""
MOST_FILES = 6
"""Files of other versions that stay beside ours."""
_COMPILERS = ("cel", "catalogue", "rego", "gatekeeper", "kubernetes")


@contextlib.contextmanager
def compiled_policies(folder: Path | None) -> Iterator[MutableMapping[str, bytes]]:
    """What was compiled before, by key; what is added within the block is kept for the next. None: nothing is."""
    if folder is None:
        yield {}
        return
    held = _Held(folder)
    yield held
    held.keep()


class _Held(MutableMapping[str, bytes]):
    """Reads its file when it is first asked: who judges by what a wheel brings compiled never asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _kept(self) -> dict[str, bytes]:
        kept = _read(compiled_file(self._folder))
        self._before = len(kept)
        return kept

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __getitem__(self, key: str) -> bytes:
        return self._kept[key]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._kept[key] = value

    def __delitem__(self, key: str) -> None:
        del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self) -> None:
        """Write the file anew when something was added."""
        if "_kept" in vars(self) and len(self._kept) != self._before:
            own = self._kept
            kept = own if len(own) <= MOST_KEPT else dict(list(own.items())[self._before :])
            _write(compiled_file(self._folder), kept)


def compiled_file(folder: Path) -> Path:
    """Where policies that this very Lockgate compiled are kept in ``folder``."""
    return folder / f"policies-{_compiler()}.bin"


@cache
def _compiler() -> str:
    """16 hex digits over the versions and over name, size and time of every file of the compilers."""
    state = hashlib.sha256(f"{__version__} {sys.version}".encode())
    for name in _COMPILERS:
        pending = [os.fspath(Path(__file__).parent.parent / "policy" / name)]
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    if entry.is_dir():
                        pending.append(entry.path)
                    elif entry.name.endswith(".py"):
                        status = entry.stat()
                        state.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}".encode())
    return state.hexdigest()[:16]


def _read(path: Path) -> dict[str, bytes]:
    """What an earlier run compiled; empty when there is none."""
    try:
        held = marshal.loads(path.read_bytes())  # noqa: S302 -- the folder is the user's own, never the tree's
    except (OSError, ValueError, TypeError, EOFError):
        return {}
    return held if isinstance(held, dict) else {}


def _write(path: Path, compiled: dict[str, bytes]) -> None:
    import tempfile  # only where there is something to write

    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, never an answer
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(marshal.dumps(compiled))
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
        others = [one for one in path.parent.glob("policies-*.bin") if one != path]
        for old in sorted(others, key=lambda one: one.stat().st_mtime_ns, reverse=True)[MOST_FILES:]:
            old.unlink(missing_ok=True)
