"""The audit trail, newest first, and whether its chain holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import MOST_NUMBER, needs, services_of
from lockgate.server.console.drawing import page
from lockgate.store.team import trail

ROUTES = APIRouter()
_PAGE = 100


@ROUTES.get("/trail")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.TRAIL_READ)],
    before: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0, verify: bool = False,
) -> Response:  # fmt: skip
    """A page of it."""
    del actor
    with services_of(request).database.read() as connection:
        found = trail.latest(connection, _PAGE + 1, before=before)
        verified = trail.verified(trail.chain(connection)) if verify else None
    more = found[_PAGE - 1].number if len(found) > _PAGE else 0
    return page(request, "trail.html", verified=verified, entries=found[:_PAGE], more=more)
