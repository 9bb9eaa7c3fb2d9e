"""Rows from outside come into a table once, typed, and all of them: what does not fit is kept beside it."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError, LockgateError, StoreError
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import AUDIT, Collected, Loader, Times, reading_of
from lockgate.store.ingest.blocks import blocks
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.fitting import MOST_LINE, fitted
from lockgate.store.ingest.plain import opened, written
from lockgate.store.tending import forget
from lockgate.tables import Column, ColumnType

_NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
_LONG_AGO = datetime(2025, 1, 1, 12, tzinfo=UTC)
_KINDS = {kind.value.capitalize(): kind for kind in ColumnType}
_COLUMNS = [Column(name, kind, "") for name, kind in _KINDS.items()]


def _lines(rows: Sequence[Any]) -> bytes:
    return b"".join((row if isinstance(row, bytes) else orjson.dumps(row)) + b"\n" for row in rows)


class _Workspace:
    def __init__(self, folder: Path) -> None:
        self.record = Record.open(folder)
        self.collected = Collected(self.record)

    def load(self, name: str, rows: Sequence[Any], **more: Any) -> Any:
        own = {key: more.pop(key) for key in ("once", "received", "first") if key in more}
        loader = Loader(self.collected, name, **more)
        try:
            return loader.load(_lines(rows), **{"received": _NOW, **own})
        finally:
            loader.close()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        tables = self.record.asked()
        try:
            return ask(query, tables).rows
        finally:
            tables.connection.close()


@pytest.fixture
def workspace(tmp_path: Path) -> _Workspace:
    return _Workspace(tmp_path)


# --- typed, and the same both ways

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
_REALS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | _REALS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda one: f"{one.isoformat()}Z")
_ODD = st.sampled_from([
    "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:0 :00Z", "2026-11-20T10:00:00+02:00",
    "-026-11-20T10:00:00Z", "2026-11-20", "7", "07", "-0", " 7", "1e3", "1_0", "0x10", "true", "TRUE", "NaN",
    "Infinity", "nan", "9223372036854775808", "2147483648",
    "6F9619FF-8B86-D011-B42D-00C04FC964FF", "{6F9619FF-8B86-D011-B42D-00C04FC964FF}", "",
])  # fmt: skip
_ROWS = st.fixed_dictionaries({}, optional={
    "String": _JSON | _ODD, "Int": st.integers(-(2**31), 2**31 - 1) | _JSON | _ODD,
    "Long": st.integers(-(2**63), 2**63 - 1) | _JSON | _ODD, "Real": _REALS | _JSON | _ODD,
    "Bool": st.booleans() | _JSON | _ODD,
    "Datetime": _MOMENTS | _JSON | _ODD, "Dynamic": _JSON, "Guid": st.uuids().map(str) | _JSON | _ODD,
    "TimeGenerated": _MOMENTS | _ODD,
})  # fmt: skip


def _value(kind: ColumnType, value: Any) -> Any:
    if kind is ColumnType.DYNAMIC and value is not None:
        return json.loads(value)
    if kind is ColumnType.STRING:
        try:
            return json.loads(value, parse_constant=str)
        except ValueError:
            return value
    return value


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(_ROWS, min_size=1, max_size=3), times=st.sampled_from(Times))
def test_what_is_read_at_once_is_what_is_read_row_by_row(
    rows: list[dict[str, Any]], times: Times, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    table = shape_of("Rows_CL", _COLUMNS)
    block, part = folder / "block", folder / "part"
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    received = round(_NOW.timestamp() * 1_000_000)
    with opened() as connection:
        done = written(
            connection, data, part, table, reading_of(table), received=received, times=times, block=block
        )
        if done is None:
            assert not part.exists()
            return
        cursor = connection.execute(f"SELECT * FROM read_parquet('{part}')")
        names = [one[0] for one in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    slow = fitted(enumerate(data.splitlines(), 1), table, reading_of(table), received=received, times=times)
    assert slow.problems == []
    assert not slow.new
    for has, wanted in zip(found, slow.rows, strict=True):
        for column in table.columns:
            assert _value(column.type, has[column.name]) == _value(column.type, wanted.get(column.name)), column.name


_BEYOND = (b"1e400", b'{"x":-1.5E+400}', b"[[1e400 ]]", b"9" * 320 + b".5")


@pytest.mark.parametrize(
    "line",
    [b'{"Dynamic":%s}' % word for word in (b"nan", b"-inf ", b"[1, INF]", b'{"x":-nan}', b"[1,]")]
    + [b'{"String":nan}', b'{"String":"a",}', b'{"Long":1}\x0b', b'\x0c{"Long":1}'],
)
def test_what_is_no_json_is_not_read_as_if_it_were(line: bytes, workspace: _Workspace) -> None:
    done = workspace.load("Rows_CL", [line, {"Long": 2}], columns=_COLUMNS)
    assert done.rows == 1
    assert [one.reason.partition(":")[0] for one in done.problems] == ["no JSON"]


@pytest.mark.parametrize("word", [b"-Infinity ", b"[1, Infinity]", b'{"x":NaN}', *_BEYOND])
def test_numbers_that_json_has_not_are_texts_and_told(word: bytes, workspace: _Workspace) -> None:
    done = workspace.load("Rows_CL", [b'{"Dynamic":%s,"Real":NaN}' % word, {"Long": 2}], columns=_COLUMNS)
    assert done.rows == 2
    assert [(one.line, one.field, one.kept) for one in done.problems] == [(1, "", True), (1, "Real", True)]
    [(kept,)] = workspace.ask("Rows_CL | where isnotempty(Dynamic) | project tostring(Dynamic)")
    assert kept.count('"') >= 2 or kept in ("-Infinity", "1e400", (b"9" * 320 + b".5").decode())


def test_texts_that_look_like_no_json_are_texts(workspace: _Workspace) -> None:
    texts = ["nan", ":nan,", "[1,]", "Infinity", ", }", "[1e400]"]
    done = workspace.load("Rows_CL", [{"String": text, "Dynamic": [text]} for text in texts], columns=_COLUMNS)
    assert done.problems == ()
    assert {row[0] for row in workspace.ask("Rows_CL | project String")} == set(texts)


def test_lines_longer_than_usual_are_read_at_once_too(workspace: _Workspace) -> None:
    rows = [{"String": "x" * length} for length in (10, 300_000, 20, 5 << 20, 30)]
    done = workspace.load("Rows_CL", rows, columns=_COLUMNS)
    assert (done.rows, done.problems) == (5, ())
    assert workspace.ask("Rows_CL | summarize max(strlen(String)), sum(strlen(String))") == [
        (5 << 20, sum(len(row["String"]) for row in rows))
    ]


def test_a_long_line_among_rows_that_are_not_plain_is_read_by_itself(workspace: _Workspace) -> None:
    lines = [b'{"String":"a"}', b"no JSON", b'{"String":"%s","Long":"1x"}' % (b"y" * (2 << 20)), b'{"String":"b"}']
    done = workspace.load("Rows_CL", lines, columns=_COLUMNS)
    assert done.rows == 3
    assert [(one.line, one.kept) for one in done.problems] == [(2, False), (3, True)]
    assert workspace.ask("Rows_CL | summarize max(strlen(String)), countif(isnull(Long))") == [(2 << 20, 3)]


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.binary(max_size=12).filter(lambda one: b"\n" not in one)), size=st.integers(1, 64))
def test_the_blocks_of_a_file_are_its_lines_cut_at_the_same_places(
    lines: list[bytes], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "lines"
    content = b"".join(line + b"\n" for line in lines)
    path.write_bytes(content)
    if content.startswith((b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf")):
        return
    found = list(blocks(path, form="ndjson", size=size))
    assert b"".join(bytes(block.data) for block in found) == content
    at, line = 0, 1
    for number, block in enumerate(found, 1):
        assert (block.number, block.begin()) == (number, line)
        assert bytes(block.data).endswith(b"\n")
        at, line = at + len(block.data), line + bytes(block.data).count(b"\n")
        piece = -(-at // size) * size  # what is cut ends with the last line of its piece
        assert at == len(content) or b"\n" not in content[at:piece]


@settings(max_examples=8, deadline=None)
@given(rows=st.lists(_ROWS, min_size=1, max_size=6))
def test_every_row_is_in_the_table_or_beside_it(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = _Workspace(tmp_path_factory.mktemp("rows"))
    lines = [json.dumps(row).encode() for row in rows]
    done = workspace.load("Rows_CL", lines, columns=_COLUMNS)
    lost = [one for one in done.problems if not one.kept]
    assert done.rows + len(lost) == len(rows)
    assert workspace.ask("Rows_CL | count") == [(done.rows,)]
    if done.problems:
        assert workspace.ask("Rows_CL_errors | summarize count(), countif(not(Kept))") == [
            (len(done.problems), len(lost))
        ]


def test_values_of_every_type_come_back_as_they_went(workspace: _Workspace) -> None:
    row = {"String": "Zoë", "Int": -7, "Long": 2**63 - 1, "Real": 1.5, "Bool": True,
           "Datetime": "2026-11-01T10:00:00.5Z", "Dynamic": {"big": 2**70, "list": [1, None]},
           "Guid": "6F9619FF-8B86-D011-B42D-00C04FC964FF"}  # fmt: skip
    workspace.load("Rows_CL", [json.dumps(row).encode()], columns=_COLUMNS)
    asked = "Rows_CL | project String, Int, Long, Real, Bool, tostring(Datetime), tostring(Dynamic), Guid"
    assert workspace.ask(asked) == [(
        "Zoë", -7, 2**63 - 1, 1.5, True, "2026-11-01T10:00:00.5000000Z",
        '{"big":1180591620717411303424,"list":[1,null]}', "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    )]  # fmt: skip


def test_a_custom_table_gets_the_columns_that_its_rows_show(workspace: _Workspace) -> None:
    workspace.load("Rows_CL", [
        {"s": "a", "n": 1, "r": 1, "b": True, "t": "2026-11-01T10:00:00Z", "o": {"x": 1}, "m": 1, "day": "2026-11-01",
         "g": "6F9619FF-8B86-D011-B42D-00C04FC964FF"},
        {"s": "b", "n": 2, "r": 1.5, "m": "one", "o": None},
    ])  # fmt: skip
    kinds = {column.name: column.type.value for column in workspace.collected["Rows_CL"].columns}
    assert {name: kinds[name] for name in ("s", "n", "r", "b", "t", "o", "m", "day", "g")} == {
        "s": "string", "n": "long", "r": "real", "b": "bool", "t": "datetime", "o": "dynamic", "m": "string",
        "day": "string", "g": "guid",
    }  # fmt: skip
    assert workspace.ask("Rows_CL | project s, n, r, m | sort by s asc") == [("a", 1, 1.0, "1"), ("b", 2, 1.5, "one")]


@pytest.mark.parametrize("name", ["Rows", "_CL", "Rows-CL", "a b_CL", "Findings", "../x_CL"])
def test_a_name_that_no_table_can_have_is_refused(workspace: _Workspace, name: str) -> None:
    with pytest.raises(ConfigurationError):
        workspace.load(name, [{"a": 1}])


# --- drift

def test_a_new_field_widens_a_custom_table_and_older_rows_hold_nothing_in_it(workspace: _Workspace) -> None:
    workspace.load("Rows_CL", [{"a": 1}])
    done = workspace.load("Rows_CL", [{"a": 2, "b": "x", "c": 3}])
    assert (done.rows, done.problems) == (1, ())
    assert workspace.ask("Rows_CL | where b == '' | project a, b, c") == [(1, "", None)]
    assert workspace.ask("Rows_CL | where isnotempty(b) | project a, b, c") == [(2, "x", 3)]


def test_a_value_of_another_type_is_kept_beside_the_row(workspace: _Workspace) -> None:
    workspace.load("Rows_CL", [{"a": 1, "b": 1}])
    done = workspace.load("Rows_CL", [{"a": 2, "b": "two"}, {"a": 3, "b": 2**63}])
    assert done.rows == 2
    assert workspace.ask("Rows_CL | where isnull(b) | count") == [(2,)]
    assert workspace.ask("Rows_CL_errors | project Line, Field, Reason, Text, Kept | sort by Line asc") == [
        (1, "b", "the value is no whole number", "two", True),
        (2, "b", "the number does not fit into 64 bits", "9223372036854775808", True),
    ]


def test_a_field_that_a_table_of_azure_does_not_have_is_kept_beside_the_row(workspace: _Workspace) -> None:
    done = workspace.load("ContainerLogV2", [{"PodName": "web", "Colour": "red", "LogMessage": {"a": 1}}])
    assert done.rows == 1
    assert workspace.ask("ContainerLogV2 | project PodName, tostring(LogMessage)") == [("web", '{"a":1}')]
    assert workspace.ask("ContainerLogV2_errors | project Field, Text, Kept") == [("Colour", "red", True)]


def test_ten_thousand_fields_make_a_table_as_wide_as_one_may_be_and_no_wider(workspace: _Workspace) -> None:
    row = {f"c{i}": i for i in range(10_000)}
    done = workspace.load("Rows_CL", [row, {"c1": 5}])
    assert done.rows == 2
    assert len(workspace.collected["Rows_CL"].columns) == 500
    columns = len([name for name in (one.name for one in workspace.collected["Rows_CL"].columns) if name in row])
    assert len(done.problems) == 10_000 - columns
    assert {one.kept for one in done.problems} == {True}


def test_a_field_that_differs_by_case_alone_is_kept_beside_the_row(workspace: _Workspace) -> None:
    done = workspace.load("Rows_CL", [{"Host": "a"}, {"host": "b"}])
    assert done.rows == 2
    assert [(one.field, one.text) for one in done.problems] == [("host", "b")]


# --- times

@pytest.mark.parametrize(
    ("times", "apart", "kept"),
    [
        (Times.SERVICE, timedelta(days=-2), True), (Times.SERVICE, timedelta(days=-2, seconds=-1), False),
        (Times.SERVICE, timedelta(days=1), True), (Times.SERVICE, timedelta(days=1, seconds=1), False),
        (Times.KEPT, timedelta(days=-9000), True), (Times.KEPT, timedelta(days=1, seconds=1), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"])
def test_a_time_far_from_now_becomes_that_of_ingestion(
    workspace: _Workspace, times: Times, apart: timedelta, kept: bool, form: str
) -> None:
    moment = _NOW + apart
    workspace.load("Rows_CL", [{"TimeGenerated": moment.strftime(form), "a": 1}], times=times)
    [(found, ingested)] = workspace.ask("Rows_CL | project tostring(TimeGenerated), tostring(ingestion_time())")
    assert found == (moment if kept else _NOW).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    assert ingested == "2026-11-26T12:00:00.0000000Z"


def test_a_row_without_a_time_has_that_of_ingestion(workspace: _Workspace) -> None:
    done = workspace.load("Rows_CL", [{"a": 1}, {"a": 2, "TimeGenerated": None}, {"a": 3, "TimeGenerated": "soon"}])
    assert workspace.ask("Rows_CL | where TimeGenerated == ingestion_time() | count") == [(3,)]
    assert [(one.field, one.kept) for one in done.problems] == [("TimeGenerated", True)]


def test_another_field_can_say_when_it_was(workspace: _Workspace) -> None:
    workspace.load("Rows_CL", [{"at": "2025-01-01T00:00:00Z", "a": 1}], time_field="at")
    assert workspace.ask("Rows_CL | project tostring(TimeGenerated)") == [("2025-01-01T00:00:00.0000000Z",)]


@pytest.mark.parametrize("rows", [1, 3000], ids=["few", "many"])
def test_a_time_far_from_now_is_told_of_where_no_column_keeps_it(workspace: _Workspace, rows: int) -> None:
    late, soon = "2026-11-23T00:00:00Z", "2026-12-23T00:00:00Z"
    fill = [{"TimeGenerated": "2026-11-26T11:00:00Z", "Text": "y" * 900}] * rows
    done = workspace.load(
        "Rows_CL", [*fill, {"TimeGenerated": late}, {"TimeGenerated": soon}, {"TimeGenerated": late, "Datetime": late}],
        columns=[*_COLUMNS, Column("Text", ColumnType.STRING, "")], times=Times.SERVICE,
    )  # fmt: skip
    assert [(one.line, one.reason.partition(";")[0], one.field, one.text, one.kept) for one in done.problems] == [
        (rows + 1, "the time is more than two days old", "TimeGenerated", late, True),
        (rows + 2, "the time is more than a day ahead", "TimeGenerated", soon, True),
    ]
    assert workspace.ask("Rows_CL | where TimeGenerated == ingestion_time() | count") == [(3,)]
    audit = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a", "stageTimestamp": late}
    done = workspace.load("AKSAudit", [audit], audit=True, clean=lambda one: one, times=Times.SERVICE)
    assert (done.rows, done.problems) == (1, ())


# --- bad input

@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'\xff{"a":1}', "byte 1 is not UTF-8"), (b"nope", "no JSON"), (b"[1]", "the row is no JSON object"),
        (b"null", "the row is no JSON object"), (b'{"a":1} {"a":2}', "no JSON"), (b'{"a":1', "no JSON"),
        (b'{"b":' + b"[" * 100_000, "no JSON"),
        (b'{"b":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON"),
        (b'{"a":"' + b"x" * MOST_LINE + b'"}', "the row is longer than"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_kept_beside_the_table_and_the_others_are_in_it(
    workspace: _Workspace, line: bytes, reason: str
) -> None:
    done = workspace.load("Rows_CL", [{"a": 1}, line, {"a": 2}])
    assert done.rows == 2
    [problem] = done.problems
    assert problem.line == 2
    assert not problem.kept
    assert problem.reason.startswith(reason)
    assert workspace.ask("Rows_CL | count") == [(2,)]
    assert workspace.ask("Rows_CL_errors | project Line, Kept, strlen(Text) > 0") == [(2, False, True)]


@pytest.mark.parametrize(
    ("line", "reason", "kept"),
    [
        (b'{"a":"caf\xe9 1"}', "byte 10 is not UTF-8", "caf\ufffd 1"),
        (b'{"a":"\\ud800 \\\\ud800 \\ud83d\\ude00"}', "no JSON", "\ufffd \\ud800 \U0001f600"),
        (b'\xef\xbb\xbf{"a":"b"}', "no JSON", "b"),
        (b'{"a":"1e400, NaN","b":1e400}', "no JSON", "1e400, NaN"),
    ],
)  # fmt: skip
def test_a_wrong_sign_does_not_keep_a_row_out_of_its_table(
    workspace: _Workspace, line: bytes, reason: str, kept: str
) -> None:
    done = workspace.load("Rows_CL", [{"a": "first"}, line])
    assert done.rows == 2
    [problem] = done.problems
    assert (problem.line, problem.field, problem.kept) == (2, "", True)
    assert problem.reason.startswith(reason)
    assert workspace.ask("Rows_CL | where a != 'first' | project a") == [(kept,)]
    assert workspace.ask("Rows_CL_errors | project Line, Kept, strlen(Text) > 0") == [(2, True, True)]


def test_a_thousand_levels_are_kept_and_more_are_told(workspace: _Workspace) -> None:
    done = workspace.load("Rows_CL", [b'{"a":%s1%s}' % (b"[" * n, b"]" * n) for n in (990, 1010)])
    assert done.rows == 2
    assert [(one.line, one.field) for one in done.problems] == [(2, "a")]


def test_bad_lines_in_a_large_block_are_found_one_by_one(workspace: _Workspace) -> None:
    rows: list[Any] = [{"a": n, "text": "x" * 100} for n in range(20_000)]
    for bad in (7, 9_999, 19_999):
        rows[bad] = b"broken"
    done = workspace.load("Rows_CL", rows)
    assert done.rows == 19_997
    assert [one.line for one in done.problems] == [8, 10_000, 20_000]
    assert workspace.ask("Rows_CL | summarize count(), sum(a)") == [(19_997, sum(range(20_000)) - 30_005)]


def test_a_table_of_another_writer_is_refused(workspace: _Workspace, tmp_path: Path) -> None:
    from arro3.core import Array, DataType, Field, RecordBatch, Schema
    from deltalake import write_deltalake

    batch = RecordBatch.from_arrays([Array([1], type=DataType.int64())], schema=Schema([Field("a", DataType.int64())]))
    write_deltalake(str(tmp_path / "record" / "Rows_CL"), batch)
    with pytest.raises(StoreError, match="does not say what it holds"):
        workspace.load("Rows_CL", [{"a": 1}])


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("no folder")
    with pytest.raises(LockgateError):
        _Workspace(tmp_path).load("Rows_CL", [{"a": 1}])


# --- once

def test_a_batch_is_taken_once(workspace: _Workspace) -> None:
    for _ in range(3):
        done = workspace.load("Rows_CL", [{"a": 1}, b"bad"], once=("sender", 1))
    assert done.again
    workspace.load("Rows_CL", [{"a": 1}], once=("sender", 2))
    assert workspace.ask("Rows_CL | count") == [(2,)]
    assert workspace.ask("Rows_CL_errors | count") == [(1,)]


@pytest.mark.parametrize("before", [1, 2])
def test_a_batch_that_broke_off_between_its_commits_is_completed_and_not_doubled(
    workspace: _Workspace, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    workspace.load("Rows_CL", [{"a": 1}])
    real, calls = Collected.append, []

    def dies(self: Collected, *arguments: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == before:
            raise KeyboardInterrupt
        real(self, *arguments, **more)

    monkeypatch.setattr(Collected, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        workspace.load("Rows_CL", [{"a": 2}, b"bad"], once=("sender", 1))
    monkeypatch.undo()
    assert workspace.ask("Rows_CL | count") == [(1,)]
    assert workspace.load("Rows_CL", [{"a": 2}, b"bad"], once=("sender", 1)).rows == 1
    assert workspace.ask("Rows_CL | count") == [(2,)]
    assert workspace.ask("Rows_CL_errors | count") == [(1,)]


def _batches(folder: Path) -> None:
    workspace = _Workspace(folder)
    for number in range(1, 6):
        workspace.load("Rows_CL", [{"a": number}, b"bad"], once=("sender", number))


def test_two_processes_with_the_same_batches_leave_each_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_batches, args=(tmp_path,)) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(50)
        assert one.exitcode == 0
    workspace = _Workspace(tmp_path)
    assert workspace.ask("Rows_CL | summarize count(), sum(a)") == [(5, 15)]
    assert workspace.ask("Rows_CL_errors | count") == [(5,)]


def test_two_compactions_at_once_lose_and_double_nothing(workspace: _Workspace) -> None:
    for number in range(8):
        workspace.load("Rows_CL", [{"a": number}])
    errors: list[BaseException] = []

    def compact() -> None:
        try:
            workspace.record.compact()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=compact) for _ in range(2)]
    for one in threads:
        one.start()
    workspace.load("Rows_CL", [{"a": 8}])
    for one in threads:
        one.join()
    assert errors == []
    assert workspace.ask("Rows_CL | summarize count(), sum(a)") == [(9, 36)]


def test_old_rows_are_forgotten_in_all_tables_or_in_those_that_are_meant(workspace: _Workspace) -> None:
    for table in ("Rows_CL", "Others_CL"):
        workspace.load(table, [{"a": 1, "TimeGenerated": "2026-10-01T00:00:00Z"}, {"a": 2}])
    later = datetime(2026, 11, 27, tzinfo=UTC)
    assert workspace.record.retain(30, only=["Others_CL"], now=later) == {"Others_CL": 1}
    assert workspace.ask("Others_CL | project a") == [(2,)]
    assert workspace.ask("Rows_CL | count") == [(2,)]
    assert workspace.record.retain(30, now=later) == {"Others_CL": 0, "Rows_CL": 1}
    assert workspace.ask("Rows_CL | project a") == [(2,)]


def test_a_table_that_goes_while_it_is_asked_is_a_clear_error(workspace: _Workspace, tmp_path: Path) -> None:
    import shutil

    workspace.load("Rows_CL", [{"a": 1}])
    tables = workspace.record.asked()
    assert ask("Rows_CL | count", tables).rows == [(1,)]
    shutil.rmtree(tmp_path / "record" / "Rows_CL")
    with pytest.raises(LockgateError):
        ask("Rows_CL | where a > 0", tables)
    tables.connection.close()


# --- audit

def _event(**more: Any) -> dict[str, Any]:
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "1",
        "stage": "ResponseComplete", "verb": "get", "requestURI": "/api/v1/pods?a=1&b=2", "user": {"username": "jane"},
        "sourceIPs": ["10.0.0.1"],
        "objectRef": {"resource": "pods", "namespace": "shop"},
        "requestReceivedTimestamp": "2026-11-26T10:00:00.000001Z",
        "stageTimestamp": "2026-11-26T10:00:00.000002Z", **more,
    }  # fmt: skip


def test_events_of_the_audit_log_are_rows_of_aksaudit(workspace: _Workspace) -> None:
    rows = [_event(), _event(authenticationMetadata={"x": 1}), _event(apiVersion="audit.k8s.io/v1beta1"), _event(odd=1)]
    done = workspace.load("AKSAudit", rows, audit=True, clean=dict)
    assert done.rows == 3
    assert [(one.line, one.field, one.kept) for one in done.problems] == [(3, "", False), (4, "odd", True)]
    asked = (
        "AKSAudit | project Verb, RequestUri, tostring(User.username), tostring(ObjectRef.namespace), Type, "
        "tostring(TimeGenerated)"
    )
    row = ("get", "/api/v1/pods?a=1&b=2", "jane", "shop", "AKSAudit", "2026-11-26T10:00:00.0000020Z")
    assert workspace.ask(asked) == [row] * 3
    assert workspace.ask("AzureDiagnostics | where Category == 'kube-audit' | count") == [(3,)]


def test_objects_with_secrets_in_an_audit_log_go_through_what_takes_them_out(workspace: _Workspace) -> None:
    seen = []

    def clean(event: Any) -> Any:
        seen.append(event["objectRef"]["resource"])
        return {**event, "requestObject": "cleaned"}

    pod = {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "A", "value": "b"}]}]}}
    plain = {"kind": "Pod", "spec": {"containers": [{"image": "a"}]}}
    workspace.load("AKSAudit", [_event(requestObject=plain)], audit=True, clean=clean)
    assert seen == []
    workspace.load("AKSAudit", [_event(requestObject=pod)], audit=True, clean=clean)
    secret = {"kind": "Secret", "data": {"key": "dmFsdWU="}}
    event = _event(objectRef={"resource": "secrets"}, requestObject=secret)
    workspace.load("AKSAudit", [event], audit=True, clean=clean)
    assert seen == ["pods", "secrets"]
    assert workspace.ask("AKSAudit | where tostring(RequestObject) == 'cleaned' | count") == [(2,)]
    assert "requestObject" in AUDIT.objects


@pytest.mark.parametrize("mark", [b'"env":[', b'"env" : [', b'"to\\u006ben":[', b'"Secret":["Secret",'])
def test_one_secret_among_many_objects_goes_through_what_takes_it_out(mark: bytes, workspace: _Workspace) -> None:
    seen = []

    def clean(event: Any) -> Any:
        seen.append(event["auditID"])
        return {**event, "requestObject": "cleaned"} if event["auditID"] == "bad" else event

    rows: list[Any] = [_event(auditID=str(n), requestObject={"kind": "Pod", "note": "x" * 300}) for n in range(3_000)]
    rows[2_000] = orjson.dumps(_event(auditID="bad", requestObject={"kind": "Pod", "here": 1}))
    rows[2_000] = rows[2_000].replace(b'"here":1', mark + b"1]")
    done = workspace.load("AKSAudit", rows, audit=True, clean=clean)
    assert (done.rows, done.problems) == (3_000, ())
    assert "bad" in seen
    assert len(seen) < 1_500  # only a piece is read row by row
    assert workspace.ask("AKSAudit | where tostring(RequestObject) == 'cleaned' | project AuditId") == [("bad",)]


def test_what_did_not_fit_is_forgotten_with_its_table_unless_it_has_days_of_its_own(workspace: _Workspace) -> None:
    for name in ("Rows_CL", "Other_CL", "Kept_CL"):
        workspace.load(name, [{"TimeGenerated": "2025-01-01T00:00:00Z", "a": 1}, b"broken"], received=_LONG_AGO)
    done = list(forget(workspace.record, {"Rows_CL": 30, "Other_CL": 30, "Other_CL_errors": 100_000}))
    assert done == [("Rows_CL", 30, 2), ("Other_CL", 30, 1), ("Other_CL_errors", 100_000, 0)]
    left = "union withsource=Name * | where Name has_any ('Rows_CL', 'Other_CL', 'Kept_CL') or Name endswith '_errors'"
    assert workspace.ask(f"{left} | summarize count() by Name | sort by Name asc") == [
        ("Kept_CL", 1), ("Kept_CL_errors", 1), ("Other_CL_errors", 1),
    ]  # fmt: skip
