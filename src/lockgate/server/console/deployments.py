"""What pages and API of deployments share: the desk, and which requests somebody may see and answer.

A request concerns whoever owns its environment or its repository. What does not belong: what an answer means
(``engine.deployments``).
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request

from lockgate.access import Remedy, may
from lockgate.access.permissions import DEPLOYMENTS_READ
from lockgate.engine.deployments.desk import Desk
from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Asset, AssetKind, Permission
from lockgate.model.deployment import DeploymentRequest, Standing
from lockgate.server.console.asking import permit, services_of
from lockgate.store.team import gates
from lockgate.store.team.gates import ConflictError, Kept

_PAGE = 200
_MOST_PAGES = 20
"""Of requests that somebody may not see, looked through for those that they may."""


def desk_of(request: Request) -> Desk:
    """The desk of this server. Raises :class:`UsageError` where it has none."""
    found = services_of(request).more.get(Desk)
    if not isinstance(found, Desk):
        raise UsageError("this server has no gate of deployments", where="lockgate.yaml: environments")
    return found


def assets_of(request: DeploymentRequest) -> tuple[Asset, Asset]:
    """What must be somebody's: the environment or the repository."""
    return Asset(AssetKind.ENVIRONMENT, request.environment), Asset(AssetKind.REPOSITORY, request.repository)


def permitted(request: Request, actor: Actor, permission: Permission, about: DeploymentRequest) -> None:
    """Raises :class:`ForbiddenError` unless ``actor`` may do it to a request; told in the trail as others are."""
    now = services_of(request).now()
    rulings = [(asset, may(actor, permission, asset, now=now)) for asset in assets_of(about)]
    if not any(ruling for _, ruling in rulings):
        asset = next((one for one, ruling in rulings if ruling.remedy is Remedy.STEP_UP), rulings[0][0])
        permit(request, actor, permission, asset)


def may_see(request: Request, actor: Actor, about: DeploymentRequest) -> bool:
    """Whether ``actor`` may read of a request."""
    now = services_of(request).now()
    return any(may(actor, DEPLOYMENTS_READ, asset, now=now) for asset in assets_of(about))


def found(request: Request, actor: Actor, id: str, permission: Permission = DEPLOYMENTS_READ) -> Kept:
    """A request that ``actor`` may do ``permission`` to. Raises :class:`ConflictError` where there is none that they
    may see, so that nobody learns of others, and :class:`ForbiddenError`."""
    with desk_of(request).database.read() as connection:
        kept = gates.find(connection, id)
    if kept is None or not may_see(request, actor, kept.request):
        raise ConflictError("there is no such request", where=id[:100])
    if permission is not DEPLOYMENTS_READ:
        permitted(request, actor, permission, kept.request)
    return kept


def seen(
    request: Request, actor: Actor, *, standings: tuple[Standing, ...] = (), environment: str = "", before: int = 0,
    most: int = 100,
) -> tuple[list[Kept], int]:  # fmt: skip
    """Requests that ``actor`` may see, newest first, and what ``before`` must be for those that follow (0: none do)."""
    shown: list[Kept] = []
    for kept in _newest(request, standings, environment, before):
        if may_see(request, actor, kept.request):
            if len(shown) == most:
                return shown, shown[-1].number
            shown.append(kept)
    return shown, 0


def _newest(request: Request, standings: tuple[Standing, ...], environment: str, before: int) -> Iterator[Kept]:
    for _ in range(_MOST_PAGES):
        with desk_of(request).database.read() as connection:
            page = gates.listed(connection, standings=standings, environment=environment, before=before, most=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].number
