"""Lists that pages show, and by what the address of each can be filtered and sorted: what a saved view may hold.

A list of another part becomes one of these by a line here, and its page shows views by :func:`views_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import Request

from lockgate.access import permissions
from lockgate.access.ruling import reach
from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Permission
from lockgate.server.console.asking import address_of, permit, services_of
from lockgate.store.team import views
from lockgate.store.team.views import SavedView

_MOST_FIELDS = 100
_MOST_VALUE = 20_000


@dataclass(frozen=True, slots=True)
class ListPage:
    """One."""

    address: str
    needs: Permission
    fields: tuple[str, ...]
    """Names in the address that filter and sort; none that says which page of the list is shown."""


LISTS: Mapping[str, ListPage] = {
    "findings": ListPage("/findings", permissions.FINDINGS_READ, (
        "word", "rule", "path", "owner", "root", "run", "state", "waived", "fixable", "severity", "family", "sort",
    )),
    "waivers": ListPage("/waivers", permissions.WAIVERS_READ, ("state",)),
    "deployments": ListPage("/deployments", permissions.DEPLOYMENTS_READ, ("standing", "environment")),
    "inventory": ListPage("/inventory", permissions.REPOSITORIES_READ, ("word", "sort")),
    "search": ListPage("/search", permissions.FINDINGS_READ, ("word",)),
    "ask": ListPage("/ask", permissions.RECORD_ASK, ("query",)),
    "jobs": ListPage("/jobs", permissions.JOBS_READ, ("state",)),
    "people": ListPage("/people", permissions.PEOPLE_READ, ("q",)),
}  # fmt: skip
"""By the name that views keep."""


@dataclass(frozen=True, slots=True)
class Views:
    """What a page shows of the views of its list."""

    list: str
    query: str
    """The present filter and order."""
    items: tuple[tuple[SavedView, str], ...]
    """Those that somebody sees, each with its address."""
    teams: tuple[str, ...]
    """With whom they may share one."""
    me: str


def list_page(name: str) -> ListPage:
    """The list of that name. Raises :class:`UsageError`."""
    found = LISTS.get(name)
    if found is None:
        raise UsageError(f"there is no list {name[:40]!r}", hint=", ".join(LISTS))
    return found


def query_of(name: str, query: str) -> str:
    """What of an address's query filters and sorts a list, in one form for all that mean the same.

    Raises :class:`UsageError` for more than an address holds.
    """
    fields = list_page(name).fields
    try:
        pairs = parse_qsl(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise UsageError(f"a view has at most {_MOST_FIELDS} filters", where="view") from None
    kept = [(key, value.strip()) for key, value in pairs if key in fields and len(value) <= _MOST_VALUE]
    ordered = sorted(dict.fromkeys(one for one in kept if one[1]), key=lambda one: fields.index(one[0]))
    return urlencode(ordered)


def address_of_view(view: SavedView) -> str:
    """Where a view is looked at."""
    address = LISTS[view.list].address
    return f"{address}?{view.query}" if view.query else address


def lists_of(actor: Actor) -> list[str]:
    """Lists that somebody may see: of others they see no view either."""
    return [name for name, one in LISTS.items() if reach(actor, one.needs) is not None]


def keep_view(request: Request, actor: Actor, list: str, name: str, query: str, team: str) -> SavedView:
    """Give a filter and order of a list that ``actor`` may see a name. Raises :class:`UsageError`."""
    permit(request, actor, list_page(list).needs)
    wanted = query_of(list, query)
    with services_of(request).database.begin() as connection:
        return views.save(connection, actor, list, name, wanted, team=team, address=address_of(request))


def views_of(request: Request, actor: Actor, name: str) -> Views:
    """The views of a list as its page shows them to ``actor``; none where they may see no views."""
    seen: tuple[SavedView, ...] = ()
    if reach(actor, permissions.VIEWS_READ) is not None:
        with services_of(request).database.read() as connection:
            seen = views.seen(connection, actor, lists=[name])
    try:
        query = query_of(name, request.url.query)
    except UsageError:  # an address that no form of ours makes; the page itself reads of it what it can
        query = ""
    items = tuple((one, address_of_view(one)) for one in seen)
    return Views(name, query, items, tuple(sorted(team.name for team in actor.teams)), actor.id)
