"""Background jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import MOST_NUMBER, needs, services_of
from lockgate.server.console.paging import After, Limit, Page, number_of
from lockgate.store.team import jobs
from lockgate.store.team.jobs import Job, JobState

ROUTES = APIRouter(prefix="/api/v1/jobs")


class JobView(BaseModel):
    """One job."""

    id: int
    kind: str
    key: str
    state: JobState
    attempts: int
    done: int
    total: int
    said: str
    actor: str
    created: float
    ended: float


class JobPage(Page[JobView]):
    """Some jobs, newest first."""


@ROUTES.get("")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.JOBS_READ)], state: JobState | None = None,
    after: After = "", limit: Limit = 100,
) -> JobPage:  # fmt: skip
    """Jobs, newest first."""
    del actor
    before = number_of(after)
    with services_of(request).database.read() as connection:
        found = jobs.listed(connection, states=[state] if state else [], before=before, most=limit + 1)
    following = str(found[limit - 1].id) if len(found) > limit else None
    return JobPage(items=[_view(job) for job in found[:limit]], next=following)


@ROUTES.get("/{number}", responses={404: {}})
def one(
    request: Request, number: Annotated[int, Path(ge=1, le=MOST_NUMBER)],
    actor: Annotated[Actor, needs(permissions.JOBS_READ)],
) -> JobView:
    """One job."""
    del actor
    with services_of(request).database.read() as connection:
        found = jobs.find(connection, number)
    if found is None:
        raise HTTPException(404)
    return _view(found)


def _view(job: Job) -> JobView:
    names: dict[str, Any] = {name: getattr(job, name) for name in JobView.model_fields}
    return JobView(**names)
