"""What may follow ``=`` in the parameters of operators: kinds, hints, properties. Source: the public documentation of
Kusto Query Language.

One line for each parameter: its name, then the words that may stand there, or what it takes: ``bool``, ``integer``,
``number``, ``string`` and ``scalar`` (constants), ``text`` (a value of type string), ``column``, ``columns``, ``word``
(any word), ``name`` (a new name). ``number?`` after words takes a number too; ``*`` after the name says that it may be
given again. A name that is not here is passed over, as Kusto passes over it.
"""

from __future__ import annotations

from functools import lru_cache

from lockgate.dataclass import dataclass

CONSTANTS = ("bool", "integer", "number", "string", "scalar")
"""Values that must be written out."""

_OTHER = ("column", "columns", "text", "word", "name")
_JOINS = (
    "inner fullouter innerunique leftanti leftantisemi anti leftouter leftsemi rightanti rightantisemi rightouter"
    " rightsemi"
)
_STRATEGY = "hint.strategy auto broadcast centralized shuffle"
_SHUFFLE = "hint.shufflekey* column\nhint.num_partitions integer"
_CHART = "kind default unstacked stacked stacked100 map\ntitle text\naccumulate bool"

_LINES = {
    "consume": "decodeblocks bool",
    "distinct": f"{_SHUFFLE}\n{_STRATEGY}",
    "evaluate": "hint.distribution single per_node per_shard default\nhint.remote auto local",
    "join": f"""
        kind {_JOINS}
        hint.remote auto left local right unresolved
        {_STRATEGY}
        {_SHUFFLE}
    """,
    "lookup": "kind inner leftouter",
    "make-series": "kind nonempty\nhint.shufflekey* column",
    "graph-mark-components": "kind weak strong",
    "mv-expand": "kind bag array\nbagexpansion bag array",
    "parse": "kind simple regex relaxed\nflags word",
    "parse-kv": """
        pair_delimiter string
        kv_delimiter string
        regex string
        quote* string
        escape* string
        greedy bool
    """,
    "partition": """
        hint.concurrency auto left local right unresolved number?
        hint.spread auto local number?
        hint.materialized bool
        hint.shufflekey* column
        hint.strategy shuffle native legacy
    """,
    "reduce": "kind source\nthreshold number\ncharacters string",
    "render": f"""
        {_CHART}
        xcolumn column
        ycolumns columns
        anomalycolumns columns
        series columns
        by columns
        xtitle text
        ytitle text
        xaxis linear log
        yaxis linear log
        legend visible hidden
        ysplit none axes panels
        ymin number
        ymax number
        xmin scalar
        xmax scalar
    """,
    "scan": "kind partial full",
    "search": "kind default case_insensitive case_sensitive",
    "sort": "hint.strategy splitBlock multipleBlocks",
    "summarize": f"{_SHUFFLE}\nhint.strategy shuffle",
    "union": """
        kind inner outer
        withsource name
        isfuzzy bool
        best_effort bool
        hint.concurrency auto left local right unresolved number?
        hint.spread auto local number?
    """,
    "find": "withsource name",
}  # fmt: skip

ALIASES = {"__isFuzzy": "isfuzzy", "with_source": "withsource"}
"""Other names of parameters."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What one parameter takes."""

    name: str
    words: tuple[str, ...]
    kind: str
    number: bool
    again: bool


@lru_cache(maxsize=64)
def hints(operator: str) -> dict[str, Hint]:
    """The parameters of an operator that have rules, by name."""
    found = {}
    for line in _LINES.get(operator, "").split("\n"):
        name, *words = line.split() or [""]
        if name:
            one = len(words) == 1 and words[0] in (*CONSTANTS, *_OTHER)
            number = words[-1] == "number?"
            choices = () if one else tuple(words[:-1] if number else words)
            kind = words[0] if one else "choice"
            found[name.rstrip("*")] = Hint(name.rstrip("*"), choices, kind, number, name.endswith("*"))
    return found
