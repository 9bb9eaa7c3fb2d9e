"""Waivers that are asked for and granted at the server; what the command line honours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, Field

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.acted_on import check
from lockgate.server.console.asking import MOST_NUMBER, address_of, needs, services_of
from lockgate.server.console.paging import After, Limit, Page, number_of
from lockgate.server.console.waivers_seen import seen
from lockgate.store.team import waivers
from lockgate.store.team.waivers import AskedWaiver, WaiverState

ROUTES = APIRouter(prefix="/api/v1/waivers")
Reader = Annotated[Actor, needs(permissions.WAIVERS_READ)]
_NUMBER = Path(ge=1, le=MOST_NUMBER)


class WaiverView(BaseModel):
    """One waiver."""

    id: int
    identities: list[str]
    reason: str
    expires: str
    state: WaiverState
    asked_by: str
    asked: float
    answered_by: str
    answered: float
    answer: str


class WaiverPage(Page[WaiverView]):
    """Some waivers, newest first."""


class Asked(BaseModel):
    """What is asked for."""

    identities: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=500)]
    reason: Annotated[str, Field(min_length=3, max_length=2_000)]
    expires: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """ISO date, the last day."""


class Said(BaseModel):
    """What somebody says with an answer."""

    said: Annotated[str, Field(max_length=2_000)] = ""


@ROUTES.get("")
async def listed(
    request: Request, actor: Reader, state: WaiverState | None = None, after: After = "", limit: Limit = 100
) -> WaiverPage:  # fmt: skip
    """Waivers, newest first."""
    shown, more = await seen(request, actor, state=state, before=number_of(after), most=limit)
    return WaiverPage(items=[_view(one) for one in shown], next=str(more) if more else None)


@ROUTES.post("", status_code=201, responses={404: {}})
async def ask(
    request: Request, actor: Annotated[Actor, needs(permissions.WAIVERS_REQUEST)], asked: Asked
) -> WaiverView:  # fmt: skip
    """Ask for one; somebody else grants it."""
    await check(request, actor, asked.identities, permissions.WAIVERS_REQUEST)
    with services_of(request).database.begin() as connection:
        number = waivers.ask(
            connection, actor, asked.identities, asked.reason, asked.expires, address=address_of(request)
        )
        found = waivers.find(connection, number)
    assert found is not None
    return _view(found)


@ROUTES.post("/{number}/{answer}", responses={409: {}})
def answer(
    request: Request, number: Annotated[int, _NUMBER], answer: WaiverState, said: Said,
    actor: Annotated[Actor, needs(permissions.WAIVERS_APPROVE)],
) -> WaiverView:  # fmt: skip
    """Grant, refuse or end one."""
    with services_of(request).database.begin() as connection:
        if not waivers.answer(connection, actor, number, answer, said.said, address=address_of(request)):
            raise HTTPException(409, f"Waiver {number} does not stand so that this could be done.")
        found = waivers.find(connection, number)
    assert found is not None
    return _view(found)


def _view(one: AskedWaiver) -> WaiverView:
    return WaiverView(
        id=one.id, identities=list(one.identities), reason=one.reason, expires=one.expires, state=one.state,
        asked_by=one.asked_name, asked=one.asked, answered_by=one.answered_name, answered=one.answered,
        answer=one.answer,
    )  # fmt: skip
