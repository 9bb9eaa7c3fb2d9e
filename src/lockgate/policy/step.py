"""Explanations of verdicts, whatever the language of the policy: the outcome, and the steps that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One part of an expression or of a rule."""

    text: str
    """The part, written anew or as it stands."""
    value: Any = None
    """What it gave; None also when it failed."""
    error: str = ""
    """Why it failed; empty when it did not."""
    decided: bool = False
    """Whether it is what the part around it hangs on."""
    note: str = ""
    """What the step is about: a member of a list, a validation, how many answers there are."""
    parts: tuple[Step, ...] = ()
    """What it is made of; constants, and what was not looked at, left out."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one policy says of one object, and why."""

    policy: str
    """A constraint as ``Kind/name``; a policy, and its binding where that has a name."""
    outcome: str
    """``denied``, ``warned``, ``audited``, ``changed``, ``allowed``, ``not about it`` or ``failed``."""
    reason: str = ""
    """The messages, or what leaves the object out."""
    steps: tuple[Step, ...] = ()
