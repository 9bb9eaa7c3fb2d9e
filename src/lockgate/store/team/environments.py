"""Environments as requests for deployments show them: what waits, and what was last allowed from each repository."""

from __future__ import annotations

from sqlalchemy import Connection, case, func, select

from lockgate.dataclass import dataclass
from lockgate.model.deployment import Standing
from lockgate.store.team import gates
from lockgate.store.team.gates import REQUESTS, Kept

MOST_REPOSITORIES = 500
"""That one environment is shown with."""


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """One that something was asked for."""

    name: str
    repositories: int
    waiting: int
    """Requests that are not settled."""
    last_allowed: str
    """ISO time, UTC; empty: nothing ever was."""


def used(connection: Connection) -> tuple[EnvironmentUse, ...]:
    """All of them, by name."""
    stands = REQUESTS.c.standing
    waits = func.sum(case((stands.in_([one for one in Standing if not one.settled]), 1), else_=0))
    last = func.max(case((stands == Standing.ALLOWED, REQUESTS.c.settled_at), else_=""))
    places = func.count(REQUESTS.c.repository.distinct())
    wanted = select(REQUESTS.c.environment, places, waits, last).group_by(REQUESTS.c.environment)
    rows = connection.execute(wanted.order_by(REQUESTS.c.environment)).all()
    return tuple(EnvironmentUse(name, int(count), int(waiting), allowed) for name, count, waiting, allowed in rows)


def deployed(connection: Connection, environment: str) -> tuple[Kept, ...]:
    """What was last allowed there from each repository, by repository, without evidence."""
    allowed = (REQUESTS.c.environment == environment) & (REQUESTS.c.standing == Standing.ALLOWED)
    names = select(REQUESTS.c.repository).where(allowed).distinct().order_by(REQUESTS.c.repository)
    repositories = connection.execute(names.limit(MOST_REPOSITORIES)).scalars().all()
    found = (gates.last_allowed(connection, environment, one) for one in repositories)
    return tuple(one for one in found if one is not None)
