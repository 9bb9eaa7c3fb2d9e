"""Appends what was told of sign-ins to the record, as rows of ``SigninLogs``, where rules of alerts look at them."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from lockgate.engine.collect.tables import Tables
from lockgate.engine.working import Handler, Progress
from lockgate.store import Record
from lockgate.store.team.jobs import Job
from lockgate.store.team.sessions import SIGN_IN_ROW

TABLE = "SigninLogs"


def handler(record: Callable[[], Record]) -> Handler:
    """Does the jobs of that kind. A worker that dies between the row and the end of its job appends it once more, under
    the same ``Id``."""

    def run(job: Job, progress: Progress) -> str:
        del progress
        tables = Tables(record(), origin="lockgate")
        try:
            tables.load(TABLE, [orjson.dumps(dict(job.payload)) + b"\n"])
        finally:
            tables.close()
        return "appended"

    return Handler(SIGN_IN_ROW, run)
