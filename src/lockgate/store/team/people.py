"""People: who they are here, by which identities of providers they are known, and who may no longer sign in.

A person is known again by provider and subject, never by an address or a name, which others may come to have. What a
provider's claims made of somebody (``claimed``) stands beside what an administrator did, and is replaced at each
sign-in. Nobody is deleted: the audit trail and approvals speak of them; a disabled person's sessions and tokens end in
the same transaction, and a job of the kind :data:`DISABLED` tells whoever holds something of theirs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Float, Index, String, Text, delete, func, insert, or_, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Persona
from lockgate.store.team import jobs
from lockgate.store.team.database import METADATA, locked

PEOPLE = SqlTable(
    "people", METADATA,
    Column("id", String(64), primary_key=True),
    Column("username", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("email", String(255), nullable=False),
    Column("personas", Text, nullable=False),
    Column("claimed_personas", Text, nullable=False),
    Column("claimed_teams", Text, nullable=False),
    Column("origin", String(64), nullable=False),
    Column("external_id", String(255), nullable=False, index=True),
    Column("disabled", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
)  # fmt: skip
IDENTITIES = SqlTable(
    "identities", METADATA,
    Column("provider", String(64), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Index(None, "person"),
)  # fmt: skip
LOCAL, DIRECTORY = "local", "scim"
"""``origin`` of accounts that were made here, and by a directory; of others it is the name of the provider."""
DISABLED = "people-disabled"
"""Kind of the job that is put in when somebody is disabled; ``{"person": id}``. Gates let their answers fall away."""
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Person:
    """One person as they stand."""

    id: str
    """``person:<uuid>``."""
    username: str
    """Lower-case, of nobody else."""
    name: str
    email: str
    personas: tuple[Persona, ...]
    """That an administrator gave."""
    claimed_personas: tuple[Persona, ...]
    """That their provider's or directory's groups give."""
    claimed_teams: tuple[str, ...]
    origin: str
    external_id: str
    """Of the directory."""
    disabled: float
    """Unix time since which they may not sign in; 0: they may."""
    created: float
    seen: float

    @property
    def all_personas(self) -> tuple[Persona, ...]:
        """Of both."""
        return tuple(dict.fromkeys((*self.personas, *self.claimed_personas)))


def create(
    connection: Connection, *, username: str, name: str = "", email: str = "", personas: Collection[Persona] = (),
    origin: str = LOCAL, external_id: str = "", now: float | None = None,
) -> Person:  # fmt: skip
    """Add somebody. Raises :class:`UsageError` for a user name that another has, or that is none."""
    username = _username(username)
    locked(connection, "people:usernames")
    if by_username(connection, username) is not None:
        raise UsageError(f"there is somebody called {username} already")
    now = time.time() if now is None else now
    person = Person(
        f"person:{uuid.uuid4()}", username, (name or username)[:_LONGEST], email.lower()[:_LONGEST], tuple(personas),
        (), (), origin, external_id[:_LONGEST], 0.0, now, 0.0,
    )  # fmt: skip
    connection.execute(insert(PEOPLE).values(**_values(person)))
    return person


def free_username(connection: Connection, wanted: str) -> str:
    """``wanted``, made a user name, with a number behind it where another has it already."""
    plain = "".join(one if one.isprintable() and not one.isspace() else "-" for one in wanted.lower())
    base = plain[:200] or "somebody"
    for number in range(1, 10_000):
        name = base if number == 1 else f"{base}-{number}"
        if by_username(connection, name) is None:
            return name
    raise UsageError("there are too many people of that name")


def get(connection: Connection, person_id: str) -> Person | None:
    """Somebody by id."""
    return _one(connection, PEOPLE.c.id == person_id)


def by_username(connection: Connection, username: str) -> Person | None:
    """Somebody by user name, whatever its letter case."""
    return _one(connection, PEOPLE.c.username == username.lower()[:_LONGEST])


def by_identity(connection: Connection, provider: str, subject: str) -> Person | None:
    """Somebody as a provider knows them."""
    found = select(IDENTITIES.c.person).where(IDENTITIES.c.provider == provider, IDENTITIES.c.subject == subject)
    person = connection.execute(found).scalar()
    return None if person is None else get(connection, str(person))


def by_external_id(connection: Connection, external_id: str) -> Person | None:
    """Somebody as the directory (SCIM) knows them."""
    return _one(connection, PEOPLE.c.external_id == external_id) if external_id else None


def identities(connection: Connection, person_id: str) -> tuple[tuple[str, str], ...]:
    """Provider and subject of each identity of somebody."""
    found = select(IDENTITIES.c.provider, IDENTITIES.c.subject).where(IDENTITIES.c.person == person_id)
    return tuple((str(row.provider), str(row.subject)) for row in connection.execute(found.order_by(*IDENTITIES.c)))


def link(connection: Connection, person_id: str, provider: str, subject: str, *, now: float | None = None) -> None:
    """Have a provider's identity be this person. Raises :class:`UsageError` where it is another's."""
    locked(connection, "people:identities")
    owner = by_identity(connection, provider, subject)
    if owner is not None and owner.id != person_id:
        raise UsageError("that identity belongs to another account")
    if owner is None:
        values = {"provider": provider, "subject": subject[:_LONGEST], "person": person_id}
        connection.execute(insert(IDENTITIES).values(**values, created=time.time() if now is None else now))


def listed(
    connection: Connection, *, matching: str = "", after: str = "", most: int = 100, offset: int = 0
) -> tuple[Person, ...]:
    """People by user name; those behind ``after``; whose name, user name or address holds ``matching``."""
    wanted = select(PEOPLE).order_by(PEOPLE.c.username).where(PEOPLE.c.username > after).limit(most).offset(offset)
    return tuple(_person(row) for row in connection.execute(_matching(wanted, matching)).mappings())


def count(connection: Connection, *, matching: str = "") -> int:
    """How many there are."""
    return int(connection.execute(_matching(select(func.count()).select_from(PEOPLE), matching)).scalar() or 0)


def administrators(connection: Connection) -> int:
    """How many people who may sign in are administrators."""
    rows = connection.execute(select(PEOPLE).where(PEOPLE.c.disabled == 0)).mappings()
    return sum(Persona.ADMINISTRATOR in _person(row).all_personas for row in rows)


def active(connection: Connection, person_ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that are people who may sign in. Answers of others count no longer."""
    wanted = select(PEOPLE.c.id).where(PEOPLE.c.id.in_(sorted(set(person_ids))), PEOPLE.c.disabled == 0)
    return frozenset(str(row.id) for row in connection.execute(wanted))


