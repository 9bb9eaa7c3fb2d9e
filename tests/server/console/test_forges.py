"""Where forges tell what happened: who is believed, what counts once, what is acknowledged when."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.console.conftest import ORIGIN, Client, person

from lockgate.model.actor import Persona
from lockgate.server.console.api.forges import LARGER, intake_of
from lockgate.server.console.application import application
from lockgate.server.console.services import Services
from lockgate.settings import AzureDevOpsSettings, ForgeSettings, GithubSettings, GitlabSettings, Settings
from lockgate.store.team import jobs, trail
from lockgate.store.team.database import TeamDatabase

FORGES = {
    "hub": ForgeSettings(github=GithubSettings(app="1", private_key="env:NONE", webhook_secret="env:HOOK")),
    "azure": ForgeSettings(azure_devops=AzureDevOpsSettings(webhook_secret="env:HOOK")),
    "lab": ForgeSettings(gitlab=GitlabSettings(webhook_secret="env:HOOK")),
    "mute": ForgeSettings(gitlab=GitlabSettings()),
}


def runs(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine, run to its end."""

    @wraps(test)
    def whole(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return whole


REPOSITORY = {"id": 7, "full_name": "harbour/shop", "default_branch": "main"}


@pytest.fixture
def connected(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The console with forges in its settings."""
    monkeypatch.setenv("HOOK", "hush")
    return replace(services, settings=lambda: Settings(forges=FORGES))


@pytest.fixture
def hooks(connected: Services) -> Any:
    """A forge's side of the server."""
    transport = httpx.ASGITransport(application(connected, LARGER), raise_app_exceptions=False)  # type: ignore[arg-type]
    return lambda: httpx.AsyncClient(transport=transport, base_url=ORIGIN)


def push(after: str = "b" * 40) -> bytes:
    return json.dumps({"ref": "refs/heads/main", "before": "a" * 40, "after": after, "repository": REPOSITORY,
                       "installation": {"id": 5}}).encode()  # fmt: skip


def signed(content: bytes, delivery: str = "d-1", secret: str = "hush", event: str = "push") -> dict[str, str]:
    shown = "sha256=" + hmac.digest(secret.encode(), content, "sha256").hex()
    return {"x-hub-signature-256": shown, "x-github-event": event, "x-github-delivery": delivery}


def waiting(database: TeamDatabase) -> list[str]:
    with database.read() as connection:
        return [job.key for job in jobs.listed(connection)]


@runs
async def test_a_signed_delivery_is_on_the_disk_when_it_is_acknowledged(hooks: Any, database: TeamDatabase) -> None:
    async with hooks() as client:
        answer = await client.post("/api/v1/forges/hub/events", content=push(), headers=signed(push()))
        assert (answer.status_code, answer.json()) == (202, {"events": 1, "new": True})
        assert waiting(database) == [f"hub:7:{'b' * 40}:refs/heads/main"]
        again = await client.post("/api/v1/forges/hub/events", content=push(), headers=signed(push()))
        assert (again.status_code, again.json()) == (202, {"events": 1, "new": False})
        assert len(waiting(database)) == 1


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("hub", {}),
        ("hub", signed(push(), secret="other")),
        ("hub", signed(push() + b" ")),
        ("azure", {"authorization": "Basic bm9ib2R5Om5vdGhpbmc="}),
        ("lab", {"x-gitlab-token": "hus"}),
        ("mute", {"x-gitlab-token": ""}),
    ],
)
@runs
async def test_who_shows_no_secret_is_not_believed(
    hooks: Any, database: TeamDatabase, name: str, headers: dict[str, str]
) -> None:
    async with hooks() as client:
        answer = await client.post(f"/api/v1/forges/{name}/events", content=push(), headers=headers)
    assert answer.status_code == 401
    assert waiting(database) == []


@runs
async def test_a_body_that_is_none_is_refused_after_its_signature(hooks: Any) -> None:
    async with hooks() as client:
        for content in (b"[]", b"{", b'{"ref": "../x"}'):
            answer = await client.post("/api/v1/forges/hub/events", content=content, headers=signed(content))
            assert answer.status_code == 400
        assert (await client.post("/api/v1/forges/none/events", content=b"{}")).status_code == 404


@runs
async def test_what_is_not_acted_on_is_not_kept(hooks: Any, database: TeamDatabase) -> None:
    content = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    async with hooks() as client:
        answer = await client.post("/api/v1/forges/hub/events", content=content, headers=signed(content, event="ping"))
    assert (answer.status_code, answer.json()) == (202, {"events": 0, "new": False})
    assert waiting(database) == []


@runs
async def test_a_burst_costs_few_transactions_and_loses_none(
    hooks: Any, connected: Services, database: TeamDatabase
) -> None:
    bodies = [push(f"{n:040x}") for n in range(1, 121)]
    async with hooks() as client:
        answers = await asyncio.gather(*(
            client.post("/api/v1/forges/hub/events", content=one, headers=signed(one, f"d-{n}"))
            for n, one in enumerate(bodies)
        ))  # fmt: skip
    assert {one.status_code for one in answers} == {202}
    with database.read() as connection:
        assert len(jobs.listed(connection, most=500)) == 120
    assert intake_of(connected).transactions < 60


@runs
async def test_a_database_that_is_away_acknowledges_nothing(hooks: Any, database: TeamDatabase, tmp_path: Path) -> None:
    with database.begin() as connection:
        from sqlalchemy import text

        connection.execute(text("ALTER TABLE forge_deliveries RENAME TO away"))
    async with hooks() as client:
        answer = await client.post("/api/v1/forges/hub/events", content=push(), headers=signed(push()))
    assert answer.status_code >= 500
    assert waiting(database) == []


@runs
async def test_a_body_beyond_what_github_sends_is_refused(hooks: Any) -> None:
    async with hooks() as client:
        answer = await client.post("/api/v1/forges/hub/events", content=b" " * (25 * 1024 * 1024 + 1))
    assert answer.status_code == 413


@runs
async def test_an_administrator_sees_forges_and_has_them_looked_at(
    client: Client, services: Services, database: TeamDatabase
) -> None:
    over = replace(services, settings=lambda: Settings(forges=FORGES))
    async with client(person(Persona.ADMINISTRATOR), over) as asking:
        told = (await asking.get("/api/v1/forges")).json()["items"]
        assert [one["name"] for one in told] == list(FORGES)
        assert told[0]["events"] == f"{ORIGIN}/api/v1/forges/hub/events"
        assert (await asking.post("/api/v1/forges/reconcile")).status_code == 202
    with database.read() as connection:
        assert [job.kind for job in jobs.listed(connection)] == ["forge.reconcile"]
        assert [one.action for one in trail.entries(connection)] == ["forges:change"]
    async with client(person(Persona.DEVELOPER), over) as asking:
        assert (await asking.post("/api/v1/forges/reconcile")).status_code == 403
