"""A deployment that waits at a gate: what is to run where, who answers, what forges are told.

``DeploymentWaits`` is what a forge or a pipeline hands to the gate, ``DeploymentAnswer`` what it is handed back. What
does not belong: the rules of an environment and what is known of a deployment (``gates.deployment``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.decision import Verdict


class Standing(StrEnum):
    """Where a request for a deployment stands."""

    WAITING = "waiting"  # for a check, a scan, a time: nobody has to do anything here
    ASKING = "asking"  # people have to answer, and nothing else is in the way of them
    ALLOWED = "allowed"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # by who asked

    @property
    def settled(self) -> bool:
        """Whether nothing more will become of it by itself."""
        return self not in (Standing.WAITING, Standing.ASKING)


@dataclass(frozen=True, slots=True)
class DeploymentWaits:
    """A deployment that waits at a forge or in a pipeline for an answer of the gate."""

    forge: str
    """``github``, ``azure-devops``, ``gitlab``; ``pipeline`` for whoever calls ``lockgate gate``."""
    key: str
    """What it is known by there: a second delivery of the same wait has the same key."""
    environment: str
    repository: str
    """Host and path, ``github.com/team/shop``."""
    ref: str
    """``refs/heads/main``, ``refs/tags/v1.2``."""
    commit: str
    """The whole hash."""
    requested_by: str
    """Login of who asked for it, there."""
    url: str = ""
    """A page about it for people."""
    images: tuple[str, ...] = ()
    """Images by digest, where whoever asks knows them: ``registry.example.com/team/cart@sha256:...``."""
    manifests: str = ""
    """Digest of the rendered manifests, where whoever asks knows it."""
    callback: Mapping[str, str] = field(default_factory=dict)
    """What the client of the forge needs to answer; never a secret, for it is stored."""


@dataclass(frozen=True, slots=True)
class DeploymentAnswer:
    """What the gate says to whoever waits."""

    forge: str
    key: str
    callback: Mapping[str, str]
    verdict: Verdict
    """``allow`` and ``deny`` end the wait; ``ask`` tells how far it is."""
    comment: str
    """Markdown, a few lines."""
    url: str = ""
    """The page of the request, where there is a console."""


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """What is to run where."""

    id: str
    environment: str
    repository: str
    ref: str
    commit: str
    images: tuple[str, ...]
    """By digest, sorted, each once."""
    manifests: str
    """``sha256:`` and 64 hex digits over the rendered manifests; empty where there are none."""
    requested_by: str
    """Id of an actor, or the login at the forge."""
    requested_at: datetime
    authors: tuple[str, ...] = ()
    """Who wrote what is deployed and does not run yet: logins and addresses of mail, as commits have them."""
    forge: str = "pipeline"
    url: str = ""


class Answered(StrEnum):
    """What somebody said."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's answer about exactly what was shown to them. Appended, never edited."""

    id: str
    request: str
    actor: str
    """Id of who answered."""
    name: str
    """For people."""
    answer: Answered
    binding: str
    """Digest over all that it is about; see ``gates.deployment.binding``."""
    at: datetime
    comment: str = ""
    mfa: bool = False
    """Whether a second factor was shown for it."""


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Somebody let a deployment through before its time, and said why."""

    id: str
    request: str
    actor: str
    name: str
    reason: str
    subject: str
    """Digest over images and manifests: nothing else may go through with it."""
    at: datetime
    until: datetime
    followed_up_by: tuple[str, ...] = ()
    """Ids of those who have looked at it since."""
    follow_up_by: datetime | None = None
    """When they must have; None where nobody must."""
