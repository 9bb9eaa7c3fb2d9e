"""GitHub as a forge: checks with annotations for an App, statuses for a token, comments, code scanning, deployments.

Source: GitHub's OpenAPI description (``@octokit/openapi``), which tests hold every request against.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from lockgate.errors import SourceError
from lockgate.formats.forge_events.github import pull_request as read_pull_request
from lockgate.formats.format_error import FormatError
from lockgate.formats.moments import moment_of
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeKind, ForgeRepository, PullRequest
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.forge import CloneAccess, CommitVerdict, MissedDelivery, Remark, Standing, batches
from lockgate.sources.forges.github import deployed, waiting
from lockgate.sources.forges.github.deployed import ToldCommit
from lockgate.transport import AbsentError, RefusedError

_ANNOTATIONS = 50
"""Of one request. Source: "Create a check run"."""
_MOST_TEXT = 65_535
_CONCLUSIONS = {Standing.PASSED: "success", Standing.FAILED: "failure", Standing.BROKEN: "failure"}
_STATES = {
    Standing.RUNNING: "pending", Standing.PASSED: "success", Standing.FAILED: "failure", Standing.BROKEN: "error",
}  # fmt: skip
_PER_PAGE = {"per_page": "100"}
_CORE = "core"


class GitHubForge:
    """The repositories of one installation, or those that a token shows."""

    kind = ForgeKind.GITHUB

    def __init__(
        self, client: ForgeClient, credential: Credential, *, address: str, app: ForgeClient | None = None,
        is_installation: bool = False,
    ) -> None:  # fmt: skip
        """``address``: of the server that git asks; ``app``: a client of the App itself."""
        self._client, self._credential, self._address, self._app = client, credential, address.rstrip("/"), app
        self._is_installation = is_installation

    @property
    def host(self) -> str:
        """``github.com``."""
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
        if self._app is not None:
            self._app.close()

    def repositories(self) -> Iterator[ForgeRepository]:
        """Those of the installation, or of whoever has the token."""
        if self._is_installation:
            listed = self._client.items("installation/repositories", _PER_PAGE, key="repositories", resource=_CORE)
        else:
            listed = self._client.items("user/repos", _PER_PAGE, resource=_CORE)
        yield from (
            ForgeRepository(str(one["id"]), str(one["full_name"]), str(one.get("default_branch") or ""),
                            one.get("private") is not False, one.get("archived") is True)
            for one in listed if "full_name" in one and "id" in one
        )  # fmt: skip

    def head(self, repository: ForgeRepository) -> tuple[str, str]:
        """Asked of the repository, whose default branch may be another than it was."""
        branch = str(self._get(repository, "").get("default_branch") or "")
        commit = self.tip(repository, branch) if branch else ""
        return (branch, commit) if commit else ("", "")

    def tip(self, repository: ForgeRepository, branch: str) -> str:
        """As the branch is described."""
        try:
            found = self._get(repository, f"/branches/{quote(branch, safe='')}")
        except AbsentError:
            return ""
        return str((found.get("commit") or {}).get("sha") or "")

    def pull_request(self, repository: ForgeRepository, number: int) -> PullRequest:
        """One pull request."""
        return _read(self._get(repository, f"/pulls/{number}"), repository)

    def open_pull_requests(self, repository: ForgeRepository) -> Iterator[PullRequest]:
        """Newest first."""
        query = {**_PER_PAGE, "state": "open", "sort": "updated", "direction": "desc"}
        for one in self._client.items(f"repos/{repository.name}/pulls", query, resource=_CORE):
            yield _read(one, repository)

    def merge_base(self, repository: ForgeRepository, one: str, other: str) -> str:
        """As comparing tells; the list of commits and files is asked for in its shortest form."""
        try:
            told = self._get(repository, f"/compare/{one}...{other}", {"per_page": "1", "page": "1000"})
        except AbsentError:
            return ""
        return str((told.get("merge_base_commit") or {}).get("sha") or "")

    def clone(self, repository: ForgeRepository) -> CloneAccess:
        """Over HTTPS."""
        user, password = self._credential.git()
        return CloneAccess(f"{self._address}/{quote(repository.name)}.git", user, password)

    def tell(self, repository: ForgeRepository, verdict: CommitVerdict) -> None:
        """A check where an App asks, a status where a token does."""
        if not self._is_installation:
            self._status(repository, verdict)
            return
        known = self._run(repository, verdict)
        path = f"repos/{repository.name}/check-runs"
        body: dict[str, Any] = {"name": verdict.name, "external_id": verdict.key[:255]}
        if verdict.url:
            body["details_url"] = verdict.url
        if verdict.standing is Standing.RUNNING:
            begun = {**body, "status": "in_progress"}
            if known:
                self._client.send("PATCH", f"{path}/{known}", begun, again=True, resource=_CORE)
            else:
                self._client.send("POST", path, {**begun, "head_sha": verdict.commit}, resource=_CORE)
            return
        groups = list(batches(verdict.remarks, _ANNOTATIONS))
        for number, group in enumerate(groups, 1):
            body["output"] = {
                "title": verdict.title, "summary": _cut(verdict.summary),
                "annotations": [_annotation(one) for one in group],
            }  # fmt: skip
            if number == len(groups):
                body |= {"status": "completed", "conclusion": _CONCLUSIONS[verdict.standing]}
            if known:
                self._client.send("PATCH", f"{path}/{known}", body, resource=_CORE)
                continue
            made = self._client.send("POST", path, {**body, "head_sha": verdict.commit}, resource=_CORE)
            known = str(made["id"])

    def _run(self, repository: ForgeRepository, verdict: CommitVerdict) -> str:
        """The number of the check run that this work has made already; a finished one is left as it is, since another
        may only add annotations to it."""
        for one in self._runs(repository, verdict.commit, verdict.name):
            if one.get("external_id") == verdict.key and one.get("status") != "completed":
                return str(one["id"])
        return ""

    def _runs(self, repository: ForgeRepository, commit: str, name: str) -> Iterator[dict[str, Any]]:
        path = f"repos/{repository.name}/commits/{commit}/check-runs"
        query = {"check_name": name, "per_page": "100", "filter": "latest"}
        yield from self._client.items(path, query, key="check_runs", resource=_CORE)

    def _status(self, repository: ForgeRepository, verdict: CommitVerdict) -> None:
        body = {"state": _STATES[verdict.standing], "context": verdict.name, "description": verdict.title}
        if verdict.url:
            body["target_url"] = verdict.url
        path = f"repos/{repository.name}/statuses/{verdict.commit}"
        self._client.send("POST", path, body, again=True, resource=_CORE)

    def comment(self, repository: ForgeRepository, number: int, marker: str, text: str) -> None:
        """A comment of ours begins with the marker. One that only looks like ours cannot be changed by us."""
        body = {"body": _cut(text)}
        path = f"repos/{repository.name}/issues"
        for one in self._client.items(f"{path}/{number}/comments", _PER_PAGE, resource=_CORE):
            if not str(one.get("body") or "").startswith(marker):
                continue
            if one.get("body") == body["body"]:
                return
            try:
                self._client.send("PATCH", f"{path}/comments/{one['id']}", body, again=True, resource=_CORE)
                return
            except RefusedError as error:
                if error.status not in (403, 404):
                    raise
        self._client.send("POST", f"{path}/{number}/comments", body, resource=_CORE)

    def upload(self, repository: ForgeRepository, commit: str, ref: str, sarif: bytes) -> str:
        """Refused where a repository has no code scanning; that is an answer, and no error."""
        body = {"commit_sha": commit, "ref": ref, "sarif": base64.b64encode(sarif).decode()}
        try:
            self._client.send("POST", f"repos/{repository.name}/code-scanning/sarifs", body, again=True, resource=_CORE)
        except RefusedError as error:
            if error.status in (403, 404):
                return "GitHub does not take it: code scanning is off here, or the App may not write it"
            raise
        return ""

    def answer(self, callback: Mapping[str, str], verdict: Verdict, comment: str) -> None:
        """To the run that waits, by the custom deployment protection rule. One that waits no longer needs no answer."""
        waiting.answer(self._client, callback, verdict, comment[:_MOST_TEXT] or "Lockgate", host=self.host)

    def waiting(self, repository: ForgeRepository) -> Iterator[DeploymentWaits]:
        """Jobs of runs that wait for an environment of which the App is a protection rule."""
        if self._app is None:
            return iter(())
        return waiting.listed(self._client, self._app, repository)

    def missed(self, since: float) -> Iterator[MissedDelivery]:
        """Deliveries of the App that were answered with an error, or by nobody. GitHub keeps them for three days."""
        if self._app is None:
            return
        for one in self._app.items("app/hook/deliveries", _PER_PAGE):
            at = _seconds(one.get("delivered_at"))
            if at is not None and at < since:
                return
            if 200 <= int(one.get("status_code") or 0) < 300:
                continue
            told = self._app.get(f"app/hook/deliveries/{int(one['id'])}").get("request") or {}
            headers = {str(key).lower(): str(value) for key, value in (told.get("headers") or {}).items()}
            headers |= {"x-github-delivery": str(one.get("guid")), "x-github-event": str(one.get("event"))}
            if isinstance(told.get("payload"), dict):
                yield MissedDelivery(headers, orjson.dumps(told["payload"]))

    def _get(self, repository: ForgeRepository, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        found = self._client.get(f"repos/{repository.name}{path}", query, resource=_CORE)
        if not isinstance(found, dict):
            raise SourceError("GitHub answers another kind of JSON", where=f"{self.host}/{repository.name}")
        return found


def _read(told: dict[str, Any], repository: ForgeRepository) -> PullRequest:
    try:
        return read_pull_request(told, repository)
    except FormatError as error:
        raise SourceError(f"GitHub describes a pull request badly: {error.reason}", where=repository.name) from None


def _annotation(one: Remark) -> dict[str, Any]:
    return {
        "path": one.path, "start_line": one.line, "end_line": max(one.end_line, one.line),
        "annotation_level": str(one.level), "title": one.title[:255], "message": one.text[:60_000] or one.title,
    }  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _seconds(told: object) -> float | None:
    at: datetime | None = moment_of(told) if isinstance(told, str) else None
    return None if at is None else at.timestamp()
