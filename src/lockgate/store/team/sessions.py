"""Sessions of browsers, and what is under way before there is one: states, challenges, one-time links.

What a browser holds is random and stands here as its SHA-256, so that who reads the database signs in as nobody.
Things that count once are deleted in the transaction that uses them.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Float, String, Text, delete, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.store.team.database import METADATA, locked

SESSIONS = SqlTable(
    "sessions", METADATA,
    Column("id", String(64), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person", String(64), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("mfa", Float, nullable=False),
    Column("methods", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(255), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("provider_session", String(255), nullable=False),
    Column("id_token", Text, nullable=False),
)  # fmt: skip
PENDING = SqlTable(
    "pending", METADATA,
    Column("key", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("expires", Float, nullable=False, index=True),
)  # fmt: skip
SIGN_IN_ROW = "sign-in-row"
"""Kind of the job that appends a row of ``SigninLogs``, its payload, to the record."""
_SEEN_EVERY = 60.0
"""Seconds within which a request writes nothing about when its session was last seen."""
_MOST_SESSIONS = 50
"""Of one person; the oldest end."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session as it stands. Times in seconds of Unix time."""

    id: str
    """Names it in lists; opens nothing."""
    person: str
    created: float
    seen: float
    expires: float
    mfa: float
    """When a second factor was last shown; 0: it is not known to have been."""
    methods: tuple[str, ...]
    address: str
    agent: str
    provider: str
    """By whom they signed in; empty: here."""
    subject: str
    provider_session: str
    id_token: str


def digest(text: str) -> str:
    """What stands for something that its holder alone has."""
    return hashlib.sha256(text.encode()).hexdigest()


def fresh_key() -> str:
    """Something that nobody guesses (256 bits)."""
    return secrets.token_urlsafe(32)


def start(
    connection: Connection, person: str, *, hours: float, methods: Sequence[str], mfa: float = 0.0, address: str = "",
    agent: str = "", provider: str = "", subject: str = "", provider_session: str = "", id_token: str = "",
    now: float | None = None,
) -> tuple[str, Session]:  # fmt: skip
    """A new session, and what its browser holds. Each sign-in has a new one: what was in the browser before counts no
    longer (session fixation)."""
    now = time.time() if now is None else now
    token = fresh_key()
    session = Session(
        f"session:{uuid.uuid4()}", person, now, now, now + hours * 3600, mfa, tuple(methods), address[:64], agent[:255],
        provider, subject[:255], provider_session[:255], id_token,
    )  # fmt: skip
    connection.execute(insert(SESSIONS).values(hash=digest(token), **_values(session)))
    _forget_oldest(connection, person)
    return token, session


def find(connection: Connection, token: str, *, idle_seconds: float, now: float | None = None) -> Session | None:
    """The session that a browser shows, where it still holds."""
    now = time.time() if now is None else now
    live = (SESSIONS.c.expires > now, SESSIONS.c.seen > now - idle_seconds)
    row = connection.execute(select(SESSIONS).where(SESSIONS.c.hash == digest(token), *live)).mappings().first()
    return None if row is None else _session(row)


def needs_touch(session: Session, now: float) -> bool:
    """Whether it is time to write down that it was seen."""
    return now - session.seen >= _SEEN_EVERY


