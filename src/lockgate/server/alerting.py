"""Looks from time to time what the alerts about clusters fire for, for as long as the server lives.

The process asks and keeps (:mod:`lockgate.engine.alerting`), so that it takes nothing of what queries may have.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from lockgate.server.recurring import Recurring, Work

_log = logging.getLogger("lockgate.alerts")


def alerter(record: str, state: str, *, every: float) -> Recurring:
    """``record``: as ``Record.open`` takes it; ``state``: the file that says how far was looked; ``every``: seconds."""
    given = orjson.dumps({"every": every, "state": state})
    return Recurring(
        Work("alerts", "lockgate.engine.alerting", (record,), lambda: given, _heard,
             "it could not be looked what the alerts fire for"),
        every=every,
    )  # fmt: skip


def _heard(told: Mapping[str, Any]) -> None:
    if told.get("fired"):
        _log.warning("%(fired)d things are wrong in clusters at %(at)s: ClusterAlerts", dict(told))
