"""Files that the actions read: found below a path, bounded in size, and never outside what the user pointed at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lockgate.errors import SourceError

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 32 * 1024 * 1024
MAX_FILES = 100_000
_PASSED_OVER = frozenset((".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"))


@dataclass(frozen=True, slots=True)
class Found:
    """One file to read."""

    path: Path
    shown: str
    """The path as people see it: relative to where they stand, where it can be."""


def find(paths: Iterable[str]) -> list[Found]:
    """Files with the suffixes above, at or below each path, in the order of their names.

    A path may end in ``/...`` as Gatekeeper's may. Raises :class:`SourceError` for one that is not there.
    """
    found: dict[Path, Found] = {}
    for text in paths:
        root = Path(text.removesuffix("/...").removesuffix("...") or ".")
        if not root.exists():
            raise SourceError("there is no such file or folder", where=text)
        for path in [root] if root.is_file() else _below(root):
            found.setdefault(path.resolve(), Found(path, shown(path)))
            if len(found) > MAX_FILES:
                raise SourceError(f"more than {MAX_FILES} files", where=text, hint="name a smaller folder")
    return list(found.values())


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield Path(folder, name)


def shown(path: Path) -> str:
    """The path from where the user stands, else as it is."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read(path: Path, *, where: str = "") -> bytes:
    """The content of a regular file. Raises :class:`SourceError`."""
    place = where or str(path)
    try:
        if not path.is_file():
            raise SourceError("there is no such file", where=place)
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"larger than {MAX_BYTES} bytes", where=place)
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=place) from None


class Beside:
    """Reads what a file names by relative paths, inside the repository or the folder that the user pointed at."""

    def __init__(self, path: Path) -> None:
        self._folder = path.resolve().parent
        self._top = _top(self._folder)

    def __call__(self, relative: str) -> bytes:
        """The content of a file. Raises :class:`SourceError`, also for a path that leads out."""
        try:
            target = (self._folder / relative).resolve()
        except (OSError, ValueError):
            raise SourceError("is no path", where=relative[:200]) from None
        if not target.is_relative_to(self._top):
            raise SourceError(f"leads out of {self._top.name}", where=relative[:200])
        return read(target, where=relative)


def _top(folder: Path) -> Path:
    """The repository around a folder; without one where the user stands, or the folder's own parent."""
    for one in (folder, *folder.parents):
        if (one / ".git").exists():
            return one
    here = Path.cwd()
    return here if folder.is_relative_to(here) else folder.parent
