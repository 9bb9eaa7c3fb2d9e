"""Columns as Arrow record batches, and the SQL types of the same columns. Arrow by ``arro3``; pyarrow is not needed."""

from __future__ import annotations

from typing import Any

from lockgate.store._columns import RawColumns
from lockgate.tables import ColumnType, Table

SQL_TYPES = {
    ColumnType.STRING: "VARCHAR", ColumnType.LONG: "BIGINT", ColumnType.REAL: "DOUBLE", ColumnType.BOOL: "BOOLEAN",
    ColumnType.DATETIME: "TIMESTAMPTZ", ColumnType.DYNAMIC: "VARCHAR", ColumnType.INT: "INTEGER",
    ColumnType.GUID: "VARCHAR",
}  # fmt: skip


def batch_of(table: Table, columns: RawColumns) -> Any:
    """An ``arro3.core.RecordBatch`` with the columns of ``table``."""
    from arro3.core import Array, Field, RecordBatch, Schema

    fields, arrays = [], []
    made: dict[tuple[int, ColumnType], Any] = {}
    for column in table.columns:
        raw, kind = _types(column.type)
        key = id(columns[column.name]), column.type
        if key not in made:  # columns that hold the same may be the same list
            array = Array(columns[column.name], type=raw)
            made[key] = array if raw is kind else array.cast(kind)
        arrays.append(made[key])
        fields.append(Field(column.name, kind, nullable=True))
    return RecordBatch.from_arrays(arrays, schema=Schema(fields))


def _types(kind: ColumnType) -> tuple[Any, Any]:
    """The Arrow type the values are built in, and the type of the column."""
    from arro3.core import DataType

    if kind is ColumnType.DATETIME:
        return DataType.int64(), DataType.timestamp("us", tz="UTC")
    made = {
        ColumnType.STRING: DataType.utf8, ColumnType.DYNAMIC: DataType.utf8, ColumnType.LONG: DataType.int64,
        ColumnType.REAL: DataType.float64, ColumnType.BOOL: DataType.bool, ColumnType.INT: DataType.int32,
        ColumnType.GUID: DataType.utf8,
    }[kind]()  # fmt: skip
    return made, made
