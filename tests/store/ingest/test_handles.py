"""A table that stays open is what it is on the disk each time it is asked for."""

import shutil

import pytest

from lockgate.errors import StoreError
from lockgate.kql import QueryError
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import Collected, Loader
from lockgate.store.ingest.collected import shape_of
from lockgate.tables import Column, ColumnType


def _load(folder, line, **more):
    loader = Loader(Collected(Record.open(folder)), "Rows_CL")
    try:
        return loader.load(line, **more)
    finally:
        loader.close()


def test_what_another_process_committed_is_seen(tmp_path):
    _load(tmp_path, b'{"a":1}\n')
    collected = Collected(Record.open(tmp_path))
    names = {column.name for column in collected["Rows_CL"].columns}
    _load(tmp_path, b'{"a":2,"b":3}\n', once=("sender", 4))
    assert {column.name for column in collected["Rows_CL"].columns} - names == {"b"}
    assert collected.holds("Rows_CL", ("sender", 4))
    assert not collected.holds("Rows_CL", ("sender", 5))


def test_many_commits_and_checkpoints_of_others_are_seen(tmp_path):
    _load(tmp_path, b'{"a":1}\n')
    mine, other = (Collected(Record.open(tmp_path)) for _ in range(2))
    assert not mine.holds("Rows_CL", ("sender", 1))
    for number in range(1, 45):
        other.append("Rows_CL", [], once=("sender", number))
    assert mine.holds("Rows_CL", ("sender", 44))
    mine.append("Rows_CL", [], once=("sender", 45))
    assert other.holds("Rows_CL", ("sender", 45))


def test_a_table_that_went_is_gone_and_one_that_is_made_anew_is_another(tmp_path):
    _load(tmp_path, b'{"a":1}\n', once=("sender", 1))
    collected = Collected(Record.open(tmp_path))
    assert collected.holds("Rows_CL", ("sender", 1))
    shutil.rmtree(tmp_path / "record" / "Rows_CL")
    assert "Rows_CL" not in collected
    collected.made(shape_of("Rows_CL", [Column("z", ColumnType.LONG, "")]))
    assert "z" in {column.name for column in collected["Rows_CL"].columns}
    shutil.rmtree(tmp_path / "record" / "Rows_CL")
    _load(tmp_path, b'{"y":1}\n')
    assert "y" in {column.name for column in collected["Rows_CL"].columns}
    assert not collected.holds("Rows_CL", ("sender", 1))


def test_a_log_that_is_damaged_is_a_clear_error_and_well_again_when_it_is_put_back(tmp_path):
    _load(tmp_path, b'{"a":1}\n')
    collected = Collected(Record.open(tmp_path))
    assert "Rows_CL" in collected
    log = tmp_path / "record" / "Rows_CL" / "_delta_log"
    broken = log / f"{2:020}.json"
    assert not broken.exists()
    broken.write_text("{")
    with pytest.raises(StoreError):
        collected.get("Rows_CL")
    broken.unlink()
    assert "Rows_CL" in collected


def test_a_table_that_is_deleted_while_a_query_holds_it_is_a_clear_error(tmp_path):
    _load(tmp_path, b'{"a":1}\n')
    tables = Record.open(tmp_path).asked()
    try:
        assert ask("Rows_CL | count", tables).rows == [(1,)]
        shutil.rmtree(tmp_path / "record" / "Rows_CL")
        with pytest.raises(QueryError, match="went away while the query ran") as caught:
            ask("Rows_CL | summarize sum(a)", tables)
        assert str(tmp_path) not in str(caught.value)
    finally:
        tables.connection.close()
