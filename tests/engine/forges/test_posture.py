"""A server reads how forges are set up: in time, when asked, when told of changes; and goes on where it was stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.forge_paths import paths
from tests.simulators.github_organization import GitHub, github
from tests.sources.forges.test_posture_azure_devops import contoso
from tests.sources.forges.test_posture_gitlab import Group

from lockgate.engine.forges.connections import connections
from lockgate.engine.forges.posture import LOOK, READ, Posture, handlers, look
from lockgate.engine.working import LaterError, Progress, StoppedError
from lockgate.findings import Waivers
from lockgate.model.forge import SettingsChanged
from lockgate.settings import (
    AzureDevOpsSettings,
    ForgePostureSettings,
    ForgeSettings,
    GateSettings,
    GithubSettings,
    GitlabSettings,
)
from lockgate.store import Record
from lockgate.store.team import installations, jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.workspace import prepare, workspace_of

SECRET = "s3cret-in-an-address"


@dataclass
class Server:
    """What works the jobs."""

    posture: Posture
    record: Record
    clock: list[float]
    ended: threading.Event

    def work(self) -> list[str]:
        """Work all that is due; what came of each."""
        known, said = {one.kind: one for one in handlers(self.posture)}, []
        database = self.posture.database
        while (job := jobs.claim(database, known, "test", now=self.clock[0])) is not None:
            try:
                said.append(known[job.kind].run(job, Progress(database, job, self.ended)))
                jobs.finish(database, job, said[-1], now=self.clock[0])
            except LaterError as error:
                jobs.release(database, job, str(error), delay=error.seconds, now=self.clock[0])
                said.append(f"later: {error}")
            except StoppedError:
                jobs.release(database, job, now=self.clock[0])
                return [*said, "stopped"]
        return said

    def waiting(self) -> list[tuple[str, str, float]]:
        """Kind, key and due of what waits."""
        with self.posture.database.read() as connection:
            found = jobs.listed(connection, states=[jobs.JobState.WAITING])
        return sorted((one.kind, one.key, one.due - self.clock[0]) for one in found)


@pytest.fixture
def server_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the server for one forge."""
    monkeypatch.setenv("TOKEN", "t0ken")
    place = workspace_of(tmp_path)
    prepare(place)
    database = TeamDatabase.open(place.folder)
    record = Record.open(place.record)

    def made(settings: ForgeSettings, **more: Any) -> Server:
        clock = [time.time() + 5.0]
        told = connections({"hub": replace(settings, posture=ForgePostureSettings(**more))}, project=tmp_path)
        posture = Posture(lambda: told, database, place, lambda: record, GateSettings, dict, Waivers,
                          now=lambda: clock[0])  # fmt: skip
        return Server(posture, record, clock, threading.Event())

    yield made
    database.close()


def hub_of(told: GitHub) -> ForgeSettings:
    return ForgeSettings(github=GithubSettings(token="env:TOKEN", api=told.base))


@pytest.fixture
def acme() -> Iterator[GitHub]:
    told = GitHub()
    for number in range(6):
        told.add(f"shop-{number}")
    told.nodes["shop-1"]["hasVulnerabilityAlertsEnabled"] = False
    hook = {"id": 1, "active": True, "events": ["push"], "config": {"url": f"https://ci.example/{SECRET}"}}
    told.hooks["shop-2"] = [hook]
    with github(told) as served:
        yield served


