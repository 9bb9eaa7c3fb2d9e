"""Every route, asked by every persona for what another team owns: what it declares decides, and nothing leaks or moves.

The record and the database hold the same things twice: of a repository that the team of who asks owns, where every text
has ``kestrel``, and of one that another team owns, where every text has ``osprey``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from tests.engine.deployments.conftest import BASE, HEAD, flaw, result
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, fresh
from tests.simulators.github_organization import GitHub

from lockgate.access import may
from lockgate.access import permissions as p
from lockgate.access.ruling import reach
from lockgate.cli._project import project_at
from lockgate.engine.deployments.desk import Desk, GateRules
from lockgate.engine.deployments.gathering import Sources
from lockgate.model import Location
from lockgate.model.actor import Actor, ActorKind, Asset, AssetKind, Grant, Permission, Persona, Scope, Strength, Team
from lockgate.model.deployment import DeploymentWaits
from lockgate.server.console.application import application, framework
from lockgate.server.console.asking import needed_by, public
from lockgate.server.console.services import Services
from lockgate.server.sign_in.house import House
from lockgate.settings import GateSettings, PeopleSettings
from lockgate.store.team import jobs, people, sessions, teams, tokens, views, waivers
from lockgate.store.team.database import METADATA, TeamDatabase
from lockgate.store.team.sealing import Seal

OURS, THEIRS = "kestrel", "osprey"
NOW = datetime.now(UTC)
MINE = Team("one", (Asset(AssetKind.REPOSITORY, "acme/one"), Asset(AssetKind.ENVIRONMENT, "one-*")))
EVERYTHING, OF_TEAMS = (
    tuple(Grant(scope, one.permission) for one in p.catalogue()) for scope in (Scope.ANY, Scope.TEAM)
)


def somebody(*personas: Persona, **more: Any) -> Actor:
    return Actor("person:ana", "Ana", personas=personas, teams=(MINE,), strength=Strength(("pwd",), NOW, NOW), **more)


ACTORS = {
    "nobody": None, "no persona": somebody(), **{str(one): somebody(one) for one in Persona},
    "a token for findings": somebody(Persona.SECURITY, narrowed=(Grant.parse("team:findings:read"),)),
    "a token of the team": somebody(Persona.SECURITY, narrowed=OF_TEAMS),
    "a service": Actor("token:s", "s", ActorKind.SERVICE, teams=(MINE,), grants=(Grant.parse("team:record:ask"),)),
}  # fmt: skip


@dataclass
class World:
    """The console, and the names of what the other team owns."""

    services: Services
    theirs: dict[str, str]
    ours: dict[str, str]
    ana: str
    """Id of who asks."""
    extra: dict[str, str] = field(default_factory=dict)
    """Headers that every call has beside."""

    def known(self, actor: Actor | None) -> Actor | None:
        """Somebody as the person that the database knows."""
        return replace(actor, id=self.ana) if actor is not None and actor.kind is ActorKind.PERSON else actor

    def asked(self, actor: Actor | None, *calls: tuple[str, str, dict[str, Any] | None]) -> list[httpx.Response]:
        """Answers to (method, address, form or body)."""

        async def identify(_: Any) -> Actor | None:
            return fresh(actor)

        app = application(replace(self.services, identify=[identify]))

        async def answers() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
            headers = {"origin": ORIGIN, **self.extra}
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
                return [
                    await client.request(method, address, **{_sent(address): body} if body else {})
                    for method, address, body in calls
                ]

        return asyncio.run(answers())


def _sent(address: str) -> str:
    return "json" if address.startswith("/api/") else "data"


def stored(project: Any, word: str, number: int) -> str:
    """A run over a repository with one finding whose texts have the word; the finding's identity."""
    place = Location(f"src/{word}.py", 3)
    found = flaw(f"{word}-package")
    finding = replace(found.finding, message=f"{word} is at fault", location=place)
    run = result(f"run-{word}", revision=HEAD, at=NOW - timedelta(hours=number))
    run = replace(run, run=replace(run.run, root=f"github.com/acme/{'one' if word == OURS else 'two'}", branch=word),
                  findings=(replace(found, finding=finding),))
    project.record().append_result(run)
    return found.identity


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    """Both teams' things."""
    (tmp_path / "lockgate.yaml").write_text("version: 1\n")
    project = project_at(tmp_path)
    identities = {word: stored(project, word, number) for number, word in enumerate((OURS, THEIRS), 1)}
    hub = GitHub()
    for side in ("one", "two"):
        hub.add(side, own={"hasVulnerabilityAlertsEnabled": False})
    recorded.read_forge(tmp_path, hub)
    with TeamDatabase.open(tmp_path / ".lockgate") as database, recorded.console(
        tmp_path, database, somebody(), ORIGIN
    ) as services:
        house = House(database, PeopleSettings, Seal(b"k" * 32), origin=ORIGIN, project=tmp_path)
        desk = Desk(database, lambda: Sources(project.record()), lambda: GateRules((), GateSettings(), "r", "", ()),
                    lambda connection: {}, ORIGIN)  # fmt: skip
        services = replace(services, more={**services.more, House: house, Desk: desk})
        found = {word: _kept(database, desk, word, identities[word]) for word in identities}
        with database.begin() as connection:
            ana = people.create(connection, username="ana").id
        yield World(services, found[THEIRS], found[OURS], ana)


