"""The tables that a collector appends to, by way of ingestion: what does not fit a column is told as everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from lockgate.engine.collect.position import Once
from lockgate.store import Record
from lockgate.store.ingest import Collected, Loader

_PIECE = 8 << 20
"""Bytes of rows that are appended together."""


class Tables:
    """The tables by name. Not for several threads."""

    def __init__(self, record: Record, *, origin: str) -> None:
        self._collected, self._origin = Collected(record), origin
        self._loaders: dict[str, Loader] = {}
        self._waiting: dict[str, list[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        """Rows that are in each table by now."""
        self.misfits = 0
        """Rows and fields that had no place; they are in ``<Table>_errors``."""

    def holds(self, table: str, once: Once) -> bool:
        """Whether a batch is there."""
        return self._collected.holds(table, once)

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Take one row; many are appended together. Raises :class:`StoreError`."""
        line = orjson.dumps(row) + b"\n"
        self._waiting.setdefault(table, []).append(line)
        self._sizes[table] = self._sizes.get(table, 0) + len(line)
        if self._sizes[table] >= _PIECE:
            self._flush(table)

    def flush(self) -> None:
        """Append what waits. When this returns the rows are on the disk."""
        for table in list(self._waiting):
            self._flush(table)

    def load(self, table: str, lines: Iterable[bytes], *, once: Once | None = None) -> None:
        """Append rows, each a line of JSON, in one commit."""
        loader = self._loaders.get(table)
        if loader is None:
            loader = self._loaders[table] = Loader(self._collected, table, origin=self._origin)
        done = loader.load(b"".join(lines), once=once)
        self.rows[table] = self.rows.get(table, 0) + done.rows
        self.misfits += len(done.problems)

    def close(self) -> None:
        """Let go of what was opened; what waits is not appended."""
        for loader in self._loaders.values():
            loader.close()
        self._loaders.clear()

    def _flush(self, table: str) -> None:
        lines = self._waiting.pop(table, [])
        self._sizes.pop(table, None)
        if lines:
            self.load(table, lines)
