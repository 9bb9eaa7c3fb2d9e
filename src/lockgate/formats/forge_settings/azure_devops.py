"""Azure DevOps: an organisation, its projects, repositories, and what pipelines may use, from their REST answers.

Fields as in MicrosoftDocs/vsts-rest-api-specs (7.1, 7.2). A part that is None was not answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockgate.formats.forge_settings import address, forge_object, listed, mapping, number, text
from lockgate.formats.forge_settings.protection import Protection, joined
from lockgate.model import Object

FORGE = "azure-devops"
Json = Mapping[str, Any]
REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
BUILD = "0609b952-1397-4640-95ec-e00a01b2c241"
STATUS = "cbdc66da-9728-4af8-aada-9a5a32e4a226"
COMMENTS = "c6a1889d-b943-4856-b76f-9e46bb6b0df2"
OWNERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
"""Ids of the types of branch policies, the same in every organisation."""
RESOURCES: Mapping[str, str] = {
    "endpoint": "AzureDevOpsServiceConnection", "variablegroup": "AzureDevOpsVariableGroup",
    "environment": "AzureDevOpsEnvironment", "queue": "AzureDevOpsAgentQueue", "securefile": "AzureDevOpsSecureFile",
}  # fmt: skip
"""Type of a resource that pipelines use, as the API calls it -> kind."""
PLACES = {"endpoint": "connections", "variablegroup": "variable-groups", "environment": "environments",
           "queue": "agent-pools", "securefile": "secure-files"}  # fmt: skip
"""The same -> where they stand below their project in a path."""
_BRANCH_CONTROL = "evaluatebranchprotection"
_RESETS = ("resetOnSourcePush", "requireVoteOnLastIteration", "requireVoteOnEachIteration")


def organization(
    name: str, *, hooks: Sequence[Json] | None, users: Sequence[Json] | None, pools: Sequence[Json] | None, read_at: str
) -> Object:
    """An organisation. ``hooks``: subscriptions of service hooks; ``users``: entitlements; ``pools``: of agents."""
    unread = {pointer for pointer, part in (("/spec/webhooks", hooks), ("/spec/users", users), ("/spec/pools", pools))
              if part is None}  # fmt: skip
    spec = {
        "webhooks": [_hook(one) for one in hooks or () if one.get("consumerId") == "webHooks"],
        "users": [_user(one) for one in users or ()],
        "pools": [_pool(one) for one in pools or ()],
    }
    return forge_object("AzureDevOpsOrganization", FORGE, "", name, spec, read_at=read_at, unread=unread,
                        path=f"{FORGE}:{name}")  # fmt: skip


def _hook(one: Json) -> dict[str, Any]:
    inputs = mapping(one.get("consumerInputs"))
    return {
        "name": address(inputs.get("url")), "id": text(one.get("id")), "event": text(one.get("eventType")),
        "enabled": text(one.get("status")).startswith("enabled"),
        "authenticated": bool(inputs.get("basicAuthPassword") or inputs.get("httpHeaders")),
        "verifiesTls": str(inputs.get("acceptUntrustedCerts", "")).lower() != "true",
    }  # fmt: skip


def _user(one: Json) -> dict[str, Any]:
    own = mapping(one.get("user"))
    accessed = text(one.get("lastAccessedDate"))
    return {
        "name": text(own.get("principalName")) or text(own.get("mailAddress")), "id": text(one.get("id")),
        "guest": text(own.get("metaType")) == "guest",
        # One who never came has the first day of the calendar there.
        "accessedAt": accessed if accessed > "0002" else text(one.get("dateCreated")) or accessed,
    }  # fmt: skip


def _pool(one: Json) -> dict[str, Any]:
    return {
        "name": text(one.get("name")), "id": number(one.get("id")), "hosted": one.get("isHosted") is True,
        "autoProvision": one.get("autoProvision") is True,
    }  # fmt: skip


def project(organization_name: str, one: Json, settings: Json | None, *, read_at: str) -> Object:
    """A project. ``settings``: general settings of its pipelines."""
    own = mapping(settings)
    if not own:
        settings = None  # an answer without any setting is none
    spec = {
        "id": text(one.get("id")), "visibility": text(one.get("visibility")),
        "pipelines": {name: own.get(name) is True for name in PIPELINES},
    }  # fmt: skip
    name = text(one.get("name"))
    return forge_object(
        "AzureDevOpsProject", FORGE, organization_name, name, spec, read_at=read_at,
        unread=() if settings is not None else ("/spec/pipelines",), path=f"{FORGE}:{organization_name}/{name}",
    )  # fmt: skip


PIPELINES = (
    "buildsEnabledForForks", "disableClassicBuildPipelineCreation", "disableClassicReleasePipelineCreation",
    "disableImpliedYAMLCiTrigger", "enableShellTasksArgsSanitizing", "enforceJobAuthScope",
    "enforceJobAuthScopeForForks", "enforceJobAuthScopeForReleases", "enforceNoAccessToSecretsFromForks",
    "enforceReferencedRepoScopedToken", "enforceSettableVar", "isCommentRequiredForPullRequest",
    "statusBadgesArePrivate",
)  # fmt: skip
"""Fields of PipelineGeneralSettings that rules read."""


def repository(
    organization_name: str, one: Json, policies: Sequence[Json] | None, security: Json | None, *, read_at: str
) -> Object:
    """A repository. ``policies``: all branch policies of its project; ``security``: its entry of Advanced Security's
    enablement, empty where the organisation's answer has none for it."""
    own = mapping(one.get("project"))
    place, name = text(own.get("name")), text(one.get("name"))
    unread = {pointer for pointer, part in (("/spec/protection", policies), ("/spec/review", policies),
                                            ("/spec/security", security)) if part is None}  # fmt: skip
    branch = text(one.get("defaultBranch"))
    held = [policy for policy in policies or () if _covers(policy, text(one.get("id")), branch)]
    secrets = mapping(mapping(security).get("secretProtectionFeatures"))
    code = mapping(mapping(security).get("codeSecurityFeatures"))
    bundle = mapping(security).get("advSecEnabled") is True
    spec = {
        "id": text(one.get("id")), "projectId": text(own.get("id")), "project": place,
        "visibility": text(own.get("visibility")) or "private", "disabled": one.get("isDisabled") is True,
        "archived": one.get("isDisabled") is True, "fork": one.get("isFork") is True,
        "empty": not branch, "defaultBranch": branch.removeprefix("refs/heads/"),
        "protection": joined([_policy(policy) for policy in held]).spec(), "review": _review(held),
        "security": {
            "secrets": secrets.get("secretProtectionEnabled") is True or bundle,
            "blocksPushes": (secrets or mapping(security)).get("blockPushes") is True,
            "code": code.get("codeSecurityEnabled") is True or bundle,
        },
    }  # fmt: skip
    return forge_object(
        "AzureDevOpsRepository", FORGE, f"{organization_name}/{place}", name, spec, read_at=read_at, unread=unread,
        path=f"{FORGE}:{organization_name}/{place}/{name}",
    )  # fmt: skip


