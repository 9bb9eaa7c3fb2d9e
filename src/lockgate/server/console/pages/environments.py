"""One environment: what is deployed there, what of it clusters run, its rules, and requests that wait."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.model.deployment import Standing
from lockgate.server.console import deployments
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page
from lockgate.server.console.environments import find, images_of, lines_of, pods_of, rules_of
from lockgate.store.team import environments
from lockgate.store.team.environments import EnvironmentUse
from lockgate.store.team.gates import Kept

ROUTES = APIRouter()
_OPEN = (Standing.ASKING, Standing.WAITING)
_MOST_OPEN = 50


@ROUTES.get("/environments/{environment:path}")
async def one(
    request: Request, environment: str, actor: Annotated[Actor, needs(permissions.ENVIRONMENTS_READ)]
) -> Response:  # fmt: skip
    """The page."""
    use, deployed, waiting = await run_in_threadpool(_kept, request, actor, environment)
    return page(
        request, "environment.html", use=use, deployed=deployed, waiting=waiting,
        rules=rules_of(lines_of(deployments.desk_of(request), environment)),
        images=await images_of(request, actor, deployed), pods=await pods_of(request, actor, deployed),
    )  # fmt: skip


def _kept(request: Request, actor: Actor, name: str) -> tuple[EnvironmentUse, list[Kept], list[Kept]]:
    """What the database holds of one; of requests, those that ``actor`` may see. Raises 404."""
    use = find(request, actor, name)
    if use is None:
        raise HTTPException(404)
    with deployments.desk_of(request).database.read() as connection:
        found = environments.deployed(connection, name)
    shown = [one for one in found if deployments.may_see(request, actor, one.request)]
    waiting, _ = deployments.seen(request, actor, standings=_OPEN, environment=name, most=_MOST_OPEN)
    return use, shown, waiting
