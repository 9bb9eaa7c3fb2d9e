"""How an organisation on GitHub is set up: eighteen calls for it, one for each 25 repositories, one for the list of
each hundred, and one for the webhooks of each repository, which no other call brings.

Of 500 repositories that is 43 calls and 500 more, out of 5,000 that GitHub allows in an hour; the webhooks come last,
those of public repositories first, and stay out when the budget ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import NothingCheckedError, SourceError
from lockgate.formats.forge_settings import github, github_query
from lockgate.model import Object, Skip
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.posture import MODE, Missing, missing, skip_of
from lockgate.sources.forges.posture.github_nodes import GitHubNodes, has_environments
from lockgate.sources.forges.posture.shared import Refusals
from lockgate.transport import AbsentError, RefusedError

_OWNER = "an owner of the organisation"
_ADMIN = "Administration: read on the repository"
_PAGE = {"per_page": "100"}


@dataclass(frozen=True, slots=True)
class _Part:
    """One call about the organisation."""

    name: str
    """Key under which the reader finds it."""
    path: str
    """Below ``/orgs/{org}``."""
    permission: str
    pointers: tuple[str, ...]
    words: str
    listed: str | None = None
    """Key of the list in an answer, empty where the answer is the list; None for a single object."""
    query: tuple[tuple[str, str], ...] = ()


_ACTIONS = "Organization administration: read"
_RUNNERS = "Organization self-hosted runners: read"
_PARTS = (
    _Part("actions", "actions/permissions", _ACTIONS,
          ("/spec/actions/repositories", "/spec/actions/allowed", "/spec/actions/pinned"), "which actions may be used"),
    _Part("workflowToken", "actions/permissions/workflow", _ACTIONS,
          ("/spec/actions/tokenWrites", "/spec/actions/tokenApproves"), "what the token of a workflow may"),
    _Part("forkApproval", "actions/permissions/fork-pr-contributor-approval", _ACTIONS,
          ("/spec/actions/forkApproval",), "approval of workflows of forks"),
    _Part("privateForks", "actions/permissions/fork-pr-workflows-private-repos", _ACTIONS,
          ("/spec/actions/privateForks",), "workflows of forks of private repositories"),
    _Part("selfHosted", "actions/permissions/self-hosted-runners", _ACTIONS, ("/spec/actions/selfHosted",),
          "runners of repositories"),
    _Part("runnerGroups", "actions/runner-groups", _RUNNERS, ("/spec/runnerGroups",), "groups of runners",
          "runner_groups"),
    _Part("runners", "actions/runners", _RUNNERS, ("/spec/runners",), "runners", "runners"),
    _Part("hooks", "hooks", "Organization webhooks: read", ("/spec/webhooks",), "webhooks", ""),
    _Part("owners", "members", "Members: read", ("/spec/owners",), "owners", "", (("role", "admin"),)),
    _Part("members2fa", "members", _OWNER, ("/spec/membersWithout2fa",), "two-factor authentication of members", "",
          (("filter", "2fa_disabled"),)),
    _Part("outside", "outside_collaborators", "Members: read", ("/spec/outsideCollaborators",),
          "outside collaborators", ""),
    _Part("outside2fa", "outside_collaborators", _OWNER, ("/spec/outsideWithout2fa",),
          "two-factor authentication of outside collaborators", "", (("filter", "2fa_disabled"),)),
    _Part("invitations", "invitations", "Members: read", ("/spec/invitations",), "invitations", ""),
    _Part("secrets", "actions/secrets", "Organization secrets: read", ("/spec/secrets",), "names of secrets",
          "secrets"),
    _Part("installations", "installations", _ACTIONS, ("/spec/apps",), "apps", "installations"),
    _Part("immutableReleases", "settings/immutable-releases", _ACTIONS, ("/spec/immutableReleases",),
          "immutable releases"),
    _Part("securityDefaults", "code-security/configurations/defaults", _ACTIONS, ("/spec/securityDefaults",),
          "security configurations", ""),
)  # fmt: skip
_OWNER_ONLY = ("twoFactorRequired", "defaultPermission", "membersCreatePublic", "membersForkPrivate",
               "membersChangeVisibility", "membersDelete", "membersInviteOutside", "membersPublishPages", "signOff",
               "deployKeysAllowed", "plan", "newRepositories")  # fmt: skip
_NODE = {"samlIdentityProvider": ("/spec/samlSignOn", "single sign-on"), "isVerified": ("/spec/verified", "domains"),
         "ipAllowListEnabledSetting": ("/spec/ipAllowList", "the list of allowed addresses")}  # fmt: skip
_WORDS = {
    "/spec/protection": "protection of the default branch", "/spec/tagsProtected": "protection of tags",
    "/spec/environments": "environments", "/spec/deployKeys": "deploy keys", "/spec/codeowners": "CODEOWNERS",
    "/spec/outsideCollaborators": "outside collaborators", "/spec/dependabotAlerts": "Dependabot alerts",
    "/spec/securityPolicy": "the security policy", "/spec/security": "secret scanning and Dependabot updates",
    "/spec/dependencyUpdates": "dependency updates", "/spec/workflows": "workflows",
}  # fmt: skip


class GitHubPosture:
    """The source of one run."""

    mode = MODE
    forge = github.FORGE

    def __init__(self, client: ForgeClient, organization: str, *, read_at: str, webhooks: bool = True) -> None:
        """``read_at``: ISO 8601. ``webhooks``: whether those of repositories are asked for."""
        self._client, self.organization, self._at, self._webhooks = client, organization, read_at, webhooks
        self.root = f"{self.forge}:{organization}"
        self._refusals = Refusals("webhooks", "Webhooks: read on the repository")
        self._bypasses = Refusals("bypass of environments", "Actions: read on the repository")
        self.expected = 0
        """Calls that all of it takes, once the repositories are known."""
        self.whole = False
        """Whether every repository was listed, once all was read."""

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source.sibling
        """There are no files."""
        return None

    def collect(self, wants: object = None) -> Iterator[Object | Skip]:  # noqa: ARG002 -- the shape of Source.collect
        """The organisation, then its repositories by name. Raises ``NothingCheckedError`` where it is not shown."""
        own = self._own()
        entries = self._entries()
        names = [str(one["name"]) for one in entries]
        self.expected = len(_PARTS) + 1 + _pages(names, 100) + _pages(names, github_query.PAGE)
        self.expected += len(names) if self._webhooks else 0
        nodes = GitHubNodes(self._client, self.organization, self.root)
        nodes.read(names)
        yield from self._organization(own, nodes.organization, nodes.refused.get("", ()))
        bypass = self._bypass(nodes)
        hooks = self._hooks(entries)
        for entry in entries:
            yield from self._repository(entry, nodes, hooks, bypass)
        self.whole = True

    def _own(self) -> Any:
        try:
            return self._client.get(f"orgs/{self.organization}")
        except (AbsentError, RefusedError) as error:
            hint = "a token with Metadata: read on its repositories shows it"
            raise NothingCheckedError(error.message, where=self.root, hint=error.hint or hint) from None

    def _entries(self) -> list[Mapping[str, Any]]:
        """Every repository as the list has it, by name."""
        found = {str(one.get("name", "")): one for one in
                 self._client.items(f"orgs/{self.organization}/repos", {**_PAGE, "type": "all"})}  # fmt: skip
        return [found[name] for name in sorted(found) if name]

    def _organization(self, own: Any, node: Mapping[str, Any], refused: Sequence[str]) -> Iterator[Object | Skip]:
        parts: dict[str, Any] = {"organization": own, "node": node}
        reasons = {f"/spec/{field}": Missing(_spaced(field), f"needs {_OWNER}") for field in _OWNER_ONLY}
        unread: list[str] = []
        for field, (pointer, words) in _NODE.items():
            reasons[pointer] = Missing(words, f"needs {_OWNER}")
            unread += [pointer] if field in refused or field not in node else []
        for part in _PARTS:
            try:
                parts[part.name] = self._part(part)
            except SourceError as error:
                reasons |= dict.fromkeys(part.pointers, missing(error, part.words, part.permission))
                unread += part.pointers
        made = github.organization(self.organization, parts, read_at=self._at, unread=unread)
        yield made
        yield from filter(None, [skip_of(made, reasons)])

    def _part(self, part: _Part) -> Any:
        path, query = f"orgs/{self.organization}/{part.path}", dict(part.query)
        if part.listed is None:
            return self._client.get(path, query)
        return list(self._client.items(path, {**_PAGE, **query}, key=part.listed))

    def _bypass(self, nodes: GitHubNodes) -> dict[str, list[Mapping[str, Any]]]:
        """Environments with whether administrators may bypass their rules, by the name of the repository; those that
        have none are not asked."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for name, node in nodes.found.items():
            if not has_environments(node):
                found[name] = []
            elif not self._bypasses.enough:
                with self._bypasses.catching(name):
                    path = f"repos/{self.organization}/{name}/environments"
                    found[name] = list(self._client.items(path, _PAGE, key="environments"))
        return found

    def _hooks(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
        """Webhooks of repositories by name, public ones and those that were changed last first."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        if not self._webhooks:
            self._refusals.all_for(Missing("webhooks", "they were not asked for"))
        order = sorted(entries, key=lambda one: str(one.get("pushed_at") or ""), reverse=True)
        for entry in sorted(order, key=lambda one: (bool(one.get("archived")), one.get("visibility") != "public")):
            if self._refusals.enough:
                break
            name = str(entry.get("name", ""))
            with self._refusals.catching(name):
                found[name] = list(self._client.items(f"repos/{self.organization}/{name}/hooks", _PAGE))
        return found

    def _repository(
        self, entry: Mapping[str, Any], nodes: GitHubNodes, hooks: Mapping[str, list[Mapping[str, Any]]],
        bypass: Mapping[str, list[Mapping[str, Any]]],
    ) -> Iterator[Object | Skip]:  # fmt: skip
        name = str(entry.get("name", ""))
        refused = nodes.refused.get(name, ())
        node, own = nodes.found.get(name), hooks.get(name)
        made = github.repository(self.organization, entry, node, own, read_at=self._at, refused=refused,
                                 bypass=bypass.get(name))  # fmt: skip
        reasons = {pointer: Missing(words, f"needs {_ADMIN}") for pointer, words in _WORDS.items()}
        cut = nodes.why(name)
        if node is None and cut is not None:
            reasons |= {pointer: Missing(words, cut.why, cut.kind) for pointer, words in _WORDS.items()
                        if pointer != "/spec/security"}  # fmt: skip
        yield made
        more = {"/spec/webhooks": self._refusals.why(name), "/spec/environmentBypass": self._bypasses.why(name)}
        yield from filter(None, [skip_of(made, reasons | more)])


def _spaced(field: str) -> str:
    """``twoFactorRequired`` as people say it."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in field)


def _pages(names: Sequence[str], size: int) -> int:
    return max(-(-len(names) // size), 1)
