"""Rows on their way to the record: appended to a file and synced, and put into the record later by another process.

For a writer that answers requests: an append costs one write and one sync, and none of what a Delta table needs is in
its memory. Below the root each writer has a folder of its own run, held locked for as long as it lives, with numbered
files; what it appends to ends in ``.part``, what is closed in ``.jsonl``. A line is ``<table> <row as JSON>``. A text
that many rows have may stand once in a file, before all of them: ``= <key> <text as JSON>``, and they have
``{"=": <key>}`` in its place, or ``{"=": <key>, "for": {<text>: <another>, ...}}`` where it has others for some texts
in it. What does not belong: putting rows into the record (``settling``, ``ingest.journalled``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError

SHARED = "="
"""Begins the line of a text that rows share, and is the one key of what stands for it in them."""
FOR = "for"
"""The other key, where texts within it are others."""
OWNER = "owner.lock"
OPEN, CLOSED = ".part", ".jsonl"
_DAMAGED = ".damaged"
_SETTLING = "settling.lock"
_MADE = ".new-"
_NAMED = 3
"""A text that a row names takes a third of the memory, while it is settled, that a row of its length does: it is read
once, and copied only into the table. One with other texts in it is a copy already."""
MAX_WAITING = 1 << 30
"""Bytes that may wait for the record; a record that nobody can write must not fill the disk of a node."""


class SharedText:
    """A text that many rows have."""

    __slots__ = ("key", "line", "named")

    def __init__(self, text: str) -> None:
        self.key = blake2b(text.encode(), digest_size=16).hexdigest()
        self.line = b"%s %s %s\n" % (SHARED.encode(), self.key.encode(), orjson.dumps(text))
        """As it stands in a journal."""
        self.named: dict[str, Any] = {SHARED: self.key}
        """What stands for it in a row."""

    def with_texts(self, texts: Mapping[str, str]) -> SharedText:
        """The same with others for some texts in it, in no order: none of them stands in what another stands for."""
        made = object.__new__(SharedText)
        made.key, made.line, made.named = self.key, self.line, {SHARED: self.key, FOR: texts}
        return made


class Journal:
    """The journal of one writer. Appended to by one thread, closed and turned by any."""

    def __init__(self, root: Path, run: str, *, max_waiting: int = MAX_WAITING) -> None:
        """``run`` names the writer: no other has ever had the name. Raises :class:`StoreError`."""
        self.run, self._folder, self._max_waiting = run, root / run, max_waiting
        self._lock = threading.Lock()
        self._file = -1
        self._size = self._number = 0
        self._shared: set[str] = set()
        """Keys of the texts that are in the file that is appended to."""
        self._named = 0
        """Bytes of the texts that its rows name, each as often as it is named."""
        try:
            self._owner = _folder_with_owner(root, run)
        except OSError as error:
            raise self._trouble(error) from None

    @property
    def size(self) -> int:
        """Bytes in the file that is appended to, and what its rows add to them while they are settled."""
        return self._size + self._named // _NAMED

    def append(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep ``(table, row)`` pairs in this order. When this returns they are on the disk; when it raises
        :class:`StoreError` none of them is."""
        self.append_lines([line_of(table, row) for table, row in rows])

    def append_lines(self, made: Sequence[bytes], shared: Sequence[SharedText] = ()) -> None:
        """As :meth:`append`, of what :func:`line_of` made; ``shared`` are the texts that these rows name, one for each
        row that names one."""
        if not made:
            return
        with self._lock:
            try:
                self._open()
                new = {one.key: one.line for one in shared if one.key not in self._shared}
                lines = b"".join((*new.values(), *made))
                if self.waiting() + len(lines) > self._max_waiting:
                    raise StoreError(f"{self._max_waiting} bytes wait for the record already", where=str(self._folder),
                                     hint="the record cannot be written: see what the log says of it")  # fmt: skip
                self._write(lines)
                self._shared.update(new)
                self._named += sum(len(one.line) * (_NAMED if FOR in one.named else 1) for one in shared)
            except OSError as error:
                raise self._trouble(error) from None

    def turn(self) -> bool:
        """Close the file that is appended to, so that it can be settled; whether there was anything in it."""
        with self._lock:
            return self._turn()

    def close(self) -> None:
        """Close the last file and let go of the folder: whoever settles next takes what is left, and the folder."""
        with self._lock:
            if self._owner >= 0:
                self._turn()
                os.close(self._owner)
                self._owner = -1

    def waiting(self) -> int:
        """Bytes that no record has yet."""
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            return sum(_size(one) for one in found if one.name.endswith((OPEN, CLOSED)))
        return 0

    def _path(self, ending: str) -> Path:
        return self._folder / f"{self._number:010}{ending}"

    def _open(self) -> None:
        if self._file < 0:
            self._number += 1
            self._file = os.open(self._path(OPEN), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._size = 0
            self._shared.clear()
            self._named = 0
            sync_folder(self._folder)

    def _write(self, lines: bytes) -> None:
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._file, left) :]
            os.fdatasync(self._file)
        except OSError:
            self._take_back()
            raise
        self._size += len(lines)

    def _take_back(self) -> None:
        """What was not kept whole must not be in the file: its sender is told that it is not kept."""
        try:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError:  # then nothing more comes behind it, and settling passes over a line without an end
            os.close(self._file)
            self._file = -1

    def _turn(self) -> bool:
        if self._file < 0:
            return False
        os.close(self._file)
        self._file, self._size, self._named = -1, 0, 0
        try:
            self._path(OPEN).rename(self._path(CLOSED))
        except OSError as error:
            raise self._trouble(error) from None
        return True

    def _trouble(self, error: OSError) -> StoreError:
        return StoreError(f"the journal cannot be written: {error.strerror}", where=str(self._folder),
                          hint="the workspace needs room and must be writable")  # fmt: skip


