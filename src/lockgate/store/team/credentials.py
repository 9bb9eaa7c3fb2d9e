"""Factors of local accounts: passwords, one-time codes, recovery codes, passkeys; and how often somebody failed.

What is checked against these (``server.sign_in``) does not belong; neither does who may. Passwords stand as Argon2id,
recovery codes as hashes, secrets of one-time codes sealed.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    String,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.store.team.database import METADATA, locked
from lockgate.store.team.sessions import digest

PASSWORDS = SqlTable(
    "passwords", METADATA,
    Column("person", String(64), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed", Float, nullable=False),
)  # fmt: skip
CODES = SqlTable(
    "one_time_codes", METADATA,
    Column("person", String(64), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("confirmed", Float, nullable=False),
    Column("last_step", Integer, nullable=False),
)  # fmt: skip
RECOVERY = SqlTable(
    "recovery_codes", METADATA,
    Column("person", String(64), primary_key=True),
    Column("hash", String(64), primary_key=True),
)  # fmt: skip
PASSKEYS = SqlTable(
    "passkeys", METADATA,
    Column("key", String(64), primary_key=True),
    Column("id", Text, nullable=False),
    Column("person", String(64), nullable=False, index=True),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(255), nullable=False),
    Column("created", Float, nullable=False),
    Column("used", Float, nullable=False),
)  # fmt: skip
ATTEMPTS = SqlTable(
    "attempts", METADATA,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Float, nullable=False),
    Column("until", Float, nullable=False),
)  # fmt: skip
FREE_FAILURES = 5
"""After which each further one locks for twice as long as the one before."""
FIRST_LOCK, LONGEST_LOCK, FORGOTTEN = 30.0, 3600.0, 24 * 3600.0
"""Seconds: of the first lock, of the longest, and after which failures are forgotten."""


@dataclass(frozen=True, slots=True)
class Code:
    """The one-time codes of somebody."""

    sealed: str
    confirmed: float
    """When a first code was shown; 0: they do not count yet."""
    last_step: int
    """The step of time whose code was used last; a code counts once."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of somebody."""

    key: str
    """Names it in lists."""
    id: str
    """Of the credential, base64url."""
    person: str
    public_key: str
    """COSE, base64url."""
    sign_count: int
    name: str
    created: float
    used: float


@dataclass(frozen=True, slots=True)
class Factors:
    """Which factors somebody has."""

    password: bool
    one_time_code: bool
    passkeys: tuple[Passkey, ...]
    recovery_codes: int

    @property
    def second(self) -> bool:
        """Whether there is one that counts as a second factor."""
        return self.one_time_code or bool(self.passkeys)


def factors(connection: Connection, person: str) -> Factors:
    """Which factors somebody has."""
    code = one_time_code(connection, person)
    left = connection.execute(select(func.count()).select_from(RECOVERY).where(RECOVERY.c.person == person)).scalar()
    return Factors(
        password_hash(connection, person) is not None, code is not None and code.confirmed > 0,
        passkeys(connection, person), int(left or 0),
    )  # fmt: skip


def password_hash(connection: Connection, person: str) -> str | None:
    """The hash of somebody's password."""
    found = connection.execute(select(PASSWORDS.c.hash).where(PASSWORDS.c.person == person)).scalar()
    return None if found is None else str(found)


def set_password(connection: Connection, person: str, hashed: str, *, now: float | None = None) -> None:
    """Replace a password; empty: there is none."""
    connection.execute(delete(PASSWORDS).where(PASSWORDS.c.person == person))
    if hashed:
        changed = time.time() if now is None else now
        connection.execute(insert(PASSWORDS).values(person=person, hash=hashed, changed=changed))


def one_time_code(connection: Connection, person: str) -> Code | None:
    """The one-time codes of somebody, confirmed or not."""
    row = connection.execute(select(CODES).where(CODES.c.person == person)).first()
    return None if row is None else Code(row.sealed, row.confirmed, row.last_step)


def set_one_time_code(connection: Connection, person: str, sealed: str) -> None:
    """A new secret, which counts once it is confirmed; empty: there is none."""
    connection.execute(delete(CODES).where(CODES.c.person == person))
    if sealed:
        connection.execute(insert(CODES).values(person=person, sealed=sealed, confirmed=0.0, last_step=0))


