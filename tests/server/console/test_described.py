"""Every call of the API is answered as its OpenAPI description says, whatever is sent within that description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from tests.server.console.conftest import ORIGIN, fresh
from tests.server.console.test_foreign_objects import World, held, somebody
from tests.server.console.test_foreign_objects import world as world

from lockgate.access.permissions import grant
from lockgate.access.ruling import reach
from lockgate.model.actor import Actor, Persona
from lockgate.server.console.application import application

schemathesis = pytest.importorskip("schemathesis")
_EXAMPLES = 5
Ask = Callable[..., httpx.Response]


def whole(world: World, actor: Actor | None, work: Callable[[Any, Ask], None]) -> None:
    """Has ``work`` done with every operation of the description, and what asks as ``actor``."""

    async def identify(_: Any) -> Actor | None:
        return fresh(actor)

    app = application(replace(world.services, identify=[identify]))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        schema = schemathesis.openapi.from_dict(runner.run(client.get("/api/v1/openapi.json")).json())
        for operation in schema.get_all_operations():
            work(operation.ok(), lambda *given, **more: runner.run(client.request(*given, **more)))
        runner.run(client.aclose())


def each(operation: Any, ask: Ask, check: Callable[[str, httpx.Response], None], examples: int = _EXAMPLES) -> None:
    """Asks with several things that the description lets be asked."""

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True,
              phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy())
    def asked(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        names = ("params", "headers", "json", "data", "files")
        made = requests.Request(sent["method"], sent["url"], **{name: sent.get(name) for name in names}).prepare()
        answer = ask(made.method, made.url, headers=dict(made.headers), content=made.body)
        check(f"{made.method} {made.url} {str(made.body)[:300]}", answer)

    asked()


def test_every_call_answers_as_it_is_described_and_never_with_an_error_of_the_server(world: World) -> None:
    actor = world.known(replace(somebody(*Persona), grants=(grant("any:people:provision"),)))
    seen: dict[str, set[int]] = {}
    wrong: list[tuple[Any, ...]] = []

    def work(operation: Any, ask: Ask) -> None:
        raw = operation.definition.raw["responses"]
        met = seen.setdefault(f"{operation.method.upper()} {operation.path}", set())

        def check(told: str, answer: httpx.Response) -> None:
            met.add(answer.status_code)
            kind = answer.headers.get("content-type", "").partition(";")[0]
            kinds = raw.get(str(answer.status_code), {}).get("content")
            as_told = str(answer.status_code) in raw and (not kinds or not answer.content or kind in kinds)
            if answer.status_code >= 500 or not as_told:
                wrong.append((told, answer.status_code, kind, answer.text[:300]))

        each(operation, ask, check)

    whole(world, actor, work)
    assert not wrong, "\n".join(map(str, wrong))
    assert len(seen) > 45
    done = {name for name, met in seen.items() if met & {200, 201, 202, 204}}
    assert {"PUT /api/v1/teams/{name}", "POST /api/v1/device", "POST /api/v1/service-tokens"} & done


@pytest.mark.parametrize(("actor", "status"), [(None, 401), (somebody(), 403)])
def test_who_may_nothing_is_refused_whatever_they_send_and_nothing_moves(
    world: World, actor: Actor | None, status: int
) -> None:
    known, before = world.known(actor), held(world)

    def work(operation: Any, ask: Ask) -> None:
        permission = operation.definition.raw.get("x-permission")
        everybodys = known is not None and permission and reach(known, grant(f"any:{permission}").permission)
        if permission is None or everybodys:  # their own account, tokens and views
            return

        def check(told: str, answer: httpx.Response) -> None:
            assert answer.status_code in (status, 422), (told, answer.text[:300])

        each(operation, ask, check, 2)

    whole(world, known, work)
    assert held(world) == before
