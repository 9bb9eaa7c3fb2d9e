"""Batches between their acknowledgement and the tables: lines in a journal, brought into the tables once.

A batch is one head, ``<table> <JSON>``, and the lines of its rows after it; the head says how many bytes they are.
What is closed of a journal is grouped by table, loaded, and marked in the same commit with the writer's run and the
number of the file, so that a file which was loaded by a process that died before removing it is not loaded again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.store.ingest.loading import Loader
from lockgate.store.journal import CLOSED, OPEN, OWNER, held, runs

FOLDER = "incoming"
"""Within the workspace's own folder."""
_SETTLING = "settling.lock"
_DAMAGED = ".damaged"
_MOST_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were sent together."""

    table: str
    """The table that they are for."""
    origin: str
    """Who sent them, as the companion table tells it."""
    received: datetime
    """When they came."""
    lines: bytes
    """A JSON object a line."""

    def journalled(self) -> list[bytes]:
        """As it stands in a journal."""
        head = {"origin": self.origin, "received": self.received.isoformat(), "bytes": len(self.lines)}
        return [b"%s %s\n" % (self.table.encode(), orjson.dumps(head)), self.lines]


@dataclass(slots=True)
class Settled:
    """What one settling did."""

    files: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)


def settle(root: Path, loader: Callable[[str, str], Loader]) -> Settled:
    """Bring every closed file below ``root`` into the tables, and remove it.

    ``loader`` gives that of a table for what an origin sent; it is closed afterwards. Raises :class:`StoreError` where
    the tables cannot be written; what was not brought in stays.
    """
    done = Settled()
    for folder in runs(root):
        with held(folder / _SETTLING) as mine:
            if mine:
                _settle_run(folder, loader, done)
    return done


def _settle_run(folder: Path, loader: Callable[[str, str], Loader], done: Settled) -> None:
    with held(folder / OWNER) as abandoned:
        if abandoned:
            for left in folder.glob(f"*{OPEN}"):
                left.rename(left.with_suffix(CLOSED))
        for file in sorted(folder.glob(f"*{CLOSED}")):
            whole = _settle_file(file, loader, done)
            done.files += 1
            if whole or abandoned:  # what a writer did not live to end was never acknowledged
                file.unlink()
                continue
            kept = file.with_suffix(_DAMAGED)
            file.rename(kept)
            done.problems.append(f"a journal cannot be read to its end: {kept}")
        if abandoned and not any(folder.glob(f"*{_DAMAGED}")):
            shutil.rmtree(folder, ignore_errors=True)


def _settle_file(file: Path, loader: Callable[[str, str], Loader], done: Settled) -> bool:
    """Whether it could be read to its end."""
    found: dict[tuple[str, str], list[Batch]] = {}
    whole = True
    for batch in _batches(file):
        if batch is None:
            whole = False
        else:
            found.setdefault((batch.table, batch.origin), []).append(batch)
    for (table, origin), batches in found.items():
        done.rows += _load(loader(table, origin), batches, once=(f"{file.parent.name}/{origin}", int(file.stem)))
    return whole


def _load(loader: Loader, batches: list[Batch], *, once: tuple[str, int]) -> int:
    try:
        data = b"".join(batch.lines for batch in batches)
        return loader.load(data, received=min(batch.received for batch in batches), once=once).rows
    finally:
        loader.close()


def _batches(file: Path) -> Iterator[Batch | None]:
    """The batches of a file; None at the end where the rest cannot be read."""
    with file.open("rb") as stream:
        while head := stream.readline(_MOST_HEAD):
            table, _, text = head.partition(b" ")
            try:
                told = orjson.loads(text)
                lines = stream.read(told["bytes"])
                received = datetime.fromisoformat(told["received"]).astimezone(UTC)
                if len(lines) != told["bytes"] or not head.endswith(b"\n"):
                    raise ValueError("cut")
                yield Batch(table.decode(), told["origin"], received, lines)
            except (ValueError, TypeError, KeyError, LockgateError):
                yield None
                return
