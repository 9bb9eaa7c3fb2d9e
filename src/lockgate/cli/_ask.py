"""Runs ``lockgate ask``: where the query comes from, what it may see, and how its answer is shown."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lockgate.errors import SourceError, UsageError

if TYPE_CHECKING:
    from lockgate.store.ask import Answer, Cancel, Engines, Limits
    from lockgate.store.saved import Library

T = TypeVar("T")
_MAX_MORE = 5
MAX_QUERY = 1 << 20
"""Bytes of a query."""


def run(arguments: Namespace) -> int:
    """Ask once, or open the shell; the exit code."""
    from lockgate.cli._project import project_at
    from lockgate.store.ask import Choice, Engines, Limits
    from lockgate.store.row_access import security_of
    from lockgate.store.saved import SavedFunctions

    if arguments.rows < 1 or arguments.seconds <= 0:
        raise UsageError("must be more than 0", where="--rows" if arguments.rows < 1 else "--seconds")
    since = _since(arguments.since, now=datetime.now(UTC)) if arguments.since else None
    project = project_at(Path.cwd())
    library = project.library()
    query = _query(arguments, library)
    parameters = dict(parameter(one) for one in arguments.parameter)
    limits = Limits(rows=arguments.rows, seconds=arguments.seconds)
    if arguments.at:
        _passed_on(query, arguments, limits, since, parameters)
        return 0
    functions = SavedFunctions(library.functions())
    security = security_of(arguments.seen_by, project.settings.tables) if arguments.seen_by else None
    tables = project.record().asked(since=since, functions=functions, security=security)
    own = project.settings.ask
    master = os.environ.get("LOCKGATE_SPARK") or own.spark
    choice = Choice(arguments.engine or own.engine.value, "" if master == "none" else master, own.large_bytes)
    engines = Engines(tables, choice)
    # A thread of DuckDB that lets go of something of Python while that ends would take the whole process down.
    with closing(engines.tables.connection):
        if query is None:
            from lockgate.cli._ask_shell import shell

            return shell(engines, limits, form=arguments.format)
        if arguments.explain:
            explain(query, engines)
        else:
            answer(
                query, engines, limits, form=arguments.format, statistics=arguments.statistics, parameters=parameters
            )  # fmt: skip
    return 0


def _passed_on(
    query: str | None, arguments: Namespace, limits: Limits, since: datetime | None, parameters: Mapping[str, str]
) -> None:
    """Ask a service of Azure instead of the record."""
    from lockgate.store.ask.azure import TOKEN, ask_azure, place_of

    if query is None or arguments.explain or arguments.seen_by or arguments.engine:
        raise UsageError("the query is passed on as it stands: give one, without --explain, --as and --engine",
                         where="--at")  # fmt: skip
    found = ask_azure(
        query, place_of(arguments.at), limits, token=os.environ.get(TOKEN, ""), since=since, parameters=parameters
    )
    _shown(found, arguments.format, statistics=arguments.statistics)


def answer(
    query: str, engines: Engines, limits: Limits, *, form: str = "", statistics: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Ask, and print what comes. Ctrl-C ends the query."""
    _shown(_asked(query, engines, limits, parameters), form, statistics=statistics)


def _shown(found: Answer, form: str, *, statistics: bool) -> None:
    from lockgate.cli._ask_forms import write

    write(found, form or "table", sys.stdout, charts=not form)
    sys.stdout.flush()
    if statistics:
        for name, value in found.statistics.items():
            print(f"{name}: {value:,.3f}" if "seconds" in name else f"{name}: {value:,.0f}", file=sys.stderr)


