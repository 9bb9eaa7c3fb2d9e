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
from lockgate.kql import bind, emit, parse, relation, steps
from lockgate.kql import bound as b
from lockgate.kql.emit.reading import read_columns
from lockgate.kql.emit.values import Expressions, Names, Statement
from lockgate.kql.errors import Diagnostic, EvaluationError, QueryError
from lockgate.kql.lower import Lowered, OpenKeys, OpenStep, lower
from lockgate.kql.lower.partitions import MAX_KEYS
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
from lockgate.store.ask.cost import Cost, cost_of
from lockgate.store.ask.duck import Duck
from lockgate.store.ask.engine import (
    Engine,
    EngineError,
    EngineGoneError,
    EngineInterruptedError,
    EngineMemoryError,
    Form,
    Session,
)
from lockgate.store.ask.tables import Tables

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
    """The statements of the engine, in order."""
    steps: tuple[str, ...]
    """What runs in Python between them: steps, functions, aggregates."""
    narrowed: tuple[str, ...] = ()
    """Of which tables rows are passed over that cannot hold a term, and how many are left."""
    cost: tuple[Cost, ...] = ()
    """What it reads of tables that lie in files."""


def ask(
    query: str, tables: Tables, *, now: int | None = None, limits: Limits | None = None, cancel: Cancel | None = None,
    reader: Reader | None = None, parameters: Mapping[str, str] | None = None, cut: bool = False,
    engine: Engine | None = None,
) -> Answer:  # fmt: skip
    """The answer of ``query``. ``now``: what ``now()`` is, in ticks since the year 1.

    ``parameters``: values of those that the query declares, as texts. ``cut``: a result that is larger than allowed is
    given as far as it may be, with the reason, as the service does; else it raises.

    ``engine`` holds ``tables``, and is DuckDB when none is given.
    ``reader`` gives the rows of ``externaldata``, as :mod:`lockgate.kql.functions` defines values; it decides which
    addresses are allowed. Without one that of ``tables`` does, and where that has none no file is read.

    Raises :class:`~lockgate.kql.errors.QueryError` with the place of what is wrong, and :class:`LimitError`.
    """
    asking = _Asking(
        query, engine or Duck(tables), now=now, limits=limits or Limits(), cancel=cancel or Cancel(), reader=reader,
        parameters=parameters, cut=cut,
    )  # fmt: skip
    return asking.answer()


