"""What mends the findings of an image, in steps that somebody can take."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.grades import Severity


class PlanAction(StrEnum):
    """What a step asks for."""

    REBUILD = "rebuild"
    """Build the image anew on another base."""
    UPGRADE = "upgrade"
    """Upgrade packages in one layer."""
    NONE = "none"
    """Nothing can be done by an upgrade today; the step says how things stand."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step, and the findings that it mends."""

    action: PlanAction
    text: str
    """For people, in one sentence."""
    packages: tuple[str, ...]
    """``libssl3 3.0.15``, as they are now; sorted, each once."""
    target: str
    """The version to upgrade to; ``name@digest`` of the base to build on, where one is known to mend; else empty."""
    layer: int | None
    """The layer to upgrade in, from 0; None where the step is not about one layer."""
    identities: tuple[str, ...]
    """Of the findings."""
    severities: tuple[Severity, ...]
    """Of the same, worst first."""
