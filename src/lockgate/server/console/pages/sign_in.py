"""Signing in, in one step or two; showing a factor again (step-up); signing out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.errors import LockgateError, SourceError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs, public
from lockgate.server.console.drawing import page
from lockgate.server.console.signed_in import (
    AWAY,
    HALF,
    SESSION,
    admitted,
    came,
    cookie,
    drop,
    house_of,
    keep,
    path_of_ours,
    session_of,
)
from lockgate.server.sign_in import by_factors, by_provider
from lockgate.server.sign_in.by_provider import Sent
from lockgate.server.sign_in.house import HALF_SECONDS, Signed, Waiting
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import credentials, sessions, trail
from lockgate.store.team.sessions import Session

ROUTES = APIRouter()
Text = Annotated[str, Form(max_length=4_096)]
Answer = Annotated[str, Form(max_length=65_536)]


@ROUTES.get("/sign-in", dependencies=[public])
def shown(request: Request, next: str = "/") -> Response:
    """All ways of signing in."""
    return _sign_in(request, next)


@ROUTES.post("/sign-in", dependencies=[public])
def by_password(request: Request, username: Text, password: Text, next: Text = "/") -> Response:
    """The first step with a password."""
    try:
        waiting = by_factors.by_password(house_of(request), username, password, next=path_of_ours(next),
                                         came=came(request))  # fmt: skip
    except SignInError as error:
        return _sign_in(request, next, said=error.message)
    return _on(request, waiting)


@ROUTES.get("/sign-in/with/{provider}", dependencies=[public])
def leave(request: Request, provider: str, next: str = "/") -> Response:
    """Send the browser to a provider. A page of another site may send it there too; that alone signs nobody in."""
    try:
        sent = by_provider.begin(house_of(request), provider, next=path_of_ours(next))
    except (SignInError, SourceError) as error:
        return _sign_in(request, next, said=_of_provider(error))
    return _away(request, sent)


@ROUTES.get("/sign-in/back/{provider}", dependencies=[public])
async def back(
    request: Request, provider: str, state: str = "", code: str = "", iss: str = "", error: str = ""
) -> Response:
    """The browser is back from a provider."""
    session, browser = await session_of(request), cookie(request, AWAY)
    house, where = house_of(request), came(request)

    def finished() -> Signed | Waiting:
        return by_provider.finish(house, provider, state=state[:200], code=code[:4_096], browser=browser, came=where,
                                  session=session, issuer=iss, error=error)  # fmt: skip

    try:
        return _on(request, await asyncio.to_thread(finished))
    except (SignInError, SourceError) as failure:
        answer = _sign_in(request, "/", said=_of_provider(failure))
        drop(request, answer, AWAY)
        return answer


@ROUTES.post("/sign-in/passkey/options", dependencies=[public])
async def passkey_options(request: Request) -> Response:
    """What a passkey is to sign: of whoever is signing in, of who has a session, or of anybody."""
    session, half = await session_of(request), cookie(request, HALF)
    house = house_of(request)
    asked = await asyncio.to_thread(
        lambda: by_factors.challenge(house, half_token="" if session else half, session=session)
    )
    return Response(f'{{"key": "{asked.key}", "options": {asked.options}}}', media_type="application/json")


@ROUTES.post("/sign-in/passkey", dependencies=[public])
def by_passkey(request: Request, key: Text, answer: Answer, next: Text = "/") -> Response:
    """The whole sign-in with a passkey, or its second step."""
    house, half = house_of(request), cookie(request, HALF)
    try:
        signed = by_factors.by_passkey(house, key, answer, came=came(request), next=path_of_ours(next), half_token=half)
    except SignInError as error:
        return _second(request, said=error.message) if half else _sign_in(request, next, said=error.message)
    return admitted(request, signed)


@ROUTES.get("/sign-in/second", dependencies=[public])
def second(request: Request) -> Response:
    """The second step."""
    return _second(request)


@ROUTES.post("/sign-in/second", dependencies=[public])
def by_code(request: Request, code: Text) -> Response:
    """The second step with a code."""
    half = cookie(request, HALF)
    try:
        return admitted(request, by_factors.by_code(house_of(request), code, came=came(request), half_token=half))
    except SignInError as error:
        return _second(request, said=error.message)


@ROUTES.get("/sign-in/step-up")
async def step_up(
    request: Request, actor: Annotated[Actor, needs(permissions.ACCOUNT_READ)], next: str = "/"
) -> Response:
    """Show a second factor again, before something that binds others."""
    return await asyncio.to_thread(_step_up, request, actor, await session_of(request), next)


@ROUTES.post("/sign-in/step-up")
async def stepped_up(
    request: Request, actor: Annotated[Actor, needs(permissions.ACCOUNT_READ)], next: Text = "/", code: Text = "",
    key: Text = "", answer: Answer = "",
) -> Response:  # fmt: skip
    """A code, or a passkey, was shown again."""
    session, where, house, on = await session_of(request), came(request), house_of(request), path_of_ours(next)
    if session is None:
        return RedirectResponse("/sign-in", 303)

    def shown_again() -> Signed:
        if answer:
            return by_factors.by_passkey(house, key, answer, came=where, next=on, session=session)
        return by_factors.by_code(house, code, came=where, session=session, next=on)

    try:
        return admitted(request, await asyncio.to_thread(shown_again))
    except SignInError as error:
        return await asyncio.to_thread(_step_up, request, actor, session, next, error.message)


@ROUTES.get("/sign-in/step-up/provider")
async def step_up_at_provider(
    request: Request, actor: Annotated[Actor, needs(permissions.ACCOUNT_READ)], next: str = "/"
) -> Response:
    """Have the provider ask for a second factor again."""
    session = await session_of(request)
    if session is None or not session.provider:
        return await asyncio.to_thread(_step_up, request, actor, session, next)
    try:
        sent = await asyncio.to_thread(
            lambda: by_provider.begin(house_of(request), session.provider, next=path_of_ours(next), session=session)
        )
    except (SignInError, SourceError) as error:
        return await asyncio.to_thread(_step_up, request, actor, session, next, _of_provider(error))
    return _away(request, sent)


@ROUTES.post("/sign-out", dependencies=[public])
async def sign_out(request: Request) -> Response:
    """End the session, and go on to the provider's where it has one to end."""
    session, house = await session_of(request), house_of(request)
    address = await asyncio.to_thread(_ended, request, session) if session is not None else ""
    # A form may lead to our own addresses alone (content security policy), so that the way on is a page with a link.
    answer: Response = RedirectResponse("/sign-in", 303)
    if address:
        answer = page(request, "signed_out.html", provider=house.settings.providers[session.provider].label  # type: ignore[union-attr]
                      or session.provider, address=address)  # type: ignore[union-attr]  # fmt: skip
    drop(request, answer, SESSION, HALF, AWAY)
    return answer


