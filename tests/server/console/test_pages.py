"""Pages show what the record holds, to who may see it, and nothing in the record becomes markup."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, person
from tests.simulators import browser

from lockgate.model.actor import Persona
from lockgate.server.console.application import application, framework
from lockgate.server.console.code import frame
from lockgate.server.console.services import Services
from lockgate.server.console.stations import STATIONS
from lockgate.server.console.warming import Warming
from lockgate.store import Record
from lockgate.store.team import jobs, trail, waivers
from lockgate.store.team.database import TeamDatabase
from lockgate.store.workspace import workspace_of

EVERYBODY = person(*Persona)
PAGES = ("/home", "/line", "/findings", "/inventory", "/search?word=x", "/ask?query=Runs", "/ask?query=Rum", "/jobs",
         "/waivers", "/trail?verify=true", "/nowhere")  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Judged once."""
    folder = tmp_path_factory.mktemp("console")
    recorded.judge(folder)
    return folder


@pytest.fixture
def over(project: Path, database: TeamDatabase) -> Iterator[Services]:
    """Its console."""
    with recorded.console(project, database, EVERYBODY, ORIGIN) as services:
        yield services


def got(services: Services, address: str, **more: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(application(services), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.get(address, **more)

    return asyncio.run(asked())


def sent(services: Services, address: str, data: dict[str, Any], **more: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(application(services), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN}) as client:
            return await client.post(address, data=data, **more)

    return asyncio.run(asked())


def identities(text: str) -> list[str]:
    return re.findall(r'href="/findings/(lg1-[0-9a-f]{32})"', text)


def test_the_list_shows_what_was_found_worst_first_and_counts_it(over: Services) -> None:
    text = got(over, "/findings").text
    shown = re.findall(r'class="severity (\w+)"', text)
    assert shown == sorted(shown, key=["critical", "high", "medium", "low", "info"].index)
    assert int(re.search(r"([\d,]+) findings", text)[1].replace(",", "")) >= len(identities(text)) > 5  # type: ignore[index]


def test_filters_narrow_the_list(over: Services) -> None:
    everything = set(identities(got(over, "/findings").text))
    docker = got(over, "/findings", params={"family": "dockerfiles", "severity": ["high", "critical"]}).text
    assert set(identities(docker)) < everything
    assert "policy/" not in docker.replace("/policy", "")
    assert "Nothing meets this." in got(over, "/findings", params={"word": "no such word"}).text


TYPED = ("' or 1==1 //", "x'; .drop table Findings", "\\", '"', "%", "\x00\x1b[2J", "a" * 900)


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_is_looked_for_and_never_run(over: Services, typed: str) -> None:
    for name in ("word", "rule", "path", "owner", "root"):
        answer = got(over, "/findings", params={name: typed})
        assert answer.status_code == (422 if len(typed) > 500 else 200)
        assert answer.status_code == 422 or "Nothing meets this." in answer.text or identities(answer.text)
        assert "\x1b" not in answer.text


def test_what_is_of_no_closed_list_is_refused_and_not_passed_over(over: Services) -> None:
    odd = {"severity": "x' or true", "family": "y", "state": "z'", "waived": "maybe", "sort": "1; drop"}
    for name, value in odd.items():
        answer = got(over, "/findings", params={name: value})
        assert (answer.status_code, f"{name}" in answer.text) == (422, True)
    assert identities(got(over, "/findings?page=-4").text) == identities(got(over, "/findings").text)


def test_the_findings_of_one_run_are_shown_and_of_no_other(over: Services, project: Path) -> None:
    record = Record.open(workspace_of(project).record)
    rows = record.sql("SELECT DISTINCT RunId, Identity FROM Findings WHERE State <> 'fixed'", only=("Findings",))
    runs: dict[str, set[str]] = {}
    for row in rows:
        runs.setdefault(row["RunId"], set()).add(row["Identity"])
    run = min(runs, key=lambda one: len(runs[one]))
    text = got(over, "/findings", params={"run": run}).text
    assert set(identities(text)) <= runs[run] and identities(text)
    assert f'name="run" value="{run}"' in text
    assert "Nothing meets this." in got(over, "/findings", params={"run": "no such run"}).text


def test_a_finding_shows_its_code_fix_and_history(over: Services) -> None:
    listed = got(over, "/findings", params={"path": "Dockerfile", "word": "curl"}).text
    text = got(over, f"/findings/{identities(listed)[0]}").text
    assert "curl http://x.example/a | sh" in text
    assert "What to do" in text
    assert text.count("(tree)") == 1
    assert got(over, "/findings/lg1-none").status_code == 404


def test_names_and_paths_of_a_repository_never_become_markup(over: Services) -> None:
    for address in ("/findings?path=onmouseover", "/home", "/search?word=onmouseover"):
        text = got(over, address).text
        assert "<b onmouseover" not in text
        assert "<img src=x" not in text
    assert "onmouseover" in got(over, "/findings?path=onmouseover").text
    echoed = got(over, "/search", params={"word": recorded.HOSTILE}).text
    assert "<img src=x" not in echoed
    assert "&lt;img src=x" in echoed


def test_code_is_shown_of_plain_files_of_the_project_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("x\n")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "a").write_text("1\n2\n3\n4\n5\n6\n7\n8\n9\n")
    (tmp_path / "in" / ".lockgate").mkdir()
    (tmp_path / "in" / ".lockgate" / "salt").write_text("x\n")
    for path in ("../secret", "link", "", ".lockgate/salt", "x/../.lockgate/salt"):
        assert frame(tmp_path / "in", str(tmp_path / "in"), path, 1, 1) == []
    for root in ("github.com/acme/other", str(tmp_path), "", "\x00"):
        assert frame(tmp_path / "in", root, "a", 1, 1) == []
    top = f"{tmp_path / 'in'}, other.sarif"
    assert [(number, fault) for number, _, fault in frame(tmp_path / "in", top, "a", 5, 6)] == [
        (2, False), (3, False), (4, False), (5, True), (6, True), (7, False), (8, False), (9, False),
    ]  # fmt: skip


def test_a_station_is_lit_by_rows_alone(over: Services) -> None:
    text = got(over, "/line").text
    assert len(STATIONS) == 21
    assert [one.number for one in STATIONS] == list(range(1, 22))
    assert text.count('class="station lit"') + text.count('class="station dark"') == 21
    assert text.count('class="station lit"') == 0  # the check asked for two families, neither of which is of a station


def test_the_query_page_shows_rows_and_underlines_what_is_wrong(over: Services) -> None:
    assert "deny" in got(over, "/ask", params={"query": "Runs | project Verdict"}).text
    wrong = got(over, "/ask", params={"query": "Rums | take 1"})
    assert wrong.status_code == 200
    assert "Rums" in wrong.text
    assert 'role="alert"' in wrong.text


def test_answers_are_kept_while_nothing_is_written_and_for_who_sees_the_same_alone(
    over: Services, project: Path, database: TeamDatabase
) -> None:
    asked = []
    for _ in range(200):  # a record that was written just now may change again within one tick of the clock of files
        if over.stamp() is not None:
            break
        time.sleep(0.05)

    async def counting(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[1])
        return await over.ask(*arguments, **more)

    services = replace(over, ask=counting)
    got(services, "/inventory")
    before = len(asked)
    got(services, "/inventory")
    assert len(asked) == before
    with recorded.console(project, database, person(*Persona, name="Bob"), ORIGIN) as other:
        got(replace(services, identify=other.identify), "/inventory")
    assert len(asked) == before  # no row is kept from either
    for name in ("Dan", "Dora"):
        with recorded.console(project, database, person(Persona.DEVELOPER, name=name), ORIGIN) as other:
            before = len(asked)
            got(replace(services, identify=other.identify), "/inventory")
        assert len(asked) == before + 3


def test_pages_that_were_asked_for_at_the_start_ask_the_record_no_more(over: Services) -> None:
    asked = []

    async def counting(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[1])
        return await over.ask(*arguments, **more)

    services = replace(over, ask=counting, stamp=lambda: 1)
    asyncio.run(Warming(framework(services)).warm())
    before = len(asked)
    assert before > 5
    for address in ("/home", "/findings", "/inventory", "/line"):
        assert got(services, address).status_code == 200
    assert len(asked) == before


@pytest.mark.parametrize("stands", [True, False])
def test_pages_that_one_person_opens_at_once_wait_for_each_other(over: Services, stands: bool) -> None:
    asked = []

    async def counting(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments[1])
        return await over.ask(*arguments, **more)

    services = replace(over, ask=counting, stamp=lambda: 1 if stands else None)

    async def opened() -> list[httpx.Response]:
        transport = httpx.ASGITransport(application(services), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await asyncio.gather(*(client.get("/findings") for _ in range(12)))

    assert {one.status_code for one in asyncio.run(opened())} == {200}
    assert len(asked) == (2 if stands else 24)


def test_findings_are_triaged_many_at_once_and_remarked_on(over: Services, database: TeamDatabase) -> None:
    chosen = identities(got(over, "/findings").text)[:3]
    change = {"identity": chosen, "state": "in-progress", "assign": "me", "back": "//evil.example"}
    answer = sent(over, "/findings", change)
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings")
    assert got(over, "/findings").text.count("in-progress, Ana") == 3
    said = {"text": recorded.HOSTILE}
    assert sent(over, f"/findings/{chosen[0]}/remarks", said).status_code == 303
    text = got(over, f"/findings/{chosen[0]}").text
    assert "&lt;img src=x" in text
    assert "<img" not in text
    assert sent(over, "/findings", {"identity": chosen}).status_code == 400
    assert sent(over, "/findings", {"state": "open"}).status_code == 400
    with database.read() as connection:
        assert [one.action for one in trail.latest(connection)] == ["findings:remark", "findings:triage"]


def test_all_that_meet_a_filter_are_triaged_at_once_but_never_what_nobody_saw(
    over: Services, database: TeamDatabase
) -> None:
    docker = got(over, "/findings?family=dockerfiles").text
    every, meets = len(identities(docker)), "family=dockerfiles"
    change = {"every": every, "meets": meets, "state": "in-progress"}
    assert sent(over, "/findings", {**change, "every": every + 1}).status_code == 400
    assert sent(over, "/findings", {**change, "every": 501}).status_code == 400
    with database.read() as connection:
        assert trail.latest(connection) == ()
    assert sent(over, "/findings", change).status_code == 303
    assert got(over, f"/findings?{meets}").text.count(">in-progress</span>") == every
    assert got(over, "/findings").text.count(">in-progress</span>") == every


def test_nothing_is_said_of_a_finding_that_is_not_there(over: Services, database: TeamDatabase) -> None:
    there = identities(got(over, "/findings").text)[0]
    for identity in (["lg1-none"], [there, "lg1-none"], ["x' or true"]):
        assert sent(over, "/findings", {"identity": identity, "state": "open"}).status_code == 404
        asked = {"identity": identity, "reason": "because", "expires": "2099-01-01"}
        assert sent(over, "/waivers", asked).status_code == 404
    with database.read() as connection:
        assert trail.latest(connection) == ()


def test_a_waiver_is_asked_for_by_one_and_granted_by_another(
    over: Services, project: Path, database: TeamDatabase
) -> None:
    soon = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    asked = {"identity": identities(got(over, "/findings").text)[:2], "reason": "it is a test", "expires": soon}
    assert sent(over, "/waivers", asked).status_code == 303
    assert "Grant" not in got(over, "/waivers").text
    assert sent(over, "/waivers/1/granted", {}).status_code == 400
    with recorded.console(project, database, person(*Persona, name="Bob"), ORIGIN) as bobs:
        assert "Grant" in got(bobs, "/waivers").text
        assert sent(bobs, "/waivers/1/granted", {"said": "for now"}).status_code == 303
        assert sent(bobs, "/waivers/1/granted", {}).status_code == 409
    stale = person(*Persona, name="Cy", mfa=False)
    with recorded.console(project, database, stale, ORIGIN) as without_factor:
        answer = sent(without_factor, "/waivers/1/ended", {})
        assert answer.headers["location"].startswith("/sign-in/step-up?next=")
    with database.read() as connection:
        assert len(list(waivers.granted(connection))) == 2


@pytest.fixture
def free_port() -> int:
    """That nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_the_policy_of_every_page_lets_nothing_else_run(project: Path, database: TeamDatabase, free_port: int) -> None:
    origin = f"http://localhost:{free_port}"
    with (
        recorded.console(project, database, EVERYBODY, origin) as services,
        recorded.served(services, free_port),
        browser.chromium() as chromium,
    ):
        context = chromium.new_context()
        page = context.new_page()
        said: list[str] = []
        reached: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: reached.append(request.url))
        for address in PAGES[:-1]:
            page.goto(origin + address)
        assert [one for one in said if "favicon" not in one] == []
        assert [one for one in reached if not one.startswith(origin)] == []
        with database.begin() as connection:
            number = jobs.enqueue(connection, "scan")
        page.goto(f"{origin}/jobs")
        page.click(f"#job-{number} button")
        page.wait_for_selector(f"#job-{number} .cancelled")
        assert page.url == f"{origin}/jobs"  # htmx changed the row alone
