"""Asks the record in Kusto's language, and shows the rows; a wrong query is underlined where it is wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.errors import LockgateError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs, services_of
from lockgate.server.console.drawing import page
from lockgate.server.console.lists import views_of
from lockgate.server.query.faults import Refusal
from lockgate.server.query.values import pieces

ROUTES = APIRouter()
_MOST = 500
_MOST_TEXT = 20_000
EXAMPLES = (
    ("Findings by rule", "StandingFindings()\n| summarize Count=count() by Rule, Severity\n| order by Count desc"),
    ("Verdicts a day", "Runs\n| summarize count() by Verdict, bin(TimeGenerated, 1d)"),
    (
        "Packages in most places",
        "Components\n| summarize Places=dcount(Path) by Name, PackageVersion\n| top 20 by Places",
    ),
)


@ROUTES.get("/ask")
async def ask(
    request: Request, actor: Annotated[Actor, needs(permissions.RECORD_ASK)],
    query: Annotated[str, Query(max_length=_MOST_TEXT)] = "",
) -> Response:  # fmt: skip
    """The form, and the answer where something was asked."""
    columns: list[str] = []
    rows: list[list[object]] = []
    error, cut = "", False
    if query.strip():
        try:
            answer = await services_of(request).ask(actor, query, rows=_MOST + 1)
        except (LockgateError, Refusal) as refused:
            error = str(refused)
        else:
            table = answer.tables[0]
            columns = [name for name, _ in table.columns]
            rows = [row for some in pieces(table) for row in some]
            cut = len(rows) > _MOST
    return page(
        request, "ask.html", query=query, columns=columns, rows=rows[:_MOST], error=error, cut=cut, examples=EXAMPLES,
        views=views_of(request, actor, "ask"),
    )  # fmt: skip