def explain(query: str, tables: Tables, *, now: int | None = None, engine: Engine | None = None) -> Explained:
    """How ``query`` would run. Raises :class:`~lockgate.kql.errors.QueryError`."""
    asking = _Asking(query, engine or Duck(tables), now=now, limits=Limits(), cancel=Cancel())
    with asking.connected() as session:
        lowered, program = asking.compiled(session)
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
    return Explained(
        drawn(lowered), tuple(one.sql for one in queries), tuple(found), tuple(session.narrowed),
        tuple(cost_of(asking.engine.tables, read_columns(lowered))),
    )  # fmt: skip


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
        self, query: str, engine: Engine, *, now: int | None, limits: Limits, cancel: Cancel,
        reader: Reader | None = None, parameters: Mapping[str, str] | None = None, cut: bool = False,
    ) -> None:  # fmt: skip
        self.query, self.engine, self.limits, self.cancel = query, engine, limits, cancel
        self.parameters, self.cut = parameters, cut
        self.reader = reader if reader is not None else engine.tables.reader
        self.context = Context() if now is None else Context(now=now)
        self.values: dict[int, object] = {}
        self.began = time.monotonic()
        self.statistics: dict[str, float] = {"statements": 0, "steps": 0, "functions": 0}
        self.late = False

    def compiled(self, session: Session) -> tuple[Lowered, emit.Program]:
        """The query as a tree, and as a program. Steps whose columns come from the data run on the way."""
        begin = time.monotonic()
        tree, forms = parse(self.query), dict[str, Form]()
        shapes: dict[int, Table] = {}
        opened: dict[int, str] = {}
        keys: dict[tuple[int, ...], list[object]] = {}
        known = ChainMap(forms, self.engine.forms())  # type: ignore[arg-type]  # nothing is written to the second
        while True:
            self._check()
            bound = bind(tree, self.engine.workspace, shapes=shapes, keys=keys, parameters=self.parameters)
            try:
                lowered = lower(
                    self.query, bound, now=self.context.now, opened=opened, security=self.engine.security
                )
                break
            except OpenKeys as unknown:
                keys[unknown.step.place] = self._keys(session, unknown, known)
            except OpenStep as found:
                step = found.step
                frame = self._opened(session, found, known)
                name = f"{OPENED}{len(opened)}"
                forms[name] = frames.keep_open(session, f"open{id(self)}_{len(opened)}", frame)
                opened[id(step.syntax)] = name
                shapes[id(step.syntax)] = Table(frame.columns, open=not frame.height)
        program = session.program(lowered, known, narrow=True)
        self.statistics["compile seconds"] = time.monotonic() - begin
        return lowered, program

    def _opened(self, session: Session, found: OpenStep, forms: Mapping[str, Form]) -> Frame:
        """What a step gives whose columns come from the data."""
        lowered = Lowered(self.query, found.results(), found.places)
        program = session.program(lowered, forms)
        for part in program.parts:
            self._part(session, part, lowered)
        inputs = [self._frame(session, one.query) for one in program.results]
        start, end = found.step.syntax.start, found.step.syntax.end
        return self._run(found.step, inputs, (start, end))

    def _keys(self, session: Session, found: OpenKeys, forms: Mapping[str, Form]) -> list[object]:
        """The values of a column for each of which a query of its own runs, in their order."""
        lowered = Lowered(self.query, (found.result,), found.places)
        program = session.program(lowered, forms)
        for part in program.parts:
            self._part(session, part, lowered)
        (values,) = self._frame(session, program.results[0].query).data
        if len(values) > MAX_KEYS:
            message = f"'{found.column.name}' has more than {MAX_KEYS} values, for each of which a query would run."
            raise self._error(message, (found.step.syntax.start, found.step.syntax.end))
        return sorted(values, key=lambda one: (one is not None, one))

    @contextmanager
    def connected(self) -> Iterator[Session]:
        """A session, closed at the end."""
        session = self.engine.session()
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(session, ended), daemon=True)
        watch.start()
        self.cancel.attach(session.interrupt)
        try:
            yield session
        finally:
            ended.set()
            self.cancel.attach(None)
            watch.join()
            session.close()

    def answer(self) -> Answer:
        """Run everything."""
        with self.connected() as session:
            lowered, program = self.compiled(session)
            for part in program.parts:
                self._part(session, part, lowered)
            tables = tuple(self._result(session, one) for one in program.results)
        self.statistics["seconds"] = time.monotonic() - self.began
        return Answer(tables, self.statistics)

    def _watch(self, session: Session, ended: threading.Event) -> None:
        """Interrupts the work at hand when its time is over, or it was cancelled, until it has ended: what comes just
        before a statement begins is lost on an engine."""
        until = self.began + self.limits.seconds
        while not ended.wait(max(0.0, min(_LOOK, until - time.monotonic())) or _LOOK):
            self.late = self.late or time.monotonic() >= until
            if self.late or self.cancel.cancelled:
                session.interrupt()

    def _check(self) -> None:
        if self.cancel.cancelled:
            raise CancelledError("The query was cancelled.")
        if self.late or time.monotonic() - self.began > self.limits.seconds:
            raise TimeLimitError(f"The query took longer than {self.limits.seconds:g} seconds.")

    # --- parts

    def _part(self, session: Session, part: emit.Part, lowered: Lowered) -> None:
        if isinstance(part, emit.Fetch):
            self._fetch(session, part)
        elif isinstance(part, emit.Read):
            self._read(session, part, lowered)
        elif isinstance(part, emit.Store):
            with self._told():
                session.store(part.name, part.query.sql, self._begun(session, part.query))
        else:
            self._perform(session, part, lowered)

    def _fetch(self, session: Session, part: emit.Fetch) -> None:
        column = part.query.columns[0][0]
        if isinstance(part.value, relation.Slot):
            found = self._fetched(session, part.query, 1)
            value = found[0][0] if found else "" if column.type.name == "string" else None
            self.values[id(part.value)] = value
            return
        from lockgate.kql.convert import to_dynamic
        from lockgate.kql.text import json_text

        convert, read = to_dynamic(column.type), frames.reader(column.type)
        rows = self._fetched(session, part.query, self.limits.step_rows)
        values = [one[0] if read is None else read(one[0]) for one in rows]
        self.values[id(part.value)] = json_text([convert(one) for one in values])

    def _perform(self, session: Session, part: emit.Perform, lowered: Lowered) -> None:
        step = part.cut.step
        inputs = [self._frame(session, query) for query in part.inputs]
        place = lowered.places.get(id(step), (0, len(self.query)))
        if not part.cut.partition:
            frames.keep(session, part.name, part.cut, self._run(step, inputs, place))
            return
        apart = frames.apart(inputs[0], len(part.cut.partition))
        given = [(key, self._run(step, [own, *inputs[1:]], place)) for key, own in apart]
        frames.keep(session, part.name, part.cut, frames.joined(part.cut, given))

    def _frame(self, session: Session, query: emit.Query) -> Frame:
        rows = self._fetched(session, query, self.limits.step_rows)
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

    def _read(self, session: Session, part: emit.Read, lowered: Lowered) -> None:
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
        frames.keep_fields(session, part.name, part.node.fields, frames.frame_of_values(columns, rows))

    def _error(self, message: str, place: tuple[int, int]) -> QueryError:
        return QueryError(self.query, (Diagnostic(FAILED, message, *place),))

    # --- statements

    def _begun(self, session: Session, query: emit.Query) -> list[object]:
        """The parameters of a statement, when its functions are known."""
        self._check()
        self.statistics["statements"] += 1
        for one in query.foreign:
            try:
                session.register(one, self.context)
            except EvaluationError as error:
                raise self._error(str(error), self._place_of(one)) from None
            self.statistics["functions"] += 1
        return [self.values[id(one.value)] if isinstance(one, emit.Late) else one for one in query.parameters]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong in the engine, said to who asks."""
        try:
            yield
        except EngineInterruptedError:
            self._check()
            raise LimitError("The query was interrupted.") from None
        except EngineMemoryError:
            raise MemoryLimitError("The query needs more memory than it may use.") from None
        except EngineGoneError:
            self._check()
            raise self._error("A data file went away while the query ran: somebody deleted its table or cleared it up. "
                              "Ask again.", (0, len(self.query))) from None  # fmt: skip
        except EngineError as error:
            self._check()
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> LockgateError:
        text = " ".join(str(error).split())
        # What a function in Python says of a value is the message; an engine puts its own words before and after it.
        _, told, own = text.partition("EvaluationError: ")
        message = own[:400] if told else f"The query failed while it ran: {text[:400]}"
        return self._error(message, (0, len(self.query)))

    def _place_of(self, foreign: emit.Foreign) -> tuple[int, int]:
        """Where a function is called first."""
        value = foreign.value
        name = value.function.name if isinstance(value, b.Call) else ""
        at = self.query.find(f"{name}(") if name else -1
        return (at, at + len(name)) if at >= 0 else (0, len(self.query))

    def _fetched(self, session: Session, query: emit.Query, most: int) -> list[tuple[object, ...]]:
        found, over = self._within(session, query, most)
        if over is not None:
            raise over
        return found

    def _within(
        self, session: Session, query: emit.Query, most: int
    ) -> tuple[list[tuple[object, ...]], LimitError | None]:  # fmt: skip
        """Rows as far as the limits allow, and which one was met where that is not all."""
        parameters = self._begun(session, query)
        found: list[tuple[object, ...]] = []
        size = 0
        with self._told():
            for some in session.rows(query.sql, parameters, most):
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
        return found, None

    def _result(self, session: Session, asked: emit.Asked) -> AnswerTable:
        rows, over = self._within(session, asked.query, self.limits.rows)
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
