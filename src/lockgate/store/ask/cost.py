"""What a query reads before it is run: files, rows and bytes of the columns that it needs, from the heads of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.store._query import listed
from lockgate.store.ask.tables import Tables


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one table."""

    table: str
    files: int
    rows: int
    bytes: int
    """Of the columns that are needed, as they lie in the files. Filters make it less, where whole parts are passed
    over; a path that is kept as a column of its own stands for less than the column that it is counted as."""
    whole: int
    """Bytes of all columns."""
    columns: tuple[str, ...]

    def __str__(self) -> str:
        needed = f"{len(self.columns)} columns" if len(self.columns) != 1 else "1 column"
        return (
            f"{self.table}: {self.rows:,} rows in {self.files:,} files, at most {self.bytes:,} of {self.whole:,} bytes"
            f" ({needed})"
        )


def cost_of(tables: Tables, read: Mapping[str, Sequence[str]]) -> list[Cost]:
    """Of each table that lies in files; ``read``: the columns that are needed of it."""
    found: list[Cost] = []
    for name, columns in read.items():
        parquet = tables.parquet(name)
        if parquet is None:
            continue
        rows, sizes = _heads(tables.connection, parquet.paths) if parquet.paths else (0, {})
        needed = sum(sizes.get(column, 0) for column in columns)
        found.append(Cost(name, len(parquet.paths), rows, needed, sum(sizes.values()), tuple(columns)))
    return found


def _heads(connection: Any, paths: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Rows of files, and the bytes of each column."""
    cursor = connection.cursor()
    try:
        files = listed(paths)
        count = cursor.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({files})").fetchall()[0][0]  # noqa: S608 -- files of the record
        sizes = cursor.execute(
            f"SELECT path_in_schema, sum(total_compressed_size) FROM parquet_metadata({files}) GROUP BY ALL"  # noqa: S608 -- as above
        ).fetchall()
    finally:
        cursor.close()
    return int(count or 0), {str(column): int(size) for column, size in sizes if "/" not in column}