def explain(query: str, engines: Engines) -> None:
    """Print the relational tree, the statements and what runs in Python."""
    from lockgate.cli._text import safe
    from lockgate.store.ask import explain as explained

    found = told(query, lambda: explained(query, engines.tables, engine=engines.of(query)))
    print(safe(found.tree))
    for number, statement in enumerate(found.statements, 1):
        print(f"\n-- statement {number}\n{safe(statement)}")
    for one in found.narrowed:
        print(f"\n-- read of {safe(one)}")
    for cost in found.cost:
        print(f"\n-- cost of {safe(str(cost))}")
    if found.steps:
        print(f"\n-- in Python: {safe(', '.join(found.steps))}")


def _asked(query: str, engines: Engines, limits: Limits, parameters: Mapping[str, str] | None) -> Answer:
    from lockgate.store.ask import Cancel, ask

    cancel = Cancel()

    def work() -> Answer:
        engine = engines.of(query)
        return ask(query, engines.tables, limits=limits, cancel=cancel, parameters=parameters, engine=engine)

    return told(query, lambda: _aside(work, cancel))


def _aside(work: Callable[[], T], cancel: Cancel) -> T:
    """What ``work`` gives, done in another thread: an engine at work in this one would not hear of Ctrl-C."""
    import threading

    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="lockgate-ask")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        cancel.cancel()
        thread.join()
        raise
    if failed:
        raise failed[0]
    return found[0]


def told(query: str, work: Callable[[], T]) -> T:
    """What ``work`` gives. What is wrong with the query is shown underlined before its error goes on."""
    from lockgate.cli._text import safe
    from lockgate.kql import QueryError
    from lockgate.kql.errors import excerpt, place

    try:
        return work()
    except QueryError as error:
        print(safe(error.excerpt), file=sys.stderr)
        for one in error.diagnostics[1:_MAX_MORE]:
            line, column = place(query, one.start)
            print(f"{safe(excerpt(query, one.start, one.end))}\n  line {line}, column {column}: {one.code}: "
                  f"{safe(one.message)} {safe(one.hint)}".rstrip(), file=sys.stderr)  # fmt: skip
        raise


def parameter(word: str) -> tuple[str, str]:
    """Name and value of ``NAME=VALUE``. Raises ``UsageError``."""
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise UsageError("must be NAME=VALUE", where=f"--parameter {word}")
    return name, value


def _query(arguments: Namespace, library: Library) -> str | None:
    """The text; None when a shell is meant."""
    if sum(map(bool, (arguments.file, arguments.query, arguments.saved))) > 1:
        raise UsageError("a query, a file and a saved query are one or two too many", where="--saved" if arguments.saved
                         else "--file")  # fmt: skip
    if arguments.saved:
        kept = library.queries()
        if arguments.saved not in kept:
            raise UsageError(f"there is no saved query {arguments.saved}", where="--saved", hint="lockgate saved list")
        return kept[arguments.saved].text
    if arguments.file:
        return text_of(Path(arguments.file))
    if arguments.query and arguments.query != "-":
        return str(arguments.query)
    if arguments.query is None and sys.stdin.isatty():
        return None
    content = sys.stdin.buffer.read(MAX_QUERY + 1)
    return decoded(content, where="standard input")


def text_of(path: Path) -> str:
    """The text of a file. Raises ``SourceError`` and ``UsageError``."""
    try:
        with path.open("rb") as stream:
            return decoded(stream.read(MAX_QUERY + 1), where=str(path))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from None


def decoded(content: bytes, *, where: str) -> str:
    """The text of a query. Raises ``UsageError``."""
    if len(content) > MAX_QUERY:
        raise UsageError(f"the query is longer than {MAX_QUERY} bytes", where=where)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8", where=where) from None


def _since(text: str, *, now: datetime) -> datetime:
    """``36h``, ``7d``, ``30m`` before now, or a day or time in UTC."""
    from lockgate.kql import literals

    hint = "36h, 7d, 2026-11-01 or 2026-11-01T10:00:00Z"
    ticks = literals.timespan(text) if text[-1:].isalpha() and text[-1:] != "Z" else None
    try:
        if ticks is not None:
            return now - timedelta(microseconds=ticks // 10)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no time", where="--since", hint=hint) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
