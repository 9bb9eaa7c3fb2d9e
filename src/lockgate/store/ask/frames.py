"""Rows between DuckDB and the steps in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockgate.kql import bound, relation
from lockgate.kql.duckdb.values import sql_type
from lockgate.kql.steps import Frame
from lockgate.kql.syntax import Evaluate
from lockgate.kql.types import Column
from lockgate.store.ask.foreign import reader, writer

__all__ = ["frame_of", "keep", "name_of", "reader"]


def frame_of(columns: Sequence[Column], rows: Sequence[tuple[object, ...]]) -> Frame:
    """Rows of DuckDB as a step takes them."""
    data: list[list[object]] = []
    for i, column in enumerate(columns):
        read = reader(column.type)
        data.append([row[i] for row in rows] if read is None else [read(row[i]) for row in rows])
    return Frame(tuple(columns), tuple(data))


def keep(connection: Any, name: str, cut: relation.Cut, frame: Frame) -> None:
    """What a step gave, as a table with the names of the cut's fields."""
    from arro3.core import Array, DataType, Field, RecordBatch, Schema

    kinds = {"BOOLEAN": DataType.bool(), "INTEGER": DataType.int32(), "BIGINT": DataType.int64(),
             "DOUBLE": DataType.float64()}  # fmt: skip
    arrays, fields = [], []
    given = {one.name: values for one, values in zip(frame.columns, frame.data, strict=True)}
    for column, field in cut.fields:
        # The service's parser has columns that a step need not give (``match_id`` of scan): they are null then.
        values = given.get(column.name, [None] * frame.height)
        write = writer(column.type)
        kind = kinds.get(sql_type(field.type), DataType.utf8())
        arrays.append(Array([write(one) for one in values], type=kind))
        fields.append(Field(field.name, kind, nullable=True))
    arrays.append(Array(list(range(frame.height)), type=DataType.int64()))
    fields.append(Field(cut.position.name, DataType.int64(), nullable=True))
    batch = RecordBatch.from_arrays(arrays, schema=Schema(fields))
    connection.register(f"{name}_given", batch)
    try:
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_given")  # noqa: S608 -- generated names
    finally:
        connection.unregister(f"{name}_given")


def name_of(step: bound.Step) -> str:
    """What an operator or plugin is called."""
    if isinstance(step.syntax, Evaluate):
        return step.syntax.call.name.text
    return type(step.syntax).__name__
