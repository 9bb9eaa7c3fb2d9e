"""``lockgate posture`` against a forge on loopback: judged, remembered, waived, mended when somebody says so."""

from __future__ import annotations

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.simulators.forge_paths import paths
from tests.simulators.github_organization import GitHub, github
from tests.sources.forges.test_posture_azure_devops import contoso
from tests.sources.forges.test_posture_gitlab import Group

from lockgate.cli import main
from lockgate.store import Record

TOKEN = {"GITHUB_TOKEN": "t0ken"}


@pytest.fixture
def acme():
    told = GitHub()
    told.add("shop", own={"hasVulnerabilityAlertsEnabled": False})
    told.add("site")
    told.parts["actions/permissions/workflow"] = {
        "default_workflow_permissions": "write", "can_approve_pull_request_reviews": False,
    }  # fmt: skip
    with github(told) as server:
        yield server


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """``command("posture", ...)`` in a folder of its own, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, env: dict[str, str]):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    return run


@pytest.fixture
def posture(command, acme):
    def run(*arguments: str, env=TOKEN):
        return command("posture", "github:acme", "--api", acme.base, "--quiet", *arguments, env=env)

    return run


def found(ran) -> set[tuple[str, str, str]]:
    told = json.loads(ran.stdout)
    return {(one["rule"], one["location"]["path"], one["state"]) for one in told["findings"]}


def test_what_is_wrong_is_found_and_known_again(posture, tmp_path):
    first = posture("--format", "json")
    assert first.returncode == 1, first.stderr
    wrong = {("posture/github-workflow-token-writes", "github:acme"),
             ("posture/github-dependabot-alerts-off", "github:acme/shop")}  # fmt: skip
    assert found(first) == {(*one, "new") for one in wrong}
    assert found(posture("--format", "json")) == {(*one, "known") for one in wrong}
    record = Record.open(tmp_path / ".lockgate")
    rows = record.rows("ForgeObjects")
    assert {(row["Kind"], row["Name"], row["Change"]) for row in rows} == {
        ("GitHubOrganization", "acme", "new"), ("GitHubRepository", "shop", "new"), ("GitHubRepository", "site", "new"),
    }  # fmt: skip
    repositories = record.rows("ForgeRepositories")
    assert len(repositories) == 4
    assert {(row["Repository"], row["Protected"], row["Approvals"]) for row in repositories} == {
        ("shop", True, 2), ("site", True, 2)}  # fmt: skip


def test_a_change_and_a_repository_that_is_gone_are_rows_of_the_record(posture, acme, tmp_path):
    posture("--format", "json")
    acme.nodes["shop"]["hasVulnerabilityAlertsEnabled"] = True
    del acme.entries["site"], acme.nodes["site"]
    posture("--format", "json")
    rows = Record.open(tmp_path / ".lockgate").rows("ForgeObjects")
    assert [(row["Name"], row["Change"]) for row in rows if row["Change"] != "new"] == [
        ("shop", "changed"), ("site", "gone")]  # fmt: skip


def test_a_dry_run_shows_the_calls_and_makes_none(posture, acme):
    ran = posture("--apply", "github-dependabot-alerts-off", "posture/github-workflow-token-writes")
    assert "PUT /repos/acme/shop/vulnerability-alerts" in ran.stdout
    assert "PUT /orgs/acme/actions/permissions/workflow" in ran.stdout
    assert "# 2 findings; 2 calls would be made: add --yes" in ran.stdout
    assert acme.sent == []


def test_terraform_is_shown_in_place_of_calls(posture, acme):
    ran = posture("--apply", "github-dependabot-alerts-off", "--terraform")
    assert 'name                 = "shop"' in ran.stdout
    assert acme.sent == []


def test_with_yes_the_calls_are_made_and_what_they_changed_is_read_again(posture, acme, tmp_path):
    ran = posture("--apply", "github-dependabot-alerts-off", "--yes", "--format", "json=after.json")
    assert "made: PUT /repos/acme/shop/vulnerability-alerts" in ran.stdout, ran.stderr
    assert acme.sent == [("PUT", "/repos/acme/shop/vulnerability-alerts", None)]
    after = json.loads((tmp_path / "after.json").read_text())
    assert [one["rule"] for one in after["findings"]] == ["posture/github-workflow-token-writes"]
    assert [one["rule"] for one in after["fixed"]] == ["posture/github-dependabot-alerts-off"]
    (row,) = Record.open(tmp_path / ".lockgate").rows("ForgeChanges")
    assert (row["Rule"], row["Target"], row["Outcome"]) == (
        "posture/github-dependabot-alerts-off", "/repos/acme/shop/vulnerability-alerts", "made")  # fmt: skip


def test_a_call_that_is_refused_is_told_with_the_permission_and_ends_otherwise(posture, acme):
    acme.refused = r"vulnerability-alerts$"
    ran = posture("--apply", "github-dependabot-alerts-off", "--yes")
    assert ran.returncode == 5
    assert "refused: PUT /repos/acme/shop/vulnerability-alerts" in ran.stdout
    assert "it needs Administration: write" in ran.stdout


def test_what_is_waived_is_neither_denied_nor_mended(posture, acme, tmp_path):
    until = date.today() + timedelta(days=30)
    (tmp_path / "lockgate-waivers.yaml").write_text(
        "waivers:\n  - rule: posture/github-dependabot-alerts-off\n    path: 'github:acme/shop'\n"
        f"    reason: another tool tells us\n    by: ada\n    expires: {until}\n"
    )
    ran = posture("--apply", "github-dependabot-alerts-off", "--yes")
    assert acme.sent == [], ran.stdout
    ran = posture("--apply", "github-dependabot-alerts-off")
    assert "1 waived are left alone" in ran.stdout, ran.stderr


def test_what_could_not_be_read_keeps_a_finding_open(posture, acme):
    posture("--format", "json")
    acme.forbidden = frozenset({"hasVulnerabilityAlertsEnabled"})
    told = json.loads(posture("--format", "json").stdout)
    assert told["fixed"] == []
    assert any("Dependabot alerts (needs Administration: read" in skip["reason"] for skip in told["skips"])


def test_todays_rules_are_tried_on_what_the_record_holds_of_another_day(posture, acme, tmp_path):
    assert posture("--recorded").returncode == 4
    acme.forbidden = frozenset({"deployKeys"})
    first = posture("--format", "json")
    then = json.loads(first.stdout)["run"]["ended"]
    acme.nodes["shop"]["hasVulnerabilityAlertsEnabled"] = True
    posture("--format", "json")
    asked = len(acme.calls)
    before, now = (posture("--recorded", "--format", "json", *at, env={}) for at in (("--at", then), ()))
    assert len(acme.calls) == asked
    assert {rule for rule, _, _ in found(before)} == {rule for rule, _, _ in found(first)}
    assert {rule for rule, _, _ in found(now)} == {"posture/github-workflow-token-writes"}
    assert any("was not read then: deployKeys" in skip["reason"] for skip in json.loads(before.stdout)["skips"])


def test_names_from_the_forge_cannot_steer_the_terminal(posture, acme):
    rules = {"nodes": [{"type": "REQUIRED_REVIEWERS", "timeout": 0, "preventSelfReview": True,
                        "reviewers": {"nodes": [{"name": "ops", "databaseId": 1}]}}]}  # fmt: skip
    acme.nodes["shop"]["environments"]["nodes"] = [
        {"databaseId": 1, "name": "prod\x1b[2J\u202e", "protectionRules": rules}]  # fmt: skip
    ran = posture("--apply", "github-environment-any-branch")
    assert "PUT /repos/acme/shop/environments/prod%1B%5B2J" in ran.stdout
    assert "\x1b" not in ran.stdout
    assert "\u202e" not in ran.stdout


def test_the_token_may_be_named_in_the_settings(posture, acme, tmp_path):
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "lockgate.yaml").write_text(
        f"version: 1\nforges:\n  ours:\n    github: {{api: '{acme.base}', token: 'file:{tmp_path}/token'}}\n"
    )
    ran = posture("--format", "json", env={"GITHUB_TOKEN": ""})
    assert ran.returncode == 1, ran.stderr
    assert len(found(ran)) == 2


def test_an_app_asks_by_its_installation_in_the_organisation(posture, command, acme, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "app.pem").write_bytes(written)
    app = f"{{app: '77', private_key: 'file:{tmp_path}/app.pem', api: '{acme.base}'}}"
    (tmp_path / "lockgate.yaml").write_text(f"version: 1\nforges:\n  ours:\n    github: {app}\n")
    ran = posture("--format", "json", env={"GITHUB_TOKEN": ""})
    assert len(found(ran)) == 2, ran.stderr
    assert acme.calls[:2] == ["/app/installations?per_page=100", "/app/installations/5/access_tokens"]
    ran = command("posture", "github:elsewhere", "--quiet", env={"GITHUB_TOKEN": ""})
    assert "the App is not installed in elsewhere" in ran.stderr


@pytest.mark.parametrize(
    ("forge", "connection", "told"),
    [
        ("azure-devops:contoso", "azure_devops: {{organization: '{base}/contoso', token: 'file:{token}'}}", contoso()),
        ("gitlab:acme", "gitlab: {{address: '{base}', token: 'file:{token}'}}", Group()),
    ],
)
def test_other_forges_are_asked_as_the_settings_say(command, tmp_path, forge, connection, told):
    (tmp_path / "token").write_text("t0ken\n")
    with paths(told) as server:
        own = connection.format(base=server.base, token=tmp_path / "token")
        (tmp_path / "lockgate.yaml").write_text(f"version: 1\nforges:\n  ours:\n    {own}\n")
        ran = command("posture", forge, "--quiet", "--format", "json", env={})
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["coverage"]["posture"].endswith(" rules")  # and nothing was left open


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["posture", "github:acme", "--at", "2026-11-01"], "add --recorded"),
        (["posture", "github:acme", "--recorded", "--at", "noon"], "is no time"),
        (["posture", "acme"], "names no forge"),
        (["posture", "github:a/../b"], "cannot be the name"),
        (["posture", "github:acme", "--yes"], "nothing is to be applied"),
        (["posture", "github:acme", "--apply", "gitlab-x"], "there is no rule"),
        (["posture", "github:acme"], "GITHUB_TOKEN is not set"),
    ],
)
def test_what_cannot_be_meant_is_refused(command, arguments, words):
    ran = command(*arguments, env={"GITHUB_TOKEN": ""})
    assert ran.returncode in (2, 3), ran.stderr
    assert words in ran.stderr
