"""Transformations at ingestion, as data collection rules have them: ``source | where ... | extend ... | project ...``.

Each row becomes one row or none; what reads several rows, other tables or anything outside is refused with its place.
What is allowed: https://learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-transformations-kql.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import orjson

from lockgate.kql import QueryError, Workspace, bind, parse, syntax
from lockgate.kql.errors import Diagnostic
from lockgate.kql.text import moment_text, span_text
from lockgate.store._arrow import batch_of
from lockgate.store._columns import raw_of_rows
from lockgate.store.ask import Limits, Tables, ask
from lockgate.store.ingest.fitting import Problem, fitted, numbered
from lockgate.store.ingest.memory import Bytes
from lockgate.store.ingest.reading import Reading, Times, reading_of
from lockgate.tables import Column
from lockgate.tables._collected import GIVEN, custom

SOURCE = "source"
CODE = "LG120"
MOST_TEXT = 15_360
"""Characters of a transformation: the service's limit."""
_MOST_PARSED = 10
"""Columns of one ``parse``, as the service has it."""
_OPERATORS = (syntax.Where, syntax.Extend, syntax.Project, syntax.Parse, syntax.Print)
_REFUSED = (
    syntax.Operator, syntax.ToScalar, syntax.ToTable, syntax.Materialize, syntax.ExternalData, syntax.DataScope,
    syntax.EntityGroup, syntax.MaterializedViewCombine, syntax.InlineExternalTable, syntax.ContextualDataTable,
)  # fmt: skip
_FUNCTIONS = frozenset({
    "binary_and", "binary_or", "binary_not", "binary_shift_left", "binary_shift_right", "binary_xor", "tobool",
    "toboolean", "todatetime", "todouble", "toreal", "toguid", "toint", "tolong", "tostring", "totimespan",
    "ago", "datetime_add", "datetime_diff", "datetime_part", "dayofmonth", "dayofweek", "dayofyear", "endofday",
    "endofmonth", "endofweek", "endofyear", "getmonth", "getyear", "hourofday", "make_datetime",
    "make_timespan", "now", "startofday", "startofmonth", "startofweek", "startofyear", "weekofyear",
    "array_concat", "array_length", "pack_array", "pack", "parse_json", "todynamic", "parse_xml", "zip", "abs",
    "bin", "floor", "ceiling", "exp", "exp10", "exp2", "isfinite", "isinf", "isnan", "log", "log10", "log2",
    "pow", "round", "sign", "case", "iif", "iff", "max_of", "min_of", "base64_encodestring",
    "base64_decodestring", "countof", "extract", "extract_all", "indexof", "isempty", "isnotempty", "split",
    "strcat", "strcat_delim", "strlen", "substring", "tolower", "toupper", "hash_sha256", "gettype",
    "isnotnull", "isnull", "not", "columnifexists", "column_ifexists", "replace", "replace_string", "coalesce",
    "bag_pack",
})  # fmt: skip


class Transformation:
    """One transformation for rows with declared columns."""

    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        """``columns``: of the rows that come in, as a rule's stream declares them. Raises :class:`QueryError`."""
        self.text = text
        self._table = custom("source_CL", columns)
        self._reading: Reading = dataclasses.replace(reading_of(self._table), widens=False)
        _check(text)
        bound = bind(parse(text), Workspace({SOURCE: self._shape}))
        self.columns = bound.columns
        """Names and types of what it gives."""

    @property
    def _shape(self) -> dict[str, str]:
        return {column.name: column.type.value for column in self._table.columns}

    def lines(self, data: Bytes, *, first: int, received: datetime) -> tuple[bytes, list[Problem]]:
        """The rows that come out, a JSON object a line, and what of the lines that went in did not fit their columns.

        Raises :class:`QueryError` and :class:`LimitError` where it cannot be run.
        """
        microseconds = round(received.timestamp() * 1_000_000)
        done = fitted(numbered(data, first), self._table, self._reading, received=microseconds, times=Times.KEPT)
        if not done.rows:
            return b"", done.problems
        tables = Tables(threads=1)
        try:
            # A cursor of DuckDB does not see what is registered with its connection, so the rows become a table.
            tables.connection.register("given", batch_of(self._table, raw_of_rows(self._table, done.rows)))
            tables.connection.execute("CREATE TABLE came AS SELECT * FROM given")
            tables.connection.unregister("given")
            tables.add(SOURCE, self._shape, "came")
            limits = Limits(rows=len(done.rows), bytes=16 * len(data) + (1 << 20), seconds=60)
            answer = ask(self.text, tables, limits=limits)
        finally:
            tables.connection.close()
        columns = [(at, name, _SHOWN.get(kind)) for at, (name, kind) in enumerate(answer.columns) if name not in GIVEN]
        lines = []
        for row in answer.rows:
            there = ((name, row[at], show) for at, name, show in columns if row[at] is not None)
            made = {name: value if show is None else show(value) for name, value, show in there}
            lines.append(orjson.dumps(made) + b"\n")
        return b"".join(lines), done.problems


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "datetime": moment_text, "timespan": span_text, "dynamic": lambda text: orjson.Fragment(text.encode()),
}  # fmt: skip


