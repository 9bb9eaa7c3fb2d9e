"""How forges are set up: every organisation, one of them by area and rule, and one rule with what mends it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.access.ruling import reach
from lockgate.engine.forges.posture import READ
from lockgate.model.actor import Actor, Scope
from lockgate.server.console import posture_seen
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.charts import trend
from lockgate.server.console.drawing import page
from lockgate.server.console.posture_done import apply, mended, read_again
from lockgate.server.console.posture_seen import AREAS, posture_of
from lockgate.store.team import jobs, teams
from lockgate.store.team.jobs import JobState

ROUTES = APIRouter()
_WORST = 20
_SHOWN = 50
"""Findings of a rule whose calls a page shows."""
Reader = Annotated[Actor, needs(permissions.POSTURE_READ)]
Root = Annotated[str, Query(max_length=400)]


@ROUTES.get("/posture")
async def shown(
    request: Request, actor: Reader, root: Root = "", team: Annotated[str, Query(max_length=100)] = "",
    area: Annotated[str, Query(max_length=40)] = "",
) -> Response:  # fmt: skip
    """Every organisation, or one: scores by area, rules that are not met, who is worst."""
    places = await posture_seen.places(request, actor)
    with services_of(request).database.read() as connection:
        every = {name: one for name, (_, one) in teams.every(connection).items()}
        sees_jobs = not root and reach(actor, permissions.JOBS_READ) is not None
        working = [job for state in (JobState.RUNNING, JobState.WAITING) if sees_jobs
                   for job in jobs.listed(connection, states=[state], kind=READ, most=20)]  # fmt: skip
    if not root:
        return page(request, "posture.html", places=places, place=None, working=working)
    owned = every[team].owns if team in every else None
    place = await posture_of(request, actor, root, owned=owned)
    if place is None:
        raise HTTPException(404)
    days = await posture_seen.trend_of(request, actor, root)
    values = [(str(one["Day"])[:10], int(one["FindingCount"] or 0)) for one in days]
    return page(
        request, "posture.html", places=places, place=place, working=[], areas=AREAS, teams=sorted(every),
        team=team if team in every else "", area=area if area in AREAS else "", worst=place.worst[:_WORST],
        rules=[one for one in place.failed if not area or area not in AREAS or one.area == area],
        trend=trend(values) if len(values) > 1 else None,
    )  # fmt: skip


@ROUTES.get("/posture/rule")
async def ruled(
    request: Request, actor: Reader, root: Root, rule: Annotated[str, Query(max_length=200)]
) -> Response:  # fmt: skip
    """One rule in one organisation: where it is not met, and what mends it."""
    found = await mended(request, actor, root, rule)
    if found is None:
        raise HTTPException(404)
    applies = reach(actor, permissions.POSTURE_APPLY) is Scope.ANY
    return page(request, "posture_rule.html", found=found, applies=applies, most=_SHOWN, areas=AREAS)


@ROUTES.post("/posture/read")
def read(
    request: Request, actor: Annotated[Actor, needs(permissions.POSTURE_REFRESH)],
    root: Annotated[str, Form(max_length=400)] = "",
) -> Response:  # fmt: skip
    """Have one organisation, or every one, read now."""
    read_again(request, actor, root)
    return RedirectResponse("/posture", 303)


@ROUTES.post("/posture/apply")
async def applied(
    request: Request, actor: Annotated[Actor, needs(permissions.POSTURE_APPLY)],
    root: Annotated[str, Form(max_length=400)], rule: Annotated[str, Form(max_length=200)],
    stamp: Annotated[str, Form(max_length=64)],
) -> Response:  # fmt: skip
    """Have the calls made that the page of a rule showed."""
    if await apply(request, actor, root, rule, stamp) is None:
        raise HTTPException(404)
    return RedirectResponse("/jobs", 303)
