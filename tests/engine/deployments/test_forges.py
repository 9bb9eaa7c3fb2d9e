"""What GitHub tells of a deployment that waits there counts, and not what its pipeline said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.engine.deployments.conftest import BASE, BEFORE, CART, HEAD, PRODUCTION, House
from tests.simulators.scripted import Said, scripted

from lockgate.engine.deployments.forges import checks_of, commits_of
from lockgate.engine.deployments.gathering import Sources
from lockgate.engine.forges.connections import Connection
from lockgate.model.deployment import Standing
from lockgate.settings import ForgeSettings, GithubSettings

RUNS = {"check_runs": [
    {"name": "build", "status": "completed", "conclusion": "success"},
    {"name": "build", "status": "in_progress", "conclusion": None},
    {"name": "e2e", "status": "completed", "conclusion": "timed_out"},
    {"name": "docs", "status": "completed", "conclusion": "skipped"},
]}  # fmt: skip
STATUSES = {"state": "pending", "statuses": [{"context": "deploy/preview", "state": "error"}]}


def commit(id: str, login: str | None, mail: str, message: str = "Sell hats") -> dict:
    return {
        "sha": id, "author": login and {"login": login}, "committer": {"login": "web-flow"},
        "commit": {"author": {"email": mail}, "committer": {"email": "noreply@github.com"}, "message": message},
    }  # fmt: skip


def asked_of_github(house: House, base: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    settings = ForgeSettings(github=GithubSettings(token="env:TOKEN", api=base, address=base))
    connections = {"hub": Connection("hub", settings, project=tmp_path)}
    house.sources = Sources(house.record, None, commits_of(lambda: connections), checks_of(lambda: connections))


def test_commits_authors_and_checks_are_those_of_the_forge(checked: House, tmp_path, monkeypatch) -> None:
    checked.environments = (replace(PRODUCTION, checks=("build", "e2e")),)
    trailer = "Sell hats\n\nCo-authored-by: Bea <bea@example.com>"
    listed = [commit(HEAD, "ada-l", "ada@example.com", trailer), commit(BASE, None, "cas@example.com")]
    with scripted(Said(body=listed), Said(body=RUNS), Said(body=STATUSES)) as server:
        id = checked.ask(callback={"connection": "hub", "installation": "0"})
        asked_of_github(checked, server.base, tmp_path, monkeypatch)
        looked = checked.desk.look(id)
    assert {one.path.partition("?")[0] for one in server.asked} == {
        "/repos/team/shop/commits", f"/repos/team/shop/commits/{HEAD}/check-runs",
        f"/repos/team/shop/commits/{HEAD}/status",
    }  # fmt: skip
    assert {one.name: one.state for one in looked.evidence.checks} == {
        "build": "pending", "e2e": "failure", "docs": "success", "deploy/preview": "failure"
    }  # fmt: skip
    assert looked.kept.request.authors == ("ada-l", "ada@example.com", "bea@example.com", "cas@example.com")
    assert looked.kept.standing is Standing.DENIED
    assert "environments[0].checks[1]" in {one.rule for one in looked.ruling.decision.reasons}


def test_commits_are_compared_with_what_was_allowed_before(checked: House, tmp_path, monkeypatch) -> None:
    first = checked.ask(key="run/0", commit=BASE, images=(f"{CART}@{BEFORE}",), forge="pipeline", callback={})
    checked.store("run-base", revision=BASE)
    checked.work()
    for who in ("bea", "cas", "dov"):
        checked.say(first, who)
    compared = {"total_commits": 1, "commits": [commit(HEAD, "ada-l", "ada@example.com")]}
    with scripted(Said(body=compared), Said(body={"check_runs": []}), Said(body={"statuses": []})) as server:
        id = checked.ask(callback={"connection": "hub"})
        asked_of_github(checked, server.base, tmp_path, monkeypatch)
        looked = checked.desk.look(id)
    assert any(one.path.startswith(f"/repos/team/shop/compare/{BASE}...{HEAD}") for one in server.asked)
    assert [one.id for one in looked.evidence.commits] == [HEAD]
    assert looked.kept.standing is Standing.ASKING


def test_a_request_of_no_forge_keeps_to_what_its_pipeline_told(checked: House, tmp_path, monkeypatch) -> None:
    id = checked.ask(forge="pipeline", callback={})
    asked_of_github(checked, "http://127.0.0.1:9", tmp_path, monkeypatch)
    assert checked.desk.look(id).kept.request.authors == ("ada@example.com",)