def _check(text: str) -> None:
    if len(text) > MOST_TEXT:
        _refuse(text, 0, len(text), f"A transformation has at most {MOST_TEXT} characters.")
    asked: list[syntax.Ask] = []
    statements = parse(text).statements
    own = {one.name.text for one in statements if isinstance(one, syntax.Let)}
    for statement in statements:
        if isinstance(statement, syntax.Ask):
            asked.append(statement)
        elif not isinstance(statement, syntax.Let):
            _refuse(text, statement.start, statement.end, "A transformation has no such statement.")
        _check_inside(text, statement, own)
    if len(asked) != 1:
        _refuse(text, 0, len(text), "A transformation asks once.")
    _check_source(text, asked[0].query)


def _check_source(text: str, query: syntax.Expression) -> None:
    first = query.source if isinstance(query, syntax.Pipeline) else query
    if first is None and isinstance(query, syntax.Pipeline) and isinstance(query.operators[0], syntax.Print):
        return
    if not isinstance(first, syntax.Name) or first.text != SOURCE:
        at = first if first is not None else query
        _refuse(text, at.start, at.end, "A transformation reads 'source' and nothing else.")


def _check_inside(text: str, node: syntax.Node, own: AbstractSet[str]) -> None:
    pipelines = 0
    for one in _nodes(node):
        if isinstance(one, syntax.Pipeline):
            pipelines += 1
            if pipelines > 1:
                _refuse(text, one.start, one.end, "A transformation has no query within a query.")
        elif isinstance(one, _REFUSED) and not isinstance(one, _OPERATORS):
            _refuse(text, one.start, one.end, "A transformation makes of each row one or none, from that row alone.")
        elif isinstance(one, syntax.Project) and one.kind not in ("", "away", "rename"):
            _refuse(text, one.start, one.end, f"'project-{one.kind}' is not allowed in a transformation.")
        elif isinstance(one, syntax.Parse) and _parsed(one) > _MOST_PARSED:
            _refuse(text, one.start, one.end, f"One 'parse' gives at most {_MOST_PARSED} columns; use several.")
        elif isinstance(one, syntax.Call) and one.name.text not in _FUNCTIONS | own:
            said = f"The function '{one.name.text}' is not allowed in a transformation."
            _refuse(text, one.start, one.end, said)


def _parsed(one: syntax.Parse) -> int:
    return sum(isinstance(part, syntax.ColumnDeclaration) for part in one.pattern)


def _nodes(node: syntax.Node) -> Iterator[syntax.Node]:
    """Every node below, without recursion."""
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            waiting += one
        elif isinstance(one, syntax.Node):
            yield one
            waiting += [getattr(one, field.name) for field in dataclasses.fields(one)]  # type: ignore[arg-type]


def _refuse(text: str, start: int, end: int, message: str) -> None:
    hint = "see the page on supported KQL features in Azure Monitor transformations"
    raise QueryError(text, (Diagnostic(CODE, message, start, end, hint),))
