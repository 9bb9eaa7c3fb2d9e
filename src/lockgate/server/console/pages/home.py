"""The first page after a sign-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page

ROUTES = APIRouter()


@ROUTES.get("/home")
async def home(request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)]) -> Response:
    """Home."""
    del actor
    return page(request, "home.html")
