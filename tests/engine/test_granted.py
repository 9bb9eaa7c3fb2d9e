"""What a check on the server's own workspace reads of waivers, and what it does not follow."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.store.team.conftest import database as database
from tests.store.team.conftest import postgres as postgres
from tests.store.team.conftest import up_to_date as up_to_date

from lockgate.engine.granted import granted_here
from lockgate.errors import StoreError
from lockgate.model.actor import Actor
from lockgate.store.team import waivers
from lockgate.store.team.database import FILE, TeamDatabase
from lockgate.store.team.waivers import WaiverState


def grant(database: TeamDatabase) -> None:
    soon = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    with database.begin() as connection:
        number = waivers.ask(connection, Actor("person:ana", "Ana"), ["lg1-a"], "of no danger", soon)
        waivers.answer(connection, Actor("person:bob", "Bob"), number, WaiverState.GRANTED)


def test_a_database_that_the_environment_names_is_read(
    database: TeamDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(database)
    address = database._engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TEAM", address)
    (one,) = granted_here(tmp_path / "none", "env:TEAM", top=tmp_path)
    assert (one.identity, one.by) == ("lg1-a", "Bob")
    monkeypatch.delenv("TEAM")
    assert granted_here(tmp_path / "none", "env:TEAM", top=tmp_path) == ()


def test_a_file_of_the_project_under_check_does_not_say_where_waivers_come_from(tmp_path: Path) -> None:
    place, project = tmp_path / "place", tmp_path / "project"
    for one in (place, project):
        one.mkdir()
        (one / "url").write_text(f"sqlite:///{place / FILE}")
    with TeamDatabase.open(place) as database:
        grant(database)
    inside = (f"file:{project / 'url'}", "file:url", f"file:{place}/../project/url", f"sqlite:///{place / FILE}")
    for reference in inside:
        assert granted_here(project / ".lockgate", reference, top=project) == ()
    assert len(granted_here(project / ".lockgate", f"file:{place / 'url'}", top=project)) == 1


def test_a_database_without_waivers_has_none_and_a_broken_one_is_told(tmp_path: Path) -> None:
    with TeamDatabase.open(tmp_path) as database, database.begin() as connection:
        connection.execute(text("DROP TABLE waivers"))
    assert granted_here(tmp_path, "", top=tmp_path) == ()
    (tmp_path / FILE).write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError):
        granted_here(tmp_path, "", top=tmp_path)


def test_where_no_server_was_started_nothing_of_databases_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom lockgate.engine.granted import granted_here\n"
        f"assert granted_here(Path({str(tmp_path)!r}), '', top=Path('/')) == ()\nassert 'sqlalchemy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
