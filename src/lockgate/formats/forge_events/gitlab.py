"""Webhooks of GitLab: of a project, a group or a system. Source: https://docs.gitlab.com/user/project/integrations/webhook_events/.

The event is named in ``object_kind``, the delivery by ``Idempotency-Key`` (GitLab 17.4 and later; before it is known by
its content), and the secret is shown as it is in ``X-Gitlab-Token``.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.forge_events import ForgeFormat, Headers, branch, commit, name, ref, whole
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import object_at, same, text_at
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import (
    DeploymentsMayWait,
    ForgeEvent,
    ForgeRepository,
    Happening,
    PullRequest,
    Push,
    SettingsChanged,
)

_LOOKED_AT = frozenset(("open", "reopen", "update", "merge", "close"))
_PUBLIC = 20
"""``visibility_level`` of a project that everybody sees."""


def _repository(told: dict[str, Any]) -> ForgeRepository:
    default = told.get("default_branch")
    return ForgeRepository(
        str(whole(told.get("id"), "the id of a project")), name(told.get("path_with_namespace")),
        branch(default) if default else "", told.get("visibility_level", 0) != _PUBLIC,
    )  # fmt: skip


def _push(body: dict[str, Any]) -> Happening:
    told = _repository(object_at(body, "project"))
    before, after = commit(body.get("before")), commit(body.get("after"))
    return Push(told, ref(body.get("ref")), before, after, text_at(body, "user_username"))


def _merge_request(body: dict[str, Any]) -> Happening | None:
    told = object_at(body, "object_attributes")
    if told.get("action") not in _LOOKED_AT:
        return None
    if told["action"] == "update" and not told.get("oldrev") and "target_branch" not in object_at(body, "changes"):
        return None  # a label or a text: the change is the same
    return PullRequest(
        _repository(object_at(body, "project")), whole(told.get("iid"), "a merge request"),
        commit(object_at(told, "last_commit").get("id"), may_lack=True), "", branch(told.get("target_branch")),
        branch(told.get("source_branch")), text_at(body, "user", "username"), told.get("state") == "opened",
        told.get("source_project_id") != told.get("target_project_id"),
    )  # fmt: skip


_SETTINGS = {
    "user_add_to_group": "group_path", "user_update_for_group": "group_path", "user_remove_from_group": "group_path",
    "project_create": "path_with_namespace", "project_destroy": "path_with_namespace",
    "project_update": "path_with_namespace", "project_transfer": "path_with_namespace",
    "subgroup_create": "parent_full_path", "subgroup_destroy": "parent_full_path",
}  # fmt: skip
"""Events after which a group is set up otherwise -> where they name it or what stands below it."""
_PLACE = lazy_pattern(r"[\w][\w.-]{0,254}(?:/[\w][\w.-]{0,254}){0,21}")


def _settings(kind: str, body: dict[str, Any]) -> Happening:
    place = text_at(body, _SETTINGS[kind])
    if not _PLACE.fullmatch(place):
        raise FormatError("the event names no group")
    # Of a subgroup GitLab names the last part alone; then all groups of the connection may be meant.
    return SettingsChanged(place if "/" in place or _SETTINGS[kind] != "group_path" else "", kind)


def deployment_waits(told: dict[str, Any], repository: ForgeRepository) -> DeploymentWaits:
    """A deployment that is blocked, as the REST API describes it. Raises ``FormatError``."""
    number, named = whole(told.get("id"), "a deployment"), branch(told.get("ref"))
    environment = text_at(told, "environment", "name")
    if not environment:
        raise FormatError("the deployment names no environment")
    kind = "tags" if object_at(told, "deployable").get("tag") is True else "heads"
    page = text_at(told, "deployable", "web_url") or text_at(told, "deployable", "pipeline", "web_url")
    return DeploymentWaits(
        "gitlab", f"{repository.id}/{number}", environment, repository.name, f"refs/{kind}/{named}",
        commit(told.get("sha")), text_at(told, "user", "username"), page,
        callback={"project": repository.id, "deployment": str(number)},
    )  # fmt: skip


def _deployment(body: dict[str, Any]) -> Happening | None:
    """Newer versions tell that a deployment is blocked; its ref and its commit are asked for."""
    return DeploymentsMayWait(_repository(object_at(body, "project"))) if body.get("status") == "blocked" else None


def _job(body: dict[str, Any]) -> Happening | None:
    """The job of a blocked deployment waits to be started by hand, as others do that nobody blocks."""
    project = object_at(body, "project")
    if body.get("build_status") != "manual" or not object_at(body, "environment") or not project:
        return None
    return DeploymentsMayWait(_repository(project))


def _kind(body: dict[str, Any], headers: Headers) -> str:
    del headers
    return text_at(body, "object_kind") or text_at(body, "event_name")


def _read(body: dict[str, Any], headers: Headers) -> list[ForgeEvent]:
    kind = _kind(body, headers)
    if not kind:
        raise FormatError("the body has no object_kind")
    happening: Happening | None = None
    if kind in ("push", "tag_push"):
        happening = _push(body)
    elif kind == "merge_request":
        happening = _merge_request(body)
    elif kind in _SETTINGS:
        happening = _settings(kind, body)
    elif kind == "deployment":
        happening = _deployment(body)
    elif kind == "build":
        happening = _job(body)
    return [] if happening is None else [ForgeEvent(happening)]


FORMAT = ForgeFormat(
    "GitLab", _kind, _read,
    lambda content, headers, secret: same(secret, headers.get("x-gitlab-token", "")),
    lambda body, headers: headers.get("idempotency-key", ""),
)  # fmt: skip
