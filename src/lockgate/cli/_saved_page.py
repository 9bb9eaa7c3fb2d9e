"""Saved queries as one page that works offline: what each is for, its chart, its rows, its text.

The page runs no script and fetches nothing. Each text is made printable and escaped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._ask import parameter
from lockgate.cli._ask_chart import MAX_SERIES, bars_of, drawn, place_text, points_of, short
from lockgate.cli._ask_forms import texts_of
from lockgate.cli._ask_series import spread
from lockgate.errors import ExitCode, LockgateError, SourceError, UsageError
from lockgate.formats.printable import clipped, printable
from lockgate.reports.html import head
from lockgate.reports.trend import bars, numbers_of
from lockgate.store.ask import Tables, ask
from lockgate.store.saved import Library, Saved, SavedFunctions

if TYPE_CHECKING:
    from lockgate.cli._project import Project
    from lockgate.store.ask import AnswerTable

MAX_ROWS = 1_000
"""Rows of a table on the page."""
_MAX_CELL = 400
_ACROSS, _UP = 720, 180
_LINES = ("", "4 3", "1 3", "8 3", "8 3 2 3", "2 2", "12 4", "1 6")
"""Dashes that tell series apart without colour."""


def write(arguments: argparse.Namespace, project: Project, library: Library) -> int:
    """Ask, and write the page; the exit code. A query that fails has its error in its place."""
    kept = library.queries()
    unknown = [name for name in arguments.names if name not in kept]
    if unknown:
        raise UsageError(f"there is no query {unknown[0]}", hint="lockgate saved list")
    chosen = [kept[name] for name in arguments.names] or list(kept.values())
    if not chosen:
        raise UsageError("no query is kept", hint="lockgate saved set NAME FILE")
    parameters = dict(parameter(one) for one in arguments.parameter)
    tables = project.record().asked(functions=SavedFunctions(library.functions()))
    with closing(tables.connection):
        failed = save(Path(arguments.out), arguments.title, chosen, tables, parameters)
    return int(ExitCode.USAGE if failed else ExitCode.ALLOWED)


def save(
    path: Path, title: str, chosen: list[Saved], tables: Tables, parameters: Mapping[str, str]
) -> list[str]:  # fmt: skip
    """Ask, and write the page to ``path``; the names of those queries that could not be answered."""
    failed: list[str] = []
    text = "".join(_page(title, chosen, tables, parameters, failed))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from None
    return failed


def _page(
    title: str, chosen: list[Saved], tables: Tables, parameters: Mapping[str, str], failed: list[str]
) -> Iterator[str]:
    yield from head(title)
    when = datetime.now(UTC).isoformat(sep=" ", timespec="minutes").replace("+00:00", " UTC")
    yield f"<header><div><h1>{_text(title)}</h1><p>{len(chosen)} queries, asked {when}</p></div></header>\n<main>\n"
    for one in chosen:
        yield f'<section><h2 id="{_text(one.name)}">{_text(one.name)}</h2>\n'
        yield f"<p>{_text(one.about)}</p>\n" if one.about else ""
        try:
            for table in ask(one.text, tables, parameters=parameters, cut=True).tables:
                yield from _answer(table)
        except LockgateError as error:
            failed.append(one.name)
            yield f'<p role="alert"><strong>Could not be answered:</strong> {_text(error)}</p>\n'
        yield f"<details><summary>The query</summary><pre>{_text(one.text, lines=True)}</pre></details></section>\n"
    yield "</main>\n</body>\n</html>\n"


def _answer(table: AnswerTable) -> Iterator[str]:
    if table.render is not None and table.render[0] != "table":
        yield _chart(table)
    texts = texts_of(table)
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name, _ in table.columns)
    yield f'<div class="card wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>\n'
    for row in texts[:MAX_ROWS]:
        yield "<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>\n"
    yield "</tbody></table>"
    if table.over is not None:
        yield f"<p>{_text(table.over)}</p>"
    if len(texts) > MAX_ROWS:
        yield f"<p>and {len(texts) - MAX_ROWS:,} more rows</p>"
    yield "</div>\n" if texts else "<p>No rows.</p></div>\n"


def _cell(text: str) -> str:
    """A list of numbers is drawn as bars, anything else is its text."""
    numbers = numbers_of(text)
    return bars(numbers, text) if numbers else _text(clipped(text, _MAX_CELL))


def _chart(table: AnswerTable) -> str:
    table = spread(table)
    across, numbers = drawn(table)
    if not numbers or not table.rows:
        return ""
    title = table.render[1].get("title", "") if table.render is not None else ""
    picture = _bars(table, numbers) if across is None else _lines(table, across, numbers)
    return f'<div class="card"><h3>{_text(title)}</h3>{picture}</div>\n' if picture else ""


def _bars(table: AnswerTable, numbers: list[int]) -> str:
    """A bar for each row and number, with name and number as text."""
    rows = bars_of(table, numbers)
    most = max((abs(value) for _, value in rows), default=0.0) or 1.0
    parts: list[str] = []
    for number, (name, value) in enumerate(rows):
        top, width = number * 24, round(abs(value) / most * 380, 1)
        parts.append(
            f"<g><title>{_text(name)}: {short(value)}</title>"
            f'<text x="230" y="{top + 15}" text-anchor="end">{_text(clipped(name, 34))}</text>'
            f'<rect x="238" y="{top + 3}" width="{width}" height="16" rx="2"></rect>'
            f'<text class="count" x="{244 + width}" y="{top + 15}">{short(value)}</text></g>'
        )
    told = ", ".join(f"{name} {short(value)}" for name, value in rows)
    return _svg(_ACROSS, 24 * len(rows) + 4, told, parts)


def _lines(table: AnswerTable, across: int, numbers: list[int]) -> str:
    """A line for each series over one scale, and what each is."""
    found = {name: sorted(points) for name, points in points_of(table, across, numbers).items()}
    shown = dict(list(found.items())[:MAX_SERIES])
    every = [point for points in shown.values() for point in points]
    if not every:
        return ""
    first, last = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(0.0, *(y for _, y in every)), max(y for _, y in every)
    wide, tall = (last - first) or 1.0, (high - low) or 1.0
    parts: list[str] = []
    for number, (name, points) in enumerate(shown.items()):
        line = " ".join(f"{(x - first) / wide * _ACROSS:.1f},{_UP - (y - low) / tall * _UP:.1f}" for x, y in points)
        dashes = f'stroke-dasharray="{_LINES[number % len(_LINES)]}"'
        style = f'fill="none" stroke="currentColor" stroke-width="1.5" {dashes}'
        top = _UP + 40 + number * 18
        parts.append(f'<polyline points="{line}" {style}><title>{_text(name)}</title></polyline>')
        parts.append(f'<line x1="0" y1="{top - 4}" x2="40" y2="{top - 4}" {style}></line>')
        parts.append(f'<text x="48" y="{top}">{_text(clipped(printable(name), 80))}</text>')
    begin, end = place_text(table, across, first), place_text(table, across, last)
    parts.append(f'<text x="0" y="{_UP + 16}">{_text(begin)}</text>')
    parts.append(f'<text x="{_ACROSS}" y="{_UP + 16}" text-anchor="end">{_text(end)}</text>')
    parts.append(f'<text x="0" y="12">{short(high)}</text>')
    told = f"{', '.join(shown)}, from {begin} to {end}, from {short(low)} to {short(high)}"
    more = len(found) - len(shown)
    return _svg(_ACROSS, _UP + 40 + 18 * len(shown), told, parts) + (f"<p>and {more:,} more series</p>" if more else "")


def _svg(width: int, height: int, told: str, parts: list[str]) -> str:
    said = _text(clipped(told, 1_000))
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}">{"".join(parts)}</svg>'


def _text(text: object, *, lines: bool = False) -> str:
    if lines:
        return "\n".join(_text(line) for line in str(text).splitlines())
    return escape(printable(str(text)), quote=True)
