"""What a gate answers."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass


class Verdict(StrEnum):
    """From best to worst."""

    ALLOW = "allow"
    WARN = "warn"
    ASK = "ask"  # a person has to answer
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision: which line of the configuration met which findings or skips."""

    verdict: Verdict
    rule: str
    """The gate rule, as the configuration names it: ``deny[0]``, ``must-read``."""
    text: str
    identities: tuple[str, ...] = ()
    """Identities of the findings it is about."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict of one gate on one run, with every reason; the worst reason is the verdict."""

    gate: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    nothing_checked: tuple[str, ...] = ()
    """Families (or ``everything``) that were asked for and could not be checked at all; never empty-handed safety."""
