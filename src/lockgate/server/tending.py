"""Looks after the record from time to time, for as long as the server lives.

The process rewrites files (:mod:`lockgate.store.tending`); one that is ended half-way leaves the tables as they were
before what it had at hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.server.recurring import Recurring, Work
from lockgate.store.tending import Tending
from lockgate.store.workspace import Workspace

_log = logging.getLogger("lockgate.record")


def tender(workspace: Workspace, tending: Callable[[], Tending], *, every: float) -> Recurring:
    """``every``: seconds."""
    places = (workspace.record, str(workspace.mirror))
    return Recurring(
        Work("record", "lockgate.store.tending", places, lambda: tending().written(), _heard,
             "the record could not be looked after"),
        every=every,
    )  # fmt: skip


def _heard(told: Mapping[str, Any]) -> None:
    if told.get("rows"):
        _log.info("%(rows)d rows of %(table)s older than %(days)d days are forgotten", dict(told))