def _covers(policy: Json, repository_id: str, branch: str) -> bool:
    """Whether a policy must be followed before the default branch of a repository changes."""
    if policy.get("isEnabled") is not True or policy.get("isBlocking") is not True or policy.get("isDeleted") is True:
        return False
    for scope in listed(mapping(policy.get("settings")).get("scope")):
        of = scope.get("repositoryId")
        if of is not None and of != repository_id:
            continue
        kind, ref = text(scope.get("matchKind")).lower(), text(scope.get("refName"))
        if kind == "defaultbranch" or (not ref and kind != "exact"):
            return True
        if ref == branch or (kind == "prefix" and bool(ref) and branch.startswith(ref)):
            return True
    return False


def _policy(policy: Json) -> Protection:
    kind, settings = text(mapping(policy.get("type")).get("id")), mapping(policy.get("settings"))
    by = text(mapping(policy.get("type")).get("displayName")) or "branch policy"
    bound = Protection(by=(by,), pull_requests=True, forced=False, deletable=False, admins_exempt=False)
    if kind == REVIEWERS:
        return replace(
            bound,
            approvals=number(settings.get("minimumApproverCount")),
            last_push=settings.get("blockLastPusherVote") is True,
            dismisses_stale=any(settings.get(key) is True for key in _RESETS),
        )
    if kind in (BUILD, STATUS):
        name = text(settings.get("displayName")) or text(settings.get("statusName")) or "build"
        return replace(bound, checks=(name,))
    return replace(bound, conversations=kind == COMMENTS, code_owners=kind == OWNERS)


