"""The findings API: pages, filters, ETags, CSV, and a badge."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, person
from tests.server.console.test_pages import got

from lockgate.model.actor import Persona
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
    pieces, number = [], 1
    while number:
        piece = got(over, f"/api/v1/findings?limit=7&page={number}").json()
        pieces += piece["items"]
        number = piece["next"]
    assert pieces == whole["items"]
    assert len({one["identity"] for one in pieces}) == len(pieces) > 7


def test_filters_are_of_closed_lists(over: Services) -> None:
    high = got(over, "/api/v1/findings?severity=high&family=dockerfiles").json()["items"]
    assert {(one["severity"], one["family"]) for one in high} == {("high", "dockerfiles")}
    for wrong in ("severity=worst", "family=x", "waived=maybe", "limit=0", "page=0"):
        assert got(over, f"/api/v1/findings?{wrong}").status_code == 422


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
