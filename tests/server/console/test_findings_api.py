"""The findings API: pages, filters, ETags, CSV, and a badge."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, person
from tests.server.console.test_foreign_objects import World, somebody
from tests.server.console.test_foreign_objects import world as world
from tests.server.console.test_pages import got

from lockgate.model import Severity
from lockgate.model.actor import Persona
from lockgate.server.console import finding_filter, questions
from lockgate.server.console.services import Services
from lockgate.store.team.database import TeamDatabase


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Judged once."""
    folder = tmp_path_factory.mktemp("api")
    recorded.judge(folder)
    return folder


@pytest.fixture
def over(project: Path, database: TeamDatabase) -> Iterator[Services]:
    """Its console."""
    with recorded.console(project, database, person(*Persona), ORIGIN) as services:
        yield services


def test_pages_follow_each_other_without_gaps(over: Services) -> None:
    whole = got(over, "/api/v1/findings?limit=500").json()
    assert whole["next"] is None
    pieces, after = [], ""
    while after is not None:
        piece = got(over, f"/api/v1/findings?limit=7&after={after}").json()
        pieces += piece["items"]
        after = piece["next"]
    assert pieces == whole["items"]
    assert len({one["identity"] for one in pieces}) == len(pieces) > 7


def test_filters_are_of_closed_lists(over: Services) -> None:
    high = got(over, "/api/v1/findings?severity=high&family=dockerfiles").json()["items"]
    assert {(one["severity"], one["family"]) for one in high} == {("high", "dockerfiles")}
    for wrong in ("limit=0", "after=0", "after=x", "after=-7", "after=500000", "limit=501"):
        assert got(over, f"/api/v1/findings?{wrong}").status_code == 422


WRONG = ("severity=worst", "severity=", "family=x", "waived=maybe", "fixable=1", "state=old", "sort=price",
         f"word={'x' * 501}", f"run={'x' * 501}")  # fmt: skip
RIGHT = ("", "severity=high&severity=critical", "family=policy", "waived=no", "waived=false", "fixable=yes",
         "state=new", "state=&waived=&fixable=", "sort=path", "word=curl", "rule=nothing", "path=deploy",
         "owner=x", "root=y", "run=none")  # fmt: skip


@pytest.mark.parametrize("query", [*WRONG, *RIGHT])
def test_list_api_and_export_read_an_address_alike(over: Services, query: str) -> None:
    page = got(over, f"/findings?{query}")
    listed = got(over, f"/api/v1/findings?limit=50&{query}")
    exported = got(over, f"/api/v1/export/findings.csv?{query}")
    assert {one.status_code for one in (page, listed, exported)} == {422 if query in WRONG else 200}
    if query in RIGHT:
        shown = list(dict.fromkeys(re.findall(r'href="/findings/(lg1-[0-9a-z]+)"', page.text)))
        told = [one["identity"] for one in listed.json()["items"]]
        assert shown == told
        assert [row["identity"] for row in csv.DictReader(io.StringIO(exported.text))][:50] == told


def test_severities_and_sorts_that_an_address_names_are_all_there_are() -> None:
    assert set(get_args(finding_filter.SeverityName)) == {str(one) for one in Severity}
    assert set(get_args(finding_filter.Sort)) == set(questions.SORTS)


def test_an_answer_that_has_not_changed_is_not_sent_again(over: Services) -> None:
    for _ in range(200):
        if over.stamp() is not None:
            break
        time.sleep(0.05)
    tag = got(over, "/api/v1/findings").headers["etag"]
    again = got(over, "/api/v1/findings", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert got(over, "/api/v1/findings?severity=low", headers={"if-none-match": tag}).status_code == 200


def test_one_finding_is_told_and_one_that_is_not_there_is_not(over: Services) -> None:
    first = got(over, "/api/v1/findings?limit=1").json()["items"][0]
    assert got(over, f"/api/v1/findings/{first['identity']}").json() == first
    assert got(over, "/api/v1/findings/lg1-none").status_code == 404


def test_an_export_has_every_row_and_no_formula(over: Services) -> None:
    answer = got(over, "/api/v1/export/findings.csv?severity=high")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["identity"] for row in rows] == [
        one["identity"] for one in got(over, "/api/v1/findings?severity=high&limit=500").json()["items"]
    ]
    assert not [value for row in rows for value in row.values() if value[:1] in "=+-@" and value]


def test_a_badge_names_the_worst(over: Services, project: Path) -> None:
    worst = got(over, "/api/v1/findings?limit=1").json()["items"][0]
    text = got(over, "/api/v1/badge.svg", params={"root": worst["root"]}).text
    assert f" {worst['severity']}</text>" in text
    assert ">clean</text>" in got(over, "/api/v1/badge.svg?root=elsewhere").text


def test_answers_are_for_who_asked_and_asked_for_again(over: Services) -> None:
    for address in ("findings", "badge.svg?root=x", "export/findings.csv", "waivers", "me"):
        headers = got(over, f"/api/v1/{address}").headers
        assert headers["cache-control"] == "private, no-cache", address
        assert headers["vary"] == "authorization, cookie", address


LISTINGS = ("findings", "waivers", "jobs", "people", "teams", "service-tokens", "forges", "views")


@pytest.mark.parametrize("name", LISTINGS)
def test_every_listing_is_cut_alike_and_not_sent_twice(world: World, name: str) -> None:
    every = somebody(*Persona)
    for _ in range(200):  # a record that was written this moment cannot be told from one that is being written
        if world.services.stamp() is not None:
            break
        time.sleep(0.05)
    (first,) = world.asked(every, ("GET", f"/api/v1/{name}?limit=1", None))
    assert set(first.json()) - {"total"} == {"items", "next"}
    assert len(first.json()["items"]) <= 1
    assert first.json()["next"] is None or isinstance(first.json()["next"], str)
    if first.json()["next"]:
        (second,) = world.asked(every, ("GET", f"/api/v1/{name}?limit=1&after={first.json()['next']}", None))
        assert second.json()["items"]
        assert second.json()["items"] != first.json()["items"]
    world.extra = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
    (again,) = world.asked(every, ("GET", f"/api/v1/{name}?limit=1", None))
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_an_answer_of_one_is_not_the_same_for_another(world: World) -> None:
    (mine,) = world.asked(somebody(Persona.SECURITY), ("GET", "/api/v1/findings", None))
    world.extra = {"if-none-match": mine.headers["etag"]}
    (theirs,) = world.asked(somebody(Persona.DEVELOPER), ("GET", "/api/v1/findings", None))
    assert theirs.status_code == 200
    assert (world.asked(None, ("GET", "/api/v1/findings", None)))[0].status_code == 401
