"""Azure DevOps as a forge: statuses of commits and pull requests, threads, checks of environments.

Source: MicrosoftDocs/vsts-rest-api-specs, ``git`` and ``distributedTask`` at 7.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from lockgate.errors import SourceError
from lockgate.formats.forge_events.azure_devops import pull_request as read_pull_request
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import objects_in, text_at
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeKind, ForgeRepository, PullRequest
from lockgate.sources.forges.azure_devops import VERSION, AzureDevOps
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.forge import CloneAccess, CommitVerdict, Level, MissedDelivery, Remark, Standing
from lockgate.transport import AbsentError, RefusedError

_GENRE = "lockgate"
_STATES = {
    Standing.RUNNING: "pending", Standing.PASSED: "succeeded", Standing.FAILED: "failed", Standing.BROKEN: "error",
}  # fmt: skip
_MOST_THREADS = 25
"""Remarks that get a thread of their own on one pull request."""
_MOST_TEXT = 150_000
_PAGE = 100
_MARK = "<!-- lockgate:"
_OPEN = frozenset(("active", "pending"))
_API = {"api-version": VERSION}


class AzureDevOpsForge:
    """The repositories of one organization."""

    kind = ForgeKind.AZURE_DEVOPS

    def __init__(self, azure: AzureDevOps, credential: Credential) -> None:
        self._azure, self._client, self._credential = azure, azure.client, credential

    @property
    def host(self) -> str:
        """Host and organization: ``dev.azure.com/harbour``."""
        parts = urlsplit(self._azure.organization)
        return f"{parts.netloc}{parts.path}"

    def close(self) -> None:
        """Hang up."""
        self._azure.close()

    def repositories(self) -> Iterator[ForgeRepository]:
        """Of one project after the other."""
        for project in self._client.items("_apis/projects", {**_API, "$top": "100"}, key="value"):
            path = f"{quote(str(project['id']))}/_apis/git/repositories"
            for one in self._client.items(path, _API, key="value"):
                default = str(one.get("defaultBranch") or "").removeprefix("refs/heads/")
                name = f"{text_at(one, 'project', 'name') or project.get('name')}/{one.get('name')}"
                public = project.get("visibility") == "public"
                yield ForgeRepository(str(one["id"]), name, default, not public, one.get("isDisabled") is True)

    def head(self, repository: ForgeRepository) -> tuple[str, str]:
        """Asked of the repository, whose default branch may be another than it was."""
        told = self._client.get(self._path(repository), _API)
        name = str(told.get("defaultBranch") or "").removeprefix("refs/heads/")
        commit = self.tip(repository, name) if name else ""
        return (name, commit) if commit else ("", "")

    def tip(self, repository: ForgeRepository, branch: str) -> str:
        """As the ref is listed: a filter finds all that begin so."""
        refs = self._client.items(f"{self._path(repository)}/refs", {**_API, "filter": f"heads/{branch}"}, key="value")
        return next((str(one.get("objectId")) for one in refs if one.get("name") == f"refs/heads/{branch}"), "")

    def pull_request(self, repository: ForgeRepository, number: int) -> PullRequest:
        """One pull request."""
        return _read(self._client.get(f"{self._path(repository)}/pullrequests/{number}", _API), repository)

    def open_pull_requests(self, repository: ForgeRepository) -> Iterator[PullRequest]:
        """Newest first, page by page."""
        start = 0
        while True:
            query = {**_API, "searchCriteria.status": "active", "$top": str(_PAGE), "$skip": str(start)}
            page = list(self._client.items(f"{self._path(repository)}/pullrequests", query, key="value"))
            yield from (_read(one, repository) for one in page)
            start += len(page)
            if len(page) < _PAGE:
                return

    def merge_base(self, repository: ForgeRepository, one: str, other: str) -> str:
        """As the service computes it."""
        path = f"{self._path(repository)}/commits/{one}/mergebases"
        try:
            found = self._client.items(path, {**_API, "otherCommitId": other}, key="value")
            return next((str(each.get("commitId") or "") for each in found), "")
        except AbsentError:
            return ""

    def clone(self, repository: ForgeRepository) -> CloneAccess:
        """Over HTTPS, by names, as the service gives addresses."""
        user, password = self._credential.git()
        project, _, name = repository.name.partition("/")
        return CloneAccess(f"{self._client.base}/{quote(project)}/_git/{quote(name)}", user, password)

    def tell(self, repository: ForgeRepository, verdict: CommitVerdict) -> None:
        """A status of the commit and, of a pull request, of its newest iteration; remarks as threads at their lines."""
        body: dict[str, Any] = {
            "state": _STATES[verdict.standing], "description": verdict.title,
            "context": {"name": verdict.name, "genre": _GENRE},
        } | ({"targetUrl": verdict.url} if verdict.url else {})  # fmt: skip
        self._client.send("POST", f"{self._path(repository)}/commits/{verdict.commit}/statuses", body, query=_API,
                          again=True)  # fmt: skip
        if not verdict.number:
            return
        pull = f"{self._path(repository)}/pullRequests/{verdict.number}"
        iteration = self._iteration(pull, verdict.commit)
        about = {**body, "iterationId": iteration} if iteration else body
        self._client.send("POST", f"{pull}/statuses", about, query=_API, again=True)
        if verdict.standing in (Standing.PASSED, Standing.FAILED):
            self._discuss(pull, verdict.remarks)

    def _iteration(self, pull: str, commit: str) -> int:
        """The newest iteration whose source is ``commit``: a status on it no longer holds after the next push."""
        found = 0
        for one in self._client.items(f"{pull}/iterations", _API, key="value"):
            if text_at(one, "sourceRefCommit", "commitId") == commit and isinstance(one.get("id"), int):
                found = max(found, one["id"])
        return found

    def _discuss(self, pull: str, remarks: tuple[Remark, ...]) -> None:
        """One thread for each remark, once; those of remarks that are gone are closed as fixed."""
        wanted = {one.key: one for one in remarks if one.level is not Level.NOTICE}
        open_keys: set[str] = set()
        for thread in self._threads(pull):
            key = _key_of(thread)
            if not key or thread.get("status") not in _OPEN:
                continue
            open_keys.add(key)
            if key not in wanted:
                self._client.send("PATCH", f"{pull}/threads/{int(thread['id'])}", {"status": "fixed"}, query=_API,
                                  again=True)  # fmt: skip
        left = _MOST_THREADS - len(open_keys & wanted.keys())
        for key in [one for one in wanted if one not in open_keys][: max(left, 0)]:
            self._client.send("POST", f"{pull}/threads", _thread(wanted[key]), query=_API)

    def _threads(self, pull: str) -> Iterator[dict[str, Any]]:
        for one in self._client.items(f"{pull}/threads", _API, key="value"):
            if one.get("isDeleted") is not True:
                yield one

    def comment(self, repository: ForgeRepository, number: int, marker: str, text: str) -> None:
        """A thread whose first comment begins with the marker."""
        pull = f"{self._path(repository)}/pullRequests/{number}"
        content = text[:_MOST_TEXT]
        for thread in self._threads(pull):
            first = next(iter(objects_in(thread.get("comments"))), {})
            said = str(first.get("content") or "")
            if not said.startswith(marker):
                continue
            if said != content:
                path = f"{pull}/threads/{int(thread['id'])}/comments/{int(first['id'])}"
                self._client.send("PATCH", path, {"content": content}, query=_API, again=True)
            return
        body = {"comments": [{"parentCommentId": 0, "content": content, "commentType": "text"}], "status": "closed"}
        self._client.send("POST", f"{pull}/threads", body, query=_API)

    def upload(self, repository: ForgeRepository, commit: str, ref: str, sarif: bytes) -> str:
        """To GitHub Advanced Security for Azure DevOps, which reads commit and ref in the log. Refused where a
        repository does not have it; that is an answer, and no error.

        Source: the command ``publish-to-ghazdo`` of microsoft/sarif-sdk: a packed body, not told to be packed."""
        del commit, ref
        project, _, name = repository.name.partition("/")
        client = self._azure.at("advsec")
        path = f"{quote(project)}/_apis/alert/repositories/{quote(repository.id or name)}/sarifs"
        try:
            client.reply("POST", client.address(path, {"api-version": "7.2-preview.1"}), body=sarif,
                         headers={"Content-Type": "application/octet-stream"})  # fmt: skip
        except RefusedError as error:
            if error.status in (403, 404):
                return "Azure DevOps does not take it: Advanced Security is off here, or the identity may not write it"
            raise
        return ""

    def answer(self, callback: Mapping[str, str], verdict: Verdict, comment: str) -> None:
        """End the check of an environment that waits, or write a line into its log."""
        try:
            plan = f"{callback['project']}/_apis/distributedtask/hubs/{callback['hub']}/plans/{callback['plan']}"
            job, task, timeline = callback["job"], callback["task"], callback.get("timeline", "")
        except KeyError as error:
            raise SourceError(f"nothing says what waits: no {error.args[0]}", where=self.host) from None
        if timeline and comment:
            lines = [line[:1000] for line in comment.splitlines()[:50]]
            feed = {"value": lines, "count": len(lines)}
            self._client.send("POST", f"{plan}/timelines/{timeline}/records/{job}/feed", feed,
                              query={"api-version": "4.1"}, again=True)  # fmt: skip
        if verdict in (Verdict.ALLOW, Verdict.WARN, Verdict.DENY):
            result = "failed" if verdict is Verdict.DENY else "succeeded"
            body = {"name": "TaskCompleted", "taskId": task, "jobId": job, "result": result}
            try:
                self._client.send("POST", f"{plan}/events", body, query={"api-version": "2.0-preview.1"}, again=True)
            except RefusedError as error:
                if error.status not in (400, 404, 409) or not self._is_over(plan, timeline, {job, task}):
                    raise

    def _is_over(self, plan: str, timeline: str, ids: set[str]) -> bool:
        """Whether a check waits no longer: it was answered before, or its run was cancelled."""
        if not timeline:
            return False
        path = f"{plan}/timelines/{timeline}/records"
        try:
            records = list(self._client.items(path, {"api-version": "7.1-preview.1"}, key="value"))
        except AbsentError:
            return True  # plans are removed with their runs
        mine = [one for one in records if str(one.get("id")).lower() in ids]
        return bool(mine) and all(one.get("state") == "completed" for one in mine)

    def waiting(self, repository: ForgeRepository) -> Iterator[DeploymentWaits]:
        """None: no list names the plan, job and task that a check must be answered by. Azure Pipelines tells a check up
        to ten times, and has it fail after that."""
        del repository
        return iter(())

    def missed(self, since: float) -> Iterator[MissedDelivery]:
        """None: what happened is found by listing."""
        del since
        return iter(())

    def _path(self, repository: ForgeRepository) -> str:
        project, _, name = repository.name.partition("/")
        return f"{quote(project)}/_apis/git/repositories/{quote(repository.id or name)}"


def _read(told: dict[str, Any], repository: ForgeRepository) -> PullRequest:
    try:
        return read_pull_request(told, repository)
    except FormatError as error:
        reason = f"Azure DevOps describes a pull request badly: {error.reason}"
        raise SourceError(reason, where=repository.name) from None


def _key_of(thread: Mapping[str, Any]) -> str:
    """The key of the remark that a thread of ours is about; empty for any other."""
    first = next(iter(objects_in(thread.get("comments"))), {})
    said = str(first.get("content") or "")
    return said[len(_MARK) :].partition(" -->")[0] if said.startswith(_MARK) else ""


def _thread(one: Remark) -> dict[str, Any]:
    content = f"{_MARK}{one.key} -->\n**{_plain(one.title)}**\n\n{_plain(one.text)}"
    return {
        "comments": [{"parentCommentId": 0, "content": content[:_MOST_TEXT], "commentType": "text"}],
        "status": "active",
        "threadContext": {
            "filePath": f"/{one.path}",
            "rightFileStart": {"line": one.line, "offset": 1},
            "rightFileEnd": {"line": max(one.end_line, one.line), "offset": 1},
        },
    }  # fmt: skip


def _plain(text: str) -> str:
    """Text that Markdown of a thread shows as it is."""
    return "".join(f"\\{each}" if each in r"\`*_[]()<>#!|~@" else each for each in text)