def _review(policies: Sequence[Json]) -> dict[str, bool]:
    """What no other forge has: of several policies the one that binds most."""
    held = [mapping(one.get("settings")) for one in policies if text(mapping(one.get("type")).get("id")) == REVIEWERS]
    return {
        "required": bool(held),
        "ownCounts": all(one.get("creatorVoteCounts") is True for one in held) and bool(held),
        "downvotesIgnored": all(one.get("allowDownvotes") is True for one in held) and bool(held),
    }  # fmt: skip


def resource(
    organization_name: str, place: Json, kind: str, one: Json, *, permissions: Json | None,
    checks: Sequence[Json] | None, read_at: str,
) -> Object:  # fmt: skip
    """What pipelines may use: a service connection, variable group, environment, pool or secure file of a project.

    ``kind``: as in :data:`RESOURCES`. ``permissions``: its pipeline permissions; ``checks``: the check configurations
    of this one, with their settings."""
    unread = {pointer for pointer, part in (("/spec/open", permissions), ("/spec/checks", checks)) if part is None}
    spec = {
        "id": str(one.get("id", "")), "project": text(place.get("name")), "projectId": text(place.get("id")),
        "resource": kind, "open": mapping(mapping(permissions).get("allPipelines")).get("authorized") is True,
        "checks": [_check(check) for check in checks or ()], **_OF[kind](one),
    }  # fmt: skip
    within, name = f"{organization_name}/{text(place.get('name'))}", text(one.get("name"))
    return forge_object(RESOURCES[kind], FORGE, within, name, spec, read_at=read_at, unread=unread,
                        path=f"{FORGE}:{within}/{PLACES[kind]}/{name}")  # fmt: skip


def _check(one: Json) -> dict[str, Any]:
    settings = mapping(one.get("settings"))
    used = text(mapping(settings.get("definitionRef")).get("name")).lower()
    approvers = listed(settings.get("approvers"))
    return {
        "type": "BranchControl" if used == _BRANCH_CONTROL else text(mapping(one.get("type")).get("name")),
        "id": number(one.get("id")), "approvers": [text(who.get("displayName")) for who in approvers],
        "selfApproval": bool(approvers) and settings.get("requesterCannotBeApprover") is not True,
    }  # fmt: skip


def _connection(one: Json) -> dict[str, Any]:
    scheme = text(mapping(one.get("authorization")).get("scheme"))
    return {"type": text(one.get("type")), "scheme": scheme, "shared": one.get("isShared") is True,
            "ready": one.get("isReady") is not False, "disabled": one.get("isDisabled") is True}  # fmt: skip


def _variables(one: Json) -> dict[str, Any]:
    own = mapping(one.get("variables"))
    secret = [name for name, value in own.items() if mapping(value).get("isSecret") is True]
    return {"type": text(one.get("type")), "variables": len(own), "secrets": len(secret),
            "keyVault": text(one.get("type")) == "AzureKeyVault", "shared": one.get("isShared") is True}  # fmt: skip


def _queue(one: Json) -> dict[str, Any]:
    return {"hosted": mapping(one.get("pool")).get("isHosted") is True}


def _plain(one: Json) -> dict[str, Any]:  # noqa: ARG001 -- the shape of one who reads a resource
    return {}


_OF = {"endpoint": _connection, "variablegroup": _variables, "queue": _queue, "environment": _plain,
       "securefile": _plain}  # fmt: skip
