"""What the server says of itself: whether it is ready, and its metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs, public, services_of
from lockgate.server.console.metrics import CONTENT_TYPE
from lockgate.store.team import jobs

ROUTES = APIRouter()


@ROUTES.get("/api/v1/ready", dependencies=[public], responses={503: {}})
def ready(request: Request) -> dict[str, str]:
    """Whether requests can be answered: the database does."""
    services_of(request).database.ping()
    return {"status": "ready"}


@ROUTES.get("/metrics", include_in_schema=False)
def metrics(request: Request, actor: Annotated[Actor, needs(permissions.SETTINGS_READ)]) -> Response:
    """Prometheus' text format. A scraper shows a service token."""
    del actor
    services = services_of(request)
    with services.database.read() as connection:
        counts = jobs.counts(connection)
    return PlainTextResponse("".join(services.metrics.drawn(counts)), media_type=CONTENT_TYPE)
