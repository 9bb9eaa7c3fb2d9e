"""Where forges tell what happened: ``POST /api/v1/forges/{name}/events``; which are connected; having them looked at.

202 says that a delivery is on the disk with its jobs, or was before: each counts once. A body is believed for its
signature, or for the secret that it shows, alone; nobody signs in for it. What a person's session may do elsewhere
counts for nothing here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel

from lockgate.access import permissions
from lockgate.engine.forges.accepting import FullError, Intake
from lockgate.engine.forges.connections import Connection, Connections
from lockgate.engine.forges.happenings import work_of
from lockgate.errors import LockgateError
from lockgate.formats.forge_events import MAX_BODY, ForgeFormat, Told, formats, read
from lockgate.formats.format_error import FormatError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs, public, services_of
from lockgate.server.console.paging import After, Limit, Page, cut
from lockgate.server.console.services import Services
from lockgate.store.team.deliveries import Delivery

ROUTES = APIRouter(prefix="/api/v1/forges")
LARGER = {"/api/v1/forges/": MAX_BODY}
"""Bodies of webhooks may be so large."""
_ASIDE = 128 * 1024
"""Bytes from which on a body is read in a thread, so that nobody waits for it."""
_log = logging.getLogger("lockgate.forges")
Name = Annotated[str, Path(min_length=1, max_length=64)]


class Taken(BaseModel):
    """What became of a delivery."""

    events: int
    """Things that it told of and that are acted on."""
    new: bool


class ForgeView(BaseModel):
    """One connected forge."""

    name: str
    kind: str
    events: str
    """Where it tells what happened."""


class InstallationView(BaseModel):
    """One place where a forge lets us in."""

    installation: int
    account: str
    repositories: int
    """Watched, when all were listed."""
    allowances: dict[str, int]
    """Calls that it still allowed, by the name of the limit."""
    told: float | None
    """When it told that, in seconds of Unix time."""


class StandingView(BaseModel):
    """How one forge stands. Times are seconds of Unix time."""

    name: str
    kind: str
    events: str
    last_event: float | None
    events_of_a_day: int
    looked: float | None
    """When all repositories were listed last."""
    repositories: int
    failed_jobs: list[int]
    installations: list[InstallationView]


@ROUTES.post("/{name}/events", status_code=202, dependencies=[public], responses={400: {}, 401: {}, 404: {}, 503: {}})
async def told(request: Request, name: Name) -> Taken:
    """A webhook of a forge."""
    services = services_of(request)
    connection = _connection(services, name)
    content = await request.body()
    headers = {key.lower(): value for key, value in request.headers.items()}
    try:
        secret = await asyncio.to_thread(connection.webhook_secret)
    except LockgateError as error:
        _log.error("webhooks of %s cannot be believed: %s", name, error)
        raise HTTPException(503) from None
    form = formats()[connection.kind.replace("-", "_")]
    try:
        if len(content) > _ASIDE:
            found = await asyncio.to_thread(_read, form, content, headers, secret)
        else:
            found = _read(form, content, headers, secret)
    except FormatError as error:
        raise HTTPException(400, f"The body is none of {form.about}: {error.reason}.") from None
    if found is None:
        services.metrics.refused["signature"] += 1
        raise HTTPException(401, "The signature or secret is not the one of the settings.")
    work = tuple(work_of(name, event) for event in found.events)
    if not work:
        return Taken(events=0, new=False)
    try:
        new = await intake_of(services).accept(Delivery(name, found.id, found.kind, work))
    except FullError:
        raise HTTPException(503, "More deliveries wait than are taken in.", {"retry-after": "5"}) from None
    return Taken(events=len(work), new=new)


def _read(form: ForgeFormat, content: bytes, headers: dict[str, str], secret: str) -> Told | None:
    """None where it is not believed; only then is anything of it read. Raises ``FormatError``."""
    return read(form, content, headers) if form.believed(content, headers, secret) else None


@ROUTES.get("")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.FORGES_READ)], after: After = "", limit: Limit = 100
) -> Page[ForgeView]:  # fmt: skip
    """The forges that are connected."""
    del actor
    services = services_of(request)
    shown, following = cut(list(connections_of(services)().values()), after, limit)
    origin = services.origin
    items = [
        ForgeView(name=one.name, kind=one.kind.value, events=f"{origin}/api/v1/forges/{one.name}/events")
        for one in shown
    ]
    return Page[ForgeView](items=items, next=following)


@ROUTES.get("/standing")
def stands(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_READ)]) -> list[StandingView]:
    """How each forge stands: what it told last, when all was looked at, what failed, what may still be asked."""
    del actor
    from lockgate.server.console.forges_seen import standing

    return [
        StandingView(
            name=one.name, kind=one.kind, events=one.events, last_event=one.heard.last if one.heard else None,
            events_of_a_day=one.heard.day if one.heard else 0, looked=one.looked or None,
            repositories=one.repositories, failed_jobs=[job.id for job in one.failed],
            installations=[
                InstallationView(
                    installation=place.installation, account=place.account, repositories=place.repositories,
                    allowances={limit.resource or "all": limit.remaining for limit in place.allowances},
                    told=place.told or None,
                )
                for place in one.installed
            ],
        )
        for one in standing(request).forges
    ]  # fmt: skip


@ROUTES.post("/reconcile", status_code=202)
def reconciled(request: Request, actor: Annotated[Actor, needs(permissions.FORGES_CHANGE)]) -> dict[str, Any]:
    """Have every forge looked at now, for what it did not tell."""
    from lockgate.server.console.forges_seen import look_again

    look_again(request, actor)
    return {}


def connections_of(services: Services) -> Connections:
    """The forges of a server, as its settings have them now."""
    held: Connections | None = services.more.get(Connections)
    if held is None:
        held = Connections(lambda: services.settings().forges, project=services.project)
        services.more[Connections] = held
    return held


def _connection(services: Services, name: str) -> Connection:
    try:
        found = connections_of(services)().get(name)
    except LockgateError as error:
        _log.error("the forges of the settings are wrong: %s", error)
        raise HTTPException(503) from None
    if found is None:
        raise HTTPException(404)
    return found


def intake_of(services: Services) -> Intake:
    """The one intake of a server."""
    held: Intake | None = services.more.get(Intake)
    if held is None:
        held = Intake(services.database, services.wake)
        services.more[Intake] = held
    return held
