"""What the gate answers: each thing that a policy said, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import WaiverUse
from lockgate.policy.remembered import Shared


class Action(StrEnum):
    """What follows from one thing said."""

    DENY = "deny"
    WARN = "warn"
    AUDIT = "audit"  # told to the audit log and the record, not to the sender
    WAIVED = "waived"  # would deny or warn, and somebody answers for it
    ERROR = "error"  # could not be judged: the failure mode of the namespace decides


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that one policy said of the object."""

    policy: str
    """As its author would look for it: ``policy/privileged-container``, ``K8sAllowedRepos/prod``, ``no-latest``."""
    engine: str
    """``catalogue``, ``gatekeeper``, ``kubernetes`` or ``mutation``."""
    action: Action
    message: str
    binding: str = ""
    """Binding of a ValidatingAdmissionPolicy; else empty."""
    pointer: str = ""
    """JSON pointer of the field at fault, where the policy knows it."""
    item: str = ""
    """Container, port or rule at fault; empty for the whole."""
    of_pod: bool = False
    """It is about the Pods that the object will make."""
    waiver: WaiverUse | None = None
    """Who waived it, or an expired waiver that would have covered it."""


class Heard(Shared):
    """Everything that is said of a review. The same object for the next review of which the same is said, as a rule."""

    __slots__ = ("__weakref__", "like", "said", "texts")

    def __init__(self, said: tuple[Said, ...], like: Heard | None = None,
                 texts: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """``like``: where the same is said in the same order, but for ``texts``, which stand in place of their keys."""
        super().__init__()
        self.said, self.like, self.texts = said, like, texts or {}


NOTHING = Heard(())


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything the policies say about one request."""

    version: str
    """Digest of everything that was loaded."""
    heard: Heard = NOTHING
    """Each thing that was said, shared with other answers that say the same."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What each policy that was evaluated took, by its name."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """For the audit log of the cluster; keys hold no slash."""
    object: Mapping[str, Any] | None = None
    """The object after mutation; the very one of the request when nothing changed it."""
    patch: tuple[Mapping[str, Any], ...] = ()
    """JSON Patch from the object of the request to ``object``."""
    owner: str = ""
    """Whose the object is, where its labels, its Namespace or its controller tell."""

    @property
    def said(self) -> tuple[Said, ...]:
        """Each thing that was said."""
        return self.heard.said

    def of(self, *actions: Action) -> tuple[Said, ...]:
        """What has one of these actions."""
        return tuple(one for one in self.said if one.action in actions)

    @property
    def allowed(self) -> bool:
        """Whether nothing denies; what could not be judged is not looked at."""
        return not any(one.action is Action.DENY for one in self.said)
