"""The root of a file system in a folder, as one layer. Links are not followed, devices and FIFOs not opened."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lockgate.formats.oci.layers.entries import Entry, Kind
from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.model import SkipKind

_NEVER = frozenset(("proc", "sys", "dev"))
"""Folders at the top that hold no files, only a view of the kernel, where the root is that of a running system."""
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderLayer:
    """What lies below a folder; with whiteouts as overlayfs has them, where the folder is a layer of its."""

    def __init__(self, folder: Path, limits: LayerLimits, *, whole: bool) -> None:
        """``whole``: the root of a whole file system, not one layer of several."""
        self._folder, self._limits, self._whole = folder, limits, whole
        self._now: str | None = None

    def __iter__(self) -> Iterator[Entry]:
        """In the order of their paths, folder by folder. Raises ``LayerError`` for more entries than allowed."""
        base = os.fspath(self._folder)
        stack = [""]
        count = 0
        while stack:
            inner = stack.pop()
            try:
                found = sorted(os.scandir(f"{base}/{inner}"), key=lambda one: one.name)
            except OSError as error:
                yield Entry(Kind.REFUSED, inner.rstrip("/"), target=f"cannot be read: {error.strerror}")
                continue
            for one in found:
                count += 1
                if count > self._limits.entries:
                    raise LayerError(f"more than {self._limits.entries:,} files", kind=SkipKind.LIMIT)
                path = inner + one.name
                if not inner and self._whole and one.name in _NEVER:
                    continue
                try:
                    status = one.stat(follow_symlinks=False)
                except OSError:
                    continue  # gone meanwhile
                if stat.S_ISDIR(status.st_mode):
                    stack.append(f"{path}/")
                yield from self._entries(path, one.path, status)
        self._now = None

    def content(self, most: int) -> bytes:
        """The content of the file that came last."""
        try:
            with self.stream(most) as stream:
                content = stream.read(most + 1)
        except OSError as error:
            raise LayerError(error.strerror or "cannot be read", kind=SkipKind.UNREADABLE) from None
        if len(content) > most:  # it grew meanwhile
            raise _too_large(most)
        return content

    def stream(self, most: int) -> BinaryIO:
        """The file that came last, open."""
        if self._now is None:
            raise LayerError("no file came last")
        try:
            stream = os.fdopen(os.open(self._now, _TO_READ), "rb")
        except OSError as error:
            raise LayerError(error.strerror or "cannot be read", kind=SkipKind.UNREADABLE) from None
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size <= most:
            return stream
        stream.close()
        raise _too_large(most) if stat.S_ISREG(status.st_mode) else LayerError("not a regular file")

    def _entries(self, path: str, full: str, status: os.stat_result) -> Iterator[Entry]:
        mode, owner = status.st_mode & 0o7777, (status.st_uid, status.st_gid)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            self._now = full
            yield Entry(Kind.FILE, path, status.st_size, mode, "", *owner, _capabilities(full, mode))
        elif kind == stat.S_IFDIR:
            if not self._whole and _is_opaque(full):
                yield Entry(Kind.OPAQUE, path)
            yield Entry(Kind.FOLDER, path, 0, mode, "", *owner)
        elif kind == stat.S_IFLNK:
            yield Entry(Kind.LINK, path, 0, mode, str(Path(full).readlink()), *owner)
        elif kind == stat.S_IFCHR and not self._whole and status.st_rdev == 0:
            yield Entry(Kind.WHITEOUT, path)
        else:
            yield Entry(Kind.SPECIAL, path, 0, mode, _what(kind, status.st_rdev), *owner)


def _too_large(most: int) -> LayerError:
    return LayerError(f"a file over the limit of {most:,} bytes", kind=SkipKind.TOO_LARGE)


def _capabilities(path: str, mode: int) -> str:
    """Of a program in hex digits; what may not be executed gains nothing by them, and is not asked."""
    if not mode & 0o111 or sys.platform != "linux":
        return ""
    try:
        return os.getxattr(path, "security.capability", follow_symlinks=False).hex()
    except OSError:
        return ""


def _what(kind: int, device: int) -> str:
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        word = "character" if kind == stat.S_IFCHR else "block"
        return f"{word} {os.major(device)}:{os.minor(device)}"
    return "FIFO" if kind == stat.S_IFIFO else "socket"


def _is_opaque(folder: str) -> bool:
    for name in _OPAQUE:
        try:
            if os.getxattr(folder, name) == b"y":
                return True
        except OSError:
            continue
    return False
