"""Graphs: edges and nodes of tables, what the operators before the last one make of them, and tables of them again.

A node is known by its number, in the order of the node tables, then of the edges that name others. A node that stands
in no table has its key alone. Source: the public documentation of the graph operators.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.aggregates.elements import key_of
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, find, framed, graph_chain
from lockgate.kql.steps.components import strong, weak
from lockgate.kql.steps.evaluation import bounded, column, nothing
from lockgate.kql.types import Column, Graph, Table, single

Row = tuple[object, ...]
MAX_ELEMENTS = 5_000_000
"""Most nodes, and most edges, of a graph."""
_ENDS = (s.GraphMatch, s.GraphToTable)


class Network:
    """A graph in memory. ``nodes`` and ``edges`` are rows; ``ends`` the numbers of the nodes of each edge."""

    def __init__(
        self,
        columns: tuple[Sequence[Column], Sequence[Column]],
        nodes: list[Row],
        edges: list[Row],
        ends: list[tuple[int, int]],
        keys: list[Hashable],
        *,
        directed: bool = True,
    ) -> None:
        self.node_columns, self.edge_columns = tuple(columns[0]), tuple(columns[1])
        self.nodes, self.edges, self.ends, self.keys, self.directed = nodes, edges, ends, keys, directed
        self.out: list[list[int]] = [[] for _ in nodes]
        self.into: list[list[int]] = [[] for _ in nodes]
        for i, (source, target) in enumerate(ends):
            self.out[source].append(i)
            self.into[target].append(i)

    def kept(self, nodes: Iterable[int], edges: Iterable[int]) -> Network:
        """The graph of some of its nodes, and of those edges whose nodes are kept."""
        chosen = sorted(set(nodes))
        places = {old: new for new, old in enumerate(chosen)}
        own = [i for i in sorted(set(edges)) if self.ends[i][0] in places and self.ends[i][1] in places]
        ends = [(places[self.ends[i][0]], places[self.ends[i][1]]) for i in own]
        return Network(
            (self.node_columns, self.edge_columns), [self.nodes[i] for i in chosen], [self.edges[i] for i in own],
            ends, [self.keys[i] for i in chosen], directed=self.directed,
        )  # fmt: skip


def network(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Network:
    """The graph that the last operator of a pipe reads."""
    chain = graph_chain(step)[1:]
    if not chain or not isinstance(chain[-1].syntax, s.MakeGraph):
        raise EvaluationError("Only graphs that make-graph makes can be read here.")
    found = _made(chain[-1], frames, context)
    for one in reversed(chain[:-1]):
        if isinstance(one.syntax, s.GraphMarkComponents):
            found = _marked(one, found)
        elif isinstance(one.syntax, s.GraphWhere):
            found = _filtered(one, found, context)
        else:
            from lockgate.kql.steps.graph_match import subgraph

            found = subgraph(one, found, context)
    return found


def _made(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Network:
    node, shape, edges = step.syntax, step.type, frames[0]
    assert isinstance(node, s.MakeGraph)
    if not isinstance(shape, Graph):
        raise EvaluationError("make-graph cannot be run with partitioned-by here.")
    key = key_of(single(step.values[0].type))
    columns = tuple(shape.nodes.columns) if shape.nodes is not None else ()
    blank = [nothing(one.type) for one in columns]
    places: dict[Hashable, int] = {}
    nodes: list[list[object]] = []
    keyed_at: int | None = 0 if node.node_id is not None else None
    for table, by in zip(frames[1:], step.values[2:], strict=True):
        mapped = [_mapped(one, columns) for one in table.columns]
        keys = column(by, table, context)
        if keyed_at is None and isinstance(by, bound.Use):
            keyed_at = next((to for one, to in zip(table.columns, mapped, strict=True) if one is by.column), None)
        for own, row in zip(keys, table.rows(), strict=True):
            if own is None:
                continue
            place = places.setdefault(key(own), len(nodes))
            if place == len(nodes):
                nodes.append(list(blank))
            for to, value in zip(mapped, row, strict=True):
                if to is not None and nodes[place][to] in (None, ""):
                    nodes[place][to] = value
    ends: list[tuple[int, int]] = []
    rows: list[Row] = []
    sides = [column(one, edges, context) for one in step.values[:2]]
    for source, target, row in zip(*sides, edges.rows(), strict=True):
        if source is None or target is None:
            continue
        pair = []
        for own in (source, target):
            place = places.setdefault(key(own), len(nodes))
            if place == len(nodes):
                nodes.append(list(blank))
                if keyed_at is not None:
                    nodes[place][keyed_at] = own
            pair.append(place)
        ends.append((pair[0], pair[1]))
        rows.append(row)
    bounded(max(len(nodes), len(rows)), MAX_ELEMENTS, "nodes or edges in the graph")
    made = [tuple(one) for one in nodes]
    return Network((columns, edges.columns), made, rows, ends, list(places), directed=node.directed)


def _mapped(own: Column, columns: Sequence[Column]) -> int | None:
    """Where a column of a node table stands among those of all of them."""
    for test in (
        lambda one: one is own,
        lambda one: one.name == own.name,
        lambda one: one.name == f"{own.name}_{own.type.name}",
    ):
        place = next((i for i, one in enumerate(columns) if test(one)), None)
        if place is not None:
            return place
    return None


def _marked(step: bound.Step, graph: Network) -> Network:
    node, shape = step.syntax, step.type
    assert isinstance(node, s.GraphMarkComponents)
    assert isinstance(shape, Graph)
    assert shape.nodes is not None
    kind = next((one.word for one in node.parameters if one.name == "kind"), "weak")
    find = strong if kind == "strong" else weak
    marks = find(len(graph.nodes), graph.ends)
    nodes = [(*row, mark) for row, mark in zip(graph.nodes, marks, strict=True)]
    columns = ((*graph.node_columns, shape.nodes.columns[-1]), graph.edge_columns)
    return Network(columns, nodes, graph.edges, graph.ends, graph.keys, directed=graph.directed)


def _filtered(step: bound.Step, graph: Network, context: Context) -> Network:
    from lockgate.kql.steps.graph_values import of_elements

    node = step.syntax
    assert isinstance(node, s.GraphWhere)
    holds = of_elements(step.values[0], graph, context, edges=node.edges)
    every = range(len(graph.edges if node.edges else graph.nodes))
    chosen = [i for i in every if holds(i) is True]
    if node.edges:
        return graph.kept(range(len(graph.nodes)), chosen)
    return graph.kept(chosen, range(len(graph.edges)))


def to_table(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``graph-to-table`` of nodes or of edges, with the numbers of nodes where they are asked for."""
    node = step.syntax
    assert isinstance(node, s.GraphToTable)
    if len(node.outputs) != 1 or not isinstance(step.type, Table):
        raise EvaluationError("graph-to-table gives one table at a time here.")
    graph = network(step, frames, context)
    (output,) = node.outputs
    named = [one.name for one in output.parameters]
    rows: list[Row] = []
    if output.kind == "nodes":
        rows = [(*(i for one in named if one == "with_node_id"), *row) for i, row in enumerate(graph.nodes)]
    else:
        asked = [at for at, name in enumerate(("with_source_id", "with_target_id")) if name in named]
        rows = [
            (*(ends[at] for at in asked), *row) for ends, row in zip(graph.ends, graph.edges, strict=True)
        ]
    return framed(tuple(step.type.columns), rows)


