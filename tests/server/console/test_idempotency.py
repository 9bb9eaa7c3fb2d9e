"""A write that is sent again with its ``Idempotency-Key`` is done once and answered alike, also by another server."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from tests.server.console.conftest import ORIGIN, Client, person

from lockgate.model.actor import Grant, Persona
from lockgate.server.console.application import application
from lockgate.server.console.people_changes import Changes
from lockgate.server.console.services import Services
from lockgate.server.sign_in.house import House
from lockgate.settings import PeopleSettings
from lockgate.store.team import people, tokens, trail
from lockgate.store.team.idempotency import KEYS
from lockgate.store.team.sealing import Seal

pytestmark = pytest.mark.anyio
ANA = person(Persona.ADMINISTRATOR)
TOKEN = {"name": "ci", "grants": ["any:runs:upload"]}
KEY = {"idempotency-key": '"one"'}


@pytest.fixture(autouse=True)
def _house(services: Services) -> None:
    services.more[House] = House(
        services.database, PeopleSettings, Seal(b"k" * 32), origin=ORIGIN, project=services.project
    )


def made(services: Services) -> int:
    with services.database.read() as connection:
        return len(tokens.of_services(connection))


async def test_the_same_request_is_done_once_and_answered_alike(client: Client, services: Services) -> None:
    async with client(ANA) as http:
        first = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
        again = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.content == again.content
    assert "lkg_" in again.json()["token"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert made(services) == 1


async def test_what_is_kept_of_it_shows_no_token(client: Client, services: Services) -> None:
    async with client(ANA) as http:
        await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
    with services.database.read() as connection:
        row = connection.execute(KEYS.select()).one()
    assert "lkg_" not in str(row)
    assert "one" not in str(row)


async def test_it_is_answered_alike_by_a_server_that_was_started_since(client: Client, services: Services) -> None:
    async with client(ANA) as http:
        first = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
    app = application(replace(services, more=dict(services.more), seal=Seal(b"k" * 32)))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        again = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
    assert again.content == first.content
    assert made(services) == 1


async def test_another_body_is_refused_and_another_route_key_or_person_is_another_request(
    client: Client, services: Services
) -> None:
    async with client(ANA) as http:
        await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
        other = await http.post("/api/v1/service-tokens", json={**TOKEN, "name": "cd"}, headers=KEY)
        assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
        assert (await http.put("/api/v1/teams/a", json={}, headers=KEY)).status_code == 200
        assert (await http.put("/api/v1/teams/b", json={}, headers=KEY)).status_code == 200
        assert (await http.post("/api/v1/service-tokens", json=TOKEN, headers={"idempotency-key": "two"})
                ).status_code == 201  # fmt: skip
    async with client(person(Persona.ADMINISTRATOR, name="Bob")) as http:
        assert (await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)).status_code == 201
    assert made(services) == 3


@pytest.mark.parametrize("wrong", ['""', '"a', 'a"', '"a" "b"', "", "a b", '"' + "x" * 256 + '"', '"\\x"', "\xe4"])
async def test_a_key_that_is_none_is_refused(client: Client, services: Services, wrong: str) -> None:
    async with client(ANA) as http:
        headers = [("idempotency-key", wrong.encode("latin-1"))]
        answer = await http.post("/api/v1/service-tokens", json=TOKEN, headers=headers)
    assert answer.status_code == 400, answer.text
    assert made(services) == 0


async def test_while_the_first_is_at_work_the_second_waits(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, end = threading.Event(), threading.Event()
    create = Changes.create_token

    def slow(self: Changes, *given: Any, **more: Any) -> Any:
        began.set()
        assert end.wait(20)
        return create(self, *given, **more)

    monkeypatch.setattr(Changes, "create_token", slow)
    answers: list[httpx.Response] = []
    async with client(ANA) as http:

        async def first() -> None:
            answers.append(await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY))

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await anyio.to_thread.run_sync(began.wait)
            second = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
            end.set()
        assert (second.status_code, second.headers["retry-after"]) == (409, "1")
        third = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
    assert third.content == answers[0].content
    assert made(services) == 1


async def test_what_was_refused_may_go_well_later_and_what_was_wrong_stays_so(
    client: Client, services: Services
) -> None:
    weak = person(Persona.ADMINISTRATOR, mfa=False)
    async with client(weak) as http:
        assert (await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)).status_code == 401
    async with client(person(Persona.DEVELOPER)) as http:
        assert (await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)).status_code == 403
    async with client(ANA) as http:
        assert (await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)).status_code == 201
        wrong = {"idempotency-key": "wrong"}
        told = {**TOKEN, "grants": ["any:nothing:at-all"]}
        first = await http.post("/api/v1/service-tokens", json=told, headers=wrong)
        again = await http.post("/api/v1/service-tokens", json=told, headers=wrong)
    assert first.status_code == again.status_code == 400
    assert first.json()["detail"] == again.json()["detail"]


async def test_who_may_not_any_longer_or_shows_a_narrower_token_is_told_nothing(client: Client) -> None:
    async with client(ANA) as http:
        shown = (await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)).json()["token"]
    narrow = replace(ANA, narrowed=(Grant.parse("any:people:change"),))
    for actor, status in ((person(Persona.DEVELOPER), 403), (None, 401), (narrow, 201)):
        async with client(actor) as http:
            answer = await http.post("/api/v1/service-tokens", json=TOKEN, headers=KEY)
        assert shown not in answer.text
        assert answer.status_code == status, answer.text


async def test_a_refusal_of_the_trail_is_kept_once_for_each_try(client: Client, services: Services) -> None:
    async with client(person(Persona.DEVELOPER)) as http:
        for _ in range(2):
            assert (await http.put("/api/v1/teams/a", json={}, headers=KEY)).status_code == 403
    with services.database.read() as connection:
        assert [one.outcome for one in trail.entries(connection)] == [trail.REFUSED] * 2


async def test_a_write_that_answers_nothing_is_done_once(client: Client, services: Services) -> None:
    with services.database.begin() as connection:
        people.create(connection, username="x")
    async with client(ANA) as http:
        await http.put("/api/v1/teams/a", json={})
        first = await http.delete("/api/v1/teams/a", headers=KEY)
        again = await http.delete("/api/v1/teams/a", headers=KEY)
        assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
        assert (await http.delete("/api/v1/teams/a")).status_code == 404
