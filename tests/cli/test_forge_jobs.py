"""What the jobs of forges stand on in ``lockgate up``."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.engine.test_granted import grant

from lockgate.cli._forges import posture_of
from lockgate.cli._project import project_at
from lockgate.server.console.services import Services
from lockgate.settings import Settings
from lockgate.store.team import waivers
from lockgate.store.team.database import TeamDatabase


def test_a_waiver_that_the_server_granted_counts_once_for_postures(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("LOCKGATE_WORKSPACE", str(tmp_path / "workspace"))
    project = project_at(tmp_path)
    project.workspace.folder.mkdir(parents=True)
    with TeamDatabase.open(project.workspace.folder) as database:
        grant(database)

        def granted() -> list[Any]:
            with database.read() as connection:
                return list(waivers.granted(connection))

        async def ask(*_: Any, **__: Any) -> Any:
            raise AssertionError("nothing is asked")

        services = Services(
            database, Settings, tmp_path, tmp_path, "http://localhost", ask, lambda: None, cast(Any, None)
        )
        live = SimpleNamespace(project=project, record=None)
        counted = posture_of(cast(Any, live), services, granted).waivers()
        assert [one.identity for one in counted.entries] == ["lg1-a"]
