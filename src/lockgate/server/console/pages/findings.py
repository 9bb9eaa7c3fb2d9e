"""Findings: the list with its filters, and one finding with its history, code and fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.model import Family, Severity
from lockgate.model.actor import Actor
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.code import frame
from lockgate.server.console.drawing import page
from lockgate.server.console.finding_filter import Wanted
from lockgate.server.console.lists import views_of
from lockgate.server.console.rulebook import described
from lockgate.store.team import triage
from lockgate.store.team.triage import TriageState

ROUTES = APIRouter()
PAGE = 50
_MOST_PAGES = 40
_SEVERITIES = {str(one): one for one in sorted(Severity, reverse=True)}
_FAMILIES = {str(one): one for one in Family}


@ROUTES.get("/findings")
async def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)], wanted: Wanted,
    number: Annotated[int, Query(alias="page")] = 1,
) -> Response:  # fmt: skip
    """A page of the list, and how many there are by severity and family."""
    number = min(max(number, 1), _MOST_PAGES)
    found = await looks.rows(
        request, actor, questions.listed(wanted, number * PAGE + 1), wanted.parameters(), most=_MOST_PAGES * PAGE + 1
    )
    counts = await looks.rows(request, actor, questions.counted(wanted, "Severity", "Family"), wanted.parameters())
    shown = found[(number - 1) * PAGE : number * PAGE]
    total = sum(one["Count"] for one in counts)
    with services_of(request).database.read() as connection:
        said = triage.found(connection, [one["Identity"] for one in shown])
    following = number + 1 if len(found) > number * PAGE and number < _MOST_PAGES else 0
    return page(
        request, "findings.html", findings=shown, wanted=wanted, total=total,
        every=total if PAGE < total <= triage.MOST_AT_ONCE else 0,
        severities=_summed(counts, "Severity", list(_SEVERITIES)), families=_summed(counts, "Family", list(_FAMILIES)),
        chosen={str(one) for one in (*wanted.severities, *wanted.families)}, number=number,
        earlier=_address(request, number - 1) if number > 1 else "", sorts=list(questions.SORTS),
        later=_address(request, following) if following else "",
        cut=not following and len(found) > number * PAGE, triaged=said, states=list(TriageState),
        back=_address(request, number), views=views_of(request, actor, "findings"),
    )  # fmt: skip


@ROUTES.get("/findings/{identity}")
async def one(
    request: Request, identity: str, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)]
) -> Response:  # fmt: skip
    """One finding."""
    history = await looks.rows(request, actor, questions.HISTORY, {"pIdentity": identity[:80]})
    if not history:
        raise HTTPException(404)
    newest = history[0]
    lines = []
    if newest["Family"] != str(Family.SECRETS):
        lines = frame(Path(services_of(request).project), newest["Root"], newest["Path"], newest["Line"],
                      newest["EndLine"])  # fmt: skip
    with services_of(request).database.read() as connection:
        said = triage.found(connection, [identity])
        remarks = triage.remarks(connection, identity)
    return page(
        request, "finding.html", finding=newest, history=history, code=lines, rule=described(newest["Rule"]),
        triaged=said.get(identity), remarks=remarks, states=list(TriageState),
    )  # fmt: skip


def _address(request: Request, number: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page" and value]
    return f"/findings?{urlencode([*kept, ('page', str(number))])}"


def _summed(counts: Sequence[looks.Row], column: str, order: Sequence[str]) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for one in counts:
        sums[one[column]] += one["Count"]
    return [(name, sums[name]) for name in order if sums[name]]
