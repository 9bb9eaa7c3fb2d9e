"""The files of a folder as they stand now.

In a git repository: what is tracked, and what is neither tracked nor ignored, since only that can be pushed. Elsewhere:
every regular file. Links are never followed out of the tree; FIFOs, sockets and devices are never opened.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.model import File, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.sources.repository.git import Git, repository_of

_NEVER = frozenset({".git", ".hg", ".svn", ".lockgate"})
"""Folders that are not looked into; each begins with a full stop."""
MAX_BELOW = 20_000
_SIBLING_BYTES = 64 * 1024 * 1024
_RACY_SECONDS = 2.0
"""A file that changed this recently may change again within the same time stamp, so it is never taken from a cache."""
_PIECE = 1024 * 1024
_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_Path = tuple[str, os.stat_result | None]
"""A path below the folder, with a slash at its end when it is a folder that holds no files for us, and its status."""


@dataclass(frozen=True, slots=True)
class TreeSource:
    """The working tree below ``folder`` (or the one file ``folder`` is)."""

    folder: Path
    excluded: Callable[[str], bool] = lambda path: False
    """Whether the settings leave the file out."""
    max_bytes: int = 16 * 1024 * 1024
    only: tuple[str, ...] = ()
    """When given: these paths (files or folders, relative) and nothing else."""
    prefix: str = ""
    """Put before every path, with a slash at its end, when one run reads several trees."""
    ignored_too: bool = False
    """Read files that git ignores as well."""
    top: Path | None = None
    """The repository's top where the caller knows it; None: git is asked."""
    mode: str = field(default="tree", init=False)

    @property
    def root(self) -> str:
        """The folder, for people."""
        return str(self.folder)

    def collect(self, wants: Wants) -> Iterator[File | Skip]:
        """Files in path order."""
        now = time.time()
        base = os.fspath(self.folder)
        for path, status in self._paths():
            if self.excluded(path) or not _under(path, self.only):
                continue
            row = _entry(base, path, status, wants=wants, max_bytes=self.max_bytes, now=now)
            if row is not None:
                yield replace(row, path=self.prefix + row.path) if self.prefix else row

    def sibling(self, path: str) -> bytes | None:
        """Another file of the tree; None when it is not there, leaves the tree or is over 64 MiB."""
        clean = os.path.normpath(path.removeprefix(self.prefix))
        if clean.startswith(("..", "/")) or os.path.isabs(clean):
            return None
        target = self.folder / clean
        try:
            if not target.resolve().is_relative_to(self.folder.resolve()):
                return None
            size = target.stat().st_size
            return _read(os.fspath(target), size) if size <= _SIBLING_BYTES else None
        except (OSError, RuntimeError):
            return None

    def stamp(self, path: str) -> str | None:
        """Changes whenever what ``sibling`` gives may have changed; None when it may change unseen."""
        clean = os.path.normpath(path.removeprefix(self.prefix))
        if clean.startswith(("..", "/")) or os.path.isabs(clean):
            return ""
        full = os.path.realpath(self.folder / clean)
        try:
            status = os.stat(full)
        except OSError:
            return ""
        return None if time.time() - status.st_mtime < _RACY_SECONDS else f"{full} {status.st_dev:x}-{_stamp(status)}"

    def below(self, folder: str) -> tuple[str, ...]:
        """Paths of the regular files below a folder of the tree, sorted; at most ``MAX_BELOW``."""
        clean = os.path.normpath(folder.removeprefix(self.prefix))
        base = os.path.realpath(self.folder)
        if clean.startswith(("..", "/")) or os.path.realpath(os.path.join(base, clean)) != os.path.normpath(
            os.path.join(base, clean)
        ):
            return ()
        prefix = "" if clean == "." else f"{clean}/"
        names = islice(_walk(base, prefix), MAX_BELOW)
        return tuple(sorted(f"{self.prefix}{path}" for path, _ in names if path and not path.endswith("/")))

    def _paths(self) -> list[_Path]:
        if not self.folder.is_dir():
            raise SourceError("there is no such folder", where=str(self.folder), hint="give a folder or a file")
        top = self.top or repository_of(self.folder)
        if top is None or self.ignored_too or not (top / ".git").exists() or _ignored(top, self.folder):
            return sorted(_walk(os.fspath(self.folder), ""), key=itemgetter(0))
        return sorted(_listed(self.folder, ""), key=itemgetter(0))


