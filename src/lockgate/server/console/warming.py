"""Asks every page of the menu once when the server starts, so that nobody waits for what only the first asks for.

What is read then stays: code, templates, the tables of the record in the caches of this machine, and answers, which all
share from whom no row is kept (``looks``). It runs in the background, and what goes wrong is told in the log alone.
"""

from __future__ import annotations

import asyncio
import logging

from lockgate.model.actor import Actor, ActorKind, Persona
from lockgate.server.asgi import Application, Message, Scope
from lockgate.server.console.menu import MENU

READER = Actor("system", "Lockgate", ActorKind.SYSTEM, personas=tuple(Persona))
"""As whom pages are asked: it may see every page, and nothing that it asks for changes anything."""
_log = logging.getLogger("lockgate.console")


class Warming:
    """A listener that listens to nobody."""

    def __init__(self, app: Application) -> None:
        """``app``: the console without its shield, which counts requests of people."""
        self._app = app
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; this does not wait for the pages."""
        self._task = asyncio.create_task(self.warm())

    async def stop(self) -> None:
        """End, wherever it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def warm(self) -> None:
        """Ask every page."""
        for item in MENU:
            status = await self._asked(item.address)
            if status != 200:
                _log.warning("%s could not be asked for at the start: %s", item.address, status)

    async def _asked(self, path: str) -> int:
        status = 500
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
            "client": None, "server": ("localhost", 80), "lockgate.actor": READER,
        }  # fmt: skip

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        try:
            await self._app(scope, receive, send)
        except Exception:
            _log.exception("%s could not be asked for at the start", path)
        return status
