"""Every route about people, asked by every persona: what the matrix says, and nothing else, lets them in."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from tests.server.console.conftest import ORIGIN

from lockgate.access import may
from lockgate.access import permissions as p
from lockgate.model.actor import Actor, Asset, Persona, Strength
from lockgate.server.console.application import application
from lockgate.server.sign_in.house import House
from lockgate.settings import PeopleSettings
from lockgate.store.team import people
from lockgate.store.team.sealing import Seal

ROUTES = {
    ("GET", "/account"): p.ACCOUNT_READ, ("POST", "/account/recovery"): p.ACCOUNT_CHANGE,
    ("POST", "/account/sessions/end"): p.ACCOUNT_CHANGE, ("GET", "/device"): p.TOKENS_CREATE,
    ("GET", "/people"): p.PEOPLE_READ, ("GET", "/people/{other}"): p.PEOPLE_READ,
    ("POST", "/people/{other}/end-sessions"): p.PEOPLE_CHANGE, ("POST", "/people/{other}/reset"): p.PEOPLE_CHANGE,
    ("GET", "/teams"): p.TEAMS_READ, ("POST", "/teams/none/delete"): p.TEAMS_CHANGE, ("GET", "/tokens"): p.PEOPLE_READ,
    ("GET", "/api/v1/me"): p.ACCOUNT_READ, ("GET", "/api/v1/people"): p.PEOPLE_READ,
    ("GET", "/api/v1/people/{other}"): p.PEOPLE_READ, ("GET", "/api/v1/people/{other}/sessions"): p.PEOPLE_READ,
    ("DELETE", "/api/v1/people/{other}/sessions"): p.PEOPLE_CHANGE, ("GET", "/api/v1/teams"): p.TEAMS_READ,
    ("GET", "/api/v1/service-tokens"): p.PEOPLE_READ, ("GET", "/api/scim/v2/Users"): p.PEOPLE_PROVISION,
    ("DELETE", "/api/scim/v2/Users/{other}"): p.PEOPLE_PROVISION, ("GET", "/api/scim/v2/Groups"): p.PEOPLE_PROVISION,
}  # fmt: skip


@pytest.fixture
def asked(services, tmp_path):
    """``asked(personas, mfa)``: the status of every route above, asked by somebody who is that."""
    house = House(services.database, PeopleSettings, Seal(b"k" * 32), origin=ORIGIN, project=tmp_path)
    app = application(replace(services, more={**services.more, House: house}))
    with services.database.begin() as connection:
        ana = people.create(connection, username="ana")
        other = people.create(connection, username="other", origin=people.DIRECTORY)
        people.create(connection, username="root", personas=[Persona.ADMINISTRATOR])

    def made(personas, mfa=True):
        now = datetime.now(UTC)
        actor = Actor(ana.id, "Ana", personas=personas, strength=Strength(("pwd",), now, now if mfa else None))
        services.more[dict]["actor"] = actor

        async def call():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN}) as client:
                found = {}
                for method, path in ROUTES:
                    answer = await client.request(method, path.format(other=other.id))
                    found[method, path] = answer.status_code
                return found

        return actor, asyncio.run(call())

    return made


@pytest.mark.parametrize("personas", [(), *((one,) for one in Persona)], ids=lambda given: "-".join(given) or "nobody")
def test_every_route_answers_whom_the_matrix_lets_in_and_nobody_else(asked, personas):
    actor, statuses = asked(personas)
    own = Asset.of_person(actor.id)
    for route, permission in ROUTES.items():
        lets = bool(may(actor, permission, own if "account" in str(permission) else None, now=datetime.now(UTC)))
        assert (statuses[route] == 403) is not lets, (route, statuses[route], personas)


def test_what_binds_others_leads_to_a_second_factor_first(asked):
    _, statuses = asked((Persona.ADMINISTRATOR,), mfa=False)
    assert statuses["POST", "/people/{other}/end-sessions"] == 303
    assert statuses["DELETE", "/api/v1/people/{other}/sessions"] == 401
    assert statuses["GET", "/people"] == 200
