"""The audit trail is copied into the record, once, and what is cut off at its end is missed there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from lockgate.cli import main
from lockgate.cli._project import project_at
from lockgate.engine import trail_rows
from lockgate.engine.trail_rows import TrailWatch, copied
from lockgate.engine.working import Progress
from lockgate.model.actor import Actor
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.team import jobs, trail
from lockgate.store.team.database import TeamDatabase


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project whose server told three things."""
    with TeamDatabase.open(tmp_path / ".lockgate") as database:
        tell(database, 3)
        copy(database, project_at(tmp_path).record())
    return tmp_path


def tell(database: TeamDatabase, count: int) -> None:
    for number in range(count):
        with database.begin() as connection:
            entry = trail.Entry(Actor("person:ana", "Ana"), "teams:change", f"team:{number}", detail={"n": number})
            trail.append(connection, entry)


def copy(database: TeamDatabase, record: Record) -> str:
    watch = TrailWatch(database, lambda: None)
    assert watch.look()
    assert not watch.look()
    job = jobs.claim(database, [trail_rows.KIND], "worker")
    assert job is not None
    said = trail_rows.handler(lambda: record, database).run(job, Progress(database, job, threading.Event()))
    assert jobs.finish(database, job, said)
    return said


def test_what_is_new_is_copied_and_nothing_twice(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_rows, "_PIECE", 2)
    record = project_at(place).record()
    with TeamDatabase.open(place / ".lockgate") as database:
        assert copy(database, record) == "0 entries copied"
        tell(database, 5)
        assert copy(database, record) == "5 entries copied"
        with database.read() as connection:
            whole = trail.entries(connection)
            assert copied(record) == trail.head(connection)
    query = "AuditTrail | sort by Number asc | project Number, Actor, Target, tolong(Detail.n), Hash"
    rows = ask(query, record.asked())
    assert [tuple(row) for row in rows.rows] == [
        (one.number, "person:ana", one.target, int(one.target[5:]), one.hash) for one in whole
    ]


def verify(place: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["verify-trail", "--project", str(place)])
    return code, capsys.readouterr().out


def test_a_whole_trail_holds_also_where_it_has_grown_since(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with TeamDatabase.open(place / ".lockgate") as database:
        tell(database, 2)
    assert verify(place, capsys)[0] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE audit_trail SET target = 'team:9' WHERE number = 2", "entry 2 was changed"),
        ("DELETE FROM audit_trail WHERE number = 2", "entry 2 is missing"),
        ("UPDATE audit_trail SET number = CASE number WHEN 1 THEN 20 ELSE number END", "entry 1 is missing"),
        ("DELETE FROM audit_trail WHERE number = 3", "entries at the end were cut off"),
        ("DELETE FROM audit_trail", "entries at the end were cut off"),
    ],
)
def test_changed_deleted_moved_and_cut_off_entries_show(
    place: Path, capsys: pytest.CaptureFixture[str], change: str, told: str
) -> None:
    with TeamDatabase.open(place / ".lockgate") as database, database.begin() as connection:
        connection.execute(text(change))
    code, said = verify(place, capsys)
    assert code == 1
    assert told in said


def test_a_trail_that_was_written_anew_from_its_beginning_shows(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TeamDatabase.open(place / ".lockgate") as database:
        with database.begin() as connection:
            connection.execute(delete(trail.TRAIL))
        tell(database, 4)
    code, said = verify(place, capsys)
    assert code == 1
    assert "all was rewritten" in said
