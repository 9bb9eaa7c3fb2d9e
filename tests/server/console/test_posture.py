"""How forges are set up, on pages and by the API: who sees what of it, what mends it, and who may have it mended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, fresh, person
from tests.simulators.github_organization import GitHub, github

from lockgate.engine.forges import posture_apply
from lockgate.engine.forges.posture import Posture
from lockgate.engine.working import Progress
from lockgate.model.actor import Actor, Asset, AssetKind, Persona, Team
from lockgate.server.console.application import application
from lockgate.server.console.posture_seen import AREAS, WEIGHTS, area_of
from lockgate.server.console.rulebook import posture_rules
from lockgate.server.console.services import Services
from lockgate.settings import ForgeSettings, GithubSettings, Settings
from lockgate.store.team import installations, jobs, teams, trail
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.deliveries import Delivery, accept
from lockgate.store.team.installations import Allowed

EVERYBODY = person(*Persona)
RULE = "posture/github-dependabot-alerts-off"
AT_RULE = f"/posture/rule?root=github:acme&rule={RULE}"
ONE = Team("one", (Asset(AssetKind.REPOSITORY, "github.com/acme/one"),))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its forge read once."""
    folder = tmp_path_factory.mktemp("posture")
    (folder / "lockgate.yaml").write_text("version: 1\n")
    recorded.read_forge(folder, recorded.acme())
    return folder


@pytest.fixture
def over(project: Path, database: TeamDatabase) -> Iterator[Services]:
    with recorded.console(project, database, EVERYBODY, ORIGIN) as services:
        yield services


def asked(services: Services, actor: Actor, method: str, address: str, **more: Any) -> httpx.Response:
    async def identify(_: Any) -> Actor | None:
        return fresh(actor)

    async def answer() -> httpx.Response:
        app = application(replace(services, identify=[identify]))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN}) as client:
            return await client.request(method, address, **more)

    return asyncio.run(answer())


def test_every_rule_has_one_area_and_a_weight() -> None:
    rules = [rule for forge in ("github", "azure-devops", "gitlab") for rule in posture_rules(forge)]
    assert len(rules) > 130
    assert [rule.id for rule in rules if sum(tag.startswith("area-") for tag in rule.tags) != 1] == []
    assert {area_of(rule) for rule in rules} == set(AREAS)
    assert {rule.severity for rule in rules} <= set(WEIGHTS)


def test_an_organisation_shows_its_score_by_area_and_what_is_not_met(over: Services) -> None:
    assert "github:acme" in asked(over, EVERYBODY, "GET", "/posture").text
    told = asked(over, EVERYBODY, "GET", "/api/v1/posture/place?root=github:acme").json()
    assert told["objects"] == 3
    assert {one["rule"]: one["objects"] for one in told["rules"]} == {
        RULE: 2, "posture/github-workflow-token-writes": 1, "posture/github-environment-self-review": 1,
    }  # fmt: skip
    areas = told["areas"]
    assert areas["branches"]["percent"] == 100
    assert areas["dependencies"]["failed"] == 2
    assert areas["deployments"]["percent"] < 100
    # deploy keys of both repositories were refused: no answer, neither way
    assert areas["secrets"]["unread"] == 2 * sum("deploy-key-" in str(rule.id) for rule in posture_rules("github"))
    assert told["worst"][0] in ("github:acme", "github:acme/two")
    text = asked(over, EVERYBODY, "GET", "/posture?root=github:acme&area=deployments").text
    assert "Self" in text or "self" in text
    assert f"rule={RULE.replace('/', '%2F')}" not in text.split("Who is worst")[0].split("Rules that are not met")[1]


def test_names_of_the_forge_become_no_markup(over: Services) -> None:
    at_rule = "/posture/rule?root=github:acme&rule=posture/github-environment-self-review"
    for address in ("/posture?root=github:acme", at_rule):
        text = asked(over, EVERYBODY, "GET", address).text
        assert recorded.HOSTILE not in text
    assert "&lt;img src=x" in text


