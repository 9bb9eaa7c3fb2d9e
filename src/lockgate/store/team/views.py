"""Saved views: a filter and order of a list that somebody gave a name, for themselves or shared with a team of theirs.

A view shows nothing by itself: the list is asked by who opens it, and shows what they may see. One that is shared is
told in the audit trail when it is made, changed and taken away; one that is somebody's own is nobody else's matter.
What does not belong: which lists there are, and what they can be filtered by (``server.console.lists``).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection

from sqlalchemy import Column, Connection, Float, String, Text, UniqueConstraint, delete, func, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.store.team import trail
from lockgate.store.team.database import METADATA, locked

VIEWS = SqlTable(
    "saved_views", METADATA,
    Column("id", String(40), primary_key=True),
    Column("list", String(32), nullable=False),
    Column("name", String(80), nullable=False),
    Column("query", Text, nullable=False),
    Column("owner", String(255), nullable=False),
    Column("owner_name", String(255), nullable=False),
    Column("team", String(255), nullable=False, index=True),
    Column("changed", Float, nullable=False),
    UniqueConstraint("owner", "list", "name"),
)  # fmt: skip
MOST_VIEWS = 200
"""Of one person, over all lists."""
MOST_NAME = 80
MOST_QUERY = 32_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """One view."""

    id: str
    list: str
    """Name of the list that it is of: ``findings``."""
    name: str
    query: str
    """Filter and order, as the list's address has them behind ``?``."""
    owner: str
    """Id of the actor who saved it."""
    owner_name: str
    team: str
    """Whose people see it too; empty: its owner alone."""
    changed: float
    """Unix time."""


def save(
    connection: Connection, actor: Actor, list: str, name: str, query: str, *, team: str = "", address: str = "",
    now: float | None = None,
) -> SavedView:  # fmt: skip
    """Keep a view; one of the actor's of that name in that list becomes this.

    Raises :class:`UsageError` for a name that is none, a team that the actor is not in, or one view too many.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise UsageError(f"a view has a name of 1 to {MOST_NAME} characters", where="view")
    if len(query) > MOST_QUERY:
        raise UsageError("the filter is longer than a view holds", where="view")
    if team and (len(team) > 255 or not actor.in_team(team)):
        raise UsageError("a view is shared with a team that one is in", where=f"team {team[:64]}")
    locked(connection, f"views:{actor.id}")
    mine = (VIEWS.c.owner == actor.id) & (VIEWS.c.list == list) & (VIEWS.c.name == name)
    old = connection.execute(select(VIEWS).where(mine)).mappings().first()
    count = connection.execute(select(func.count()).select_from(VIEWS).where(VIEWS.c.owner == actor.id)).scalar_one()
    if old is None and count >= MOST_VIEWS:
        raise UsageError(f"you have {MOST_VIEWS} views already", where="view", hint="delete one first")
    view = SavedView(
        old["id"] if old else uuid.uuid4().hex, list, name, query, actor.id, actor.name[:255], team,
        time.time() if now is None else now,
    )  # fmt: skip
    values = {column.name: getattr(view, column.name) for column in VIEWS.c}
    change = update(VIEWS).where(VIEWS.c.id == view.id) if old else insert(VIEWS)
    connection.execute(change.values(**values))
    if team or (old and old["team"]):
        before = {"was": old["team"]} if old and old["team"] != team else {}
        _tell(connection, actor, "views:share" if team else "views:unshare", view, address, **before)
    return view


def seen(connection: Connection, actor: Actor, *, lists: Collection[str]) -> tuple[SavedView, ...]:
    """The actor's own, and those shared with a team of theirs, of these lists, by name."""
    theirs = VIEWS.c.team.in_([team.name for team in actor.teams if team.name])
    wanted = select(VIEWS).where(VIEWS.c.list.in_(lists), (VIEWS.c.owner == actor.id) | theirs)
    rows = connection.execute(wanted.order_by(VIEWS.c.list, VIEWS.c.name, VIEWS.c.id)).mappings()
    return tuple(SavedView(**row) for row in rows)


def remove(connection: Connection, actor: Actor, id: str, *, address: str = "") -> SavedView | None:
    """Take a view of the actor's away, and give what it was; None where they have none of that id."""
    mine = (VIEWS.c.id == id) & (VIEWS.c.owner == actor.id)
    row = connection.execute(select(VIEWS).where(mine)).mappings().first()
    if row is None or not connection.execute(delete(VIEWS).where(mine)).rowcount:
        return None
    view = SavedView(**row)
    if view.team:
        _tell(connection, actor, "views:unshare", view, address, was=view.team)
    return view


def unshare(connection: Connection, team: str) -> int:
    """Have the views that were shared with a team be their owners' alone, since it is no more; how many.

    Else they would be seen by whoever a later team of that name has.
    """
    return connection.execute(update(VIEWS).where(VIEWS.c.team == team).values(team="")).rowcount


def _tell(
    connection: Connection, actor: Actor, action: str, view: SavedView, address: str, **more: object
) -> None:  # fmt: skip
    detail = {"list": view.list, "name": view.name, "team": view.team, "query": view.query[:2_000], **more}
    trail.append(connection, trail.Entry(actor, action, f"view:{view.id}", address=address, detail=detail))
