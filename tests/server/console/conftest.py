"""A console over an empty database, and a client that asks it as anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request

from lockgate.model.actor import Actor, Persona, Strength
from lockgate.server.console.application import application
from lockgate.server.console.services import Services
from lockgate.settings import Settings
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.sealing import Seal

ORIGIN = "http://localhost:8642"
Client = Callable[..., httpx.AsyncClient]


def person(*personas: Persona, name: str = "Ana", mfa: bool = True) -> Actor:
    """Somebody who signed in just now."""
    now = datetime.now(UTC)
    strength = Strength(("pwd",), now, now if mfa else None)
    return Actor(f"person:{name.lower()}", name, personas=personas, strength=strength)


def fresh(actor: Actor | None) -> Actor | None:
    """The same, whose second factor was shown just now where one was: a run of all tests outlasts a step-up."""
    if actor is None or actor.strength.mfa is None:
        return actor
    now = datetime.now(UTC)
    return replace(actor, strength=replace(actor.strength, signed_in=now, mfa=now))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[TeamDatabase]:
    """Of the team."""
    with TeamDatabase.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def services(database: TeamDatabase, tmp_path: Path) -> Services:
    """What a console stands on; who asks is what a test says."""
    asking: dict[str, Actor | None] = {"actor": None}

    async def identify(_: Request) -> Actor | None:
        return fresh(asking["actor"])

    async def ask(actor: Actor, query: str, parameters: Mapping[str, str] | None = None, *, rows: int = 10_000) -> Any:
        raise AssertionError("this test has no record")

    return Services(
        database, Settings, tmp_path, tmp_path, ORIGIN, ask, lambda: None, Seal(b"k" * 32),
        identify=[identify], more={dict: asking},
    )


@pytest.fixture
def client(services: Services) -> Client:
    """``client(actor)``: asks as them; ``client(None)``: as nobody; ``over``: another console."""

    def made(actor: Actor | None = None, over: Services = services, **headers: str) -> httpx.AsyncClient:
        services.more[dict]["actor"] = actor
        transport = httpx.ASGITransport(application(over), raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN, **headers})

    return made


@pytest.fixture
def served(services: Services, tmp_path: Path) -> Iterator[Any]:
    """The house of a console that listens."""
    from tests.server.console.served import listening

    with listening(services, tmp_path) as house:
        yield house
