"""How a group on GitLab is set up: what is asked, in how many calls, and what is told of what was refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulators.forge_paths import Paths, paths

from lockgate.errors import NothingCheckedError
from lockgate.model import Family, Object, Skip, SkipKind
from lockgate.policy.catalogue import ForgePolicies
from lockgate.rules import load
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.credentials import gitlab_token
from lockgate.sources.forges.gitlab import gitlab_client
from lockgate.sources.forges.posture.gitlab import GitLabPosture

AT = "2026-11-27T00:00:00Z"
GROUP = "/api/v4/groups/acme"
OWN = {
    "id": 7, "full_path": "acme", "visibility": "private", "require_two_factor_authentication": True,
    "project_creation_level": "maintainer", "request_access_enabled": False, "share_with_group_lock": True,
    "prevent_forking_outside_group": True, "default_branch_protection": 2,
    "shared_runners_setting": "disabled_and_overridable",
}  # fmt: skip
PROJECT = {
    "visibility": "private", "archived": False, "empty_repo": False, "default_branch": "main",
    "last_activity_at": "2026-11-20T00:00:00Z", "only_allow_merge_if_pipeline_succeeds": True,
    "allow_merge_on_skipped_pipeline": False, "only_allow_merge_if_all_discussions_are_resolved": True,
    "public_jobs": False, "ci_allow_fork_pipelines_to_run_in_parent_project": False,
    "ci_pipeline_variables_minimum_override_role": "no_one_allowed", "secret_push_protection_enabled": True,
}  # fmt: skip
RULE = {
    "name": "main", "isDefault": True, "isProtected": True,
    "branchProtection": {"allowForcePush": False, "codeOwnerApprovalRequired": True,
                         "pushAccessLevels": {"nodes": [{"accessLevel": 0, "accessLevelDescription": "No one"}]}},
    "approvalRules": {"nodes": [{"name": "All", "approvalsRequired": 2}]}, "externalStatusChecks": {"nodes": []},
}  # fmt: skip
SETTING = {"value": False, "locked": True, "inherited_from": None}


class Group(Paths):
    """A group that is well kept, with so many projects."""

    def __init__(self, projects: int = 1, *, paid: bool = True) -> None:
        names = [f"acme/shop-{number:03}" for number in range(projects)]
        self.nodes: dict[str, dict[str, Any]] = {
            name: {"fullPath": name, "branchRules": {"nodes": [RULE]}, "ciVariables": {"nodes": []},
                   "ciCdSettings": {"inboundJobTokenScopeEnabled": True}} for name in names
        }  # fmt: skip
        self.projects = [{**PROJECT, "id": at, "path_with_namespace": name} for at, name in enumerate(names)]
        self.paid = paid
        approvals = ("allow_author_approval", "allow_committer_approval", "retain_approvals_on_push",
                     "allow_overrides_to_approver_list_per_merge_request")  # fmt: skip
        super().__init__({
            GROUP: dict(OWN), f"{GROUP}/projects": self.projects, f"{GROUP}/hooks": [], f"{GROUP}/variables": [],
            f"{GROUP}/members/all": [{"username": name, "access_level": 50} for name in ("ada", "bob")],
            f"{GROUP}/billable_members": [], f"{GROUP}/runners": [], f"{GROUP}/deploy_tokens": [],
            f"{GROUP}/access_tokens": [],
            f"{GROUP}/push_rule": {"reject_unsigned_commits": True, "prevent_secrets": True,
                                   "commit_committer_check": True},
            f"{GROUP}/merge_request_approval_setting": dict.fromkeys(approvals, SETTING),
            "/api/graphql": self.graphql,
            **{f"/api/v4/projects/{at}/{what}": [] for at in range(projects) for what in ("hooks", "deploy_keys")},
        })  # fmt: skip

    def graphql(self, body: Any) -> Any:
        if not self.paid and "approvalRules" in body["query"]:
            return {"errors": [{"message": "Field 'approvalRules' doesn't exist on type 'BranchRule'"}]}
        start, size = int(body["variables"]["after"] or 0), body["variables"]["page"]
        rows = list(self.nodes.values())
        if not self.paid:
            rows = [row | {"branchRules": {"nodes": [{key: value for key, value in RULE.items()
                    if key not in ("approvalRules", "externalStatusChecks")}]}} for row in rows]  # fmt: skip
        info = {"hasNextPage": start + size < len(rows), "endCursor": str(start + size)}
        return {"data": {"group": {"projects": {"nodes": rows[start : start + size], "pageInfo": info}}}}


def read(server: Paths, *, calls: int = 5_000) -> tuple[list[Object], list[Skip]]:
    budget = CallBudget(Bounds(calls=calls))
    client = gitlab_client(gitlab_token("t0ken"), address=server.base, budget=budget)
    rows = list(GitLabPosture(client, "acme", read_at=AT).collect())
    client.close()
    return [one for one in rows if isinstance(one, Object)], [one for one in rows if isinstance(one, Skip)]


def wrong(objects: list[Object]) -> set[str]:
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    judged = [policies.judge(one) for one in objects]
    assert [hit.message for one in judged for hit in one.failed] == []
    return {str(hit.rule.id).removeprefix("posture/gitlab-") for one in judged for hit in one.hits}


def test_a_group_that_is_well_kept_has_no_finding_and_no_skip() -> None:
    with paths(Group()) as server:
        objects, skips = read(server)
    assert [(one.body["kind"], one.path) for one in objects] == [
        ("GitLabGroup", "gitlab:acme"), ("GitLabProject", "gitlab:acme/shop-000")]  # fmt: skip
    assert skips == []
    assert wrong(objects) == set()


def test_500_projects_take_40_calls_and_two_for_webhooks_and_keys_of_each() -> None:
    with paths(Group(500)) as server:
        objects, skips = read(server)
        assert (len(objects), skips) == (501, [])
        assert server.asked("/projects/") == 1_000
        assert server.asked("graphql") == 25
        assert len(server.calls) - 1_000 == 1 + 5 + 9 + 25


def test_a_gitlab_without_what_is_paid_for_leaves_approvals_open() -> None:
    told = Group(paid=False)
    told.refused = r"hooks|push_rule|approval_setting"
    with paths(told) as server:
        objects, skips = read(server)
    assert {"/spec/protection/approvals", "/spec/protection/codeOwners"} <= objects[1].unresolved
    assert objects[1].body["spec"]["protection"]["protected"] is True
    policies = ForgePolicies(load([Family.POSTURE]).rules)
    assert {"posture/gitlab-review-not-required", "posture/gitlab-code-owner-review-not-required",
            "posture/gitlab-webhook-insecure"} == set(policies.judge(objects[1]).open)  # fmt: skip
    reasons = {skip.path: skip.reason for skip in skips}
    assert "push rules (needs an owner of the group, on Premium, where any are set)" in reasons["gitlab:acme"]
    assert "approval rules, approval by code owners (is not in this plan" in reasons["gitlab:acme/shop-000"] or \
        "approval rules" in reasons["gitlab:acme/shop-000"]  # fmt: skip


def test_the_budget_ends_before_projects_that_are_quiet() -> None:
    told = Group(2)
    told.projects[1]["visibility"] = "public"
    with paths(told) as server:
        objects, skips = read(server, calls=1 + 1 + 9 + 1 + 1)
    assert "webhooks" in objects[2].body["spec"]
    assert {skip.kind for skip in skips} == {SkipKind.LIMIT}
    assert objects[1].unresolved == {"/spec/webhooks", "/spec/deployKeys"}


def test_what_is_wrong_is_found() -> None:
    told = Group()
    told.answers[GROUP] |= {"require_two_factor_authentication": False, "default_branch_protection": 0}
    told.answers[f"{GROUP}/variables"] = [{"key": "TOKEN", "value": "s3cret", "protected": False, "masked": True}]
    told.answers["/api/v4/projects/0/hooks"] = [{"id": 1, "url": "http://ci.example/h?t=s3cret"}]
    told.answers["/api/v4/projects/0/deploy_keys"] = [
        {"id": 1, "title": "k", "can_push": True, "created_at": "2026-10-01T00:00:00.000Z"}]  # fmt: skip
    pushed = {"nodes": [{"accessLevel": 40, "accessLevelDescription": "Maintainers"}]}
    own = RULE | {"branchProtection": {"allowForcePush": True, "codeOwnerApprovalRequired": True,
                                       "pushAccessLevels": pushed}}  # fmt: skip
    told.nodes["acme/shop-000"]["branchRules"] = {"nodes": [own]}
    told.nodes["acme/shop-000"]["ciCdSettings"] = {"inboundJobTokenScopeEnabled": False}
    with paths(told) as server:
        objects, _ = read(server)
    assert wrong(objects) == {
        "two-factor-not-required", "default-protection-off", "group-variable-unprotected", "webhook-insecure",
        "deploy-key-writes", "push-past-review", "force-push-allowed", "job-token-open"}  # fmt: skip
    assert "s3cret" not in str(objects)


def test_a_branch_without_a_rule_is_not_protected() -> None:
    told = Group()
    told.nodes["acme/shop-000"]["branchRules"] = {"nodes": []}
    with paths(told) as server:
        objects, _ = read(server)
    assert wrong(objects) == {"branch-unprotected"}


def test_members_who_left_and_runners_that_anybody_uses_are_found() -> None:
    told = Group()
    told.answers[GROUP] |= {"shared_runners_setting": "enabled"}
    told.answers[f"{GROUP}/billable_members"] = [
        {"id": 3, "username": "eve", "last_activity_on": "2026-01-01", "created_at": "2025-01-01T00:00:00.000Z"},
        {"id": 4, "username": "new", "last_activity_on": None, "created_at": "2026-11-20T00:00:00.000Z"}]
    told.answers[f"{GROUP}/runners"] = [{"id": 8, "is_shared": False}, {"id": 9, "is_shared": True}]
    told.answers["/api/v4/runners/8"] = {"id": 8, "description": "vm", "access_level": "not_protected",
                                         "run_untagged": True, "paused": False}  # fmt: skip
    with paths(told) as server:
        objects, skips = read(server)
    assert skips == []
    assert wrong(objects) == {"member-inactive", "runner-unprotected", "runner-untagged", "shared-runners-on"}


def test_a_group_that_is_not_shown_is_no_answer() -> None:
    with paths(Paths({})) as server, pytest.raises(NothingCheckedError):
        read(server)
