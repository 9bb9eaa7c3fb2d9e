"""Background jobs: what waits, runs and failed; to be ended and begun again by those who may."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import MOST_NUMBER, address_of, needs, services_of
from lockgate.server.console.drawing import is_fragment, page
from lockgate.server.console.lists import views_of
from lockgate.server.console.refusals import refused
from lockgate.store.team import jobs, trail
from lockgate.store.team.jobs import JobState

ROUTES = APIRouter()
_PAGE = 50
_Number = Annotated[int, Path(ge=1, le=MOST_NUMBER)]


@ROUTES.get("/jobs")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.JOBS_READ)], state: JobState | None = None,
    before: Annotated[int, Query(ge=0, le=MOST_NUMBER)] = 0,
) -> Response:  # fmt: skip
    """Newest first."""
    with services_of(request).database.read() as connection:
        found = jobs.listed(connection, states=[state] if state else [], before=before, most=_PAGE + 1)
    more = found[_PAGE - 1].id if len(found) > _PAGE else 0
    return page(request, "jobs.html", states=list(JobState), jobs=found[:_PAGE], more=more, state=state or "",
                views=views_of(request, actor, "jobs"))  # fmt: skip


@ROUTES.post("/jobs/{number}/cancel")
def cancel(
    request: Request, number: _Number, actor: Annotated[Actor, needs(permissions.JOBS_CHANGE)]
) -> Response:
    """End one."""
    return _changed(request, number, actor, "jobs:cancel", jobs.cancel)


@ROUTES.post("/jobs/{number}/retry")
def retry(
    request: Request, number: _Number, actor: Annotated[Actor, needs(permissions.JOBS_CHANGE)]
) -> Response:
    """Begin one again."""
    return _changed(request, number, actor, "jobs:retry", jobs.retry)


def _changed(request: Request, number: int, actor: Actor, action: str, change: jobs.Change) -> Response:
    services = services_of(request)
    with services.database.begin() as connection:
        if not change(connection, number):
            return refused(request, 409, f"Job {number} does not stand so that this could be done.")
        trail.append(connection, trail.Entry(actor, action, f"job:{number}", address=address_of(request)))
        job = jobs.find(connection, number)
    services.wake()
    return page(request, "job.html", job=job) if is_fragment(request) else RedirectResponse("/jobs", 303)
