"""The database comes up to date by itself, keeps what was committed and nothing else, and says what it cannot do."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Float, Integer, MetaData, Table, insert, select, text

import lockgate.store.team
from lockgate.errors import ConfigurationError, StoreError, UsageError
from lockgate.store.team import jobs, people, teams
from lockgate.store.team.database import METADATA, TeamDatabase, head, revisions


def test_what_migrations_make_is_what_the_modules_declare(database: TeamDatabase) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    for module in pkgutil.iter_modules(lockgate.store.team.__path__):
        importlib.import_module(f"lockgate.store.team.{module.name}")
    with database.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_migrations_stand_in_one_line() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(lockgate.store.team.__path__[0]) / "migrations"))
    assert script.get_heads() == [head()]
    assert [one.revision for one in script.walk_revisions()][::-1] == list(revisions())


def test_a_database_that_is_up_to_date_is_left_alone(database: TeamDatabase) -> None:
    database.migrate()
    database.ping()


def test_two_servers_that_start_at_once_bring_it_up_to_date_once(database: TeamDatabase) -> None:
    if not database.is_shared:
        pytest.skip("SQLite is for one server")
    with database.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    threads = [threading.Thread(target=database.migrate) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    database.migrate()
    with database.begin() as connection:
        assert jobs.enqueue(connection, "x") == 1


def test_a_database_of_a_newer_lockgate_is_refused(database: TeamDatabase) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    with pytest.raises(StoreError, match="9999_later, which this Lockgate does not know"):
        database.migrate()


def test_what_fails_in_a_transaction_leaves_nothing(database: TeamDatabase) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        jobs.enqueue(connection, "x")
        _ = 1 / 0
    with database.read() as connection:
        assert jobs.listed(connection) == ()


def test_an_address_that_is_none_is_a_setting_to_mend() -> None:
    for url in ("mysql://x/y", "nonsense", "sqlite://"):
        with pytest.raises(ConfigurationError):
            TeamDatabase(url)


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    database = TeamDatabase("postgresql://ana:geheim@127.0.0.1:1/none")
    with pytest.raises(StoreError) as caught:
        database.ping()
    assert "geheim" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


def test_what_a_database_cannot_keep_is_the_fault_of_who_sent_it(database: TeamDatabase) -> None:
    if not database.is_shared:
        pytest.skip("SQLite keeps any text")
    with pytest.raises(UsageError, match="cannot keep"), database.read() as connection:
        people.by_username(connection, "a\0b")
    with pytest.raises(UsageError, match="cannot keep"), database.begin() as connection:
        teams.put_group(connection, "x" * 250 + "\0")
    database.ping()


def _filled(table: Table) -> dict[str, Any]:
    """A row with something in every column."""
    return {
        column.name: 7 if isinstance(column.type, Integer) else 7.5 if isinstance(column.type, Float) else "[]"
        for column in table.columns
    }


def _rows(database: TeamDatabase, tables: Iterable[Table]) -> dict[str, list[Any]]:
    with database.read() as connection:
        return {one.name: [dict(row) for row in connection.execute(select(one)).mappings()] for one in tables}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_older_database_comes_up_to_date_with_all_that_is_in_it(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for number, revision in enumerate(revisions()[:-1]):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        if kind == "postgresql":
            server = request.getfixturevalue("postgres")
            if isinstance(server, str):
                pytest.skip(server)
            url = server.fresh()
        with TeamDatabase(url) as database:
            database._upgrade(revision)
            held = MetaData()
            with database.begin() as connection:
                held.reflect(connection)
                tables = [one for one in held.sorted_tables if one.name != "alembic_version"]
                for table in tables:
                    connection.execute(insert(table).values(**_filled(table)))
            before = _rows(database, tables)
            assert all(len(rows) == 1 for rows in before.values())
            database.migrate()
            assert _rows(database, tables) == before, revision
            assert database._version() == head()
