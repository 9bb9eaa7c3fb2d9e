"""The connected forges: what they told, what failed, what may still be asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.engine.forges.reconciling import enqueue
from lockgate.model.actor import Actor
from lockgate.server.console.asking import address_of, needs, services_of
from lockgate.server.console.drawing import page
from lockgate.server.console.forges_seen import standing
from lockgate.store.team import trail

ROUTES = APIRouter()


@ROUTES.get("/forges")
def shown(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_READ)]) -> Response:
    """All of them."""
    del actor
    return page(request, "forges.html", standing=standing(request))


@ROUTES.post("/forges/reconcile")
def reconciled(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_CHANGE)]) -> Response:
    """Have every forge looked at now, for what it did not tell."""
    services = services_of(request)
    enqueue(services.database)
    with services.database.begin() as connection:
        entry = trail.Entry(actor, str(permissions.FORGES_CHANGE), "forges", trail.DONE, "reconcile",
                            address_of(request))  # fmt: skip
        trail.append(connection, entry)
    services.wake()
    return RedirectResponse("/forges", 303)
