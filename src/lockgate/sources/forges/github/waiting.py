"""Jobs of GitHub's runs that wait for an environment: which there are, and what they are answered.

Source: GitHub's OpenAPI description ("List workflow runs for a repository", "Get pending deployments for a workflow
run", "Get all deployment protection rules for an environment", "List deployments", "Review custom deployment protection
rules for a workflow run"), and "Creating custom deployment protection rules": ten reports of how far it is are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from lockgate.errors import SourceError
from lockgate.formats.forge_events.github import deployment_waits
from lockgate.formats.format_error import FormatError
from lockgate.formats.webhooks import object_at, text_at
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeRepository
from lockgate.sources.forges.client import ForgeClient
from lockgate.transport import RefusedError

_CORE = "core"
_PER_PAGE = {"per_page": "100"}
_ENDS = (Verdict.ALLOW, Verdict.WARN, Verdict.DENY)


def answer(client: ForgeClient, callback: Mapping[str, str], verdict: Verdict, comment: str, *, host: str) -> None:
    """End a wait, or say how far it is. Raises ``SourceError``."""
    try:
        run, name, environment = callback["run"], callback["repository"], callback["environment"]
    except KeyError as error:
        raise SourceError(f"nothing says what waits: no {error.args[0]}", where=host) from None
    body = {"environment_name": environment, "comment": comment}
    if verdict in _ENDS:
        body["state"] = "rejected" if verdict is Verdict.DENY else "approved"
    path = f"repos/{quote(name)}/actions/runs/{quote(run, safe='')}"
    try:
        client.send("POST", f"{path}/deployment_protection_rule", body, resource=_CORE)
    except RefusedError as error:
        if error.status not in (404, 409, 422):
            raise
        # It was told before, by a worker that died; or the run was cancelled; or there were ten reports already.
        if verdict in _ENDS and environment in _pending(client, path):
            raise


def _pending(client: ForgeClient, path: str) -> list[str]:
    """Names of the environments that a run waits for."""
    listed = client.get(f"{path}/pending_deployments", resource=_CORE)
    found = listed if isinstance(listed, list) else []
    return [text_at(one, "environment", "name") for one in found if isinstance(one, dict)]


def listed(client: ForgeClient, app: ForgeClient, repository: ForgeRepository) -> Iterator[DeploymentWaits]:
    """What waits in a repository for the App that ``app`` asks as. Raises ``SourceError``."""
    path, guards = f"repos/{quote(repository.name)}", dict[str, bool]()
    for run in client.items(f"{path}/actions/runs", {**_PER_PAGE, "status": "waiting"}, key="workflow_runs",
                            resource=_CORE):  # fmt: skip
        number, commit = str(run.get("id") or ""), str(run.get("head_sha") or "")
        for environment in _pending(client, f"{path}/actions/runs/{quote(number, safe='')}"):
            if environment not in guards:
                guards[environment] = _is_guarded(client, app, path, environment)
            if guards[environment]:
                yield _waits(client, path, repository, number, environment, commit, run)


def _is_guarded(client: ForgeClient, app: ForgeClient, path: str, environment: str) -> bool:
    """Whether the App is a protection rule of an environment, and switched on."""
    told = client.get(f"{path}/environments/{quote(environment, safe='')}/deployment_protection_rules", resource=_CORE)
    rules = told.get("custom_deployment_protection_rules") if isinstance(told, dict) else None
    own = app.get("app").get("id")
    return any(
        one.get("enabled") is True and object_at(one, "app").get("id") == own
        for one in rules or () if isinstance(one, dict)
    )  # fmt: skip


def _waits(
    client: ForgeClient, path: str, repository: ForgeRepository, run: str, environment: str, commit: str,
    told: Mapping[str, Any],
) -> DeploymentWaits:  # fmt: skip
    """One job, by its newest deployment, which is what its webhook told of."""
    query = {"sha": commit, "environment": environment, "per_page": "1"}
    found = client.get(f"{path}/deployments", query, resource=_CORE)
    deployment = found[0] if isinstance(found, list) and found else {
        "sha": commit, "ref": told.get("head_branch") or "", "creator": told.get("triggering_actor") or {},
    }  # fmt: skip
    try:
        return deployment_waits(repository, run, environment, deployment, "")
    except FormatError as error:
        raise SourceError(f"GitHub describes a deployment badly: {error.reason}", where=repository.name) from None
