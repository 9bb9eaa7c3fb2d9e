"""Several ASGI applications in one process, by the beginnings of their paths, behind one door that knows who asks.

``/healthz`` and ``/readyz`` are answered here, for everybody. What is no application's is 404. What does not belong:
what an application answers, and who may do what within it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Protocol

import orjson

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.server.access import Person, StrangerError
from lockgate.server.asgi import PERSON, Application, Call, Receive, Scope, Send

_log = logging.getLogger("lockgate.server")
_LOCAL = lazy_pattern(r"(?i)(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
Authenticate = Callable[[str], Person | Awaitable[Person | None] | None]
"""Gives who sent an ``Authorization`` header; to be waited for where somebody else must be asked.

May raise :class:`StrangerError` with the reason why a token does not count."""


async def known(authenticate: Authenticate, shown: str, anonymous: Person | None) -> Person | None:
    """Who sent a header, or nothing where ``anonymous`` stands for that. Raises :class:`StrangerError`."""
    if not shown and anonymous is not None:
        return anonymous
    found = authenticate(shown)
    return await found if isawaitable(found) else found


@dataclass(frozen=True, slots=True)
class Mount:
    """One application."""

    prefixes: tuple[str, ...]
    """Of its paths; the longest of all mounts counts."""
    app: Application
    right: str | None
    """That a person must have to be let in at all. None: the application asks itself who sends."""
    public: frozenset[str] = frozenset()
    """Paths that anybody may ask for."""
    challenge: str = "Bearer"
    """How somebody who shows no token is asked for one."""
    close: Callable[[], None] = lambda: None
    """To be called at the end."""


class Listener(Protocol):
    """What listens beside HTTP, for as long as the server lives and in its event loop."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, before the applications are closed."""


class Mounts:
    """The application that holds the others."""

    def __init__(
        self, mounts: Sequence[Mount], authenticate: Authenticate, *, anonymous: Person | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:  # fmt: skip
        """``anonymous`` stands for everybody who shows no token. Only for a server that this machine alone reaches: a
        request must then name this machine, so that no page in a browser can ask under a name of its own."""
        self._mounts = sorted(
            ((prefix, mount) for mount in mounts for prefix in mount.prefixes), key=lambda one: -len(one[0])
        )
        self._all, self._authenticate, self._anonymous = list(mounts), authenticate, anonymous
        self._listeners = listeners
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        call = Call(scope, receive, send)
        if call.path in ("/healthz", "/readyz"):
            ready = not (self.draining and call.path == "/readyz")
            await call.answer(200 if ready else 503, b"ok" if ready else b"ending", kind="text/plain")
            return
        try:
            await self._pass(call)
        except StrangerError as error:
            code = {401: "Unauthorized", 403: "Forbidden"}.get(error.status, "ServiceUnavailable")
            await _refused(call, error.status, code, str(error), challenge='Bearer error="invalid_token"')
        except Exception as error:  # a defect of ours: its text may hold what was asked, and stays here
            _log.error("a request could not be answered: %s", type(error).__name__, exc_info=error)
            await _refused(call, 500, "InternalServiceError", "The request could not be answered.")

    async def _pass(self, call: Call) -> None:
        mount = next((mount for prefix, mount in self._mounts if call.path.startswith(prefix)), None)
        if mount is None:
            await _refused(call, 404, "NotFound", "There is nothing here.")
        elif mount.right is None or call.path in mount.public:
            await mount.app(call.scope, call.receive, call.send)
        elif self._anonymous is not None and _LOCAL.fullmatch(call.header("host")) is None:
            await _refused(call, 403, "Forbidden", "Without tokens, only localhost and 127.0.0.1 are answered.")
        elif (person := await known(self._authenticate, call.header("authorization"), self._anonymous)) is None:
            said = "A bearer token is needed that this server knows."
            await _refused(call, 401, "Unauthorized", said, challenge=mount.challenge)
        elif mount.right not in person.rights:
            await _refused(call, 403, "Forbidden", f"{person.name} has not the right '{mount.right}'.")
        else:
            call.scope[PERSON] = person
            await mount.app(call.scope, call.receive, call.send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for listener in self._listeners:
                    await listener.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                for listener in self._listeners:
                    await listener.stop()
                for one in self._all:
                    one.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _refused(call: Call, status: int, code: str, message: str, *, challenge: str = "Bearer") -> None:
    """In a form that clients of Kusto and of Log Analytics both read."""
    error = {"code": code, "message": message, "@message": message, "@type": "", "@permanent": status != 500}
    headers = [("www-authenticate", challenge)] if status == 401 else []
    await call.answer(status, orjson.dumps({"error": error}), headers=headers)
