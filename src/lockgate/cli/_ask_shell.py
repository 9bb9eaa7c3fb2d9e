"""The shell of ``lockgate ask``: queries over several lines, completion, history. An empty line or ``;`` ends one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli.commands.ask import FORMS
from lockgate.errors import LockgateError

if TYPE_CHECKING:
    from lockgate.store.ask import Engines, Limits

_HISTORY = 2_000
_HELP = """A query ends at an empty line or with ;
  .tables          the tables
  .show TABLE      columns of one
  .explain QUERY   how a query would run
  .format FORM     table, json, ndjson, csv, markdown, chart; without FORM table and charts
  .exit            the end (also Ctrl-D); Ctrl-C ends a query"""
_OPERATORS = """where extend project project-away project-rename project-reorder summarize distinct count take top sort
order join union lookup mv-expand mv-apply parse parse-where parse-kv evaluate make-series render serialize search find
range print datatable let by on kind asc desc between contains startswith endswith has has_any has_all matches
regex in"""


def shell(engines: Engines, limits: Limits, *, form: str) -> int:
    """Read and answer until the end of input."""
    from lockgate.cli._text import safe

    found = _Shell(engines, limits, form)
    history = _prepare(found.complete)
    print("Lockgate, Kusto Query Language. .help tells more.")
    try:
        while (text := _read()) is not None:
            try:
                if not found.run(text):
                    break
            except LockgateError as error:
                print(f"{safe(str(error))}", file=sys.stderr)
            except KeyboardInterrupt:
                print("cancelled", file=sys.stderr)
    finally:
        _keep(history)
    return 0


def _read() -> str | None:
    """The next query or command; None at the end."""
    lines: list[str] = []
    while True:
        try:
            line = input("kql> " if not lines else "  -> ")
        except EOFError:
            print()
            return "\n".join(lines) or None
        except KeyboardInterrupt:
            print()
            lines.clear()
            continue
        if not lines and line.startswith("."):
            return line
        if not line.strip():
            if lines:
                _remember(lines)
                return "\n".join(lines)
            continue
        lines.append(line)
        if line.rstrip().endswith(";") and not line.lstrip().startswith("let "):
            _remember(lines)
            return "\n".join(lines).rstrip().removesuffix(";")


def _remember(lines: list[str]) -> None:
    """Have the history bring a query of several lines back as one; comments would take the rest of it along."""
    if len(lines) < 2 or any("//" in line for line in lines):
        return
    with contextlib.suppress(ImportError):
        import readline

        for _ in lines:
            if (last := readline.get_current_history_length()) == 0:
                break
            readline.remove_history_item(last - 1)
        readline.add_history(" ".join(line.strip() for line in lines))


class _Shell:
    def __init__(self, engines: Engines, limits: Limits, form: str) -> None:
        self.engines, self.limits, self.form = engines, limits, form
        self.tables = engines.tables
        self.words: list[str] = []

    def run(self, text: str) -> bool:
        """Answer one; False when that was the end."""
        from lockgate.cli._ask import answer, explain

        word, _, rest = text.strip().partition(" ")
        if word in (".exit", ".quit"):
            return False
        if word == ".help":
            print(_HELP)
        elif word == ".tables":
            print("\n".join(self._rows()))
        elif word == ".show":
            self._show(rest.strip())
        elif word == ".format":
            self._set_form(rest.strip())
        elif word == ".explain":
            explain(rest, self.engines)
        elif word.startswith("."):
            print(f"there is no command {word!r}; .help lists them", file=sys.stderr)
        else:
            answer(text, self.engines, self.limits, form=self.form)
        return True

    def _show(self, name: str) -> None:
        from lockgate.kql import bind, parse

        if name not in self._rows():
            print(f"there is no table {name!r}; .tables lists them", file=sys.stderr)
            return
        columns = bind(parse(f"['{name}']"), self.tables.workspace).columns
        width = max(len(column) for column, _ in columns)
        for column, kind in columns:
            print(f"{column.ljust(width)}  {kind}")

    def _rows(self) -> list[str]:
        """Names of the tables, and of the views of them."""
        workspace = self.tables.workspace
        return [*workspace.names(), *(name for name, one in workspace.functions.items() if not one.parameters)]

    def _set_form(self, form: str) -> None:
        if form and form not in FORMS:
            print(f"one of {', '.join(FORMS)}", file=sys.stderr)
            return
        self.form = form

    def complete(self, begun: str, state: int) -> str | None:
        """The ``state``-th name that begins so: tables, columns, operators, functions."""
        if state == 0:
            self.words = sorted({one for one in self._names() if one.lower().startswith(begun.lower())})
        return self.words[state] if state < len(self.words) else None

    def _names(self) -> list[str]:
        from lockgate.kql import catalogue

        workspace = self.tables.workspace
        columns = [
            column.name for name in workspace.names() if (table := workspace.table(name)) for column in table.columns
        ]
        return [
            *workspace.names(), *workspace.functions, *columns, *_OPERATORS.split(), *catalogue.names("scalar"),
            *catalogue.names("aggregate"), *catalogue.names("plugin"),
        ]  # fmt: skip


def _prepare(complete: Callable[[str, int], str | None]) -> Path | None:
    """Completion and history where the line editor is there; the file that keeps the history."""
    try:
        import readline
    except ImportError:
        return None
    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n|()[]{},;=<>!+*/%.\"'")
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(_HISTORY)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(base) / "lockgate" / "ask_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    return path


def _keep(history: Path | None) -> None:
    if history is None:
        return
    import readline

    with contextlib.suppress(OSError):  # a shell without history is a shell all the same
        history.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(history, os.O_WRONLY | os.O_CREAT, 0o600)
        os.close(handle)
        readline.write_history_file(history)
