"""A database of each kind: SQLite, and PostgreSQL where the machine has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.simulators.postgres import Postgres, running

from lockgate.store.team.database import TeamDatabase


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | str]:
    """A PostgreSQL of our own, or why there is none."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TeamDatabase]:
    """An empty one, up to date."""
    url = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        if isinstance(server, str):
            pytest.skip(server)
        url = server.fresh()
    with TeamDatabase.open(tmp_path, url) as opened:
        yield opened
