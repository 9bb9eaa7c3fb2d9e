"""The audit trail: each decision and change of people and programs, append-only, each entry chained to the last.

The hash of an entry is SHA-256 over its canonical JSON, in which the hash of the entry before it stands. So no entry
can be changed, taken out or put between others without all later hashes changing; that the last ones were cut off is
seen by comparing with a head that was noted elsewhere (the record keeps a copy of each entry). Entries are appended in
the transaction of the change that they tell: neither is there without the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

import orjson
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Text, func, insert, select
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.model.actor import Actor
from lockgate.store.team.database import METADATA, locked

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
TRAIL = SqlTable(
    "audit_trail", METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("time", String(32), nullable=False),
    Column("actor", String(255), nullable=False, index=True),
    Column("actor_name", String(255), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("action", String(128), nullable=False),
    Column("target", String(512), nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip
BEGINNING = "0" * 64
"""What stands for the entry before the first."""
DONE, REFUSED, FAILED = "done", "refused", "failed"
_MOST_DETAIL = 65_536
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be told."""

    actor: Actor
    action: str
    """``deployments:approve``, ``sign-in``, ``people:change``: a permission where one was asked for."""
    target: str = ""
    """To what: ``request:12``, ``person:...``."""
    outcome: str = DONE
    reason: str = ""
    address: str = ""
    """Where it came from, as the network tells."""
    detail: Mapping[str, object] | None = None
    """What changed; JSON values, no secrets."""


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as it stands in the trail."""

    number: int
    """From 1, without gaps."""
    time: str
    """ISO 8601, UTC, microseconds."""
    actor: str
    actor_name: str
    actor_kind: str
    action: str
    target: str
    outcome: str
    reason: str
    address: str
    detail: str
    """JSON."""
    previous: str
    """The hash of the entry before."""
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found."""

    count: int
    head: str
    """Hash of the last entry; :data:`BEGINNING` where there is none."""
    broken: tuple[str, ...] = ()
    """What is wrong, in words, in the order of the chain; empty: it holds."""


def append(connection: Connection, entry: Entry, *, now: datetime | None = None) -> Appended:
    """Put an entry at the end of the trail, within the transaction of what it tells."""
    locked(connection, "audit_trail")
    last = connection.execute(select(TRAIL.c.number, TRAIL.c.hash).order_by(TRAIL.c.number.desc()).limit(1)).first()
    detail = orjson.dumps(dict(entry.detail or {}), option=orjson.OPT_SORT_KEYS).decode()
    if len(detail) > _MOST_DETAIL:
        raise StoreError("tells more than an entry of the audit trail holds", where=entry.action)
    values: dict[str, str | int] = {
        "number": (last.number if last else 0) + 1,
        "time": (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor.id[:255], "actor_name": entry.actor.name[:255], "actor_kind": str(entry.actor.kind),
        "action": entry.action[:128], "target": entry.target[:512], "outcome": entry.outcome,
        "reason": entry.reason[:4_000], "address": entry.address[:64], "detail": detail,
        "previous": last.hash if last else BEGINNING,
    }  # fmt: skip
    values["hash"] = hash_of(values)
    connection.execute(insert(TRAIL).values(**values))
    return Appended(**values)  # type: ignore[arg-type]


def hash_of(values: Mapping[str, object]) -> str:
    """SHA-256, in hex, over the canonical JSON (keys sorted, no spaces, UTF-8) of an entry's columns but ``hash``."""
    told = {name: values[name] for name in _HASHED}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


_HASHED = (
    "number", "time", "actor", "actor_name", "actor_kind", "action", "target", "outcome", "reason", "address", "detail",
    "previous",
)  # fmt: skip


def entries(
    connection: Connection, *, after: int = 0, most: int = _PAGE, actor: str = "", target: str = "",
) -> tuple[Appended, ...]:  # fmt: skip
    """Entries in order, from the one behind number ``after``; only those of an actor or about an object where given."""
    wanted = select(TRAIL).where(TRAIL.c.number > after).order_by(TRAIL.c.number).limit(most)
    wanted = wanted.where(TRAIL.c.actor == actor) if actor else wanted
    wanted = wanted.where(TRAIL.c.target == target) if target else wanted
    return tuple(Appended(**row) for row in connection.execute(wanted).mappings())


def latest(connection: Connection, most: int = 100, *, before: int = 0) -> tuple[Appended, ...]:
    """The newest entries first; those before number ``before`` where it is given."""
    wanted = select(TRAIL).order_by(TRAIL.c.number.desc()).limit(most)
    wanted = wanted.where(TRAIL.c.number < before) if before else wanted
    return tuple(Appended(**row) for row in connection.execute(wanted).mappings())


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry; 0 and :data:`BEGINNING` where there is none."""
    number = connection.execute(select(func.max(TRAIL.c.number))).scalar()
    if number is None:
        return 0, BEGINNING
    return number, str(connection.execute(select(TRAIL.c.hash).where(TRAIL.c.number == number)).scalar())


def verified(chain: Iterator[Appended], *, heads: Collection[str] = ()) -> Verified:
    """Look whether a chain, from its beginning, holds; each of ``heads``, which were noted, must be the hash of one of
    its entries."""
    count, before, broken, missed = 0, BEGINNING, [], dict.fromkeys(heads)
    for entry in chain:
        if entry.number != count + 1:
            broken.append(f"entry {count + 1} is missing: {entry.number} follows {count}")
        if entry.previous != before:
            broken.append(f"entry {entry.number} does not follow the one before it")
        if hash_of({name: getattr(entry, name) for name in _HASHED}) != entry.hash:
            broken.append(f"entry {entry.number} was changed")
        count, before = entry.number, entry.hash
        missed.pop(entry.hash, None)
    broken += [f"no entry has the hash {one}: entries at the end were cut off, or all was rewritten" for one in missed]
    return Verified(count, before, tuple(broken))


def chain(connection: Connection) -> Iterator[Appended]:
    """The whole trail in order, in pieces."""
    after = 0
    while page := entries(connection, after=after):
        yield from page
        after = page[-1].number
