"""Who asks the forge whose settings ``lockgate posture`` judges: a token, or the identity that ``forges`` of the
settings names."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.cli._project import Project
from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.secrets.references import secret_of
from lockgate.settings import FILE_NAME, ForgeSettings, GithubSettings
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.credentials import Credential, azure_token, github_token, gitlab_token
from lockgate.transport import Trust

if TYPE_CHECKING:
    from lockgate.engine.forge_changes import Keeping, PostureSource, Send
    from lockgate.sources.forges.client import ForgeClient

TOKENS = {"github": "GITHUB_TOKEN", "azure-devops": "AZURE_DEVOPS_TOKEN", "gitlab": "GITLAB_TOKEN"}
"""Variable of the token that is shown where nothing else is named."""
_ADDRESSES = {"github": "https://api.github.com", "azure-devops": "https://dev.azure.com", "gitlab": "https://gitlab.com"}
_SHOWN = {"github": github_token, "azure-devops": azure_token, "gitlab": gitlab_token}


@dataclass(frozen=True, slots=True)
class AskedForge:
    """A forge that can be asked."""

    source: Keeping
    send: Send
    budget: CallBudget


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who asks, and where."""

    credential: Credential
    address: str
    """Of the API of GitHub, the server of GitLab, or the organisation's server at Azure DevOps."""
    trust: Trust


@contextmanager
def asked(arguments: argparse.Namespace, project: Project, forge: str, name: str) -> Iterator[AskedForge]:
    """The forge that the arguments name, as a source, and what makes changes there. Raises ``LockgateError``."""
    from lockgate.engine.forge_changes import Keeping

    budget = CallBudget(Bounds(calls=arguments.calls))
    client, source = _opened(_identity(arguments, project, forge, name, budget), arguments, forge, name, budget)
    try:
        yield AskedForge(Keeping(source), _sender(client), budget)
    finally:
        client.close()


def _identity(
    arguments: argparse.Namespace, project: Project, forge: str, name: str, budget: CallBudget
) -> _Identity:
    named = None if arguments.token else _of_settings(project, forge, name)
    if named is not None:
        return _configured(*named, forge=forge, name=name, project=project, budget=budget)
    token = secret_of(arguments.token or f"env:{TOKENS[forge]}", where="--token")
    address = (arguments.api or _ADDRESSES[forge]).rstrip("/")
    return _Identity(_SHOWN[forge](token), address, Trust(ca_file=arguments.ca_file))


def _of_settings(project: Project, forge: str, name: str) -> tuple[str, ForgeSettings] | None:
    """The first connection of ``lockgate.yaml`` to such a forge, at Azure DevOps to this organisation."""
    for key, one in project.settings.forges.items():
        azure = one.azure_devops
        if (
            (forge == "github" and one.github is not None)
            or (forge == "gitlab" and one.gitlab is not None)
            or (azure is not None and forge == "azure-devops" and azure.organization.rstrip("/").endswith(f"/{name}"))
        ):
            return key, one
    return None


def _configured(
    key: str, settings: ForgeSettings, *, forge: str, name: str, project: Project, budget: CallBudget
) -> _Identity:
    where = f"{FILE_NAME}: forges.{key}"
    trust = Trust(ca_file=str(Path(project.top) / settings.ca_file) if settings.ca_file else "")
    if settings.github is not None and forge == "github":
        return _Identity(_github(settings.github, name, where, trust, budget), settings.github.api.rstrip("/"), trust)
    if settings.azure_devops is not None and forge == "azure-devops":
        from lockgate.sources.forges.credentials import EntraCredential

        azure = settings.azure_devops
        shown = azure_token(secret_of(azure.token, where=where)) if azure.token else EntraCredential()
        return _Identity(shown, azure.organization.rstrip("/").rpartition("/")[0], trust)
    if settings.gitlab is None or not settings.gitlab.token:
        raise ConfigurationError("token is needed", where=where)
    return _Identity(gitlab_token(secret_of(settings.gitlab.token, where=where)), settings.gitlab.address, trust)


def _github(
    settings: GithubSettings, organization: str, where: str, trust: Trust, budget: CallBudget
) -> Credential:
    """The App as it is installed in the organisation, or the token."""
    if not settings.app:
        if not settings.token:
            raise ConfigurationError("app or token is needed", where=where)
        return github_token(secret_of(settings.token, where=where))
    from lockgate.sources.forges.github.app import GitHubApp

    app = GitHubApp(settings.app, secret_of(settings.private_key or "", where=where), api=settings.api, trust=trust)
    for one in app.installations(budget):
        account: Any = one.get("account")
        if isinstance(account, dict) and str(account.get("login", "")).lower() == organization.lower():
            return app.installation(int(one["id"]))
    raise ConfigurationError(f"the App is not installed in {organization}", where=where)


def _opened(
    who: _Identity, arguments: argparse.Namespace, forge: str, name: str, budget: CallBudget
) -> tuple[ForgeClient, PostureSource]:
    """The client that changes are made by, and the source."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    if forge == "github":
        from lockgate.sources.forges.github import github_client
        from lockgate.sources.forges.kept import KeptAnswers
        from lockgate.sources.forges.posture.github import GitHubPosture

        kept = KeptAnswers()  # what a second reading after changes finds unchanged costs no call
        client = github_client(who.credential, api=who.address, trust=who.trust, budget=budget, kept=kept)
        return client, GitHubPosture(client, name, read_at=at, webhooks=arguments.webhooks)
    if forge == "azure-devops":
        from lockgate.sources.forges.azure_devops import AzureDevOps
        from lockgate.sources.forges.posture.azure_devops import AzureDevOpsPosture

        azure = AzureDevOps(f"{who.address}/{name}", who.credential, trust=who.trust, budget=budget)
        return azure.client, AzureDevOpsPosture(azure, name, read_at=at)
    from lockgate.sources.forges.gitlab import gitlab_client
    from lockgate.sources.forges.posture.gitlab import GitLabPosture

    client = gitlab_client(who.credential, address=who.address, trust=who.trust, budget=budget)
    return client, GitLabPosture(client, name, read_at=at, webhooks=arguments.webhooks)


def _sender(client: ForgeClient) -> Send:
    """What may be done twice is repeated where its answer is lost; what makes something new is not."""

    def send(method: str, path: str, body: Any) -> object:
        return client.send(method, path, body, again=method != "POST")

    return send
