"""Files that an image on disk is made of: in a folder, or in one archive. Read-only, and bounded."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.paths import folder_of

PIECE = 64 * 1024
_MOST_MEMBERS = 100_000
_MOST_LINKS = 4


class Files(Protocol):
    """Named files."""

    @property
    def name(self) -> str:
        """For people."""

    def has(self, path: str) -> bool:
        """Whether there is such a file."""

    def pieces(self, path: str) -> Iterator[bytes]:
        """Its content. Raises ``SourceError``."""


def content_of(files: Files, path: str, most: int) -> bytes:
    """The content of a file of at most ``most`` bytes. Raises ``SourceError``."""
    parts, size = [], 0
    for piece in files.pieces(path):
        size += len(piece)
        if size > most:
            raise SourceError(f"larger than {most:,} bytes", where=f"{files.name}: {path}")
        parts.append(piece)
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a folder. Their names are ours, digests that were checked, never text of the image."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self.folder / path).is_file()

    def pieces(self, path: str) -> Iterator[bytes]:
        """Its content."""
        try:
            handle = os.open(self.folder / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as stream:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise SourceError("not a regular file", where=f"{self.folder}/{path}")
                while piece := stream.read(PIECE):
                    yield piece
        except OSError as error:
            raise SourceError(error.strerror or "cannot be read", where=f"{self.folder}/{path}") from None


class Archive:
    """Members of one tar file on disk, found by their names and read where they lie."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._members: dict[str, tuple[int, int]] = {}
        links: dict[str, str] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                for count, member in enumerate(archive):
                    if count >= _MOST_MEMBERS:
                        raise SourceError(f"more than {_MOST_MEMBERS:,} members", where=self.name)
                    name = os.path.normpath(member.name)
                    if member.isreg():
                        self._members[name] = member.offset_data, member.size
                    elif member.issym():  # how Docker stored a layer that another image of the archive has too
                        links[name] = os.path.normpath(f"{folder_of(name)}{member.linkname}")
                    elif member.islnk():
                        links[name] = os.path.normpath(member.linkname)
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            hint = "an archive that is packed as a whole is unpacked first: gunzip, zstd -d"
            raise SourceError(f"no tar archive ({type(error).__name__})", where=self.name, hint=hint) from None
        except OSError as error:
            raise SourceError(error.strerror or "cannot be read", where=self.name) from None
        for name in links:
            target = name
            for _ in range(_MOST_LINKS):
                target = links.get(target, target)
            if target in self._members:
                self._members.setdefault(name, self._members[target])

    @property
    def name(self) -> str:
        """The file."""
        return str(self._path)

    def has(self, path: str) -> bool:
        """Whether there is such a member."""
        return path in self._members

    def pieces(self, path: str) -> Iterator[bytes]:
        """Its content."""
        if path not in self._members:
            raise SourceError("the archive has no such member", where=f"{self.name}: {path[:200]}")
        offset, left = self._members[path]
        try:
            with self._path.open("rb") as stream:
                stream.seek(offset)
                while left and (piece := stream.read(min(PIECE, left))):
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise SourceError(error.strerror or "cannot be read", where=self.name) from None
        if left:
            raise SourceError("the archive is cut short", where=f"{self.name}: {path}")
