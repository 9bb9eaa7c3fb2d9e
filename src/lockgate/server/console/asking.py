"""Who asks, and whether they may: what every route says of itself.

A route takes ``Annotated[Actor, needs(FINDINGS_READ)]``, or ``public`` where anybody may ask. A test walks all routes
and refuses one that says neither. A refusal goes into the audit trail where the route changes something; what a route
changes, it tells the trail itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, Request

from lockgate.access import Remedy, Ruling, may
from lockgate.errors import LockgateError
from lockgate.model.actor import Actor, Asset, Permission
from lockgate.server.console import idempotency
from lockgate.server.console.services import Services
from lockgate.store.team import trail

AssetOf = Callable[[Request], "Asset | Awaitable[Asset | None] | None"]
MOST_NUMBER = 2**31 - 1
"""The largest number of a row, as PostgreSQL has integers; an address may hold any."""
_ACTOR = "lockgate.actor"
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


class NobodyError(Exception):
    """Nobody is signed in, and somebody must be."""


class ForbiddenError(Exception):
    """They may not."""

    def __init__(self, ruling: Ruling, actor: Actor) -> None:
        super().__init__(ruling.reason)
        self.ruling, self.actor = ruling, actor

    @property
    def is_step_up(self) -> bool:
        """Whether a second factor would let them."""
        return self.ruling.remedy is Remedy.STEP_UP


def services_of(request: Request) -> Services:
    """What the application stands on."""
    found: Services = request.app.state.services
    return found


async def actor_of(request: Request) -> Actor | None:
    """Who sent a request; looked for once."""
    if _ACTOR in request.scope:
        known: Actor | None = request.scope[_ACTOR]
        return known
    found = None
    for identify in services_of(request).identify:
        found = await identify(request)
        if found is not None:
            break
    request.scope[_ACTOR] = found
    return found


class Needs:
    """What a route needs; a dependency that gives the actor."""

    def __init__(self, permission: Permission, asset: AssetOf | None, fresh_mfa: int | None) -> None:
        self.permission, self.asset, self.fresh_mfa = permission, asset, fresh_mfa

    async def __call__(self, request: Request) -> Actor:
        """Raises :class:`NobodyError` and :class:`ForbiddenError`."""
        actor = await actor_of(request)
        if actor is None:
            raise NobodyError
        asset = self.asset(request) if self.asset is not None else None
        if isinstance(asset, Awaitable):
            asset = await asset
        permit(request, actor, self.permission, asset, fresh_mfa=self.fresh_mfa)
        await idempotency.begin(request, actor, services_of(request))
        return actor


def needs(permission: Permission, asset: AssetOf | None = None, *, fresh_mfa: int | None = None) -> Any:
    """A dependency that gives the actor, who has ``permission``: to the object that ``asset`` names, or to some.

    ``fresh_mfa``: minutes within which a second factor must have been shown, where the permission says other.
    Where it is known only later which object is meant, the route asks :func:`permit` of it too.
    """
    return Depends(Needs(permission, asset, fresh_mfa))


def permit(
    request: Request, actor: Actor, permission: Permission, asset: Asset | None = None, *, fresh_mfa: int | None = None
) -> Ruling:  # fmt: skip
    """The ruling that lets ``actor`` do it. Raises :class:`ForbiddenError`; that of a change is kept in the trail."""
    known = services_of(request)
    ruling = may(actor, permission, asset, now=known.now(), fresh_mfa=fresh_mfa)
    if ruling:
        return ruling
    if request.method not in _SAFE and ruling.remedy is Remedy.NONE:
        _keep(request, actor, permission, asset, ruling)
    raise ForbiddenError(ruling, actor)


def _keep(request: Request, actor: Actor, permission: Permission, asset: Asset | None, ruling: Ruling) -> None:
    entry = trail.Entry(
        actor, str(permission), f"{asset.kind}:{asset.name}" if asset else request.url.path, trail.REFUSED,
        ruling.reason, address_of(request),
    )  # fmt: skip
    try:
        with services_of(request).database.begin() as connection:
            trail.append(connection, entry)
    except LockgateError:  # the refusal holds all the same; that it is not kept, the log says
        import logging

        logging.getLogger("lockgate.console").error("a refusal could not be kept in the audit trail")


def address_of(request: Request) -> str:
    """Where a request came from, as the network tells; headers that anybody can write do not count."""
    return request.client.host if request.client else ""


async def _anybody() -> None:
    return None


public = Depends(_anybody)
"""Says of a route that anybody may ask: ``dependencies=[public]``."""


def needed_by(dependant: Any) -> Permission | None:
    """What a route needs, by its dependencies; None where anybody may ask, or it says nothing."""
    call = getattr(dependant, "call", None)
    if isinstance(call, Needs):
        return call.permission
    return next((found for one in dependant.dependencies if (found := needed_by(one)) is not None), None)


def said_by(dependant: Any) -> bool:
    """Whether a route, by its dependencies, says what it needs."""
    call = getattr(dependant, "call", None)
    return isinstance(call, Needs) or call is _anybody or any(said_by(one) for one in dependant.dependencies)
