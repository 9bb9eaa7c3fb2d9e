"""What pages ask the record for: one query at a time, its rows as plain values, kept while nothing was written.

An answer is kept for who asked and for all that decides which rows they see: personas, teams with what these own,
grants, and what the token is for that they show. What does not belong: the queries (``questions``), and how they are
drawn.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from lockgate.errors import LockgateError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import services_of
from lockgate.server.query.faults import Refusal
from lockgate.server.query.values import pieces

Row = dict[str, Any]
_MOST_KEPT = 512
_MOST_ROWS = 2_000
"""Rows of an answer that is kept; larger ones are asked for anew."""


class Kept:
    """Answers of the record as it stands; for several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[object, tuple[object, list[Row]]] = OrderedDict()
        self._lock = threading.Lock()

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
    """The rows of ``query`` that ``actor`` sees, by column. Raises :class:`LockgateError`."""
    services = services_of(request)
    kept: Kept = services.more.setdefault(Kept, Kept())
    key = (sees(actor), query, tuple(sorted((parameters or {}).items())), most)
    stamp = services.stamp()
    found = kept.find(key, stamp) if stamp is not None else None
    if found is None:
        try:
            answer = await services.ask(actor, query, parameters, rows=most)
        except Refusal as error:
            raise LockgateError(str(error), where="the record") from error
        table = answer.tables[0]
        names = [name for name, _ in table.columns]
        found = [dict(zip(names, row, strict=True)) for some in pieces(table) for row in some]
        if stamp is not None:
            kept.keep(key, stamp, found)
    return found


async def row(request: Request, actor: Actor, query: str, parameters: Mapping[str, str] | None = None) -> Row:
    """The first row, or an empty one."""
    found = await rows(request, actor, query, parameters, most=1)
    return found[0] if found else {}


def sees(actor: Actor) -> object:
    """The same for two requests only where the same rows are seen: by whom, and all that decides it."""
    return (actor.id, actor.personas, actor.teams, actor.grants, actor.narrowed)
