"""What pages ask the record for: one query at a time, its rows as plain values, kept while nothing was written.

An answer is kept for who asked and for all that decides which rows they see: personas, teams with what these own,
grants, and what the token is for that they show. Those from whom no row is kept share answers. What does not belong:
the queries (``questions``), and how they are drawn.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from fastapi.exceptions import HTTPException

from lockgate.errors import LockgateError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import services_of
from lockgate.server.console.services import Services
from lockgate.server.query.faults import Kind, Refusal
from lockgate.server.query.values import pieces

Row = dict[str, Any]
_MOST_KEPT = 512
_AT_ONCE = 3
"""Questions of one person at a time, below what the desk lets them: one is left for queries that they type."""
_MOST_ROWS = 2_000
"""Rows of an answer that is kept; larger ones are asked for anew."""


class Kept:
    """Answers of the record as it stands; for several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[object, tuple[object, list[Row]]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self.at_work: dict[object, asyncio.Task[list[Row]]] = {}
        """Questions that are asked now, by key and stamp; of the event loop alone."""

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Somebody's turn to ask: their pages wait for each other before the desk would refuse one."""
        turns, waiting = self._turns.get(person) or (asyncio.Semaphore(_AT_ONCE), 0)
        self._turns[person] = turns, waiting + 1
        try:
            async with turns:
                yield
        finally:
            turns, waiting = self._turns.pop(person)
            if waiting > 1:
                self._turns[person] = turns, waiting - 1

    def find(self, key: object, stamp: object) -> list[Row] | None:
        """The rows of an answer, where nothing was written since."""
        with self._lock:
            found = self._answers.get(key)
            if found is None or found[0] != stamp:
                return None
            self._answers.move_to_end(key)
            return found[1]

    def keep(self, key: object, stamp: object, rows: list[Row]) -> None:
        """Keep one."""
        if len(rows) > _MOST_ROWS:
            return
        with self._lock:
            self._answers[key] = (stamp, rows)
            while len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)


async def rows(
    request: Request, actor: Actor, query: str, parameters: Mapping[str, str] | None = None, *, most: int = _MOST_ROWS
) -> list[Row]:  # fmt: skip
    """The rows of ``query`` that ``actor`` sees, by column; asked once for all who wait for the same.

    Raises :class:`LockgateError`, and 429 where they wait for too much at once.
    """
    services = services_of(request)
    kept: Kept = services.more.setdefault(Kept, Kept())
    key = (sees(services, actor), query, tuple(sorted((parameters or {}).items())), most)
    stamp = services.stamp()
    if stamp is None:
        return await _asked(services, kept, actor, query, parameters, most)
    found = kept.find(key, stamp)
    if found is not None:
        return found
    work = kept.at_work.get((key, stamp))
    if work is None:
        work = asyncio.create_task(_asked(services, kept, actor, query, parameters, most))
        kept.at_work[key, stamp] = work
        work.add_done_callback(lambda done: _settled(kept, key, stamp, done))
    return await asyncio.shield(work)  # who leaves does not take it from the others


async def _asked(
    services: Services, kept: Kept, actor: Actor, query: str, parameters: Mapping[str, str] | None, most: int
) -> list[Row]:  # fmt: skip
    async with kept.turn(actor.id):
        try:
            answer = await services.ask(actor, query, parameters, rows=most)
        except Refusal as error:
            if error.fault.kind is Kind.THROTTLED:
                raise HTTPException(429, str(error), {"retry-after": "2"}) from error
            raise LockgateError(str(error), where="the record") from error
    table = answer.tables[0]
    names = [name for name, _ in table.columns]
    return [dict(zip(names, row, strict=True)) for some in pieces(table) for row in some]


def _settled(kept: Kept, key: object, stamp: object, done: asyncio.Task[list[Row]]) -> None:
    kept.at_work.pop((key, stamp), None)
    if not done.cancelled() and done.exception() is None:
        kept.keep(key, stamp, done.result())


async def row(request: Request, actor: Actor, query: str, parameters: Mapping[str, str] | None = None) -> Row:
    """The first row, or an empty one."""
    found = await rows(request, actor, query, parameters, most=1)
    return found[0] if found else {}


def sees(services: Services, actor: Actor) -> object:
    """The same for two requests only where the same rows are seen: by whom, and all that decides it."""
    if services.sees_everything(actor):
        return "everything"
    return (actor.id, actor.personas, actor.teams, actor.grants, actor.narrowed)
