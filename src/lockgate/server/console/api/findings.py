"""Standing findings: listed, one by one, exported, and as a badge."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Annotated, Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import Response
from pydantic import BaseModel

from lockgate.access import permissions
from lockgate.model import Severity
from lockgate.model.actor import Actor
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.finding_filter import Wanted
from lockgate.server.console.paging import After, Limit, Page, number_of
from lockgate.server.console.questions import Filter
from lockgate.server.console.unchanged import is_known

ROUTES = APIRouter(prefix="/api/v1")
Reader = Annotated[Actor, needs(permissions.FINDINGS_READ)]
_MOST_EXPORTED = 200_000
_MOST_LISTED = 500_000
_COLOURS = {"critical": "#a3123b", "high": "#b8321a", "medium": "#8a5200", "low": "#1a639e", "info": "#55606e"}


class CsvResponse(Response):
    """A table."""

    media_type = "text/csv"


class SvgResponse(Response):
    """A drawing."""

    media_type = "image/svg+xml"


class FindingView(BaseModel):
    """One standing finding."""

    identity: str
    rule: str
    family: str
    severity: str
    state: str
    """``new`` or ``known``."""
    subject: str
    path: str
    line: int
    message: str
    first_seen: str
    waived: bool
    waiver_expires: str
    fixable: bool
    root: str
    """The place it was found in."""


class FindingPage(Page[FindingView]):
    """Some findings, the worst first where nothing else is asked for."""


@ROUTES.get("/findings", responses={304: {}})
async def listed(
    request: Request, actor: Reader, response: Response, wanted: Wanted, after: After = "", limit: Limit = 100
) -> Any:  # fmt: skip
    """Standing findings. ``ETag`` changes when the record does, and what follows a page may then have moved."""
    if (tag := _tag(request, actor)) and is_known(request.headers, tag):
        return Response(status_code=304, headers={"etag": tag})
    start = number_of(after)
    if start + limit > _MOST_LISTED:
        raise HTTPException(422, f"lists end after {_MOST_LISTED:,} findings: narrow what is asked for, or export them")
    most = start + limit + 1
    found = await looks.rows(request, actor, questions.listed(wanted, most), wanted.parameters(), most=_MOST_LISTED + 1)
    response.headers.update({"etag": tag} if tag else {})
    shown = [_view(one) for one in found[start : start + limit]]
    return FindingPage(items=shown, next=str(start + limit) if len(found) == most else None)


@ROUTES.get("/findings/{identity}", responses={404: {}})
async def one(
    request: Request, actor: Reader, identity: Annotated[str, Path(max_length=80)]
) -> FindingView:  # fmt: skip
    """One, where it stands."""
    query = f"{questions.IDENTITY}StandingFindings() | where Identity == pIdentity | take 1"
    found = await looks.row(request, actor, query, {"pIdentity": identity})
    if not found:
        raise HTTPException(404)
    return _view(found)


@ROUTES.get("/export/findings.csv", response_class=CsvResponse, responses={304: {}})
async def exported(request: Request, actor: Reader, wanted: Wanted) -> Response:
    """All that meet the filters of the list, as CSV. ``ETag`` as there."""
    if (tag := _tag(request, actor)) and is_known(request.headers, tag):
        return Response(status_code=304, headers={"etag": tag})
    found = await looks.rows(
        request, actor, questions.listed(wanted, _MOST_EXPORTED), wanted.parameters(), most=_MOST_EXPORTED
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FindingView.model_fields)
    writer.writerows([_safe(value) for value in _view(row).model_dump().values()] for row in found)
    headers = {"content-disposition": 'attachment; filename="findings.csv"', **({"etag": tag} if tag else {})}
    return CsvResponse(out.getvalue(), headers=headers)


@ROUTES.get("/badge.svg", response_class=SvgResponse, responses={304: {}})
async def badge(request: Request, actor: Reader, root: Annotated[str, Query(max_length=500)]) -> Response:
    """The worst open finding of a place, and how many there are of it."""
    wanted = Filter(root=root, waived=False)
    rows = await looks.rows(request, actor, questions.counted(wanted, "Severity"), wanted.parameters())
    counts = {row["Severity"]: row["Count"] for row in rows}
    worst = next((str(one) for one in sorted(Severity, reverse=True) if counts.get(str(one))), "")
    told, colour = (f"{counts[worst]:,} {worst}", _COLOURS[worst]) if worst else ("clean", "#16703c")
    return SvgResponse(_drawn(told, colour))


def _tag(request: Request, actor: Actor) -> str:
    """Of the answer to this address for this actor, while nothing was written; empty where that is not known."""
    stamp = services_of(request).stamp()
    if stamp is None:
        return ""
    told = repr((stamp, looks.sees(services_of(request), actor), str(request.url)))
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _view(row: looks.Row) -> FindingView:
    return FindingView(
        identity=row["Identity"], rule=row["Rule"], family=row["Family"], severity=row["Severity"], state=row["State"],
        subject=row["SubjectName"] or "", path=row["Path"] or "", line=row["Line"] or 0, message=row["Message"] or "",
        first_seen=row["FirstSeen"] or "", waived=bool(row["Waived"]), waiver_expires=row["WaiverExpires"] or "",
        fixable=bool(row["Fixable"]), root=row["Root"] or "",
    )  # fmt: skip


def _safe(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _drawn(told: str, colour: str) -> str:
    width = 66 + 7 * len(told)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="lockgate: {escape(told)}"><rect width="{width}" height="20" rx="3" fill="{colour}"/>'
        '<rect width="60" height="20" rx="3" fill="#39424e"/>'
        '<g fill="#fff" font-family="Verdana,sans-serif" font-size="11"><text x="6" y="14">lockgate</text>'
        f'<text x="65" y="14">{escape(told)}</text></g></svg>'
    )
