"""The connected forges: what they told, what failed, what may still be asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page
from lockgate.server.console.forges_seen import look_again, standing

ROUTES = APIRouter()


@ROUTES.get("/forges")
def shown(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_READ)]) -> Response:
    """All of them."""
    del actor
    return page(request, "forges.html", standing=standing(request))


@ROUTES.post("/forges/reconcile")
def reconciled(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_CHANGE)]) -> Response:
    """Have every forge looked at now, for what it did not tell."""
    look_again(request, actor)
    return RedirectResponse("/forges", 303)