def partitioned(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """``make-graph ... partitioned-by column (operator)``: a graph of the edges and nodes of each value by itself."""
    inner = step.others[0] if step.others else None
    run = find(inner) if isinstance(inner, bound.Step) and isinstance(inner.syntax, _ENDS) else None
    (by,) = step.values
    if run is None or not isinstance(inner, bound.Step) or not isinstance(step.type, Table):
        raise EvaluationError("partitioned-by takes graph operators here, which end in graph-match or graph-to-table.")
    assert isinstance(by, bound.Use)
    parts = [_by_value(one, by.column.name) for one in frames]
    rows: list[Row] = []
    for key in dict.fromkeys(key for one in parts for key in one):
        own = tuple(one.get(key, framed(frame.columns, [])) for one, frame in zip(parts, frames, strict=True))
        rows += run(inner, own, context).rows()
        bounded(len(rows), MAX_ELEMENTS, "rows of all graphs")
    return framed(tuple(step.type.columns), rows)


def _by_value(frame: Frame, name: str) -> dict[Hashable, Frame]:
    """The rows of each value of a column."""
    place = next((i for i, one in enumerate(frame.columns) if one.name == name), None)
    if place is None:
        raise EvaluationError(f"The edges and all tables of nodes need the column '{name}' of partitioned-by.")
    key = key_of(frame.columns[place].type)
    found: dict[Hashable, list[Row]] = {}
    for row in frame.rows():
        found.setdefault(key(row[place]), []).append(row)
    return {value: framed(frame.columns, rows) for value, rows in found.items()}
