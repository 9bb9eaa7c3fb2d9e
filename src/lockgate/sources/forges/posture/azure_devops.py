"""How an organisation on Azure DevOps is set up: five calls for it, eight for each project, and one for each resource
that pipelines use, to see whether it is open to all of them. Repositories cost none of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.errors import NothingCheckedError, SourceError
from lockgate.formats.forge_settings import azure_devops, listed, mapping
from lockgate.model import Family, Object, Skip
from lockgate.sources.forges.azure_devops import AzureDevOps
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.posture import MODE, Missing, missing, skip_of
from lockgate.sources.forges.posture.shared import Refusals
from lockgate.transport import AbsentError, RefusedError

_LISTS: Mapping[str, tuple[str, str]] = {
    "endpoint": ("serviceendpoint/endpoints", "7.1-preview.4"),
    "variablegroup": ("distributedtask/variablegroups", "7.1-preview.2"),
    "environment": ("distributedtask/environments", "7.1-preview.1"),
    "queue": ("distributedtask/queues", "7.1-preview.1"),
    "securefile": ("distributedtask/securefiles", "7.1-preview.1"),
}
"""Type of a resource -> where a project lists them, and in which version."""
_SCOPES = {
    "endpoint": "Service Connections (read)", "variablegroup": "Variable Groups (read)",
    "environment": "Environment (read & manage)", "queue": "Agent Pools (read)", "securefile": "Secure Files (read)",
}  # fmt: skip
_HELD = 100
"""Resources whose checks one call asks for."""
_PREVIEW = "7.1-preview.1"


class AzureDevOpsPosture:
    """The source of one run."""

    mode = MODE
    forge = azure_devops.FORGE

    def __init__(self, azure: AzureDevOps, organization: str, *, read_at: str) -> None:
        """``read_at``: ISO 8601."""
        self._azure, self._client, self.organization, self._at = azure, azure.client, organization, read_at
        self.root = f"{self.forge}:{organization}"
        self.whole = False
        """Whether everything was listed, once all was read."""
        self._lists_whole = True
        self.expected = 0
        """Calls that all of it takes at least, once the projects are known."""
        self._refusals = {kind: Refusals("whether it is open to all pipelines", _SCOPES[kind]) for kind in _LISTS}

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source.sibling
        """There are no files."""
        return None

    def collect(self, wants: object = None) -> Iterator[Object | Skip]:  # noqa: ARG002 -- the shape of Source.collect
        """The organisation, then each project with what is in it. Raises ``NothingCheckedError`` where it is not
        shown."""
        projects = self._projects()
        self.expected = 6 + 8 * len(projects)
        yield from self._organization()
        repositories: dict[str, list[Mapping[str, Any]]] = {}
        try:
            repositories = self._by_project("git/repositories", "7.1")
        except SourceError as error:
            self._lists_whole = False
            yield _unlisted(f"{self.root}/", missing(error, "repositories", "Code (read)"))
        security, why = self._security()
        for project in projects:
            yield from self._project(project)
            yield from self._repositories(project, repositories.get(str(project.get("id")), ()), security, why)
            yield from self._resources(project)
        self.whole = self._lists_whole

    def _projects(self) -> list[Mapping[str, Any]]:
        try:
            found = list(self._client.items("_apis/projects", {"api-version": "7.1", "$top": "500"}, key="value"))
        except (AbsentError, RefusedError) as error:
            hint = "a token with the scope Project and Team (read) shows it"
            raise NothingCheckedError(error.message, where=self.root, hint=error.hint or hint) from None
        return sorted(found, key=lambda one: str(one.get("name", "")))

    def _by_project(self, path: str, version: str) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for one in self._client.items(f"_apis/{path}", {"api-version": version}, key="value"):
            found.setdefault(str(mapping(one.get("project")).get("id", "")), []).append(one)
        return found

    def _organization(self) -> Iterator[Object | Skip]:
        reasons: dict[str, Missing] = {}
        hooks = self._part(self._client, "hooks/subscriptions", "7.1", reasons, "/spec/webhooks", "service hooks",
                           "to view subscriptions")  # fmt: skip
        pools = self._part(self._client, "distributedtask/pools", _PREVIEW, reasons, "/spec/pools", "agent pools",
                           "Agent Pools (read)")  # fmt: skip
        users: Sequence[Mapping[str, Any]] | None = None
        try:
            users = list(self._users())
        except SourceError as error:
            reasons["/spec/users"] = missing(error, "users", "Member Entitlement Management (read)")
        made = azure_devops.organization(self.organization, hooks=hooks, users=users, pools=pools, read_at=self._at)
        yield made
        yield from filter(None, [skip_of(made, reasons)])

    def _users(self) -> Iterator[Mapping[str, Any]]:
        """Entitlements; the token of the next page stands in the body."""
        after = ""
        while True:
            query = {"api-version": "7.1-preview.3", **({"continuationToken": after} if after else {})}
            page = mapping(self._azure.at("vsaex").get("_apis/userentitlements", query))
            for key in ("members", "items", "value"):  # by the version of the service
                yield from listed(page.get(key))
            following = page.get("continuationToken")
            if not isinstance(following, str) or not following or following == after:
                return
            after = following

    def _part(
        self, client: ForgeClient, path: str, version: str, reasons: dict[str, Missing], pointer: str, words: str,
        permission: str,
    ) -> list[Mapping[str, Any]] | None:  # fmt: skip
        try:
            return list(client.items(f"_apis/{path}", {"api-version": version}, key="value"))
        except SourceError as error:
            reasons[pointer] = missing(error, words, permission)
            return None

    def _security(self) -> tuple[dict[str, Mapping[str, Any]] | None, Missing]:
        """Enablement of Advanced Security by the id of the repository."""
        words, permission = "Advanced Security", "Advanced Security (read)"
        try:
            query = {"api-version": "7.2-preview.3", "includeAllProperties": "true"}
            told = self._azure.at("advsec").get("_apis/management/enablement", query)
        except SourceError as error:
            return None, missing(error, words, permission)
        rows = listed(mapping(told).get("reposEnablementStatus"))
        found = {str(one.get("repositoryId", "")): one for one in rows}
        return found, Missing(words, f"needs {permission}")

    def _project(self, project: Mapping[str, Any]) -> Iterator[Object | Skip]:
        settings, reasons = None, {}
        try:
            settings = self._client.get(f"{_id(project)}/_apis/build/generalsettings", {"api-version": _PREVIEW})
        except SourceError as error:
            reasons["/spec/pipelines"] = missing(error, "settings of pipelines", "Build (read)")
        made = azure_devops.project(self.organization, project, settings, read_at=self._at)
        yield made
        yield from filter(None, [skip_of(made, reasons)])

    def _repositories(
        self, project: Mapping[str, Any], repositories: Sequence[Mapping[str, Any]],
        security: Mapping[str, Mapping[str, Any]] | None, why: Missing,
    ) -> Iterator[Object | Skip]:  # fmt: skip
        if not repositories:
            return
        reasons = {"/spec/security": why}
        policies: list[Mapping[str, Any]] | None = None
        try:
            path = f"{_id(project)}/_apis/policy/configurations"
            policies = list(self._client.items(path, {"api-version": "7.1"}, key="value"))
        except SourceError as error:
            told = missing(error, "branch policies", "Code (read)")
            reasons |= {"/spec/protection": told, "/spec/review": told}
        for one in sorted(repositories, key=lambda one: str(one.get("name", ""))):
            own = None if security is None else security.get(str(one.get("id")), {})
            made = azure_devops.repository(self.organization, one, policies, own, read_at=self._at)
            yield made
            yield from filter(None, [skip_of(made, reasons)])

    def _resources(self, project: Mapping[str, Any]) -> Iterator[Object | Skip]:
        found: list[tuple[str, Mapping[str, Any]]] = []
        for kind, (path, version) in _LISTS.items():
            try:
                rows = self._client.items(f"{_id(project)}/_apis/{path}", {"api-version": version}, key="value")
                found += [(kind, one) for one in rows]
            except SourceError as error:
                self._lists_whole = False
                told = missing(error, azure_devops.RESOURCES[kind].removeprefix("AzureDevOps"), _SCOPES[kind])
                told = Missing(f"{told.words} of the project", told.why, told.kind)
                yield _unlisted(f"{self.root}/{project.get('name')}/{azure_devops.PLACES[kind]}/", told)
        checks, why = self._checks(project, found)
        for kind, one in found:
            refusals = self._refusals[kind]
            permissions = None
            if not refusals.enough:
                with refusals.catching(str(one.get("id"))):
                    path = f"{_id(project)}/_apis/pipelines/pipelinepermissions/{kind}/{one.get('id')}"
                    permissions = self._client.get(path, {"api-version": _PREVIEW})
            own = None if checks is None else checks.get((kind, str(one.get("id"))), [])
            made = azure_devops.resource(
                self.organization, project, kind, one, permissions=permissions, checks=own, read_at=self._at
            )
            yield made
            reasons = {"/spec/open": refusals.why(str(one.get("id"))), "/spec/checks": why}
            yield from filter(None, [skip_of(made, reasons)])

    def _checks(
        self, project: Mapping[str, Any], resources: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> tuple[dict[tuple[str, str], list[Mapping[str, Any]]] | None, Missing]:
        """Check configurations of all resources of a project, by type and id; None where they were refused."""
        why = Missing("approvals and checks", "needs Build (read)")
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for start in range(0, len(resources), _HELD):
            body = [{"type": kind, "id": str(one.get("id"))} for kind, one in resources[start : start + _HELD]]
            try:
                path = f"{_id(project)}/_apis/pipelines/checks/queryconfigurations"
                query = {"$expand": "settings", "api-version": _PREVIEW}
                told = self._client.send("POST", path, body, query=query, again=True)
            except SourceError as error:
                return None, missing(error, why.words, "Build (read)")
            for one in listed(told.get("value") if isinstance(told, dict) else told):
                of = mapping(one.get("resource"))
                found.setdefault((str(of.get("type")), str(of.get("id"))), []).append(one)
        return found, why


def _unlisted(below: str, told: Missing) -> Skip:
    """A list that was not shown: nothing that was known below its place, which ends with a stroke, counts as gone."""
    return Skip(below, told.kind, f"not read: {told.words} ({told.why})", Family.POSTURE)


def _id(project: Mapping[str, Any]) -> str:
    return str(project.get("id", ""))
