"""What a forge answered so far to one job, sealed in a file beside the mirrors: a job that begins again reads it there.

Answers may hold what is secret (addresses of webhooks), so each line is sealed for this file with the workspace's key.
A file is deleted with its job; one that was left counts for nothing after a few hours. A line that was cut is dropped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError

KEPT_SECONDS = 6 * 3_600.0
"""After which an answer is asked for anew."""
_MOST_BYTES = 256 * 1024 * 1024
_SUFFIX = ".answers"


class Sealing(Protocol):
    """What seals: ``store.team.sealing.Seal``."""

    def sealed(self, value: bytes, bound: str) -> str:
        """A value as text of one line."""

    def opened(self, text: str, bound: str) -> bytes:
        """The value. Raises :class:`StoreError`."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One answer."""

    headers: Mapping[str, str]
    content: bytes


class ForgeAnswers:
    """Those of one job. For one thread."""

    def __init__(self, path: Path, seal: Sealing, *, now: Callable[[], float] = time.time) -> None:
        """``path``: its file, made when something is kept. Raises :class:`StoreError`."""
        self._path, self._seal, self._now = path, seal, now
        self._size = 0
        self._found: dict[str, StoredAnswer] = {}
        try:
            self._read()
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from None

    def __len__(self) -> int:
        return len(self._found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """The file stays where the work did not end."""
        if kind is None:
            self._path.unlink(missing_ok=True)

    def find(self, key: str) -> StoredAnswer | None:
        """What was answered; None where it was not asked yet."""
        return self._found.get(key)

    def keep(self, key: str, headers: Mapping[str, str], content: bytes) -> None:
        """Keep one; what is beyond the bound of the file is not. Raises :class:`StoreError`."""
        head = orjson.dumps({"key": key, "at": self._now(), "headers": dict(headers)})
        line = self._seal.sealed(head + b"\n" + content, self._path.name).encode() + b"\n"
        if self._size + len(line) > _MOST_BYTES:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
                stream.write(line)
        except OSError as error:
            raise StoreError(f"cannot be written: {error.strerror}", where=str(self._path)) from None
        self._size += len(line)
        self._found[key] = StoredAnswer(dict(headers), content)

    def _read(self) -> None:
        if not self._path.is_file():
            return
        whole = 0
        with self._path.open("rb") as stream:
            for line in stream:
                if not line.endswith(b"\n") or not self._take(line):
                    break
                whole += len(line)
        if whole < self._path.stat().st_size:
            os.truncate(self._path, whole)
        self._size = whole

    def _take(self, line: bytes) -> bool:
        """Whether the line is one of ours."""
        try:
            head, _, content = self._seal.opened(line.decode("ascii").strip(), self._path.name).partition(b"\n")
            told = orjson.loads(head)
            if told["at"] > self._now() - KEPT_SECONDS:
                self._found[told["key"]] = StoredAnswer(told["headers"], content)
        except (StoreError, ValueError, KeyError, TypeError):
            return False
        return True


def answers_of(folder: Path, job: int) -> Path:
    """The file of a job."""
    return folder / f"posture-{job}{_SUFFIX}"


def sweep(folder: Path, *, now: float) -> int:
    """Delete files that nobody goes on with; how many."""
    gone = 0
    for path in folder.glob(f"posture-*{_SUFFIX}"):
        try:
            if path.stat().st_mtime < now - KEPT_SECONDS:
                path.unlink()
                gone += 1
        except OSError:  # another server was first
            continue
    return gone
