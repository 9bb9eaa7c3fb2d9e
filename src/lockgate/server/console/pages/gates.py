"""Deployments: those that wait, the card of each with its answers, and what became of earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import may, permissions
from lockgate.engine.deployments.card import card_of
from lockgate.engine.deployments.desk import Looked, NotEntitledError
from lockgate.errors import UsageError
from lockgate.gates.deployment.answers import unfit
from lockgate.model.actor import Actor, Permission
from lockgate.model.deployment import Answered, Standing
from lockgate.server.console.asking import MOST_NUMBER, address_of, needs, services_of
from lockgate.server.console.deployments import assets_of, desk_of, found, seen
from lockgate.server.console.drawing import page
from lockgate.server.console.lists import views_of
from lockgate.server.console.refusals import refused
from lockgate.store.team.gates import ConflictError

ROUTES = APIRouter()
_PAGE = 50
_OPEN = (Standing.ASKING, Standing.WAITING)
_Text = Annotated[str, Form(max_length=4_000)]


@ROUTES.get("/deployments")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_READ)],
    standing: Annotated[str, Query(max_length=16)] = "open", environment: Annotated[str, Query(max_length=255)] = "",
    before: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
) -> Response:  # fmt: skip
    """Those that wait, or, by their standing, all others; newest first."""
    chosen = {"open": _OPEN, "all": ()}.get(standing)
    if chosen is None:
        if standing not in list(Standing):
            raise UsageError("there is no such standing", hint="open, all, " + ", ".join(Standing))
        chosen = (Standing(standing),)
    shown, more = seen(request, actor, standings=chosen, environment=environment, before=before, most=_PAGE)
    return page(request, "deployments.html", deployments=shown, more=more, standing=standing, environment=environment,
                standings=["open", *Standing, "all"], views=views_of(request, actor, "deployments"))  # fmt: skip


@ROUTES.get("/deployments/{id}")
def one(request: Request, id: str, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_READ)]) -> Response:
    """The card."""
    try:
        found(request, actor, id)
    except ConflictError as error:
        return refused(request, 404, error.message)
    return _shown(request, actor, desk_of(request).show(id))


@ROUTES.post("/deployments/{id}/answer")
def answer(
    request: Request, id: str, said: Annotated[Answered, Form(alias="answer")],
    binding: Annotated[str, Form(max_length=80)], actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_APPROVE)],
    comment: _Text = "",
) -> Response:  # fmt: skip
    """Answer what the card showed."""
    return _changed(request, actor, id, permissions.DEPLOYMENTS_APPROVE, lambda: desk_of(request).answer(
        id, actor, said, binding=binding, comment=comment, address=address_of(request),
    ))  # fmt: skip


@ROUTES.post("/deployments/{id}/break-glass")
def break_glass(
    request: Request, id: str, reason: _Text, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_BREAK_GLASS)]
) -> Response:
    """Let it through before its time."""
    return _changed(request, actor, id, permissions.DEPLOYMENTS_BREAK_GLASS, lambda: desk_of(request).break_glass(
        id, actor, reason, address=address_of(request),
    ))  # fmt: skip


@ROUTES.post("/deployments/{id}/follow-up")
def follow_up(
    request: Request, id: str, glass: Annotated[str, Form(max_length=40)], note: _Text,
    actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_FOLLOW_UP)],
) -> Response:  # fmt: skip
    """Say that one has looked at a break."""
    def looked() -> None:
        if glass not in {one.id for one in desk_of(request).show(id).glass}:
            raise ConflictError("there is no such break", where=glass)
        desk_of(request).follow_up(glass, actor, note, address=address_of(request))

    return _changed(request, actor, id, permissions.DEPLOYMENTS_FOLLOW_UP, looked)


@ROUTES.post("/deployments/{id}/withdraw")
def withdraw(
    request: Request, id: str, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_REQUEST)], reason: _Text = ""
) -> Response:
    """Take a request back."""
    return _changed(request, actor, id, permissions.DEPLOYMENTS_REQUEST, lambda: desk_of(request).withdraw(
        id, actor, reason, address=address_of(request),
    ))  # fmt: skip


def _changed(
    request: Request, actor: Actor, id: str, permission: Permission, work: Callable[[], object]
) -> Response:  # fmt: skip
    try:
        found(request, actor, id, permission)
    except ConflictError as error:
        return refused(request, 404, error.message)
    try:
        work()
    except NotEntitledError as error:
        return refused(request, 403, error.message, hint=error.hint)
    except ConflictError as error:
        return refused(request, 409, error.message, hint=error.hint)
    services_of(request).wake()
    return RedirectResponse(f"/deployments/{id}", 303)


def _shown(request: Request, actor: Actor, looked: Looked) -> Response:
    kept, now = looked.kept, services_of(request).now()

    def able(permission: Permission) -> bool:
        """Whether they may, second factors aside: that is asked for when they do it."""
        return any(may(actor, permission, asset, now=now, fresh_mfa=0) for asset in assets_of(kept.request))

    who = looked.directory.get(actor.id)
    settings = looked.environment.settings if looked.environment else None
    asked = who is not None and settings is not None and any(who.fits(line) for line in settings.approvals)
    hindered = unfit(who, kept.request, settings) if who is not None and settings is not None else ""
    waiting = {one.id for one in looked.glass if actor.id not in (one.actor, *one.followed_up_by)}
    is_open = not kept.standing.settled
    return page(
        request, "deployment.html", card=card_of(looked), kept=kept, glass=looked.glass, waiting=waiting,
        may_answer=is_open and asked and bool(kept.binding) and able(permissions.DEPLOYMENTS_APPROVE),
        hindered=hindered, may_break=is_open and settings is not None and settings.break_glass is not None
        and able(permissions.DEPLOYMENTS_BREAK_GLASS),
        may_follow_up=able(permissions.DEPLOYMENTS_FOLLOW_UP),
        may_withdraw=kept.standing in (*_OPEN, Standing.ALLOWED) and able(permissions.DEPLOYMENTS_REQUEST),
    )  # fmt: skip
