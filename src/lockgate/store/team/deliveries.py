"""What forges told, each once: accepted when its row and its jobs are committed, known again when it is told again.

Also what was judged already of each branch and pull request, by which a server that was down finds what it missed. The
bodies themselves are not kept: what they told stands in the jobs. What does not belong: reading bodies
(``formats.forge_events``) and working the jobs (``engine.forges``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Float, Index, Integer, String, case, delete, func, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.store.team import jobs
from lockgate.store.team.database import METADATA, locked
from lockgate.store.team.jobs import JobState

DELIVERIES = SqlTable(
    "forge_deliveries", METADATA,
    Column("connection", String(64), primary_key=True),
    Column("delivery", String(128), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("received", Float, nullable=False),
    Column("job", Integer, nullable=False),
    Index(None, "received"),
)  # fmt: skip
HEADS = SqlTable(
    "forge_heads", METADATA,
    Column("connection", String(64), primary_key=True),
    Column("repository", String(64), primary_key=True),
    Column("what", String(300), primary_key=True),
    Column("commit_id", String(64), nullable=False),
    Column("base_id", String(64), nullable=False),
    Column("judged", Float, nullable=False),
)  # fmt: skip
KEPT_SECONDS = 90 * 86_400.0
"""For which a delivery is known again. A body is signed without a time, so that one that is told again after that only
has the forge asked once more how things stand."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job that a delivery asks for."""

    kind: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery that was read and believed."""

    connection: str
    """Name of the forge in the settings."""
    id: str
    kind: str
    work: tuple[Work, ...]


def accept(connection: Connection, deliveries: Sequence[Delivery], *, now: float) -> list[bool]:
    """Keep them all, with their jobs; which of them were not known before.

    One that is told again after its job failed for good has it done again: so people ask a forge to deliver anew."""
    locked(connection, "forge_deliveries")
    known = _known(connection, deliveries)
    new: list[bool] = []
    for one in deliveries:
        key = (one.connection, one.id)
        before = known.get(key)
        new.append(before is None)
        if before is not None:
            if before and (job := jobs.find(connection, before)) is not None and job.state is JobState.FAILED:
                jobs.retry(connection, before, now=now)
            continue
        made = [jobs.enqueue(connection, work.kind, work.payload, key=work.key, now=now) for work in one.work]
        known[key] = made[0] if made else 0
        connection.execute(
            insert(DELIVERIES).values(
                connection=one.connection, delivery=one.id, kind=one.kind, received=now, job=known[key]
            )
        )
    return new


@dataclass(frozen=True, slots=True)
class Heard:
    """What a forge told."""

    last: float
    """Seconds of Unix time of its newest delivery."""
    kind: str
    """Of that."""
    day: int
    """Deliveries of the last 24 hours."""


def heard(connection: Connection, *, now: float | None = None) -> dict[str, Heard]:
    """What each forge told, by its name."""
    since = (time.time() if now is None else now) - 86_400.0
    counted = select(DELIVERIES.c.connection, func.max(DELIVERIES.c.received).label("last"),
                     func.sum(case((DELIVERIES.c.received >= since, 1), else_=0)).label("day"))  # fmt: skip
    found: dict[str, Heard] = {}
    for row in connection.execute(counted.group_by(DELIVERIES.c.connection)).all():
        at = (DELIVERIES.c.connection == row.connection, DELIVERIES.c.received == row.last)
        kind = connection.execute(select(DELIVERIES.c.kind).where(*at).limit(1)).scalar()
        found[row.connection] = Heard(row.last, kind or "", int(row.day))
    return found


def _known(connection: Connection, deliveries: Sequence[Delivery]) -> dict[tuple[str, str], int]:
    """The first job of those that are known, by connection and id."""
    found: dict[tuple[str, str], int] = {}
    for name in {one.connection for one in deliveries}:
        ids = [one.id for one in deliveries if one.connection == name]
        for start in range(0, len(ids), 500):
            wanted = select(DELIVERIES).where(
                DELIVERIES.c.connection == name, DELIVERIES.c.delivery.in_(ids[start : start + 500])
            )
            found |= {(name, row.delivery): row.job for row in connection.execute(wanted)}
    return found


def forget(connection: Connection, *, before: float) -> int:
    """Let go of what was received before then; how many."""
    return int(connection.execute(delete(DELIVERIES).where(DELIVERIES.c.received < before)).rowcount)


def judged(connection: Connection, forge: str, repository: str, what: str) -> tuple[str, str]:
    """The newest commit that was judged of a branch (``refs/heads/main``) or pull request (``pull/7``), and the base it
    was judged against; twice nothing where none was."""
    wanted = select(HEADS.c.commit_id, HEADS.c.base_id).where(
        HEADS.c.connection == forge, HEADS.c.repository == repository, HEADS.c.what == what
    )
    row = connection.execute(wanted).first()
    return ("", "") if row is None else (str(row.commit_id), str(row.base_id))


def judge(
    connection: Connection, forge: str, repository: str, what: str, commit: str, base: str, *, now: float
) -> None:  # fmt: skip
    """Keep that a commit was judged."""
    locked(connection, f"forge_heads:{forge}:{repository}")
    place = (HEADS.c.connection == forge, HEADS.c.repository == repository, HEADS.c.what == what)
    values = {"commit_id": commit, "base_id": base, "judged": now}
    if not connection.execute(update(HEADS).where(*place).values(**values)).rowcount:
        connection.execute(
            insert(HEADS).values(connection=forge, repository=repository, what=what[:300], **values)
        )


def unjudge(connection: Connection, forge: str, repository: str, what: str) -> None:
    """Forget what was judged of a branch or pull request that is gone."""
    connection.execute(
        delete(HEADS).where(HEADS.c.connection == forge, HEADS.c.repository == repository, HEADS.c.what == what)
    )
