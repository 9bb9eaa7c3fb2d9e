"""Parameters of operators: kinds, hints and properties take values that Kusto knows, and each is given once."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.graphs import Graphs
from lockgate.kql.catalogue.hints import ALIASES, Hint, hints
from lockgate.kql.errors import nearest
from lockgate.kql.keywords import CHARTS
from lockgate.kql.types import BOOL, ERROR, INTEGERS, NUMBERS, SCALARS, STRING, Type

_OPERATORS: dict[type, str] = {
    s.Distinct: "distinct", s.Evaluate: "evaluate", s.MakeSeries: "make-series", s.Find: "find",
    s.GraphMarkComponents: "graph-mark-components", s.MvExpand: "mv-expand", s.Parse: "parse", s.ParseKv: "parse-kv",
    s.PartitionBy: "partition", s.Reduce: "reduce", s.Render: "render", s.Scan: "scan", s.Search: "search",
    s.Sort: "sort", s.Summarize: "summarize", s.Union: "union",
}  # fmt: skip
"""Operators whose parameters have rules, by the name that the catalogue uses."""

_CONSTANTS: dict[str, tuple[frozenset[Type], str, str]] = {
    "bool": (frozenset((BOOL,)), "KS223", "true or false is expected."),
    "integer": (INTEGERS, "KS221", "A whole number is expected."),
    "number": (NUMBERS, "KS224", "A number is expected."),
    "string": (frozenset((STRING,)), "KS222", "A text is expected."),
    "scalar": (frozenset(SCALARS.values()), "KS226", "A literal is expected."),
}
_COLUMNS = ("hint.shufflekey", "hint.pass_filters_column", "__packedColumn")
"""Parameters that name a column in every operator."""


class Hints(Graphs):
    """Checks parameters."""

    def check_parameters(self, node: s.Operator) -> None:
        """Whether an operator's parameters are right, before its rows are bound."""
        given: Sequence[s.Parameter] = getattr(node, "parameters", ())
        properties: Sequence[s.Parameter] = getattr(node, "properties", ())
        if isinstance(node, s.Render) and node.chart.text not in CHARTS:
            self._unknown_word(node.chart, sorted(CHARTS), "There is no chart")
        if not given and not properties:
            return
        if isinstance(node, s.Plain):
            name = node.kind
        elif isinstance(node, s.Join):
            name = "lookup" if node.lookup else "join"
        else:
            name = _OPERATORS.get(type(node), "")
        for parameters in (given, properties):
            self._check_parameters(parameters, hints(name))

    def _check_parameters(self, parameters: Sequence[s.Parameter], known: dict[str, Hint]) -> None:
        seen: set[str] = set()
        for one in parameters:
            name = ALIASES.get(one.name, one.name)
            hint = known.get(name)
            if hint is None:
                if name in _COLUMNS and isinstance(one.value, s.Name):
                    self.value(one.value)
                continue
            if name in seen and not hint.again:
                self.fault("KS180", f"'{one.name}' is given twice.", (one.start, one.start + len(one.name)))
            seen.add(name)
            if isinstance(one.value, tuple):
                for column in one.value:
                    self.value(column)
            else:
                self._check_value(hint, one.value)

    def _check_value(self, hint: Hint, node: s.Expression) -> None:
        if hint.kind == "column":
            value = self.value(node)
            if not isinstance(value, bound.Use) and value.type is not ERROR:
                self.fault("KS109", "A column is expected.", node)
        elif hint.kind == "text":
            value = self.value(node)
            if value.type is not ERROR and value.type is not STRING and not value.type.dynamic:
                self.fault("KS141", "A text is expected.", node)
        elif hint.kind in _CONSTANTS:
            types, code, message = _CONSTANTS[hint.kind]
            if not isinstance(node, s.Literal) or SCALARS[node.type] not in types:
                self.fault(code, message, node)
        elif hint.words and not self._is_word(hint, node):
            self._unknown_word(node, hint.words, f"'{hint.name}' does not take")

    @staticmethod
    def _is_word(hint: Hint, node: s.Expression) -> bool:
        if isinstance(node, s.Name):
            return node.text in hint.words
        return hint.number and isinstance(node, s.Literal) and SCALARS[node.type] in NUMBERS

    def _unknown_word(self, node: s.Expression, words: Sequence[str], lead: str) -> None:
        text = self.source[node.start : node.end]
        close = nearest(text, list(words))
        self.fault("KS005", f"{lead} '{text}'.", node, f"{close} Known are: {', '.join(words)}.".lstrip())
