"""The record keeps whole runs, and only whole runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lockgate.errors import StoreError
from lockgate.model import Decision, Reason, Verdict
from lockgate.store import Record
from lockgate.tables import Column, ColumnType, tables


def _writer(workspace: Path, name: str, count: int) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("record_results.py")
    source = Path(__file__).parents[2] / "src"
    return subprocess.Popen(
        [sys.executable, str(script), str(workspace), name, str(count)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip


def test_a_run_comes_back_as_it_was_written(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    assert [len(record.rows(name)) for name in ("Runs", "Findings", "Components", "Skips", "Decisions")] == [
        1,
        3,
        2,
        1,
        1,
    ]
    run = record.rows("Runs")[0]
    assert (run["RunId"], run["TimeGenerated"], run["Verdict"]) == ("one", runs.NOW, "deny")
    assert (run["FindingCount"], run["Families"]) == (3, '["secrets"]')
    finding = min(record.rows("Findings"), key=lambda row: row["Line"])
    assert (finding["Path"], finding["Severity"], finding["SeverityLevel"], finding["Waived"]) == (
        "f0.py",
        "high",
        3,
        False,
    )
    assert record.rows("Components")[0]["Direct"] is None


@pytest.mark.parametrize("address", [False, True], ids=["in a folder", "at an address"])
def test_rows_of_a_run_come_in_the_order_in_which_they_were_appended(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch, address: bool
) -> None:
    monkeypatch.setattr("lockgate.store.record._PIECE", 700)
    reasons = tuple(Reason(Verdict.WARN, f"warn[{number * 37 % 101}]", "text") for number in range(101))
    made = replace(
        runs.result("a", findings=2_500), decision=Decision("check", Verdict.WARN, reasons),
        coverage={"workflows": "1 file", "secrets": "7 files"},
    )  # fmt: skip
    record = Record.open(tmp_path.as_uri() if address else tmp_path)
    record.append_result(made)
    record.append_result(runs.result("b"))
    rows = [row["Identity"] for row in record.rows("Findings") if row["RunId"] == "a"]
    assert rows == [one.identity for one in made.findings]
    assert _gate_rules(record) == [one.rule for one in reasons]
    record.compact()
    assert _gate_rules(record) == [one.rule for one in reasons]
    assert record.rows("Findings") == record.rows("Findings")
    (run,) = [row for row in record.rows("Runs") if row["RunId"] == "a"]
    assert run["Coverage"] == '{"secrets":"7 files","workflows":"1 file"}'


def _gate_rules(record: Record) -> list[str]:
    return [row["GateRule"] for row in record.rows("Decisions") if row["RunId"] == "a"]


def test_a_run_is_there_once_it_was_appended(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    assert not record.has_run("a")
    record.append_result(runs.result("a"))
    assert (record.has_run("a"), record.has_run("b"), record.has_run("' OR 1=1 --")) == (True, False, False)


def test_nothing_shows_of_a_run_that_is_wanted_no_longer(tmp_path: Path, runs: ModuleType) -> None:
    record, asked = Record.open(tmp_path), iter((True, True, False))
    record.append_result(runs.result("a"), wanted=lambda: next(asked, False))
    assert (record.rows("Findings"), record.rows("Runs")) == ([], [])
    assert record.history("Findings")  # it had begun
    record.append_result(runs.result("a"))
    assert len(record.rows("Runs")) == 1
    assert len(record.rows("Findings")) == len(runs.result("a").findings) + len(runs.result("a").fixed)


def test_a_record_nobody_wrote_to_is_empty(tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    assert record.rows("Findings") == []
    assert record.sql('SELECT count(*) AS n FROM "Runs"') == [{"n": 0}]
    assert record.history("Runs") == []
    assert record.compact() == {}


def test_a_path_that_is_no_text_is_stored_escaped(tmp_path: Path, runs: ModuleType) -> None:
    result = runs.result("one")
    skip = replace(result.skips[0], path="b\udcffad")
    Record.open(tmp_path).append_result(replace(result, skips=(skip,)))
    assert Record.open(tmp_path).rows("Skips")[0]["Path"] == "b\\udcffad"


def test_rows_without_their_run_do_not_show(tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("whole"))
    append = Record._append

    def dies_before_the_mark(self: Record, table: object, rows: object, **marks: object) -> None:
        if table is tables()["Runs"]:
            raise KeyboardInterrupt
        append(self, table, rows, **marks)  # type: ignore[arg-type]

    monkeypatch.setattr(Record, "_append", dies_before_the_mark)
    with pytest.raises(KeyboardInterrupt):
        record.append_result(runs.result("half"))
    assert {row["RunId"] for row in record.rows("Findings")} == {"whole"}
    monkeypatch.undo()
    record.append_result(runs.result("half"))
    assert Counter(row["RunId"] for row in record.rows("Findings")) == {"whole": 3, "half": 3}


@pytest.mark.slow
def test_a_killed_writer_leaves_whole_runs_and_every_run_it_reported(tmp_path: Path) -> None:
    reported: set[str] = set()
    for turn in range(6):
        writer = _writer(tmp_path, f"turn{turn}", 1_000)
        assert writer.stdout is not None
        reported.add(writer.stdout.readline().strip())
        time.sleep(0.013 * turn)
        writer.kill()
        rest, _ = writer.communicate(timeout=20)
        reported.update(line for line in rest.split("\n")[:-1] if line)
    record = Record.open(tmp_path)
    stored = Counter(row["RunId"] for row in record.rows("Findings"))
    assert reported <= set(stored), "a run that was reported as stored is lost"
    assert set(stored) == {row["RunId"] for row in record.rows("Runs")}
    assert set(stored.values()) == {20}, "half a run shows"
    assert Counter(row["RunId"] for row in record.rows("Components")) == dict.fromkeys(stored, 2)


@pytest.mark.slow
def test_two_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    writers = [_writer(tmp_path, name, 12) for name in ("left", "right")]
    for writer in writers:
        _, _ = writer.communicate(timeout=50)
        assert writer.returncode == 0
    stored = Counter(row["RunId"] for row in Record.open(tmp_path).rows("Findings"))
    assert stored == {f"{name}-{number}": 20 for name in ("left", "right") for number in range(12)}


def test_compaction_changes_no_row(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    for number in range(4):
        record.append_result(runs.result(f"run{number}"))
    before = sorted(str(row) for row in record.rows("Findings"))
    assert record.compact()["Findings"] == 4
    assert sorted(str(row) for row in record.rows("Findings")) == before
    assert record.history("Findings")[0]["operation"] == "OPTIMIZE"


def test_a_writer_that_opened_before_a_compaction_can_go_on(tmp_path: Path, runs: ModuleType) -> None:
    early = Record.open(tmp_path)
    early.append_result(runs.result("one"))
    Record.open(tmp_path).compact()
    early.append_result(runs.result("two"))
    assert len(early.rows("Runs")) == 2


def test_the_record_can_be_read_as_it_stood(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    between = datetime.now(UTC)
    time.sleep(0.02)
    record.append_result(runs.result("two"))
    assert {row["RunId"] for row in record.rows("Findings", version=0)} == {"one"}
    assert {row["RunId"] for row in record.rows("Findings", version=between)} == {"one"}
    assert len(record.rows("Findings")) == 6


def test_a_version_that_never_was_is_a_store_error(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    with pytest.raises(StoreError):
        record.rows("Findings", version=99)


def test_rows_of_no_run_count_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    now = datetime.now(UTC)
    record.append_alone("AdmissionObjects", [{"TimeGenerated": now, "RunId": "webhook", "Digest": "sha256:1"}])
    assert [row["Digest"] for row in record.rows("AdmissionObjects")] == ["sha256:1"]
    record.append_alone("AdmissionObjects", [])
    assert record.retain(0, now=now + timedelta(days=1))["AdmissionObjects"] == 1
    with pytest.raises(ValueError, match="belong to a run"):
        record.append_alone("Skips", [])


def test_retention_deletes_old_runs_whole(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    for name, days in (("old", 40), ("young", 3)):
        began = runs.NOW - timedelta(days=days)
        piece = {"TimeGenerated": began, "RunId": name, "Batch": f"batch of {name}"}
        for table in ("KubernetesObjects", "ForgeObjects", "ForgeRepositories"):
            record.append_piece(table, [piece])
            assert name not in {row["RunId"] for row in record.rows(table)}, "the run is under way"
        record.append_result(runs.result(name, started=began), batch=piece["Batch"])
    assert record.retain(30, now=runs.NOW)["Findings"] == 3
    for name in tables():
        assert {row["RunId"] for row in record.rows(name)} == (set() if tables()[name].alone else {"young"})
    with pytest.raises(ValueError, match="keep_hours"):
        record.retain(30, keep_hours=1)


def test_queries_see_the_record_and_no_other_file(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    answer = record.sql("SELECT Rule, count(*) AS n FROM Findings WHERE RunId = ? GROUP BY Rule", ["one"])
    assert answer == [{"Rule": "secrets/x", "n": 3}]
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    for query in (f"SELECT * FROM read_csv('{outside}')", f"COPY (SELECT 1) TO '{tmp_path / 'out'}'",
                  "SET enable_external_access = true"):  # fmt: skip
        with pytest.raises(StoreError):
            record.sql(query)
    assert not (tmp_path / "out").exists()


def test_a_table_grows_a_column_and_old_rows_hold_null(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    Record.open(tmp_path).append_result(runs.result("old"))
    skips = tables()["Skips"]
    wider = replace(
        skips, columns=(*skips.columns, Column("Later", ColumnType.DATETIME, "A column of a later version"))
    )
    for module in ("record", "_query"):
        monkeypatch.setattr(f"lockgate.store.{module}.tables", lambda: {**tables_before, "Skips": wider})
    tables_before = dict(tables())
    record = Record.open(tmp_path)
    assert record.rows("Skips")[0]["Later"] is None
    record.append_result(runs.result("new"))
    assert [row["Later"] for row in record.rows("Skips")] == [None, None]


def test_an_older_version_appends_to_a_table_of_a_later_one(
    tmp_path: Path, runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables_before = dict(tables())
    skips = tables_before["Skips"]
    later = Column("Later", ColumnType.DATETIME, "A column of a later version")
    wider = replace(skips, columns=(*skips.columns, later))
    monkeypatch.setattr("lockgate.store.record.tables", lambda: {**tables_before, "Skips": wider})
    Record.open(tmp_path).append_result(runs.result("later"))
    monkeypatch.undo()
    older = Record.open(tmp_path)
    older.append_result(runs.result("older"))
    older.append_result(runs.result("older still"))
    assert len(older.rows("Skips")) == 3 * len(older.rows("Skips", version=0))


def test_a_place_that_cannot_be_written_is_a_store_error_with_a_way_out(tmp_path: Path, runs: ModuleType) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError) as caught:
        Record.open(tmp_path / "file").append_result(runs.result("one"))
    assert "LOCKGATE_WORKSPACE" in caught.value.hint
    assert str(tmp_path) in caught.value.where


@pytest.mark.parametrize("damage", [b"", b"{", b"\0" * 64, b'{"add":{}}\n'])
def test_a_damaged_log_is_a_store_error(tmp_path: Path, runs: ModuleType, damage: bytes) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    (tmp_path / "record" / "Findings" / "_delta_log" / "00000000000000000000.json").write_bytes(damage)
    with pytest.raises(StoreError) as caught:
        Record.open(tmp_path).rows("Findings")
    assert caught.value.where.endswith("Findings")


def test_a_query_opens_the_tables_that_it_names_and_sees_the_runs_of_when_it_began(
    tmp_path: Path, runs: ModuleType
) -> None:
    from lockgate.store.ask import ask

    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    found = record.asked()
    record.append_result(runs.result("two"))
    assert ask("Runs | count", found).rows == [(1,)]
    assert ask("Findings | summarize dcount(RunId, 4)", found).rows == [(1,)]
    found.connection.close()
    (tmp_path / "record" / "Findings" / "_delta_log" / "00000000000000000000.json").write_bytes(b"{")
    found = record.asked()
    assert ask("Runs | count", found).rows == [(2,)]
    with pytest.raises(StoreError):
        ask("Findings | count", found)
    found.connection.close()


def test_a_lost_data_file_is_a_store_error_not_fewer_rows(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path)
    record.append_result(runs.result("one"))
    next((tmp_path / "record" / "Findings").glob("*.parquet")).unlink()
    with pytest.raises(StoreError):
        record.rows("Findings")


@pytest.mark.parametrize("name", ["%5Bplace%5D", "a[b]", "a|b"])
def test_a_workspace_that_cannot_be_addressed_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError) as caught:
        Record.open(tmp_path / name)
    assert "LOCKGATE_WORKSPACE" in caught.value.hint


def test_a_workspace_with_quotes_and_blanks_in_its_name_works(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(tmp_path / "it's a (place) \u00e9 #1?")
    record.append_result(runs.result("one"))
    assert len(record.rows("Findings")) == 3


def test_an_object_store_address_works_like_a_folder(tmp_path: Path, runs: ModuleType) -> None:
    record = Record.open(f"file://{tmp_path}")
    record.append_result(runs.result("one"))
    assert len(record.rows("Findings")) == 3


def test_a_table_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Finding"):
        Record.open(tmp_path).rows("Finding")


@pytest.mark.parametrize("told", ["The given location is already a delta table location", "A table already exists"])
def test_a_table_that_another_writer_made_meanwhile_is_looked_at_anew(tmp_path: Path, told: str) -> None:
    """As deltalake tells it, by the moment at which the other was quicker; the first was met on S3."""
    from deltalake.exceptions import DeltaError

    tries: list[Any] = []

    def make(handle: Any) -> str:
        tries.append(handle)
        if len(tries) == 1:
            raise DeltaError(f"Generic error: {told}")
        return "there"

    assert Record.open(tmp_path).committing("Own_CL", make) == "there"
    assert len(tries) == 2
