"""Tokens that programs show: of services, of people's command lines, of workloads; scoped, hashed, expiring.

``lkg_`` and 43 characters (256 random bits), so that secret scanners know one when they see it. Only the SHA-256 is
kept. A token of a person narrows what they may; one of a service or a workload is all that it may.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Float, String, Text, insert, or_, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import ActorKind, Grant
from lockgate.store.team.database import METADATA
from lockgate.store.team.sessions import digest

TOKENS = SqlTable(
    "tokens", METADATA,
    Column("id", String(64), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("person", String(64), nullable=False, index=True),
    Column("subject", String(512), nullable=False),
    Column("grants", Text, nullable=False),
    Column("teams", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("expires", Float, nullable=False),
    Column("used", Float, nullable=False),
    Column("revoked", Float, nullable=False),
)  # fmt: skip
PREFIX = "lkg_"
MOST_DAYS = 366
_USED_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it stands; what its holder shows is known to them alone."""

    id: str
    name: str
    kind: ActorKind
    person: str
    """Whose it is; empty of services and workloads."""
    subject: str
    """Of a workload: who it is to its forge."""
    grants: tuple[Grant, ...]
    teams: tuple[str, ...]
    """Of a service or workload: whose objects ``team:`` in its grants is about."""
    created: float
    created_by: str
    expires: float
    used: float
    revoked: float


def create(
    connection: Connection, name: str, *, kind: ActorKind, grants: Sequence[Grant], seconds: float, created_by: str,
    person: str = "", subject: str = "", teams: Collection[str] = (), now: float | None = None,
) -> tuple[str, Token]:  # fmt: skip
    """A new token: what its holder shows, told this once, and what is kept. Raises :class:`UsageError`."""
    if not 0 < len(name) <= 255 or not grants:
        raise UsageError("a token has a name, and says what it is for")
    if not 0 < seconds <= MOST_DAYS * 86_400:
        raise UsageError(f"a token lasts up to {MOST_DAYS} days")
    now = time.time() if now is None else now
    shown = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        f"token:{uuid.uuid4()}", name, kind, person, subject[:512], tuple(grants), tuple(teams), now, created_by,
        now + seconds, 0.0, 0.0,
    )  # fmt: skip
    connection.execute(insert(TOKENS).values(hash=digest(shown), **_values(token)))
    return shown, token


def find(connection: Connection, shown: str, *, now: float | None = None) -> Token | None:
    """The token that was shown, where it still holds."""
    if not shown.startswith(PREFIX) or len(shown) > 100:
        return None
    now = time.time() if now is None else now
    live = (TOKENS.c.expires > now, TOKENS.c.revoked == 0)
    row = connection.execute(select(TOKENS).where(TOKENS.c.hash == digest(shown), *live)).mappings().first()
    return None if row is None else _token(row)


def shown_before(connection: Connection, shown: str) -> Token | None:
    """The token that was shown, also one that holds no longer: whose it was."""
    row = connection.execute(select(TOKENS).where(TOKENS.c.hash == digest(shown))).mappings().first()
    return None if row is None else _token(row)


def needs_touch(token: Token, now: float) -> bool:
    """Whether it is time to write down that it was used."""
    return now - token.used >= _USED_EVERY


def touch(connection: Connection, token: Token, now: float) -> None:
    """It was used."""
    connection.execute(update(TOKENS).where(TOKENS.c.id == token.id).values(used=now))


def get(connection: Connection, token_id: str) -> Token | None:
    """A token by id, whether it holds or not."""
    row = connection.execute(select(TOKENS).where(TOKENS.c.id == token_id)).mappings().first()
    return None if row is None else _token(row)


def of(connection: Connection, person: str) -> tuple[Token, ...]:
    """Tokens of somebody, newest first."""
    return _listed(connection, TOKENS.c.person == person)


def of_services(connection: Connection) -> tuple[Token, ...]:
    """Tokens of services, newest first."""
    return _listed(connection, TOKENS.c.kind == str(ActorKind.SERVICE))


def revoke(connection: Connection, token_id: str, *, now: float | None = None) -> bool:
    """Have a token hold no longer; whether it did."""
    now = time.time() if now is None else now
    live = update(TOKENS).where(TOKENS.c.id == token_id, TOKENS.c.revoked == 0).values(revoked=now)
    return bool(connection.execute(live).rowcount)


def revoke_all(connection: Connection, person: str, *, now: float | None = None) -> int:
    """Have no token hold that is somebody's, or that they made for a service; how many did."""
    now = time.time() if now is None else now
    whose = or_(TOKENS.c.person == person, TOKENS.c.created_by == person)
    return connection.execute(update(TOKENS).where(whose, TOKENS.c.revoked == 0).values(revoked=now)).rowcount


def _listed(connection: Connection, condition: Any) -> tuple[Token, ...]:
    wanted = select(TOKENS).where(condition, TOKENS.c.revoked == 0).order_by(TOKENS.c.created.desc()).limit(500)
    return tuple(_token(row) for row in connection.execute(wanted).mappings())


def _values(token: Token) -> dict[str, Any]:
    values = {column.name: getattr(token, column.name) for column in TOKENS.columns if column.name != "hash"}
    lists = {name: orjson.dumps([str(one) for one in values[name]]).decode() for name in ("grants", "teams")}
    return values | lists | {"kind": str(token.kind)}


def _token(row: Any) -> Token:
    values = {name: value for name, value in row.items() if name != "hash"}
    grants = tuple(Grant.parse(one) for one in orjson.loads(values["grants"]))
    teams = tuple(orjson.loads(values["teams"]))
    return Token(**{**values, "grants": grants, "teams": teams, "kind": ActorKind(values["kind"])})
