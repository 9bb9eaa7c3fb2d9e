"""The first page after a sign-in: for each of somebody's personas what they came for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.access.ruling import reach
from lockgate.model import Severity
from lockgate.model.actor import Actor, Persona
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.charts import Trend, trend
from lockgate.server.console.drawing import page
from lockgate.server.console.questions import Filter
from lockgate.store.team import jobs
from lockgate.store.team.jobs import JobState

ROUTES = APIRouter()
_WORST = (Severity.CRITICAL, Severity.HIGH)
_FEW = 8


@ROUTES.get("/home")
async def home(request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)]) -> Response:
    """Home."""
    shown: dict[str, Any] = {"personas": [str(one) for one in actor.personas], "counts": await _counts(request, actor)}
    for persona, gather in _GATHERED.items():
        if persona in actor.personas:
            shown |= await gather(request, actor)
    blank = dict.fromkeys(("worst", "fixable", "clusters", "admission", "trend", "waivers", "failed", "runs"))
    return page(request, "home.html", **{**blank, **shown})


async def _counts(request: Request, actor: Actor) -> list[tuple[str, int]]:
    rows = await looks.rows(request, actor, questions.counted(Filter(), "Severity"))
    by = {row["Severity"]: row["Count"] for row in rows}
    return [(str(one), by.get(str(one), 0)) for one in sorted(Severity, reverse=True)]


async def _developer(request: Request, actor: Actor) -> dict[str, Any]:
    """What to mend: the worst first, and what a machine can mend."""
    worst = await looks.rows(request, actor, questions.listed(Filter(severities=_WORST, waived=False), _FEW))
    fixable = await looks.rows(request, actor, questions.listed(Filter(fixable=True, waived=False), _FEW))
    return {"worst": worst, "fixable": fixable, "runs": await looks.rows(request, actor, questions.RUNS)}


async def _sre(request: Request, actor: Actor) -> dict[str, Any]:
    """What runs, and what was judged."""
    return {"runs": await looks.rows(request, actor, questions.RUNS)}


async def _operator(request: Request, actor: Actor) -> dict[str, Any]:
    """Clusters, and what admission said."""
    return {
        "clusters": await looks.rows(request, actor, questions.CLUSTERS),
        "admission": await looks.rows(request, actor, questions.ADMISSION),
    }


async def _security(request: Request, actor: Actor) -> dict[str, Any]:
    """Posture, trend, waivers that end."""
    days = await looks.rows(request, actor, questions.TREND)
    return {
        "trend": _trend(days),
        "waivers": await looks.rows(request, actor, questions.OLDEST_WAIVERS),
        "worst": await looks.rows(request, actor, questions.listed(Filter(severities=_WORST, waived=False), _FEW)),
    }


async def _administrator(request: Request, actor: Actor) -> dict[str, Any]:
    """Jobs that wait for a person."""
    if reach(actor, permissions.JOBS_READ) is None:
        return {}
    with services_of(request).database.read() as connection:
        return {"failed": jobs.listed(connection, states=[JobState.FAILED], most=_FEW)}


_GATHERED: Mapping[Persona, Any] = {
    Persona.DEVELOPER: _developer, Persona.SRE: _sre, Persona.CLUSTER_OPERATOR: _operator,
    Persona.SECURITY: _security, Persona.ADMINISTRATOR: _administrator,
}  # fmt: skip


def _trend(days: list[looks.Row]) -> Trend | None:
    return trend([(row["Day"][:10], row["Open"] or 0) for row in days]) if len(days) > 1 else None