def _kept(database: TeamDatabase, desk: Desk, word: str, identity: str) -> dict[str, str]:
    """What the database holds of one team; its names by the parameters of routes."""
    side = "one" if word == OURS else "two"
    with database.begin() as connection:
        other = people.create(connection, username=f"{word}-bob", name=f"{word} Bob", personas=[Persona.DEVELOPER])
        _, session = sessions.start(connection, other.id, hours=1, methods=["pwd"], agent=f"{word} browser")
        _, token = tokens.create(connection, f"{word} token", kind=ActorKind.PERSON, grants=EVERYTHING[:1], seconds=60,
                                 created_by=other.id, person=other.id)  # fmt: skip
        soon = f"{NOW + timedelta(days=9):%Y-%m-%d}"
        author = Actor(other.id, other.name)
        waiver = waivers.ask(connection, author, [identity], f"{word} is no danger", soon)
        job = jobs.enqueue(connection, "scan", key=word)
        teams.put(connection, side, owns=[Asset(AssetKind.REPOSITORY, f"acme/{side}")])
        group = teams.put_group(connection, f"{word}-group")
        member = replace(author, teams=(Team(side),))
        view = views.save(connection, member, "findings", f"{word} view", "", team=side if word == THEIRS else "")
    waits = DeploymentWaits("pipeline", word, f"{side}-prod", f"acme/{side}", f"refs/heads/{word}",
                            HEAD if side == "one" else BASE, other.id)  # fmt: skip
    request, _ = desk.ask(waits, author)
    return {
        "identity": identity, "id": request.request.id, "number": str(waiver), "person_id": other.id,
        "token_id": token.id, "session": session.id, "name": side, "group_id": group.id, "job": str(job),
        "view_id": view.id, "environment:path": f"{side}-prod",
    }  # fmt: skip


def calls(
    services: Services, named: dict[str, str], app: Any = None
) -> list[tuple[str, str, Permission | None]]:  # fmt: skip
    """Every route as it is called for named objects: method, address, what it declares."""
    filled = named | {"provider": "none", "glass": "none", "stamp": "0", "answer": "granted"}
    found = []
    for route in iter_route_contexts((app or framework(services)).routes):
        methods = sorted(set(route.original_route.methods) - {"HEAD"})  # type: ignore[attr-defined]
        number = {"number": named["job"]} if "/jobs/" in route.path else {}
        needed = needed_by(route.dependant)
        found += [(method, _filled(route.path, filled | number), needed) for method in methods]
    return found


def _filled(path: str, named: dict[str, str]) -> str:
    """The address of a route with its names; what takes slashes is written ``{environment:path}``."""
    return re.sub(r"\{([^}]+)\}", lambda one: named[one[1]], path)


