"""Every rule about a forge fires on something that the forge answers: rules and readers speak of the same fields."""

from __future__ import annotations

from typing import Any

from tests.simulators.forge_paths import Paths, paths
from tests.simulators.github_organization import GitHub, github, ruleset_rule, user
from tests.sources.forges import test_posture_azure_devops as azure
from tests.sources.forges import test_posture_github as hub
from tests.sources.forges import test_posture_gitlab as lab

from lockgate.model import Family
from lockgate.rules import load

OLD = "2020-01-01T00:00:00Z"


def rules_of(forge: str) -> set[str]:
    prefix = f"posture/{forge}-"
    return {rule.id.removeprefix(prefix) for rule in load([Family.POSTURE]).rules if rule.id.startswith(prefix)}


def bad_github() -> GitHub:
    told = GitHub()
    told.organization |= {
        "two_factor_requirement_enabled": False, "default_repository_permission": "write",
        "deploy_keys_enabled_for_repositories": True,
        **{key: True for key in told.organization if key.startswith("members_can_")},
        **{key: False for key in told.organization if key.endswith("_for_new_repositories")},
    }  # fmt: skip
    told.node |= {"samlIdentityProvider": None, "isVerified": False}
    hook = {"id": 1, "active": True, "events": ["push"], "config": {"url": "https://ci.example", "insecure_ssl": "1"}}
    told.parts |= {
        "actions/permissions": {"enabled_repositories": "all", "allowed_actions": "all", "sha_pinning_required": False},
        "actions/permissions/workflow": {"default_workflow_permissions": "write",
                                         "can_approve_pull_request_reviews": True},
        "actions/permissions/fork-pr-contributor-approval": {"approval_policy": "first_time_contributors"},
        "actions/permissions/fork-pr-workflows-private-repos": {
            "run_workflows_from_fork_pull_requests": True, "send_write_tokens_to_workflows": True,
            "send_secrets_and_variables": True, "require_approval_for_fork_pr_workflows": False},
        "actions/permissions/self-hosted-runners": {"enabled_repositories": "all"},
        "actions/runner-groups": {"total_count": 1, "runner_groups": [{
            "id": 1, "name": "Default", "visibility": "all", "default": True, "inherited": False,
            "allows_public_repositories": True, "restricted_to_workflows": False}]},
        "actions/runners": {"total_count": 1, "runners": [{"id": 1, "runner_group_id": 1, "name": "vm", "os": "linux",
                                                           "status": "online", "ephemeral": False}]},
        "actions/secrets": {"total_count": 1, "secrets": [{"name": "KEY", "visibility": "all", "updated_at": OLD}]},
        "hooks": [hook], "members?role=admin": [user(f"owner{number}", number) for number in range(6)],
        "members?filter=2fa_disabled": [user("mona")], "outside_collaborators?filter=2fa_disabled": [user("guest")],
        "installations": {"total_count": 1, "installations": [{
            "id": 1, "app_slug": "bot", "repository_selection": "all", "permissions": {"contents": "write"},
            "suspended_at": None}]},
        "settings/immutable-releases": {"enforced_repositories": "none"},
    }  # fmt: skip
    key = {"id": "K", "title": "k", "readOnly": False, "createdAt": OLD, "enabled": True, "verified": True}
    reviewed = {"type": "REQUIRED_REVIEWERS", "timeout": 0, "preventSelfReview": False,
                "reviewers": {"nodes": [{"name": "ops", "databaseId": 1}]}}  # fmt: skip
    environments = [{"databaseId": 1, "name": "production", "protectionRules": {"nodes": []}},
                    {"databaseId": 2, "name": "test", "protectionRules": {"nodes": [reviewed]},
                     "adminsBypass": True}]  # fmt: skip
    people = [{"permission": "ADMIN", "node": {"login": "guest"}}, {"permission": "WRITE", "node": {"login": "other"}}]
    review = {"__typename": "PullRequestParameters", "requiredApprovingReviewCount": 1,
              "dismissStaleReviewsOnPush": False, "requireCodeOwnerReview": False, "requireLastPushApproval": False,
              "requiredReviewThreadResolution": False}  # fmt: skip
    checks = {"__typename": "RequiredStatusChecksParameters", "strictRequiredStatusChecksPolicy": False,
              "requiredStatusChecks": [{"context": "test"}]}  # fmt: skip
    weak = [ruleset_rule("PULL_REQUEST", parameters=review), ruleset_rule("REQUIRED_STATUS_CHECKS", parameters=checks)]
    for one in weak:
        one["repositoryRuleset"]["bypassActors"]["nodes"] = [{"bypassMode": "ALWAYS", "organizationAdmin": True}]
    branch = {"name": "main", "branchProtectionRule": None}
    flow = {"HEAD:.github/workflows": {"__typename": "Tree", "entries": [{"name": "ci.yml"}]}}
    owners = {"HEAD:CODEOWNERS": {"__typename": "Blob", "text": "*.py @acme/python\n"}}
    told.add("weak", {"pushed_at": OLD, "allow_forking": True}, {
        "defaultBranchRef": branch | {"rules": {"nodes": weak}}, "rulesets": {"nodes": []},
        "environments": {"nodes": environments}, "deployKeys": {"nodes": [key]}, "collaborators": {"edges": people},
        "codeowners": {"errors": [{"kind": "Unknown owner", "path": "CODEOWNERS", "line": 1}]},
        "objects": flow | owners,
    })  # fmt: skip
    told.hooks["weak"] = [hook]
    off = {"status": "disabled"}
    scanned = {"secret_scanning": {"status": "enabled"}, "secret_scanning_push_protection": off,
               "dependabot_security_updates": off}  # fmt: skip
    told.add(
        "open", {"visibility": "public", "private": False, "security_and_analysis": scanned},
        {"defaultBranchRef": branch | {"rules": {"nodes": []}}, "isSecurityPolicyEnabled": False, "objects": flow},
    )  # fmt: skip
    only_deletion = [ruleset_rule("NON_FAST_FORWARD")]
    told.add("bare", {"security_and_analysis": {"secret_scanning": off}},
             {"defaultBranchRef": branch | {"rules": {"nodes": only_deletion}}, "objects": flow,
              "hasVulnerabilityAlertsEnabled": False})  # fmt: skip
    return told


