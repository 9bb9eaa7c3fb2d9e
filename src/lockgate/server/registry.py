"""Where registries tell what was pushed: ``POST /registry/events/{format}``, and how the watch stands.

Whoever shows a token with the right ``registry`` may tell; GitHub signs what it sends instead. 202 says that every
event is on the disk. An event names an image and nothing more: what is there is asked of the registry itself, so one
that was forged or sent again has at most something looked at that is looked at anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from lockgate.engine.registry.watching import Watch
from lockgate.errors import LockgateError
from lockgate.formats.format_error import FormatError
from lockgate.formats.registry_events import MAX_BODY, Action, EventFormat, RegistryEvent, formats, read
from lockgate.formats.webhooks import signed
from lockgate.server.access import REGISTRY
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, body_of
from lockgate.server.mounts import Mount
from lockgate.store.registry.queue import FullError, Wanted

PREFIX = "/registry/"
_EVENTS = f"{PREFIX}events/"
STATUS = f"{PREFIX}status"
_AT_ONCE = 8
"""Bodies that are read at a time: each may be as large as may be."""
Secret = Callable[[], str]
"""The secret of signatures; empty where there is none."""


class RegistryApp:
    """An ASGI application for one watch."""

    def __init__(self, watch: Watch, secret: Secret) -> None:
        self._watch, self._secret = watch, secret
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._answer(call), lambda refusal: _refuse(call, refusal))

    async def _answer(self, call: Call) -> None:
        if call.path == STATUS:
            if call.method != "GET":
                raise RefusedError(405, "How the watch stands is asked by GET.")
            await call.answer(200, orjson.dumps(await asyncio.to_thread(self._watch.status)))
            return
        name = call.path.removeprefix(_EVENTS)
        form = formats().get(name) if call.path.startswith(_EVENTS) else None
        if form is None:
            raise RefusedError(404, f"Events are told at {_EVENTS} and one of {', '.join(formats())}.")
        if call.method != "POST":
            raise RefusedError(405, "Events are told by POST.")
        async with self._turns:
            content = await body_of(call, MAX_BODY)
            count, new = await asyncio.to_thread(self._taken, call, name, form, content)
        await call.answer(202, orjson.dumps({"events": count, "new": new}))

    def _taken(self, call: Call, name: str, form: EventFormat, content: bytes) -> tuple[int, int]:
        if form.signature and not signed(content, call.header(form.signature), self._secret()):
            raise RefusedError(401, "The signature is not that of this body.")
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in call.scope["headers"]}
        try:
            events = read(form, content, headers)
        except FormatError as error:
            raise RefusedError(400, f"The body is none of {form.about}: {error.reason}.") from None
        scope = self._watch.scope
        wanted = [_wanted(scope.registry, one, name) for one in events if scope.covers(one.repository, one.tag)]
        try:
            new = self._watch.queue.accept(wanted) if wanted else 0
        except FullError:
            raise RefusedError(429, "More images wait than can be taken in.") from None
        if new:
            self._watch.wake()
        return len(events), new


def _wanted(registry: str, event: RegistryEvent, cause: str) -> Wanted:
    """Of a deletion too: the registry is asked, and what is gone is then known to be."""
    deleted = event.action is Action.DELETE
    name = f"{event.action} {event.id}" if event.id else ""
    return Wanted(registry, event.repository, event.digest, event.tag, cause, name, known_too=deleted)


def mount(watch: Watch, secret: Secret) -> Mount:
    """The application under its paths."""
    public = frozenset(f"{_EVENTS}{name}" for name, form in formats().items() if form.signature)
    return Mount((PREFIX,), RegistryApp(watch, secret), REGISTRY, public)


async def _refuse(call: Call, refusal: Refusal) -> None:
    body: dict[str, Any] = {"error": {"message": refusal.message}}
    await call.answer(refusal.status, orjson.dumps(body), headers=refusal.headers)


def secret_of_settings(reference: Callable[[], str | None]) -> Secret:
    """Reads the secret anew for each request, so that it may be changed; empty where it cannot be read."""
    from lockgate.secrets.references import secret_of
    from lockgate.settings import FILE_NAME

    def secret() -> str:
        named = reference()
        try:
            return secret_of(named, where=f"{FILE_NAME}: registry.github_secret") if named else ""
        except LockgateError:
            return ""

    return secret