def _ended(request: Request, session: Session) -> str:
    house = house_of(request)
    with house.database.begin() as connection:
        sessions.end(connection, session.id)
        actor: Actor | None = request.scope.get("lockgate.actor")
        by = actor or Actor(session.person, session.person)
        trail.append(connection, trail.Entry(by, "sign-out", session.id, address=came(request).address))
    try:
        return by_provider.logout_address(house, session)
    except LockgateError:  # the session here has ended; that the provider cannot be asked holds up nobody
        return ""


def _on(request: Request, step: Signed | Waiting) -> Response:
    if isinstance(step, Signed):
        return admitted(request, step)
    answer = RedirectResponse("/welcome/factor" if step.enrol else "/sign-in/second", 303)
    keep(request, answer, HALF, step.token, HALF_SECONDS)
    drop(request, answer, AWAY)
    return answer


def _away(request: Request, sent: Sent) -> Response:
    answer = RedirectResponse(sent.address, 303)
    keep(request, answer, AWAY, sent.browser, HALF_SECONDS)
    return answer


def _sign_in(request: Request, next: str, *, said: str = "") -> Response:
    settings = house_of(request).settings
    providers = [(name, one.label or name) for name, one in settings.providers.items()]
    passwords = settings.local and settings.passwords
    answer = page(request, "sign_in.html", status=401 if said else 200, next=path_of_ours(next), said=said,
                  providers=providers, local=settings.local, passwords=passwords)  # fmt: skip
    if not said:
        drop(request, answer, HALF)
    return answer


def _second(request: Request, *, said: str = "") -> Response:
    house = house_of(request)
    try:
        with house.database.read() as connection:
            half = house.half(connection, cookie(request, HALF))
            have = credentials.factors(connection, half.person)
    except SignInError as error:
        return _sign_in(request, "/", said=error.message)
    if half.enrol:
        return RedirectResponse("/welcome/factor", 303)
    return page(request, "second.html", status=401 if said else 200, said=said, **_ways(have), action="/sign-in/second",
                passkey="/sign-in/passkey", next="/", provider="")  # fmt: skip


def _step_up(request: Request, actor: Actor, session: Session | None, next: str, said: str = "") -> Response:
    with house_of(request).database.read() as connection:
        have = credentials.factors(connection, actor.id)
    provider = session.provider if session else ""
    return page(request, "second.html", status=401 if said else 200, said=said, **_ways(have), next=path_of_ours(next),
                action="/sign-in/step-up", passkey="/sign-in/step-up", provider=provider)  # fmt: skip


def _ways(have: credentials.Factors) -> dict[str, Any]:
    recovery = have.recovery_codes > 0
    return {"with_code": have.one_time_code, "with_passkey": bool(have.passkeys), "with_recovery": recovery}


def _of_provider(error: LockgateError) -> str:
    return error.message if isinstance(error, SignInError) else "the provider cannot be asked now: try again"


