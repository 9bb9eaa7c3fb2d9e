"""What is known of a deployment, as data, with one digest over it.

The digest is over what an approver relies on, in a form that does not depend on the order in which it was gathered:
whoever approves has seen exactly this, and anything else is another thing. How long ago an image was scanned is no
part of it, for time alone would void every answer; whether that is too long ago is decided anew each time.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from lockgate.dataclass import dataclass

_PASSING = {"passing": True}
"""Metadata of a field that changes by itself, or that is only for people."""
_FORM = "lockgate-evidence-1"


class CheckState(StrEnum):
    """How a check of the commit stands at the forge."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """A check of the commit at the forge."""

    name: str
    state: CheckState


@dataclass(frozen=True, slots=True)
class GateSeen:
    """The last whole check of the commit by our own gate."""

    verdict: str
    reasons: tuple[str, ...] = ()
    """In words, with the line of the settings: ``deny[0]: 2 findings ...``."""
    run: str = dataclasses.field(default="", metadata=_PASSING)


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """One image that is deployed."""

    name: str
    """Registry and repository."""
    digest: str
    trust: str = ""
    """Verdict of the policy of images; empty where there is none, ``unknown`` where it could not be asked."""
    reasons: tuple[str, ...] = ()
    """What is not met of it."""
    signed_by: tuple[str, ...] = ()
    scan: str = ""
    """Verdict of its last scan that read what is installed; empty where there was none."""
    scanned_at: datetime | None = dataclasses.field(default=None, metadata=_PASSING)
    before: str = ""
    """Digest under the same name that was allowed before; empty where there was none."""


@dataclass(frozen=True, slots=True)
class FindingSeen:
    """A finding that the deployment brings or mends."""

    identity: str
    rule: str
    severity: str
    message: str
    where: str = ""
    """Image, or path and line."""


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package of an image; ``before`` empty: it comes, ``after`` empty: it goes."""

    image: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CommitSeen:
    """One commit that is deployed and was not before."""

    id: str
    authors: tuple[str, ...]
    """Who wrote it, and who committed it: addresses of mail, and logins where the forge knows them."""
    subject: str


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What a policy says of one object of the manifests."""

    rule: str
    subject: str
    """Kind, namespace and name."""
    verdict: str
    message: str


@dataclass(frozen=True, slots=True)
class SurfaceChange:
    """What manifests open to networks, or permit, otherwise than those before."""

    subject: str
    text: str
    added: bool
    """False: it is no longer so."""


@dataclass(frozen=True, slots=True)
class WaiverSeen:
    """A waiver that the verdict of the gate rests on."""

    id: str
    by: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known of one deployment."""

    checks: tuple[CheckSeen, ...] = ()
    gate: GateSeen | None = None
    """None: the commit was not checked, as far as the record knows."""
    images: tuple[ImageSeen, ...] = ()
    new_findings: tuple[FindingSeen, ...] = ()
    fixed_findings: tuple[FindingSeen, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    commits: tuple[CommitSeen, ...] = ()
    commits_known: bool = True
    """False: there may be others, so that it is not known who wrote what is deployed."""
    policies: tuple[PolicyVerdict, ...] = ()
    """Those that deny or warn."""
    network: tuple[SurfaceChange, ...] = ()
    permissions: tuple[SurfaceChange, ...] = ()
    waivers: tuple[WaiverSeen, ...] = ()
    runs_now: str = ""
    """Commit that was allowed before; empty where nothing was."""
    unread: tuple[str, ...] = ()
    """What could not be found out, in words: an approver is told."""

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hex digits over all of it but what passes by itself."""
        return digest_of(_FORM, canonical(self))


def canonical(value: Any) -> Any:
    """A value of ours as plain JSON in which order says nothing: lists of dataclasses and texts are sorted, each item
    once."""
    if dataclasses.is_dataclass(value):
        return {
            one.name: canonical(getattr(value, one.name))
            for one in dataclasses.fields(value) if not one.metadata.get("passing")
        }  # fmt: skip
    if isinstance(value, tuple):
        items = {orjson.dumps(one, option=orjson.OPT_SORT_KEYS): one for one in map(canonical, value)}
        return [items[key] for key in sorted(items)]
    return value


def digest_of(*parts: Any) -> str:
    """The digest over some parts, each of which keeps its place."""
    content = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def plain(evidence: Evidence) -> bytes:
    """All of it as JSON, for keeping and for pages; :func:`read` gives it back."""
    return orjson.dumps(evidence)


def read(content: bytes | str) -> Evidence:
    """The evidence that :func:`plain` wrote. Raises ``ValueError`` for anything else."""
    told = orjson.loads(content)
    try:
        made: Evidence = _made(Evidence, told)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"that is no evidence: {type(error).__name__}") from None
    return made


_ITEMS: dict[str, Any] = {
    "checks": CheckSeen, "images": ImageSeen, "new_findings": FindingSeen, "fixed_findings": FindingSeen,
    "packages": PackageChange, "commits": CommitSeen, "policies": PolicyVerdict, "network": SurfaceChange,
    "permissions": SurfaceChange, "waivers": WaiverSeen,
}  # fmt: skip


def _made(shape: Any, told: Any) -> Any:
    if not isinstance(told, dict):
        raise TypeError(shape.__name__)
    known = {one.name for one in dataclasses.fields(shape)}
    read: dict[str, Any] = {}
    for name, value in told.items():
        if name not in known:
            continue  # of a later version
        if shape is Evidence and name in _ITEMS:
            value = tuple(_made(_ITEMS[name], one) for one in value)
        elif shape is Evidence and name == "gate":
            value = None if value is None else _made(GateSeen, value)
        elif isinstance(value, list):
            value = tuple(value)
        elif name == "scanned_at" and value is not None:
            value = datetime.fromisoformat(value)
        elif name == "state":
            value = CheckState(value)
        read[name] = value
    return shape(**read)
