"""GitLab: a group and its projects, from answers of REST (v4) and of GraphQL.

Fields as in GitLab's API documentation (Groups, Projects, Merge request approval settings, Group push rules, Deploy
keys, and the branch rules of GraphQL). A part that is None was not answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.formats.forge_settings import address, forge_object, listed, mapping, nodes, number, text, texts
from lockgate.formats.forge_settings.protection import Protection, joined
from lockgate.model import Object

FORGE = "gitlab"
Json = Mapping[str, Any]
_DAY = len("2026-11-27")
OWNER = 50
"""Access level of owners; maintainers have 40, developers 30, nobody 0."""
_GROUP = {
    "twoFactorRequired": "require_two_factor_authentication", "projectCreation": "project_creation_level",
    "requestAccess": "request_access_enabled", "shareLocked": "share_with_group_lock",
    "forkingPrevented": "prevent_forking_outside_group", "branchProtection": "default_branch_protection",
    "visibility": "visibility", "sharedRunners": "shared_runners_setting",
}  # fmt: skip
"""Setting -> field of ``GET /groups/:id``; some are shown to members, or exist in a plan, alone."""
_PROJECT = {
    "pipelineRequired": "only_allow_merge_if_pipeline_succeeds", "skippedPasses": "allow_merge_on_skipped_pipeline",
    "discussionsResolved": "only_allow_merge_if_all_discussions_are_resolved", "publicJobs": "public_jobs",
    "forkPipelinesInParent": "ci_allow_fork_pipelines_to_run_in_parent_project",
    "variablesRole": "ci_pipeline_variables_minimum_override_role",
}  # fmt: skip
"""Setting -> field of a project of a list."""
_PUSH = {"unsignedRejected": "reject_unsigned_commits", "secretsPrevented": "prevent_secrets",
         "committerChecked": "commit_committer_check"}  # fmt: skip
_APPROVALS = {
    "authorAllowed": "allow_author_approval", "committerAllowed": "allow_committer_approval",
    "retained": "retain_approvals_on_push", "overridable": "allow_overrides_to_approver_list_per_merge_request",
}  # fmt: skip


def group(path: str, own: Json, parts: Mapping[str, Any], *, read_at: str) -> Object:
    """A group. ``own``: of ``GET /groups/:id``; ``parts``: what else was answered, by the name of the setting."""
    unread = {f"/spec/{field}" for field, key in _GROUP.items() if own.get(key) is None}
    unread |= {f"/spec/{name}" for name in ("webhooks", "variables", "owners", "deployTokens", "accessTokens",
                                            "pushRules", "approvals", "members", "runners")
               if parts.get(name) is None}  # fmt: skip
    push, approvals = mapping(parts.get("pushRules")), mapping(parts.get("approvals"))
    spec: dict[str, Any] = {field: own.get(key) for field, key in _GROUP.items()}
    spec |= {
        "id": number(own.get("id")),
        "webhooks": [webhook(one) for one in listed(parts.get("webhooks"))],
        "variables": [variable(one) for one in listed(parts.get("variables"))],
        "owners": [text(one.get("username")) for one in listed(parts.get("owners"))
                   if number(one.get("access_level")) >= OWNER],
        "members": [_member(one) for one in listed(parts.get("members"))],
        "runners": [_runner(one) for one in listed(parts.get("runners"))],
        "deployTokens": [_token(one) for one in listed(parts.get("deployTokens"))],
        "accessTokens": [_token(one) for one in listed(parts.get("accessTokens"))],
        "pushRules": {field: push.get(key) is True for field, key in _PUSH.items()},
        "approvals": {field: mapping(approvals.get(key)).get("value") is True for field, key in _APPROVALS.items()},
    }  # fmt: skip
    return forge_object("GitLabGroup", FORGE, "", path, spec, read_at=read_at, unread=unread, path=f"{FORGE}:{path}")


def webhook(one: Json) -> dict[str, Any]:
    """A webhook, without what is secret in its address. GitLab never says whether it has a secret token."""
    return {"name": address(one.get("url")), "id": number(one.get("id")),
            "verifiesTls": one.get("enable_ssl_verification") is not False}  # fmt: skip


def variable(one: Json) -> dict[str, Any]:
    """A variable of CI, without its value."""
    return {"name": text(one.get("key")), "protected": one.get("protected") is True,
            "masked": one.get("masked") is True, "scope": text(one.get("environment_scope")) or "*"}  # fmt: skip


def _member(one: Json) -> dict[str, Any]:
    """A billable member; who never did anything has been there since they came."""
    active = text(one.get("last_activity_on")) or text(one.get("created_at"))
    return {"name": text(one.get("username")), "id": number(one.get("id")),
            "activeAt": f"{active}T00:00:00Z" if len(active) == _DAY else active}  # fmt: skip


def _runner(one: Json) -> dict[str, Any]:
    """A runner of the group or its projects, as ``GET /runners/:id`` tells."""
    return {"name": text(one.get("description")) or str(number(one.get("id"))), "id": number(one.get("id")),
            "protected": one.get("access_level") == "ref_protected", "untagged": one.get("run_untagged") is True,
            "paused": one.get("paused") is True}  # fmt: skip


def _token(one: Json) -> dict[str, Any]:
    ended = one.get("revoked") is True or one.get("expired") is True or one.get("active") is False
    return {
        "name": text(one.get("name")), "id": number(one.get("id")), "active": not ended,
        "expiresAt": text(one.get("expires_at")), "scopes": texts(one.get("scopes")),
        "level": number(one.get("access_level")),
    }  # fmt: skip


def project(
    group_path: str, one: Json, node: Json | None, *, hooks: Sequence[Json] | None, keys: Sequence[Json] | None,
    read_at: str,
) -> Object:  # fmt: skip
    """A project. ``one``: of the list of the group's projects; ``node``: of GraphQL; ``hooks`` and ``keys``: of the
    project's webhooks and deploy keys."""
    told = mapping(node)
    unread = {f"/spec/{field}" for field, key in _PROJECT.items() if one.get(key) is None}
    rules, settings = told.get("branchRules"), told.get("ciCdSettings")
    secrets = one.get("secret_push_protection_enabled", one.get("pre_receive_secret_detection_enabled"))
    for pointer, part in (
        ("/spec/protection", rules), ("/spec/jobTokenLimited", settings), ("/spec/variables", told.get("ciVariables")),
        ("/spec/webhooks", hooks), ("/spec/deployKeys", keys), ("/spec/secretPushProtection", secrets),
    ):  # fmt: skip
        unread |= {pointer} if part is None else set()
    default = [rule for rule in nodes(rules) if rule.get("isDefault") is True and rule.get("isProtected") is True]
    if rules is not None and any("approvalRules" not in rule for rule in nodes(rules)):
        unread |= {"/spec/protection/approvals", "/spec/protection/codeOwners"}  # this GitLab has neither
    spec: dict[str, Any] = {field: one.get(key) for field, key in _PROJECT.items()}
    name = text(one.get("path_with_namespace"))
    spec |= {
        "id": number(one.get("id")), "visibility": text(one.get("visibility")),
        "archived": one.get("archived") is True, "empty": one.get("empty_repo") is True,
        "defaultBranch": text(one.get("default_branch")), "pushedAt": text(one.get("last_activity_at")),
        "protection": joined([_rule(rule) for rule in default]).spec(),
        "jobTokenLimited": mapping(settings).get("inboundJobTokenScopeEnabled") is True,
        "variables": [variable(own | {"environment_scope": own.get("environmentScope")})
                      for own in map(dict, nodes(told.get("ciVariables")))],
        "webhooks": [webhook(hook) for hook in hooks or ()], "deployKeys": [_key(key) for key in keys or ()],
        "secretPushProtection": secrets is True,
    }  # fmt: skip
    within, _, last = name.rpartition("/")
    return forge_object("GitLabProject", FORGE, within or group_path, last, spec, read_at=read_at, unread=unread,
                        path=f"{FORGE}:{name}")  # fmt: skip


def _rule(rule: Json) -> Protection:
    own = mapping(rule.get("branchProtection"))
    pushers = [text(one.get("accessLevelDescription")) for one in nodes(own.get("pushAccessLevels"))
               if number(one.get("accessLevel")) > 0]  # fmt: skip
    approvals = [number(one.get("approvalsRequired")) for one in nodes(rule.get("approvalRules"))]
    return Protection(
        by=(f"branch rule {text(rule.get('name'))}",),
        pull_requests=not pushers,
        approvals=max(approvals, default=0),
        code_owners=own.get("codeOwnerApprovalRequired") is True,
        checks=tuple(text(one.get("name")) for one in nodes(rule.get("externalStatusChecks"))),
        forced=own.get("allowForcePush") is not False,
        deletable=False,
        admins_exempt=False,
        pushers=tuple(pushers),
    )


def _key(one: Json) -> dict[str, Any]:
    return {"name": text(one.get("title")), "id": number(one.get("id")), "writes": one.get("can_push") is True,
            "createdAt": text(one.get("created_at"))}  # fmt: skip
