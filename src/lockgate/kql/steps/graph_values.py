"""Values of a match: members of nodes and edges, arrays of them along a path, ``all``, ``any``, ``map``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.bind.matching import underlying
from lockgate.kql.convert import to_dynamic
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context, Evaluate, compile_value
from lockgate.kql.steps.graphs import Network, Row
from lockgate.kql.types import Column, single

NODE, EDGE, PATH = range(3)
_OF_PATHS = ("all", "any", "map")
_OF_NODES = ("node_degree_in", "node_degree_out", "node_id", "labels")


@dataclass(frozen=True, slots=True)
class Path:
    """A way through the graph."""

    edges: tuple[int, ...]
    """The edges, from left to right."""
    inner: tuple[int, ...]
    """The nodes between them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a named element stands in a match."""

    place: int
    """Its place."""
    kind: int
    """A node or an edge, which are numbers there, or a path."""


Elements = tuple[Sequence[Column], Callable[[Sequence[object]], Sequence[int]], list[Row], bool]
"""Columns of some elements, which of them belong to a match, all their rows, and whether they are nodes."""


class Values:
    """Compiles values of matches of a graph, whose elements have ``slots``."""

    def __init__(self, graph: Network, slots: dict[str, Slot], context: Context) -> None:
        self.graph, self.slots, self.context = graph, slots, context

    def compile(self, value: bound.Value) -> Evaluate:
        """What gives ``value`` for a match."""
        return compile_value(value, (), replace(self.context, own=self._own))

    def _own(self, value: bound.Value) -> Evaluate | None:
        if isinstance(value, bound.Member) and isinstance(value.value, bound.Record) and isinstance(value.key, str):
            return self._member(value.value.name, value.key)
        if isinstance(value, bound.Record):
            return self._whole(value.name)
        if isinstance(value, bound.Call):
            name = value.function.name
            if name in _OF_PATHS:
                return self._of_path(name, value)
            if name == "inner_nodes":
                columns, chosen, rows, _ = self.elements(value)
                bags = _bags(columns)
                return lambda match: [bags(rows[i]) for i in chosen(match)]
            if name in _OF_NODES and value.arguments:
                return self._of_node(name, value.arguments[0])
        return self.context.own(value)

    def _slot(self, name: str) -> Slot:
        found = self.slots.get(name)
        if found is None:
            raise EvaluationError(f"'{name}' is no element of the pattern.")
        return found

    def _member(self, name: str, key: str) -> Evaluate:
        slot = self._slot(name)
        columns = self.graph.node_columns if slot.kind == NODE else self.graph.edge_columns
        rows = self.graph.nodes if slot.kind == NODE else self.graph.edges
        i = next((i for i, one in enumerate(columns) if one.name == key), None)
        if i is None:
            raise EvaluationError(f"'{name}' has no column '{key}'.")
        at, place = i, slot.place
        if slot.kind != PATH:
            return lambda match: rows[match[place]][at]  # type: ignore[call-overload]
        convert = to_dynamic(columns[at].type)
        return lambda match: [convert(rows[edge][at]) for edge in match[place].edges]  # type: ignore[attr-defined]

    def _whole(self, name: str) -> Evaluate:
        columns, chosen, rows, _ = self._named(name)
        bags = _bags(columns)
        if self._slot(name).kind == PATH:
            return lambda match: [bags(rows[i]) for i in chosen(match)]
        return lambda match: bags(rows[chosen(match)[0]])

    def _named(self, name: str) -> Elements:
        slot = self._slot(name)
        place, graph = slot.place, self.graph
        if slot.kind == NODE:
            return graph.node_columns, lambda match: (match[place],), graph.nodes, True
        if slot.kind == EDGE:
            return graph.edge_columns, lambda match: (match[place],), graph.edges, False
        return graph.edge_columns, lambda match: match[place].edges, graph.edges, False

    def elements(self, value: bound.Value) -> Elements:
        """What ``all``, ``any`` and ``map`` go over: a named element, or the nodes within a path."""
        value = underlying(value)
        if isinstance(value, bound.Record):
            return self._named(value.name)
        if isinstance(value, bound.Call) and value.function.name == "inner_nodes":
            inner = underlying(value.arguments[0])
            if isinstance(inner, bound.Record):
                slot = self._slot(inner.name)
                place, graph = slot.place, self.graph
                if slot.kind == PATH:
                    return graph.node_columns, lambda match: match[place].inner, graph.nodes, True
                return graph.node_columns, lambda match: (), graph.nodes, True
        raise EvaluationError("An edge of the pattern, or inner_nodes of one, is expected.")

    def _of_path(self, name: str, value: bound.Call) -> Evaluate:
        columns, chosen, rows, nodes = self.elements(value.arguments[0])
        expression = underlying(value.arguments[1])
        run = self.of_element(expression, columns, nodes)
        if name == "map":
            convert = to_dynamic(single(expression.type))
            return lambda match: [convert(run((*rows[i], i, match))) for i in chosen(match)]
        test = all if name == "all" else any
        return lambda match: test(run((*rows[i], i, match)) is True for i in chosen(match))

    def of_element(self, value: bound.Value, columns: Sequence[Column], nodes: bool) -> Evaluate:
        """What gives ``value`` for a row of an element, after which its number and the match stand."""

        def own(asked: bound.Value) -> Evaluate | None:
            if isinstance(asked, bound.Call) and asked.function.name in _OF_NODES and not asked.arguments and nodes:
                of = self._node_function(asked.function.name)
                return lambda row: of(row[-2])  # type: ignore[arg-type]
            outer = self._own(asked) if isinstance(asked, bound.Record | bound.Member | bound.Call) else None
            return None if outer is None else lambda row: outer(row[-1])  # type: ignore[arg-type]

        return compile_value(value, columns, replace(self.context, own=own))

    def _of_node(self, name: str, value: bound.Value) -> Evaluate:
        _, chosen, _, nodes = self.elements(value)
        if not nodes and name != "labels":
            raise EvaluationError(f"'{name}' is a function of nodes.")
        of = self._node_function(name)
        return lambda match: of(chosen(match)[0])

    def _node_function(self, name: str) -> Callable[[int], object]:
        graph = self.graph
        if name == "node_degree_in":
            return lambda node: len(graph.into[node])
        if name == "node_degree_out":
            return lambda node: len(graph.out[node])
        if name == "node_id":
            return lambda node: str(graph.keys[node])
        return lambda node: []


def _bags(columns: Sequence[Column]) -> Callable[[Row], dict[str, object]]:
    writers = [(one.name, to_dynamic(single(one.type))) for one in columns]
    return lambda row: {name: write(value) for (name, write), value in zip(writers, row, strict=True)}


def of_elements(value: bound.Value, graph: Network, context: Context, *, edges: bool) -> Callable[[int], object]:
    """``value`` for each node, or each edge, by its number."""
    columns, rows = (graph.edge_columns, graph.edges) if edges else (graph.node_columns, graph.nodes)
    run = Values(graph, {}, context).of_element(value, columns, not edges)
    return lambda i: run((*rows[i], i, ()))
