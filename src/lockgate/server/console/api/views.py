"""Saved views of lists: named filters, one's own and those shared with a team."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, Field

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import address_of, needs, services_of
from lockgate.server.console.lists import address_of_view, keep_view, lists_of
from lockgate.server.console.paging import After, Limit, Page, cut
from lockgate.store.team import views
from lockgate.store.team.views import SavedView

ROUTES = APIRouter(prefix="/api/v1/views")
_List = Annotated[str, Field(max_length=32)]


class SavedViewView(BaseModel):
    """One."""

    id: str
    list: str
    """Name of the list."""
    name: str
    query: str
    """Filter and order, as the list's address has them."""
    address: str
    """Path of the page that shows it."""
    team: str
    """Whose people see it too; empty: its owner alone."""
    owner: str
    """Name of who saved it."""
    is_own: bool
    changed: float
    """Unix time."""


class ViewPage(Page[SavedViewView]):
    """Some of those that somebody sees."""


class Wanted(BaseModel):
    """What is to be kept."""

    list: _List
    name: Annotated[str, Field(min_length=1, max_length=views.MOST_NAME)]
    query: Annotated[str, Field(max_length=views.MOST_QUERY)] = ""
    team: Annotated[str, Field(max_length=255)] = ""


@ROUTES.get("")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.VIEWS_READ)],
    of: Annotated[str, Query(alias="list", max_length=32)] = "", after: After = "", limit: Limit = 100,
) -> ViewPage:  # fmt: skip
    """One's own, and those shared with a team of one's; of one list, or of all that one may see."""
    lists = [name for name in lists_of(actor) if not of or name == of]
    with services_of(request).database.read() as connection:
        found = views.seen(connection, actor, lists=lists)
    shown, following = cut(found, after, limit)
    return ViewPage(items=[_view(one, actor) for one in shown], next=following)


@ROUTES.post("", status_code=201)
def save(
    request: Request, actor: Annotated[Actor, needs(permissions.VIEWS_CHANGE)], wanted: Wanted
) -> SavedViewView:
    """Keep one; one's own of that name in that list becomes this."""
    view = keep_view(request, actor, wanted.list, wanted.name, wanted.query, wanted.team)
    return _view(view, actor)


@ROUTES.delete("/{view_id}", status_code=204, responses={404: {}})
def remove(
    request: Request, view_id: Annotated[str, Path(max_length=40)],
    actor: Annotated[Actor, needs(permissions.VIEWS_CHANGE)],
) -> None:  # fmt: skip
    """Take one of one's own away."""
    with services_of(request).database.begin() as connection:
        if views.remove(connection, actor, view_id, address=address_of(request)) is None:
            raise HTTPException(404)


def _view(one: SavedView, actor: Actor) -> SavedViewView:
    return SavedViewView(
        id=one.id, list=one.list, name=one.name, query=one.query, address=address_of_view(one), team=one.team,
        owner=one.owner_name, is_own=one.owner == actor.id, changed=one.changed,
    )  # fmt: skip
