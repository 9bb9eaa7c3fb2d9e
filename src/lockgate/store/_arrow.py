"""Rows as Arrow record batches, and the SQL types of the same columns. Arrow by ``arro3``; pyarrow is not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.tables import ColumnType, Table

SQL_TYPES = {
    ColumnType.STRING: "VARCHAR", ColumnType.LONG: "BIGINT", ColumnType.REAL: "DOUBLE", ColumnType.BOOL: "BOOLEAN",
    ColumnType.DATETIME: "TIMESTAMPTZ", ColumnType.DYNAMIC: "VARCHAR",
}  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def batch_of(table: Table, rows: Sequence[dict[str, Any]]) -> Any:
    """An ``arro3.core.RecordBatch`` with the columns of ``table``; a key that is no column is refused."""
    names = {name for row in rows for name in row}
    return batch_of_columns(table, {name: [row.get(name) for row in rows] for name in names}, len(rows))


def batch_of_columns(table: Table, columns: Mapping[str, list[Any]], count: int) -> Any:
    """The same of columns that have ``count`` values each; one that is not given holds nothing."""
    from arro3.core import Array, Field, RecordBatch, Schema

    strange = columns.keys() - {column.name for column in table.columns}
    if strange:
        raise ValueError(f"{min(strange)!r} is no column of {table.name}")
    fields, arrays = [], []
    for column in table.columns:
        raw, kind = _types(column.type)
        values = columns.get(column.name)
        if values is None:
            values = [None] * count
        convert = _CONVERT.get(column.type)
        array = Array(values if convert is None else convert(values), type=raw)
        arrays.append(array if raw is kind else array.cast(kind))
        fields.append(Field(column.name, kind, nullable=True))
    return RecordBatch.from_arrays(arrays, schema=Schema(fields))


def _types(kind: ColumnType) -> tuple[Any, Any]:
    """The Arrow type the values are built in, and the type of the column."""
    from arro3.core import DataType

    if kind is ColumnType.DATETIME:
        return DataType.int64(), DataType.timestamp("us", tz="UTC")
    made = {
        ColumnType.STRING: DataType.utf8, ColumnType.DYNAMIC: DataType.utf8, ColumnType.LONG: DataType.int64,
        ColumnType.REAL: DataType.float64, ColumnType.BOOL: DataType.bool,
    }[kind]()  # fmt: skip
    return made, made


def _microseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    apart = moment - _EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds


def _moments(column: list[datetime | None]) -> list[int | None]:
    if column and column.count(column[0]) == len(column):  # the rows of one run say when it was
        return [_microseconds(column[0])] * len(column)
    return [_microseconds(moment) for moment in column]


def _clean(column: list[str | None]) -> list[str | None]:
    """Paths from a file system may hold lone surrogates, which Arrow refuses: shown as escapes instead."""
    if "".join(filter(None, column)).isascii():
        return column
    return [text and text.encode("utf-8", "backslashreplace").decode() for text in column]


_CONVERT: dict[ColumnType, Callable[[list[Any]], list[Any]]] = {
    ColumnType.DATETIME: _moments, ColumnType.STRING: _clean, ColumnType.DYNAMIC: _clean,
}  # fmt: skip
