"""How an organisation on GitHub is set up: what is asked, in how many calls, and what is told of what was refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulators.github_organization import GitHub, github

from lockgate.errors import NothingCheckedError
from lockgate.model import Family, Object, Skip, SkipKind
from lockgate.policy.catalogue import ForgePolicies
from lockgate.rules import load
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.credentials import github_token
from lockgate.sources.forges.github import github_client
from lockgate.sources.forges.posture.github import GitHubPosture

AT = "2026-11-27T00:00:00Z"


def read(server: GitHub, *, calls: int = 5_000, webhooks: bool = True) -> tuple[list[Object], list[Skip]]:
    client = github_client(github_token("t0ken"), api=server.base, budget=CallBudget(Bounds(calls=calls)))
    rows = list(GitHubPosture(client, "acme", read_at=AT, webhooks=webhooks).collect())
    client.close()
    return [one for one in rows if isinstance(one, Object)], [one for one in rows if isinstance(one, Skip)]


def wrong(objects: list[Object]) -> set[str]:
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    judged = [policies.judge(one) for one in objects]
    assert [hit.message for one in judged for hit in one.failed] == []
    return {str(hit.rule.id).removeprefix("posture/github-") for one in judged for hit in one.hits}


@pytest.fixture
def acme() -> GitHub:
    told = GitHub()
    told.add("shop")
    return told


def test_an_organisation_that_is_well_kept_has_no_finding_and_no_skip(acme: GitHub) -> None:
    with github(acme) as server:
        objects, skips = read(server)
    assert [(one.body["kind"], one.path) for one in objects] == [
        ("GitHubOrganization", "github:acme"), ("GitHubRepository", "github:acme/shop")]  # fmt: skip
    assert skips == []
    assert wrong(objects) == set()
    assert all(not one.unresolved for one in objects)


def test_500_repositories_take_43_calls_and_one_for_the_webhooks_of_each() -> None:
    told = GitHub()
    for number in range(500):
        told.add(f"shop-{number:03}")
    with github(told) as server:
        objects, skips = read(server)
        kinds = server.by_kind
        assert (len(objects), skips) == (501, [])
        assert kinds["/orgs/acme/repos"] == 5
        assert kinds["/graphql"] == 20
        assert kinds["/repos/*/hooks"] == 500
        assert len(server.calls) - 500 == 43
        server.calls.clear()
        objects, skips = read(server, webhooks=False)
        assert len(server.calls) == 43
        assert len(skips) == 500


def test_the_budget_ends_before_webhooks_of_quiet_repositories(acme: GitHub) -> None:
    acme.add("site", {"visibility": "public", "private": False})
    with github(acme) as server:
        needed = 1 + 17 + 1 + 1  # the organisation, its parts, the list, GraphQL
        objects, skips = read(server, calls=needed + 1)
    by_name = {one.body["metadata"]["name"]: one for one in objects}
    assert "webhooks" in by_name["site"].body["spec"]
    assert by_name["shop"].unresolved == {"/spec/webhooks"}
    (skip,) = skips
    assert (skip.path, skip.kind, skip.family) == ("github:acme/shop", SkipKind.LIMIT, Family.POSTURE)
    assert skip.reason == "not read: webhooks (the budget of calls is used up)"


def test_what_is_refused_is_told_with_the_permission_and_never_passes(acme: GitHub) -> None:
    acme.refused = r"hooks$|runner|members$"
    acme.forbidden = frozenset({"deployKeys", "samlIdentityProvider"})
    del acme.organization["two_factor_requirement_enabled"]
    with github(acme) as server:
        objects, skips = read(server)
    organization, repository = objects
    assert {"/spec/webhooks", "/spec/runners", "/spec/runnerGroups", "/spec/owners", "/spec/samlSignOn",
            "/spec/twoFactorRequired"} <= organization.unresolved  # fmt: skip
    assert repository.unresolved == {"/spec/deployKeys", "/spec/webhooks"}
    told = {skip.path: skip.reason for skip in skips}
    assert "webhooks (needs Organization webhooks: read)" in told["github:acme"]
    assert "groups of runners, runners (needs Organization self-hosted runners: read)" in told["github:acme"]
    assert "deploy keys (needs Administration: read on the repository)" in told["github:acme/shop"]
    open_rules = {one for judged in objects for one in ForgePolicies(load([Family.POSTURE]).rules).judge(judged).open}
    assert {"posture/github-two-factor-not-required", "posture/github-deploy-key-writes",
            "posture/github-runner-group-public", "posture/github-no-single-sign-on"} <= open_rules  # fmt: skip


def test_webhooks_are_not_asked_for_500_times_where_they_are_refused() -> None:
    told = GitHub(refused=r"^/repos/")
    for number in range(10):
        told.add(f"shop-{number}")
    with github(told) as server:
        _, skips = read(server)
        assert server.by_kind["/repos/*/hooks"] == 3
    assert len(skips) == 10
    assert {skip.reason for skip in skips} == {"not read: webhooks (needs Webhooks: read on the repository)"}


def test_a_list_longer_than_a_page_is_read_to_its_end(acme: GitHub) -> None:
    key = {"id": "K", "title": "k", "readOnly": True, "createdAt": "2026-10-01T00:00:00Z", "enabled": True,
           "verified": True}  # fmt: skip
    acme.nodes["shop"]["deployKeys"]["nodes"] = [key | {"title": f"k{number}"} for number in range(30)]
    with github(acme) as server:
        objects, skips = read(server)
        assert server.by_kind["/graphql"] == 2
    assert len(objects[1].body["spec"]["deployKeys"]) == 30
    assert skips == []


def test_a_list_longer_than_can_be_asked_is_no_whole_list(acme: GitHub) -> None:
    key = {"id": "K", "title": "k", "readOnly": True, "createdAt": "2026-10-01T00:00:00Z", "enabled": True,
           "verified": True}  # fmt: skip
    acme.nodes["shop"]["deployKeys"]["nodes"] = [key] * 130
    with github(acme) as server:
        objects, _ = read(server)
    assert objects[1].unresolved == {"/spec/deployKeys"}


def test_an_organisation_that_is_not_shown_is_no_answer() -> None:
    with github(GitHub(refused=r"^/orgs/acme$")) as server, pytest.raises(NothingCheckedError):
        read(server)


@pytest.mark.parametrize(
    ("part", "answer", "rule"),
    [
        ("actions/permissions/workflow", {"default_workflow_permissions": "write",
         "can_approve_pull_request_reviews": True}, "workflow-token-writes"),
        ("actions/permissions", {"enabled_repositories": "all", "allowed_actions": "all"}, "actions-all-allowed"),
        ("actions/runner-groups", {"total_count": 1, "runner_groups": [
            {"id": 1, "name": "Default", "visibility": "all", "default": True, "runners_url": "", "inherited": False,
             "allows_public_repositories": True}]}, "runner-group-public"),
        ("hooks", [{"id": 1, "url": "", "ping_url": "", "name": "web", "events": ["push"], "active": True,
                    "updated_at": "", "created_at": "", "type": "Organization",
                    "config": {"url": "https://ci.example", "insecure_ssl": "1"}}], "organization-webhook-insecure"),
        ("installations", {"total_count": 1, "installations": [
            {"id": 1, "app_slug": "bot", "repository_selection": "all", "permissions": {"contents": "write"},
             "suspended_at": None}]}, "app-writes-everywhere"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_organisation_is_found(acme: GitHub, part: str, answer: Any, rule: str) -> None:
    acme.parts[part] = answer
    with github(acme) as server:
        objects, _ = read(server)
    assert rule in wrong(objects)


def test_findings_have_no_place_for_a_secret(acme: GitHub) -> None:
    hook = {"id": 1, "active": True, "events": ["push"], "config": {"url": "https://u:s3cret@ci.example/h?t=s3cret"}}
    acme.hooks["shop"] = [hook]
    with github(acme) as server:
        objects, _ = read(server)
    assert "s3cret" not in str(objects)


def test_whether_administrators_may_bypass_is_asked_only_where_there_are_environments(acme: GitHub) -> None:
    acme.add("site")
    rules = {"nodes": [{"type": "BRANCH_POLICY", "timeout": 0, "preventSelfReview": False, "reviewers": None}]}
    acme.nodes["shop"]["environments"]["nodes"] = [
        {"databaseId": 1, "name": "production", "protectionRules": rules, "adminsBypass": True}]  # fmt: skip
    with github(acme) as server:
        objects, skips = read(server)
        assert server.by_kind["/repos/*/environments"] == 1
    assert skips == []
    assert "environment-admin-bypass" in wrong(objects)
    acme.trouble = lambda target, body: (200, {"total_count": 1, "environments": [{"name": "production"}]}, {}) \
        if "/environments" in target else None  # fmt: skip
    with github(acme) as server:
        objects, skips = read(server)
    assert objects[1].unresolved == {"/spec/environmentBypass"}
    assert "environment-admin-bypass" not in wrong(objects)
    assert [skip.path for skip in skips] == ["github:acme/shop"]
