"""What the API answers to a read is as its OpenAPI description says, whatever is asked within that description."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from tests.server.console.conftest import ORIGIN
from tests.server.console.test_foreign_objects import World, somebody
from tests.server.console.test_foreign_objects import world as world

from lockgate.access.permissions import grant
from lockgate.model.actor import Persona
from lockgate.server.console.application import application

schemathesis = pytest.importorskip("schemathesis")
_EXAMPLES = 8


def test_every_read_answers_as_it_is_described_and_never_with_an_error_of_the_server(world: World) -> None:
    actor = world.known(replace(somebody(*Persona), grants=(grant("any:people:provision"),)))

    async def identify(_: Any) -> Any:
        return actor

    app = application(replace(world.services, identify=[identify]))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        schema = schemathesis.openapi.from_dict(runner.run(client.get("/api/v1/openapi.json")).json())
        reads = [one.ok() for one in schema.get_all_operations() if one.ok().method.upper() == "GET"]
        assert len(reads) > 15
        for operation in reads:
            _ask(operation, lambda address: runner.run(client.get(address)))
        runner.run(client.aclose())


def _ask(operation: Any, get: Any) -> None:
    @settings(max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy())
    def asked(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        address = requests.Request(sent["method"], sent["url"], params=sent.get("params")).prepare().url
        answer = get(address)
        assert answer.status_code < 500, (address, answer.text[:300])
        assert str(answer.status_code) in operation.definition.raw["responses"], (address, answer.text[:300])

    asked()
