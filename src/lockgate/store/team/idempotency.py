"""Keys by which a request that is sent again is known, each with what came of it, for a day.

A key is claimed before anything is done. The transaction of the first change marks it (:func:`changed`), so that after
a crash it is known whether something was done: what was not is done by the next who shows the key; what was, without
an answer that could be kept, is told. A claim runs out, and one that did can change nothing any more. What does not
belong: what a request is, and what an answer looks like (``server.console.idempotency``).
"""

from __future__ import annotations

import time
import uuid
from enum import StrEnum

from sqlalchemy import Column, Connection, Float, Index, Integer, String, Text, delete, func, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.store.team.database import METADATA, locked

KEYS = SqlTable(
    "idempotency_keys", METADATA,
    Column("id", String(64), primary_key=True),
    Column("holder", String(255), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("claim", String(32), nullable=False),
    Column("leased_until", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("answer", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Index(None, "holder"),
    Index(None, "created"),
)  # fmt: skip
KEPT_SECONDS = 86_400.0
"""For which a key is known."""
LEASE_SECONDS = 60.0
"""After which a request that has changed nothing is taken for dead."""
MOST_KEYS, MOST_BYTES = 20_000, 32 << 20
"""Of one holder at a time: keys, and bytes of answers."""


class KeyState(StrEnum):
    """Where a key stands."""

    CLAIMED = "claimed"
    """Whoever claimed it is at work, and has changed nothing yet."""
    CHANGED = "changed"
    """Something was changed, and no answer is kept."""
    ANSWERED = "answered"


class Standing(StrEnum):
    """What a claim met."""

    OURS = "ours"
    """Go on."""
    AT_WORK = "at work"
    """Another request of the key is."""
    OTHER = "other"
    """The key was of another request."""
    LOST = "lost"
    """It was done; what was answered nobody knows."""
    ANSWERED = "answered"
    FULL = "full"
    """The holder has as many keys as may be."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that shows a key."""

    id: str
    """Of who, what and key: 64 hexadecimal digits."""
    holder: str
    """Id of the actor, by whom keys are counted."""
    fingerprint: str
    """Of all that a request of the same key must have alike: 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim met."""

    standing: Standing
    mark: str = ""
    """Of the claim, where it is ours."""
    answer: str = ""
    """As it was kept."""


def claim(connection: Connection, request: Request, *, now: float | None = None) -> Claim:
    """Claim the key of a request, or say why that cannot be."""
    now = time.time() if now is None else now
    locked(connection, f"idempotency:{request.id}")
    connection.execute(delete(KEYS).where(KEYS.c.created <= now - KEPT_SECONDS))
    row = connection.execute(select(KEYS).where(KEYS.c.id == request.id)).first()
    held = {"claim": uuid.uuid4().hex, "leased_until": now + LEASE_SECONDS}
    if row is None:
        if _is_full(connection, request.holder):
            return Claim(Standing.FULL)
        values = {"state": KeyState.CLAIMED, "created": now, "answer": "", "size": 0, **held}
        named = {"id": request.id, "holder": request.holder, "fingerprint": request.fingerprint}
        connection.execute(insert(KEYS).values(**named, **values))
        return Claim(Standing.OURS, str(held["claim"]))
    if row.fingerprint != request.fingerprint:
        return Claim(Standing.OTHER)
    if row.state == KeyState.ANSWERED:
        return Claim(Standing.ANSWERED, answer=row.answer)
    if row.leased_until > now:
        return Claim(Standing.AT_WORK)
    if row.state == KeyState.CHANGED:
        return Claim(Standing.LOST)
    connection.execute(update(KEYS).where(KEYS.c.id == request.id).values(**held))
    return Claim(Standing.OURS, str(held["claim"]))


def changed(connection: Connection, request: Request, mark: str) -> None:
    """Something is changed for it, by this transaction. Raises :class:`StoreError` where another claimed the key since:
    the transaction is then not to hold."""
    ours = update(KEYS).where(KEYS.c.id == request.id, KEYS.c.claim == mark)
    if not connection.execute(ours.values(state=KeyState.CHANGED)).rowcount:
        raise StoreError("took so long that it was begun anew", where="a request with Idempotency-Key")


def answered(connection: Connection, request: Request, mark: str, answer: str) -> bool:
    """Keep its answer; whether the claim still held."""
    ours = update(KEYS).where(KEYS.c.id == request.id, KEYS.c.claim == mark)
    values = {"state": KeyState.ANSWERED, "answer": answer, "size": len(answer), "leased_until": 0.0}
    return bool(connection.execute(ours.values(**values)).rowcount)


def let_go(connection: Connection, request: Request, mark: str, *, refused: bool = False) -> None:
    """It failed: who sends it again is let try again, unless something was changed. ``refused``: nothing was, though
    the refusal may stand in the audit trail."""
    ours = (KEYS.c.id == request.id, KEYS.c.claim == mark)
    untouched = () if refused else (KEYS.c.state == KeyState.CLAIMED,)
    connection.execute(delete(KEYS).where(*ours, *untouched))
    connection.execute(update(KEYS).where(*ours).values(leased_until=0.0))


def _is_full(connection: Connection, holder: str) -> bool:
    wanted = select(func.count(), func.coalesce(func.sum(KEYS.c.size), 0)).where(KEYS.c.holder == holder)
    keys, size = connection.execute(wanted).one()
    return bool(keys >= MOST_KEYS or size >= MOST_BYTES)