def test_what_is_due_is_read_and_findings_land_in_the_record(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",))
    look(server.posture.database)
    said = server.work()
    assert said[0] == "github:acme is read now"
    assert said[1].startswith("github:acme: 2 findings, 2 new, 0 mended, 0 not read whole; ")
    rows = server.record.rows("Findings")
    assert {row["Rule"] for row in rows} == {"posture/github-dependabot-alerts-off",
                                             "posture/github-repository-webhook-without-secret"}  # fmt: skip
    assert len(server.record.rows("ForgeRepositories")) == 6
    assert [kind for kind, _, _ in server.waiting()] == [LOOK]


def test_it_is_read_again_a_day_after_the_last_time_whoever_read_it(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",))
    look(server.posture.database)
    server.work()
    (run,) = server.record.rows("Runs")
    server.clock[0] = run["TimeGenerated"].timestamp() + 3_601
    look(server.posture.database)
    assert server.work() == ["github:acme is read in 23.0 h"]
    due = {kind: due for kind, _, due in server.waiting()}
    assert due[READ] == pytest.approx(23 * 3_600 - 1, abs=1)
    server.clock[0] += 24 * 3_600
    acme.nodes["shop-1"]["hasVulnerabilityAlertsEnabled"] = True
    said = server.work()
    assert any("1 findings, 0 new, 1 mended" in one for one in said), said


def test_a_reading_that_is_stopped_goes_on_without_asking_the_same_again(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",))
    asked: list[str] = []

    def trouble(target: str, body: Any) -> None:
        asked.append(target)
        if "shop-3/hooks" in target:
            server.ended.set()

    acme.trouble = trouble
    look(server.posture.database)
    assert server.work()[-1] == "stopped"
    assert server.record.rows("Findings") == []
    first, folder = len(asked), server.posture.workspace.folder / "forges"
    (file,) = folder.glob("*.answers")
    assert SECRET.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open("ab") as stream:
        stream.write(b"cut off in the mid")
    server.ended.clear()
    acme.trouble = lambda target, body: asked.append(target)
    assert "2 findings" in server.work()[-1]
    assert len(asked) == len(set(asked)) == first + 2
    assert list(folder.glob("*.answers")) == []


def test_a_forge_that_wants_to_be_left_alone_is_asked_later_and_nothing_is_lost(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",))
    limited = (403, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "900"})
    once = [limited]
    acme.trouble = lambda target, body: once.pop() if "shop-4/hooks" in target and once else None
    look(server.posture.database)
    assert "later: github:acme: the forge's limit of calls is reached" in server.work()[-1]
    due = next(due for kind, _, due in server.waiting() if kind == READ)
    assert due == pytest.approx(900, abs=2)
    made = len(acme.calls)
    server.clock[0] += 901
    assert "2 findings, 2 new, 0 mended, 0 not read whole" in server.work()[-1]
    assert len(acme.calls) < made + 8


def test_the_budget_of_calls_holds_over_attempts(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",), calls=22)
    look(server.posture.database)
    assert "; 22 calls" in server.work()[-1]
    skips = {row["Path"] for row in server.record.rows("Skips")}
    assert len(skips) == 4


def test_changes_are_gathered_and_do_not_have_everything_read_at_once(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",), hours=0)
    (connection,) = server.posture.connections().values()
    for what in ("member added", "branch_protection_rule edited"):
        assert "acme is read in 60 s" in server.posture.changed(connection, SettingsChanged("Acme", what), 0)
    assert [(kind, key) for kind, key, _ in server.waiting()] == [(READ, "hub:acme")]
    server.clock[0] += 61
    server.work()
    (run,) = server.record.rows("Runs")
    server.clock[0] = run["TimeGenerated"].timestamp() + 100
    assert "acme is read in 800 s" in server.posture.changed(connection, SettingsChanged("acme", "public"), 0)
    assert "do not look at other" in server.posture.changed(connection, SettingsChanged("other", "public"), 0)


def test_without_hours_it_is_read_only_when_somebody_asks(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",), hours=0)
    look(server.posture.database)
    assert server.work() == ["there is nothing to read"]
    look(server.posture.database, only="github:acme", is_asked=True, actor="person:ana")
    assert "2 findings" in server.work()[-1]
    look(server.posture.database, only="github:other", is_asked=True)
    assert server.work() == ["there is nothing to read"]


@pytest.mark.parametrize("forge", ["azure-devops:contoso", "gitlab:acme"])
def test_the_other_forges_are_read_alike(server_of: Any, forge: str) -> None:
    told = contoso() if forge.startswith("azure") else Group()
    told.answers["/api/v4/groups"] = [{"full_path": "acme"}]
    with paths(told) as served:
        settings = (
            ForgeSettings(azure_devops=AzureDevOpsSettings(f"{served.base}/contoso", token="env:TOKEN"))
            if forge.startswith("azure") else ForgeSettings(gitlab=GitlabSettings(served.base, token="env:TOKEN"))
        )  # fmt: skip
        server = server_of(settings)
        look(server.posture.database)
        said = server.work()
    assert said[0] == f"{forge} is read now"
    assert "0 findings" in said[1]


def test_what_the_forge_still_allows_is_kept(server_of: Any, acme: GitHub) -> None:
    server = server_of(hub_of(acme), organizations=("acme",))
    left = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4321", "X-RateLimit-Reset": "1900000000",
            "X-RateLimit-Resource": "core"}  # fmt: skip
    plain = acme.answer

    def answer(method: str, target: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        status, said, more = plain(method, target, body)
        return status, said, {**more, **left}

    acme.answer = answer  # type: ignore[method-assign]
    look(server.posture.database)
    server.work()
    with server.posture.database.read() as connection:
        (one,) = installations.listed(connection, "hub")
    assert [(limit.resource, limit.remaining) for limit in one.allowances] == [("core", 4321)]
