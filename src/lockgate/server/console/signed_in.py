"""Who a request is of: the session of a browser's cookie, or a token that a program shows. And the cookies themselves.

Cookies are ``HttpOnly`` and ``SameSite=Lax``; over TLS also ``Secure`` and of the prefix ``__Host-``, so that no other
host, and no page without TLS, can set one. A token of somebody who was disabled is told as a sign-in attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from lockgate.model.actor import Actor, ActorKind
from lockgate.server.access import shown
from lockgate.server.console.asking import address_of, services_of
from lockgate.server.sign_in.house import DISABLED, Came, House, Signed
from lockgate.store.team import actors, people, sessions, tokens
from lockgate.store.team.sessions import Session

SESSION, HALF, AWAY = "lockgate", "lockgate-half", "lockgate-away"
_SCOPE = "lockgate.session"
_TOLD_EVERY = 600.0


def house_of(request: Request) -> House:
    """The house of this server."""
    found: House = services_of(request).more[House]
    return found


def came(request: Request) -> Came:
    """Where a request came from."""
    return Came(address_of(request), request.headers.get("user-agent", "")[:255])


def cookie(request: Request, name: str) -> str:
    """What the browser shows under a name; empty for nothing."""
    return request.cookies.get(_named(request, name), "")[:200]


def keep(request: Request, response: Response, name: str, value: str, seconds: float) -> None:
    """Have the browser hold something."""
    secure = services_of(request).is_secure
    response.set_cookie(_named(request, name), value, max_age=int(seconds), path="/", secure=secure, httponly=True,
                        samesite="lax")  # fmt: skip


def drop(request: Request, response: Response, *names: str) -> None:
    """Have the browser hold something no longer."""
    for name in names:
        response.delete_cookie(_named(request, name), path="/", secure=services_of(request).is_secure, httponly=True,
                               samesite="lax")  # fmt: skip


def admitted(request: Request, signed: Signed, response: Response | None = None) -> Response:
    """Give the browser its session, and lead it on."""
    answer = response or RedirectResponse(path_of_ours(signed.next), 303)
    keep(request, answer, SESSION, signed.token, house_of(request).settings.session_hours * 3600)
    drop(request, answer, HALF, AWAY)
    return answer


def path_of_ours(text: str, otherwise: str = "/") -> str:
    """A path of this server to go on to; in place of anything that a browser could take for another place the other."""
    plain = text.isprintable() and len(text) <= 1_000 and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else otherwise


async def session_of(request: Request) -> Session | None:
    """The session of the request's browser; looked for once."""
    if _SCOPE not in request.scope:
        token = cookie(request, SESSION)
        request.scope[_SCOPE] = await asyncio.to_thread(_session, house_of(request), token) if token else None
    found: Session | None = request.scope[_SCOPE]
    return found


def _session(house: House, token: str) -> Session | None:
    with house.database.read() as connection:
        found = sessions.find(connection, token, idle_seconds=house.settings.idle_minutes * 60, now=house.now())
    if found is not None and sessions.needs_touch(found, house.now()):
        with house.database.begin() as connection:
            sessions.touch(connection, found, house.now())
    return found


def identify(house: House) -> tuple[Callable[[Request], Awaitable[Actor | None]], ...]:
    """Both ways, as :class:`lockgate.server.console.services.Services` takes them."""

    async def by_session(request: Request) -> Actor | None:
        session = await session_of(request)
        return None if session is None else await asyncio.to_thread(_of_session, house, session)

    async def by_token(request: Request) -> Actor | None:
        _, token = shown(request.headers.get("authorization", ""))
        return await asyncio.to_thread(_of_token, house, token, came(request)) if token else None

    return by_token, by_session


def _of_session(house: House, session: Session) -> Actor | None:
    with house.database.read() as connection:
        return actors.of_session(connection, session)


def _of_token(house: House, shown_token: str, where: Came) -> Actor | None:
    now = house.now()
    with house.database.read() as connection:
        token = tokens.find(connection, shown_token, now=now)
        actor = actors.of_token(connection, token) if token else None
        before = tokens.shown_before(connection, shown_token) if actor is None else None
        owner = people.get(connection, before.person or before.created_by) if before else None
    if before is not None and owner is not None and owner.disabled:
        with house.database.begin() as connection:  # told once in a while, however often it is shown
            if sessions.remember(connection, "token-of-disabled", before.id, {}, seconds=_TOLD_EVERY, now=now):
                said = "a token of a disabled account was shown"
                house.tell(connection, owner, where, DISABLED, reason=said, detail={"token": before.id})
    if token is not None and actor is not None and tokens.needs_touch(token, now):
        with house.database.begin() as connection:
            tokens.touch(connection, token, now)
    return actor


def is_person(actor: Actor) -> bool:
    """Whether it is somebody with an account, in whatever way they ask."""
    return actor.kind is ActorKind.PERSON


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if services_of(request).is_secure else name
