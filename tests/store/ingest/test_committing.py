"""Commits of our own are those that ``deltalake`` would have made: it reads them and goes on after them."""

import json
import threading

import pytest
from deltalake import DeltaTable

from lockgate.store import Record
from lockgate.store._append import CHECKPOINT_EVERY
from lockgate.store.ingest import Collected, Loader
from lockgate.store.ingest.committing import committed


def _load(folder, line, **more):
    loader = Loader(Collected(Record.open(folder)), "Rows_CL")
    try:
        return loader.load(line, **more)
    finally:
        loader.close()


def _table(folder):
    return DeltaTable(str(folder / "record" / "Rows_CL"))


def test_deltalake_reads_what_was_committed_and_by_whom(tmp_path):
    for number in range(1, CHECKPOINT_EVERY + 3):
        _load(tmp_path, b'{"n":%d}\n' % number, once=("sender", number))
    table = _table(tmp_path)
    actions = table.get_add_actions(flatten=True)
    assert sum(actions["num_records"].to_pylist()) == CHECKPOINT_EVERY + 2
    assert table.transaction_version("sender") == CHECKPOINT_EVERY + 2
    told = [one.get("engineInfo", "") for one in table.history()]
    assert any(one.startswith("lockgate:") for one in told)
    assert list((tmp_path / "record" / "Rows_CL" / "_delta_log").glob("*.checkpoint*.parquet")), "deltalake made none"


def test_a_number_that_is_taken_is_told_and_nothing_is_left(tmp_path):
    _load(tmp_path, b'{"n":1}\n')
    table, folder = _table(tmp_path), tmp_path / "record" / "Rows_CL"
    _load(tmp_path, b'{"n":2}\n')
    before = sorted(path.name for path in (folder / "_delta_log").iterdir())
    with pytest.raises(FileExistsError):
        committed(table, folder, [], ("sender", 1))
    assert sorted(path.name for path in (folder / "_delta_log").iterdir()) == before


def test_a_table_that_asks_more_of_a_writer_is_left_to_deltalake(tmp_path):
    _load(tmp_path, b'{"n":1}\n')
    table, folder = _table(tmp_path), tmp_path / "record" / "Rows_CL"
    log = folder / "_delta_log" / f"{table.version() + 1:020}.json"
    log.write_text(json.dumps({"protocol": {"minReaderVersion": 1, "minWriterVersion": 4}}))
    assert committed(_table(tmp_path), folder, [], None) is None


def test_several_writers_at_once_lose_and_double_nothing(tmp_path):
    _load(tmp_path, b'{"n":0}\n')

    def write(sender):
        for number in range(1, 9):
            _load(tmp_path, b'{"n":1}\n', once=(sender, number))

    threads = [threading.Thread(target=write, args=(f"sender{one}",)) for one in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    table = _table(tmp_path)
    assert sum(table.get_add_actions(flatten=True)["num_records"].to_pylist()) == 25
    assert [table.transaction_version(f"sender{one}") for one in range(3)] == [8, 8, 8]
