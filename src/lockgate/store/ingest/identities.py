"""Ids of documents that were taken in, beside the journal: known to every process that writes there, also later on.

An id is written with its rows into the journal, in one write, and then here; whoever brings the rows into their table
writes it here again before the journal's file goes. So none is forgotten whose rows were kept, whatever dies when.

On the disk the ids of one writing stand one after another in a row of SQLite, which costs the same however many there
are; an index of a million ids in no order would have a page written for each. Each process looks them up in its memory
(``seen``) and reads what others wrote since it last looked.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from lockgate.errors import StoreError
from lockgate.store.ingest.seen import SIZE, Seen

MOST = 1_000_000
"""Ids that are kept; the oldest go."""
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
        self._seen = Seen()
        self._read = 0
        """The number of the last row that is in memory."""
        self._more = 0
        """Ids that came since the oldest were looked for."""
        self._written: set[bytes] = set()
        """Those that this process kept and whose rows wait for their tables: they need not be kept once more then."""

    def known(self, ids: Sequence[bytes]) -> set[bytes]:
        """Those of ``ids`` that were taken before."""
        if not ids:
            return set()
        with self._opened() as connection:
            self._look(connection)
            return self._seen.among(ids)

    def add(self, ids: Sequence[bytes]) -> None:
        """They are on the disk when this returns."""
        if not ids:
            return
        with self._opened() as connection:
            self._look(connection)
            self._write(connection, ids)
            self._written.update(ids)

    def settled(self, ids: Sequence[bytes]) -> None:
        """The same of ids whose rows are in their tables, so that the journal will not tell of them any more."""
        with self._lock:
            new = [one for one in ids if one not in self._written]
        if new:
            with self._opened() as connection:
                self._look(connection)
                known = self._seen.among(new)
                self._write(connection, [one for one in new if one not in known])
        with self._lock:
            self._written.difference_update(ids)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _look(self, connection: sqlite3.Connection) -> None:
        """Read what other processes wrote since."""
        query = "SELECT number, ids FROM came WHERE number > ? ORDER BY number"
        for number, ids in connection.execute(query, (self._read,)):
            self._remember(number, ids)

    def _remember(self, number: int, ids: bytes) -> None:
        self._read = number
        self._more += len(ids) // SIZE
        self._seen.add(ids, MOST)

    def _write(self, connection: sqlite3.Connection, ids: Sequence[bytes]) -> None:
        if not ids:
            return
        whole = b"".join(ids)
        with connection:  # one transaction, in which nobody else writes
            connection.execute("BEGIN IMMEDIATE")
            self._look(connection)
            number = connection.execute("INSERT INTO came (ids) VALUES (?)", (whole,)).lastrowid
            if self._more * 8 > MOST:
                self._forget(connection)
        self._remember(number or self._read, whole)

    def _forget(self, connection: sqlite3.Connection) -> None:
        """Remove the oldest rows beyond as many ids as are kept."""
        self._more = many = 0
        for number, size in connection.execute("SELECT number, length(ids) FROM came ORDER BY number DESC"):
            if many >= MOST:
                connection.execute("DELETE FROM came WHERE number <= ?", (number,))
                return
            many += size // SIZE

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"ids that were taken cannot be kept: {error}", where=str(self._path),
                                 hint="the workspace needs room and must be writable") from None  # fmt: skip

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        made = "CREATE TABLE IF NOT EXISTS came (number INTEGER PRIMARY KEY AUTOINCREMENT, ids BLOB NOT NULL)"
        connection.execute(made)
        return connection


def cut(ids: bytes) -> list[bytes]:
    """Ids that stand one after another."""
    return [ids[at : at + SIZE] for at in range(0, len(ids), SIZE)]
