"""What comes of judging: violations, and what could not be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.constraint import ACTIONS


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that the logic of a template says of an object."""

    message: str
    details: Any = None
    """Whatever the template adds, as plain JSON; None when it adds nothing."""
    error: str = ""
    """Stable code of what went wrong (``evaluation``, ``budget``, ``match``, ``policy``); empty for a violation."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One answer of one constraint. With an ``error`` the constraint could not be judged: the caller's failure mode
    says what follows, and nobody may take it for an allow."""

    constraint_kind: str
    constraint_name: str
    actions: tuple[str, ...]
    """What follows at the point that asked, the strictest first: ``deny``, ``warn``, ``dryrun``."""
    message: str
    details: Any = None
    """Plain JSON; None when the template adds nothing."""
    error: str = ""
    """Stable code of what went wrong; empty for a violation."""
    template: str = ""
    """Name of the ExpansionTemplate whose object violates; empty when it is the object itself."""

    @property
    def action(self) -> str:
        """The strictest of ``actions``."""
        return self.actions[0]

    @property
    def constraint(self) -> str:
        """``Kind/name``."""
        return f"{self.constraint_kind}/{self.constraint_name}"

    @property
    def denies(self) -> bool:
        """Whether it is a violation that keeps the object out. What could not be judged is left to the caller."""
        return not self.error and "deny" in self.actions

    def implied(self, template: str, *, action: str, message: str) -> Violation:
        """The same, of an object that does not exist yet and that an ExpansionTemplate made."""
        actions = (action,) if action in ACTIONS else self.actions
        return replace(self, template=template, actions=actions, message=message)
