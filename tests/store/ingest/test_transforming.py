"""Rows go through a query on their way in, each by itself; what would need more than one row is refused."""

from datetime import UTC, datetime

import orjson
import pytest

from lockgate.kql import QueryError
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import Collected, Loader
from lockgate.store.ingest.transforming import MOST_TEXT, Transformation
from lockgate.tables import Column, ColumnType

_NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
_COLUMNS = [
    Column("time", ColumnType.DATETIME, ""), Column("severity", ColumnType.STRING, ""),
    Column("properties", ColumnType.DYNAMIC, ""), Column("n", ColumnType.LONG, ""),
]  # fmt: skip
_ROWS = [
    {"time": "2026-11-26T10:00:00.1234567Z", "severity": "Critical", "properties": {"EventId": 7, "list": [1]},
     "n": 2**53 + 1},
    {"time": "2026-11-26T11:00:00Z", "severity": "Low", "properties": None, "n": 2},
    {"time": "no time", "severity": "Critical", "properties": "text", "n": None},
]  # fmt: skip
_TEXT = """
source
| where severity == "Critical"
| extend Properties = parse_json(properties)
| project TimeGenerated = todatetime(['time']), Category = severity, EventId = tostring(Properties.EventId), Properties,
    n, Span = totimespan('01:00:00')
"""


def _lines(rows):
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_rows_are_filtered_and_shaped_and_what_did_not_fit_is_told():
    data, problems = Transformation(_TEXT, _COLUMNS).lines(_lines(_ROWS), first=1, received=_NOW)
    assert [orjson.loads(line) for line in data.splitlines()] == [
        {"TimeGenerated": "2026-11-26T10:00:00.1234560Z", "Category": "Critical", "EventId": "7",
         "Properties": {"EventId": 7, "list": [1]}, "n": 2**53 + 1, "Span": "01:00:00"},
        {"Category": "Critical", "EventId": "", "Properties": "text", "Span": "01:00:00"},
    ]  # fmt: skip
    assert [(one.line, one.field, one.kept) for one in problems] == [(3, "time", True)]


def test_what_comes_out_is_what_the_table_holds(tmp_path):
    record = Record.open(tmp_path)
    loader = Loader(Collected(record), "Events_CL", transformation=Transformation(_TEXT, _COLUMNS))
    done = loader.load(_lines([*_ROWS, 5]), received=_NOW)
    loader.close()
    assert done.rows == 2
    assert [(one.line, one.kept) for one in done.problems] == [(4, False), (3, True)]
    tables = record.asked()
    assert ask("Events_CL | where isnotempty(EventId) | project Category, n", tables).rows == [("Critical", 2**53 + 1)]
    assert ask("Events_CL | where TimeGenerated == ingestion_time() | count", tables).rows == [(1,)]
    tables.connection.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("source | summarize count() by severity", "summarize"), ("source | take 5", "take 5"),
        ("Findings", "Findings"),
        ("source | join kind=inner (source) on n", "join"), ("source | sort by n", "sort by"),
        ("source | where n in ((source | project n))", "source | project n"), ("source | union source", "union"),
        ("source | extend a = toscalar(source | count)", "toscalar"), ("source | mv-expand properties", "mv-expand"),
        ("source | evaluate bag_unpack(properties)", "evaluate"), ("source | extend r = rand()", "rand()"),
        ("source | extend a = row_number()", "row_number()"), ("source | project-keep n", "project-keep"),
        ("source | extend a = ingestion_time()", "ingestion_time()"), ("source; source", "source"),
        ("externaldata (a: string) ['https://example.com']", "externaldata"), ("set notruncation; source", "set"),
        ("source | parse severity with " + " ".join(f"'x' c{n}" for n in range(11)), "parse"),
        ("source | extend a = '" + "x" * MOST_TEXT + "'", "source"),
    ],
)  # fmt: skip
def test_what_a_transformation_may_not_do_is_refused_with_its_place(text, place):
    with pytest.raises(QueryError) as refused:
        Transformation(text, _COLUMNS)
    [first, *_] = refused.value.diagnostics
    assert first.code == "LG120"
    assert text[first.start :].startswith(place)


def test_a_name_that_the_rows_do_not_have_is_refused():
    with pytest.raises(QueryError, match="colour"):
        Transformation("source | where colour == 1", _COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "source", "source | project-away n | project-rename level = severity",
        "let f = (x: long) { x * 2 }; source | extend n = f(n)",
        "let limit = 3; source | where n > limit", "source | parse severity with a 'i' b", "print n = 1",
    ],
)  # fmt: skip
def test_what_is_allowed_runs(text):
    data, _ = Transformation(text, _COLUMNS).lines(_lines(_ROWS[:1]), first=1, received=_NOW)
    assert len(data.splitlines()) <= 1
