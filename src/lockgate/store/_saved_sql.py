"""What is written of saved queries and functions at a server, in the file of the ledger: every change a row; the last
counts.

Plain sqlite3, since each question looks here and SQLAlchemy takes longer to import than a query to run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lockgate.errors import StoreError

T = TypeVar("T")
Row = tuple[str, str, str, str, str, str]
"""Name, text (empty: dropped), about, folder, who, time."""
_DDL = """CREATE TABLE IF NOT EXISTS saved_kql (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, about TEXT NOT NULL,
    folder TEXT NOT NULL, who TEXT NOT NULL, time TEXT NOT NULL)"""
_COLUMNS = "name, text, about, folder, who, time"
_WAIT_SECONDS = 10


def last(path: Path, kind: str) -> list[Row]:
    """The last row of each name of a kind that was not dropped. Nothing where there is no file or table yet."""
    if not path.is_file():
        return []
    query = (
        f"SELECT {_COLUMNS} FROM saved_kql WHERE id IN "  # noqa: S608 -- names of columns
        "(SELECT max(id) FROM saved_kql WHERE kind = ? GROUP BY name) AND text <> ''"
    )
    return _guarded(path, lambda connection: _rows(connection, query, (kind,)))


def history(path: Path, kind: str, name: str) -> list[Row]:
    """Every row of a name, oldest first."""
    if not path.is_file():
        return []
    query = f"SELECT {_COLUMNS} FROM saved_kql WHERE kind = ? AND name = ? ORDER BY id"  # noqa: S608 -- as above
    return _guarded(path, lambda connection: _rows(connection, query, (kind, name)))


def append(path: Path, kind: str, row: tuple[str, str, str, str, str]) -> None:
    """One more row: name, text, about, folder, who."""

    def write(connection: sqlite3.Connection) -> None:
        with connection:
            connection.execute(_DDL)
            connection.execute(
                f"INSERT INTO saved_kql (kind, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- as above
                (kind, *row, datetime.now(UTC).isoformat(timespec="seconds")),
            )

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _trouble(path, error) from None
    _guarded(path, write)


def _rows(connection: sqlite3.Connection, query: str, parameters: tuple[str, ...]) -> list[Row]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'saved_kql'").fetchone()
    return list(_texts(connection.execute(query, parameters))) if there else []


def _texts(rows: sqlite3.Cursor) -> Iterator[Row]:
    for name, text, about, folder, who, time in rows:
        yield str(name), str(text), str(about), str(folder), str(who), str(time)


def _guarded(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            return work(connection)
    except (sqlite3.Error, OSError) as error:
        raise _trouble(path, error) from None


def _trouble(path: Path, error: BaseException) -> StoreError:
    return StoreError(f"saved queries cannot be read or written: {error}", where=str(path),
                      hint="check that the folder can be written and the disk is not full")  # fmt: skip
