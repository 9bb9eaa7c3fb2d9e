"""GitLab as a forge: statuses of commits, notes on merge requests, approvals of deployments.

Source: https://docs.gitlab.com/api/ (commits, merge requests, notes, deployments, repositories).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from lockgate.errors import SourceError
from lockgate.formats.forge_events import branch, commit, whole
from lockgate.formats.forge_events.gitlab import deployment_waits
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import object_at, objects_in, text_at
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeKind, ForgeRepository, PullRequest
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.forge import CloneAccess, CommitVerdict, MissedDelivery, Standing
from lockgate.sources.forges.github.deployed import ToldCommit
from lockgate.sources.forges.gitlab import deployed, project_path
from lockgate.transport import AbsentError, RefusedError

_STATES = {
    Standing.RUNNING: "running", Standing.PASSED: "success", Standing.FAILED: "failed", Standing.BROKEN: "failed",
}  # fmt: skip
_MOST_NOTE = 900_000
"""Characters; GitLab takes a million."""
_PER_PAGE = {"per_page": "100"}


class GitLabForge:
    """The projects that a token shows."""

    kind = ForgeKind.GITLAB

    def __init__(self, client: ForgeClient, credential: Credential, *, address: str) -> None:
        self._client, self._credential, self._address = client, credential, address.rstrip("/")

    @property
    def host(self) -> str:
        """``gitlab.com``."""
        return urlsplit(self._address).netloc

    def commits(self, repository: str, commit: str, since: str, most: int) -> tuple[ToldCommit, ...]:
        """As ``deployed`` has them."""
        return deployed.commits(self._client, repository, commit, since, most)

    def checks(self, repository: str, commit: str) -> dict[str, str]:
        """As ``deployed`` has them."""
        return deployed.checks(self._client, repository, commit)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def repositories(self) -> Iterator[ForgeRepository]:
        """Projects that the token is a member of, by number."""
        query = {**_PER_PAGE, "membership": "true", "pagination": "keyset", "order_by": "id", "sort": "asc"}
        for one in self._client.items("projects", query):
            yield ForgeRepository(
                str(one.get("id")), str(one.get("path_with_namespace")), str(one.get("default_branch") or ""),
                one.get("visibility") != "public", one.get("archived") is True,
            )  # fmt: skip

    def head(self, repository: ForgeRepository) -> tuple[str, str]:
        """Asked of the project, whose default branch may be another than it was."""
        name = str(self._client.get(self._path(repository)).get("default_branch") or "")
        commit = self.tip(repository, name) if name else ""
        return (name, commit) if commit else ("", "")

    def tip(self, repository: ForgeRepository, branch: str) -> str:
        """As the branch is described."""
        found = self._client.find(f"{self._path(repository)}/repository/branches/{quote(branch, safe='')}")
        return text_at(found, "commit", "id") if isinstance(found, dict) else ""

    def pull_request(self, repository: ForgeRepository, number: int) -> PullRequest:
        """One merge request."""
        return self._read(self._client.get(f"{self._path(repository)}/merge_requests/{number}"), repository)

    def open_pull_requests(self, repository: ForgeRepository) -> Iterator[PullRequest]:
        """Those that were changed last come first."""
        query = {**_PER_PAGE, "state": "opened", "order_by": "updated_at"}
        for one in self._client.items(f"{self._path(repository)}/merge_requests", query):
            yield self._read(one, repository)

    def _read(self, told: dict[str, Any], repository: ForgeRepository) -> PullRequest:
        try:
            return PullRequest(
                repository, whole(told.get("iid"), "a merge request"), commit(told.get("sha"), may_lack=True), "",
                branch(told.get("target_branch")), branch(told.get("source_branch")),
                text_at(told, "author", "username"), told.get("state") == "opened",
                told.get("source_project_id") != told.get("target_project_id"),
            )  # fmt: skip
        except FormatError as error:
            reason = f"GitLab describes a merge request badly: {error.reason}"
            raise SourceError(reason, where=repository.name) from None

    def merge_base(self, repository: ForgeRepository, one: str, other: str) -> str:
        """As the project's own repository tells."""
        path = f"{self._path(repository)}/repository/merge_base?refs[]={quote(one)}&refs[]={quote(other)}"
        try:
            return str(self._client.get(path).get("id") or "")
        except AbsentError:
            return ""

    def clone(self, repository: ForgeRepository) -> CloneAccess:
        """Over HTTPS."""
        user, password = self._credential.git()
        return CloneAccess(f"{self._address}/{quote(repository.name)}.git", user, password)

    def tell(self, repository: ForgeRepository, verdict: CommitVerdict) -> None:
        """A status of the commit. To say what is said already is refused by GitLab, and no error."""
        body: dict[str, Any] = {
            "state": _STATES[verdict.standing], "name": verdict.name, "description": verdict.title[:255]
        }  # fmt: skip
        body |= {"target_url": verdict.url} if verdict.url else {}
        body |= {"ref": verdict.branch} if verdict.branch else {}
        try:
            self._client.send("POST", f"{self._path(repository)}/statuses/{verdict.commit}", body, again=True)
        except RefusedError as error:
            if error.status != 400 or "Cannot transition status" not in error.message:
                raise

    def comment(self, repository: ForgeRepository, number: int, marker: str, text: str) -> None:
        """A note of ours begins with the marker. One that only looks like ours cannot be changed by us."""
        path = f"{self._path(repository)}/merge_requests/{number}/notes"
        body = {"body": text[:_MOST_NOTE]}
        for one in self._client.items(path, {**_PER_PAGE, "sort": "asc", "order_by": "created_at"}):
            if one.get("system") or not str(one.get("body") or "").startswith(marker):
                continue
            if one.get("body") == body["body"]:
                return
            try:
                self._client.send("PUT", f"{path}/{one['id']}", body, again=True)
                return
            except RefusedError as error:
                if error.status not in (401, 403, 404):
                    raise
        self._client.send("POST", path, body)

    def upload(self, repository: ForgeRepository, commit: str, ref: str, sarif: bytes) -> str:
        """GitLab takes reports from its own pipelines alone."""
        del repository, commit, ref, sarif
        return "GitLab takes reports from its own pipelines alone"

    def waiting(self, repository: ForgeRepository) -> Iterator[DeploymentWaits]:
        """Those that are blocked, newest first."""
        query = {**_PER_PAGE, "status": "blocked", "order_by": "id", "sort": "desc"}
        for one in self._client.items(f"{self._path(repository)}/deployments", query):
            try:
                yield deployment_waits(one, repository)
            except FormatError as error:
                reason = f"GitLab describes a deployment badly: {error.reason}"
                raise SourceError(reason, where=repository.name) from None

    def answer(self, callback: Mapping[str, str], verdict: Verdict, comment: str) -> None:
        """Approve or reject a deployment that is blocked, once; how far it is is not told."""
        try:
            path = f"{project_path(callback['project'])}/deployments/{quote(callback['deployment'], safe='')}"
        except KeyError as error:
            raise SourceError(f"nothing says what waits: no {error.args[0]}", where=self.host) from None
        if verdict not in (Verdict.ALLOW, Verdict.WARN, Verdict.DENY):
            return
        status = "rejected" if verdict is Verdict.DENY else "approved"
        told = self._client.get(path)
        if text_at(told, "status") != "blocked" or self._has_said(told, status):
            return  # somebody else has ended it, or a worker that died had told it
        self._client.send("POST", f"{path}/approval", {"status": status, "comment": comment[:255]})

    def _has_said(self, told: dict[str, Any], status: str) -> bool:
        """Whether this identity gave that answer before; others may have to give theirs still."""
        own = self._client.get("user").get("id")
        rules = objects_in(object_at(told, "approval_summary").get("rules"))
        given = [*objects_in(told.get("approvals")),
                 *(each for one in rules for each in objects_in(one.get("deployment_approvals")))]  # fmt: skip
        return any(one.get("status") == status and object_at(one, "user").get("id") == own for one in given)

    def missed(self, since: float) -> Iterator[MissedDelivery]:
        """None: what happened is found by listing."""
        del since
        return iter(())

    def _path(self, repository: ForgeRepository) -> str:
        return project_path(repository.id or repository.name)
