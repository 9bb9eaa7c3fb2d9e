"""Waivers that people ask for and grant at the server, beside those of reviewed files.

Somebody asks, for findings by their identities, with a reason and a last day; somebody else who may grants or refuses;
a granted one may be ended early. Nothing is deleted, and each step is an entry of the audit trail in its transaction.
What a waiver covers and for how long at most is as of those in files (``findings.waivers``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum

import orjson
from sqlalchemy import Column, Connection, Float, Index, Integer, String, Text, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.store.team import trail
from lockgate.store.team.database import METADATA, locked
from lockgate.store.waiver import MAX_DAYS, Waiver

WAIVERS = SqlTable(
    "waivers", METADATA,
    Column("id", Integer, primary_key=True),
    Column("identities", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_by", String(255), nullable=False),
    Column("asked_name", String(255), nullable=False),
    Column("asked", Float, nullable=False),
    Column("answered_by", String(255), nullable=False),
    Column("answered_name", String(255), nullable=False),
    Column("answered", Float, nullable=False),
    Column("answer", Text, nullable=False),
    Index(None, "state"),
)  # fmt: skip
MOST_IDENTITIES = 500
_IDENTITY_LENGTH = 80


class WaiverState(StrEnum):
    """Where a waiver stands."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended"
    """Granted, and taken back before its last day."""


@dataclass(frozen=True, slots=True)
class AskedWaiver:
    """A waiver as somebody asked for it, and what came of it."""

    id: int
    identities: tuple[str, ...]
    reason: str
    expires: str
    """ISO date, the last day on which it counts."""
    state: WaiverState
    asked_by: str
    """Id of an actor."""
    asked_name: str
    asked: float
    """Unix time."""
    answered_by: str
    """Who granted, refused or ended it; empty while it waits."""
    answered_name: str
    answered: float
    answer: str
    """What they said."""


def ask(
    connection: Connection, actor: Actor, identities: Sequence[str], reason: str, expires: str, *, address: str = "",
    now: float | None = None,
) -> int:  # fmt: skip
    """Ask for a waiver; its number. Raises :class:`UsageError` where it could never be granted."""
    now = time.time() if now is None else now
    wanted = tuple(dict.fromkeys(one.strip() for one in identities if one.strip()))
    if not 0 < len(wanted) <= MOST_IDENTITIES or any(len(one) > _IDENTITY_LENGTH for one in wanted):
        raise UsageError(f"a waiver is for 1 to {MOST_IDENTITIES} findings", where="waiver")
    if not 3 <= len(reason.strip()) <= 2_000:
        raise UsageError("say why, in 3 to 2,000 characters", where="waiver: reason")
    _check_day(expires, date.fromtimestamp(now))
    values = {
        "identities": orjson.dumps(wanted).decode(), "reason": reason.strip(), "expires": expires,
        "state": WaiverState.WAITING, "asked_by": actor.id, "asked_name": actor.name, "asked": now, "answered_by": "",
        "answered_name": "", "answered": 0.0, "answer": "",
    }  # fmt: skip
    made = connection.execute(insert(WAIVERS).values(**values)).inserted_primary_key
    assert made is not None
    number = int(made[0])
    detail = {"findings": len(wanted), "expires": expires, "reason": reason.strip()[:500]}
    trail.append(connection, trail.Entry(actor, "waivers:request", f"waiver:{number}", address=address, detail=detail))
    return number


def answer(
    connection: Connection, actor: Actor, number: int, state: WaiverState, said: str = "", *, address: str = "",
    now: float | None = None,
) -> bool:  # fmt: skip
    """Grant or refuse one that waits, or end one that was granted; whether it stood so that this could be done.

    Raises :class:`UsageError` where somebody would grant what they asked for themselves.
    """
    now = time.time() if now is None else now
    locked(connection, f"waiver:{number}")
    found = find(connection, number)
    before = WaiverState.GRANTED if state is WaiverState.ENDED else WaiverState.WAITING
    if found is None or found.state is not before or state is WaiverState.WAITING:
        return False
    if state is WaiverState.GRANTED and actor.id == found.asked_by:
        raise UsageError("who asks for a waiver does not grant it: another has to", where=f"waiver:{number}")
    if state is WaiverState.GRANTED:
        _check_day(found.expires, date.fromtimestamp(now))
    values = {
        "state": state, "answered_by": actor.id, "answered_name": actor.name, "answered": now, "answer": said[:2_000],
    }  # fmt: skip
    connection.execute(update(WAIVERS).where(WAIVERS.c.id == number).values(**values))
    entry = trail.Entry(actor, f"waivers:{state}", f"waiver:{number}", reason=said[:500], address=address)
    trail.append(connection, entry)
    return True


def find(connection: Connection, number: int) -> AskedWaiver | None:
    """One."""
    row = connection.execute(select(WAIVERS).where(WAIVERS.c.id == number)).mappings().first()
    return None if row is None else _asked(dict(row))


def listed(
    connection: Connection, *, state: WaiverState | None = None, before: int = 0, most: int = 100
) -> tuple[AskedWaiver, ...]:  # fmt: skip
    """Newest first; those with a number below ``before`` where it is given."""
    wanted = select(WAIVERS).order_by(WAIVERS.c.id.desc()).limit(most)
    wanted = wanted.where(WAIVERS.c.state == state) if state is not None else wanted
    wanted = wanted.where(WAIVERS.c.id < before) if before else wanted
    return tuple(_asked(dict(row)) for row in connection.execute(wanted).mappings())


def granted(connection: Connection) -> Iterator[Waiver]:
    """Those that were granted, one for each finding, as a run takes them; expired ones are told by the run itself."""
    wanted = select(WAIVERS).where(WAIVERS.c.state == WaiverState.GRANTED).order_by(WAIVERS.c.id)
    for row in connection.execute(wanted).mappings():
        one = _asked(dict(row))
        for identity in one.identities:
            yield Waiver(one.answered_name, one.reason, one.expires, f"waiver:{one.id}", identity=identity)


def _check_day(expires: str, today: date) -> None:
    try:
        day = date.fromisoformat(expires)
    except ValueError:
        raise UsageError(f"{expires[:20]!r} is no day", where="waiver: expires", hint="such as 2027-03-31") from None
    if len(expires) != 10 or not 0 <= (day - today).days <= MAX_DAYS:
        raise UsageError(f"a waiver ends within {MAX_DAYS} days, and not before today", where="waiver: expires")


def _asked(row: dict[str, object]) -> AskedWaiver:
    values = {**row, "identities": tuple(orjson.loads(str(row["identities"]))), "state": WaiverState(str(row["state"]))}
    return AskedWaiver(**values)  # type: ignore[arg-type]
