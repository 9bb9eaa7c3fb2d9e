"""Teams: who is in them, and what they own. And the groups of a directory (SCIM), which may make somebody a member.

Somebody is in a team because an administrator put them there, or because groups that they are in do
(``people.belonging`` of the settings); both count.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import Column, Connection, Index, String, delete, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Asset, AssetKind, Team
from lockgate.store.team.database import METADATA, locked

TEAMS = SqlTable(
    "teams", METADATA,
    Column("name", String(64), primary_key=True),
    Column("about", String(1000), nullable=False),
)  # fmt: skip
ASSETS = SqlTable(
    "team_assets", METADATA,
    Column("team", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
)  # fmt: skip
MEMBERS = SqlTable(
    "team_members", METADATA,
    Column("team", String(64), primary_key=True),
    Column("person", String(64), primary_key=True),
    Index(None, "person"),
)  # fmt: skip
GROUPS = SqlTable(
    "directory_groups", METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("external_id", String(255), nullable=False),
)  # fmt: skip
GROUP_MEMBERS = SqlTable(
    "directory_members", METADATA,
    Column("group_id", String(64), primary_key=True),
    Column("person", String(64), primary_key=True),
    Index(None, "person"),
)  # fmt: skip
_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a directory."""

    id: str
    name: str
    external_id: str


def put(connection: Connection, name: str, *, about: str = "", owns: Iterable[Asset] = ()) -> Team:
    """Make a team, or replace what it owns. Raises :class:`UsageError` for a name or an object that cannot be."""
    if not 0 < len(name) <= 64 or not set(name) <= _SIGNS:
        raise UsageError("that is no name of a team", hint="up to 64 small letters, digits, and . _ -")
    owned = tuple(dict.fromkeys(Asset(one.kind, one.name) for one in owns))
    for one in owned:
        if not 0 < len(one.name) <= 255 or one.kind is AssetKind.PERSON or not one.name.strip("*?") or "[" in one.name:
            raise UsageError(f"{one.name[:80]!r} is nothing that one team owns", hint="a name, or a glob: shop/*")
    locked(connection, "teams")
    delete_team(connection, name, members=False)
    connection.execute(insert(TEAMS).values(name=name, about=about[:1000]))
    for one in owned:
        connection.execute(insert(ASSETS).values(team=name, kind=str(one.kind), name=one.name))
    return Team(name, owned)


def delete_team(connection: Connection, name: str, *, members: bool = True) -> bool:
    """Take a team away; whether there was one."""
    connection.execute(delete(ASSETS).where(ASSETS.c.team == name))
    if members:
        connection.execute(delete(MEMBERS).where(MEMBERS.c.team == name))
    return bool(connection.execute(delete(TEAMS).where(TEAMS.c.name == name)).rowcount)


def every(connection: Connection) -> dict[str, tuple[str, Team]]:
    """All teams by name: what is said about each, and the team."""
    owned: dict[str, list[Asset]] = {}
    for row in connection.execute(select(ASSETS).order_by(*ASSETS.c)):
        owned.setdefault(row.team, []).append(Asset(AssetKind(row.kind), row.name))
    rows = connection.execute(select(TEAMS).order_by(TEAMS.c.name))
    return {row.name: (row.about, Team(row.name, tuple(owned.get(row.name, ())))) for row in rows}


def named(connection: Connection, names: Collection[str]) -> tuple[Team, ...]:
    """Teams by name, with what they own; one that owns nothing or is not known here is a team all the same."""
    wanted = sorted(set(names))
    owned: dict[str, list[Asset]] = {name: [] for name in wanted}
    for row in connection.execute(select(ASSETS).where(ASSETS.c.team.in_(wanted)).order_by(*ASSETS.c)):
        owned[row.team].append(Asset(AssetKind(row.kind), row.name))
    return tuple(Team(name, tuple(assets)) for name, assets in owned.items())


def joined(connection: Connection, person: str) -> tuple[str, ...]:
    """Teams that an administrator put somebody into."""
    rows = connection.execute(select(MEMBERS.c.team).where(MEMBERS.c.person == person).order_by(MEMBERS.c.team))
    return tuple(row.team for row in rows)


