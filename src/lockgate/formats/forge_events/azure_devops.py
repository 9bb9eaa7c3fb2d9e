"""Service hooks of Azure DevOps, and what its checks of environments post.

Source: Microsoft Learn, "Service hooks events" and "Invoke Azure Function / REST API check". A hook names the event in
``eventType`` and itself in ``id``; it shows a password by HTTP Basic, or in a header of one's own choice. A check is a
body (or headers) with the plan, job and task that wait, as variables of the pipeline give them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from lockgate.formats.forge_events import ForgeFormat, Headers, branch, commit, name, ref, whole
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import basic_password, object_at, objects_in, same, text_at
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeEvent, ForgeRepository, Happening, PullRequest, Push, SettingsChanged

SECRET_HEADER = "x-lockgate-secret"  # noqa: S105 -- the name of a header
_CHECK = "check"
_GUID = lazy_pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HUB = lazy_pattern(r"[A-Za-z]{1,40}")
_WAITING = {"planId": "plan", "jobId": "job", "taskInstanceId": "task", "timelineId": "timeline"}
_SETTINGS = frozenset(f"git.repo.{what}" for what in ("created", "deleted", "forked", "renamed", "statuschanged"))
"""Events after which the organization is set up otherwise; of policies and permissions it tells nobody."""
_SCRIPT = "$("
"""How a variable stands that the pipeline did not know."""


def _repository(told: dict[str, Any]) -> ForgeRepository:
    id = text_at(told, "id")
    if not _GUID.fullmatch(id):
        raise FormatError("a repository has no id")
    project = text_at(told, "project", "name") or text_at(told, "project", "id")
    default = told.get("defaultBranch")
    return ForgeRepository(
        id.lower(), name(f"{project}/{text_at(told, 'name')}"), branch(default) if default else "",
        text_at(told, "project", "visibility").lower() != "public", told.get("isDisabled") is True,
    )  # fmt: skip


def _pushes(body: dict[str, Any]) -> list[Happening]:
    resource = object_at(body, "resource")
    repository = _repository(object_at(resource, "repository"))
    by = text_at(resource, "pushedBy", "uniqueName") or text_at(resource, "pushedBy", "displayName")
    updates = resource.get("refUpdates")
    if not isinstance(updates, list):
        raise FormatError("the push moves no refs")
    return [
        Push(repository, ref(one.get("name")), commit(one.get("oldObjectId")), commit(one.get("newObjectId")), by)
        for one in objects_in(updates)
    ]


def pull_request(told: dict[str, Any], repository: ForgeRepository | None = None) -> PullRequest:
    """A pull request as service hooks and the REST API both describe it. Raises ``FormatError``."""
    head, base = object_at(told, "lastMergeSourceCommit"), object_at(told, "lastMergeTargetCommit")
    return PullRequest(
        repository or _repository(object_at(told, "repository")), whole(told.get("pullRequestId"), "a pull request"),
        commit(head.get("commitId"), may_lack=True), commit(base.get("commitId"), may_lack=True),
        branch(told.get("targetRefName")), branch(told.get("sourceRefName")),
        text_at(told, "createdBy", "uniqueName") or text_at(told, "createdBy", "displayName"),
        told.get("status") == "active", bool(object_at(told, "forkSource")),
    )  # fmt: skip


def _check(body: dict[str, Any], headers: Headers) -> DeploymentWaits:
    """What a check of an environment says of the run that waits. What it needs may stand in the body or in headers."""
    told = {key.lower(): value for key, value in body.items() if isinstance(value, str)}

    def said(key: str) -> str:
        found = told.get(key.lower()) or headers.get(key.lower(), "")
        return "" if found.startswith(_SCRIPT) else found[:500]

    callback = {short: said(key).lower() for key, short in _WAITING.items()}
    callback |= {"project": said("projectId").lower(), "hub": said("hubName").lower()}
    guids = [value for key, value in callback.items() if key not in ("hub", "timeline")]
    if not all(map(_GUID.fullmatch, guids)) or not _HUB.fullmatch(callback["hub"]):
        hint = "planId, jobId, taskInstanceId, projectId and hubName are needed"
        raise FormatError(f"the check does not say what waits: {hint}")
    environment, source = said("environmentName"), said("sourceBranch")
    if not environment:
        raise FormatError("the check names no environment: environmentName is needed")
    project, repository = said("projectName"), said("repositoryName")
    whole_name = name(repository if "/" in repository else f"{project or callback['project']}/{repository}")
    return DeploymentWaits(
        "azure-devops", f"{callback['plan']}/{callback['task']}", environment, whole_name, ref(source),
        commit(said("sourceVersion")), said("requestedFor"), _page(said("pageUrl")), callback=callback,
    )  # fmt: skip


def _page(address: str) -> str:
    return address if urlsplit(address).scheme in ("https", "http") and unquote(address).isprintable() else ""


def _kind(body: dict[str, Any], headers: Headers) -> str:
    del headers
    found = body.get("eventType")
    return found if isinstance(found, str) else _CHECK if any(k.lower() == "planid" for k in body) else ""


def _read(body: dict[str, Any], headers: Headers) -> list[ForgeEvent]:
    kind = _kind(body, headers)
    happened: list[Happening] = []
    if kind == "git.push":
        happened = _pushes(body)
    elif kind in ("git.pullrequest.created", "git.pullrequest.updated", "git.pullrequest.merged"):
        happened = [pull_request(object_at(body, "resource"))]
    elif kind in _SETTINGS:
        happened = [SettingsChanged("", kind)]
    elif kind == _CHECK:
        happened = [_check(body, headers)]
    elif not kind and not headers.get("planid"):
        raise FormatError("the body has no eventType")
    elif headers.get("planid"):
        happened = [_check(body, headers)]
    return [ForgeEvent(one) for one in happened]


def _believed(content: bytes, headers: Headers, secret: str) -> bool:
    del content
    shown = basic_password(headers.get("authorization", "")) or headers.get(SECRET_HEADER, "")
    return same(secret, shown)


def _id(body: dict[str, Any], headers: Headers) -> str:
    if _kind(body, headers) == _CHECK or headers.get("planid"):
        waits = _check(body, headers)
        return f"check:{waits.callback['plan']}:{waits.callback['task']}"
    return text_at(body, "id")


FORMAT = ForgeFormat("Azure DevOps Services and Server", _kind, _read, _believed, _id)
