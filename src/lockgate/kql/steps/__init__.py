"""Operators and plugins that are no relational algebra: tables in memory in, a table in memory out.

A step takes the bound :class:`~lockgate.kql.bound.Step`, the rows of the relations that :func:`sources` names, and
what its values depend on besides, and gives the rows of the columns it makes. What it evaluates of a row goes through
:mod:`lockgate.kql.row`. Nothing here knows an engine: it reads the rows that the step asks for, and what it gives is a
table again. A pipe of graph operators is one step: the last one walks back to ``make-graph``.

Where columns come from the data (``bag_unpack``, ``pivot``) the table that is given has more columns than were bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import chain, count

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.row import Context
from lockgate.kql.types import LONG, Column, Graph, Table


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


def tables_of(relation: bound.Relation, graph: Graph) -> tuple[bound.Step, bound.Step]:
    """The nodes and the edges of a graph that a query ends in, for whoever draws it: nodes have numbers, and edges
    those of their nodes, as ``graph-to-table`` gives them.

    The documentation says that such a query is drawn by Kusto Explorer, not in which form the service sends it.
    """
    edges = [one.name for one in graph.edges.columns]
    nodes = graph.nodes.columns if graph.nodes is not None else []
    named = {
        "nodes": {"with_node_id": _free("NodeId", [one.name for one in nodes])},
        "edges": {
            "with_source_id": _free("SourceNodeId", edges), "with_target_id": _free("TargetNodeId", edges),
        },
    }  # fmt: skip
    tables = (Table([Column(name, LONG) for name in named[kind].values()] + list(columns))
              for kind, columns in (("nodes", nodes), ("edges", graph.edges.columns)))  # fmt: skip
    made = [_to_table(relation, kind, named[kind], table) for kind, table in zip(named, tables, strict=True)]
    return made[0], made[1]


def _to_table(relation: bound.Relation, kind: str, named: Mapping[str, str], table: Table) -> bound.Step:
    at = (relation.syntax.start, relation.syntax.end) if isinstance(relation, bound.Step) else (0, 0)
    ids = tuple(s.Parameter(name, s.Name(text, *at), *at) for name, text in named.items())
    syntax = s.GraphToTable((s.GraphOutput(kind, None, ids, *at),), *at)
    return bound.Step(syntax, relation, (), (), (), table)


def _free(name: str, taken: Sequence[str]) -> str:
    """The name, or with the first number behind it that makes it one that no column has."""
    return next(one for one in chain((name,), (f"{name}{number}" for number in count(1))) if one not in taken)


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
