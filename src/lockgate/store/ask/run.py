"""Runs a query: binds it, lowers it, and goes through its program of statements and steps."""

from __future__ import annotations

import threading
import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.kql import bind, duckdb, emit, parse, relation, steps
from lockgate.kql import bound as b
from lockgate.kql.duckdb.values import Expressions
from lockgate.kql.emit.narrowing import narrowings
from lockgate.kql.emit.values import Names, Statement
from lockgate.kql.errors import Diagnostic, EvaluationError, QueryError
from lockgate.kql.lower import Lowered, OpenStep, lower
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame
from lockgate.kql.syntax import ExternalData, Literal, Name, Render
from lockgate.kql.types import Column, Table
from lockgate.store.ask import frames
from lockgate.store.ask.answer import (
    Answer,
    AnswerTable,
    Cancel,
    CancelledError,
    LimitError,
    Limits,
    MemoryLimitError,
    Outside,
    Reader,
    TimeLimitError,
)
from lockgate.store.ask.foreign import register
from lockgate.store.ask.tables import Form, Tables

_EPOCH = 621_355_968_000_000_000
FAILED = "LG101"
_LOOK = 0.25
"""Seconds between looks at a query that runs."""
OPENED = "\x00opened"
"""Names of what steps gave whose columns come from the data; no table can be called so."""


@dataclass(frozen=True, slots=True)
class Explained:
    """How a query would run."""

    tree: str
    """Its relational tree, a node a line, what it reads below it."""
    statements: tuple[str, ...]
    """The statements of DuckDB, in order."""
    steps: tuple[str, ...]
    """What runs in Python between them: steps, functions, aggregates."""
    narrowed: tuple[str, ...] = ()
    """Of which tables rows are passed over that cannot hold a term, and how many are left."""


def ask(
    query: str, tables: Tables, *, now: int | None = None, limits: Limits | None = None, cancel: Cancel | None = None,
    reader: Reader | None = None, parameters: Mapping[str, str] | None = None, cut: bool = False,
) -> Answer:  # fmt: skip
    """The answer of ``query``. ``now``: what ``now()`` is, in ticks since the year 1.

    ``parameters``: values of those that the query declares, as texts. ``cut``: a result that is larger than allowed is
    given as far as it may be, with the reason, as the service does; else it raises.

    ``reader`` gives the rows of ``externaldata``, as :mod:`lockgate.kql.functions` defines values; it decides which
    addresses are allowed. Without one no file is read.

    Raises :class:`~lockgate.kql.errors.QueryError` with the place of what is wrong, and :class:`LimitError`.
    """
    asking = _Asking(
        query, tables, now=now, limits=limits or Limits(), cancel=cancel or Cancel(), reader=reader,
        parameters=parameters, cut=cut,
    )  # fmt: skip
    return asking.answer()


def explain(query: str, tables: Tables, *, now: int | None = None) -> Explained:
    """How ``query`` would run. Raises :class:`~lockgate.kql.errors.QueryError`."""
    asking = _Asking(query, tables, now=now, limits=Limits(), cancel=Cancel())
    with asking.connected() as cursor:
        lowered, program = asking.compiled(cursor)
    queries: list[emit.Query] = []
    found: list[str] = []
    for part in program.parts:
        if isinstance(part, emit.Read):
            found.append("externaldata")
            continue
        queries += part.inputs if isinstance(part, emit.Perform) else [part.query]
        if isinstance(part, emit.Perform):
            found.append(frames.name_of(part.cut.step))
    queries += [one.query for one in program.results]
    found += [
        one.value.function.name if isinstance(one.value, b.Call) else type(one.value).__name__
        for each in queries for one in each.foreign
    ]  # fmt: skip
    return Explained(drawn(lowered), tuple(one.sql for one in queries), tuple(found), tuple(asking.narrowed))


def drawn(lowered: Lowered) -> str:
    """The tree as text."""
    lines: list[str] = []
    waiting: list[tuple[relation.Node, int]] = [(one.node, 0) for one in reversed(lowered.results)]
    seen: set[int] = set()
    while waiting:
        node, depth = waiting.pop()
        again = " (as above)" if id(node) in seen else ""
        detail = f" {node.table}" if isinstance(node, relation.Scan) else ""
        lines.append(f"{'  ' * depth}{type(node).__name__}{detail}{again}")
        if not again:
            seen.add(id(node))
            waiting += [(one, depth + 1) for one in reversed(node.inputs)]
    return "\n".join(lines)


