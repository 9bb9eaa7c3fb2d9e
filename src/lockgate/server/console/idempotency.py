"""``Idempotency-Key``: a write of the API that is sent again is done once, and answered alike.

As draft-ietf-httpapi-idempotency-key-header-07 has it: 400 for a key that is none, 422 for one that was another
request's, 409 while the first is at work. A layer around the application reads the body and keeps the answer; between,
a route that has let its actor through (``asking.Needs``) claims the key, so that nobody is answered what they may not
do. Where nobody is asked who they are (webhooks, sign-in) the header counts for nothing: those know each other's
deliveries and codes again. Answers are kept sealed, since some show a token.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
import zlib
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import HTTPException
from fastapi.responses import Response

from lockgate.errors import LockgateError
from lockgate.model.actor import Actor
from lockgate.server.asgi import Application, Call, Message, Receive, Scope, Send
from lockgate.server.console.services import Services
from lockgate.store.team import idempotency
from lockgate.store.team.database import Transaction, with_each_change
from lockgate.store.team.idempotency import Standing

HEADER = "Idempotency-Key"
REPLAYED = "idempotent-replayed"
"""Header of an answer that is told again."""
_SCOPE = "lockgate.idempotency"
_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_MOST_ANSWER = 1 << 20
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"')
"""A string of RFC 9651; what is quoted in no such way is taken as it is where it could be no other thing."""
_BARE = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,255}")
_NOT_KEPT = frozenset((b"content-length", b"set-cookie"))
_REFUSALS = frozenset((401, 403, 429))
"""Answers after which nothing was done, and the same may go well: with a second factor, later."""
_log = logging.getLogger("lockgate.console")


class AnsweredBeforeError(Exception):
    """The request was answered before, so."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class Shown:
    """A key that a request shows, and what becomes of it; of one request alone."""

    def __init__(self, key: str, route: str, body: str) -> None:
        """``route``: method and path; ``body``: digest of all else that must be alike."""
        self.key, self.route, self.body = key, route, body
        self.request: idempotency.Request | None = None
        self.mark = ""

    def changed(self, connection: Transaction) -> None:
        """Is called by every transaction of the request that writes."""
        if self.mark and self.request is not None:
            idempotency.changed(connection, self.request, self.mark)


class Once:
    """Around the application."""

    def __init__(self, app: Application, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] not in _WRITES or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        call = Call(scope, receive, send)
        if not any(name == HEADER.lower().encode() for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        messages = await _read(receive)
        body = hashlib.sha256(scope["query_string"] + b"\0")
        for message in messages:
            body.update(message.get("body", b""))
        shown = Shown(call.header(HEADER), f"{call.method} {call.path}", body.hexdigest())
        scope[_SCOPE] = shown

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        answer: list[Message] = []

        async def held(message: Message) -> None:
            answer.append(message)

        try:
            with with_each_change(shown.changed):
                await self._app(scope, again, held)
        finally:
            mark, shown.mark = shown.mark, ""  # what goes on after the answer is no part of the request
            if mark and shown.request is not None:
                await asyncio.to_thread(self._settle, shown.request, mark, answer)
            for message in answer:
                await send(message)

    def _settle(self, request: idempotency.Request, mark: str, answer: list[Message]) -> None:
        """Keep the answer, or let the key go. What cannot be kept is told: the key is known, its answer lost."""
        status = answer[0]["status"] if answer else 500
        body = b"".join(one.get("body", b"") for one in answer[1:])
        try:
            with self._services.database.begin() as connection:
                if status >= 500 or status in _REFUSALS or len(body) > _MOST_ANSWER:
                    idempotency.let_go(connection, request, mark, refused=status in _REFUSALS)
                    return
                headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer[0]["headers"]
                           if bytes(name).lower() not in _NOT_KEPT]  # fmt: skip
                told = {"status": status, "headers": headers, "body": base64.b64encode(body).decode()}
                sealed = self._services.seal.sealed(zlib.compress(orjson.dumps(told)), _bound(request))
                idempotency.answered(connection, request, mark, sealed)
        except LockgateError as error:
            _log.error("what was answered to a request with %s could not be kept: %s", HEADER, error)


async def begin(request: Request, actor: Actor, services: Services) -> None:
    """Claim the key that a request shows, for who may do it; nothing where it shows none.

    Raises :class:`AnsweredBeforeError`, and 400, 409, 422 or 429 as :class:`HTTPException`.
    """
    shown: Shown | None = request.scope.get(_SCOPE)
    if shown is None or shown.mark:
        return
    key = _key(request.headers.getlist(HEADER))
    who = repr((actor.id, actor.narrowed))  # a narrower token of theirs is another
    told = "\0".join((who, shown.route, key))
    shown.request = idempotency.Request(hashlib.sha256(told.encode()).hexdigest(), actor.id, shown.body)
    met = await asyncio.to_thread(_claimed, services, shown.request)
    if met.standing is Standing.OURS:
        shown.mark = met.mark
        return
    if met.standing is Standing.ANSWERED:
        raise AnsweredBeforeError(_response(services, shown.request, met.answer))
    status, detail, headers = _MET[met.standing]
    raise HTTPException(status, detail, headers)


_MET: dict[Standing, tuple[int, str, dict[str, str]]] = {
    Standing.AT_WORK: (409, f"A request with this {HEADER} is still at work.", {"retry-after": "1"}),
    Standing.LOST: (409, f"What this {HEADER} asked for was done, and its answer lost: look how things stand.", {}),
    Standing.OTHER: (422, f"This {HEADER} was another request's.", {}),
    Standing.FULL: (429, f"There are too many of your {HEADER}s of the last day.", {"retry-after": "3600"}),
}


def _claimed(services: Services, request: idempotency.Request) -> idempotency.Claim:
    with services.database.begin() as connection:
        return idempotency.claim(connection, request, now=services.now().timestamp())


def _response(services: Services, request: idempotency.Request, sealed: str) -> Response:
    told: dict[str, Any] = orjson.loads(zlib.decompress(services.seal.opened(sealed, _bound(request))))
    response = Response(base64.b64decode(told["body"]), told["status"])
    for name, value in told["headers"]:
        response.headers.append(name, value)
    response.headers[REPLAYED] = "true"
    return response


def _bound(request: idempotency.Request) -> str:
    return f"idempotency {request.id} {request.fingerprint}"


def _key(given: list[str]) -> str:
    found = _QUOTED.fullmatch(given[0].strip()) if len(given) == 1 else None
    if found is not None:
        return re.sub(r"\\(.)", r"\1", found[1])
    if len(given) == 1 and _BARE.fullmatch(given[0].strip()):
        return given[0].strip()
    raise HTTPException(400, f'{HEADER} is one string of 1 to 255 characters: "9f1c..."')


async def _read(receive: Receive) -> list[Message]:
    """All of a body; it is bounded by whoever gives it."""
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body"):
        messages.append(await receive())
    return messages
