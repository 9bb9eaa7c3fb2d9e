"""How a group on GitLab is set up, with its subgroups: ten calls for it, one for the list of each hundred projects,
one of GraphQL for each twenty with what protects their branches and their variables, and two for each project, for its
webhooks and its deploy keys. Those come last, public projects first, and stay out when the budget ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from lockgate.errors import NothingCheckedError, SourceError
from lockgate.formats.forge_settings import gitlab, listed, mapping
from lockgate.formats.printable import clipped, printable
from lockgate.model import Object, Skip
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.posture import MODE, Missing, missing, skip_of
from lockgate.sources.forges.posture.shared import Refusals
from lockgate.transport import AbsentError, RefusedError

PAGE = 20
"""Projects of one call of GraphQL: GitLab bounds how much one may ask for."""
_PAGE = {"per_page": "100"}
_MOST_RUNNERS = 200
"""Each takes a call of its own."""
_PAID = "codeOwnerApprovalRequired"
_QUERY = """
query($path: ID!, $after: String, $page: Int!) {
  group(fullPath: $path) {
    projects(includeSubgroups: true, first: $page, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        fullPath
        branchRules { nodes {
          name isDefault isProtected
          branchProtection { allowForcePush %s pushAccessLevels { nodes { accessLevel accessLevelDescription } } }
          %s } }
        ciCdSettings { inboundJobTokenScopeEnabled }
        ciVariables { nodes { key protected masked environmentScope } } } } } }
