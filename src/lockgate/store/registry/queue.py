"""Images that wait to be judged: accepted once, worked on by one worker at a time, never lost, never done twice.

An image is a job for each name that it is pushed by. The run that will judge it has its id from the beginning: after a
crash the record is asked whether that run is there, so that nothing is judged twice. What does not belong: what a job
is (``engine.registry``).
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from hashlib import blake2b

from lockgate.dataclass import dataclass
from lockgate.store.registry.database import RegistryDatabase

MOST_EVENTS = 200_000
"""Ids of events that are kept, so that one that comes again is known; the oldest go."""
MOST_WAITING = 500_000
"""Jobs that may wait; whoever tells of more is told to come again."""
_DEAD_KEPT = 10_000
"""Ended jobs that are kept to be looked at."""
_COLUMNS = "id, registry, repository, digest, tag, top, cause, run, attempts, accepted, reason"

_AT_HAND = (
    "SELECT 1 FROM jobs r WHERE r.state = 'running' AND r.registry = jobs.registry AND r.repository = jobs.repository "
    "AND r.digest = jobs.digest AND r.digest <> ''"
)
"""Whether another worker is at the same image."""


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    GONE = "gone"
    """The registry no longer has it."""
    PASSED = "passed"
    """It is no image."""
    DEAD = "dead"
    """Tried as often as may be; it is told, and waits for somebody to look."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that somebody told of."""

    registry: str
    repository: str
    digest: str = ""
    """Empty: whatever the tag names when it is looked at."""
    tag: str = ""
    cause: str = ""
    """Who told: the name of a format, or ``poll``."""
    event: str = ""
    """Id of the event; one that was taken before is not taken again."""
    top: str = ""
    """The index that the image is part of; empty where it stands by itself."""
    known_too: bool = False
    """Whether it is to be looked at even where all is known: it may be gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """One that is being worked on."""

    id: int
    registry: str
    repository: str
    digest: str
    tag: str
    top: str
    cause: str
    run: str
    attempts: int
    """This one included."""
    accepted: float
    """Seconds since 1970."""
    reason: str = ""
    """Why it failed the last time."""

    @property
    def name(self) -> str:
        """As it is written in a reference."""
        at = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}" + (f":{self.tag}" if self.tag else "") + at


class Resolved(StrEnum):
    """Whose an image is."""

    MINE = "mine"
    TOLD = "told"
    """Somebody told of it by its digest too: that job does it."""
    BUSY = "busy"
    """Another worker is at it, under another tag."""


class FullError(Exception):
    """More wait than may."""


class Queue:
    """The jobs of a workspace, of every registry that is watched with it."""

    def __init__(self, database: RegistryDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def accept(self, wanted: Iterable[Wanted]) -> int:
        """Keep what somebody told of; how much of it is new. It is on the disk when this returns.

        Raises :class:`FullError`, :class:`~lockgate.errors.StoreError`; nothing of it is kept then.
        """
        now = self._clock()
        with self._database.changed() as connection:
            count = sum(self._accept(connection, one, now) for one in wanted)
            if count and _count(connection, State.WAITING) > MOST_WAITING:
                raise FullError
            oldest = "(SELECT max(number) FROM events) - ?"
            connection.execute(f"DELETE FROM events WHERE number <= {oldest}", (MOST_EVENTS,))  # noqa: S608 -- of ours
        return count

    def _accept(self, connection: sqlite3.Connection, one: Wanted, now: float) -> bool:
        if one.event:
            key = blake2b(f"{one.registry}\0{one.repository}\0{one.event}\0{one.digest}\0{one.tag}".encode(),
                          digest_size=16).digest()  # fmt: skip
            if not connection.execute("INSERT OR IGNORE INTO events (id) VALUES (?)", (key,)).rowcount:
                return False
        place = one.registry, one.repository
        if one.digest and not one.known_too:
            judged = connection.execute(
                "SELECT 1 FROM verdicts WHERE registry = ? AND repository = ? AND digest = ?", (*place, one.digest)
            ).fetchone()
            named = (
                not one.tag
                or connection.execute(
                    "SELECT 1 FROM tags WHERE registry = ? AND repository = ? AND tag = ? AND digest = ?",
                    (*place, one.tag, one.top or one.digest),
                ).fetchone()
            )
            if judged and named:
                return False
        made = connection.execute(
            "INSERT OR IGNORE INTO jobs (registry, repository, digest, tag, top, cause, run, state, attempts, due, "
            "owner, reason, accepted, ended) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, '', '', ?, 0)",
            (*place, one.digest, one.tag, one.top, one.cause, uuid.uuid4().hex, now, now),
        )
        return bool(made.rowcount)

    def take(self, registry: str) -> Job | None:
        """The next job of a registry, this worker's until it is ended or put back; None where none is due."""
        with self._database.changed() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM jobs WHERE registry = ? AND state = 'waiting' AND due <= ? "  # noqa: S608 -- names of ours
                f"AND NOT EXISTS ({_AT_HAND}) ORDER BY due, id LIMIT 1", (registry, self._clock()),
            ).fetchone()  # fmt: skip
            if row is None:
                return None
            job = Job(*row)
            connection.execute(
                "UPDATE jobs SET state = 'running', owner = ?, attempts = attempts + 1 WHERE id = ?",
                (self._database.worker, job.id),
            )
        return replace(job, attempts=job.attempts + 1)

    def resolve(self, job: Job, digest: str) -> Resolved:
        """The job's name leads to ``digest``. Nobody else works on that image until the job is ended."""
        with self._database.changed() as connection:
            place = job.registry, job.repository, digest
            same = connection.execute(
                "SELECT 1 FROM jobs WHERE registry = ? AND repository = ? AND digest = ? AND tag = ? AND id <> ? AND "
                "state IN ('waiting', 'running')", (*place, job.tag, job.id),
            ).fetchone()  # fmt: skip
            if same:
                return Resolved.TOLD
            other = connection.execute(
                "SELECT 1 FROM jobs WHERE registry = ? AND repository = ? AND digest = ? AND id <> ? AND "
                "state = 'running'", (*place, job.id),
            ).fetchone()  # fmt: skip
            if other:
                return Resolved.BUSY
            connection.execute("UPDATE jobs SET digest = ? WHERE id = ?", (digest, job.id))
        return Resolved.MINE

    def free(self) -> int:
        """Put back what workers had at hand that are gone; how many jobs."""
        with self._database.changed() as connection:
            owners = [row[0] for row in connection.execute("SELECT DISTINCT owner FROM jobs WHERE state = 'running'")]
            gone = [one for one in owners if not self._database.lives(one)]
            done = [connection.execute("UPDATE jobs SET state = 'waiting', owner = '' WHERE state = 'running' AND "
                                       "owner = ?", (one,)).rowcount for one in gone]  # fmt: skip
        return sum(done)

    def end(self, job: Job, state: State, reason: str = "") -> None:
        """It needs nothing more."""
        with self._database.changed() as connection:
            connection.execute("UPDATE jobs SET state = ?, reason = ?, owner = '', ended = ? WHERE id = ?",
                               (state, reason[:500], self._clock(), job.id))  # fmt: skip
            connection.execute(
                "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended > 0 ORDER BY ended DESC LIMIT -1 "
                "OFFSET ?)", (_DEAD_KEPT,),
            )  # fmt: skip

    def put_back(self, job: Job, reason: str, *, after: float) -> None:
        """It is to be tried again in so many seconds."""
        with self._database.changed() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'waiting', owner = '', reason = ?, due = ? WHERE id = ?",
                (reason[:500], self._clock() + after, job.id),
            )

    def revive(self, registry: str) -> int:
        """Have everything that is dead tried again from the start; how many jobs."""
        with self._database.changed() as connection:
            return connection.execute(
                "UPDATE OR IGNORE jobs SET state = 'waiting', attempts = 0, due = ?, ended = 0 WHERE state = 'dead' "
                "AND registry = ?", (self._clock(), registry),
            ).rowcount  # fmt: skip

    def counts(self, registry: str) -> dict[str, int]:
        """How many jobs stand where."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT state, count(*) FROM jobs WHERE registry = ? GROUP BY state", (registry,))
            return {state.value: 0 for state in State} | dict(rows.fetchall())

    def dead(self, registry: str, most: int = 100) -> list[Job]:
        """The last that are dead."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM jobs WHERE registry = ? AND state = 'dead' ORDER BY ended DESC LIMIT ?",  # noqa: S608 -- names of ours
                (registry, most),
            )
            return [Job(*row) for row in rows]

    def oldest(self, registry: str) -> float | None:
        """When the job that has waited longest was accepted; None where none waits."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT min(accepted) FROM jobs WHERE registry = ? AND state IN ('waiting', 'running')", (registry,)
            ).fetchone()
        return None if row[0] is None else float(row[0])


def _count(connection: sqlite3.Connection, state: State) -> int:
    return int(connection.execute("SELECT count(*) FROM jobs WHERE state = ?", (state,)).fetchone()[0])
