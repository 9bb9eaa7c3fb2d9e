"""A file as a source saw it: in a folder, in the git index, in a commit, in an editor buffer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.model.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class File:
    """One regular file. The content is loaded when somebody asks, so a file nobody wants is never read."""

    path: str
    """Relative to the root of the source, with forward slashes; never absolute, never with ``..``."""
    size: int
    """Bytes."""
    load: Callable[[], bytes] = field(repr=False, compare=False)
    """Returns the content; raises ``OSError`` when it cannot be read (the engine turns that into a Skip)."""
    stamp: str = ""
    """Changes whenever the content may have changed (inode, size, mtime; or the git blob id). Empty: never cached."""
    changed_lines: frozenset[int] | None = None
    """Lines (from 1) that the change under judgement adds; ``None`` when the whole file is under judgement."""
    commit: str = ""
    """The commit that holds this content, when the file comes from history."""
    other_paths: tuple[str, ...] = ()
    """Further paths at which the same content stood in history."""
