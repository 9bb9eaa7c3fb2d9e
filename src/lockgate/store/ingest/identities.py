"""Ids of documents that were taken in, beside the journal: known to every process that writes there, also later on.

An id is written with its rows into the journal, in one write, and then here; whoever brings the rows into their table
writes it here again before the journal's file goes. So none is forgotten whose rows were kept, whatever dies when.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from lockgate.errors import StoreError

SIZE = 16
"""Bytes of an id as it is kept: what stands for it and where it is one."""
MOST = 1_000_000
"""Ids that are kept; the oldest go."""
_AT_ONCE = 500
_PATIENCE = 10.0
"""Seconds that another process may take to write."""


def identity(place: str, name: str) -> bytes:
    """What stands for the id ``name`` in ``place``, which has ids of its own."""
    text = f"{len(place)}:{place}{name}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=SIZE).digest()


class Identities:
    """Those of one folder of journals. For any thread."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made before the first id. Raises :class:`StoreError` in use, where the disk cannot be written."""
        self._path = folder / "identities.db"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._written: set[bytes] = set()
        """Those that this process kept and whose rows wait for their tables: they need not be kept once more then."""

    def known(self, ids: Sequence[bytes]) -> set[bytes]:
        """Those of ``ids`` that were taken before."""
        found: set[bytes] = set()
        if not ids:
            return found
        with self._opened() as connection:
            for at in range(0, len(ids), _AT_ONCE):
                some = ids[at : at + _AT_ONCE]
                marks = ",".join("?" * len(some))
                found.update(row[0] for row in connection.execute(f"SELECT id FROM taken WHERE id IN ({marks})", some))  # noqa: S608 -- question marks
        return found

    def add(self, ids: Sequence[bytes]) -> None:
        """They are on the disk when this returns."""
        self._write(ids)
        with self._lock:
            self._written.update(ids)

    def settled(self, ids: Sequence[bytes]) -> None:
        """The same of ids whose rows are in their tables, so that the journal will not tell of them any more."""
        with self._lock:
            new = [one for one in ids if one not in self._written]
            self._written.difference_update(ids)
        self._write(new)

    def _write(self, ids: Sequence[bytes]) -> None:
        if not ids:
            return
        with self._opened() as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO taken (id) VALUES (?)", [(one,) for one in ids])
            connection.execute("DELETE FROM taken WHERE number <= (SELECT max(number) FROM taken) - ?", (MOST,))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = FULL")
                    self._connection.execute(
                        "CREATE TABLE IF NOT EXISTS taken (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE)"
                    )
                yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"ids that were taken cannot be kept: {error}", where=str(self._path),
                                 hint="the workspace needs room and must be writable") from None  # fmt: skip


def cut(ids: bytes) -> list[bytes]:
    """Ids that stand one after another."""
    return [ids[at : at + SIZE] for at in range(0, len(ids), SIZE)]
