"""Files packed by Zstandard, read by DuckDB: the standard library of Python 3.11 cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lockgate.store import _spill

_LINES = (
    "columns = {'line': 'VARCHAR'}, header = false, auto_detect = false, compression = 'zstd', parallel = false, "
    "delim = '\x01', quote = '', escape = '', comment = '', nullstr = '\x02', new_line = '\\n', "
    "max_line_size = 67108864, buffer_size = 134217728"
)
"""A CSV of one column whose values are whole lines: JSON holds neither of the two signs."""


class Lines:
    """The bytes of such a file. Lines that are not UTF-8 cannot be read this way, and end in an ``OSError``."""

    def __init__(self, path: Path) -> None:
        import duckdb

        quoted = "'" + str(path).replace("'", "''") + "'"
        self._connection = duckdb.connect(":memory:", config=_spill.settings("1GB", 1))
        self._rest, self._ended = b"", False
        self._rows: Any = self._run(f"SELECT line FROM read_csv({quoted}, {_LINES})")  # noqa: S608 -- a quoted path

    def read(self, size: int) -> bytes:
        """As a file does."""
        while len(self._rest) < size and not self._ended:
            rows = self._fetch()
            self._rest += b"".join(f"{row[0] or ''}\n".encode() for row in rows)
            if not rows:
                self._ended = True
                self._connection.close()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def _run(self, query: str) -> Any:
        import duckdb

        try:
            return self._connection.execute(query)
        except duckdb.Error as error:
            raise OSError(f"no lines packed by Zstandard: {str(error).splitlines()[0]}") from None

    def _fetch(self) -> list[tuple[str | None]]:
        import duckdb

        try:
            rows: list[tuple[str | None]] = self._rows.fetchmany(2000)
        except duckdb.Error as error:
            raise OSError(f"no lines packed by Zstandard: {str(error).splitlines()[0]}") from None
        return rows
