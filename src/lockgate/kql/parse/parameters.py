"""``name=value`` after an operator's word: which names each operator takes, and how each value is read."""

from __future__ import annotations

from lockgate.kql.keywords import KEYWORDS
from lockgate.kql.parse.expressions import Expressions
from lockgate.kql.syntax import Expression, Name, Parameter

_KINDS = {
    "bagexpansion": "word", "bin_legacy": "any", "__crossCluster": "any", "__crossDB": "any", "decodeblocks": "any",
    "expandoutput": "any", "hint.concurrency": "any", "hint.distribution": "word", "hint.materialized": "any",
    "hint.num_partitions": "any", "hint.pass_filters": "any", "hint.pass_filters_column": "name",
    "hint.progressive_top": "any", "hint.remote": "word", "hint.shufflekey": "name", "hint.spread": "any",
    "hint.strategy": "word", "__id": "any", "isfuzzy": "any", "__isFuzzy": "any", "kind": "word",
    "__noWithSource": "any", "__packedColumn": "name", "__sourceColumnIndex": "any", "cycles": "word",
    "with_match_id": "name", "with_itemindex": "name", "withsource": "name", "with_source": "name",
    "with_step_name": "name", "force_remote": "any",
}  # fmt: skip
"""Parameters that every operator passes over when it does not know them."""


def _taking(names: str, **more: str) -> dict[str, str]:
    return {**{one: _KINDS.get(one, "any") for one in names.split()}, **more}


NONE: dict[str, str] = {}
JOIN = _taking("kind hint.remote hint.shufflekey hint.strategy hint.num_partitions")
SUMMARIZE = _taking("hint.shufflekey hint.strategy hint.num_partitions")
PARTITION = _taking("hint.concurrency hint.spread hint.materialized hint.shufflekey hint.strategy")
PARSE = _taking("kind flags", flags="word")
UNION = _taking("kind withsource with_source isfuzzy __isFuzzy best_effort hint.concurrency hint.spread")
FIND = _taking("withsource with_source")
MV_EXPAND = _taking("kind bagexpansion with_itemindex")
MAKE_SERIES = _taking("hint.shufflekey kind")
SCAN = _taking("kind with_match_id")
REDUCE_WITH = _taking("threshold characters", threshold="any", characters="any")
PARSE_KV = _taking("pair_delimiter kv_delimiter regex quote escape greedy")
RENDER = _taking(
    """kind title accumulate xcolumn ycolumns anomalycolumns series xtitle ytitle xaxis yaxis legend ysplit ymin ymax
    xmin xmax""",
    title="value", xtitle="value", ytitle="value", ycolumns="names", anomalycolumns="names", series="names",
    xcolumn="name",
)  # fmt: skip
GRAPH_MATCH = _taking("cycles")
SHORTEST_PATHS = _taking("output", output="word")
MARK_COMPONENTS = _taking("kind with_component_id", with_component_id="name")
GRAPH_NODES = _taking("with_node_id", with_node_id="name")
GRAPH_EDGES = _taking("with_source_id with_target_id", with_source_id="name", with_target_id="name")


class Parameters(Expressions):
    """Reads parameters."""

    def parameters(self, known: dict[str, str], *, certain: bool = False) -> tuple[Parameter, ...]:
        """The parameters that stand here. ``known`` are the operator's own; ``certain`` takes a word for a parameter
        only when ``=`` follows, for operators whose values may begin with such a word."""
        found: list[Parameter] = []
        while (length := self._name_length(known)) and (not certain or self.kinds[self.i + length] == "="):
            found.append(self._parameter(length, known))
        return tuple(found)

    def _name_length(self, known: dict[str, str]) -> int:
        """How many tokens the name of a parameter takes here, or 0."""
        i = self.i
        kind = self.kinds[i]
        if kind == "NAME" or kind in KEYWORDS or kind.startswith("hint."):
            text = self.tokens.text(i)
            if text in known or text in _KINDS:
                return 1
            if text == "hint":
                for name in ("hint.pass_filters_column", "hint.pass_filters"):
                    if length := self.spells(name):
                        return length
        return 0

    def _parameter(self, length: int, known: dict[str, str]) -> Parameter:
        start = self.starts[self.i]
        name = self.source[start : self.ends[self.i + length - 1]]
        self.i += length
        self.expect("=")
        kind = known.get(name) or _KINDS.get(name, "any")
        value = self._names(known) if kind == "names" else self._value(kind)
        return Parameter(name, value, start, self.last_end)

    def _value(self, kind: str) -> Expression:
        if kind == "value":
            return self.path()
        found = self.name_or_none() if kind == "name" else None
        if found is None and kind == "word" and self.kinds[self.i] in KEYWORDS:
            found = self.word()
        constant = found or self.literal_or_none() or self.name_or_none()
        if constant is None and self.kinds[self.i] in KEYWORDS:
            constant = self.word()
        if constant is None:
            self.lacking("KS006", "A value is missing.")
        return constant

    def word(self) -> Name:
        """Any word, as a name."""
        self.i += 1
        return Name(self.tokens.text(self.i - 1), self.starts[self.i - 1], self.last_end)

    def _names(self, known: dict[str, str]) -> tuple[Name, ...]:
        """A list of columns without brackets, which ends before the next parameter."""
        found = [self.name(declared=True)]
        while self.kinds[self.i] == ",":
            self.i += 1
            length = self._name_length(known)
            if length and self.kinds[self.i + length] == "=":
                self.i -= 1
                break
            found.append(self.name(declared=True))
        return tuple(found)

    def parameter_list(self, known: dict[str, str]) -> tuple[Parameter, ...]:
        """Parameters between commas, as after ``render ... with (``."""
        found: list[Parameter] = []
        while length := self._name_length(known):
            found.append(self._parameter(length, known))
            if not self.accept(","):
                break
            if not self._name_length(known):
                self.lacking("KS006", "A parameter is missing.")
        return tuple(found)
