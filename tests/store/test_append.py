"""A small append without ``deltalake`` leaves the table that ``deltalake`` would have left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from deltalake import DeltaTable

from lockgate.errors import StoreError
from lockgate.store import Record, _append
from lockgate.store._append import CHECKPOINT_EVERY, CONFIGURATION, append
from lockgate.store._columns import raw_of_rows
from lockgate.tables import Column, ColumnType, tables

NAMES = ("Findings", "Components", "Skips", "Decisions", "Runs")


def _by(workspace: Path, table: str) -> list[str]:
    """Who made each commit of a table, oldest first."""
    log = workspace / "record" / table / "_delta_log"
    lines = [path.read_text().split("\n", 1)[0] for path in sorted(log.glob("*.json"))]
    return [json.loads(line)["commitInfo"]["engineInfo"].partition(":")[0] for line in lines]


def _rows(name: str = "one") -> dict[str, list[Any]]:
    moment = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
    return dict(raw_of_rows(tables()["Skips"], [{"TimeGenerated": moment, "RunId": name, "Batch": name, "Path": "p"}]))


def test_a_run_is_stored_without_deltalake(tmp_path: Path, runs: ModuleType) -> None:
    Record.open(tmp_path).append_result(runs.result("one"))
    assert {name: _by(tmp_path, name) for name in NAMES} == {name: ["lockgate"] for name in NAMES}
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import record_results as runs\n"
        "runs.Record.open(sys.argv[2]).append_result(runs.result('two'))\n"
        "print([name for name in ('deltalake', 'arro3', 'duckdb') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)]
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(source)}
    )
    assert done.stdout == "[]\n"
    assert {row["RunId"] for row in Record.open(tmp_path).rows("Findings")} == {"one", "two"}


def test_rows_are_those_that_deltalake_would_have_stored(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = runs.result("one", findings=40)
    Record.open(tmp_path / "quick").append_result(result, batch="b")
    monkeypatch.setattr(_append, "MOST_ROWS", -1)
    Record.open(tmp_path / "slow").append_result(result, batch="b")
    for name in NAMES:
        assert (_by(tmp_path / "quick", name), _by(tmp_path / "slow", name)) == (["lockgate"], ["delta-rs"])
        assert Record.open(tmp_path / "quick").rows(name) == Record.open(tmp_path / "slow").rows(name)


def test_a_table_is_made_as_deltalake_makes_it(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    Record.open(tmp_path / "quick").append_result(runs.result("one"))
    monkeypatch.setattr(_append, "MOST_ROWS", -1)
    Record.open(tmp_path / "slow").append_result(runs.result("one"))
    for name in NAMES:
        quick, slow = (DeltaTable(tmp_path / one / "record" / name) for one in ("quick", "slow"))
        assert quick.schema() == slow.schema()
        assert quick.protocol() == slow.protocol()
        assert quick.metadata().configuration == slow.metadata().configuration == CONFIGURATION
        assert quick.metadata().partition_columns == slow.metadata().partition_columns == []
        assert quick.get_add_actions(flatten=True).num_rows == 1


def test_every_twentieth_commit_is_left_to_deltalake_which_makes_a_checkpoint(
    tmp_path: Path, runs: ModuleType
) -> None:
    record = Record.open(tmp_path)
    for number in range(2 * CHECKPOINT_EVERY + 3):
        record.append_result(runs.result(f"run{number}", findings=1, components=1))
    log = tmp_path / "record" / "Runs" / "_delta_log"
    assert [int(path.name[:20]) for path in sorted(log.glob("*.checkpoint.parquet"))] == [19, 39]
    by = _by(tmp_path, "Runs")
    assert [version for version, who in enumerate(by) if who == "delta-rs"] == [19, 39]
    assert len(record.rows("Findings")) == 2 * CHECKPOINT_EVERY + 3
    assert len(record.rows("Runs", version=30)) == 31


def test_a_commit_of_another_writer_is_looked_at_by_deltalake_once(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    record.append_result(runs.result("two"))
    record.compact()
    for name in ("three", "four"):
        record.append_result(runs.result(name))
    assert _by(tmp_path, "Findings") == ["lockgate", "lockgate", "delta-rs", "delta-rs", "lockgate"]
    assert len(record.rows("Findings")) == 12


@pytest.mark.parametrize("change", ["constraint", "properties"])
def test_a_table_that_is_no_longer_plain_is_left_to_deltalake(
    tmp_path: Path, runs: ModuleType, change: str
) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    handle = DeltaTable(tmp_path / "record" / "Skips")
    if change == "constraint":
        handle.alter.add_constraint({"named": "RunId <> 'bad'"})
    else:
        handle.alter.set_table_properties({"delta.checkpointInterval": "5"})
    for name in ("two", "three"):
        record.append_result(runs.result(name))
    assert _by(tmp_path, "Skips") == ["lockgate", *["delta-rs"] * 3]
    assert len(record.rows("Skips")) == 3
    if change == "constraint":
        with pytest.raises(StoreError):
            record.append_result(runs.result("bad"))


def test_columns_of_a_later_version_are_left_to_deltalake(tmp_path: Path) -> None:
    folder, skips = str(tmp_path / "Skips"), tables()["Skips"]
    assert append(folder, skips, _rows())
    wider = replace(skips, columns=(*skips.columns, Column("Later", ColumnType.LONG, "A column of a later version")))
    assert not append(folder, wider, {**_rows(), "Later": [1]})
    assert append(folder, skips, _rows())


def test_many_rows_are_left_to_deltalake(tmp_path: Path) -> None:
    many = {name: values * (_append.MOST_ROWS + 1) for name, values in _rows().items()}
    assert not append(str(tmp_path / "Skips"), tables()["Skips"], many)
    assert not (tmp_path / "Skips").exists()


def test_a_writer_that_another_was_quicker_than_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, skips = tmp_path / "Skips", tables()["Skips"]
    put = _append._put
    others = ["second", "third"]

    def put_after_another(path: str, content: bytes) -> int:
        if path.endswith(".json.tmp") and others:
            name = others.pop()
            assert append(str(folder), skips, _rows(name))
        return put(path, content)

    monkeypatch.setattr(_append, "_put", put_after_another)
    assert append(str(folder), skips, _rows("first"))
    table = DeltaTable(folder)
    assert (table.version(), len(table.file_uris())) == (2, 3)
    assert not list(folder.glob("_delta_log/*.tmp"))


def test_nothing_is_left_of_an_append_that_deltalake_has_to_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, skips = tmp_path / "Skips", tables()["Skips"]
    assert append(str(folder), skips, _rows())
    before = sorted(folder.rglob("*"))
    steps = iter([1, None])
    monkeypatch.setattr(_append, "_next_of", lambda log, table: next(steps))
    monkeypatch.setattr(_append, "commit", lambda log, version, lines: False)
    assert not append(str(folder), skips, _rows())
    assert sorted(folder.rglob("*")) == before


def test_a_file_system_without_hard_links_is_left_to_deltalake(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    assert _by(tmp_path, "Runs") == ["delta-rs"]
    assert len(record.rows("Findings")) == 3
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("damage", [b"", b"{", b"\0" * 64, b'{"commitInfo":{"lockgateShape":7}}\n', b"[]\n"])
def test_a_damaged_commit_is_left_to_deltalake_to_tell(tmp_path: Path, damage: bytes) -> None:
    folder, skips = tmp_path / "Skips", tables()["Skips"]
    assert append(str(folder), skips, _rows())
    (folder / "_delta_log" / f"{0:020}.json").write_bytes(damage)
    assert not append(str(folder), skips, _rows())


def test_a_log_whose_first_commits_are_gone_is_left_to_deltalake(tmp_path: Path) -> None:
    folder, skips = tmp_path / "Skips", tables()["Skips"]
    for _ in range(3):
        assert append(str(folder), skips, _rows())
    (folder / "_delta_log" / f"{0:020}.json").unlink()
    assert not append(str(folder), skips, _rows())
    (folder / "_delta_log" / "_last_checkpoint").write_text('{"version":7}')
    assert not append(str(folder), skips, _rows())


def test_what_a_killed_writer_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    folder, skips = tmp_path / "Skips", tables()["Skips"]
    (folder / "_delta_log").mkdir(parents=True)
    (folder / "part-00000-dead-c000.parquet").write_bytes(b"PAR1")
    (folder / "_delta_log" / "_commit_dead.json.tmp").write_bytes(b"{")
    assert append(str(folder), skips, _rows())
    assert len(DeltaTable(folder).file_uris()) == 1


def test_retention_finds_rows_of_small_appends(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    actions = DeltaTable(tmp_path / "record" / "Runs").get_add_actions(flatten=True)
    held = dict(zip(actions.schema.names, (column[0].as_py() for column in actions.columns), strict=True))
    assert held["num_records"] == 1
    assert held["min.TimeGenerated"] == held["max.TimeGenerated"] == runs.NOW
    assert record.retain(0, now=datetime(2040, 1, 1, tzinfo=UTC))["Runs"] == 1
    assert record.rows("Runs") == []
