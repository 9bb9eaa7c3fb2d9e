"""Operators on graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.core import column_of
from lockgate.kql.bind.labels import graph_label
from lockgate.kql.bind.matching import records_in, underlying
from lockgate.kql.bind.projection import Projection
from lockgate.kql.bind.rows import Rows
from lockgate.kql.bind.scope import Scope
from lockgate.kql.bind.unions import unified
from lockgate.kql.types import BOOL, ERROR, LONG, SCALAR, UNKNOWN, Column, Graph, Group, Table, Tuple, Type, array_of


class Graphs(Rows):
    """Each method binds one operator: its syntax, the rows it reads (or none), what it gives."""

    def make_graph(self, node: s.MakeGraph, source: bound.Relation | None) -> bound.Relation:
        ends = [self.value(node.source), self.value(node.target)]
        for one, value in zip((node.source, node.target), ends, strict=True):
            self.must_be_column(one, value)
            self._must_identify(one, value)
        others: list[bound.Relation] = []
        shapes: list[Table] = []
        for table, key in node.nodes:
            found = self.value(table, tabular=True)
            self.must_be_table(table, found)
            row = found.type if isinstance(found.type, Table) else None
            by = self.within(row, lambda key=key: self.value(key))  # type: ignore[misc]
            self._must_identify(key, by)
            if row is not None:
                shapes.append(row)
            if isinstance(found, bound.Rows):
                others.append(found.relation)
            ends.append(by)
        if node.node_id is not None:
            shapes = [Table([Column(node.node_id.text, ends[0].type)])]
        graph = Graph(self.shape, _joined(shapes) if shapes else None)
        made = self.step(node, source, graph, values=ends, others=others)
        if node.partition is None:
            return made
        by_node, query = node.partition
        by = self.value(by_node)
        self.must_be_column(by_node, by)
        outer, self.graph = self.graph, graph
        found = self.sub_query(query, self.row, made)
        self.graph = outer
        others = [found.relation] if isinstance(found, bound.Rows) else []
        return self.step(node, made, found.type, values=[by], others=others)

    def _must_identify(self, node: s.Node, value: bound.Value) -> None:
        if value.type.kind != SCALAR:
            self.fault("KS240", "Nodes cannot be told apart by a dynamic value.", node)

    def _read(self, node: s.Operator, source: bound.Relation | None, word: str) -> Graph | None:
        """The graph that an operator reads."""
        graph = source.type if source is not None and isinstance(source.type, Graph) else self.graph
        if graph is None:
            self.fault("KS219", "A graph must come before this.", (node.start, node.start + len(word)))
        return graph

    def graph_match(self, node: s.GraphMatch, source: bound.Relation | None) -> bound.Relation:
        graph = self._read(node, source, "graph-shortest-paths" if node.shortest else "graph-match")
        outer, row, before = self.scope, self.row, (self.in_graph, self.graph)
        self.scope, self.row, self.in_graph, self.graph = Scope(outer), None, True, graph
        self._declare_pattern(node, graph)
        values: list[bound.Value] = []
        if node.where is not None:
            condition = self.value(node.where)
            self.must_be(node.where, condition, BOOL)
            values.append(condition)
        projection = Projection()
        for one in node.project or ():
            value = underlying(self.value(one))
            values.append(value)
            self._project_match(one, value, projection, self._long_edges(node))
        self.scope, self.row = outer, row
        self.in_graph, self.graph = before
        for pattern in node.patterns:
            self._check_pattern(pattern)
        type_: Type = Table(projection.columns) if node.project is not None else graph or ERROR
        return self.step(node, source, type_, values=values, made=projection.made())

    def _declare_pattern(self, node: s.GraphMatch, graph: Graph | None) -> None:
        edges = Tuple(graph.edges.columns, graph.edges) if graph is not None else Tuple(())
        nodes = Tuple(graph.nodes.columns, graph.nodes) if graph is not None and graph.nodes is not None else Tuple(())
        for pattern in node.patterns:
            for part in pattern:
                if part.name is not None:
                    type_ = nodes if isinstance(part, s.PatternNode) else edges
                    self.scope.symbols[part.name.text] = bound.Record(part.name.text, type_)

    def _long_edges(self, node: s.GraphMatch) -> set[str]:
        """Names of edges that stand for paths: what is said of them is an array."""
        return {
            part.name.text
            for pattern in node.patterns
            for part in pattern
            if isinstance(part, s.PatternEdge) and part.length is not None and part.name is not None
        }

    def _project_match(
        self, node: s.Expression, value: bound.Value, projection: Projection, long_edges: set[str]
    ) -> None:
        type_ = array_of(value.type) if long_edges & records_in(value) else None
        if isinstance(node, s.Named | s.Call):
            self.project([node], [value], projection, type_=type_)
            return
        found = value.type
        if not found.scalar:
            if found is not ERROR:
                self.fault("KS108", "A single value is expected.", node)
            found = UNKNOWN
        name = graph_label(node, value)
        own = column_of(value)
        projection.add(Column(name or (own.name if own else self.default_name(with_row=False)), type_ or found), value)

    def _check_pattern(self, pattern: Sequence[s.PatternNode | s.PatternEdge]) -> None:
        for i, part in enumerate(pattern):
            wanted = s.PatternNode if i % 2 == 0 else s.PatternEdge
            if not isinstance(part, wanted):
                self.fault("KS239", f"{'A node' if i % 2 == 0 else 'An edge'} is expected here.", part)
        if not isinstance(pattern[-1], s.PatternNode):
            self.fault("KS238", "A pattern ends with a node.", pattern[-1])

    def graph_to_table(self, node: s.GraphToTable, source: bound.Relation | None) -> bound.Relation:
        graph = self._read(node, source, "graph-to-table")
        tables = [self._table_of(one, graph) for one in node.outputs]
        if len(tables) == 1:
            return self.step(node, source, tables[0] if graph is not None else ERROR)
        given: list[bound.Relation] = []
        for one, table in zip(node.outputs, tables, strict=True):
            alone = self.step(replace(node, outputs=(one,)), source, table)
            given.append(bound.Shared(one.name.text if one.name is not None else "", alone, table))
            if one.name is None:
                self.fault("KS273", "Several outputs need names: as name.", one)
            else:
                self.scope.symbols[one.name.text] = bound.Rows(given[-1], table)
        return bound.Several(tuple(given), Group(tables))

    def _table_of(self, node: s.GraphOutput, graph: Graph | None) -> Table:
        ids = ("with_node_id",) if node.kind == "nodes" else ("with_source_id", "with_target_id")
        shape = (graph.nodes if node.kind == "nodes" else graph.edges) if graph is not None else None
        columns = [Column(one.word, LONG) for name in ids for one in node.parameters if one.name == name]
        return Table([*columns, *(shape or self.shape).columns])

    def graph_mark_components(self, node: s.GraphMarkComponents, source: bound.Relation | None) -> bound.Relation:
        graph = source.type if source is not None and isinstance(source.type, Graph) else Graph(self.shape, None)
        name = next((one.word for one in node.parameters if one.name == "with_component_id"), "ComponentId")
        nodes = [*(graph.nodes.columns if graph.nodes is not None else ()), Column(name, LONG)]
        return self.step(node, source, Graph(graph.edges, Table(nodes)))

    def graph_where(self, node: s.GraphWhere, source: bound.Relation | None) -> bound.Relation:
        graph = source.type if source is not None and isinstance(source.type, Graph) else Graph(self.shape, None)
        before, self.in_graph = self.in_graph, True
        value = self.within(graph.edges if node.edges else graph.nodes, lambda: self.value(node.condition))
        self.in_graph = before
        self.must_be(node.condition, value, BOOL)
        return self.step(node, source, graph, values=[value])


def _joined(tables: Sequence[Table]) -> Table:
    return Table(unified(one for table in tables for one in table.columns), open=any(one.open for one in tables))
