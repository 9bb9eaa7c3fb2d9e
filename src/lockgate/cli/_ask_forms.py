"""An answer as text: a table, JSON as the Log Analytics API has it, CSV, Markdown, a chart."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from lockgate.formats.printable import clipped, printable
from lockgate.kql.text import shown_text_of
from lockgate.kql.types import NUMBER_NAMES, SCALARS

if TYPE_CHECKING:
    from lockgate.store.ask import Answer, AnswerTable

_WIDEST = 60
"""Characters of a cell at a terminal; elsewhere nothing is cut."""


def write(answer: Answer, form: str, out: TextIO, *, charts: bool) -> None:
    """Write ``answer`` in a form. ``charts``: below a table a chart as well, where the query asks to render one."""
    if form == "json":
        out.write(f"{_json(answer)}\n")
        return
    for place, table in enumerate(answer.tables):
        if place:
            out.write("\n")
        _FORMS[form](table, out)
        if charts and form == "table" and table.render is not None and table.render[0] != "table":
            out.write("\n")
            _chart(table, out)


def texts_of(table: AnswerTable) -> list[list[str]]:
    """Every cell as Kusto writes it, rows in order."""
    writers = [_writer(type_) for _, type_ in table.columns]
    return [[one(value) for one, value in zip(writers, row, strict=True)] for row in table.rows]


def _writer(type_: str) -> Callable[[Any], str]:
    return _given if type_ == "dynamic" else shown_text_of(SCALARS[type_])


def _given(value: Any) -> str:
    """Dynamic values come as JSON text."""
    return "" if value is None else str(value)


def _in_terminal(cell: str) -> str:
    """A list of numbers is drawn; what is long is cut."""
    if cell[:1] == "[":
        from lockgate.cli._ask_chart import spark
        from lockgate.reports.trend import numbers_of

        if numbers := numbers_of(cell):
            return clipped(spark(numbers), _WIDEST)
    return clipped(cell, _WIDEST)


def _table(table: AnswerTable, out: TextIO) -> None:
    """Columns side by side, numbers to the right; a terminal gets no wider lines than it shows."""
    terminal = out.isatty()
    shown = [[printable(cell) for cell in row] for row in texts_of(table)]
    names = [printable(name) for name, _ in table.columns]
    if terminal:
        shown = [[_in_terminal(cell) for cell in row] for row in shown]
    widths = [max([len(name), *(len(row[i]) for row in shown)]) for i, name in enumerate(names)]
    right = [type_ in NUMBER_NAMES for _, type_ in table.columns]
    limit = shutil.get_terminal_size().columns if terminal else 0
    for cells in (names, ["-" * width for width in widths], *shown):
        line = "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        ).rstrip()
        out.write(f"{clipped(line, limit) if limit else line}\n")
    if terminal:
        out.write(f"{len(shown):,} row{'' if len(shown) == 1 else 's'}\n")


def _csv(table: AnswerTable, out: TextIO) -> None:
    """RFC 4180, with the names of the columns first. What a spreadsheet takes for a formula gets a blank in front."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_no_formula(name) for name, _ in table.columns])
    texts = [type_ not in NUMBER_NAMES for _, type_ in table.columns]
    for row in texts_of(table):
        writer.writerow([_no_formula(cell) if text else cell for cell, text in zip(row, texts, strict=True)])


def _no_formula(cell: str) -> str:
    return f" {cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _markdown(table: AnswerTable, out: TextIO) -> None:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cells) + " |\n"

    out.write(line([_cell(name) for name, _ in table.columns]))
    out.write(line(["---:" if type_ in NUMBER_NAMES else "---" for _, type_ in table.columns]))
    for row in texts_of(table):
        out.write(line([_cell(cell) for cell in row]))


def _cell(text: str) -> str:
    from html import escape

    return escape(printable(text), quote=False).replace("|", "\\|").replace("`", "\\`")


def _ndjson(table: AnswerTable, out: TextIO) -> None:
    import orjson

    names = [name for name, _ in table.columns]
    for row in _values(table):
        out.write(orjson.dumps(dict(zip(names, row, strict=True))).decode() + "\n")


def _json(answer: Answer) -> str:
    import orjson

    tables = [
        {
            "name": "PrimaryResult" if place == 0 else f"Table_{place}",
            "columns": [{"name": name, "type": type_} for name, type_ in table.columns],
            "rows": list(_values(table)),
        }
        for place, table in enumerate(answer.tables)
    ]
    whole: dict[str, Any] = {"tables": tables, "statistics": answer.statistics}
    render = answer.tables[0].render
    if render is not None:
        whole["render"] = {"visualization": render[0], **render[1]}
    return orjson.dumps(whole).decode()


def _values(table: AnswerTable) -> list[list[Any]]:
    """Rows as JSON has them: numbers and booleans as such, dynamic values as they are, all else as text."""
    makers = [_MAKERS.get(type_, shown_text_of(SCALARS[type_])) for _, type_ in table.columns]
    nothing = [None if type_ != "string" else "" for _, type_ in table.columns]
    return [
        [empty if value is None else make(value) for make, value, empty in zip(makers, row, nothing, strict=True)]
        for row in table.rows
    ]


def _finite(value: Any) -> Any:
    return value if value - value == 0 else shown_text_of(SCALARS["real"])(value)


def _parsed(value: Any) -> Any:
    import orjson

    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return value


def _same(value: Any) -> Any:
    return value


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "bool": _same, "int": _same, "long": _same, "real": _finite, "dynamic": _parsed,
}  # fmt: skip


def _chart(table: AnswerTable, out: TextIO) -> None:
    from lockgate.cli._ask_chart import draw

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
    for line in draw(table, width=width):
        out.write(f"{line}\n")


_FORMS: dict[str, Callable[[AnswerTable, TextIO], None]] = {
    "table": _table, "csv": _csv, "markdown": _markdown, "ndjson": _ndjson, "chart": _chart,
}  # fmt: skip