def line_of(table: str, row: Mapping[str, Any]) -> bytes:
    """One row as it stands in a journal."""
    return b"%s %s\n" % (table.encode(), orjson.dumps(row))


def _folder_with_owner(root: Path, run: str) -> int:
    """Makes the folder and holds its lock. Locked before it has its name, so that nobody takes it for abandoned."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = root / f"{_MADE}{run}"
    made.mkdir(mode=0o700)
    owner = os.open(made / OWNER, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    made.rename(root / run)
    sync_folder(root)
    return owner


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether the lock ``path`` was free; held within the block then."""
    try:
        lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:  # the folder went meanwhile
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(lock)


@dataclass(slots=True)
class Settled:
    """What one settling did."""

    files: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    """Files with lines that cannot be read; kept under another name."""


def settle_closed(root: Path, settle_file: Callable[[Path, bool], None]) -> None:
    """Have ``settle_file`` take every closed file below ``root`` away, each in its order and by one process at a time.

    It is told whether the writer is gone. Files that such a one left open are closed first; its folder goes when
    nothing of it had to be set aside. What ``settle_file`` raises ends it; what was not settled stays.
    """
    for folder in runs(root):
        with held(folder / _SETTLING) as mine:
            if mine:
                _settle_run(folder, settle_file)


def _settle_run(folder: Path, settle_file: Callable[[Path, bool], None]) -> None:
    with held(folder / OWNER) as abandoned:
        if abandoned:
            for left in folder.glob(f"*{OPEN}"):
                left.rename(left.with_suffix(CLOSED))
        for file in sorted(folder.glob(f"*{CLOSED}")):
            settle_file(file, abandoned)
        if abandoned and not any(one for ending in (_DAMAGED, CLOSED) for one in folder.glob(f"*{ending}")):
            shutil.rmtree(folder, ignore_errors=True)


def set_aside(file: Path) -> Path:
    """Keep a file with something that cannot be read; where it is now."""
    kept = file.with_suffix(_DAMAGED)
    file.rename(kept)
    return kept


def runs(root: Path) -> list[Path]:
    """Folders of writers, living and gone."""
    if not root.is_dir():
        return []
    return sorted(one for one in root.iterdir() if not one.name.startswith(".") and one.is_dir())


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # settled meanwhile
        return 0


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in a folder is on the disk when this returns. Raises ``OSError``."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
