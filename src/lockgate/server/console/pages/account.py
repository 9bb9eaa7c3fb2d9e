"""My account: factors, sessions, tokens."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.access.personas import held
from lockgate.errors import LockgateError, UsageError
from lockgate.model.actor import Actor, Asset, Permission
from lockgate.server.console.asking import needs, permit
from lockgate.server.console.drawing import page
from lockgate.server.console.people_changes import Changes
from lockgate.server.console.signed_in import came, house_of, session_of
from lockgate.server.sign_in import enrolment
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import credentials, people, sessions, tokens
from lockgate.store.team.sessions import Session

ROUTES = APIRouter()
Mine = Annotated[Actor, needs(permissions.ACCOUNT_READ)]
Text = Annotated[str, Form(max_length=4_096)]
Answer = Annotated[str, Form(max_length=65_536)]


@ROUTES.get("/account")
async def shown(request: Request, actor: Mine) -> Response:
    """All of it."""
    return await asyncio.to_thread(_account, request, actor, await session_of(request))


@ROUTES.post("/account/passkey/options")
def passkey_options(request: Request, actor: Mine) -> Response:
    """What the browser is to make a passkey of."""
    _may_change(request, actor)
    asked = enrolment.begin_passkey(house_of(request), actor.id)
    return Response(f'{{"key": "{asked.key}", "options": {asked.options}}}', media_type="application/json")


@ROUTES.post("/account/passkey")
async def add_passkey(request: Request, actor: Mine, key: Text, answer: Answer, name: Text = "") -> Response:
    """A passkey was made."""
    session = await session_of(request)

    def added() -> Response:
        _may_change(request, actor)
        house = house_of(request)
        try:
            with house.database.begin() as connection:
                codes = enrolment.add_passkey(house, connection, actor.id, key, answer, name=name, came=came(request))
        except SignInError as error:
            return _account(request, actor, session, said=error.message)
        return page(request, "recovery.html", codes=codes, next="/account")

    return await asyncio.to_thread(added)


@ROUTES.get("/account/code")
def code_form(request: Request, actor: Mine) -> Response:
    """A new secret of one-time codes, in place of the old one once a code of it is shown."""
    _may_change(request, actor)
    return page(request, "account_code.html", said="", offered=enrolment.begin_code(house_of(request), actor.id))


@ROUTES.post("/account/code")
def add_code(request: Request, actor: Mine, key: Text, code: Text) -> Response:
    """A code of the new secret."""
    _may_change(request, actor)
    house, said = house_of(request), "that code is not right: is the clock of the device?"
    try:
        with house.database.begin() as connection:
            codes = enrolment.add_code(house, connection, actor.id, key, code, came=came(request))
    except SignInError as error:
        codes, said = None, error.message
    if codes is not None:
        return page(request, "recovery.html", codes=codes, next="/account")
    offered = enrolment.offered_again(house, actor.id, key) or enrolment.begin_code(house, actor.id)
    return page(request, "account_code.html", status=400, said=said, offered=offered)


@ROUTES.post("/account/password")
async def set_password(request: Request, actor: Mine, password: Text) -> Response:
    """A new password; other sessions end."""
    session = await session_of(request)

    def changed() -> Response:
        _may_change(request, actor)
        house = house_of(request)
        try:
            with house.database.begin() as connection:
                if not credentials.factors(connection, actor.id).second:
                    raise UsageError("add a second factor first", hint="a password alone opens nothing")
                enrolment.set_password(house, connection, actor.id, password, came=came(request))
                sessions.end_all(connection, actor.id, but=session.id if session else "")
        except UsageError as error:
            return _account(request, actor, session, said=error.message)
        return _back()

    return await asyncio.to_thread(changed)


@ROUTES.post("/account/recovery")
def renew_recovery(request: Request, actor: Mine) -> Response:
    """New recovery codes."""
    _may_change(request, actor)
    with house_of(request).database.begin() as connection:
        codes = enrolment.renew_recovery(connection, actor.id, came=came(request))
    return page(request, "recovery.html", codes=codes, next="/account")


@ROUTES.post("/account/remove")
async def remove(request: Request, actor: Mine, what: Text) -> Response:
    """Take a factor away."""
    session = await session_of(request)

    def removed() -> Response:
        _may_change(request, actor)
        try:
            with house_of(request).database.begin() as connection:
                enrolment.remove(connection, actor.id, what, came=came(request))
        except UsageError as error:
            return _account(request, actor, session, said=": ".join(filter(None, (error.message, error.hint))))
        return _back()

    return await asyncio.to_thread(removed)


@ROUTES.post("/account/sessions/end")
async def end_session(
    request: Request, actor: Annotated[Actor, needs(permissions.ACCOUNT_CHANGE)], which: Text = ""
) -> Response:
    """End one session, or all but this one."""
    session, changes = await session_of(request), _changes(request, actor)

    def ended() -> None:
        if which:
            changes.end_session(which, person=actor.id)
        else:
            changes.end_sessions(actor.id, but=session.id if session else "")

    await asyncio.to_thread(ended)
    return _back()


@ROUTES.post("/account/tokens")
async def create_token(
    request: Request, actor: Annotated[Actor, needs(permissions.TOKENS_CREATE)], name: Text,
    grants: Annotated[list[str], Form(max_length=100)], days: Annotated[float, Form(gt=0, le=tokens.MOST_DAYS)] = 30,
) -> Response:  # fmt: skip
    """A token of one's own, shown this once."""
    session, changes = await session_of(request), _changes(request, actor)

    def created() -> Response:
        try:
            secret, token = changes.create_token(name, grants, days=days)
        except UsageError as error:
            return _account(request, actor, session, said=error.message)
        return page(request, "token.html", token=token, secret=secret, next="/account")

    return await asyncio.to_thread(created)


