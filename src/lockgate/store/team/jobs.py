"""Work that is done in the background and survives a restart: a queue on the team's database, with leases.

A job is put in by the transaction of what asks for it. A worker claims it for a while and renews its claim; one whose
worker died is claimed again when the claim has run out, so that work may begin twice and must bear that. It is tried
again later when it fails, as often as its kind says. What does not belong: what the work is (``engine``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Float, Index, Integer, String, Text, and_, func, insert, or_, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.store.team.database import METADATA, TeamDatabase, locked

JOBS = SqlTable(
    "jobs", METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(128), nullable=False),
    Column("leased_until", Float, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("said", Text, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("created", Float, nullable=False),
    Column("ended", Float, nullable=False),
    Index(None, "state", "due"),
    Index(None, "kind", "key", "state"),
)  # fmt: skip
Change = Callable[[Connection, int], bool]
"""What is done to one job by its number; whether it stood so that it could be."""
LEASE_SECONDS = 60.0
"""For which a claim holds unless it is renewed."""
_MOST_PAYLOAD = 1 << 20


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Tried as often as may be; it waits for somebody to look."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands."""

    id: int
    kind: str
    key: str
    """What it is about; of one kind and key one waits at a time. Empty: it is alike no other."""
    payload: Mapping[str, Any]
    state: JobState
    due: float
    """Seconds of Unix time from which it may be begun."""
    attempts: int
    """How often it was begun."""
    worker: str
    leased_until: float
    done: int
    total: int
    """How far it is, in whatever it counts; 0: it cannot tell."""
    said: str
    """What it does now, or how it ended."""
    actor: str
    """Who asked for it."""
    created: float
    ended: float
    """0 until then."""


def enqueue(
    connection: Connection, kind: str, payload: Mapping[str, Any] | None = None, *, key: str = "", delay: float = 0.0,
    actor: str = "system", now: float | None = None,
) -> int:  # fmt: skip
    """Put a job in; its id. Where one of the same kind and ``key`` waits already, that one's. ``delay``: seconds."""
    now = time.time() if now is None else now
    body = orjson.dumps(dict(payload or {})).decode()
    if len(body) > _MOST_PAYLOAD:
        raise StoreError("is too large for a job: keep what it needs elsewhere, and name it", where=kind)
    if key:
        locked(connection, f"jobs:{kind}:{key}")
        alike = and_(JOBS.c.kind == kind, JOBS.c.key == key, JOBS.c.state == JobState.WAITING)
        waiting = connection.execute(select(JOBS.c.id, JOBS.c.due).where(alike)).first()
        if waiting is not None:
            if now + delay < waiting.due:
                connection.execute(update(JOBS).where(JOBS.c.id == waiting.id).values(due=now + delay))
            return int(waiting.id)
    values = {
        "kind": kind, "key": key, "payload": body, "state": JobState.WAITING, "due": now + delay, "attempts": 0,
        "worker": "", "leased_until": 0.0, "done": 0, "total": 0, "said": "", "actor": actor[:255], "created": now,
        "ended": 0.0,
    }  # fmt: skip
    made = connection.execute(insert(JOBS).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def claim(
    database: TeamDatabase, kinds: Collection[str], worker: str, *, lease: float = LEASE_SECONDS,
    now: float | None = None,
) -> Job | None:  # fmt: skip
    """The job of these kinds that waits longest, or one whose worker died, claimed for ``lease`` seconds; or nothing.

    Of one kind and key only one runs at a time.
    """
    now = time.time() if now is None else now
    other = JOBS.alias()
    at_hand = select(other.c.id).where(
        other.c.kind == JOBS.c.kind, other.c.key == JOBS.c.key, other.c.key != "", other.c.id != JOBS.c.id,
        other.c.state == JobState.RUNNING, other.c.leased_until >= now,
    )  # fmt: skip
    due = or_(
        and_(JOBS.c.state == JobState.WAITING, JOBS.c.due <= now),
        and_(JOBS.c.state == JobState.RUNNING, JOBS.c.leased_until < now),
    )
    wanted = select(JOBS).where(due, JOBS.c.kind.in_(sorted(kinds)), ~at_hand.exists())
    wanted = wanted.order_by(JOBS.c.due, JOBS.c.id).limit(1)
    if not kinds:
        return None
    with database.read() as connection:  # most looks find nothing, and need no lock
        if connection.execute(wanted.with_only_columns(JOBS.c.id)).first() is None:
            return None
    with database.begin() as connection:
        locked(connection, "jobs:claim")
        row = connection.execute(wanted).first()
        if row is None:
            return None
        taken = {"state": JobState.RUNNING, "worker": worker, "leased_until": now + lease}
        values = {**taken, "attempts": row.attempts + 1}
        connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(**values))
        return _job({**row._mapping, **values})


