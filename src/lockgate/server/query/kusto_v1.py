"""Answers of ``/v1/rest/query`` and ``/v1/rest/mgmt``: ``{"Tables": [...]}``.

A query's answer has its results, the chart that is asked for, how it ended, and last a table of contents; a command's
has its one table. https://learn.microsoft.com/kusto/api/rest/response.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.server.query import visualization
from lockgate.server.query.faults import cut_fault
from lockgate.server.query.kusto_v2 import TOO_LARGE, Asked, consumption
from lockgate.server.query.values import DATA_TYPES, moment, pieces, rows_text

if TYPE_CHECKING:
    from lockgate.store.ask import Answer, AnswerTable

_STATUS = (
    ("Timestamp", "datetime"), ("Severity", "int"), ("SeverityName", "string"), ("StatusCode", "int"),
    ("StatusDescription", "string"), ("Count", "int"), ("RequestId", "guid"), ("ActivityId", "guid"),
    ("SubActivityId", "guid"), ("ClientActivityId", "string"),
)  # fmt: skip
_CONTENTS = (("Ordinal", "long"), ("Kind", "string"), ("Name", "string"), ("Id", "string"), ("PrettyName", "string"))


def query_tables(answer: Answer, asked: Asked) -> Iterator[bytes]:
    """The body of a query's answer, in pieces."""
    yield b'{"Tables":['
    for number, table in enumerate(answer.tables):
        yield b"," if number else b""
        yield from _table(number, table)
    count = len(answer.tables)
    shown = [[visualization.text(table)] for table in answer.tables]
    faults = [cut_fault(one.over) for one in answer.tables if one.over is not None]
    contents: list[list[Any]] = [
        [number, "QueryResult", "PrimaryResult", _guid(asked, number), ""] for number in range(count)
    ]  # fmt: skip
    contents.append([count, "QueryProperties", "@ExtendedProperties", _guid(asked, count), ""])
    contents.append([count + 1, "QueryStatus", "QueryStatus", _guid(asked, count + 1), ""])
    yield b"," + _rows(count, (("Value", "string"),), shown)
    yield b"," + _rows(count + 1, _STATUS, _status(answer, [one.message for one in faults], asked))
    yield b"," + _rows(count + 2, _CONTENTS, contents) + b"]"
    if faults:
        yield b',"Exceptions":' + orjson.dumps([one.message for one in faults])
    yield b"}"


def command_table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> bytes:
    """The body of a command's answer. Values are as JSON has them."""
    return b'{"Tables":[' + _rows(0, columns, rows) + b"]}"


def _status(answer: Answer, faults: Sequence[str], asked: Asked) -> list[list[Any]]:
    begin, guid = moment(asked.now), asked.activity
    end = [1, guid, guid, guid, asked.request]
    rows: list[list[Any]] = [[begin, 2, "Error", TOO_LARGE, one, *end] for one in faults]
    if not faults:
        rows.append([begin, 4, "Info", 0, "Query completed successfully", *end])
    rows.append([begin, 6, "Stats", 0, orjson.dumps(consumption(answer)).decode(), *end])
    return rows


def _table(number: int, table: AnswerTable) -> Iterator[bytes]:
    yield _head(number, table.columns)
    between = b""
    for piece in pieces(table, inline=True):
        yield between + rows_text(piece)
        between = b","
    yield b"]}"


def _rows(number: int, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> bytes:
    return _head(number, columns) + rows_text(rows) + b"]}"


def _head(number: int, columns: Sequence[tuple[str, str]]) -> bytes:
    shown = [{"ColumnName": name, "DataType": DATA_TYPES[type_], "ColumnType": type_} for name, type_ in columns]
    return orjson.dumps({"TableName": f"Table_{number}", "Columns": shown})[:-1] + b',"Rows":['


def _guid(asked: Asked, number: int) -> str:
    """The identity of a table: of one answer all differ, and each is a guid."""
    from uuid import UUID, uuid5

    return str(uuid5(UUID(asked.activity), str(number)))