@ROUTES.post("/account/tokens/revoke")
def revoke_token(
    request: Request, actor: Annotated[Actor, needs(permissions.TOKENS_REVOKE)], which: Text
) -> Response:
    """Take a token of one's own away."""
    with house_of(request).database.read() as connection:
        token = tokens.get(connection, which)
    if token is not None and token.person == actor.id:
        _changes(request, actor).revoke_token(token)
    return _back()


def _changes(request: Request, actor: Actor) -> Changes:
    return Changes(house_of(request), actor, came(request))


def _back() -> Response:
    return RedirectResponse("/account", 303)


def _may_change(request: Request, actor: Actor) -> None:
    """Factors are changed with a factor shown just now, where there is one: a session that somebody left open, or
    stole, adds no passkey of theirs."""
    with house_of(request).database.read() as connection:
        have = credentials.factors(connection, actor.id)
    minutes = permissions.STEP_UP if have.second or actor.strength.mfa else 0
    if people_token(actor):
        raise SignInError("a token changes no factors", hint="sign in with a browser")
    permit(request, actor, permissions.ACCOUNT_CHANGE, Asset.of_person(actor.id), fresh_mfa=minutes)


def people_token(actor: Actor) -> bool:
    """Whether somebody asks by a token of theirs."""
    return actor.narrowed is not None


def _account(request: Request, actor: Actor, session: Session | None, said: str = "") -> Response:
    house = house_of(request)
    with house.database.read() as connection:
        person = people.get(connection, actor.id)
        if person is None:
            raise LockgateError("that is the account of no person", where="/account")
        have = credentials.factors(connection, actor.id)
        open_sessions = sessions.of(connection, actor.id, now=house.now())
        mine = tokens.of(connection, actor.id)
        known = people.identities(connection, actor.id)
    now, shown_at = house.moment(), actor.strength.mfa
    fresh = shown_at is not None and now - shown_at <= timedelta(minutes=permissions.STEP_UP)
    grants = sorted(f"{scope}:{permission}" for permission, scope in held(actor).items() if _of_token(permission))
    return page(
        request, "account.html", status=400 if said else 200, said=said, person=person, have=have, identities=known,
        sessions=open_sessions, current=session.id if session else "", tokens=mine, grants=grants,
        fresh=fresh or not (have.second or actor.strength.mfa),
        passwords=house.settings.local and house.settings.passwords,
    )  # fmt: skip


def _of_token(permission: Permission) -> bool:
    """What needs a second factor no token does."""
    return permissions.described(permission).fresh_minutes == 0
