"""A database of each kind: SQLite, and PostgreSQL where the machine has it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.simulators.postgres import Postgres, running

from lockgate.store.team.database import FILE, TeamDatabase


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | str]:
    """A PostgreSQL of our own, or why there is none."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def up_to_date(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes an empty database of a kind that is up to date once, and gives its file or name: tests get copies."""
    made: dict[str, str] = {}

    def of(kind: str) -> str:
        if kind not in made and kind == "sqlite":
            folder = tmp_path_factory.mktemp("team")
            TeamDatabase.open(folder).close()
            made[kind] = str(folder / FILE)
        elif kind not in made:
            url = request.getfixturevalue("postgres").fresh()
            TeamDatabase.open(Path("/"), url).close()
            made[kind] = url.partition("@/")[2].partition("?")[0]
        return made[kind]

    return of


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, up_to_date: Callable[[str], str]
) -> Iterator[TeamDatabase]:
    """An empty one, up to date."""
    url = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        if isinstance(server, str):
            pytest.skip(server)
        url = server.fresh(up_to_date("postgresql"))
    else:
        shutil.copyfile(up_to_date("sqlite"), tmp_path / FILE)
    with TeamDatabase.open(tmp_path, url) as opened:
        yield opened
