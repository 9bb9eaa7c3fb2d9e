"""Webhooks of a GitHub App. Source: https://docs.github.com/webhooks/webhook-events-and-payloads.

The event is named by ``X-GitHub-Event``, the delivery by ``X-GitHub-Delivery`` (the same when it is sent again), and
the body signed by ``X-Hub-Signature-256``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.formats.forge_events import ForgeFormat, Headers, branch, commit, name, ref, whole
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import object_at, objects_in, signed, text_at
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import (
    AccessChanged,
    CheckAgain,
    ForgeEvent,
    ForgeRepository,
    Happening,
    MergeGroup,
    PullRequest,
    Push,
    SettingsChanged,
)

_LOOKED_AT = frozenset(("opened", "synchronize", "reopened", "ready_for_review", "edited", "closed"))
"""Actions of a pull request after which its change, its base or its being open is another."""
_ACCOUNT = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})")
_ACTION = lazy_pattern(r"[a-z_]{1,60}")
_RUN = lazy_pattern(r"https?://[^\s?#]{1,500}/actions/runs/([0-9]{1,19})/deployment_protection_rule")


def _repository(body: dict[str, Any]) -> ForgeRepository:
    told = object_at(body, "repository")
    default = told.get("default_branch")
    return ForgeRepository(
        str(whole(told.get("id"), "the id of a repository")), name(told.get("full_name")),
        branch(default) if default else "", told.get("private") is not False, told.get("archived") is True,
    )  # fmt: skip


def _push(body: dict[str, Any]) -> Happening | None:
    before, after = commit(body.get("before")), commit(body.get("after"))
    return Push(_repository(body), ref(body.get("ref")), before, after, text_at(body, "sender", "login"))


def _pull_request(body: dict[str, Any]) -> Happening | None:
    told = object_at(body, "pull_request")
    if body.get("action") not in _LOOKED_AT or not told:
        return None
    if body["action"] == "edited" and "base" not in object_at(body, "changes"):
        return None  # a title or a text: the change is the same
    return pull_request(told, _repository(body))


def pull_request(told: dict[str, Any], repository: ForgeRepository) -> PullRequest:
    """A pull request as webhooks and the REST API both describe it. Raises ``FormatError``."""
    head, base = object_at(told, "head"), object_at(told, "base")
    return PullRequest(
        repository, whole(told.get("number"), "a pull request"), commit(head.get("sha")), commit(base.get("sha")),
        branch(base.get("ref")), branch(head.get("ref")), text_at(told, "user", "login"), told.get("state") == "open",
        str(object_at(head, "repo").get("id", "")) != repository.id,
    )  # fmt: skip


def _merge_group(body: dict[str, Any]) -> Happening | None:
    told = object_at(body, "merge_group")
    if body.get("action") != "checks_requested":
        return None
    return MergeGroup(
        _repository(body), commit(told.get("head_sha")), commit(told.get("base_sha")), ref(told.get("head_ref")),
        branch(told.get("base_ref")),
    )  # fmt: skip


def _check_run(body: dict[str, Any]) -> Happening | None:
    return _again(body, object_at(body, "check_run"), object_at(body, "check_run", "check_suite"))


def _check_suite(body: dict[str, Any]) -> Happening | None:
    return _again(body, object_at(body, "check_suite"), object_at(body, "check_suite"))


def _again(body: dict[str, Any], told: dict[str, Any], suite: dict[str, Any]) -> Happening | None:
    if body.get("action") != "rerequested":
        return None
    numbers = [whole(one.get("number"), "a pull request") for one in objects_in(told.get("pull_requests"))]
    on = suite.get("head_branch")
    return CheckAgain(_repository(body), commit(told.get("head_sha")), tuple(numbers[:20]), branch(on) if on else "")


def _deployment(body: dict[str, Any]) -> Happening | None:
    if body.get("action") != "requested":
        return None
    deployment = object_at(body, "deployment")
    found = _RUN.fullmatch(text_at(body, "deployment_callback_url"))
    if found is None:
        raise FormatError("the address to answer at names no run")
    installation = object_at(body, "installation").get("id", "")
    return deployment_waits(_repository(body), found[1], text_at(body, "environment"), deployment, str(installation))


def deployment_waits(
    repository: ForgeRepository, run: str, environment: str, deployment: dict[str, Any], installation: str
) -> DeploymentWaits:  # fmt: skip
    """A job of a run that waits, by its deployment as webhooks and the REST API both describe it. Raises
    ``FormatError``."""
    if not environment:
        raise FormatError("the deployment names no environment")
    told, number = text_at(deployment, "ref"), deployment.get("id")
    callback = {"run": run, "repository": repository.name, "environment": environment, "installation": installation}
    if isinstance(number, int):
        callback["deployment"] = str(number)
    return DeploymentWaits(
        "github", f"{repository.id}/{run}/{environment}", environment, repository.name,
        ref(told) if told.startswith("refs/") else f"refs/heads/{branch(told)}", commit(deployment.get("sha")),
        text_at(deployment, "creator", "login"), text_at(deployment, "url"), callback=callback,
    )  # fmt: skip


def _installation(body: dict[str, Any]) -> Happening | None:
    listed = objects_in(body.get("repositories"))
    action = body.get("action")
    return _access(body, listed if action in ("created", "unsuspend", "new_permissions_accepted") else [], [],
                   gone=action in ("deleted", "suspend"))  # fmt: skip


def _installation_repositories(body: dict[str, Any]) -> Happening | None:
    return _access(body, objects_in(body.get("repositories_added")), objects_in(body.get("repositories_removed")))


def _access(
    body: dict[str, Any], added: list[dict[str, Any]], removed: list[dict[str, Any]], *, gone: bool = False
) -> Happening | None:
    told = object_at(body, "installation")
    return AccessChanged(
        whole(told.get("id"), "an installation"), text_at(told, "account", "login"),
        tuple(map(_listed, added)), tuple(map(_listed, removed)), gone,
    )  # fmt: skip


def _listed(told: dict[str, Any]) -> ForgeRepository:
    id = str(whole(told.get("id"), "the id of a repository"))
    return ForgeRepository(id, name(told.get("full_name")), is_private=told.get("private") is not False)


def _settings(kind: str) -> Callable[[dict[str, Any]], Happening]:
    """Reads an event about how an organisation or a repository is set up."""

    def told(body: dict[str, Any]) -> Happening:
        repository = text_at(body, "repository", "full_name")
        owner = text_at(body, "organization", "login") or (name(repository).partition("/")[0] if repository else "")
        if not _ACCOUNT.fullmatch(owner):
            raise FormatError("the event names no organisation")
        action = text_at(body, "action")
        return SettingsChanged(owner, f"{kind} {action}".strip() if _ACTION.fullmatch(action) else kind)

    return told


SETTINGS = (
    "branch_protection_configuration", "branch_protection_rule", "deploy_key", "member", "membership", "organization",
    "public", "repository", "repository_ruleset", "security_and_analysis", "team", "team_add",
)  # fmt: skip
"""Events after which an organisation is set up otherwise."""
_READERS: dict[str, Callable[[dict[str, Any]], Happening | None]] = {
    "push": _push,
    "pull_request": _pull_request,
    "merge_group": _merge_group,
    "check_run": _check_run,
    "check_suite": _check_suite,
    "deployment_protection_rule": _deployment,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
    **{kind: _settings(kind) for kind in SETTINGS},
}
EVENTS = tuple(_READERS)
"""What the App has to be told of; installations it is told of anyway."""


def _kind(body: dict[str, Any], headers: Headers) -> str:
    del body
    return headers.get("x-github-event", "")


def _read(body: dict[str, Any], headers: Headers) -> list[ForgeEvent]:
    reader = _READERS.get(_kind(body, headers))
    happening = reader(body) if reader is not None else None
    installation = object_at(body, "installation").get("id")
    return [] if happening is None else [ForgeEvent(happening, installation if isinstance(installation, int) else 0)]


FORMAT = ForgeFormat(
    "GitHub and GitHub Enterprise Server", _kind, _read,
    lambda content, headers, secret: signed(content, headers.get("x-hub-signature-256", ""), secret),
    lambda body, headers: headers.get("x-github-delivery", ""),
)  # fmt: skip
