"""Looks from time to time what the alerts about clusters fire for, for as long as the server lives.

The process asks, keeps and tells (:mod:`lockgate.engine.alerting`), so that it takes nothing of what queries may have.
What does not belong: which settings hold for it; the module that is run reads those.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from lockgate.formats.printable import clipped, printable
from lockgate.server.recurring import Recurring, Work

_log = logging.getLogger("lockgate.alerts")


def alerter(module: str, project: str, *, every: float) -> Recurring:
    """``module``: what looks, for the project at that path; ``every``: seconds."""
    given = orjson.dumps({"every": every})
    return Recurring(
        Work("alerts", module, (project,), lambda: given, _heard, "it could not be looked what the alerts fire for"),
        every=every,
    )


def _heard(told: Mapping[str, Any]) -> None:
    for line in told.get("new", ()):
        _log.warning("new alert: %s", clipped(printable(str(line)), 500))
    if told.get("fired"):
        _log.warning("%(fired)d things are wrong in clusters at %(at)s (%(waived)d of them waived)", dict(told))
    if told.get("fixed"):
        _log.info("%(fixed)d alerts are over at %(at)s", dict(told))
    if told.get("sent"):
        _log.info("%(sent)d notices of new alerts were sent", dict(told))