def members(connection: Connection, team: str) -> tuple[str, ...]:
    """Ids of people that an administrator put into a team."""
    return tuple(row.person for row in connection.execute(select(MEMBERS.c.person).where(MEMBERS.c.team == team)))


def set_joined(connection: Connection, person: str, teams: Collection[str]) -> None:
    """Have somebody be in these teams and no others. Raises :class:`UsageError` for a team that is not there."""
    known = {row.name for row in connection.execute(select(TEAMS.c.name))}
    if not set(teams) <= known:
        raise UsageError(f"there is no team {min(set(teams) - known)}")
    connection.execute(delete(MEMBERS).where(MEMBERS.c.person == person))
    for team in sorted(set(teams)):
        connection.execute(insert(MEMBERS).values(team=team, person=person))


def put_group(connection: Connection, name: str, *, external_id: str = "", group_id: str = "") -> Group:
    """Make a group of the directory, or rename the one of that id. Raises :class:`UsageError` for a name that is taken.
    """
    locked(connection, "directory_groups")
    other = group_named(connection, name)
    if not 0 < len(name) <= 255 or (other is not None and other.id != group_id):
        raise UsageError("there is a group of that name already" if other else "that is no name of a group")
    group = Group(group_id or f"group:{uuid.uuid4()}", name, external_id[:255])
    if group_id:
        values = {"name": name, "external_id": group.external_id}
        connection.execute(update(GROUPS).where(GROUPS.c.id == group_id).values(**values))
    else:
        connection.execute(insert(GROUPS).values(id=group.id, name=name, external_id=group.external_id))
    return group


def group(connection: Connection, group_id: str) -> Group | None:
    """A group by id."""
    row = connection.execute(select(GROUPS).where(GROUPS.c.id == group_id)).mappings().first()
    return None if row is None else Group(**row)


def group_named(connection: Connection, name: str) -> Group | None:
    """A group by name."""
    row = connection.execute(select(GROUPS).where(GROUPS.c.name == name)).mappings().first()
    return None if row is None else Group(**row)


def groups(connection: Connection) -> tuple[Group, ...]:
    """All groups of the directory, by name."""
    return tuple(Group(**row) for row in connection.execute(select(GROUPS).order_by(GROUPS.c.name)).mappings())


def delete_group(connection: Connection, group_id: str) -> bool:
    """Take a group away."""
    connection.execute(delete(GROUP_MEMBERS).where(GROUP_MEMBERS.c.group_id == group_id))
    return bool(connection.execute(delete(GROUPS).where(GROUPS.c.id == group_id)).rowcount)


def group_members(connection: Connection, group_id: str) -> tuple[str, ...]:
    """Ids of the people of a group."""
    wanted = select(GROUP_MEMBERS.c.person).where(GROUP_MEMBERS.c.group_id == group_id)
    return tuple(row.person for row in connection.execute(wanted.order_by(GROUP_MEMBERS.c.person)))


def groups_of(connection: Connection, person: str) -> tuple[Group, ...]:
    """Groups of the directory that somebody is in."""
    wanted = select(GROUPS).join(GROUP_MEMBERS, GROUP_MEMBERS.c.group_id == GROUPS.c.id)
    rows = connection.execute(wanted.where(GROUP_MEMBERS.c.person == person).order_by(GROUPS.c.name)).mappings()
    return tuple(Group(**row) for row in rows)


def set_group_members(
    connection: Connection, group_id: str, *, add: Collection[str] = (), remove: Collection[str] = (),
    only: bool = False,
) -> None:  # fmt: skip
    """Change who is in a group; ``only``: those of ``add`` and nobody else."""
    gone = delete(GROUP_MEMBERS).where(GROUP_MEMBERS.c.group_id == group_id)
    connection.execute(gone if only else gone.where(GROUP_MEMBERS.c.person.in_(sorted({*add, *remove}))))
    for person in sorted(set(add) - set(remove)):
        connection.execute(insert(GROUP_MEMBERS).values(group_id=group_id, person=person))