def use_step(connection: Connection, person: str, step: int, *, now: float) -> bool:
    """Use the code of one step of time, and confirm the secret. False: it, or a later one, was used before."""
    fresh = update(CODES).where(CODES.c.person == person, CODES.c.last_step < step)
    confirmed = func.coalesce(func.nullif(CODES.c.confirmed, 0.0), now)
    return bool(connection.execute(fresh.values(last_step=step, confirmed=confirmed)).rowcount)


def set_recovery_codes(connection: Connection, person: str, codes: Collection[str]) -> None:
    """Replace the recovery codes."""
    connection.execute(delete(RECOVERY).where(RECOVERY.c.person == person))
    for one in sorted(set(codes)):
        connection.execute(insert(RECOVERY).values(person=person, hash=digest(f"{person} {one}")))


def use_recovery_code(connection: Connection, person: str, code: str) -> bool:
    """Use one up; whether it was one."""
    wanted = delete(RECOVERY).where(RECOVERY.c.person == person, RECOVERY.c.hash == digest(f"{person} {code}"))
    return bool(connection.execute(wanted).rowcount)


def passkeys(connection: Connection, person: str) -> tuple[Passkey, ...]:
    """Passkeys of somebody, oldest first."""
    wanted = select(PASSKEYS).where(PASSKEYS.c.person == person).order_by(PASSKEYS.c.created)
    return tuple(Passkey(**row) for row in connection.execute(wanted).mappings())


def passkey(connection: Connection, credential_id: str) -> Passkey | None:
    """A passkey by the id of its credential (base64url)."""
    row = connection.execute(select(PASSKEYS).where(PASSKEYS.c.key == digest(credential_id))).mappings().first()
    return None if row is None else Passkey(**row)


def add_passkey(
    connection: Connection, person: str, *, credential_id: str, public_key: str, sign_count: int, name: str,
    now: float | None = None,
) -> Passkey | None:  # fmt: skip
    """Add one; None where that credential is known already."""
    if passkey(connection, credential_id) is not None:
        return None
    now = time.time() if now is None else now
    made = Passkey(digest(credential_id), credential_id, person, public_key, sign_count, name[:255], now, 0.0)
    values = {column.name: getattr(made, column.name) for column in PASSKEYS.columns}
    connection.execute(insert(PASSKEYS).values(**values))
    return made


def used_passkey(connection: Connection, key: str, *, sign_count: int, now: float) -> None:
    """It signed."""
    connection.execute(update(PASSKEYS).where(PASSKEYS.c.key == key).values(sign_count=sign_count, used=now))


def delete_passkey(connection: Connection, person: str, key: str) -> bool:
    """Take one away; whether it was theirs."""
    wanted = delete(PASSKEYS).where(PASSKEYS.c.person == person, PASSKEYS.c.key == key)
    return bool(connection.execute(wanted).rowcount)


def locked_until(connection: Connection, subject: str, *, now: float) -> float:
    """Until when ``subject`` (an account, an address) may try nothing; 0: it may."""
    found = connection.execute(select(ATTEMPTS.c.until).where(ATTEMPTS.c.key == digest(subject))).scalar()
    return float(found) if found is not None and found > now else 0.0


def failed(connection: Connection, subject: str, *, now: float, free: int = FREE_FAILURES) -> float:
    """Count a failure; until when ``subject`` is locked now, 0: it is not. ``free``: failures that lock nothing."""
    locked(connection, f"attempts:{subject}")
    row = connection.execute(select(ATTEMPTS).where(ATTEMPTS.c.key == digest(subject))).first()
    before = row.failures if row is not None and now - row.last < FORGOTTEN else 0
    lock = 0.0 if before + 1 < free else min(FIRST_LOCK * 2.0 ** min(before + 1 - free, 20), LONGEST_LOCK)
    values: dict[str, Any] = {"failures": before + 1, "last": now, "until": now + lock if lock else 0.0}
    if row is None:
        connection.execute(insert(ATTEMPTS).values(key=digest(subject), **values))
    else:
        connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.key == digest(subject)).values(**values))
    return float(values["until"])


def succeeded(connection: Connection, subject: str) -> None:
    """Forget the failures."""
    connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.key == digest(subject)))


def forget(connection: Connection, *, now: float) -> int:
    """Delete failures of long ago; how many."""
    return connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last < now - FORGOTTEN)).rowcount
