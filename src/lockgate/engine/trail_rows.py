"""Copies the team's audit trail into the record, where queries see it, and what is cut off at its end is missed.

A job copies what the record has not; a watch puts it in when there is something. Each piece is marked by the number of
its last entry, so that a worker that died after it appended appends nothing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

from lockgate.engine.working import Handler, Progress
from lockgate.errors import LockgateError
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.team import jobs, trail
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import Job
from lockgate.store.team.trail import Appended

TABLE, KIND = "AuditTrail", "trail-copied"
_PIECE = 500
_EVERY = 10.0
"""Seconds between two looks whether there is something new."""
_log = logging.getLogger("lockgate.record")


def copied(record: Record) -> tuple[int, str]:
    """Number and hash of the last entry that the record has; 0 and nothing where it has none."""
    if record.shapes().table(TABLE) is None:
        return 0, ""
    rows = ask(f"{TABLE} | top 1 by Number desc | project Number, Hash", record.asked()).rows
    return (int(str(rows[0][0])), str(rows[0][1])) if rows else (0, "")


def handler(record: Callable[[], Record], database: TeamDatabase) -> Handler:
    """Does the jobs of that kind."""

    def run(job: Job, progress: Progress) -> str:
        del job
        kept = record()
        after, count = copied(kept)[0], 0
        while True:
            with database.read() as connection:
                some = trail.entries(connection, after=after, most=_PIECE)
            if not some:
                return f"{count} entries copied"
            kept.append_alone(TABLE, [_row(one) for one in some], once=("audit-trail", some[-1].number))
            after, count = some[-1].number, count + len(some)
            progress.tell(done=count)

    return Handler(KIND, run)


class TrailWatch:
    """Puts the job in when the trail grew. A listener as ``server.mounts`` has them."""

    origin = "audit trail"

    def __init__(self, database: TeamDatabase, wake: Callable[[], None], *, every: float = _EVERY) -> None:
        self._database, self._wake, self._every = database, wake, every
        self._seen = -1
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End; what was not copied yet is by the next server."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            try:
                if await asyncio.to_thread(self.look):
                    self._wake()
            except LockgateError as error:
                _log.error("the audit trail could not be looked at: %s", error)
            await asyncio.sleep(self._every)

    def look(self) -> bool:
        """Put the job in where there is something new; whether there was."""
        with self._database.read() as connection:
            number, _ = trail.head(connection)
        if number == self._seen:
            return False
        with self._database.begin() as connection:
            jobs.enqueue(connection, KIND, key=KIND)
        self._seen = number
        return True


def _row(entry: Appended) -> dict[str, object]:
    return {
        "TimeGenerated": datetime.fromisoformat(entry.time), "RunId": "", "Number": entry.number, "Actor": entry.actor,
        "ActorName": entry.actor_name, "ActorKind": entry.actor_kind, "Action": entry.action, "Target": entry.target,
        "Outcome": entry.outcome, "Reason": entry.reason, "Address": entry.address,
        "Detail": entry.detail, "Previous": entry.previous, "Hash": entry.hash,
    }  # fmt: skip
