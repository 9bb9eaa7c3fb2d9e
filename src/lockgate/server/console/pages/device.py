"""Where somebody lets a command line in that waits with a code."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page
from lockgate.server.console.signed_in import came, house_of
from lockgate.server.sign_in import by_program
from lockgate.server.sign_in.identity import SignInError

ROUTES = APIRouter()
Asker = Annotated[Actor, needs(permissions.TOKENS_CREATE)]
Text = Annotated[str, Form(max_length=100)]


@ROUTES.get("/device")
def shown(request: Request, actor: Asker) -> Response:
    """Ask for the code. It is typed, never taken from a link, so that nobody lets a stranger's command line in by one
    click (RFC 8628, 5.4)."""
    del actor
    return page(request, "device.html", said="", done="", asked=None, code="")


@ROUTES.post("/device")
def answered(request: Request, actor: Asker, code: Text, decision: Text = "") -> Response:
    """Show what waits with a code, then let it in or not."""
    house = house_of(request)
    try:
        if decision in ("allow", "refuse"):
            by_program.answer_device(house, code, actor, allow=decision == "allow", came=came(request))
            done = "The command line is signed in." if decision == "allow" else "The command line was refused."
            return page(request, "device.html", said="", done=done, asked=None, code="")
        asked = by_program.asked(house, code, actor)
    except SignInError as error:
        return page(request, "device.html", status=400, said=error.message, done="", asked=None, code="")
    said = "" if asked else "nothing waits with that code"
    return page(request, "device.html", status=200 if asked else 400, said=said, done="", asked=asked, code=code)
