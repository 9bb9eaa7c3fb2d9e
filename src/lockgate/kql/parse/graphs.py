"""Operators on graphs."""

from __future__ import annotations

from lockgate.kql.parse import parameters as known
from lockgate.kql.parse.rows import Rows
from lockgate.kql.syntax import (
    Expression,
    GraphMarkComponents,
    GraphMatch,
    GraphOutput,
    GraphToTable,
    GraphWhere,
    MakeGraph,
    Name,
    PatternEdge,
    PatternNode,
)  # fmt: skip

_LEFT = (("<-[", "<-"), ("-[", "-"))
_RIGHT = (("]->", "->"), ("]-", "-"))
_BARE = (("-->", "->"), ("<--", "<-"), ("--", "-"))


class Graphs(Rows):
    """Each method begins after the operator's word, which stood at ``start``."""

    def make_graph(self, start: int) -> MakeGraph:
        parameters = self.parameters({}, certain=True)
        source = self.name()
        directed = bool(length := self.spells("-->"))
        length = length or self.spells("--")
        if not length:
            self.expected("--> or --")
        self.i += length
        target = self.name()
        nodes: list[tuple[Expression, Name]] = []
        node_id = None
        if self.accept("with_node_id"):
            self.expect("=")
            node_id = self.name()
        elif self.accept("with"):
            nodes.append(self._table_and_key())
            while self.accept(","):
                nodes.append(self._table_and_key())
        partition = None
        if self.accept("partitioned-by"):
            by = self.simple_path()
            self.expect("(")
            partition = by, self.contextual()
            self.expect(")")
        return MakeGraph(source, target, directed, tuple(nodes), node_id, partition, parameters, start, self.last_end)

    def _table_and_key(self) -> tuple[Expression, Name]:
        table = self.path()
        self.expect("on")
        return table, self.name()

    def graph_match(self, start: int, shortest: bool = False) -> GraphMatch:
        parameters = self.parameters(known.SHORTEST_PATHS if shortest else known.GRAPH_MATCH, certain=True)
        patterns = [self._pattern()]
        while self.accept(","):
            patterns.append(self._pattern())
        where = self.pipeline() if self.accept("where") else None
        project = self.items(self.named) if self.accept("project") else None
        return GraphMatch(shortest, tuple(patterns), where, project, parameters, start, self.last_end)

    def graph_shortest_paths(self, start: int) -> GraphMatch:
        return self.graph_match(start, shortest=True)

    def _pattern(self) -> tuple[PatternNode | PatternEdge, ...]:
        found: list[PatternNode | PatternEdge] = []
        while True:
            start = self.starts[self.i]
            if self.accept("("):
                name = self.name_or_none()
                self.expect(")")
                found.append(PatternNode(name, start, self.last_end))
            elif edge := self._edge(start):
                found.append(edge)
            elif found:
                return tuple(found)
            else:
                self.lacking("KS238", "A node or an edge of the pattern is missing.")

    def _edge(self, start: int) -> PatternEdge | None:
        for text, direction in _BARE:
            if length := self.spells(text):
                self.i += length
                return PatternEdge(None, direction, None, start, self.last_end)
        opened = self._spelled(_LEFT)
        if not opened:
            return None
        name = self.name_or_none()
        bounds = None
        if self.accept("*"):
            low = self.path()
            self.expect("..")
            bounds = low, self.path()
        closed = self._spelled(_RIGHT)
        if not closed:
            self.expected("]-> or ]-")
        return PatternEdge(name, closed if opened == "-" else opened, bounds, start, self.last_end)

    def _spelled(self, among: tuple[tuple[str, str], ...]) -> str:
        for text, direction in among:
            if length := self.spells(text):
                self.i += length
                return direction
        return ""

    def graph_to_table(self, start: int) -> GraphToTable:
        outputs = [self._output()]
        while self.accept(","):
            outputs.append(self._output())
        return GraphToTable(tuple(outputs), start, self.last_end)

    def _output(self) -> GraphOutput:
        start, kind = self.starts[self.i], self.kinds[self.i]
        if kind not in ("nodes", "edges"):
            self.lacking("KS229", "Either nodes or edges is expected.")
        self.i += 1
        name = self.name() if self.accept("as") else None
        parameters = self.parameters(known.GRAPH_NODES if kind == "nodes" else known.GRAPH_EDGES, certain=True)
        return GraphOutput(kind, name, parameters, start, self.last_end)

    def graph_mark_components(self, start: int) -> GraphMarkComponents:
        return GraphMarkComponents(self.parameters(known.MARK_COMPONENTS, certain=True), start, self.last_end)

    def graph_where_nodes(self, start: int, edges: bool = False) -> GraphWhere:
        condition = self.value()
        return GraphWhere(edges, condition, start, condition.end)

    def graph_where_edges(self, start: int) -> GraphWhere:
        return self.graph_where_nodes(start, edges=True)