def touch(connection: Connection, session: Session, now: float) -> None:
    """It was seen."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(seen=now))


def strengthen(connection: Connection, session: Session, *, methods: Sequence[str], now: float) -> str:
    """A second factor was shown: the session gets a new secret, which is given, and its time. The old one is gone."""
    token = fresh_key()
    every = orjson.dumps(list(dict.fromkeys((*session.methods, *methods)))).decode()
    values = {"hash": digest(token), "mfa": now, "methods": every}
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(**values))
    return token


def of(connection: Connection, person: str, *, now: float | None = None) -> tuple[Session, ...]:
    """Sessions of somebody that hold, newest first."""
    now = time.time() if now is None else now
    wanted = select(SESSIONS).where(SESSIONS.c.person == person, SESSIONS.c.expires > now)
    return tuple(_session(row) for row in connection.execute(wanted.order_by(SESSIONS.c.created.desc())).mappings())


def end(connection: Connection, session_id: str, *, person: str = "") -> bool:
    """End a session, of that person where it is said; whether there was one."""
    wanted = delete(SESSIONS).where(SESSIONS.c.id == session_id)
    return bool(connection.execute(wanted.where(SESSIONS.c.person == person) if person else wanted).rowcount)


def end_all(connection: Connection, person: str, *, but: str = "") -> int:
    """End all sessions of somebody, ``but`` one; how many."""
    return connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person, SESSIONS.c.id != but)).rowcount


def end_at_provider(connection: Connection, provider: str, *, subject: str = "", provider_session: str = "") -> int:
    """End the sessions that a provider says are over (back-channel logout); how many."""
    wanted = delete(SESSIONS).where(SESSIONS.c.provider == provider)
    wanted = wanted.where(SESSIONS.c.subject == subject) if subject else wanted
    wanted = wanted.where(SESSIONS.c.provider_session == provider_session) if provider_session else wanted
    return connection.execute(wanted).rowcount if subject or provider_session else 0


def forget(connection: Connection, *, now: float | None = None) -> int:
    """Delete what has run out; how much."""
    now = time.time() if now is None else now
    gone = connection.execute(delete(SESSIONS).where(SESSIONS.c.expires <= now)).rowcount
    return gone + connection.execute(delete(PENDING).where(PENDING.c.expires <= now)).rowcount


def remember(
    connection: Connection, kind: str, key: str, payload: Mapping[str, Any], *, seconds: float, now: float | None = None
) -> bool:  # fmt: skip
    """Keep something under a secret ``key`` until it is :func:`taken` or runs out. False: there is one already."""
    now = time.time() if now is None else now
    name = digest(f"{kind} {key}")
    locked(connection, f"pending:{name}")
    connection.execute(delete(PENDING).where(PENDING.c.key == name, PENDING.c.expires <= now))
    if connection.execute(select(PENDING.c.expires).where(PENDING.c.key == name)).first() is not None:
        return False
    body = orjson.dumps(dict(payload)).decode()
    connection.execute(insert(PENDING).values(key=name, kind=kind, payload=body, expires=now + seconds))
    return True


def amend(connection: Connection, kind: str, key: str, payload: Mapping[str, Any]) -> None:
    """Keep something else under a key, for as long as what was there before."""
    body = orjson.dumps(dict(payload)).decode()
    connection.execute(update(PENDING).where(PENDING.c.key == digest(f"{kind} {key}")).values(payload=body))


def taken(connection: Connection, kind: str, key: str, *, now: float | None = None) -> dict[str, Any] | None:
    """What was kept under a key, once: who asks again gets nothing."""
    found = known(connection, kind, key, now=now)
    gone = connection.execute(delete(PENDING).where(PENDING.c.key == digest(f"{kind} {key}"))).rowcount
    return found if gone else None


def known(connection: Connection, kind: str, key: str, *, now: float | None = None) -> dict[str, Any] | None:
    """What is kept under a key, without using it up."""
    now = time.time() if now is None else now
    wanted = select(PENDING.c.payload).where(PENDING.c.key == digest(f"{kind} {key}"), PENDING.c.expires > now)
    row = connection.execute(wanted).first()
    found: dict[str, Any] | None = None if row is None else orjson.loads(row.payload)
    return found


def _forget_oldest(connection: Connection, person: str) -> None:
    wanted = select(SESSIONS.c.id).where(SESSIONS.c.person == person).order_by(SESSIONS.c.created.desc())
    old = [row.id for row in connection.execute(wanted.offset(_MOST_SESSIONS))]
    if old:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(old)))


def _values(session: Session) -> dict[str, Any]:
    names = [column.name for column in SESSIONS.columns if column.name != "hash"]
    return {name: getattr(session, name) for name in names} | {"methods": orjson.dumps(list(session.methods)).decode()}


def _session(row: Any) -> Session:
    values = {name: value for name, value in row.items() if name != "hash"}
    return Session(**{**values, "methods": tuple(orjson.loads(values["methods"]))})
