"""Which waivers somebody sees, on pages and by API: their own, and those of findings in what their teams own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request

from lockgate.access import may, permissions
from lockgate.access.ruling import reach
from lockgate.model.actor import Actor, Scope
from lockgate.server.console import looks
from lockgate.server.console.asking import services_of
from lockgate.store.row_access import repository_of
from lockgate.store.team import waivers
from lockgate.store.team.waivers import AskedWaiver, WaiverState

_MOST_PAGES = 20
"""Of waivers that somebody may not see, looked through for those that they may."""
_AT_ONCE = 2_000
"""Identities that one query asks for."""


async def seen(
    request: Request, actor: Actor, *, state: WaiverState | None = None, before: int = 0, most: int = 100
) -> tuple[list[AskedWaiver], int]:  # fmt: skip
    """Waivers, newest first, and what ``before`` must be for those that follow (0: none do)."""
    shown: list[AskedWaiver] = []
    for _ in range(_MOST_PAGES):
        with services_of(request).database.read() as connection:
            found = waivers.listed(connection, state=state, before=before, most=most + 1)
        for one in await _theirs(request, actor, found[:most]):
            if len(shown) == most:
                return shown, shown[-1].id
            shown.append(one)
        if len(found) <= most:
            return shown, 0
        before = found[most - 1].id
    return shown, before


async def _theirs(request: Request, actor: Actor, found: Sequence[AskedWaiver]) -> list[AskedWaiver]:
    """Those that an actor may see; of another's, only the findings that are in what their teams own."""
    if reach(actor, permissions.WAIVERS_READ) is Scope.ANY or not found:
        return list(found)
    others = sorted({identity for one in found if one.asked_by != actor.id for identity in one.identities})
    query = (
        "declare query_parameters(pIdentities:string='');\n"
        "Findings | where Identity in (split(pIdentities, ',')) | distinct Identity, RunId "
        "| join kind=inner (Runs | project RunId, Root) on RunId | distinct Identity, Root"
    )
    rows = [
        row for at in range(0, len(others), _AT_ONCE)
        for row in await looks.rows(request, actor, query, {"pIdentities": ",".join(others[at : at + _AT_ONCE])})
    ]  # fmt: skip
    now = services_of(request).now()
    theirs = {
        row["Identity"] for row in rows
        if may(actor, permissions.WAIVERS_READ, repository_of(actor, row["Root"]), now=now)
    }  # fmt: skip
    cut = [
        one if one.asked_by == actor.id
        else replace(one, identities=tuple(identity for identity in one.identities if identity in theirs))
        for one in found
    ]  # fmt: skip
    return [one for one in cut if one.identities]