"""
FULL = _QUERY % (
    _PAID, "approvalRules { nodes { name approvalsRequired } } externalStatusChecks { nodes { name } }"
)  # fmt: skip
FREE = _QUERY % ("", "")
"""For a GitLab without what is paid for, which does not know these fields."""
_PARTS: Mapping[str, tuple[str, str, str, bool]] = {
    "webhooks": ("hooks", "webhooks", "an owner of the group, on Premium", True),
    "variables": ("variables", "variables", "an owner of the group", True),
    "owners": ("members/all", "members", "a member of the group", True),
    "members": ("billable_members", "when members were active", "an owner of the top group, on Premium", True),
    "deployTokens": ("deploy_tokens", "deploy tokens", "an owner of the group", True),
    "accessTokens": ("access_tokens", "access tokens", "an owner of the group", True),
    "pushRules": ("push_rule", "push rules", "an owner of the group, on Premium, where any are set", False),
    "approvals": ("merge_request_approval_setting", "approval settings", "an owner of the group, on Premium", False),
}
"""Setting of a group -> path below it, words, who is shown it, and whether it is a list."""
_WORDS = {"protection": "branch rules", "protection/approvals": "approval rules",
          "protection/codeOwners": "approval by code owners", "jobTokenLimited": "access by job tokens",
          "variables": "variables", "secretPushProtection": "secret push protection"}  # fmt: skip
_PLAN = {"protection/approvals", "protection/codeOwners", "secretPushProtection"}


class GitLabPosture:
    """The source of one run."""

    mode = MODE
    forge = gitlab.FORGE

    def __init__(self, client: ForgeClient, group: str, *, read_at: str, webhooks: bool = True) -> None:
        """``group``: full path; ``read_at``: ISO 8601; ``webhooks``: whether projects are asked one by one for their
        webhooks and deploy keys."""
        self._client, self.organization, self._at, self._each = client, group, read_at, webhooks
        self.root = f"{self.forge}:{group}"
        self.whole = False
        """Whether every project was listed, once all was read."""
        self.expected = 0
        """Calls that all of it takes, once the projects are known."""

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source.sibling
        """There are no files."""
        return None

    def collect(self, wants: object = None) -> Iterator[Object | Skip]:  # noqa: ARG002 -- the shape of Source.collect
        """The group, then its projects by path. Raises ``NothingCheckedError`` where it is not shown."""
        base = f"groups/{quote(self.organization, safe='')}"
        try:
            own = self._client.get(base, {"with_projects": "false"})
        except (AbsentError, RefusedError) as error:
            hint = "a token with the scope read_api, of a member of the group, shows it"
            raise NothingCheckedError(error.message, where=self.root, hint=error.hint or hint) from None
        listing = self._client.items(f"{base}/projects", {**_PAGE, "include_subgroups": "true"})
        entries = {str(one.get("path_with_namespace", "")): one for one in listing}
        each = 2 * len(entries) if self._each else 0
        self.expected = len(_PARTS) + 3 + len(entries) // 100 + -(-len(entries) // PAGE) + each
        found, why = self._nodes()
        yield from self._group(base, mapping(own))
        hooks, no_hooks = self._of_each("hooks", "webhooks", entries)
        keys, no_keys = self._of_each("deploy_keys", "deploy keys", entries)
        for path in sorted(entries):
            made = gitlab.project(self.organization, entries[path], found.get(path), hooks=hooks.get(path),
                                  keys=keys.get(path), read_at=self._at)  # fmt: skip
            reasons = {f"/spec/{name}": Missing(words, why or _who(name)) for name, words in _WORDS.items()}
            yield made
            more = {"/spec/webhooks": no_hooks.why(path), "/spec/deployKeys": no_keys.why(path)}
            skip = skip_of(made, reasons | more)
            yield from filter(None, [skip])
        self.whole = True

    def _group(self, base: str, own: Mapping[str, Any]) -> Iterator[Object | Skip]:
        parts: dict[str, Any] = {}
        reasons: dict[str, Missing] = {}
        for name, (path, words, permission, is_list) in _PARTS.items():
            try:
                at = f"{base}/{path}"
                parts[name] = list(self._client.items(at, _PAGE)) if is_list else self._client.get(at)
            except SourceError as error:
                reasons[f"/spec/{name}"] = missing(error, words, permission)
        try:
            parts["runners"] = self._runners(base)
        except SourceError as error:
            reasons["/spec/runners"] = missing(error, "runners", "an owner of the group")
        made = gitlab.group(self.organization, own, parts, read_at=self._at)
        yield made
        yield from filter(None, [skip_of(made, reasons)])

    def _runners(self, base: str) -> list[Mapping[str, Any]]:
        """Runners of the group and its projects; those of the instance are not the group's to set. Raises
        ``SourceError``, also where there are more than are asked for: some of them would be no answer."""
        listing = [one for one in self._client.items(f"{base}/runners", _PAGE) if one.get("is_shared") is not True]
        if len(listing) > _MOST_RUNNERS:
            raise SourceError(f"there are more than {_MOST_RUNNERS:,}", where=self.root)
        return [mapping(self._client.get(f"runners/{one.get('id')}")) for one in listing]

    def _nodes(self) -> tuple[dict[str, Mapping[str, Any]], str]:
        """What GraphQL tells of each project by its path; and why there is nothing of some."""
        found: dict[str, Mapping[str, Any]] = {}
        query, after = FULL, None
        while True:
            try:
                told = self._graph(query, {"path": self.organization, "after": after, "page": PAGE})
            except SourceError as error:
                return found, missing(error, "", "the scope read_api").why
            errors = [str(one.get("message", "")) for one in listed(told.get("errors"))]
            if query is FULL and any("doesn't exist on type" in one for one in errors):
                query = FREE
                continue
            page = mapping(mapping(mapping(told.get("data")).get("group")).get("projects"))
            if not page:
                return found, clipped(printable(errors[0]), 200) if errors else "GitLab does not show it over GraphQL"
            found |= {str(one.get("fullPath", "")): one for one in listed(page.get("nodes"))}
            info = mapping(page.get("pageInfo"))
            following = info.get("endCursor")
            if not info.get("hasNextPage") or not isinstance(following, str) or following == after:
                return found, ""
            after = following

    def _graph(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        address = f"{self._client.base.removesuffix('/v4')}/graphql"
        body = orjson.dumps({"query": query, "variables": dict(variables)})
        headers = {"Content-Type": "application/json"}
        return mapping(self._client.reply("POST", address, headers=headers, body=body, again=True).json())

    def _of_each(
        self, what: str, words: str, entries: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, Sequence[Mapping[str, Any]]], Refusals]:
        """A list of each project, public ones and those that were changed last first; and why some are not there."""
        found: dict[str, Sequence[Mapping[str, Any]]] = {}
        refusals = Refusals(words, "a maintainer of the project")
        if not self._each:
            refusals.all_for(Missing(words, "they were not asked for"))
        order = sorted(entries, key=lambda path: str(entries[path].get("last_activity_at") or ""), reverse=True)
        for path in sorted(order, key=lambda one: entries[one].get("visibility") != "public"):
            if refusals.enough:
                break
            with refusals.catching(path):
                found[path] = list(self._client.items(f"projects/{entries[path].get('id')}/{what}", _PAGE))
        return found, refusals


def _who(name: str) -> str:
    return "is not in this plan, or not shown" if name in _PLAN else "needs a maintainer of the project"
