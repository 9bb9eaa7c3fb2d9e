"""An organisation on GitHub as its REST API and GraphQL show it: pages, refusals, and settings that can be changed.

Answers have the shapes of GitHub's own descriptions (``scanners/posture/test_github_calls`` holds them against these).
GraphQL is answered by walking the query over plain values; a connection is cut at ``first``, as GitHub does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from graphql import parse
from graphql.language import ast
from tests.simulators.listening import listening

_USER = "https://api.github.com/users/"


def user(login: str, number: int = 1) -> dict[str, Any]:
    """As GitHub shows somebody in a list."""
    links = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
             "received_events")  # fmt: skip
    return {
        "login": login, "id": number, "node_id": f"U_{number}", "avatar_url": "https://avatars.example/u",
        "gravatar_id": "", "url": f"{_USER}{login}", "html_url": f"https://github.com/{login}", "type": "User",
        "site_admin": False, **{f"{name}_url": f"{_USER}{login}/{name}" for name in links},
    }  # fmt: skip


def repository(name: str, number: int = 1, *, org: str = "acme", **more: Any) -> dict[str, Any]:
    """An entry of ``GET /orgs/{org}/repos``: well kept."""
    base = f"https://api.github.com/repos/{org}/{name}"
    links = ("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
             "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags",
             "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
             "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags",
             "teams", "trees", "hooks")  # fmt: skip
    on = {"status": "enabled"}
    return {
        "id": number, "node_id": f"R_{number}", "name": name, "full_name": f"{org}/{name}", "owner": user(org),
        "private": True, "visibility": "private", "html_url": f"https://github.com/{org}/{name}", "description": "",
        "fork": False, "url": base, "archived": False, "disabled": False, "is_template": False,
        "default_branch": "main", "pushed_at": "2026-11-20T08:00:00Z", "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2026-11-20T08:00:00Z", "allow_forking": False, "web_commit_signoff_required": False,
        "security_and_analysis": {"secret_scanning": on, "secret_scanning_push_protection": on,
                                  "dependabot_security_updates": on},
        **{f"{one}_url": f"{base}/{one}" for one in links}, **more,
    }  # fmt: skip


def ruleset_rule(kind: str, ruleset: str = "main", parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """A rule that covers the default branch."""
    own = {"name": ruleset, "enforcement": "ACTIVE", "bypassActors": {"nodes": []}}
    return {"type": kind, "repositoryRuleset": own, "parameters": parameters}


def node(name: str, number: int = 1, *, org: str = "acme", **more: Any) -> dict[str, Any]:
    """The same repository in GraphQL: well kept."""
    review = {"__typename": "PullRequestParameters", "requiredApprovingReviewCount": 2,
              "dismissStaleReviewsOnPush": True, "requireCodeOwnerReview": True, "requireLastPushApproval": True,
              "requiredReviewThreadResolution": True}  # fmt: skip
    checks = {"__typename": "RequiredStatusChecksParameters", "strictRequiredStatusChecksPolicy": True,
              "requiredStatusChecks": [{"context": "test"}]}  # fmt: skip
    rules = [ruleset_rule("PULL_REQUEST", parameters=review), ruleset_rule("REQUIRED_STATUS_CHECKS", parameters=checks),
             *map(ruleset_rule, ("REQUIRED_SIGNATURES", "REQUIRED_LINEAR_HISTORY", "NON_FAST_FORWARD", "DELETION"))]
    tags = {"name": "tags", "enforcement": "ACTIVE", "conditions": {"refName": {"include": ["~ALL"], "exclude": []}},
            "rules": {"nodes": [{"type": "UPDATE"}, {"type": "DELETION"}]}}  # fmt: skip
    return {
        "databaseId": number, "name": name, "nameWithOwner": f"{org}/{name}", "visibility": "PRIVATE",
        "isArchived": False, "isDisabled": False, "isFork": False, "isTemplate": False, "isEmpty": False,
        "pushedAt": "2026-11-20T08:00:00Z", "createdAt": "2024-01-01T00:00:00Z", "forkingAllowed": False,
        "webCommitSignoffRequired": False, "hasVulnerabilityAlertsEnabled": True, "isSecurityPolicyEnabled": True,
        "defaultBranchRef": {"name": "main", "branchProtectionRule": None, "rules": {"nodes": rules}},
        "rulesets": {"nodes": [tags]}, "environments": {"nodes": []}, "deployKeys": {"nodes": []},
        "collaborators": {"edges": []}, "codeowners": {"errors": []},
        "objects": {"HEAD:.github/CODEOWNERS": {"__typename": "Blob", "text": "* @acme/all\n"},
                    "HEAD:.github/dependabot.yml": {"__typename": "Blob", "text": "version: 2\n"},
                    "HEAD:.github/workflows": {"__typename": "Tree", "entries": [{"name": "ci.yml"}]}}, **more,
    }  # fmt: skip


ORGANIZATION: dict[str, Any] = {
    "login": "acme", "id": 1, "node_id": "O_1", "description": "", "has_organization_projects": True,
    "has_repository_projects": True, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
    "type": "Organization", "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    "archived_at": None,
    **{f"{one}_url": f"https://api.github.com/orgs/acme/{one}" for one in
       ("repos", "events", "hooks", "issues", "members", "public_members", "avatar", "html")},
    "url": "https://api.github.com/orgs/acme",
    "plan": {"name": "enterprise", "space": 1, "private_repos": 999},
    "two_factor_requirement_enabled": True, "default_repository_permission": "read",
    "members_can_create_public_repositories": False, "members_can_fork_private_repositories": False,
    "members_can_change_repo_visibility": False, "members_can_delete_repositories": False,
    "members_can_invite_outside_collaborators": False, "members_can_create_public_pages": False,
    "web_commit_signoff_required": True, "deploy_keys_enabled_for_repositories": False,
    "dependabot_alerts_enabled_for_new_repositories": True,
    "dependabot_security_updates_enabled_for_new_repositories": True,
    "dependency_graph_enabled_for_new_repositories": True, "secret_scanning_enabled_for_new_repositories": True,
    "secret_scanning_push_protection_enabled_for_new_repositories": True,
}  # fmt: skip
PARTS: dict[str, Any] = {
    "actions/permissions": {"enabled_repositories": "all", "allowed_actions": "selected", "sha_pinning_required": True},
    "actions/permissions/workflow": {"default_workflow_permissions": "read",
                                     "can_approve_pull_request_reviews": False},
    "actions/permissions/fork-pr-contributor-approval": {"approval_policy": "all_external_contributors"},
    "actions/permissions/fork-pr-workflows-private-repos": {
        "run_workflows_from_fork_pull_requests": False, "send_write_tokens_to_workflows": False,
        "send_secrets_and_variables": False, "require_approval_for_fork_pr_workflows": True},
    "actions/permissions/self-hosted-runners": {"enabled_repositories": "none"},
    "actions/runner-groups": {"total_count": 0, "runner_groups": []},
    "actions/runners": {"total_count": 0, "runners": []},
    "actions/secrets": {"total_count": 0, "secrets": []},
    "hooks": [], "members?role=admin": [user("ada", 2), user("bob", 3)], "members?filter=2fa_disabled": [],
    "outside_collaborators": [], "outside_collaborators?filter=2fa_disabled": [], "invitations": [],
    "installations": {"total_count": 0, "installations": []},
    "settings/immutable-releases": {"enforced_repositories": "all"}, "code-security/configurations/defaults": [],
}  # fmt: skip


@dataclass
class GitHub:
    """One organisation, and what was asked of it."""

    organization: dict[str, Any] = field(default_factory=lambda: deepcopy(ORGANIZATION))
    node: dict[str, Any] = field(default_factory=lambda: {
        "requiresTwoFactorAuthentication": True, "ipAllowListEnabledSetting": "ENABLED",
        "notificationDeliveryRestrictionEnabledSetting": "DISABLED", "isVerified": True,
        "samlIdentityProvider": {"ssoUrl": "https://login.example/saml"}})  # fmt: skip
    parts: dict[str, Any] = field(default_factory=lambda: deepcopy(PARTS))
    """By path below the organisation, with the query that matters."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refused: str = r"(?!)"
    """Paths that are answered by 403, as a pattern."""
    forbidden: frozenset[str] = frozenset()
    """Fields of a node that GraphQL refuses."""
    trouble: Callable[[str, Any], tuple[int, Any, dict[str, str]] | None] = lambda target, body: None
    """What is answered in place of the rest, by target and body."""
    base: str = ""
    calls: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    """Calls that changed something: method, path, body."""

    def add(self, name: str, entry: dict[str, Any] | None = None, own: dict[str, Any] | None = None) -> None:
        """A repository that is well kept but for what is given."""
        number = len(self.entries) + 1
        self.entries[name] = repository(name, number, **(entry or {}))
        self.nodes[name] = node(name, number, **(own or {}))

    @property
    def by_kind(self) -> Counter[str]:
        """How often each kind of path was asked for; names of repositories left out."""
        return Counter(re.sub(r"^/repos/[^/]+/[^/]+", "/repos/*", one.split("?")[0]) for one in self.calls)

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, body and further headers."""
        self.calls.append(target)
        if (troubled := self.trouble(target, body)) is not None:
            return troubled
        path = unquote(urlsplit(target).path)
        query = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        if path == "/graphql":
            return 200, self._graphql(body["query"], body["variables"]), {}
        if path.startswith("/app/installations"):
            return self._as_app(method)
        if re.search(self.refused, path):
            return 403, {"message": "Resource not accessible by personal access token"}, {}
        if method != "GET":
            self.sent.append((method, path, body))
            return self._change(method, path, body)
        found = self._read(path, query)
        if found is None:
            return 404, {"message": "Not Found"}, {}
        return self._paged(found, target, query)

    def _as_app(self, method: str) -> tuple[int, Any, dict[str, str]]:
        """What an App is told: where it is installed, and a token for there."""
        if method == "POST":
            return 201, {"token": "ghs_t0ken", "expires_at": "2999-01-01T00:00:00Z"}, {}
        return 200, [{"id": 5, "account": {"login": self.organization["login"].upper()}}], {}

    def _read(self, path: str, query: dict[str, str]) -> Any:
        login = self.organization["login"]
        if path == f"/orgs/{login}":
            return self.organization
        if path == f"/orgs/{login}/repos":
            return list(self.entries.values())
        if path.startswith("/repos/"):
            _, _, _, name, what = path.split("/", 4)
            if what == "environments" and name in self.nodes:
                return self._environments(name)
            return self.hooks.get(name, []) if what == "hooks" and name in self.entries else None
        below = path.removeprefix(f"/orgs/{login}/")
        which = [f"{below}?{key}={query[key]}" for key in ("role", "filter") if key in query]
        return self.parts.get(which[0] if which else below)

    def _environments(self, name: str) -> dict[str, Any]:
        """As REST lists them, with the field that GitHub's description lacks."""
        rows = [
            {"id": one["databaseId"], "node_id": "EN_1", "name": one["name"], "url": "", "html_url": "",
             "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
             "protection_rules": [{"id": 1, "node_id": "GA_1", "type": rule["type"].lower()}
                                  for rule in one["protectionRules"]["nodes"]],
             "can_admins_bypass": one.get("adminsBypass", False)}
            for one in self.nodes[name]["environments"]["nodes"]
        ]  # fmt: skip
        return {"total_count": len(rows), "environments": rows}

    def _paged(self, found: Any, target: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        key = next((one for one, value in found.items() if isinstance(value, list) and "total_count" in found), "") \
            if isinstance(found, dict) else ""
        rows = found[key] if key else found
        if not isinstance(rows, list):
            return 200, found, {}
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        piece = rows[(page - 1) * size : page * size]
        more = {}
        if len(rows) > page * size:
            following = re.sub(r"([?&])page=\d+", "", target)
            more = {"Link": f'<{self.base}{following}{"&" if "?" in following else "?"}page={page + 1}>; rel="next"'}
        return 200, found | {key: piece} if key else piece, more

    def _change(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """What GitHub does with the calls that rules offer."""
        parts = path.strip("/").split("/")
        if parts[0] == "orgs" and len(parts) == 2:
            self.organization |= body
            return 200, self.organization, {}
        if parts[0] == "orgs":
            below = "/".join(parts[2:])
            if isinstance(self.parts.get(below), dict) and body:
                self.parts[below] |= body
                return 204, None, {}
            for part in self.parts.values():
                rows = next((value for value in part.values() if isinstance(value, list)), []) \
                    if isinstance(part, dict) else part
                for row in rows:
                    if parts[-1] in (str(row.get("id")), row.get("login")):
                        if method == "DELETE":
                            rows.remove(row)
                        else:
                            row |= body
                        return (204, None, {}) if method == "DELETE" else (200, row, {})
            return 404, {"message": "Not Found"}, {}
        name, what = parts[2], "/".join(parts[3:])
        if name not in self.entries:
            return 404, {"message": "Not Found"}, {}
        return self._change_repository(name, what, body)

    def _change_repository(self, name: str, what: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if what == "":
            self.entries[name] |= {**body, "security_and_analysis": {
                **self.entries[name]["security_and_analysis"], **body.get("security_and_analysis", {})}}  # fmt: skip
            return 200, self.entries[name], {}
        if what == "vulnerability-alerts":
            self.nodes[name]["hasVulnerabilityAlertsEnabled"] = True
            return 204, None, {}
        if what == "rulesets":
            rules = self.nodes[name]["defaultBranchRef"]["rules"]["nodes"]
            for one in body["rules"]:
                told = {re.sub(r"_(\w)", lambda it: it[1].upper(), key): value
                        for key, value in one.get("parameters", {}).items()}  # fmt: skip
                typed = {"__typename": "PullRequestParameters", **told} if told else None
                rules.append(ruleset_rule(one["type"].upper(), body["name"], typed))
            return 201, {"id": 1, **body}, {}
        return 404, {"message": "Not Found"}, {}

    # -- GraphQL

    def _graphql(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        document = parse(text)
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, ast.FragmentDefinitionNode)}
        operation = next(one for one in document.definitions if isinstance(one, ast.OperationDefinitionNode))
        rows = [self.nodes[name] for name in sorted(self.nodes)]
        root = {
            "organization": {**self.node, "repositories": {"nodes": rows}},
            "repository": self.nodes.get(variables.get("name", "")),
        }
        walk = _Walk(fragments, variables, self.forbidden)
        data = walk.selected(root, operation.selection_set, ())
        return {"data": data, "errors": walk.errors} if walk.errors else {"data": data}


class _Walk:
    def __init__(self, fragments: dict[str, Any], variables: dict[str, Any], forbidden: frozenset[str]) -> None:
        self.fragments, self.variables, self.forbidden = fragments, variables, forbidden
        self.errors: list[dict[str, Any]] = []

    def selected(self, value: Any, selection: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, list):
            return [self.selected(one, selection, (*path, at)) for at, one in enumerate(value)]
        if selection is None or value is None:
            return value
        found: dict[str, Any] = {}
        for one in selection.selections:
            if isinstance(one, ast.FieldNode):
                key = one.alias.value if one.alias else one.name.value
                found[key] = self._field(value, one, (*path, key))
                continue
            inner = self.fragments[one.name.value] if isinstance(one, ast.FragmentSpreadNode) else one
            kind = inner.type_condition.name.value
            if value.get("__typename", kind) == kind:
                found |= self.selected(value, inner.selection_set, path)
        return found

    def _field(self, value: dict[str, Any], one: ast.FieldNode, path: tuple[str | int, ...]) -> Any:
        name = one.name.value
        if path[-1] in self.forbidden:
            words = "Resource not accessible by personal access token"
            self.errors.append({"type": "FORBIDDEN", "path": list(path), "message": words})
            return None
        arguments = {argument.name.value: self._value(argument.value) for argument in one.arguments or ()}
        inner = value["objects"].get(arguments["expression"]) if name == "object" else value.get(name)
        if isinstance(inner, dict) and "first" in arguments:
            inner = _cut(inner, arguments)
        return self.selected(inner, one.selection_set, path)

    def _value(self, value: Any) -> Any:
        if isinstance(value, ast.VariableNode):
            return self.variables[value.name.value]
        if isinstance(value, ast.ListValueNode):
            return [self._value(one) for one in value.values]
        if isinstance(value, ast.ObjectValueNode):
            return {one.name.value: self._value(one.value) for one in value.fields}
        return int(value.value) if isinstance(value, ast.IntValueNode) else getattr(value, "value", None)


def _cut(connection: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    key = "edges" if "edges" in connection else "nodes"
    rows, start = connection[key], int(arguments.get("after") or 0)
    rows = rows[::-1] if (arguments.get("orderBy") or {}).get("direction") == "DESC" else rows
    end = start + arguments["first"]
    info = {"hasNextPage": end < len(rows), "endCursor": str(end)}
    return connection | {key: rows[start:end], "totalCount": len(rows), "pageInfo": info}


@contextmanager
def github(told: GitHub) -> Iterator[GitHub]:
    """The organisation on loopback, at ``told.base``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: in two, each answer waits for an acknowledgement

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said, more = told.answer(self.command, self.path, json.loads(body) if body else None)
            content = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            for key, value in more.items():
                self.send_header(key, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        told.base = f"http://127.0.0.1:{server.server_port}"
        yield told
