"""How each forge stood when it was last asked: where it lets us in, what is watched there, and what may still be asked.

What does not belong: what happened there (``deliveries``) and the work about it (``jobs``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Float, Integer, String, Text, delete, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.store.team.database import METADATA, locked

INSTALLATIONS = SqlTable(
    "forge_installations", METADATA,
    Column("connection", String(64), primary_key=True),
    Column("installation", Integer, primary_key=True),
    Column("account", String(255), nullable=False),
    Column("repositories", Integer, nullable=False),
    Column("looked", Float, nullable=False),
    Column("allowances", Text, nullable=False),
    Column("told", Float, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one limit of a forge still allowed."""

    resource: str
    """Its name; empty where the forge has one without a name."""
    limit: int
    remaining: int
    reset: float
    """Seconds of Unix time at which all is allowed again."""


@dataclass(frozen=True, slots=True)
class ForgeInstallation:
    """One place where a forge lets us in."""

    connection: str
    """Name of the forge in the settings."""
    installation: int
    """Of a GitHub App; 0 where there is none."""
    account: str
    """Whose it is; empty where the forge does not tell."""
    repositories: int
    """Watched, when all were listed."""
    looked: float
    """Seconds of Unix time at which all were listed; 0: not yet."""
    allowances: tuple[Allowed, ...]
    told: float
    """When the forge told these."""


def looked_at(
    connection: Connection, forge: str, installation: int, *, account: str, repositories: int, now: float
) -> None:  # fmt: skip
    """All repositories of one were listed."""
    _put(connection, forge, installation, account=account[:255], repositories=repositories, looked=now)


def allowed(connection: Connection, forge: str, installation: int, told: Sequence[Allowed], *, now: float) -> None:
    """The forge told what it still allows; limits that it did not tell of stay as they were."""
    if not told:
        return
    before = next((one for one in listed(connection, forge) if one.installation == installation), None)
    known = {one.resource: one for one in (*(before.allowances if before else ()), *told)}
    rows = [[one.resource, one.limit, one.remaining, one.reset] for one in known.values()]
    _put(connection, forge, installation, allowances=orjson.dumps(rows[:20]).decode(), told=now)


def keep_only(connection: Connection, forge: str, installations: Sequence[int]) -> None:
    """Forget those of a forge that are none any more."""
    gone = INSTALLATIONS.c.installation.not_in(list(installations))
    connection.execute(delete(INSTALLATIONS).where(INSTALLATIONS.c.connection == forge, gone))


def listed(connection: Connection, forge: str = "") -> tuple[ForgeInstallation, ...]:
    """All, or those of one forge, by name and number."""
    wanted = select(INSTALLATIONS).order_by(INSTALLATIONS.c.connection, INSTALLATIONS.c.installation)
    wanted = wanted.where(INSTALLATIONS.c.connection == forge) if forge else wanted
    return tuple(_installation(row._mapping) for row in connection.execute(wanted))


def _installation(row: Mapping[Any, Any]) -> ForgeInstallation:
    values = dict(row)
    told = orjson.loads(values.pop("allowances"))
    return ForgeInstallation(**values, allowances=tuple(Allowed(*one) for one in told))


def _put(connection: Connection, forge: str, installation: int, **values: object) -> None:
    locked(connection, f"forge_installations:{forge}:{installation}")
    place = (INSTALLATIONS.c.connection == forge, INSTALLATIONS.c.installation == installation)
    if not connection.execute(update(INSTALLATIONS).where(*place).values(**values)).rowcount:
        fresh = {"account": "", "repositories": 0, "looked": 0.0, "allowances": "[]", "told": 0.0}
        connection.execute(
            insert(INSTALLATIONS).values(connection=forge, installation=installation, **(fresh | values))
        )