class _Asking:
    """One query on its way."""

    def __init__(
        self, query: str, tables: Tables, *, now: int | None, limits: Limits, cancel: Cancel,
        reader: Reader | None = None, parameters: Mapping[str, str] | None = None, cut: bool = False,
    ) -> None:  # fmt: skip
        self.query, self.tables, self.limits, self.cancel = query, tables, limits, cancel
        self.parameters, self.cut = parameters, cut
        self.reader = reader
        self.context = Context(now=_EPOCH + time.time_ns() // 100 if now is None else now)
        self.values: dict[int, object] = {}
        self.began = time.monotonic()
        self.statistics: dict[str, float] = {"statements": 0, "steps": 0, "functions": 0}
        self.functions: list[str] = []
        self.narrowed: list[str] = []
        self.late = False
        self.functions_cursor: Any = None

    def compiled(self, cursor: Any) -> tuple[Lowered, emit.Program]:
        """The query as a tree, and as a program. Steps whose columns come from the data run on the way."""
        begin = time.monotonic()
        tree, forms = parse(self.query), dict[str, Form]()
        shapes: dict[int, Table] = {}
        opened: dict[int, str] = {}
        while True:
            bound = bind(tree, self.tables.workspace, shapes=shapes, parameters=self.parameters)
            try:
                lowered = lower(self.query, bound, now=self.context.now, opened=opened)
                break
            except OpenStep as found:
                step = found.step
                frame = self._opened(cursor, found, ChainMap(forms, self.tables.forms()))  # type: ignore[arg-type]
                name = f"{OPENED}{len(opened)}"
                forms[name] = frames.keep_open(cursor, f"open{id(self)}_{len(opened)}", frame)
                opened[id(step.syntax)] = name
                shapes[id(step.syntax)] = Table(frame.columns, open=not frame.height)
        program = duckdb.program(
            lowered, ChainMap(forms, self.tables.forms()), narrowed=self._narrowed(cursor, lowered)  # type: ignore[arg-type]
        )  # fmt: skip
        self.statistics["compile seconds"] = time.monotonic() - begin
        return lowered, program

    def _narrowed(self, cursor: Any, lowered: Lowered) -> dict[int, Form]:
        """Of each look at a table that wants a term what is read in its place."""
        found: dict[int, Form] = {}
        for scan, wanted in narrowings(lowered):
            made = self.tables.narrowed(cursor, scan.table, wanted, f"narrow{id(self)}_{len(found)}")
            if made is not None:
                form, narrowed = made
                found[id(scan)] = form
                told = "{} of {} files, {} of {} parts".format(*narrowed.files, *narrowed.parts)
                self.narrowed.append(f"{scan.table}: {told}")
        return found

    def _opened(self, cursor: Any, found: OpenStep, forms: Mapping[str, Form]) -> Frame:
        """What a step gives whose columns come from the data."""
        lowered = Lowered(self.query, found.results(), found.places)
        program = duckdb.program(lowered, forms)
        for part in program.parts:
            self._part(cursor, part, lowered)
        inputs = [self._frame(cursor, one.query) for one in program.results]
        start, end = found.step.syntax.start, found.step.syntax.end
        return self._run(found.step, inputs, (start, end))

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A cursor, and one for functions, closed at the end."""
        cursor = self.tables.connection.cursor()
        # Functions are seen by every cursor, but only one that has no rows waiting can make and drop them.
        self.functions_cursor = self.tables.connection.cursor()
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(cursor, ended), daemon=True)
        watch.start()
        self.cancel.attach(cursor.interrupt)
        try:
            yield cursor
        finally:
            ended.set()
            self.cancel.attach(None)
            watch.join()
            cursor.close()
            for name in self.functions:
                self.functions_cursor.remove_function(name)
            self.functions_cursor.close()

    def answer(self) -> Answer:
        """Run everything."""
        with self.connected() as cursor:
            lowered, program = self.compiled(cursor)
            for part in program.parts:
                self._part(cursor, part, lowered)
            tables = tuple(self._result(cursor, one) for one in program.results)
        self.statistics["seconds"] = time.monotonic() - self.began
        return Answer(tables, self.statistics)

    def _watch(self, cursor: Any, ended: threading.Event) -> None:
        """Interrupts the work at hand when its time is over, or it was cancelled, until it has ended: what comes just
        before a statement begins is lost on DuckDB."""
        until = self.began + self.limits.seconds
        while not ended.wait(max(0.0, min(_LOOK, until - time.monotonic())) or _LOOK):
            self.late = self.late or time.monotonic() >= until
            if self.late or self.cancel.cancelled:
                cursor.interrupt()

    def _check(self) -> None:
        if self.cancel.cancelled:
            raise CancelledError("The query was cancelled.")
        if self.late or time.monotonic() - self.began > self.limits.seconds:
            raise TimeLimitError(f"The query took longer than {self.limits.seconds:g} seconds.")

    # --- parts

    def _part(self, cursor: Any, part: emit.Part, lowered: Lowered) -> None:
        if isinstance(part, emit.Fetch):
            self._fetch(cursor, part)
        elif isinstance(part, emit.Read):
            self._read(cursor, part, lowered)
        elif isinstance(part, emit.Store):
            self._execute(cursor, part.query, f"CREATE TEMP TABLE {part.name} AS ")
        else:
            self._perform(cursor, part, lowered)

    def _fetch(self, cursor: Any, part: emit.Fetch) -> None:
        column = part.query.columns[0][0]
        rows = self._execute(cursor, part.query)
        if isinstance(part.value, relation.Slot):
            found = self._fetched(rows, 1)
            value = found[0][0] if found else "" if column.type.name == "string" else None
            self.values[id(part.value)] = value
            return
        from lockgate.kql.convert import to_dynamic
        from lockgate.kql.text import json_text

        convert, read = to_dynamic(column.type), frames.reader(column.type)
        values = [one[0] if read is None else read(one[0]) for one in self._fetched(rows, self.limits.step_rows)]
        self.values[id(part.value)] = json_text([convert(one) for one in values])

    def _perform(self, cursor: Any, part: emit.Perform, lowered: Lowered) -> None:
        step = part.cut.step
        inputs = [self._frame(cursor, query) for query in part.inputs]
        place = lowered.places.get(id(step), (0, len(self.query)))
        if not part.cut.partition:
            frames.keep(cursor, part.name, part.cut, self._run(step, inputs, place))
            return
        apart = frames.apart(inputs[0], len(part.cut.partition))
        given = [(key, self._run(step, [own, *inputs[1:]], place)) for key, own in apart]
        frames.keep(cursor, part.name, part.cut, frames.joined(part.cut, given))

    def _frame(self, cursor: Any, query: emit.Query) -> Frame:
        rows = self._fetched(self._execute(cursor, query), self.limits.step_rows)
        return frames.frame_of([column for column, _ in query.columns], rows)

    def _run(self, step: b.Step, inputs: Sequence[Frame], place: tuple[int, int]) -> Frame:
        """Run a step in Python."""
        self.statistics["steps"] += 1
        run = steps.find(step)
        if run is None:
            raise self._error(f"'{frames.name_of(step)}' is not known here.", place)
        try:
            frame = run(step, tuple(inputs), self.context)
        except EvaluationError as error:
            raise self._error(str(error), place) from None
        self._check()
        return frame

    def _read(self, cursor: Any, part: emit.Read, lowered: Lowered) -> None:
        """Rows of files elsewhere."""
        place = lowered.places.get(id(part.node.written), (0, len(self.query)))
        if self.reader is None:
            raise self._error("externaldata may not be read here: nobody allowed an address.", place)
        addresses: list[str] = []
        for one in part.node.addresses:
            expressions = Expressions(Statement(Names()), {})
            known = expressions.known(one)
            if known is None or not isinstance(known[0], str):
                raise self._error("An address of externaldata must be known before the query runs.", place)
            addresses.append(known[0])
        syntax = part.node.written.syntax
        assert isinstance(syntax, ExternalData)
        properties = {one.name: _word(one.value) for one in syntax.properties}
        columns = [column for column, _ in part.node.fields]
        outside = Outside(tuple(addresses), _shown(columns), properties)
        rows = list(self.reader(outside))
        frames.keep_fields(cursor, part.name, part.node.fields, frames.frame_of_values(columns, rows))

    def _error(self, message: str, place: tuple[int, int]) -> QueryError:
        return QueryError(self.query, (Diagnostic(FAILED, message, *place),))

    # --- statements

    def _execute(self, cursor: Any, query: emit.Query, before: str = "") -> Any:
        import duckdb as engine

        self._check()
        self.statistics["statements"] += 1
        for one in query.foreign:
            self._register(one)
        parameters = [
            self.values[id(one.value)] if isinstance(one, emit.Late) else one for one in query.parameters
        ]
        try:
            return cursor.execute(before + query.sql, parameters)
        except engine.InterruptException:
            self._check()
            raise LimitError("The query was interrupted.") from None
        except engine.OutOfMemoryException:
            raise MemoryLimitError("The query needs more memory than it may use.") from None
        except engine.Error as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> LockgateError:
        text = " ".join(str(error).split())
        # What a function in Python says of a value is the message; DuckDB puts its own words before and after it.
        _, told, own = text.partition("EvaluationError: ")
        message = own[:400] if told else f"The query failed while it ran: {text[:400]}"
        return self._error(message, (0, len(self.query)))

    def _register(self, foreign: emit.Foreign) -> None:
        try:
            register(self.functions_cursor, foreign, self.context)
        except EvaluationError as error:
            raise self._error(str(error), self._place_of(foreign)) from None
        self.functions.append(foreign.name)
        self.statistics["functions"] += 1

    def _place_of(self, foreign: emit.Foreign) -> tuple[int, int]:
        """Where a function is called first."""
        value = foreign.value
        name = value.function.name if isinstance(value, b.Call) else ""
        at = self.query.find(f"{name}(") if name else -1
        return (at, at + len(name)) if at >= 0 else (0, len(self.query))

    def _fetched(self, rows: Any, most: int) -> list[tuple[object, ...]]:
        found, over = self._within(rows, most)
        if over is not None:
            raise over
        return found

    def _within(self, rows: Any, most: int) -> tuple[list[tuple[object, ...]], LimitError | None]:
        """Rows as far as the limits allow, and which one was met where that is not all."""
        import duckdb as engine

        found: list[tuple[object, ...]] = []
        size = 0
        try:
            while some := rows.fetchmany(20_000):
                found += some
                if len(found) > most:
                    return found[:most], LimitError(f"The result has more than {most} rows.",
                                                    hint="sum up, or use take")  # fmt: skip
                size += sum(map(_size, some))
                if size > self.limits.bytes:
                    while found and size > self.limits.bytes:
                        size -= _size(found.pop())
                    return found, LimitError(f"The result is larger than {self.limits.bytes:,} bytes.",
                                             hint="project fewer columns, sum up, or use take")  # fmt: skip
        except engine.InterruptException:
            self._check()
            raise LimitError("The query was interrupted.") from None
        except engine.OutOfMemoryException:
            raise MemoryLimitError("The query needs more memory than it may use.") from None
        except engine.Error as error:
            raise self._failed(error) from None
        return found, None

    def _result(self, cursor: Any, asked: emit.Asked) -> AnswerTable:
        rows, over = self._within(self._execute(cursor, asked.query), self.limits.rows)
        if over is not None and not self.cut:
            raise over
        if not asked.query.columns:
            rows = []
        self.statistics["rows"] = self.statistics.get("rows", 0) + len(rows)
        columns = _shown(column for column, _ in asked.query.columns)
        return AnswerTable(columns, rows, _render(asked.render), over)


def _size(row: tuple[object, ...]) -> int:
    return sum(len(one) if isinstance(one, str) else 8 for one in row)


def _shown(columns: Any) -> tuple[tuple[str, str], ...]:
    def one(column: Column) -> tuple[str, str]:
        return column.name, column.type.name

    return tuple(one(column) for column in columns)


def _render(step: b.Step | None) -> tuple[str, dict[str, str]] | None:
    if step is None or not isinstance(step.syntax, Render):
        return None
    properties: Mapping[str, str] = {one.name: _word(one.value) for one in step.syntax.properties}
    return step.syntax.chart.text, dict(properties)


def _word(value: object) -> str:
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Literal):
        return str(value.value)
    if isinstance(value, Sequence):
        return ",".join(_word(one) for one in value)
    return ""
