"""The contract of a forge: what all three can do, under one name each. One module a forge implements it.

What does not belong: what is told and when (``engine.forges``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from lockgate.dataclass import dataclass
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import ForgeKind, ForgeRepository, PullRequest

MOST_TITLE = 140
"""Characters of a verdict's title: what the narrowest of them shows (GitHub's statuses)."""


class Standing(StrEnum):
    """How the verdict on a commit stands."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    """Nothing could be judged: that is no pass."""


class Level(StrEnum):
    """How loud a remark at a line is."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one place of the change."""

    key: str
    """By which the same is known again: the fingerprint of a finding."""
    path: str
    line: int
    """From 1."""
    end_line: int
    level: Level
    title: str
    text: str
    """Plain text."""


@dataclass(frozen=True, slots=True)
class CommitVerdict:
    """What is said of a commit."""

    name: str
    """Of the check: one of this name stands on a commit."""
    commit: str
    standing: Standing
    title: str
    """One line of at most :data:`MOST_TITLE` characters."""
    summary: str = ""
    """Markdown, safe to show whatever a repository holds."""
    remarks: tuple[Remark, ...] = ()
    url: str = ""
    """A page with more."""
    number: int = 0
    """The pull request that it is about; 0: none."""
    branch: str = ""
    key: str = ""
    """Of the work, the same when it is begun again."""


@dataclass(frozen=True, slots=True)
class CloneAccess:
    """How git fetches a repository: an address without credentials, and what a credential helper says."""

    address: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"CloneAccess({self.address!r})"


@dataclass(frozen=True, slots=True)
class MissedDelivery:
    """A webhook that the forge could not deliver, and still holds."""

    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes


class Forge(Protocol):
    """One forge under one identity. Every method raises ``SourceError``."""

    kind: ForgeKind

    @property
    def host(self) -> str:
        """Of the forge, for names of repositories: ``github.com``."""

    def repositories(self) -> Iterator[ForgeRepository]:
        """Those that it shows this identity."""

    def head(self, repository: ForgeRepository) -> tuple[str, str]:
        """The default branch, and the commit that it names; twice nothing where the repository is empty."""

    def tip(self, repository: ForgeRepository, branch: str) -> str:
        """The commit that a branch names; empty where there is no such branch."""

    def pull_request(self, repository: ForgeRepository, number: int) -> PullRequest:
        """One as it stands now."""

    def open_pull_requests(self, repository: ForgeRepository) -> Iterator[PullRequest]:
        """All that are open."""

    def merge_base(self, repository: ForgeRepository, one: str, other: str) -> str:
        """The newest commit that is in the history of both; empty where there is none."""

    def clone(self, repository: ForgeRepository) -> CloneAccess:
        """How git fetches it. The address is made of the settings, never of what an event said."""

    def tell(self, repository: ForgeRepository, verdict: CommitVerdict) -> None:
        """Put a verdict on its commit, in place of an earlier one of that name."""

    def comment(self, repository: ForgeRepository, number: int, marker: str, text: str) -> None:
        """Say something on a pull request, once: what was said under the same marker is replaced."""

    def upload(self, repository: ForgeRepository, commit: str, ref: str, sarif: bytes) -> str:
        """Hand over a SARIF file, packed by gzip; why it was not taken, or nothing where it was."""

    def answer(self, callback: Mapping[str, str], verdict: Verdict, comment: str) -> None:
        """Answer a deployment that waits: allow and deny end the wait, anything else tells how far it is."""

    def waiting(self, repository: ForgeRepository) -> Iterator[DeploymentWaits]:
        """Deployments that wait for an answer of ours now; none where the forge lists none."""

    def missed(self, since: float) -> Iterator[MissedDelivery]:
        """Webhooks that were not delivered since then (seconds since 1970); none where the forge keeps none."""

    def close(self) -> None:
        """Hang up."""


def clipped_title(text: str) -> str:
    """``text`` as a title may be."""
    return text if len(text) <= MOST_TITLE else f"{text[: MOST_TITLE - 1]}\N{HORIZONTAL ELLIPSIS}"


def batches(remarks: Sequence[Remark], size: int) -> Iterator[Sequence[Remark]]:
    """Remarks in groups of at most ``size``; one empty group where there are none."""
    for start in range(0, max(len(remarks), 1), size):
        yield remarks[start : start + size]