def bodies(named: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What changes need, by the address with its names; others are sent without."""
    id, identity = named["id"], named["identity"]
    soon = f"{NOW + timedelta(days=9):%Y-%m-%d}"
    return {
        "/findings": {"identity": identity, "state": "open", "assign": "me"},
        f"/findings/{identity}/remarks": {"text": "seen"},
        "/waivers": {"identity": identity, "reason": "because of that", "expires": soon},
        f"/deployments/{id}/answer": {"answer": "approve", "binding": "x"},
        f"/deployments/{id}/break-glass": {"reason": "now"}, f"/deployments/{id}/withdraw": {"reason": "no"},
        f"/deployments/{id}/follow-up": {"glass": "x", "note": "y"},
        f"/api/v1/deployments/{id}/answers": {"answer": "approve", "binding": "x"},
        f"/api/v1/deployments/{id}/break-glass": {"reason": "now"},
        f"/api/v1/deployments/{id}/withdraw": {"reason": "no"},
        f"/api/v1/deployments/{id}/glass/none/follow-up": {"reason": "y"},
        "/api/v1/deployments": {"environment": f"{named['name']}-prod", "repository": f"acme/{named['name']}",
                                "commit": "e" * 40},
        "/api/v1/waivers": {"identities": [identity], "reason": "because of that", "expires": soon},
        "/views": {"list": "findings", "name": "x", "team": named["name"]},
        "/api/v1/views": {"list": "findings", "name": "x", "team": named["name"]},
        "/account/sessions/end": {"which": named["session"]}, "/account/tokens/revoke": {"which": named["token_id"]},
    }  # fmt: skip


def held(world: World) -> list[str]:
    """All rows about what the other team owns, but those of the trail, which tell of refusals."""
    known = (THEIRS, "acme/two", *(one for name, one in world.theirs.items() if name not in ("name", "number", "job")))
    with world.services.database.read() as connection:
        return sorted(
            row for table in METADATA.sorted_tables if "trail" not in table.name
            for row in map(repr, connection.execute(select(table))) if any(one in row for one in known)
        )  # fmt: skip


@pytest.mark.parametrize("who", ACTORS)
def test_what_a_route_declares_decides_and_what_another_team_owns_neither_shows_nor_moves(
    world: World, who: str
) -> None:
    actor, sent, before = world.known(ACTORS[who]), bodies(world.theirs), held(world)
    assert len(before) > 8
    every = calls(world.services, world.theirs)
    assert len(every) > 90
    wide = actor is not None and reach(actor, p.RECORD_ASK) is Scope.ANY
    asked = [(method, address, needed) for method, address, needed in every
             if method == "GET" or actor is None or needed is None
             or reach(actor, needed) is not Scope.ANY]  # fmt: skip
    answers = world.asked(actor, *((m, a, sent.get(a) if m != "GET" else None) for m, a, _ in asked))
    for (method, address, needed), answer in zip(asked, answers, strict=True):
        told = (who, method, address, answer.status_code, answer.text[:300])
        assert answer.status_code < 500 or address.startswith(("/sign-in", "/api/v1/back-channel")), told
        if needed is not None:
            own = Asset.of_person(actor.id) if actor and str(needed).startswith(("account", "tokens")) else None
            if actor is None:
                assert answer.status_code == 401 or answer.headers["location"].startswith("/sign-in?"), told
            elif not may(actor, needed, own, now=NOW):  # the console sees the same second factor as just shown
                assert answer.status_code == 403, told
        if needed is None or actor is None or not (wide or reach(actor, needed) is Scope.ANY):
            assert THEIRS not in answer.text.replace(world.theirs["identity"], ""), told
    assert held(world) == before


_RULE = "posture/github-dependabot-alerts-off"
LISTS = ("/posture?root=github:acme", f"/posture/rule?root=github:acme&rule={_RULE}",
         f"/api/v1/posture/rule?root=github:acme&rule={_RULE}", "/api/v1/posture/place?root=github:acme", "/findings",
         "/search?word=package", "/ask?query=Findings", "/waivers", "/deployments", "/home",
         "/api/v1/deployments", "/inventory", "/api/v1/findings", "/api/v1/waivers",
         "/api/v1/export/findings.csv")  # fmt: skip


@pytest.mark.parametrize("who", [Persona.DEVELOPER, Persona.SRE])
def test_lists_show_a_team_its_own_and_nothing_of_another(world: World, who: Persona) -> None:
    answers = world.asked(somebody(who), *(("GET", address, None) for address in LISTS))
    for address, answer in zip(LISTS, answers, strict=True):
        assert OURS in answer.text or "acme/one" in answer.text, address
        assert THEIRS not in answer.text, address
        assert "acme/two" not in answer.text, address
    everything = world.asked(somebody(Persona.SECURITY), *(("GET", address, None) for address in LISTS))
    assert all(THEIRS in one.text or "acme/two" in one.text for one in everything)


def test_a_team_triages_its_own_and_asks_for_waivers_of_them(world: World) -> None:
    sent = bodies(world.ours)
    identity = world.ours["identity"]
    mine = ("/findings", f"/findings/{identity}/remarks", "/waivers")
    answers = world.asked(somebody(Persona.DEVELOPER), *(("POST", address, sent[address]) for address in mine))
    assert [one.status_code for one in answers] == [303, 303, 303]
    both = {**sent["/findings"], "identity": [identity, world.theirs["identity"]]}
    assert world.asked(somebody(Persona.DEVELOPER), ("POST", "/findings", both))[0].status_code == 404


def test_what_was_kept_for_somebody_is_not_shown_to_their_narrower_token_nor_after_a_team_lost_it(
    world: World,
) -> None:
    services = replace(world.services, stamp=lambda: 1)  # the record stands still, so that answers are kept
    world = replace(world, services=services)
    calls = (("GET", "/findings", None),)
    assert THEIRS in world.asked(somebody(Persona.SECURITY), *calls)[0].text
    for narrowed in ("team:record:ask", "any:repositories:read"):
        token = (Grant.parse("any:findings:read"), Grant.parse(narrowed))
        assert THEIRS not in world.asked(somebody(Persona.SECURITY, narrowed=token), *calls)[0].text
    assert OURS in world.asked(somebody(Persona.DEVELOPER), *calls)[0].text
    lost = replace(somebody(Persona.DEVELOPER), teams=(Team("one"),))
    assert OURS not in world.asked(lost, *calls)[0].text


@pytest.mark.parametrize("number", ["-1", "2147483648", "9" * 30, "x", "1e9"])
def test_numbers_in_addresses_beyond_those_of_rows_are_refused(world: World, number: str) -> None:
    every = somebody(*Persona)
    lists = [f"/{name}?before={number}" for name in ("waivers", "jobs", "trail", "deployments")]
    apis = ("waivers", "jobs", "deployments", "findings", "teams", "forges", "service-tokens")
    lists += [f"/api/v1/{name}?after={number}" for name in apis]
    changes = [f"/jobs/{number}/retry", f"/jobs/{number}/cancel", f"/waivers/{number}/granted"]
    answers = world.asked(every, *(("GET", one, None) for one in lists), *(("POST", one, None) for one in changes))
    assert {one.status_code for one in answers} == {422}


def test_every_change_that_is_cut_to_teams_is_sent_with_a_body_that_it_takes(world: World) -> None:
    sent, missing, walked = bodies(world.theirs), [], 0
    filled = world.theirs | {"provider": "none", "glass": "none", "stamp": "0", "answer": "granted"}
    for route in iter_route_contexts(framework(world.services).routes):
        needed = needed_by(route.dependant)
        if needed is None or not any(reach(somebody(one), needed) is Scope.TEAM for one in Persona):
            continue
        walked += 1
        address = _filled(route.path, filled)
        if any(one.field_info.is_required() for one in route.dependant.body_params) and address not in sent:
            missing.append((sorted(route.original_route.methods), address))  # type: ignore[attr-defined]
    assert walked > 30
    assert not missing


def test_a_route_about_something_that_the_matrix_has_not_is_missed_by_it(world: World) -> None:
    app = framework(world.services)
    app.add_api_route("/secrets/{secret}", lambda secret: secret, dependencies=[public])
    with pytest.raises(KeyError, match="secret"):
        calls(world.services, world.theirs, app)
