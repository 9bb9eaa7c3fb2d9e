"""The forges of the settings, each with who asks it. Secrets are opened here, when they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.model.forge import ForgeKind
from lockgate.secrets.references import secret_of
from lockgate.settings import (
    FILE_NAME,
    AzureDevOpsSettings,
    ForgeSettings,
    GithubSettings,
    GitlabSettings,
)
from lockgate.settings.globs import matcher
from lockgate.sources.forges.azure_devops import AzureDevOps
from lockgate.sources.forges.azure_devops.forge import AzureDevOpsForge
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import (
    Credential,
    EntraCredential,
    azure_token,
    github_token,
    gitlab_token,
)
from lockgate.sources.forges.forge import Forge
from lockgate.sources.forges.github import github_client
from lockgate.sources.forges.github.app import GitHubApp
from lockgate.sources.forges.github.forge import GitHubForge
from lockgate.sources.forges.gitlab import gitlab_client
from lockgate.sources.forges.gitlab.forge import GitLabForge
from lockgate.sources.forges.kept import KeptAnswers
from lockgate.sources.forges.posture.azure_devops import AzureDevOpsPosture
from lockgate.sources.forges.posture.github import GitHubPosture
from lockgate.sources.forges.posture.gitlab import GitLabPosture
from lockgate.sources.forges.so_far import AnswersSoFar
from lockgate.store.team.installations import Allowed
from lockgate.transport import Trust

_KEPT_BYTES = 16 * 1024 * 1024
WORK = Bounds(calls=400, retries=3, wait_seconds=6.0, longest_wait=5.0)
"""Of one delivery: what lasts longer is done later, so that nothing else waits for it."""
Send = Callable[[str, str, Any], object]
"""``send(method, path, body)``: makes one call. Raises ``SourceError`` where it is refused."""
LISTING = Bounds(calls=20_000, retries=50, wait_seconds=60.0, longest_wait=30.0, reserve=500)
"""Of one look at everything: it leaves calls for what is told meanwhile."""


def allowed_by(budget: CallBudget) -> list[Allowed]:
    """What a forge told, call by call, of what it still allows."""
    return [Allowed(one.resource, one.limit, one.remaining, one.reset) for one in budget.allowances.values()]


@dataclass(frozen=True, slots=True)
class AskedPosture:
    """The settings of one organisation, about to be read."""

    source: AzureDevOpsPosture | GitHubPosture | GitLabPosture
    asked: ForgeClient | AzureDevOps

    def close(self) -> None:
        """Hang up."""
        self.asked.close()


class Connection:
    """One forge of the settings."""

    def __init__(
        self, name: str, settings: ForgeSettings, *, project: Path,
        spend: Callable[[Bounds], CallBudget] = CallBudget,
    ) -> None:  # fmt: skip
        """``project``: the folder of ``lockgate.yaml``; ``spend`` makes the budget of each piece of work.

        Raises :class:`ConfigurationError` where it names none or several forges."""
        chosen = [one for one in (settings.github, settings.azure_devops, settings.gitlab) if one is not None]
        if len(chosen) != 1:
            hint = "one of github, azure_devops and gitlab is needed"
            raise ConfigurationError("that is no forge", where=f"{FILE_NAME}: forges.{name}", hint=hint)
        self.name, self.settings = name, settings
        self._chosen: GithubSettings | AzureDevOpsSettings | GitlabSettings = chosen[0]
        self._trust = Trust(str(project / settings.ca_file) if settings.ca_file else "")
        self._spend = spend
        self._covers = matcher(settings.repositories)
        self._app: GitHubApp | None = None
        self._entra: EntraCredential | None = None
        self._kept: dict[int, KeptAnswers] = {}
        self._lock = threading.Lock()

    @property
    def kind(self) -> ForgeKind:
        """Which forge it is."""
        kinds = {GithubSettings: ForgeKind.GITHUB, AzureDevOpsSettings: ForgeKind.AZURE_DEVOPS}
        return kinds.get(type(self._chosen), ForgeKind.GITLAB)

    @property
    def ca_file(self) -> str:
        """For git; empty where there is none."""
        return self._trust.ca_file

    def covers(self, repository: str) -> bool:
        """Whether a repository, by its whole name, is looked at."""
        return bool(self._covers(repository))

    def webhook_secret(self) -> str:
        """Empty where none is named. Raises :class:`ConfigurationError` for one that cannot be read."""
        named = self._chosen.webhook_secret
        return self._secret(named, "webhook_secret") if named else ""

    def forge(self, installation: int = 0, *, budget: CallBudget | None = None) -> Forge:
        """The forge under the identity for an installation of a GitHub App; to be closed by who asked for it.

        Raises ``LockgateError``."""
        budget = budget or self._spend(WORK)
        with self._lock:
            kept = self._kept.setdefault(installation, KeptAnswers(_KEPT_BYTES))
        chosen = self._chosen
        if isinstance(chosen, GithubSettings):
            return self._github(chosen, installation, budget, kept)
        if isinstance(chosen, AzureDevOpsSettings):
            credential = self._azure(chosen)
            azure = AzureDevOps(chosen.organization, credential, trust=self._trust, budget=budget, kept=kept)
            return AzureDevOpsForge(azure, credential)
        if not chosen.token:
            raise self._lacks("token")
        shown = gitlab_token(self._secret(chosen.token, "token"))
        client = gitlab_client(shown, address=chosen.address, trust=self._trust, budget=budget, kept=kept)
        return GitLabForge(client, shown, address=chosen.address)

    def listing(self) -> CallBudget:
        """The budget of one look at everything."""
        return self._spend(LISTING)

    def forges(self, installations: Iterable[int], budget: CallBudget) -> Iterator[tuple[int, Forge]]:
        """The forge under each identity of :meth:`accounts`, with its installation, on one budget for all; each is
        closed before the next."""
        for number in installations:
            forge = self.forge(number, budget=budget)
            try:
                yield number, forge
            finally:
                forge.close()

    def accounts(self, budget: CallBudget) -> dict[int, str]:
        """Whose each installation is; of a forge without installations it is one, 0, of nobody that is known."""
        return {number: account for number, account, _ in self._installed(budget)} or (
            {} if isinstance(self._chosen, GithubSettings) and self._chosen.app else {0: ""}
        )

    def _installed(self, budget: CallBudget | None) -> list[tuple[int, str, bool]]:
        """Number, account, and whether that is an organisation, of each installation of a GitHub App."""
        chosen = self._chosen
        if not isinstance(chosen, GithubSettings) or not chosen.app:
            return []
        told = self._github_app(chosen).installations(budget)
        whose = [(int(one["id"]), one.get("account") or {}) for one in told if one.get("suspended_at") is None]
        return [(number, str(one.get("login", "")), one.get("type") == "Organization") for number, one in whose]

    def organizations(self) -> list[tuple[str, int]]:
        """Organisations and groups whose settings are read, each with its installation. Raises ``LockgateError``."""
        chosen, named = self._chosen, self.settings.posture.organizations
        if isinstance(chosen, AzureDevOpsSettings):
            return [(chosen.organization.rstrip("/").rpartition("/")[2], 0)]
        if isinstance(chosen, GithubSettings) and chosen.app:
            wanted = {one.lower() for one in named}
            return [(account, number) for number, account, is_organization in self._installed(None)
                    if is_organization and (not wanted or account.lower() in wanted)]  # fmt: skip
        return [(one, 0) for one in named or self._belonging()]

    def _belonging(self) -> list[str]:
        """Organisations that the token of GitHub is a member of; groups at the top where that of GitLab maintains."""
        asked = self._reading(0, self._spend(WORK), None)
        try:
            if isinstance(asked, AzureDevOps):
                return []
            if isinstance(self._chosen, GithubSettings):
                return [str(one.get("login", "")) for one in asked.items("user/orgs", {"per_page": "100"})]
            query = {"per_page": "100", "top_level_only": "true", "min_access_level": "40"}
            return [str(one.get("full_path", "")) for one in asked.items("groups", query)]
        finally:
            asked.close()

    def posture(
        self, organization: str, installation: int, *, budget: CallBudget, so_far: AnswersSoFar | None, read_at: str
    ) -> AskedPosture:
        """The settings of an organisation as a source. ``so_far``: answers that count again. Raises
        ``LockgateError``."""
        asked = self._reading(installation, budget, so_far)
        each = self.settings.posture.webhooks
        if isinstance(asked, AzureDevOps):
            return AskedPosture(AzureDevOpsPosture(asked, organization, read_at=read_at), asked)
        if isinstance(self._chosen, GithubSettings):
            return AskedPosture(GitHubPosture(asked, organization, read_at=read_at, webhooks=each), asked)
        return AskedPosture(GitLabPosture(asked, organization, read_at=read_at, webhooks=each), asked)

    @contextmanager
    def sending(self, installation: int, budget: CallBudget) -> Iterator[Send]:
        """What changes settings under the identity for an installation. What makes something new is called once."""
        asked = self._reading(installation, budget, None)
        client = asked.client if isinstance(asked, AzureDevOps) else asked
        try:
            yield lambda method, path, body: client.send(method, path, body, again=method != "POST")
        finally:
            asked.close()

    def _reading(
        self, installation: int, budget: CallBudget, so_far: AnswersSoFar | None
    ) -> ForgeClient | AzureDevOps:  # fmt: skip
        """What reads under the identity for an installation."""
        with self._lock:
            kept = self._kept.setdefault(installation, KeptAnswers(_KEPT_BYTES))
        chosen = self._chosen
        if isinstance(chosen, AzureDevOpsSettings):
            return AzureDevOps(chosen.organization, self._azure(chosen), trust=self._trust, budget=budget, kept=kept,
                               so_far=so_far)  # fmt: skip
        if isinstance(chosen, GithubSettings):
            shown = self._github_credential(chosen, installation)
            return github_client(shown, api=chosen.api, trust=self._trust, budget=budget, kept=kept, so_far=so_far)
        if not chosen.token:
            raise self._lacks("token")
        return gitlab_client(gitlab_token(self._secret(chosen.token, "token")), address=chosen.address,
                             trust=self._trust, budget=budget, kept=kept, so_far=so_far)  # fmt: skip

    def _github_credential(self, chosen: GithubSettings, installation: int) -> Credential:
        app = self._github_app(chosen) if chosen.app else None
        if app is not None and not installation:
            raise ConfigurationError("the App is not installed there", where=f"{FILE_NAME}: forges.{self.name}")
        if app is None and not chosen.token:
            raise self._lacks("app or token")
        if app is not None:
            return app.installation(installation)
        return github_token(self._secret(chosen.token or "", "token"))

    def _github(
        self, chosen: GithubSettings, installation: int, budget: CallBudget, kept: KeptAnswers
    ) -> GitHubForge:  # fmt: skip
        credential = self._github_credential(chosen, installation)
        app = self._github_app(chosen) if chosen.app else None
        client = github_client(credential, api=chosen.api, trust=self._trust, budget=budget, kept=kept)
        return GitHubForge(
            client, credential, address=chosen.address, app=app.client(budget) if app is not None else None,
            is_installation=app is not None,
        )  # fmt: skip

    def _github_app(self, chosen: GithubSettings) -> GitHubApp:
        with self._lock:
            if self._app is None:
                if not chosen.private_key:
                    raise self._lacks("private_key")
                key = self._secret(chosen.private_key, "private_key")
                self._app = GitHubApp(str(chosen.app), key, api=chosen.api, trust=self._trust, spend=self._spend)
            return self._app

    def _azure(self, chosen: AzureDevOpsSettings) -> Credential:
        if chosen.token:
            return azure_token(self._secret(chosen.token, "token"))
        with self._lock:
            self._entra = self._entra or EntraCredential()
            return self._entra

    def _secret(self, reference: str, key: str) -> str:
        return secret_of(reference, where=f"{FILE_NAME}: forges.{self.name}.{self.kind.replace('-', '_')}.{key}")

    def _lacks(self, key: str) -> ConfigurationError:
        where = f"{FILE_NAME}: forges.{self.name}.{self.kind.replace('-', '_')}"
        return ConfigurationError(f"{key} is needed", where=where)


def connections(
    settings: Mapping[str, ForgeSettings], *, project: Path, spend: Callable[[Bounds], CallBudget] = CallBudget
) -> dict[str, Connection]:
    """Those of the settings by their names. Raises :class:`ConfigurationError`."""
    return {name: Connection(name, one, project=project, spend=spend) for name, one in settings.items()}


class Connections:
    """Those of settings that may change: made anew when they did, and kept with their tokens until then."""

    def __init__(self, settings: Callable[[], Mapping[str, ForgeSettings]], *, project: Path) -> None:
        """``settings``: as they hold now; ``project``: the folder of ``lockgate.yaml``."""
        self._settings, self._project = settings, project
        self._of: Mapping[str, ForgeSettings] | None = None
        self._made: dict[str, Connection] = {}
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, Connection]:
        """By their names. Raises :class:`ConfigurationError`."""
        settings = self._settings()
        with self._lock:
            if self._of is None or settings != self._of:
                before = self._made if self._of is not None else {}
                kept = {name: one for name, one in before.items() if settings.get(name) == one.settings}
                made = {name: one for name, one in settings.items() if name not in kept}
                self._made = {**kept, **connections(made, project=self._project)}
                self._of = settings
            return self._made
