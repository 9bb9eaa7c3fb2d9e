"""The first steps of an account: a one-time link, then the first second factor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.errors import UsageError
from lockgate.server.console.asking import public
from lockgate.server.console.drawing import page
from lockgate.server.console.signed_in import HALF, admitted, came, cookie, house_of, keep
from lockgate.server.sign_in import by_factors, enrolment
from lockgate.server.sign_in.enrolment import Offered
from lockgate.server.sign_in.house import HALF_SECONDS, Half
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import people

ROUTES = APIRouter(dependencies=[public])
Text = Annotated[str, Form(max_length=4_096)]
Answer = Annotated[str, Form(max_length=65_536)]


@ROUTES.get("/welcome")
def shown(request: Request) -> Response:
    """Where one-time links lead. Their secret stands behind ``#``, which no browser sends and no log keeps."""
    return page(request, "welcome.html", said="", username="", name="")


@ROUTES.post("/welcome")
def followed(request: Request, link: Text, username: Text = "", name: Text = "") -> Response:
    """A link is followed."""
    try:
        waiting = enrolment.followed(house_of(request), link, username=username, name=name, came=came(request))
    except (SignInError, UsageError) as error:
        return page(request, "welcome.html", status=400, said=error.message, username=username, name=name)
    answer = RedirectResponse("/welcome/factor", 303)
    keep(request, answer, HALF, waiting.token, HALF_SECONDS)
    return answer


@ROUTES.get("/welcome/factor")
def factor(request: Request) -> Response:
    """Add the first second factor."""
    return _factor(request)


@ROUTES.post("/welcome/passkey/options")
def passkey_options(request: Request) -> Response:
    """What the browser is to make a passkey of."""
    asked = enrolment.begin_passkey(house_of(request), _half(request).person)
    return Response(f'{{"key": "{asked.key}", "options": {asked.options}}}', media_type="application/json")


@ROUTES.post("/welcome/passkey")
def add_passkey(request: Request, key: Text, answer: Answer, name: Text = "") -> Response:
    """A passkey was made."""
    house, half = house_of(request), cookie(request, HALF)
    try:
        with house.database.begin() as connection:
            person = house.half(connection, half).person
            codes = enrolment.add_passkey(house, connection, person, key, answer, name=name, came=came(request))
            signed = by_factors.enrolled(house, connection, half, ("hwk", "user", "mfa"), came(request))
    except SignInError as error:
        return _factor(request, said=error.message)
    return admitted(request, signed, page(request, "recovery.html", codes=codes, next=signed.next))


@ROUTES.post("/welcome/code")
def add_code(request: Request, key: Text, code: Text, password: Text = "") -> Response:
    """One-time codes were set up, and a password beside them where the account is ours."""
    house, half_token, where = house_of(request), cookie(request, HALF), came(request)
    try:
        with house.database.begin() as connection:
            half = house.half(connection, half_token)
            if half.local:
                enrolment.set_password(house, connection, half.person, password, came=where)
            codes = enrolment.add_code(house, connection, half.person, key, code, came=where)
            if codes is None:
                raise SignInError("that code is not right: is the clock of the device?")
            methods = ("pwd", "otp", "mfa") if half.local else ("otp", "mfa")
            signed = by_factors.enrolled(house, connection, half_token, methods, where)
    except (SignInError, UsageError) as error:
        return _factor(request, said=error.message, key=key)
    return admitted(request, signed, page(request, "recovery.html", codes=codes, next=signed.next))


def _half(request: Request) -> Half:
    house = house_of(request)
    with house.database.read() as connection:
        half = house.half(connection, cookie(request, HALF))
    if not half.enrol:
        raise SignInError("there is a second factor already", hint="use that one")
    return half


def _factor(request: Request, *, said: str = "", key: str = "") -> Response:
    house = house_of(request)
    try:
        half = _half(request)
    except SignInError as error:
        return page(request, "sign_in.html", status=401, next="/", said=error.message, providers=[], local=True,
                    passwords=house.settings.passwords)  # fmt: skip
    offered: Offered | None = enrolment.offered_again(house, half.person, key) if key else None
    with house.database.read() as connection:
        person = people.get(connection, half.person)
    offered = offered or enrolment.begin_code(house, half.person)
    return page(request, "factor.html", status=400 if said else 200, passwords=house.settings.passwords, said=said,
                person=person, local=half.local, offered=offered)  # fmt: skip
