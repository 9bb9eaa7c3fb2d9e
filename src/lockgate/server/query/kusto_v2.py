"""Answers of ``/v2/rest/query``: frames in an array, a table each, or the header, fragments and end of a table each.

https://learn.microsoft.com/kusto/api/rest/response-http. ``TableKind`` and ``TableName`` come before ``Rows``, which
clients that read as it arrives depend on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.server.query import visualization
from lockgate.server.query.faults import Fault, cut_fault, kusto_error
from lockgate.server.query.values import moment, pieces, rows_text

if TYPE_CHECKING:
    from lockgate.store.ask import Answer, AnswerTable

_STATUS = (
    ("Timestamp", "datetime"), ("ClientRequestId", "string"), ("ActivityId", "guid"), ("SubActivityId", "guid"),
    ("ParentActivityId", "guid"), ("Level", "int"), ("LevelName", "string"), ("StatusCode", "int"),
    ("StatusCodeName", "string"), ("EventType", "int"), ("EventTypeName", "string"), ("Payload", "string"),
)  # fmt: skip
_PROPERTIES = (("TableId", "int"), ("Key", "string"), ("Value", "dynamic"))
TOO_LARGE = -2133196797
"""``E_QUERY_RESULT_SET_TOO_LARGE``, 0x80DA0003 as a number with a sign."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of a request what its answer repeats."""

    request: str
    """``x-ms-client-request-id``."""
    activity: str
    """A guid of ours."""
    now: int
    """Ticks since the year 1."""
    progressive: bool = False
    """``results_progressive_enabled``"""
    defer: bool = False
    """``deferpartialqueryfailures``: errors stand in what ends the answer, not among the rows."""


def frames(answer: Answer, asked: Asked) -> Iterator[bytes]:
    """The whole body, in pieces."""
    yield b"[" + orjson.dumps({"FrameType": "DataSetHeader", "IsProgressive": asked.progressive, "Version": "v2.0"})
    rendered = [
        [number, "Visualization", visualization.text(table)] for number, table in enumerate(answer.tables, 1)
    ]  # fmt: skip
    yield b"," + _table(0, "QueryProperties", "@ExtendedProperties", _PROPERTIES, rendered)
    faults = [cut_fault(one.over) for one in answer.tables if one.over is not None]
    for number, table in enumerate(answer.tables, 1):
        yield from _primary(number, table, asked)
    status = status_rows(answer, faults, asked)
    number = len(answer.tables) + 1
    yield b"," + _table(number, "QueryCompletionInformation", "QueryCompletionInformation", _STATUS, status)
    end: dict[str, Any] = {"FrameType": "DataSetCompletion", "HasErrors": bool(faults), "Cancelled": False}
    if faults:
        end["OneApiErrors"] = [_told(one, asked) for one in faults]
    yield b"," + orjson.dumps(end) + b"]"


def _primary(number: int, table: AnswerTable, asked: Asked) -> Iterator[bytes]:
    name = "PrimaryResult"
    head = {"TableId": number, "TableKind": name, "TableName": name, "Columns": _columns(table.columns)}
    error = None
    if table.over is not None and not asked.defer:
        error = {"OneApiErrors": [_told(cut_fault(table.over), asked)]}
    if asked.progressive:
        yield b"," + orjson.dumps({"FrameType": "TableHeader", **head})
        yield from _fragments(number, table, error)
        yield b"," + orjson.dumps({"FrameType": "TableCompletion", "TableId": number, "RowCount": len(table.rows)})
        return
    yield b"," + orjson.dumps({"FrameType": "DataTable", **head})[:-1] + b',"Rows":['
    between = b""
    for piece in pieces(table):
        yield between + rows_text(piece)
        between = b","
    if error is not None:
        yield between + orjson.dumps(error)
    yield b"]}"


def _fragments(number: int, table: AnswerTable, error: dict[str, Any] | None) -> Iterator[bytes]:
    head = {"FrameType": "TableFragment", "TableFragmentType": "DataAppend", "TableId": number,
            "FieldCount": len(table.columns)}  # fmt: skip
    done = 0
    for piece in pieces(table):
        done += len(piece)
        yield b"," + orjson.dumps({**head, "Rows": piece})
        progress = round(100 * done / len(table.rows), 1)
        yield b"," + orjson.dumps({"FrameType": "TableProgress", "TableId": number, "TableProgress": progress})
    if error is not None:
        yield b"," + orjson.dumps({**head, "Rows": [error]})


def status_rows(answer: Answer, faults: Sequence[Fault], asked: Asked) -> list[list[Any]]:
    """How it ended, and what it took."""
    begin = [moment(asked.now), asked.request, asked.activity, asked.activity, asked.activity]
    rows: list[list[Any]] = [
        [*begin, 2, "Error", TOO_LARGE, f"Query result set too large (E_QUERY_RESULT_SET_TOO_LARGE). ({TOO_LARGE})", 1,
         "QueryLimitsExceeded", orjson.dumps({"Count": 1, "Text": one.message}).decode()]
        for one in faults
    ]  # fmt: skip
    if not faults:
        done = '{"Count":1,"Text":"Query completed successfully"}'
        rows.append([*begin, 4, "Info", 0, "S_OK (0)", 4, "QueryInfo", done])
    taken = orjson.dumps(consumption(answer)).decode()
    rows.append([*begin, 6, "Stats", 0, "S_OK (0)", 0, "QueryResourceConsumption", taken])
    return rows


def consumption(answer: Answer) -> dict[str, Any]:
    """What the answer took, in Kusto's words. What is not measured here is not told."""
    return {
        "ExecutionTime": round(answer.statistics.get("seconds", 0.0), 7),
        "dataset_statistics": [{"table_row_count": len(table.rows)} for table in answer.tables],
    }


def _columns(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"ColumnName": name, "ColumnType": type_} for name, type_ in columns]


def _table(number: int, kind: str, name: str, columns: Sequence[tuple[str, str]], rows: list[list[Any]]) -> bytes:
    return orjson.dumps({
        "FrameType": "DataTable", "TableId": number, "TableKind": kind, "TableName": name,
        "Columns": _columns(columns), "Rows": rows,
    })  # fmt: skip


def _told(fault: Fault, asked: Asked) -> dict[str, Any]:
    return kusto_error(fault, request=asked.request, activity=asked.activity)
