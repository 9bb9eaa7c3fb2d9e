"""The database comes up to date by itself, keeps what was committed and nothing else, and says what it cannot do."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

import lockgate.store.team
from lockgate.errors import ConfigurationError, StoreError
from lockgate.store.team import jobs
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
