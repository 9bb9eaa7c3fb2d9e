"""What people say of findings: who looks after them, where it stands, remarks; and waivers, asked for and answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.server.console.acted_on import check, named
from lockgate.server.console.asking import MOST_NUMBER, address_of, needs, services_of
from lockgate.server.console.drawing import page
from lockgate.server.console.lists import views_of
from lockgate.server.console.refusals import refused
from lockgate.server.console.signed_in import path_of_ours
from lockgate.server.console.waivers_seen import seen
from lockgate.store.team import triage, waivers
from lockgate.store.team.triage import TriageState
from lockgate.store.team.views import MOST_QUERY
from lockgate.store.team.waivers import WaiverState

ROUTES = APIRouter()
_PAGE = 50
_Identities = Annotated[list[str], Form(max_length=max(triage.MOST_AT_ONCE, waivers.MOST_IDENTITIES))]
_Every = Annotated[int, Form(ge=0, le=MOST_NUMBER)]
_Meets = Annotated[str, Form(max_length=MOST_QUERY)]


@ROUTES.post("/findings")
async def change(
    request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_TRIAGE)],
    identity: _Identities = [], every: _Every = 0, meets: _Meets = "",  # noqa: B006 - a form's default, never changed
    state: Annotated[str, Form()] = "", assign: Annotated[str, Form()] = "",
    back: Annotated[str, Form(max_length=1000)] = "/findings",
) -> Response:  # fmt: skip
    """Set state and who looks after them, of one, many, or all that meet a filter."""
    identity = await named(request, actor, identity, every, meets, most=triage.MOST_AT_ONCE)
    await check(request, actor, identity, permissions.FINDINGS_TRIAGE)
    assignee = {"me": (actor.id, actor.name), "nobody": ("", "")}.get(assign)
    stands = TriageState(state) if state in list(TriageState) else None
    if stands is None and assignee is None:
        raise UsageError("nothing was to be changed", hint="choose a state, or who looks after them")
    with services_of(request).database.begin() as connection:
        triage.change(connection, actor, identity, state=stands, assignee=assignee, address=address_of(request))
    return RedirectResponse(path_of_ours(back, "/findings"), 303)


@ROUTES.post("/findings/{identity}/remarks")
async def remark(
    request: Request, identity: str, actor: Annotated[Actor, needs(permissions.FINDINGS_TRIAGE)],
    text: Annotated[str, Form(max_length=4_000)],
) -> Response:  # fmt: skip
    """Say something of one."""
    await check(request, actor, [identity], permissions.FINDINGS_TRIAGE)
    with services_of(request).database.begin() as connection:
        triage.remark(connection, actor, identity, text, address=address_of(request))
    return RedirectResponse(f"/findings/{identity}#remarks", 303)


@ROUTES.get("/waivers")
async def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.WAIVERS_READ)], state: WaiverState | None = None,
    before: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
) -> Response:  # fmt: skip
    """Waivers, newest first: those that somebody asked for, and those of findings in what their teams own."""
    shown, more = await seen(request, actor, state=state, before=before, most=_PAGE)
    return page(
        request, "waivers.html", waivers=shown, more=more, state=state or "", states=list(WaiverState), me=actor.id,
        views=views_of(request, actor, "waivers"),
    )


@ROUTES.post("/waivers")
async def ask(
    request: Request, actor: Annotated[Actor, needs(permissions.WAIVERS_REQUEST)],
    reason: Annotated[str, Form(max_length=2_000)], expires: Annotated[str, Form(max_length=10)],
    identity: _Identities = [], every: _Every = 0, meets: _Meets = "",  # noqa: B006 - a form's default, never changed
) -> Response:  # fmt: skip
    """Ask for one, for findings that are named or for all that meet a filter."""
    identity = await named(request, actor, identity, every, meets, most=waivers.MOST_IDENTITIES)
    await check(request, actor, identity, permissions.WAIVERS_REQUEST)
    with services_of(request).database.begin() as connection:
        waivers.ask(connection, actor, identity, reason, expires, address=address_of(request))
    return RedirectResponse("/waivers", 303)


@ROUTES.post("/waivers/{number}/{answer}")
def answer(
    request: Request, number: Annotated[int, Path(ge=0, le=MOST_NUMBER)], answer: WaiverState,
    actor: Annotated[Actor, needs(permissions.WAIVERS_APPROVE)],
    said: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:  # fmt: skip
    """Grant, refuse or end one."""
    with services_of(request).database.begin() as connection:
        done = waivers.answer(connection, actor, number, answer, said, address=address_of(request))
    if not done:
        return refused(request, 409, f"Waiver {number} does not stand so that this could be done.")
    return RedirectResponse("/waivers", 303)
