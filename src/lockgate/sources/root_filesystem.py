"""A root file system in a folder: an unpacked image, a chroot, a mounted disk. Yields what is installed in it.

Nothing outside of the folder is read: links are not followed, neither those of files nor those of folders on the way,
since in somebody's image ``etc`` may lead to the ``etc`` of this machine. FIFOs, sockets and devices are never opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import installed
from lockgate.formats.inventory import Statement, inventory
from lockgate.model import Component, Skip, SkipKind
from lockgate.sources import Wants

_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEVER = frozenset({"proc", "sys", "dev"})
"""Folders of the root that hold no files of an image, and of a running machine no end of them."""
_SIBLING_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class RootFilesystemSource:
    """The file system whose root is ``folder``."""

    folder: Path
    mode: str = field(default="rootfs", init=False)
    files_read: int = field(default=0, init=False)
    """Files that readers were given, so far."""

    @property
    def root(self) -> str:
        """The folder, for people."""
        return str(self.folder)

    def collect(self, wants: Wants) -> Iterator[Component | Skip]:  # noqa: ARG002 -- nobody is asked: all is read
        """The distribution, its packages and artefacts of languages, by path; before them what could not be read."""
        if not self.folder.is_dir():
            raise SourceError("there is no such folder", where=str(self.folder), hint="give the root of a file system")
        statements: list[Statement] = []
        for path, status in self._walk():
            if status is None:
                yield Skip(_shown(path), SkipKind.UNREADABLE, "the folder cannot be read", installed.FAMILY)
                continue
            executable = bool(status.st_mode & 0o111)
            if not installed.wants(path, executable=executable):
                continue
            try:
                said = self._read(path, executable=executable)
            except OSError as error:
                reason = error.strerror or "cannot be read"
                yield Skip(_shown(path), SkipKind.UNREADABLE, reason, installed.FAMILY)
                continue
            self.files_read += 1
            if said != installed.Installed():
                statements.append(Statement(_shown(path), said))
        found = inventory(statements)
        yield from found.skips
        yield from found.components

    def sibling(self, path: str) -> bytes | None:
        """Another file of the file system; None where it is not there, is a link, or is over 512 MiB."""
        try:
            with self._opened(path) as file:
                size = installed.size_of(file)
                file.seek(0)
                return file.read(size) if size <= _SIBLING_BYTES else None
        except OSError:
            return None

    def _read(self, path: str, *, executable: bool) -> installed.Installed:
        with self._opened(path) as file:
            # Most executables are scripts and programs of C: their first bytes are all that is read of them.
            if not installed.wants(path) and not installed.is_program(file.read(installed.HEAD)):
                return installed.Installed()
            return installed.read(_shown(path), file, self.sibling, executable=executable)

    def _opened(self, path: str) -> BinaryIO:
        """Folder by folder, so that no link on the way is followed, not even one put there meanwhile."""
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        *folders, name = path.split("/")
        if not name or any(part in ("", ".", "..") for part in folders):
            os.close(handle)
            raise OSError("not a path in the file system")
        for part in folders:
            try:
                inner = os.open(part, _TO_READ | os.O_DIRECTORY, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        try:
            found = os.open(name, _TO_READ, dir_fd=handle)
        finally:
            os.close(handle)
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise OSError("not a regular file")
        return os.fdopen(found, "rb")

    def _walk(self) -> Iterator[tuple[str, os.stat_result | None]]:
        """Paths of regular files with their status; of a folder that cannot be read its path and None."""
        base = os.fspath(self.folder)
        stack = [""]
        while stack:
            inner = stack.pop()
            try:
                entries = sorted(os.scandir(f"{base}/{inner}"), key=lambda one: one.name)
            except OSError:
                yield inner.rstrip("/"), None
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if inner or entry.name not in _NEVER:
                        stack.append(f"{inner}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    try:
                        yield inner + entry.name, entry.stat(follow_symlinks=False)
                    except OSError:
                        yield inner + entry.name, None


def _shown(path: str) -> str:
    """As text that every report can hold."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")