def change(connection: Connection, person_id: str, **values: Any) -> None:
    """Set fields of somebody: ``name``, ``email``, ``username``, ``personas``, ``claimed_personas``, ``claimed_teams``,
    ``external_id``. Raises :class:`UsageError` for a user name of another."""
    if "username" in values:
        values["username"] = _username(values["username"])
        locked(connection, "people:usernames")
        other = by_username(connection, values["username"])
        if other is not None and other.id != person_id:
            raise UsageError(f"there is somebody called {values['username']} already")
    told = {name: _told(value) for name, value in values.items()}
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(**told))


def saw(connection: Connection, person_id: str, now: float) -> None:
    """They signed in."""
    connection.execute(update(PEOPLE).where(PEOPLE.c.id == person_id).values(seen=now))


def disable(connection: Connection, person_id: str, *, actor: str, now: float | None = None) -> bool:
    """Let somebody sign in no longer: sessions end, tokens are revoked, :data:`DISABLED` is put in. Whether they could
    until now."""
    from lockgate.store.team import sessions, tokens

    now = time.time() if now is None else now
    live = update(PEOPLE).where(PEOPLE.c.id == person_id, PEOPLE.c.disabled == 0).values(disabled=now)
    if not connection.execute(live).rowcount:
        return False
    sessions.end_all(connection, person_id)
    tokens.revoke_all(connection, person_id, now=now)
    jobs.enqueue(connection, DISABLED, {"person": person_id}, key=person_id, actor=actor, now=now)
    return True


def enable(connection: Connection, person_id: str) -> bool:
    """Let somebody sign in again; whether they could not. Sessions and tokens of before stay ended."""
    gone = update(PEOPLE).where(PEOPLE.c.id == person_id, PEOPLE.c.disabled != 0).values(disabled=0.0)
    return bool(connection.execute(gone).rowcount)


def unlink(connection: Connection, person_id: str, provider: str, subject: str) -> bool:
    """Take an identity from somebody."""
    wanted = (IDENTITIES.c.person == person_id, IDENTITIES.c.provider == provider, IDENTITIES.c.subject == subject)
    return bool(connection.execute(delete(IDENTITIES).where(*wanted)).rowcount)


def _username(text: str) -> str:
    name = text.strip().lower()
    if not 0 < len(name) <= _LONGEST or not name.isprintable() or any(one.isspace() for one in name):
        raise UsageError("that is no user name", hint="up to 255 characters without spaces")
    return name


def _one(connection: Connection, condition: Any) -> Person | None:
    row = connection.execute(select(PEOPLE).where(condition).limit(1)).mappings().first()
    return None if row is None else _person(row)


def _matching(wanted: Any, text: str) -> Any:
    if not text:
        return wanted
    columns = PEOPLE.c.username, PEOPLE.c.name, PEOPLE.c.email
    return wanted.where(or_(*(column.icontains(text[:100], autoescape=True) for column in columns)))


def _told(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    return orjson.dumps([str(one) for one in value]).decode() if isinstance(value, Sequence) else value


def _values(person: Person) -> dict[str, Any]:
    return {column.name: _told(getattr(person, column.name)) for column in PEOPLE.columns}


def _person(row: Any) -> Person:
    values = dict(row)
    known = {str(one) for one in Persona}
    for name in ("personas", "claimed_personas"):
        values[name] = tuple(Persona(one) for one in orjson.loads(values[name]) if one in known)
    values["claimed_teams"] = tuple(orjson.loads(values["claimed_teams"]))
    return Person(**values)
