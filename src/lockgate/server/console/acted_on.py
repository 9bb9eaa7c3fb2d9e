"""Whether somebody may do something to findings that they name, on pages and by API."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import HTTPException

from lockgate.model.actor import Actor, Permission
from lockgate.server.console import looks
from lockgate.server.console.asking import permit
from lockgate.store.row_access import repository_of


async def check(request: Request, actor: Actor, identities: list[str], permission: Permission) -> None:
    """That all of these are findings which the actor sees, and has ``permission`` to. Raises 404 as for one that is
    not."""
    query = (
        "declare query_parameters(pIdentities:string='');\n"
        "StandingFindings() | where Identity in (split(pIdentities, ',')) | distinct Identity, Root"
    )
    found = await looks.rows(request, actor, query, {"pIdentities": ",".join(identities)})
    if {row["Identity"] for row in found} != set(identities):
        raise HTTPException(404)
    for root in {row["Root"] for row in found}:
        permit(request, actor, permission, repository_of(actor, root))
