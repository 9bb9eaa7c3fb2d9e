"""Live pages of Container Insights: health and alerts of clusters, their events, and what their containers write.

Each page is drawn here, runs no script, and asks for itself again every few seconds. What is typed goes into the
queries as parameters; what comes out is printable and escaped. A page shows what the person who asks may see, within
their limits. What does not belong: what the queries mean (``tables``, ``engine.cluster_alerts``).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from lockgate.dataclass import dataclass
from lockgate.engine import cluster_alerts
from lockgate.errors import LockgateError
from lockgate.formats.printable import clipped, printable
from lockgate.reports.html import head
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.query.desk import Desk, Question
from lockgate.server.query.faults import Refusal
from lockgate.server.query.values import pieces
from lockgate.store.ask import AnswerTable

PREFIX = "/insights"
CHALLENGE = 'Basic realm="lockgate"'
"""A browser then asks for a name and a token, where programs send one by themselves."""
_MOST_LINES, _MOST_MINUTES, _MOST_TYPED = 1_000, 7 * 24 * 60, 200
_MAX_CELL = 2_000
_HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"))
_DECLARED = 'declare query_parameters(pNamespace:string="", pPod:string="", pContainer:string="", pWord:string="");\n'
_LOGS = (
    _DECLARED + """ContainerLogV2
| where TimeGenerated > ago({minutes}m)
| where isempty(pNamespace) or PodNamespace == pNamespace
| where isempty(pPod) or PodName startswith pPod
| where isempty(pContainer) or ContainerName == pContainer
| extend Message = tostring(LogMessage)
| where isempty(pWord) or Message contains pWord
| top {lines} by TimeGenerated desc
| project TimeGenerated, PodNamespace, PodName, ContainerName, LogSource, Message"""
)
_EVENTS = (
    _DECLARED + """KubeEvents
| where TimeGenerated > ago({minutes}m)
| where isempty(pNamespace) or Namespace == pNamespace
| where isempty(pPod) or Name startswith pPod
| where isempty(pWord) or Message contains pWord or Reason contains pWord
| summarize LastSeen = max(LastSeen), Count = max(Count)
    by ClusterName, KubeEventType, Reason, ObjectKind, Namespace, Name, Message
| top {lines} by LastSeen desc
| project LastSeen, KubeEventType, Reason, ObjectKind, Namespace, Name, Count, Message, ClusterName"""
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the address of a page asks for."""

    texts: Mapping[str, str]
    """What is typed into the fields, by their names."""
    minutes: int
    """How far to look back."""
    lines: int
    every: int
    """Seconds until the page asks again; 0 for never."""


