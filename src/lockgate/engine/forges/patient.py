"""Jobs that ask forges: they come back when the forge says so, without counting that as a failure, and are tried again
for hours where it does not answer."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.engine.working import Handler, LaterError, Progress
from lockgate.store.team.jobs import Job
from lockgate.transport import UnansweredError

AGAIN = (5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0)
"""Seconds before each further try: a forge that is down for hours loses nothing."""


def again(kind: str, run: Callable[[Job, Progress], str]) -> Handler:
    """How jobs of ``kind`` are done by ``run``."""

    def patient(job: Job, progress: Progress) -> str:
        try:
            return run(job, progress)
        except UnansweredError as error:
            if error.after > AGAIN[0]:
                raise LaterError(str(error), error.after) from None
            raise

    return Handler(kind, patient, AGAIN)
