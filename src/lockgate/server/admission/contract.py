"""What the webhook is handed: the judge, the recorder, and how it fails where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from lockgate.dataclass import dataclass
from lockgate.policy.remembered import Shared
from lockgate.settings.globs import word_matches


@dataclass(frozen=True, slots=True)
class Denial:
    """One reason to refuse."""

    policy: str
    """Name of the policy or constraint, as its author would look for it."""
    message: str


@dataclass(frozen=True, slots=True)
class Template:
    """Outcomes that many verdicts have but for some texts."""

    outcomes: Sequence[Mapping[str, Any]]
    """With what stands in for the texts."""
    texts: Mapping[str, str]
    """The texts of one verdict by what stands in for them, which is written in JSON as it is, and so are they."""
    shared: Shared
    """Keeps what is made of ``outcomes``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one request."""

    allowed: bool
    policy_version: str
    """Digest or name of the set of policies that judged."""
    denials: tuple[Denial, ...] = ()
    """Why not; a verdict that does not allow has at least one."""
    warnings: tuple[str, ...] = ()
    """For the person who sent the request; kubectl prints them."""
    audit_annotations: Mapping[str, str] = field(default_factory=dict)
    """For the audit log of the cluster."""
    patch: tuple[Mapping[str, Any], ...] = ()
    """JSON Patch operations (RFC 6902) that ``/mutate`` answers with."""
    errors: tuple[str, ...] = ()
    """Policies that could not be evaluated. Without a denial the failure mode of the namespace decides."""
    outcomes: Sequence[Mapping[str, Any]] = ()
    """For the record: each thing that a policy said, as plain JSON with ``policy``, ``action`` and ``message``."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """For the record: what each policy that was evaluated took."""
    template: Template | None = field(default=None, compare=False, repr=False)
    """What gives ``outcomes`` when it is filled, where there is one."""
    shared: Shared = field(default_factory=Shared, compare=False, repr=False)
    """Keeps what is made of the fields above but ``patch`` and ``seconds`` on their way out. The same for verdicts that
    say the same, so that their words are written once."""


@runtime_checkable
class Judge(Protocol):
    """One loaded set of policies. Called from several threads at once; a new set is a new judge."""

    @property
    def version(self) -> str:
        """Digest or name of the set."""

    def review(self, request: Mapping[str, Any], *, deadline: float) -> Verdict:
        """Judge ``request`` before ``deadline``: an AdmissionRequest v1 of plain JSON values, nested no deeper than
        ``review.MAX_DEPTH``, not to be changed.

        ``deadline`` is in ``time.monotonic()``; a judge keeps to it by its own budget, and says in ``errors`` what it
        did not come to. An exception counts as an error, never as leave.
        """


Waits = Callable[[Mapping[str, Any]], bool]


@runtime_checkable
class WaitingJudge(Judge, Protocol):
    """A judge who asks others for some requests: these are judged beside the event loop, and the rest in it."""

    def waits(self, request: Mapping[str, Any]) -> bool:
        """Whether this request makes it wait. Quick, and asks nobody."""


class FailureMode(StrEnum):
    """What happens to a request that could not be judged."""

    CLOSED = "closed"  # refused
    OPEN = "open"  # let through, counted, recorded, with a warning to the sender


@dataclass(frozen=True, slots=True)
class FailureModes:
    """The failure mode of each namespace."""

    default: FailureMode = FailureMode.CLOSED
    """For namespaces not named, and for objects in none."""
    namespaces: Mapping[str, FailureMode] = field(default_factory=dict)
    """By name, or by a glob with ``*``."""

    def of(self, namespace: str) -> FailureMode:
        """The mode of a namespace; empty for cluster-scoped objects. A name goes before globs; of several globs that
        match it, one that closes counts."""
        if not namespace:
            return self.default
        found = self.namespaces.get(namespace)
        if found is not None:
            return found
        modes = {mode for glob, mode in self.namespaces.items() if word_matches(glob, namespace)}
        return FailureMode.CLOSED if FailureMode.CLOSED in modes else next(iter(modes), self.default)


class Outcome(StrEnum):
    """How a review ended; the label of its metric and a column of its record."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED_OPEN = "failed-open"
    FAILED_CLOSED = "failed-closed"


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One review, for the record. Values of Secrets in it are hashed or removed."""

    received: float
    """Seconds since the epoch."""
    endpoint: str
    """``validate`` or ``mutate``."""
    request: Mapping[str, Any]
    verdict: Verdict | None
    """None when the judge gave none."""
    outcome: Outcome
    seconds: float
    """From the last byte of the request to the answer."""
    failure: str = ""
    """Why it could not be judged; empty when it was."""


@runtime_checkable
class Recorder(Protocol):
    """Keeps reviews. Called from one thread, never from the one that answers.

    One may have a method ``prepare``: it is given each review, values of Secrets in it, on the thread that answers, and
    what it makes of it is what waits for ``record``. It must be quick, and keep nothing secret.
    """

    def record(self, records: Sequence[ReviewRecord]) -> None:
        """Keep these, in this order. An exception is counted and told in ``/metrics``; the records are lost then."""