def renew(
    database: TeamDatabase, job: Job, *, done: int | None = None, total: int | None = None, said: str | None = None,
    lease: float = LEASE_SECONDS, now: float | None = None,
) -> bool:  # fmt: skip
    """Go on holding a claim, and say how far the work is. False: it is no longer this worker's, or was cancelled, and
    the work must end without writing anything more."""
    now = time.time() if now is None else now
    told = {"done": done, "total": total, "said": said if said is None else said[:2_000]}
    values: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return _changed(database, job, leased_until=now + lease, **values)


def finish(database: TeamDatabase, job: Job, said: str = "", *, now: float | None = None) -> bool:
    """The work is done. False as :func:`renew`."""
    ended = time.time() if now is None else now
    return _changed(database, job, state=JobState.DONE, said=said[:2_000], ended=ended)


def fail(
    database: TeamDatabase, job: Job, reason: str, *, again_in: float | None, now: float | None = None
) -> bool:  # fmt: skip
    """It failed; it is tried again in so many seconds, or never. False as :func:`renew`."""
    now = time.time() if now is None else now
    if again_in is None:
        return _changed(database, job, state=JobState.FAILED, said=reason[:2_000], ended=now)
    return _changed(database, job, state=JobState.WAITING, said=reason[:2_000], due=now + again_in, worker="")


def release(
    database: TeamDatabase, job: Job, said: str = "", *, delay: float = 0.0, now: float | None = None
) -> bool:  # fmt: skip
    """Give a claim back, as a server does that ends: another may go on, in ``delay`` seconds at the earliest, and this
    attempt does not count. False as :func:`renew`."""
    due = (time.time() if now is None else now) + delay
    values = {"state": JobState.WAITING, "due": due, "worker": "", "attempts": job.attempts - 1}
    return _changed(database, job, **values, **({"said": said[:2_000]} if said else {}))


def cancel(connection: Connection, number: int, *, now: float | None = None) -> bool:
    """End a job that waits or runs; whether there was one. Its worker sees it when it next renews."""
    ended = time.time() if now is None else now
    live = JOBS.c.state.in_((JobState.WAITING, JobState.RUNNING))
    change = update(JOBS).where(JOBS.c.id == number, live).values(state=JobState.CANCELLED, ended=ended)
    return bool(connection.execute(change).rowcount)


def retry(connection: Connection, number: int, *, now: float | None = None) -> bool:
    """Have a job that failed or was cancelled begun again; whether there was one."""
    due = time.time() if now is None else now
    dead = JOBS.c.state.in_((JobState.FAILED, JobState.CANCELLED))
    values = {"state": JobState.WAITING, "due": due, "attempts": 0, "ended": 0.0, "worker": ""}
    return bool(connection.execute(update(JOBS).where(JOBS.c.id == number, dead).values(**values)).rowcount)


def find(connection: Connection, number: int) -> Job | None:
    """One job."""
    row = connection.execute(select(JOBS).where(JOBS.c.id == number)).first()
    return None if row is None else _job(row._mapping)


def listed(
    connection: Connection, *, states: Collection[JobState] = (), kind: str = "", before: int = 0, most: int = 100
) -> tuple[Job, ...]:  # fmt: skip
    """Jobs, newest first; those with an id below ``before`` where it is given."""
    wanted = select(JOBS).order_by(JOBS.c.id.desc()).limit(most)
    wanted = wanted.where(JOBS.c.state.in_(sorted(states))) if states else wanted
    wanted = wanted.where(JOBS.c.kind == kind) if kind else wanted
    wanted = wanted.where(JOBS.c.id < before) if before else wanted
    return tuple(_job(row._mapping) for row in connection.execute(wanted))


def counts(connection: Connection) -> dict[str, int]:
    """How many there are by state."""
    rows = connection.execute(select(JOBS.c.state, func.count()).group_by(JOBS.c.state))
    found = {str(state): count for state, count in rows}
    return {str(state): found.get(state, 0) for state in JobState}


def forget(connection: Connection, *, ended_before: float) -> int:
    """Delete jobs that ended well before then; how many. Those that failed stay until somebody looked."""
    ended = JOBS.c.state.in_((JobState.DONE, JobState.CANCELLED))
    return connection.execute(JOBS.delete().where(ended, JOBS.c.ended < ended_before)).rowcount


def _changed(database: TeamDatabase, job: Job, **values: Any) -> bool:
    """Change a job that is still this worker's, in this attempt."""
    mine = and_(
        JOBS.c.id == job.id, JOBS.c.worker == job.worker, JOBS.c.attempts == job.attempts,
        JOBS.c.state == JobState.RUNNING,
    )  # fmt: skip
    with database.begin() as connection:
        return bool(connection.execute(update(JOBS).where(mine).values(**values)).rowcount)


def _job(row: Mapping[Any, Any]) -> Job:
    values = dict(row)
    return Job(**{**values, "payload": orjson.loads(values["payload"]), "state": JobState(values["state"])})