@pytest.mark.parametrize("root", ["github:other", "", "x' or true", "github:acme\x00", "a" * 400])
def test_what_was_never_read_is_not_there(over: Services, root: str) -> None:
    answer = asked(over, EVERYBODY, "GET", "/api/v1/posture/place", params={"root": root})
    assert answer.status_code == 404
    assert asked(over, EVERYBODY, "GET", "/posture/rule", params={"root": root, "rule": RULE}).status_code == 404


def test_a_team_sees_its_own_repository_and_nothing_of_the_others(over: Services) -> None:
    dana = replace(person(Persona.DEVELOPER), teams=(ONE,))
    told = asked(over, dana, "GET", "/api/v1/posture/place?root=github:acme").json()
    assert told["objects"] == 1
    assert told["worst"] == ["github:acme/one"]
    by_api = AT_RULE.replace("/posture", "/api/v1/posture", 1)
    for address in ("/posture", "/posture?root=github:acme", AT_RULE, by_api):
        text = asked(over, dana, "GET", address).text
        assert "acme/two" not in text, address
    assert "acme/one" in text
    for method, address in (("POST", "/api/v1/posture/read"), ("POST", "/api/v1/posture/apply")):
        body = {"root": "github:acme", "rule": RULE, "stamp": "x"}
        assert asked(over, dana, method, address, json=body).status_code == 403
    nobody = person(Persona.DEVELOPER)
    assert asked(over, nobody, "GET", "/api/v1/posture").json() == []


def test_what_a_team_owns_can_be_shown_alone(over: Services, database: TeamDatabase) -> None:
    with database.begin() as connection:
        teams.put(connection, "one", owns=ONE.owns)
    text = asked(over, EVERYBODY, "GET", "/posture?root=github:acme&team=one").text
    assert "github:acme/one" in text
    assert "github:acme/two" not in text


def test_a_rule_shows_the_calls_terraform_and_the_command(over: Services) -> None:
    text = asked(over, EVERYBODY, "GET", AT_RULE).text
    assert "PUT /repos/acme/one/vulnerability-alerts" in text
    assert "github_repository" in text
    assert "lockgate posture github:acme --apply github-dependabot-alerts-off --yes" in text
    assert "Have the server make these 2 calls" in text
    assert "Have the server" not in asked(over, person(Persona.ADMINISTRATOR), "GET", AT_RULE).text


