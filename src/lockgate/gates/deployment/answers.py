"""Which answers count: of people who are still who they were, about exactly what would run now.

What does not count for its binding, its age, or a newer answer counts again for no later moment and no later binding.
That somebody is disabled and enabled again is for who keeps answers to remember.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from lockgate.dataclass import dataclass
from lockgate.model.deployment import Answered, Approval, DeploymentRequest
from lockgate.settings import EnvironmentSettings, QuorumLine


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody as the directory knows them now."""

    id: str
    name: str = ""
    teams: frozenset[str] = frozenset()
    personas: frozenset[str] = frozenset()
    known_as: frozenset[str] = frozenset()
    """Logins at forges and addresses of mail, by which commits name them."""
    active: bool = True
    """False: disabled; what they said falls away."""

    @property
    def names(self) -> frozenset[str]:
        """Everything that they are called by, as it is compared."""
        return frozenset(one.casefold() for one in (self.id, *self.known_as))

    def fits(self, line: QuorumLine) -> bool:
        """Whether they are of those whom a line asks for."""
        if line.people:
            return not self.names.isdisjoint(one.casefold() for one in line.people)
        return line.team in self.teams if line.team is not None else line.persona in self.personas


@dataclass(frozen=True, slots=True)
class Bound:
    """What would run now, and since when that is so."""

    binding: str
    since: datetime
    """An answer that was given before is about something else, even where it has become the same again."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The answers of a request."""

    approve: tuple[Approval, ...] = ()
    """Those that count, one of each person, in the order of their time."""
    reject: tuple[Approval, ...] = ()
    void: tuple[tuple[Approval, str], ...] = field(default=())
    """Those that do not, with the reason."""


def weigh(
    answers: Iterable[Approval], request: DeploymentRequest, settings: EnvironmentSettings,
    directory: Mapping[str, Approver], bound: Bound, now: datetime,
) -> Weighed:  # fmt: skip
    """Sort the answers into those that count and those that do not. ``directory``: people by their ids."""
    ordered = sorted(set(answers), key=lambda one: (one.at, one.id, one.answer, one.binding, one.mfa, one.comment))
    last = {one.actor: one for one in ordered}
    approve: list[Approval] = []
    reject: list[Approval] = []
    void: list[tuple[Approval, str]] = []
    for one in ordered:
        if last[one.actor] != one:
            why = "they have answered anew"
        else:
            why = _void(one, request, settings, directory.get(one.actor), bound, now)
        if why:
            void.append((one, why))
        else:
            (approve if one.answer is Answered.APPROVE else reject).append(one)
    return Weighed(tuple(approve), tuple(reject), tuple(void))


def _void(
    one: Approval, request: DeploymentRequest, settings: EnvironmentSettings, who: Approver | None, bound: Bound,
    now: datetime,
) -> str:  # fmt: skip
    """Why an answer does not count; empty where it does."""
    if one.request != request.id:
        return "it is about another request"
    if one.binding != bound.binding or one.at < bound.since:
        return "what would run, what is known of it, or the policy has changed since"
    if who is None or not who.active:
        return "whoever gave it may no longer answer"
    if settings.approval_hours is not None and now - one.at >= timedelta(hours=settings.approval_hours):
        return f"it is older than {settings.approval_hours} hours"
    if not any(who.fits(line) for line in settings.approvals):
        return "nobody asks for their answer here"
    if one.answer is Answered.REJECT:
        return ""  # who wrote it may well say no, and no proof of who they are is too weak for that
    unproved = settings.mfa and not one.mfa
    return unfit(who, request, settings) or ("it was given without a second factor" if unproved else "")


def unfit(who: Approver, request: DeploymentRequest, settings: EnvironmentSettings) -> str:
    """Why somebody's yes cannot count for this request, whatever they show; empty where it can."""
    if not settings.author_may_approve and not who.names.isdisjoint(one.casefold() for one in request.authors):
        return "they wrote what is deployed"
    if not settings.requester_may_approve and request.requested_by.casefold() in who.names:
        return "they asked for the deployment"
    return ""
