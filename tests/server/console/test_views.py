"""Saved views through pages and API: whose they are, what they hold, and that they are no way past a permission."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.server.console.conftest import Client, person
from tests.server.console.recorded import HOSTILE

from lockgate.model.actor import Actor, Grant, Persona, Team
from lockgate.server.console.lists import LISTS, query_of
from lockgate.store.team import trail
from lockgate.store.team.database import TeamDatabase

ANA = replace(person(Persona.SECURITY), teams=(Team("shop"),))
BOB = replace(person(Persona.SECURITY, name="Bob"), teams=(Team("shop"),))
EVE = person(Persona.SECURITY, name="Eve")


def sent(client: Client, actor: Actor, address: str, method: str = "GET", **more: Any) -> Any:
    async def asked() -> Any:
        async with client(actor) as opened:
            return await opened.request(method, address, **more)

    return asyncio.run(asked())


def links(client: Client, actor: Actor, address: str = "/jobs") -> list[str]:
    text = sent(client, actor, address).text
    shown = re.search(r'<nav class="views".*?</nav>', text, re.DOTALL)
    assert shown is not None
    return re.findall(r'<li><a href="([^"]*)"', shown[0])


def test_a_person_names_the_present_filter_and_shares_it_with_a_team(client: Client) -> None:
    form = {"list": "jobs", "name": "What failed", "query": "before=7&state=failed&x=y", "team": "shop"}
    answer = sent(client, ANA, "/views", "POST", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?state=failed")
    assert links(client, ANA) == links(client, BOB) == ["/jobs?state=failed"]
    assert links(client, EVE) == []
    assert 'aria-current="true">What failed' in sent(client, BOB, "/jobs?state=failed&before=9").text


def test_everybody_deletes_their_own_and_nobody_anothers(client: Client, database: TeamDatabase) -> None:
    made = sent(client, ANA, "/api/v1/views", "POST", json={"list": "jobs", "name": "x", "team": "shop"}).json()
    for address, method in ((f"/views/{made['id']}/delete", "POST"), (f"/api/v1/views/{made['id']}", "DELETE")):
        assert sent(client, BOB, address, method).status_code == 404
    assert sent(client, ANA, f"/views/{made['id']}/delete", "POST").headers["location"] == "/jobs"
    assert links(client, BOB) == []
    with database.read() as connection:
        assert [one.action for one in trail.entries(connection)] == ["views:share", "views:unshare"]


def test_pages_and_api_tell_the_same(client: Client) -> None:
    sent(client, ANA, "/views", "POST", data={"list": "jobs", "name": "a", "query": "state=done"})
    sent(client, ANA, "/views", "POST", data={"list": "people", "name": "b", "query": "q=bob", "team": "shop"})
    told = sent(client, BOB, "/api/v1/views").json()["items"]
    assert [(one["name"], one["address"], one["is_own"]) for one in told] == [("b", "/people?q=bob", False)]
    assert [one["name"] for one in sent(client, ANA, "/api/v1/views?list=jobs").json()["items"]] == ["a"]


def test_nobody_sees_or_saves_views_of_a_list_that_they_may_not_see(client: Client) -> None:
    sent(client, ANA, "/views", "POST", data={"list": "people", "name": "osprey", "team": "shop"})
    dev = replace(person(Persona.DEVELOPER, name="Dan"), teams=(Team("shop"),))
    assert sent(client, dev, "/api/v1/views").json() == {"items": [], "next": None}
    assert sent(client, dev, "/views", "POST", data={"list": "people", "name": "x"}).status_code == 403
    narrow = replace(BOB, narrowed=(Grant.parse("any:people:read"),))
    assert sent(client, narrow, "/api/v1/views").status_code == 403


@pytest.mark.parametrize(
    ("form", "status"),
    [({"list": "nothing", "name": "x"}, 400), ({"list": "jobs", "name": " "}, 400), ({"list": "jobs"}, 422),
     ({"list": "jobs", "name": "x", "team": "pay"}, 400), ({"list": "jobs", "name": "x", "query": "a&" * 20_000}, 422),
     ({"list": "jobs", "name": "x", "query": "state=a&" * 200}, 400)],
)  # fmt: skip
def test_what_is_no_view_is_refused(client: Client, form: dict[str, str], status: int) -> None:
    assert sent(client, ANA, "/views", "POST", data=form).status_code == status
    assert links(client, ANA) == []


def test_a_name_never_becomes_markup_and_a_filter_never_another_address(client: Client) -> None:
    form = {"list": "jobs", "name": HOSTILE, "query": "state=%22%3E%3Cscript%3E&state=//evil.example", "team": "shop"}
    answer = sent(client, ANA, "/views", "POST", data=form)
    assert answer.headers["location"].startswith("/jobs?state=")
    text = sent(client, BOB, "/jobs").text
    assert "<img src=x" not in text
    assert "<script>" not in text
    assert "&lt;img src=x" in text


def test_one_filter_has_one_form_and_keeps_no_page_of_the_list() -> None:
    assert query_of("findings", "sort=rule&page=3&severity=high&severity=high&word= x ") == (
        "word=x&severity=high&sort=rule"
    )
    assert {one.address for one in LISTS.values()} == {f"/{name}" for name in LISTS}
