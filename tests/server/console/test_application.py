"""The console keeps hostile requests out, tells people and programs apart; no route forgets to say what it needs."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.routing import iter_route_contexts
from tests.server.console.conftest import ORIGIN, Client, person

from lockgate.model.actor import Persona
from lockgate.server.console.application import framework
from lockgate.server.console.asking import said_by
from lockgate.server.console.services import Services
from lockgate.store.team import jobs, trail
from lockgate.store.team.database import TeamDatabase

SECURITY = Persona.SECURITY


def get(client: Any, address: str, **more: Any) -> Any:
    async def asked() -> Any:
        async with client as opened:
            return await opened.request(more.pop("method", "GET"), address, **more)

    return asyncio.run(asked())


def test_every_route_says_what_it_needs_or_that_anybody_may(services: Services) -> None:
    routes = list(iter_route_contexts(framework(services).routes))
    assert len(routes) > 8
    assert [route.path for route in routes if route.dependant is None or not said_by(route.dependant)] == []


def test_nobody_is_led_to_the_sign_in_and_back(client: Client) -> None:
    answer = get(client(), "/jobs?state=failed")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fjobs%3Fstate%3Dfailed"


@pytest.mark.parametrize(
    ("referer", "back"),
    [(f"{ORIGIN}/waivers?state=waiting", "/waivers?state=waiting"), (f"{ORIGIN}//evil.example", "/"), ("", "/"),
     ("https://evil.example/x", "/"), (f"{ORIGIN}.evil.example/x", "/"), (f"{ORIGIN}/\\evil.example", "/")],
)  # fmt: skip
def test_who_sends_a_form_comes_back_to_its_page_and_to_no_other_place(
    client: Client, referer: str, back: str
) -> None:
    answer = get(client(referer=referer), "/waivers/1/granted", method="POST")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?{urlencode({'next': back})}"


def test_a_program_that_shows_nothing_is_told_how(client: Client) -> None:
    answer = get(client(), "/api/v1/jobs")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_may_not_is_refused_with_the_reason(client: Client) -> None:
    answer = get(client(person(Persona.DEVELOPER)), "/trail")
    assert answer.status_code == 403
    assert "trail:read" in answer.text


def test_a_refused_change_stands_in_the_trail(client: Client, database: TeamDatabase) -> None:
    assert get(client(person(Persona.DEVELOPER)), "/jobs/1/cancel", method="POST").status_code == 403
    with database.read() as connection:
        (entry,) = trail.latest(connection)
    assert (entry.actor, entry.action, entry.outcome) == ("person:ana", "jobs:change", trail.REFUSED)


def test_every_answer_has_a_policy_that_lets_only_our_own_in(client: Client) -> None:
    for actor, address in ((None, "/nowhere"), (None, "/api/v1/ready"), (person(SECURITY), "/jobs")):
        headers = get(client(actor), address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": ORIGIN}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://localhost:9999"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": ORIGIN}, 303),
        ({"origin": "", "cookie": "lockgate=x"}, 403),
        ({"origin": ""}, 303),
    ],
)
def test_a_change_must_come_from_our_own_origin(
    client: Client, database: TeamDatabase, headers: dict[str, str], status: int
) -> None:
    with database.begin() as connection:
        number = jobs.enqueue(connection, "x")
    assert get(client(person(SECURITY), **headers), f"/jobs/{number}/cancel", method="POST").status_code == status


def test_another_name_than_ours_is_not_answered(client: Client) -> None:
    assert get(client(None, host="evil.example"), "/api/v1/ready").status_code == 421


def test_a_body_that_is_too_large_is_refused_told_or_not(client: Client) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * 65_536

    for body in (b"x" * (1 << 21), endless()):
        assert get(client(person(SECURITY)), "/jobs/1/cancel", method="POST", content=body).status_code in (413, 409)


def test_assets_are_kept_for_ever_under_the_address_of_their_content(client: Client) -> None:
    page = get(client(person(SECURITY)), "/jobs").text
    address = re.search(r'href="(/static/[0-9a-f]{16}/console\.css)"', page)
    assert address is not None
    answer = get(client(), address[1])
    assert "immutable" in answer.headers["cache-control"]
    assert get(client(), "/static/0000000000000000/console.css").status_code == 404
    assert get(client(), "/static/x/..%2f..%2fapplication.py").status_code == 404


def test_pages_that_tell_of_people_are_kept_nowhere(client: Client) -> None:
    assert get(client(person(SECURITY)), "/trail").headers["cache-control"] == "no-store"


def test_a_job_is_cancelled_by_htmx_in_its_place(client: Client, database: TeamDatabase) -> None:
    with database.begin() as connection:
        number = jobs.enqueue(connection, "scan", key="<script>alert(1)</script>")
    answer = get(client(person(SECURITY), **{"hx-request": "true"}), f"/jobs/{number}/cancel", method="POST")
    assert answer.text.startswith("<tr")
    assert "cancelled" in answer.text
    assert "<script>alert" not in answer.text


def test_the_trail_page_verifies_the_chain(client: Client, database: TeamDatabase) -> None:
    with database.begin() as connection:
        trail.append(connection, trail.Entry(person(SECURITY), "x"))
    assert "The chain of 1 entries holds" in get(client(person(SECURITY)), "/trail?verify=true").text


def test_the_api_is_described_in_openapi_3_1(client: Client) -> None:
    described = get(client(), "/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/jobs" in described["paths"]
    assert not [path for path in described["paths"] if not path.startswith("/api/")]


def test_jobs_come_in_pages(client: Client, database: TeamDatabase) -> None:
    with database.begin() as connection:
        for _ in range(5):
            jobs.enqueue(connection, "x")
    first = get(client(person(SECURITY)), "/api/v1/jobs?limit=3").json()
    rest = get(client(person(SECURITY)), f"/api/v1/jobs?limit=3&after={first['next']}").json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None
    assert get(client(person(SECURITY)), "/api/v1/jobs?limit=0").status_code == 422
    assert get(client(person(SECURITY)), "/api/v1/jobs/77").status_code == 404


def test_a_database_that_went_away_is_told_as_such(client: Client, services: Services) -> None:
    gone = TeamDatabase("postgresql://x@127.0.0.1:1/none")
    answer = get(client(over=replace(services, database=gone)), "/api/v1/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_who_scrapes_metrics_without_a_token_is_told_so_and_not_led_to_a_page(client: Client) -> None:
    answer = get(client(), "/metrics")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert get(client(person(Persona.DEVELOPER)), "/metrics").json()["status"] == 403


def test_metrics_name_routes_and_never_addresses(client: Client, database: TeamDatabase) -> None:
    get(client(person(SECURITY)), "/api/v1/jobs/12345")
    text = get(client(person(SECURITY)), "/metrics").text
    assert 'route="/api/v1/jobs/{number}",method="GET",status="404"' in text
    assert "12345" not in text
    assert 'lockgate_jobs{state="waiting"} 0' in text


