"""Pipes: each operator reads what the one before it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.hints import Hints
from lockgate.kql.bind.tables import _flag
from lockgate.kql.types import Graph, Table

_METHODS: dict[type, str] = {
    s.Where: "where", s.Extend: "extend", s.Serialize: "serialize", s.Print: "print", s.Project: "project_any",
    s.Reorder: "reorder", s.Summarize: "summarize", s.Distinct: "distinct", s.Sort: "sort", s.Top: "top",
    s.TopHitters: "top_hitters", s.TopNested: "top_nested", s.Take: "take", s.SampleDistinct: "sample_distinct",
    s.Count: "count_rows", s.Join: "join", s.Union: "union", s.Find: "find", s.Search: "search", s.Fork: "fork",
    s.Facet: "facet", s.Partition: "partition", s.PartitionBy: "partition_by", s.Scan: "scan",
    s.MakeSeries: "make_series", s.MvExpand: "mv_expand", s.MvApply: "mv_apply", s.Parse: "parse",
    s.ParseKv: "parse_kv", s.Evaluate: "evaluate", s.Invoke: "invoke", s.Render: "render", s.As: "as_",
    s.Plain: "plain", s.Reduce: "reduce", s.Range: "range", s.AssertSchema: "assert_schema", s.Macro: "macro",
    s.MakeGraph: "make_graph", s.GraphMatch: "graph_match", s.GraphToTable: "graph_to_table",
    s.GraphMarkComponents: "graph_mark_components", s.GraphWhere: "graph_where",
}  # fmt: skip
_FIRST = (s.Print, s.Range)
"""Operators that read no rows and must begin a query."""
_ANYWHERE = (s.Union, s.Find, s.Search, s.Evaluate, s.Macro)
"""Operators that may begin a query or follow a pipe."""


class Operators(Hints):
    """Binds queries."""

    def pipeline(self, node: s.Pipeline) -> bound.Value:
        """``source | operator | operator``"""
        if node.source is None:
            return self._piped(node, None, None, piped=False)
        before = self.fuzzy
        first = node.operators[0]
        if isinstance(first, s.Union):
            self.fuzzy = _flag(first.parameters, ("isfuzzy", "__isFuzzy"), self.fuzzy)
        value = self.value(node.source, tabular=True)
        self.fuzzy = before
        if isinstance(value, bound.Rows) and value.type is value.relation.type:
            relation: bound.Relation | None = value.relation
        else:
            relation = bound.Opaque(value.type)
        row = value.type if isinstance(value.type, Table) else None
        return self._piped(node, relation, row, piped=True)

    def sub_query(
        self, node: s.Expression, row: Table | None, source: bound.Relation | None = None
    ) -> bound.Value:  # fmt: skip
        """A query on rows that are at hand, or on the graph ``source``."""
        source = source or bound.Opaque(row if row is not None else Table(()))
        if isinstance(node, s.Pipeline) and node.source is None:
            return self._piped(node, source, row, piped=True)
        before, self.row = self.row, row
        found = self.value(node, tabular=True)
        self.row = before
        return found

    def _piped(
        self, node: s.Pipeline, relation: bound.Relation | None, row: Table | None, *, piped: bool
    ) -> bound.Value:
        kept = (self.row, self.kind, self.graph)
        begin = node.start
        for one in node.operators:
            self.begin = begin
            self.count(one)
            self.row = row if piped or relation is not None else self.row
            self.kind = "normal"
            self._check_place(one, piped)
            self.check_parameters(one)
            method: Callable[[Any, bound.Relation | None], bound.Relation] = getattr(self, _METHODS[type(one)])
            relation = method(one, relation)
            row = relation.type if isinstance(relation.type, Table) else None
            self.graph = relation.type if isinstance(relation.type, Graph) else kept[2]
            piped = True
        self.row, self.kind, self.graph = kept
        assert relation is not None
        return bound.Rows(relation, relation.type)

    def _check_place(self, node: s.Operator, piped: bool) -> None:
        if piped and isinstance(node, _FIRST):
            self.fault("KS175", "This operator begins a query.", (node.start, node.start + 5))
        elif not piped and not isinstance(node, (*_FIRST, *_ANYWHERE)):
            end = node.start
            while end < len(self.source) and (self.source[end].isalnum() or self.source[end] in "-_"):
                end += 1
            self.fault("KS174", "This operator needs rows before it.", (node.start, end))
