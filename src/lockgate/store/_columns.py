"""Rows of a table as columns of plain values, whatever writes them then. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.tables import ColumnType, Table

RawColumns = Mapping[str, list[Any]]
"""Column name -> a value for each row, None where there is none; moments are microseconds since 1970 UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def raw_of_rows(table: Table, rows: Sequence[Mapping[str, Any]]) -> RawColumns:
    """All columns of ``table``; a key that is no column is refused."""
    names = {name for row in rows for name in row}
    return raw_columns(table, {name: [row.get(name) for row in rows] for name in names}, len(rows))


def raw_columns(table: Table, columns: Mapping[str, list[Any]], count: int) -> RawColumns:
    """The same of columns that have ``count`` values each; one that is not given holds nothing."""
    strange = columns.keys() - {column.name for column in table.columns}
    if strange:
        raise ValueError(f"{min(strange)!r} is no column of {table.name}")
    nothing: list[Any] = [None] * count
    made: dict[str, list[Any]] = {}
    done: dict[tuple[int, ColumnType], list[Any]] = {}
    for column in table.columns:
        values = columns.get(column.name)
        if values is None:
            made[column.name] = nothing
            continue
        key = id(values), column.type
        if key not in done:  # columns that hold the same may be the same list, and stay so
            convert = _CONVERT.get(column.type)
            done[key] = values if convert is None else convert(values)
        made[column.name] = done[key]
    return made


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
    if all(map(str.isascii, filter(None, column))):
        return column
    return [text and text.encode("utf-8", "backslashreplace").decode() for text in column]


_CONVERT: dict[ColumnType, Callable[[list[Any]], list[Any]]] = {
    ColumnType.DATETIME: _moments, ColumnType.STRING: _clean, ColumnType.DYNAMIC: _clean,
    ColumnType.GUID: _clean,
}  # fmt: skip