def test_every_rule_about_github_fires_on_what_github_answers() -> None:
    with github(bad_github()) as server:
        objects, skips = hub.read(server)
    assert skips == []
    assert rules_of("github") - hub.wrong(objects) == {"single-owner"}


def bad_azure() -> Paths:
    connection = azure.CONNECTION | {"authorization": {"scheme": "ServicePrincipal"}, "isShared": True}
    personal = azure.CONNECTION | {"id": "c2", "name": "person", "type": "github",
                                   "authorization": {"scheme": "PersonalAccessToken"}}  # fmt: skip
    told = azure.contoso(repositories=2, resources={
        "endpoint": [connection, personal],
        "variablegroup": [{"id": 3, "name": "own", "type": "Vsts", "variables": {"a": {"isSecret": True}}}],
        "environment": [{"id": 4, "name": "production"}, {"id": 6, "name": "test"}],
        "queue": [{"id": 5, "name": "own", "pool": {"isHosted": False}}],
        "securefile": [{"id": "s1", "name": "cert.pfx"}],
    })  # fmt: skip
    own = told.answers[f"{azure.ROOT}/projects"]["value"][0]
    own["visibility"] = "public"
    below = f"/contoso/{own['id']}/_apis"
    weak = azure.policy(azure.REVIEWERS, minimumApproverCount=1, creatorVoteCounts=True, allowDownvotes=True)
    for one in (scopes := weak["settings"]["scope"]):
        one |= {"repositoryId": "r1", "refName": "refs/heads/main", "matchKind": "Exact"}
    assert scopes
    approval = {"id": 8, "type": {"name": "Approval"}, "settings": {"approvers": [{"displayName": "ops"}]}}
    opened: dict[str, Any] = {path: {"allPipelines": {"authorized": True}} for path in told.answers
                              if "/pipelinepermissions/" in path}  # fmt: skip
    told.answers |= opened | {
        f"{below}/build/generalsettings": {"buildsEnabledForForks": True},
        f"{below}/policy/configurations": azure.listed(weak),
        f"{below}/pipelines/checks/queryconfigurations": azure.listed(
            approval | {"resource": {"type": "environment", "id": "6"}}),
        f"{azure.ROOT}/management/enablement": {"reposEnablementStatus": [
            {"repositoryId": "r1", "secretProtectionFeatures": {"secretProtectionEnabled": True}}]},
        f"{azure.ROOT}/distributedtask/pools": azure.listed({"id": 1, "name": "own", "autoProvision": True}),
        f"{azure.ROOT}/userentitlements": {"members": [{
            "id": "u", "user": {"principalName": "ada", "metaType": "guest"}, "lastAccessedDate": OLD}]},
        f"{azure.ROOT}/hooks/subscriptions": azure.listed({
            "id": "h", "consumerId": "webHooks", "status": "enabled", "consumerInputs": {"url": "http://ci.example"}}),
    }  # fmt: skip
    return told


