"""A Parquet file of ours holds what it was given, whoever reads it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.store._parquet import parquet
from lockgate.tables import ColumnType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VALUES = {
    ColumnType.STRING: st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    ColumnType.DYNAMIC: st.just('{"name":"value"}') | st.text("ab", min_size=600, max_size=700),
    ColumnType.INT: st.integers(-(2**31), 2**31 - 1),
    ColumnType.LONG: st.integers(-(2**63), 2**63 - 1),
    ColumnType.GUID: st.uuids().map(str),
    ColumnType.REAL: st.floats(allow_nan=False),
    ColumnType.BOOL: st.booleans(),
    ColumnType.DATETIME: st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
}


@st.composite
def _columns(draw: st.DrawFn) -> list[tuple[str, ColumnType, list[Any]]]:
    count = draw(st.integers(1, 40))
    kinds = draw(st.lists(st.sampled_from(list(_VALUES)), min_size=1, max_size=20))
    return [
        (f"c{n}", kind, draw(st.lists(st.none() | _VALUES[kind], min_size=count, max_size=count)))
        for n, kind in enumerate(kinds)
    ]


def _read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = [row[0] for row in connection.execute(f"DESCRIBE FROM '{path}'").fetchall()]
        types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE FROM '{path}'").fetchall()}
        asked = [f"epoch_us({name})" if types[name].startswith("TIMESTAMP") else name for name in names]
        return connection.execute(f"SELECT {', '.join(asked)} FROM '{path}'").fetchall()


@settings(max_examples=60)
@given(columns=_columns())
def test_what_was_written_comes_back(tmp_path_factory: pytest.TempPathFactory, columns: list[Any]) -> None:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    path.write_bytes(parquet(columns, by="tests"))
    assert _read(path) == list(zip(*(values for _, _, values in columns), strict=True))


def test_each_type_is_the_one_that_readers_of_the_record_expect(tmp_path: Path) -> None:
    moment = int((datetime(2031, 5, 4, 12, 0, 0, 123_456, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))
    columns = [
        ("text", ColumnType.STRING, ["a"]), ("json", ColumnType.DYNAMIC, ["{}"]), ("long", ColumnType.LONG, [1]),
        ("real", ColumnType.REAL, [1.5]), ("truth", ColumnType.BOOL, [True]), ("moment", ColumnType.DATETIME, [moment]),
        ("int", ColumnType.INT, [1]), ("guid", ColumnType.GUID, ["00000000-0000-0000-0000-000000000001"]),
    ]  # fmt: skip
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet(columns, by="lockgate version 1"))
    assert [row[1] for row in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()] == [
        "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP WITH TIME ZONE",
        "INTEGER", "VARCHAR",
    ]  # fmt: skip
    assert duckdb.sql(f"SELECT created_by, num_rows FROM parquet_file_metadata('{path}')").fetchall() == [
        ("lockgate version 1", 1)
    ]


def test_pages_are_compressed_where_that_saves_something(tmp_path: Path) -> None:
    columns = [("same", ColumnType.STRING, ["0123456789abcdef"] * 200), ("few", ColumnType.LONG, [1] * 200)]
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet([columns[0], ("few", ColumnType.BOOL, [True] * 200)], by="tests"))
    query = f"SELECT path_in_schema, compression, total_compressed_size FROM parquet_metadata('{path}') ORDER BY 1"
    few, same = duckdb.sql(query).fetchall()
    assert few[:2] == ("few", "UNCOMPRESSED")
    assert same[:2] == ("same", "GZIP")
    assert same[2] < 200


@pytest.mark.parametrize("kind", [ColumnType.LONG, ColumnType.DATETIME])
def test_a_number_that_does_not_fit_is_refused(kind: ColumnType) -> None:
    with pytest.raises(struct.error):
        parquet([("c", kind, [2**63])], by="tests")
