"""Whether somebody may do something to findings that they name, on pages and by API."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import HTTPException

from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Permission
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import permit
from lockgate.server.console.finding_filter import filter_in
from lockgate.server.console.lists import query_of
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


async def named(
    request: Request, actor: Actor, identities: list[str], every: int, meets: str, *, most: int
) -> list[str]:  # fmt: skip
    """The findings that a form names: ``identities``, or, with ``every``, all that the actor sees which ``meets``.

    ``every`` is how many there were when the form was shown. Raises :class:`UsageError` where there are others by now,
    so that nothing is done to what nobody has seen; for none; and for too many.
    """
    if not every:
        if not identities:
            raise UsageError("no finding was chosen", hint="choose some in the list, then say what is to be done")
        return identities
    if every > most:
        raise UsageError(f"{every:,} findings are too many at once", hint=f"narrow the list to {most} or fewer")
    wanted = filter_in(query_of("findings", meets))
    found = await looks.rows(request, actor, questions.listed(wanted, most + 1), wanted.parameters(), most=most + 1)
    if len(found) != every:
        told = f"{every} findings met the filter when the page was shown; there are others now"
        raise UsageError(told, hint="go back, load the list anew, and look at it again")
    return [str(one["Identity"]) for one in found]
