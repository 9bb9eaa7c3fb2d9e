"""What people say of findings: who looks after one, where it stands, and remarks. The finding itself is in the record.

A finding that nobody touched has no row. What does not belong: waivers, which change what a gate decides (``waivers``).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from enum import StrEnum

from sqlalchemy import Column, Connection, Float, Index, Integer, String, Text, delete, insert, select
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.store.team import trail
from lockgate.store.team.database import METADATA, locked

TRIAGE = SqlTable(
    "triage", METADATA,
    Column("identity", String(80), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("assignee", String(255), nullable=False),
    Column("assignee_name", String(255), nullable=False),
    Column("changed", Float, nullable=False),
    Column("changed_by", String(255), nullable=False),
    Index(None, "assignee"),
)  # fmt: skip
REMARKS = SqlTable(
    "remarks", METADATA,
    Column("id", Integer, primary_key=True),
    Column("identity", String(80), nullable=False, index=True),
    Column("actor", String(255), nullable=False),
    Column("actor_name", String(255), nullable=False),
    Column("time", Float, nullable=False),
    Column("text", Text, nullable=False),
)  # fmt: skip
MOST_AT_ONCE = 500


class TriageState(StrEnum):
    """Where somebody's work on a finding stands."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    MENDED = "mended"
    """Somebody says so; whether it is, the next run says."""


@dataclass(frozen=True, slots=True)
class Triaged:
    """What is said of one finding."""

    identity: str
    state: TriageState
    assignee: str
    """Id of an actor; empty: nobody."""
    assignee_name: str
    changed: float
    changed_by: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark."""

    id: int
    identity: str
    actor: str
    actor_name: str
    time: float
    text: str


def change(
    connection: Connection, actor: Actor, identities: Sequence[str], *, state: TriageState | None = None,
    assignee: tuple[str, str] | None = None, address: str = "", now: float | None = None,
) -> int:  # fmt: skip
    """Set the state, or who looks after them (id and name; two empty texts: nobody), of findings; how many.

    Raises :class:`UsageError` for none or too many.
    """
    now = time.time() if now is None else now
    wanted = tuple(dict.fromkeys(one for one in identities if 0 < len(one) <= 80))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise UsageError(f"1 to {MOST_AT_ONCE} findings at once", where="triage")
    locked(connection, "triage")
    before = found(connection, wanted)
    connection.execute(delete(TRIAGE).where(TRIAGE.c.identity.in_(wanted)))
    for identity in wanted:
        old = before.get(identity)
        person = assignee if assignee is not None else (old.assignee, old.assignee_name) if old else ("", "")
        stands = state or (old.state if old else TriageState.OPEN)
        values = {
            "identity": identity, "state": stands, "assignee": person[0], "assignee_name": person[1], "changed": now,
            "changed_by": actor.id,
        }  # fmt: skip
        connection.execute(insert(TRIAGE).values(**values))
    detail: dict[str, object] = {"findings": len(wanted)}
    detail |= {"state": str(state)} if state else {}
    detail |= {"assignee": assignee[0]} if assignee is not None else {}
    target = f"finding:{wanted[0]}" if len(wanted) == 1 else "findings"
    trail.append(connection, trail.Entry(actor, "findings:triage", target, address=address, detail=detail))
    return len(wanted)


def found(connection: Connection, identities: Collection[str]) -> dict[str, Triaged]:
    """What is said of findings, by identity; nothing of those that nobody touched."""
    rows = connection.execute(select(TRIAGE).where(TRIAGE.c.identity.in_(identities))).mappings()
    return {row["identity"]: Triaged(**{**row, "state": TriageState(row["state"])}) for row in rows}


def of_assignee(connection: Connection, actor: str, *, most: int = 200) -> tuple[Triaged, ...]:
    """What somebody looks after and has not called mended, newest first."""
    mine = select(TRIAGE).where(TRIAGE.c.assignee == actor, TRIAGE.c.state != TriageState.MENDED)
    rows = connection.execute(mine.order_by(TRIAGE.c.changed.desc()).limit(most)).mappings()
    return tuple(Triaged(**{**row, "state": TriageState(row["state"])}) for row in rows)


def remark(
    connection: Connection, actor: Actor, identity: str, text: str, *, address: str = "", now: float | None = None
) -> int:  # fmt: skip
    """Say something of a finding; the number of the remark. Raises :class:`UsageError` for nothing or too much."""
    if not 0 < len(text.strip()) <= 4_000 or not 0 < len(identity) <= 80:
        raise UsageError("a remark has 1 to 4,000 characters", where="remark")
    values = {
        "identity": identity, "actor": actor.id, "actor_name": actor.name, "text": text.strip(),
        "time": time.time() if now is None else now,
    }  # fmt: skip
    made = connection.execute(insert(REMARKS).values(**values)).inserted_primary_key
    assert made is not None
    trail.append(connection, trail.Entry(actor, "findings:remark", f"finding:{identity}", address=address))
    return int(made[0])


def remarks(connection: Connection, identity: str, *, most: int = 200) -> tuple[Remark, ...]:
    """Of one finding, oldest first."""
    wanted = select(REMARKS).where(REMARKS.c.identity == identity).order_by(REMARKS.c.id).limit(most)
    return tuple(Remark(**row) for row in connection.execute(wanted).mappings())
