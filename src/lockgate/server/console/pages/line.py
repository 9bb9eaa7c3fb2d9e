"""The delivery line: 21 stations, each lit by what the record holds of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.dataclass import dataclass
from lockgate.model.actor import Actor
from lockgate.server.console import looks
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.drawing import page
from lockgate.server.console.stations import STAGES, STATIONS, Station, line

ROUTES = APIRouter()


@dataclass(frozen=True, slots=True)
class Lit:
    """A station as the record shows it."""

    station: Station
    seen: str
    """When last; empty: never."""
    by: str
    count: int


@ROUTES.get("/line")
async def drawn(request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)]) -> Response:
    """All stations, by stage."""
    stations = await lit(request, actor)
    by_stage = [(stage, [one for one in stations if one.station.stage == stage]) for stage in STAGES]
    return page(request, "line.html", stages=by_stage, alight=sum(1 for one in stations if one.seen), of=len(stations))


async def lit(request: Request, actor: Actor) -> list[Lit]:
    """Every station with its evidence."""
    rows = await looks.rows(request, actor, line(services_of(request).shapes()))
    found: dict[int, Any] = {row["Number"]: row for row in rows if row["Seen"]}
    return [_lit(one, found.get(one.number)) for one in STATIONS]


def _lit(station: Station, row: looks.Row | None) -> Lit:
    if row is None:
        return Lit(station, "", "", 0)
    return Lit(station, str(row["Seen"]), str(row["By"] or ""), int(row["Count"] or 0))
