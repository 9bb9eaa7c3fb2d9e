"""A check against a server honours the waivers that were granted there, and its run is kept there once."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from tests.server.console import recorded
from tests.server.console.conftest import person

from lockgate.cli import main
from lockgate.cli._project import project_at
from lockgate.model.actor import Persona
from lockgate.server.console.services import Services
from lockgate.store.team import trail, waivers
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.waivers import WaiverState

ANA, BOB = person(*Persona), person(*Persona, name="Bob")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Services]:
    """A console over an empty project, on a real port."""
    folder = tmp_path / "server"
    folder.mkdir()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with (
        TeamDatabase.open(folder) as database,
        recorded.console(folder, database, ANA, f"http://localhost:{port}") as services,
        recorded.served(services, port),
    ):
        yield services


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one weakness that its gate denies."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM debian:12.4\nRUN curl http://x.example/a | sh\nUSER 1000\n")
    monkeypatch.setenv("LOCKGATE_TOKEN", "shown-to-the-server")
    return folder


def check(shop: Path, server: Services) -> int:
    beyond = ["--server", server.origin, "--as", "shop/api"]
    return main(["check", str(shop), "--family", "dockerfiles", "--quiet", *beyond])


def test_a_run_is_sent_and_kept_once(shop: Path, server: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(shop, server) == 1
    assert f"sent to {server.origin} as shop/api" in capsys.readouterr().err
    record = project_at(server.project).record()
    (run,) = record.rows("Runs")
    mine = project_at(shop).record()
    (own,) = mine.rows("Runs")
    same = ("RunId", "TimeGenerated", "Mode", "Verdict", "FindingCount", "Families", "Coverage")
    assert {name: run[name] for name in same} == {name: own[name] for name in same}
    assert (run["Root"], len(record.rows("Findings"))) == ("shop/api", len(mine.rows("Findings")))
    with server.database.read() as connection:
        told = [(one.action, one.target) for one in trail.latest(connection)]
    assert told == [("runs:upload", f"run:{run['RunId']}")]


def test_waivers_of_the_server_count_here(shop: Path, server: Services, capsys: pytest.CaptureFixture[str]) -> None:
    check(shop, server)
    rows = project_at(shop).record().rows("Findings")
    found = [row["Identity"] for row in rows if row["Severity"] in ("high", "critical")]
    soon = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    with server.database.begin() as connection:
        number = waivers.ask(connection, ANA, found, "the host is ours", soon)
        waivers.answer(connection, BOB, number, WaiverState.GRANTED)
    capsys.readouterr()
    assert check(shop, server) == 0
    waived = [row for row in project_at(shop).record().rows("Findings") if row["Waived"]]
    told = {(row["Identity"], row["WaivedBy"], row["WaiverExpires"]) for row in waived}
    assert told == {(one, "Bob", soon) for one in found}


def test_waivers_of_the_server_count_in_a_check_of_its_own_workspace(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ["check", str(shop), "--family", "dockerfiles", "--quiet"]
    assert main(alone) == 1
    rows = project_at(shop).record().rows("Findings")
    found = [row["Identity"] for row in rows if row["Severity"] in ("high", "critical")]
    soon = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    with TeamDatabase.open(shop / ".lockgate") as database, database.begin() as connection:
        number = waivers.ask(connection, ANA, found, "the host is ours", soon)
        waivers.answer(connection, BOB, number, WaiverState.GRANTED)
    assert main(alone) == 0
    waived = [row for row in project_at(shop).record().rows("Findings") if row["Waived"]]
    assert {(row["Identity"], row["WaivedBy"]) for row in waived} == {(one, "Bob") for one in found}
    capsys.readouterr()
    monkeypatch.chdir(shop)
    main(["waivers", "list"])
    assert f"waiver:{number}" in capsys.readouterr().out
    with TeamDatabase.open(shop / ".lockgate") as database, database.begin() as connection:
        waivers.answer(connection, BOB, number, WaiverState.ENDED)
    assert main(alone) == 1


def test_nobody_who_has_not_signed_in_is_let_on(
    shop: Path, server: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("LOCKGATE_TOKEN")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert check(shop, server) == 2
    assert "nobody has signed in" in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_the_check_before_it_begins(
    shop: Path, server: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = replace(server, origin="http://localhost:1")
    assert check(shop, gone) == 5
    assert "does not answer" in capsys.readouterr().err
    assert not (shop / ".lockgate" / "Runs").exists()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no run"),
        (b"[]", "one row of Runs"),
        (b'{"tables": {"Runs": [{"Run": "x"}]}}', "is a UUID"),
        (b'{"tables": {"Runs": [{"Run": "00000000-0000-4000-8000-000000000000", "Root": "a"}]}}', "is no time"),
        (b'{"tables": {"Runs": [{}], "KubernetesObjects": []}}', "are not taken"),
        (gzip.compress(b"1" * 1000, mtime=0)[:24], "no run"),
    ],
)
def test_what_is_no_run_is_refused_and_leaves_nothing(server: Services, body: bytes, told: str) -> None:
    headers = {"content-encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    answer = httpx.post(f"{server.origin}/api/v1/runs", content=body, headers=headers)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]
    assert project_at(server.project).record().rows("Runs") == []


def test_rows_of_a_run_have_the_columns_and_types_of_the_record(server: Services) -> None:
    run = {"Run": "00000000000040008000000000000000", "Root": "a", "TimeGenerated": "2026-01-01T00:00:00Z"}
    wrong = [({"Nope": 1}, "no such column"), ({"Line": "1"}, "no long"), ({"Line": True}, "no long"), (3, "no row")]
    for row, told in wrong:
        body = orjson.dumps({"tables": {"Runs": [run], "Findings": [row]}})
        answer = httpx.post(f"{server.origin}/api/v1/runs", content=body)
        assert (answer.status_code, told in answer.json()["detail"]) == (400, True)
    taken = {"tables": {"Runs": [run], "Findings": [{"RunId": "other", "Batch": "x", "Identity": "lg1-a"}]}}
    for was_there in (False, True):
        answer = httpx.post(f"{server.origin}/api/v1/runs", content=orjson.dumps(taken))
        assert answer.json() == {"run": run["Run"], "was_there": was_there}
    (kept,) = project_at(server.project).record().rows("Findings")
    assert (kept["RunId"], kept["Identity"]) == (run["Run"], "lg1-a")