def test_a_reading_that_is_asked_for_is_a_job_and_stands_in_the_trail(over: Services, database: TeamDatabase) -> None:
    root = person(Persona.ADMINISTRATOR)
    answer = asked(over, root, "POST", "/posture/read", data={"root": "github:acme"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/posture")
    with database.read() as connection:
        (job,) = jobs.listed(connection)
        (entry,) = trail.entries(connection)
    assert (job.kind, job.payload) == ("posture.look", {"only": "github:acme", "asked": True})
    assert (entry.action, entry.target, entry.actor) == ("posture:refresh", "forge:github:acme", root.id)


def stamp(services: Services) -> str:
    told = asked(services, EVERYBODY, "GET", f"/api/v1/posture/rule?root=github:acme&rule={RULE}").json()
    return str(told["stamp"])


def apply(services: Services, actor: Actor, shown: str) -> httpx.Response:
    body = {"root": "github:acme", "rule": RULE, "stamp": shown}
    return asked(services, actor, "POST", "/api/v1/posture/apply", json=body)


def test_calls_need_the_permission_a_second_factor_and_what_was_seen(over: Services, database: TeamDatabase) -> None:
    shown = stamp(over)
    assert apply(over, person(Persona.ADMINISTRATOR), shown).status_code == 403
    assert apply(over, person(Persona.SECURITY, mfa=False), shown).status_code == 401
    assert apply(over, person(Persona.SECURITY), "0" * 32).status_code == 400
    with database.read() as connection:
        assert jobs.listed(connection) == ()


def worked(services: Services, database: TeamDatabase, told: GitHub) -> str:
    """Work the job that makes the calls, at a forge."""
    import threading

    settings = Settings(forges={"hub": ForgeSettings(github=GithubSettings(token="env:TOKEN", api=told.base))})
    from lockgate.engine.forges.connections import connections

    hub = replace(settings.forges["hub"], posture=replace(settings.forges["hub"].posture, organizations=("acme",)))
    known = connections({"hub": hub}, project=services.project)
    posture = replace(services.more[Posture], connections=lambda: known)
    handler = posture_apply.handler(posture)
    job = jobs.claim(database, [handler.kind], "test")
    assert job is not None
    said = handler.run(job, Progress(database, job, threading.Event()))
    jobs.finish(database, job, said)
    return said


def test_the_calls_that_were_seen_are_made_once_and_kept(
    over: Services, database: TeamDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    answer = apply(over, person(Persona.SECURITY), stamp(over))
    assert answer.status_code == 202
    told = recorded.acme()
    with github(told) as server:
        assert worked(over, database, server) == "github:acme: 2 calls made, 0 refused"
    assert [path for _, path, _ in told.sent] == ["/repos/acme/one/vulnerability-alerts",
                                                 "/repos/acme/two/vulnerability-alerts"]  # fmt: skip
    rows = over.more[Posture].record().rows("ForgeChanges")
    assert {(row["Target"], row["Outcome"], row["By"]) for row in rows} == {
        (path, "made", "person:ana") for _, path, _ in told.sent}  # fmt: skip
    with database.read() as connection:
        actions = [(one.action, one.actor) for one in trail.entries(connection)]
        waiting = [job.kind for job in jobs.listed(connection, states=[jobs.JobState.WAITING])]
    assert actions == [("posture:apply", "person:ana"), ("posture:apply", "system")]
    assert waiting == ["posture.look"]


def test_forges_show_what_they_told_what_failed_and_what_is_left(over: Services, database: TeamDatabase) -> None:
    known = Settings(forges={"hub": ForgeSettings(github=GithubSettings(token="env:TOKEN"), repositories=("acme/*",))})
    with database.begin() as connection:
        accept(connection, [Delivery("hub", "d-1", "push", ())], now=1_000.0)
        installations.looked_at(connection, "hub", 7, account=recorded.HOSTILE, repositories=1_234, now=2_000.0)
        installations.allowed(connection, "hub", 7, [Allowed("core", 5_000, 4_321, 3_000.0)], now=2_000.0)
        installations.allowed(connection, "hub", 7, [Allowed("graphql", 5_000, 4_000, 3_000.0)], now=2_001.0)
        number = jobs.enqueue(connection, "posture.read", {"connection": "hub"}, key="hub:acme")
    claimed = jobs.claim(database, ["posture.read"], "w")
    assert claimed is not None
    jobs.fail(database, claimed, recorded.HOSTILE, again_in=None)
    over = replace(over, settings=lambda: known, more={})
    text = asked(over, EVERYBODY, "GET", "/forges").text
    for words in ("1,234", "core: 4,321 of 5,000", "graphql: 4,000 of 5,000", "acme/*", f"posture.read {number}"):
        assert words in text
    assert recorded.HOSTILE not in text
    (one,) = asked(over, EVERYBODY, "GET", "/api/v1/forges/standing").json()
    assert (one["repositories"], one["last_event"], one["failed_jobs"]) == (1_234, 1_000.0, [number])
    assert one["installations"][0]["allowances"] == {"core": 4_321, "graphql": 4_000}
    assert asked(over, person(Persona.DEVELOPER), "GET", "/forges").status_code == 403
    answer = asked(over, person(Persona.ADMINISTRATOR), "POST", "/forges/reconcile")
    assert answer.status_code == 303


def test_scores_are_rounded_down_so_that_a_hundred_means_all() -> None:
    from lockgate.server.console.posture_seen import Score

    rule, score = posture_rules("github")[0], Score()
    assert score.percent is None
    score.take(rule, "unread")
    score.take(rule, "waived")
    assert score.percent is None
    for _ in range(999):
        score.take(rule, "held")
    assert score.percent == 100
    score.take(rule, "failed")
    assert score.percent == 99
    assert re.fullmatch(r"\d+", str(score.unread))