class PagesApp:
    """An ASGI application for people who were let in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        page = _PAGES.get(call.path.rstrip("/"))
        if page is None or call.method not in ("GET", "HEAD"):
            await call.answer(404 if page is None else 405, b"There is no such page.", kind="text/plain; charset=utf-8")
            return
        wanted = _wanted(call.arguments())
        sections = [await self._section(call, title, query, wanted) for title, query in page.queries(wanted)]
        body = "".join(_drawn(call.path.rstrip("/"), page, wanted, sections)).encode()
        again = [("refresh", str(wanted.every))] if wanted.every else []
        await call.answer(200, body, kind="text/html; charset=utf-8", headers=[*_HEADERS, *again])

    async def _section(self, call: Call, title: str, query: str, wanted: _Wanted) -> str:
        """The rows of a query, or why there are none."""
        parameters = {f"p{name}": text for name, text in wanted.texts.items()} if query.startswith(_DECLARED) else {}
        question = Question(
            query, f"page;{uuid.uuid4()}", parameters=parameters, seconds=30.0, rows=_MOST_LINES, bytes=8 << 20,
            application="insights",
        )  # fmt: skip
        try:
            answer = await self._desk.ask(call.person, question, asyncio.Event())
        except (LockgateError, Refusal) as error:
            return f'<section><h2>{_text(title)}</h2><p role="alert">{_text(error)}</p></section>\n'
        return f"<section><h2>{_text(title)}</h2>\n{_table(answer.tables[0])}</section>\n"


@dataclass(frozen=True, slots=True)
class _Page:
    """One page."""

    title: str
    fields: Sequence[str]
    """What can be typed to see less."""
    queries: Callable[[_Wanted], list[tuple[str, str]]]
    """Its headings, each with the query below."""


def _overview(wanted: _Wanted) -> list[tuple[str, str]]:
    del wanted
    return [
        ("Clusters", "ContainerInsightsClusters(1h)"),
        ("Alerts", cluster_alerts.query_of(cluster_alerts.rules_of())),
        ("Nodes", 'ContainerInsightsNodes("cpuUsageNanoCores", 1h, 15m) | project ClusterName, Node, Status,'
         " AvgPercent, P95Percent, MaxPercent, Containers, UpTime, KubeletVersion"),
    ]  # fmt: skip


def _looked(title: str, query: str) -> Callable[[_Wanted], list[tuple[str, str]]]:
    return lambda wanted: [(title, query.format(minutes=wanted.minutes, lines=wanted.lines))]


_PAGES = {
    PREFIX: _Page("Clusters", (), _overview),
    f"{PREFIX}/logs": _Page("Logs", ("Namespace", "Pod", "Container", "Word"), _looked("Logs, latest first", _LOGS)),
    f"{PREFIX}/events": _Page("Events", ("Namespace", "Pod", "Word"), _looked("Events, latest first", _EVENTS)),
}


def _wanted(arguments: Mapping[str, str]) -> _Wanted:
    """What is no number, or too large a one, is what it would be by itself, or the most that may be."""

    def number(name: str, default: int, most: int) -> int:
        text = arguments.get(name, "")
        return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 10 else default

    texts = {name: arguments.get(name.lower(), "")[:_MOST_TYPED] for name in ("Namespace", "Pod", "Container", "Word")}
    minutes, lines = max(number("minutes", 15, _MOST_MINUTES), 1), max(number("lines", 200, _MOST_LINES), 1)
    return _Wanted(texts, minutes, lines, number("refresh", 5, 3_600))


def _drawn(path: str, page: _Page, wanted: _Wanted, sections: Sequence[str]) -> Iterator[str]:
    yield from head(page.title, forms=True)
    here = ' aria-current="page"'
    links = " · ".join(
        f'<a href="{where}"{here if where == path else ""}>{_text(one.title)}</a>' for where, one in _PAGES.items()
    )
    yield f"<header><div><h1>{_text(page.title)}</h1><nav>{links}</nav></div></header>\n<main>\n"
    if page.fields:
        yield f'<form action="{path}" method="get">\n'
        for name in page.fields:
            value = escape(printable(wanted.texts[name]), quote=True)
            yield f'<label>{name} <input name="{name.lower()}" value="{value}" maxlength="{_MOST_TYPED}"></label>\n'
        for name, number in (("minutes", wanted.minutes), ("lines", wanted.lines), ("refresh", wanted.every)):
            yield f'<label>{name} <input name="{name}" value="{number}" size="5" inputmode="numeric"></label>\n'
        yield "<button>Show</button></form>\n"
    stopped = urlencode({name.lower(): text for name, text in wanted.texts.items() if text} | {"refresh": 0})
    if wanted.every:
        yield f'<p class="soft">Asks again every {wanted.every} s. <a href="{path}?{escape(stopped)}">Stop</a></p>\n'
    yield from sections
    yield "</main>\n</body>\n</html>\n"


def _table(table: AnswerTable) -> str:
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name, _ in table.columns)
    rows = ["<tr>" + "".join(map(_cell, row)) + "</tr>" for some in pieces(table) for row in some]
    if not rows:
        return "<p>Nothing.</p>\n"
    body = "\n".join(rows)
    return f'<div class="card"><table><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


def _cell(value: object) -> str:
    return f"<td>{_text('' if value is None else clipped(str(value), _MAX_CELL))}</td>"


def _text(value: object) -> str:
    return escape(printable(str(value)), quote=True)
