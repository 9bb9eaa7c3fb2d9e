"""Operators and plugins that are no relational algebra: tables in memory in, a table in memory out.

A step takes the bound :class:`~lockgate.kql.bound.Step`, the rows of the relations that :func:`sources` names, and
what its values depend on besides, and gives the rows of the columns it makes. What it evaluates of a row goes through
:mod:`lockgate.kql.row`. Nothing here knows an engine: it reads the rows that the step asks for, and what it gives is a
table again. A pipe of graph operators is one step: the last one walks back to ``make-graph``.

Where columns come from the data (``bag_unpack``, ``pivot``) the table that is given has more columns than were bound.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.row import Context
from lockgate.kql.types import Column, Graph, Table


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows in memory, by columns. See :mod:`lockgate.kql.functions` for what a value is."""

    columns: tuple[Column, ...]
    """The columns, in order."""
    data: tuple[list[object], ...]
    """The values of each, all equally long."""

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.data[0]) if self.data else 0

    def rows(self) -> list[tuple[object, ...]]:
        """The same by rows."""
        return list(zip(*self.data, strict=True))


def framed(columns: tuple[Column, ...], rows: list[tuple[object, ...]]) -> Frame:
    """A table of rows."""
    data = tuple(list(one) for one in zip(*rows, strict=True)) if rows else tuple([] for _ in columns)
    return Frame(columns, data)


Run = Callable[[bound.Step, tuple[Frame, ...], Context], Frame]
"""What one operator or plugin does with the rows of its :func:`sources`. Raises
:class:`~lockgate.kql.errors.EvaluationError` for what cannot be done, or not within bounds."""

_OPERATORS: dict[type[s.Operator], tuple[str, str]] = {
    s.MakeSeries: ("make_series", "make_series"),
    s.Scan: ("scan", "scan"),
    s.Reduce: ("reduce", "reduce"),
    s.SampleDistinct: ("top", "sample_distinct"),
    s.TopHitters: ("top", "top_hitters"),
    s.TopNested: ("top_nested", "top_nested"),
    s.ParseKv: ("parse_kv", "parse_kv"),
    s.GraphMatch: ("graph_match", "matched"),
    s.GraphToTable: ("graphs", "to_table"),
    s.MakeGraph: ("graphs", "partitioned"),
}
"""The module and the function of each operator."""
_GRAPHS = (s.MakeGraph, s.GraphMatch, s.GraphMarkComponents, s.GraphWhere)


def find(step: bound.Step) -> Run | None:
    """What runs the step, or ``None`` where it is none of those. A plugin that is known has a run, if only to say what
    stands in its way (a service of Azure, a program in another language)."""
    if isinstance(step.type, Graph):
        return None
    if isinstance(step.syntax, s.Evaluate):
        from lockgate.kql.steps import plugins

        return plugins.find(step)
    place = _OPERATORS.get(type(step.syntax))
    if place is None:
        return None
    found: Run = getattr(import_module(f"{__name__}.{place[0]}"), place[1])
    return found


def sources(step: bound.Step) -> tuple[bound.Relation, ...]:
    """The relations whose rows a step reads, in the order in which it wants them: its input, then further tables; of
    a graph its edges, then the tables of its nodes."""
    if isinstance(step.syntax, s.GraphMatch | s.GraphToTable | s.MakeGraph):
        for one in graph_chain(step):
            if isinstance(one.type, Graph) and isinstance(one.syntax, s.MakeGraph) and one.input is not None:
                return (one.input, *one.others)
        return ()
    tables = step.others
    if isinstance(step.syntax, s.Evaluate) and step.values and isinstance(step.values[0], bound.Call):
        arguments = (one.value if isinstance(one, bound.Named) else one for one in step.values[0].arguments)
        tables = tuple(one.relation for one in arguments if isinstance(one, bound.Rows) and isinstance(one.type, Table))
    return tables if step.input is None else (step.input, *tables)


def graph_chain(step: bound.Step) -> list[bound.Step]:
    """The operators from a graph's end back to its making, the last one first."""
    chain = [step]
    while True:
        before = chain[-1].input
        while isinstance(before, bound.Shared | bound.Applied):
            before = before.relation if isinstance(before, bound.Shared) else before.body
        if not isinstance(before, bound.Step) or not isinstance(before.syntax, _GRAPHS):
            return chain
        chain.append(before)
        if isinstance(before.syntax, s.MakeGraph):
            return chain