def test_every_rule_about_azure_devops_fires_on_what_it_answers() -> None:
    with paths(bad_azure()) as server:
        server.answers["/contoso/p0/_apis/pipelines/checks/queryconfigurations"] = _said(
            server.answers["/contoso/p0/_apis/pipelines/checks/queryconfigurations"])  # fmt: skip
        objects, skips = azure.read(server)
    assert skips == []
    assert rules_of("azure-devops") - azure.wrong(objects) == {"review-not-required"}


def _said(value: Any) -> Any:
    """Asked by POST, and answered alike whatever is sent."""
    return lambda body: value


def test_every_rule_about_gitlab_fires_on_what_it_answers() -> None:
    told = lab.Group(2)
    told.answers[lab.GROUP] |= {
        "visibility": "public", "require_two_factor_authentication": False, "project_creation_level": "developer",
        "request_access_enabled": True, "share_with_group_lock": False, "prevent_forking_outside_group": False,
        "default_branch_protection": 0, "shared_runners_setting": "enabled",
    }  # fmt: skip
    hook = {"id": 1, "url": "https://ci.example", "enable_ssl_verification": False}
    token = {"id": 1, "name": "t", "scopes": ["api"], "access_level": 50, "active": True, "revoked": False}
    told.answers |= {
        f"{lab.GROUP}/hooks": [hook], f"{lab.GROUP}/deploy_tokens": [token], f"{lab.GROUP}/access_tokens": [token],
        f"{lab.GROUP}/billable_members": [{"id": 1, "username": "eve", "last_activity_on": OLD[:10]}],
        f"{lab.GROUP}/runners": [{"id": 1, "is_shared": False}],
        "/api/v4/runners/1": {"id": 1, "access_level": "not_protected", "run_untagged": True},
        f"{lab.GROUP}/variables": [{"key": "K", "protected": False, "masked": False}],
        f"{lab.GROUP}/members/all": [{"username": f"o{number}", "access_level": 50} for number in range(6)],
        f"{lab.GROUP}/push_rule": {"reject_unsigned_commits": False},
        f"{lab.GROUP}/merge_request_approval_setting": {key: {"value": True} for key in (
            "allow_author_approval", "allow_committer_approval", "retain_approvals_on_push",
            "allow_overrides_to_approver_list_per_merge_request")},
        "/api/v4/projects/0/hooks": [hook],
        "/api/v4/projects/0/deploy_keys": [{"id": 1, "title": "k", "can_push": True, "created_at": OLD}],
    }  # fmt: skip
    told.projects[0] |= {
        "visibility": "internal", "last_activity_at": OLD, "only_allow_merge_if_pipeline_succeeds": False,
        "allow_merge_on_skipped_pipeline": True, "only_allow_merge_if_all_discussions_are_resolved": False,
        "public_jobs": True, "ci_allow_fork_pipelines_to_run_in_parent_project": True,
        "ci_pipeline_variables_minimum_override_role": "developer", "secret_push_protection_enabled": False,
    }  # fmt: skip
    pushed = {"nodes": [{"accessLevel": 40, "accessLevelDescription": "Maintainers"}]}
    weak = lab.RULE | {"approvalRules": {"nodes": []}, "branchProtection": {
        "allowForcePush": True, "codeOwnerApprovalRequired": False, "pushAccessLevels": pushed}}  # fmt: skip
    told.nodes["acme/shop-000"] |= {
        "branchRules": {"nodes": [weak]}, "ciCdSettings": {"inboundJobTokenScopeEnabled": False},
        "ciVariables": {"nodes": [{"key": "K", "protected": False, "masked": False, "environmentScope": "*"}]},
    }  # fmt: skip
    told.nodes["acme/shop-001"]["branchRules"] = {"nodes": []}
    with paths(told) as server:
        objects, skips = lab.read(server)
    assert skips == []
    assert rules_of("gitlab") - lab.wrong(objects) == {"single-owner"}
