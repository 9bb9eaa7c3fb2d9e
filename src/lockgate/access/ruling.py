"""Whether an actor may do something to an object, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from lockgate.access.permissions import described
from lockgate.access.personas import granted, held, is_of_teams, narrower
from lockgate.dataclass import dataclass
from lockgate.model.actor import Actor, ActorKind, Asset, Permission, Persona, Scope


class Remedy(StrEnum):
    """What would help who was refused."""

    NONE = ""
    STEP_UP = "step-up"  # show a second factor now


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer, with its reason."""

    allowed: bool
    reason: str
    """For people, and for the audit trail."""
    scope: Scope | None = None
    """How far the permission reaches for this actor. A list of objects is cut to it."""
    remedy: Remedy = Remedy.NONE

    def __bool__(self) -> bool:
        return self.allowed


def may(
    actor: Actor, permission: Permission, asset: Asset | None = None, *, now: datetime, fresh_mfa: int | None = None
) -> Ruling:
    """Whether ``actor`` may.

    Without an ``asset`` it is asked whether they may to anything at all; ``Ruling.scope`` then says to what.
    ``fresh_mfa``: minutes within which a second factor must have been shown; by default what the permission demands.
    What no team owns is reached whole or not at all, since no list of it can be cut.
    Services and workloads have no second factor: what they may was decided, with one, when they were given it.
    Raises :class:`UsageError` for a permission that does not exist.
    """
    demanded = described(permission).fresh_minutes if fresh_mfa is None else fresh_mfa
    scope = reach(actor, permission)
    if scope is None:
        return Ruling(False, _refused(actor, permission))
    if scope is not Scope.ANY and not is_of_teams(permission):
        return Ruling(False, f"{permission} is about what no team owns: a token for it says any:{permission}", scope)
    if asset is not None and not _reaches(actor, scope, asset):
        return Ruling(False, f"{actor.name} may {permission} only for {_HELD[scope]}", scope)
    if demanded and actor.kind is ActorKind.PERSON and not _fresh(actor, now, demanded):
        said = f"{permission} needs a second factor within the last {demanded} minutes"
        return Ruling(False, said, scope, Remedy.STEP_UP)
    return Ruling(True, f"{scope}:{permission} {_by(actor, permission, scope)}", scope)


def reach(actor: Actor, permission: Permission) -> Scope | None:
    """How far a permission reaches for an actor; None: they do not have it."""
    scope = held(actor).get(permission)
    if scope is None or actor.narrowed is None:
        return scope
    of_token = [one.scope for one in actor.narrowed if one.permission == permission]
    return narrower(scope, max(of_token, key=list(Scope).index)) if of_token else None


def owns(actor: Actor, asset: Asset) -> bool:
    """Whether a team of the actor owns an object."""
    name = asset.name.lower()
    return any(
        held_.kind is asset.kind and fnmatchcase(name, held_.name.lower())
        for team in actor.teams
        for held_ in team.owns
    )


_HELD = {Scope.OWN: "what is their own", Scope.TEAM: "what their teams own", Scope.ANY: "everything"}


def _reaches(actor: Actor, scope: Scope, asset: Asset) -> bool:
    if scope is Scope.ANY or (bool(asset.owner) and asset.owner == actor.id):
        return True
    return scope is Scope.TEAM and owns(actor, asset)


def _fresh(actor: Actor, now: datetime, minutes: int) -> bool:
    shown = actor.strength.mfa
    # A time that is yet to come is no proof: a clock, or a row, is wrong.
    return shown is not None and timedelta() <= now - shown <= timedelta(minutes=minutes)


def _refused(actor: Actor, permission: Permission) -> str:
    if actor.narrowed is not None and permission in held(actor):
        return f"the token of {actor.name} is not for {permission}"
    who = ", ".join(actor.personas) or actor.kind
    able = ", ".join(one for one in Persona if permission in granted(one))
    return f"{actor.name} ({who}) may not {permission}; {able or 'only a token for it'} may"


def _by(actor: Actor, permission: Permission, scope: Scope) -> str:
    found = next((one for one in actor.personas if granted(one).get(permission) == scope), None)
    return f"as {found}" if found is not None else "by their grants"
