"""One step of an explanation, whatever the language of the policy: a part of it, what it gave, and its own parts."""

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
