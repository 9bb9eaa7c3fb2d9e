"""Everybody with their teams and names, in three questions however many they are: for counting quorums."""

from __future__ import annotations

from sqlalchemy import Connection, select

from lockgate.store.team import people
from lockgate.store.team.people import IDENTITIES, Person
from lockgate.store.team.teams import MEMBERS

_PAGE = 1_000


def everybody(connection: Connection) -> tuple[tuple[Person, frozenset[str], frozenset[str]], ...]:
    """Each person, disabled ones too, with the names of their teams and the subjects of their identities."""
    teams: dict[str, set[str]] = {}
    for row in connection.execute(select(MEMBERS.c.person, MEMBERS.c.team)):
        teams.setdefault(row.person, set()).add(row.team)
    subjects: dict[str, set[str]] = {}
    for row in connection.execute(select(IDENTITIES.c.person, IDENTITIES.c.subject)):
        subjects.setdefault(row.person, set()).add(row.subject)
    found: list[Person] = []
    while page := people.listed(connection, after=found[-1].username if found else "", most=_PAGE):
        found += page
    return tuple(
        (one, frozenset(teams.get(one.id, set()) | {*one.claimed_teams}), frozenset(subjects.get(one.id, ())))
        for one in found
    )
