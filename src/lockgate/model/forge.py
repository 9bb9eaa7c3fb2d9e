"""What happens at a forge: pushes, pull requests, merge queues, what is asked again, and whom a forge lets in.

GitHub, Azure DevOps and GitLab tell the same under other names; here it has one. A deployment that waits is
``model.deployment``. What does not belong: how each forge writes it (``formats.forge_events``).
"""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.deployment import DeploymentWaits


class ForgeKind(StrEnum):
    """Which forge one is."""

    GITHUB = "github"
    AZURE_DEVOPS = "azure-devops"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class ForgeRepository:
    """A repository as its forge names it."""

    id: str
    """A number, or a GUID of Azure DevOps: it outlasts renames. Empty where it was not told."""
    name: str
    """The whole name: ``owner/name``, ``group/below/name``, of Azure DevOps ``project/name``."""
    default_branch: str = ""
    """Without ``refs/heads/``; empty where it was not told."""
    is_private: bool = True
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """A branch or tag was moved, made or removed."""

    repository: ForgeRepository
    ref: str
    """``refs/heads/main``."""
    before: str
    """The commit that it named; empty where it is new."""
    after: str
    """The commit that it names; empty where it is gone."""
    by: str = ""

    @property
    def branch(self) -> str:
        """Its name; empty where it is no branch."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A proposed change as it stands: a pull request, or GitLab's merge request."""

    repository: ForgeRepository
    """Into which it goes."""
    number: int
    head: str
    """The newest commit of it; empty where the forge did not tell."""
    base: str
    """The newest commit of the branch it goes into; empty where the forge did not tell."""
    base_branch: str
    head_branch: str
    by: str = ""
    is_open: bool = True
    from_fork: bool = False


@dataclass(frozen=True, slots=True)
class MergeGroup:
    """Pull requests that a merge queue put together, to be checked before they go in."""

    repository: ForgeRepository
    head: str
    base: str
    ref: str
    base_branch: str


@dataclass(frozen=True, slots=True)
class CheckAgain:
    """Somebody asked for the verdict on a commit once more."""

    repository: ForgeRepository
    head: str
    numbers: tuple[int, ...] = ()
    """Of the pull requests that it is in."""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """The forge lets us into other repositories than before."""

    installation: int
    account: str
    added: tuple[ForgeRepository, ...] = ()
    removed: tuple[ForgeRepository, ...] = ()
    is_gone: bool = False
    """Whether all access has ended, for good or until further notice."""


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """How an organisation or a repository is set up is another now."""

    account: str
    """The organisation or group, as its forge names it, also what stands below it; empty where there is but one."""
    about: str
    """What the forge calls it: ``branch_protection_rule edited``."""


@dataclass(frozen=True, slots=True)
class DeploymentsMayWait:
    """Deployments of a repository may wait for an answer: the forge tells no more than that, and lists which."""

    repository: ForgeRepository


Happening = (
    Push | PullRequest | MergeGroup | CheckAgain | AccessChanged | SettingsChanged | DeploymentWaits
    | DeploymentsMayWait
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForgeEvent:
    """One thing that a forge told."""

    happening: Happening
    installation: int = 0
    """Of a GitHub App, whose token may be used for it; 0 where there is none."""
