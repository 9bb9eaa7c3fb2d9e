"""Saved views of lists: made and taken away from the page of the list itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import address_of, needs, services_of
from lockgate.server.console.lists import LISTS, address_of_view, keep_view
from lockgate.store.team import views

ROUTES = APIRouter()


@ROUTES.post("/views")
def save(
    request: Request, actor: Annotated[Actor, needs(permissions.VIEWS_CHANGE)],
    of: Annotated[str, Form(alias="list", max_length=32)], name: Annotated[str, Form(max_length=200)],
    query: Annotated[str, Form(max_length=views.MOST_QUERY)] = "", team: Annotated[str, Form(max_length=255)] = "",
) -> Response:  # fmt: skip
    """Give the present filter and order of a list a name."""
    view = keep_view(request, actor, of, name, query, team)
    return RedirectResponse(address_of_view(view), 303)


@ROUTES.post("/views/{view_id}/delete")
def remove(
    request: Request, view_id: str, actor: Annotated[Actor, needs(permissions.VIEWS_CHANGE)]
) -> Response:
    """Take one of one's own away."""
    with services_of(request).database.begin() as connection:
        view = views.remove(connection, actor, view_id, address=address_of(request))
    if view is None:
        raise HTTPException(404)
    return RedirectResponse(LISTS[view.list].address if view.list in LISTS else "/home", 303)
