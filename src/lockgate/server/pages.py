"""Live pages of Container Insights: health, load and alerts of clusters, what is used in them, events and logs.

Each page is drawn here, runs no script, and asks for itself again every few seconds. What is typed goes into the
queries as parameters; what comes out is printable and escaped. A page shows what the person who asks may see, within
their limits. What does not belong: what the queries mean (``tables``, ``engine.cluster_alerts``).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.formats.printable import clipped, printable
from lockgate.kql.types import NUMBER_NAMES
from lockgate.reports.html import head
from lockgate.reports.trend import bars, numbers_of
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.insights_views import METRICS, PAGES, SHOWN, TYPED, Chosen, Page
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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the address of a page asks for."""

    texts: Mapping[str, str]
    """What is typed into the fields, by their names."""
    chosen: Chosen
    every: int
    """Seconds until the page asks again; 0 for never."""

    def address(self, name: str, page: Page, **changed: object) -> str:
        """Where a page is with what is wanted of it."""
        kept: dict[str, object] = {
            one.lower(): text for one in TYPED if one in page.fields and (text := self.texts.get(one, ""))
        }
        if page.choices:
            kept |= {"metric": self.chosen.metric, "show": self.chosen.shown}
        query = urlencode({**kept, **changed})
        return f"{PREFIX}/{name}".rstrip("/") + (f"?{query}" if query else "")


class PagesApp:
    """An ASGI application for people who were let in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        name = call.path.removeprefix(PREFIX).strip("/")
        page = PAGES.get(name)
        if page is None or call.method not in ("GET", "HEAD"):
            await call.answer(404 if page is None else 405, b"There is no such page.", kind="text/plain; charset=utf-8")
            return
        wanted = _wanted(page, call.arguments())
        queries = page.queries(wanted.chosen)
        sections = [await self._section(call, title, query, page, wanted) for title, query in queries]
        body = "".join(_drawn(name, page, wanted, sections)).encode()
        again = [("refresh", str(wanted.every))] if wanted.every else []
        await call.answer(200, body, kind="text/html; charset=utf-8", headers=[*_HEADERS, *again])

    async def _section(self, call: Call, title: str, query: str, page: Page, wanted: _Wanted) -> str:
        """The rows of a query, or why there are none."""
        parameters = {f"p{name}": text for name, text in wanted.texts.items()}
        question = Question(
            query, f"page;{uuid.uuid4()}", parameters=parameters, seconds=30.0, rows=_MOST_LINES, bytes=8 << 20,
            application="insights",
        )  # fmt: skip
        try:
            answer = await self._desk.ask(call.person, question, asyncio.Event())
        except (LockgateError, Refusal) as error:
            return f'<section><h2>{_text(title)}</h2><p role="alert">{_text(error)}</p></section>\n'
        return f"<section><h2>{_text(title)}</h2>\n{_table(answer.tables[0], page, wanted)}</section>\n"


def _wanted(page: Page, arguments: Mapping[str, str]) -> _Wanted:
    """What is no number, or too large a one, is what it would be by itself, or the most that may be."""

    def number(name: str, default: int, most: int) -> int:
        text = arguments.get(name, "")
        return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 10 else default

    texts = {name: arguments.get(name.lower(), "")[:_MOST_TYPED] if name in page.fields else "" for name in TYPED}
    minutes = max(number("minutes", page.minutes, _MOST_MINUTES), 1)
    lines = max(number("lines", 200, _MOST_LINES), 1)
    metric, shown = arguments.get("metric", ""), arguments.get("show", "")
    chosen = Chosen(minutes, lines, metric if metric in METRICS else "cpu", shown if shown in SHOWN else "p95")
    return _Wanted(texts, chosen, number("refresh", page.every, 3_600))


def _drawn(name: str, page: Page, wanted: _Wanted, sections: Sequence[str]) -> Iterator[str]:
    yield from head(page.title, forms=True)
    here = ' aria-current="page"'
    links = " · ".join(
        f'<a href="{_text(wanted.address(where, one))}"{here if where == name else ""}>{_text(one.title)}</a>'
        for where, one in PAGES.items()
    )
    yield f"<header><div><h1>{_text(page.title)}</h1><nav>{links}</nav></div></header>\n<main>\n"
    yield f'<form class="filters" action="{f"{PREFIX}/{name}".rstrip("/")}" method="get">\n'
    for field in page.fields:
        value = escape(printable(wanted.texts[field]), quote=True)
        yield f'<label>{field} <input name="{field.lower()}" value="{value}" maxlength="{_MOST_TYPED}"></label>\n'
    if page.choices:
        yield _choice("metric", METRICS, wanted.chosen.metric) + _choice("show", SHOWN, wanted.chosen.shown)
    minutes, lines = wanted.chosen.minutes, wanted.chosen.lines
    for label, number in (("minutes", minutes), ("lines", lines), ("refresh", wanted.every)):
        yield f'<label>{label} <input name="{label}" value="{number}" size="5" inputmode="numeric"></label>\n'
    yield "<button>Show</button></form>\n"
    if wanted.every:
        stop = _text(wanted.address(name, page, refresh=0))
        yield f'<p class="soft">Asks again every {wanted.every} s. <a href="{stop}">Stop</a></p>\n'
    yield from sections
    yield "</main>\n</body>\n</html>\n"


def _choice(name: str, known: Mapping[str, object], chosen: str) -> str:
    options = "".join(f"<option{' selected' if one == chosen else ''}>{one}</option>" for one in known)
    return f'<label>{name} <select name="{name}">{options}</select></label>\n'


def _table(table: AnswerTable, page: Page, wanted: _Wanted) -> str:
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name, _ in table.columns)
    names = [name for name, _ in table.columns]
    rows = [
        "<tr>" + "".join(
            _cell(value, type_, _leads(name, page, wanted, names, row))
            for value, (name, type_) in zip(row, table.columns, strict=True)
        ) + "</tr>"
        for some in pieces(table) for row in some
    ]  # fmt: skip
    if not rows:
        return "<p>Nothing.</p>\n"
    body = f"<thead><tr>{heads}</tr></thead><tbody>\n" + "\n".join(rows) + "</tbody>"
    return f'<div class="card wide" tabindex="0"><table>{body}</table></div>\n'


def _leads(column: str, page: Page, wanted: _Wanted, names: Sequence[str], row: Sequence[object]) -> str:
    """The address that a cell leads to; empty for none."""
    if page.links is None or column not in page.links:
        return ""
    name, fields = page.links[column]
    texts = {field: str(row[names.index(of)] or "") for field, of in fields.items() if of in names}
    return _Wanted(texts, wanted.chosen, 0).address(name, PAGES[name])


def _cell(value: object, type_: str, leads: str) -> str:
    shown = "" if value is None else clipped(str(value), _MAX_CELL)
    numbers = numbers_of(shown) if type_ == "dynamic" else []
    text = bars(numbers, shown) if numbers else _text(shown)
    if leads and shown:
        text = f'<a href="{_text(leads)}">{text}</a>'
    return f'<td class="number">{text}</td>' if type_ in NUMBER_NAMES else f"<td>{text}</td>"


def _text(value: object) -> str:
    return escape(printable(str(value)), quote=True)
