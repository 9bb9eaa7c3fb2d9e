"""Pipes: which operator a word begins, and what may begin a query."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.kql.errors import nearest
from lockgate.kql.keywords import AFTER_A_NAME, NAMES
from lockgate.kql.parse.graphs import Graphs
from lockgate.kql.syntax import (
    ColumnDeclaration,
    Expression,
    InlineExternalTable,
    Operator,
    Parameter,
    Pipeline,
    Schema,
)

_METHODS = {
    "as": "as_", "consume": "consume", "count": "count", "distinct": "distinct", "evaluate": "evaluate",
    "__executeAndCache": "execute_and_cache", "extend": "extend", "facet": "facet", "filter": "where",
    "where": "where", "find": "find", "fork": "fork", "getschema": "getschema", "invoke": "invoke", "join": "join",
    "lookup": "lookup", "make-series": "make_series", "mvapply": "mv_apply", "mv-apply": "mv_apply",
    "mvexpand": "mv_expand", "mv-expand": "mv_expand", "parse": "parse", "parse-where": "parse_where",
    "parse-kv": "parse_kv", "__partitionby": "partition_by", "partition": "partition", "project": "project",
    "project-away": "project_away", "project-keep": "project_keep", "project-rename": "project_rename",
    "project-reorder": "reorder", "project-by-names": "project_by_names", "range": "range", "reduce": "reduce",
    "render": "render", "sample": "sample", "sample-distinct": "sample_distinct", "scan": "scan", "search": "search",
    "serialize": "serialize", "sort": "sort", "order": "sort", "summarize": "summarize", "take": "take",
    "limit": "take", "top": "top", "top-hitters": "top_hitters", "top-nested": "top_nested", "union": "union",
    "make-graph": "make_graph", "graph-match": "graph_match", "graph-shortest-paths": "graph_shortest_paths",
    "graph-to-table": "graph_to_table", "graph-mark-components": "graph_mark_components",
    "graph-where-nodes": "graph_where_nodes", "graph-where-edges": "graph_where_edges",
    "assert-schema": "assert_schema", "macro-expand": "macro_expand", "print": "print",
}  # fmt: skip
OPERATORS = frozenset(_METHODS)
"""Words that begin an operator."""
_AFTER_EVALUATE = frozenset(("hint.distribution", "hint.remote"))


class Operators(Graphs):
    """Reads queries."""

    def macro_expand(self, start: int) -> Operator:
        """Given by the layer of statements."""
        raise NotImplementedError

    def operator(self) -> Operator:
        """The operator that must stand here."""
        kind = self.kinds[self.i]
        method = _METHODS.get(kind)
        if method is None or (kind in ("count", "range") and self.kinds[self.i + 1] == "("):
            if kind == "NAME":
                hint = nearest(self.tokens.text(self.i), sorted(OPERATORS))
                self.fail("KS176", f"'{self.tokens.text(self.i)}' is no query operator.", hint=hint)
            self.lacking("KS176", "A query operator is missing.")
        start = self.starts[self.i]
        self.i += 1
        read: Callable[[int], Operator] = getattr(self, method)
        return read(start)

    def pipeline(self) -> Expression:
        """A query, or a value alone when no pipe follows it."""
        self.deeper()
        start = self.starts[self.i]
        kind = self.kinds[self.i]
        source: Expression | None = None
        operators: list[Operator] = []
        if kind == "inline_external_table" and self.kinds[self.i + 1] in ("(", "kind"):
            source = self._inline_external_table()
        elif kind in _METHODS and self._begins_with_operator(kind):
            operators.append(self.operator())
        else:
            source = self.value()
        self._pipes(operators)
        self.depth -= 1
        if source is not None and not operators:
            return source
        return Pipeline(source, tuple(operators), start, self.last_end)

    def _pipes(self, operators: list[Operator]) -> None:
        while self.accept("|"):
            operators.append(self.operator())

    def sub_pipeline(self) -> Expression:
        """A query that begins with an operator and reads the rows at hand."""
        self.deeper()
        start = self.starts[self.i]
        operators = [self.operator()]
        self._pipes(operators)
        self.depth -= 1
        return Pipeline(None, tuple(operators), start, self.last_end)

    def _begins_with_operator(self, kind: str) -> bool:
        """Whether the word begins an operator here, or is a name. Only a few words can be both."""
        if kind not in NAMES:
            return True
        i = self.i + 1
        after = self.kinds[i]
        if kind == "evaluate":
            return bool(self.name_length(i)) or after in _AFTER_EVALUATE
        if kind in ("facet", "partition", "reduce"):
            return after == "by" or after.startswith("hint.") or (after == "kind" and self.kinds[i + 1] == "=")
        if kind == "range":
            length = self.name_length(i)
            return bool(length) and self.kinds[i + length] == "from"
        if kind == "render":
            return after not in ("|", ")", ";", "END", "[") and not self.is_binary(after)
        return False

    def is_binary(self, kind: str) -> bool:
        """Whether a word or sign stands between two values."""
        return kind in AFTER_A_NAME or kind in ("+", "-")

    def _inline_external_table(self) -> InlineExternalTable:
        start = self.expect("inline_external_table")
        schema: Schema | None = self.schema() if self.kinds[self.i] == "(" else None
        self.expect("kind")
        self.expect("=")
        kind = self.word().text
        partitions = self._partitions() if self.accept("partition") else ()
        if self.accept("pathformat"):
            self.expect("=")
            self._balanced()
        format_ = ""
        if self.accept("dataformat"):
            self.expect("=")
            format_ = self.word().text
        self.expect("(")
        addresses = self.items(self.pipeline)
        self.expect(")")
        properties: tuple[Parameter, ...] = self.properties()
        return InlineExternalTable(schema, kind, partitions, format_, addresses, properties, start, self.last_end)

    def _partitions(self) -> tuple[ColumnDeclaration, ...]:
        self.expect("by")
        self.expect("(")
        found: list[ColumnDeclaration] = []
        while self.kinds[self.i] != ")":
            found.append(self.column_declaration())
            if self.accept("="):
                self.value()
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(found)

    def _balanced(self) -> None:
        """Passes over brackets and what is in them: the format of paths is read when files are."""
        self.expect("(")
        depth = 1
        while depth:
            kind = self.kinds[self.i]
            if kind == "END":
                self.expect(")")
            depth += (kind == "(") - (kind == ")")
            self.i += 1
