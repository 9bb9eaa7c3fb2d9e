"""A server's side of forges: connections of the settings, a database, jobs that are worked one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Repository
from tests.octokit import DESCRIPTION, MISSING
from tests.simulators.github import APP, GitHub, github, pem

from lockgate.engine.forges.connections import Connection, connections
from lockgate.engine.forges.judging import Judging
from lockgate.engine.forges.working import Forges, handlers
from lockgate.engine.working import LaterError, Progress
from lockgate.model.deployment import DeploymentWaits
from lockgate.settings import ForgeSettings, Settings, loads
from lockgate.sources.forges.budget import CallBudget
from lockgate.store import Record
from lockgate.store.team import jobs, waivers
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.deliveries import Delivery, accept
from lockgate.store.waiver import Waiver
from lockgate.store.workspace import prepare, workspace_of

AWS = "AKIA" + "QYLPMN5HHHFPZAM2"
"""Looks like a key of AWS, and is none."""


@dataclass
class Desk:
    """What works the jobs of a test."""

    folder: Path
    database: TeamDatabase
    forges: Forges
    told: list[DeploymentWaits] = field(default_factory=list)
    now: float = 2_000_000_000.0

    def take(self, *taken: Delivery) -> list[bool]:
        """Accept deliveries."""
        with self.database.begin() as connection:
            return accept(connection, taken, now=self.now)

    def work(self, most: int = 50) -> list[str]:
        """Work all that is due; what came of each."""
        import threading

        known = {one.kind: one for one in handlers(self.forges)}
        said = []
        for _ in range(most):
            job = jobs.claim(self.database, known, "test", now=self.now)
            if job is None:
                return said
            handler = known[job.kind]
            try:
                said.append(handler.run(job, Progress(self.database, job, threading.Event())))
                jobs.finish(self.database, job, said[-1], now=self.now)
            except LaterError as error:
                jobs.fail(self.database, job, str(error), again_in=error.seconds, now=self.now)
                said.append(f"later: {error}")
            except Exception as error:
                left = handler.again[job.attempts - 1 :]
                jobs.fail(self.database, job, str(error), again_in=left[0] if left else None, now=self.now)
                said.append(f"failed: {error}")
        raise AssertionError("the jobs do not end")


@pytest.fixture
def desk_of(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes the desk for the forges of a test; ``text`` is the server's own lockgate.yaml."""
    opened: list[TeamDatabase] = []

    def made(text: str = "version: 1\nfamilies: [secrets]\n", **settings: ForgeSettings) -> Desk:
        folder = tmp_path / "server"
        folder.mkdir(exist_ok=True)
        place = workspace_of(folder)
        prepare(place)
        database = TeamDatabase.open(place.folder)
        opened.append(database)
        own: Settings = loads(text.encode())
        known: dict[str, Connection] = connections(
            settings, project=folder, spend=lambda bounds: CallBudget(bounds, sleep=lambda seconds: None)
        )
        told: list[DeploymentWaits] = []
        record = Record.open(place.record)

        def granted() -> list[Waiver]:
            with database.read() as connection:
                return list(waivers.granted(connection))

        judging = Judging(place, lambda: record, lambda: own, granted)
        forges = Forges(lambda: known, judging, database, waits=lambda wait: told.append(wait) is None)
        return Desk(folder, database, forges, told)

    yield made
    for one in opened:
        one.close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """GitHub, whose App the variables know."""
    if not DESCRIPTION.exists():
        pytest.skip(MISSING)
    monkeypatch.setenv("APP_KEY", pem())
    monkeypatch.setenv("HOOK_SECRET", "hush")
    (tmp_path / "hub").mkdir()
    with github(tmp_path / "hub") as served:
        yield served
    assert served.problems == []


def app_of(hub: GitHub, **more: Any) -> ForgeSettings:
    """The settings that connect the App."""
    from lockgate.settings import GithubSettings

    app = GithubSettings(app=APP, private_key="env:APP_KEY", webhook_secret="env:HOOK_SECRET", api=hub.base,
                         address=hub.base)  # fmt: skip
    return ForgeSettings(github=app, **more)


@pytest.fixture
def work_tree(repository: Repository) -> Repository:
    """Somebody's clone, with a first commit."""
    repository.write("README.md", "# Shop\n")
    repository.commit("first")
    return repository
