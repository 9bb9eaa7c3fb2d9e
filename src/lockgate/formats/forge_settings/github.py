"""GitHub: an organisation from its REST answers, a repository from its entry of the list and its node of GraphQL.

Fields as in GitHub's own descriptions: REST 2022-11-28 (github/rest-api-description) and the public GraphQL schema. A
part that is None was not answered; ``github_query`` holds the question that a node answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from lockgate.formats.forge_settings import address, forge_object, listed, mapping, nodes, number, text, texts
from lockgate.formats.forge_settings.protection import Protection, joined
from lockgate.model import Object

FORGE = "github"
Json = Mapping[str, Any]
NODE_PARTS: Mapping[str, tuple[str, ...]] = {
    "defaultBranchRef": ("/spec/protection",),
    "tagRulesets": ("/spec/tagsProtected",),
    "environments": ("/spec/environments",),
    "deployKeys": ("/spec/deployKeys",),
    "collaborators": ("/spec/outsideCollaborators",),
    "codeowners": ("/spec/codeowners",),
    "hasVulnerabilityAlertsEnabled": ("/spec/dependabotAlerts",),
    "isSecurityPolicyEnabled": ("/spec/securityPolicy",),
}
"""Field of a node -> the settings that hang on it: where GitHub answers null and an error for it, they are unread."""
_LISTS = ("tagRulesets", "environments", "deployKeys", "collaborators")
_CHANGING = frozenset({"UPDATE", "DELETION"})


def repository(
    organization: str, entry: Json, node: Json | None, hooks: Sequence[Json] | None, *, read_at: str,
    refused: Collection[str] = (), bypass: Sequence[Json] | None = (),
) -> Object:  # fmt: skip
    """One repository. ``entry``: of ``GET /orgs/{org}/repos``; ``node``: of ``github_query``; ``hooks``: of ``GET
    /repos/{owner}/{repo}/hooks``; ``bypass``: of ``GET /repos/{owner}/{repo}/environments``. ``refused``: fields of the
    node that GitHub gave an error for."""
    unread = {pointer for field in refused for pointer in NODE_PARTS.get(field, (f"/spec/{field}",))}
    if node is None:
        unread.update(pointer for pointers in NODE_PARTS.values() for pointer in pointers)
        unread.update(("/spec/dependencyUpdates", "/spec/workflows"))
    if hooks is None:
        unread.add("/spec/webhooks")
    # GitHub answers the field, which its description lacks; where it does not, nothing is known of any.
    if bypass is None or any(not isinstance(one.get("can_admins_bypass"), bool) for one in bypass):
        unread.add("/spec/environmentBypass")
    security = entry.get("security_and_analysis")
    if not isinstance(security, dict):  # GitHub shows it to who may administer the repository alone
        unread.add("/spec/security")
    told = mapping(node)
    spec = {
        "id": number(entry.get("id")),
        "owner": text(mapping(entry.get("owner")).get("login")) or organization,
        "visibility": text(entry.get("visibility")) or ("private" if entry.get("private") else "public"),
        "archived": entry.get("archived") is True,
        "disabled": entry.get("disabled") is True,
        "fork": entry.get("fork") is True,
        "template": entry.get("is_template") is True,
        "empty": told.get("isEmpty") is True,
        "defaultBranch": text(entry.get("default_branch")),
        "pushedAt": text(entry.get("pushed_at")) or text(entry.get("created_at")),
        "forkingAllowed": entry.get("allow_forking") is True,
        "signOff": entry.get("web_commit_signoff_required") is True,
        "security": _security(mapping(security)),
        "dependabotAlerts": told.get("hasVulnerabilityAlertsEnabled") is True,
        "securityPolicy": told.get("isSecurityPolicyEnabled") is True,
        "protection": protection(mapping(told.get("defaultBranchRef"))).spec(),
        "tagsProtected": any(map(_protects_tags, nodes(told.get("tagRulesets")))),
        "codeowners": _owners(told),
        "dependencyUpdates": any(told.get(key) for key in ("dependabot1", "dependabot2", "renovate1", "renovate2")),
        "workflows": len(listed(mapping(told.get("workflows")).get("entries"))),
        "environments": [_environment(one) for one in nodes(told.get("environments"))],
        "environmentBypass": [
            {"name": text(one.get("name")), "admins": one.get("can_admins_bypass") is True,
             "guarded": bool(listed(one.get("protection_rules")))} for one in bypass or ()
        ],
        "deployKeys": [_deploy_key(one) for one in nodes(told.get("deployKeys"))],
        "outsideCollaborators": [_collaborator(one) for one in listed(mapping(told.get("collaborators")).get("edges"))],
        "webhooks": [webhook(one) for one in hooks or ()],
    }
    name = text(entry.get("name"))
    return forge_object(
        "GitHubRepository", FORGE, organization, name, spec, read_at=read_at, unread=unread,
        path=f"{FORGE}:{organization}/{name}",
    )  # fmt: skip


def is_cut(node: Json) -> bool:
    """Whether a list of the node goes on where the answer ends."""
    branch = mapping(mapping(node.get("defaultBranchRef")).get("rules"))
    return any(_goes_on(mapping(node.get(name))) for name in _LISTS) or _goes_on(branch)


def cut_fields(node: Json) -> tuple[str, ...]:
    """The fields of a node that are not whole."""
    cut = [name for name in _LISTS if _goes_on(mapping(node.get(name)))]
    branch = mapping(mapping(node.get("defaultBranchRef")).get("rules"))
    return (*cut, *(("defaultBranchRef",) if _goes_on(branch) else ()))


def _goes_on(connection: Json) -> bool:
    return mapping(connection.get("pageInfo")).get("hasNextPage") is True


def protection(branch: Json) -> Protection:
    """What the default branch is protected by: the older protection rule, and rules of active rulesets."""
    classic = branch.get("branchProtectionRule")
    rules = [_classic(classic)] if isinstance(classic, dict) else []
    by_set: dict[str, list[Json]] = {}
    for rule in nodes(branch.get("rules")):
        own = mapping(rule.get("repositoryRuleset"))
        if own.get("enforcement", "ACTIVE") == "ACTIVE":
            by_set.setdefault(text(own.get("name")) or "ruleset", []).append(rule)
    return joined([*rules, *(_ruleset(name, members) for name, members in by_set.items())])


def _classic(rule: Json) -> Protection:
    bypass = [_actor(mapping(one.get("actor"))) for one in nodes(rule.get("bypassPullRequestAllowances"))]
    reviews, checks = rule.get("requiresApprovingReviews") is True, rule.get("requiresStatusChecks") is True
    return Protection(
        by=(f"branch protection {text(rule.get('pattern'))}",),
        pull_requests=reviews or rule.get("lockBranch") is True,
        approvals=number(rule.get("requiredApprovingReviewCount")) if reviews else 0,
        dismisses_stale=reviews and rule.get("dismissesStaleReviews") is True,
        code_owners=reviews and rule.get("requiresCodeOwnerReviews") is True,
        last_push=reviews and rule.get("requireLastPushApproval") is True,
        conversations=rule.get("requiresConversationResolution") is True,
        checks=tuple(texts(rule.get("requiredStatusCheckContexts"))) if checks else (),
        strict=checks and rule.get("requiresStrictStatusChecks") is True,
        signatures=rule.get("requiresCommitSignatures") is True,
        linear=rule.get("requiresLinearHistory") is True,
        forced=rule.get("allowsForcePushes") is not False,
        deletable=rule.get("allowsDeletions") is not False,
        bypass=tuple(filter(None, bypass)),
        admins_exempt=rule.get("isAdminEnforced") is not True,
    )


def _ruleset(name: str, rules: Sequence[Json]) -> Protection:
    kinds = {text(rule.get("type")): mapping(rule.get("parameters")) for rule in rules}
    review, checks = kinds.get("PULL_REQUEST", {}), kinds.get("REQUIRED_STATUS_CHECKS", {})
    actors = nodes(mapping(rules[0].get("repositoryRuleset")).get("bypassActors"))
    always = [one for one in actors if one.get("bypassMode") != "PULL_REQUEST"]
    required = [text(one.get("context")) for one in listed(checks.get("requiredStatusChecks"))]
    required += [text(one.get("path")) for one in listed(kinds.get("WORKFLOWS", {}).get("workflows"))]
    required += [text(one.get("tool")) for one in listed(kinds.get("CODE_SCANNING", {}).get("codeScanningTools"))]
    return Protection(
        by=(f"ruleset {name}",),
        pull_requests="PULL_REQUEST" in kinds or "MERGE_QUEUE" in kinds,
        approvals=number(review.get("requiredApprovingReviewCount")),
        dismisses_stale=review.get("dismissStaleReviewsOnPush") is True,
        code_owners=review.get("requireCodeOwnerReview") is True,
        last_push=review.get("requireLastPushApproval") is True,
        conversations=review.get("requiredReviewThreadResolution") is True,
        checks=tuple(required),
        strict=checks.get("strictRequiredStatusChecksPolicy") is True,
        signatures="REQUIRED_SIGNATURES" in kinds,
        linear="REQUIRED_LINEAR_HISTORY" in kinds,
        forced="NON_FAST_FORWARD" not in kinds,
        deletable="DELETION" not in kinds,
        bypass=tuple(_bypassing(one) for one in always),
        admins_exempt=any(one.get("organizationAdmin") or text(one.get("repositoryRoleName")) == "admin"
                          for one in always),
    )  # fmt: skip


def _bypassing(actor: Json) -> str:
    words = (("organizationAdmin", "organisation admins"), ("enterpriseOwner", "enterprise owners"),
             ("deployKey", "deploy keys"))  # fmt: skip
    known = next((word for key, word in words if actor.get(key) is True), "")
    role = text(actor.get("repositoryRoleName"))
    return known or (f"role {role}" if role else _actor(mapping(actor.get("actor"))) or "somebody unnamed")


def _actor(actor: Json) -> str:
    return text(actor.get("name")) or text(actor.get("login"))


def _protects_tags(ruleset: Json) -> bool:
    include = mapping(mapping(ruleset.get("conditions")).get("refName")).get("include")
    kinds = {text(rule.get("type")) for rule in nodes(ruleset.get("rules"))}
    return ruleset.get("enforcement") == "ACTIVE" and bool(include) and kinds >= _CHANGING


def _owners(node: Json) -> dict[str, Any]:
    texts = [text_of for key in ("owners1", "owners2", "owners3") if (text_of := mapping(node.get(key)).get("text"))]
    own = texts[0] if texts and isinstance(texts[0], str) else ""
    lines = [line.split("#")[0].split() for line in own.splitlines()[:10_000]]
    errors = listed(mapping(node.get("codeowners")).get("errors"))
    return {
        "present": bool(own),
        "everything": any(len(words) > 1 and words[0] in ("*", "**", "/**", "/") for words in lines if words),
        "errors": sorted({text(one.get("kind")) for one in errors}),
    }


def _security(security: Json) -> dict[str, str]:
    names = {
        "secret_scanning": "secretScanning", "secret_scanning_push_protection": "pushProtection",
        "secret_scanning_non_provider_patterns": "nonProviderPatterns", "code_security": "codeSecurity",
        "secret_scanning_delegated_bypass": "delegatedBypass", "dependabot_security_updates": "dependabotUpdates",
        "advanced_security": "advancedSecurity",
    }  # fmt: skip
    return {told: text(mapping(security.get(name)).get("status")) or "disabled" for name, told in names.items()}


def _environment(one: Json) -> dict[str, Any]:
    rules = {text(rule.get("type")): rule for rule in nodes(one.get("protectionRules"))}
    asked = rules.get("REQUIRED_REVIEWERS", {})
    reviewers = [_actor(who) for who in nodes(asked.get("reviewers"))]
    ids = [
        {"type": "Team" if "name" in who else "User", "id": number(who.get("databaseId"))}
        for who in nodes(asked.get("reviewers"))
    ]
    return {
        "name": text(one.get("name")), "reviewers": reviewers, "reviewerIds": ids,
        "preventsSelfReview": asked.get("preventSelfReview") is True, "branchPolicy": "BRANCH_POLICY" in rules,
        "waitMinutes": number(rules.get("WAIT_TIMER", {}).get("timeout")),
    }  # fmt: skip


def _deploy_key(one: Json) -> dict[str, Any]:
    return {
        "name": text(one.get("title")), "nodeId": text(one.get("id")), "readOnly": one.get("readOnly") is True,
        "createdAt": text(one.get("createdAt")), "enabled": one.get("enabled") is not False,
        "verified": one.get("verified") is True,
    }  # fmt: skip


def _collaborator(edge: Json) -> dict[str, str]:
    return {"name": text(mapping(edge.get("node")).get("login")), "permission": text(edge.get("permission")).lower()}


def webhook(one: Json) -> dict[str, Any]:
    """A webhook of an organisation or repository, without what is secret in its address."""
    config = mapping(one.get("config"))
    return {
        "name": address(config.get("url")), "id": number(one.get("id")), "active": one.get("active") is True,
        "secret": bool(config.get("secret")), "verifiesTls": str(config.get("insecure_ssl", "0")) == "0",
        "events": texts(one.get("events")),
    }  # fmt: skip


def organization(name: str, parts: Mapping[str, Any], *, read_at: str, unread: Iterable[str] = ()) -> Object:
    """An organisation from its parts, which ``sources`` names by the pointer of what they hold; ``unread`` are those
    that were not answered."""
    own = mapping(parts.get("organization"))
    node = mapping(parts.get("node"))
    missing = {f"/spec/{field}" for field, key in _OWN.items() if key not in own}
    spec: dict[str, Any] = {field: own.get(key) for field, key in _OWN.items()}
    plan = mapping(own.get("plan")).get("name")
    spec |= {
        "login": text(own.get("login")) or name,
        "plan": text(plan),
        "newRepositories": {field: own.get(key) is True for field, key in _NEW.items()},
        "verified": node.get("isVerified") is True,
        "samlSignOn": isinstance(node.get("samlIdentityProvider"), dict),
        "ipAllowList": node.get("ipAllowListEnabledSetting") == "ENABLED",
        "actions": _actions(parts),
        "webhooks": [webhook(one) for one in listed(parts.get("hooks"))],
        "owners": [_login(one) for one in listed(parts.get("owners"))],
        "membersWithout2fa": [{"name": _login(one)} for one in listed(parts.get("members2fa"))],
        "outsideCollaborators": [{"name": _login(one)} for one in listed(parts.get("outside"))],
        "outsideWithout2fa": [{"name": _login(one)} for one in listed(parts.get("outside2fa"))],
        "invitations": [_invitation(one) for one in listed(parts.get("invitations"))],
        "secrets": [_secret(one) for one in listed(parts.get("secrets"))],
        "runnerGroups": [_runner_group(one) for one in listed(parts.get("runnerGroups"))],
        "runners": [_runner(one) for one in listed(parts.get("runners"))],
        "apps": [_app(one) for one in listed(parts.get("installations"))],
        "immutableReleases": text(mapping(parts.get("immutableReleases")).get("enforced_repositories")),
        "securityDefaults": [_security_default(one) for one in listed(parts.get("securityDefaults"))],
    }
    if not spec["plan"]:
        missing.add("/spec/plan")
    if not any(key in own for key in _NEW.values()):
        missing.add("/spec/newRepositories")
    return forge_object("GitHubOrganization", FORGE, "", name, spec, read_at=read_at, unread=missing | set(unread),
                        path=f"{FORGE}:{name}")  # fmt: skip


_OWN = {
    "twoFactorRequired": "two_factor_requirement_enabled",
    "defaultPermission": "default_repository_permission",
    "membersCreatePublic": "members_can_create_public_repositories",
    "membersForkPrivate": "members_can_fork_private_repositories",
    "membersChangeVisibility": "members_can_change_repo_visibility",
    "membersDelete": "members_can_delete_repositories",
    "membersInviteOutside": "members_can_invite_outside_collaborators",
    "membersPublishPages": "members_can_create_public_pages",
    "signOff": "web_commit_signoff_required",
    "deployKeysAllowed": "deploy_keys_enabled_for_repositories",
}
"""Setting -> field of ``GET /orgs/{org}``; GitHub leaves them out for who does not own the organisation."""
_NEW = {
    "dependabotAlerts": "dependabot_alerts_enabled_for_new_repositories",
    "dependabotUpdates": "dependabot_security_updates_enabled_for_new_repositories",
    "dependencyGraph": "dependency_graph_enabled_for_new_repositories",
    "secretScanning": "secret_scanning_enabled_for_new_repositories",
    "pushProtection": "secret_scanning_push_protection_enabled_for_new_repositories",
}


def _actions(parts: Mapping[str, Any]) -> dict[str, Any]:
    allowed = mapping(parts.get("actions"))
    token, forks = mapping(parts.get("workflowToken")), mapping(parts.get("privateForks"))
    return {
        "repositories": text(allowed.get("enabled_repositories")),
        "allowed": text(allowed.get("allowed_actions")) or "none",
        "pinned": allowed.get("sha_pinning_required") is True,
        "tokenWrites": token.get("default_workflow_permissions") == "write",
        "tokenApproves": token.get("can_approve_pull_request_reviews") is True,
        "forkApproval": text(mapping(parts.get("forkApproval")).get("approval_policy")),
        "privateForks": {
            "run": forks.get("run_workflows_from_fork_pull_requests") is True,
            "writeTokens": forks.get("send_write_tokens_to_workflows") is True,
            "secrets": forks.get("send_secrets_and_variables") is True,
            "approval": forks.get("require_approval_for_fork_pr_workflows") is True,
        },
        "selfHosted": text(mapping(parts.get("selfHosted")).get("enabled_repositories")),
    }


def _login(one: Json) -> str:
    return text(one.get("login"))


def _invitation(one: Json) -> dict[str, str]:
    who = text(one.get("login")) or text(one.get("email"))
    return {"name": who, "role": text(one.get("role")), "createdAt": text(one.get("created_at"))}


def _secret(one: Json) -> dict[str, str]:
    return {
        "name": text(one.get("name")), "visibility": text(one.get("visibility")),
        "updatedAt": text(one.get("updated_at")),
    }  # fmt: skip


def _runner_group(one: Json) -> dict[str, Any]:
    return {
        "name": text(one.get("name")), "id": number(one.get("id")), "visibility": text(one.get("visibility")),
        "default": one.get("default") is True, "inherited": one.get("inherited") is True,
        "publicRepositories": one.get("allows_public_repositories") is True,
        "restrictedToWorkflows": one.get("restricted_to_workflows") is True,
    }  # fmt: skip


def _runner(one: Json) -> dict[str, Any]:
    return {
        "name": text(one.get("name")), "id": number(one.get("id")), "os": text(one.get("os")),
        "online": one.get("status") == "online", "ephemeral": one.get("ephemeral") is True,
        "group": number(one.get("runner_group_id")),
    }  # fmt: skip


def _app(one: Json) -> dict[str, Any]:
    granted = mapping(one.get("permissions"))
    return {
        "name": text(one.get("app_slug")), "id": number(one.get("id")),
        "allRepositories": one.get("repository_selection") == "all",
        "writes": sorted(key for key, value in granted.items() if value in ("write", "admin")),
        "suspended": bool(one.get("suspended_at")),
    }  # fmt: skip


def _security_default(one: Json) -> dict[str, Any]:
    own = mapping(one.get("configuration"))
    return {
        "name": text(own.get("name")), "for": text(one.get("default_for_new_repos")),
        "enforced": own.get("enforcement") == "enforced", "secretScanning": text(own.get("secret_scanning")),
        "pushProtection": text(own.get("secret_scanning_push_protection")),
        "dependabotAlerts": text(own.get("dependabot_alerts")),
    }  # fmt: skip