def _ignored(top: Path, folder: Path) -> bool:
    return folder.resolve() != top.resolve() and bool(Git(top).try_text("check-ignore", "--", str(folder.resolve())))


def _under(path: str, only: tuple[str, ...]) -> bool:
    return not only or any(path == one or path.startswith(f"{one}/") or one == "." for one in only)


def _listed(folder: Path, prefix: str) -> Iterator[_Path]:
    """What git lists; below a submodule or nested repository, what git lists there."""
    base = os.fspath(folder)
    out = Git(folder).output("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    for raw in os.fsdecode(out).split("\0"):
        path = raw.rstrip("/")
        if not path or (path[0] == "." and path.split("/", 1)[0] in _NEVER):
            continue
        inner = f"{base}/{path}"
        status = _status(inner)
        if status is None or not stat.S_ISDIR(status.st_mode):
            yield prefix + path, status
        elif os.path.exists(f"{inner}/.git"):
            yield from _listed(Path(inner), f"{prefix}{path}/")
        else:
            yield f"{prefix}{path}/", None  # a submodule that was not fetched


def _status(path: str) -> os.stat_result | None:
    """The status of the entry itself, not of what a link leads to; None when that cannot be had."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def _walk(base: str, prefix: str) -> Iterator[_Path]:
    stack = [prefix]
    while stack:
        inner = stack.pop()
        try:
            entries = list(os.scandir(os.path.join(base, inner)))
        except OSError:
            yield inner, None  # reported as unreadable by _entry
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NEVER:
                    stack.append(f"{inner}{entry.name}/")
            else:
                yield inner + entry.name, None


def _entry(
    base: str, path: str, status: os.stat_result | None, *, wants: Wants, max_bytes: int, now: float
) -> File | Skip | None:
    """The row of one path; None for what nobody wants. ``status``: what ``lstat`` said, None when it was not asked."""
    full = f"{base}/{path}"
    shown = path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")
    if path.endswith("/"):
        reason = "a submodule that was not fetched" if os.path.isdir(full) else "the folder cannot be read"
        kind = SkipKind.UNRESOLVED if not os.access(full, os.R_OK) or not os.listdir(full) else SkipKind.UNREADABLE
        return Skip(shown.rstrip("/"), kind, reason)
    try:
        status = status or os.lstat(full)
    except FileNotFoundError:
        return None  # tracked, but deleted in the working tree
    except OSError as error:
        return Skip(shown, SkipKind.UNREADABLE, error.strerror or "cannot be read")
    size, mode = status.st_size, status.st_mode
    if stat.S_ISREG(mode):
        if not wants(shown, size):
            return None
        if size > max_bytes:
            return Skip(shown, SkipKind.TOO_LARGE, f"{size} bytes, over the limit of {max_bytes}")
        racy = now - status.st_mtime < _RACY_SECONDS
        return File(shown, size, partial(_read, full, size), "" if racy else _stamp(status))
    if stat.S_ISLNK(mode):
        leads_out = _leaves(base, full)  # a link within the tree: its target is read under its own name
        return Skip(shown, SkipKind.SPECIAL, "a link that leads out of the tree or nowhere") if leads_out else None
    return Skip(shown, SkipKind.SPECIAL, "not a regular file")


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"


def _leaves(base: str, full: str) -> bool:
    try:
        root = os.path.realpath(base)
        return os.path.commonpath([root, os.path.realpath(full, strict=True)]) != root
    except (OSError, ValueError):
        return True


def _read(full: str, size: int) -> bytes:
    """The content, unless the path has meanwhile become a link, a FIFO or a device. ``size``: what it had before."""
    handle = os.open(full, _TO_READ)
    try:
        content = os.read(handle, size + 1)
        if content and len(content) == size:
            return content
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("not a regular file")
        pieces = [content]  # it grew or shrank meanwhile, or has no size of its own
        while pieces[-1]:
            pieces.append(os.read(handle, _PIECE))
        return b"".join(pieces)
    finally:
        os.close(handle)
