"""Which engine answers a query: DuckDB, or Spark where the tables that it names are large."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.kql.lexer import tokens
from lockgate.store.ask.duck import Duck
from lockgate.store.ask.engine import Engine
from lockgate.store.ask.tables import Tables

AUTO, DUCKDB, SPARK = "auto", "duckdb", "spark"
_EVERYTHING = frozenset(("*", "search", "find"))


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted."""

    engine: str = DUCKDB
    """``auto``, ``duckdb`` or ``spark``."""
    master: str = ""
    """The Spark master; empty for none."""
    large_bytes: int = 20 << 30
    """From how many bytes of data files on ``auto`` is Spark."""


class Engines:
    """The engines over some tables, each begun when it is first needed."""

    def __init__(self, tables: Tables, choice: Choice) -> None:
        self.tables = tables
        self.choice = choice
        self._made: dict[str, Engine] = {}

    def of(self, query: str) -> Engine:
        """The engine for a query. Raises :class:`StoreError` where Spark is wanted and cannot be had."""
        name = chosen(query, self.tables, self.choice)
        if name not in self._made:
            begin: Callable[[], Engine] = self._spark if name == SPARK else lambda: Duck(self.tables)
            self._made[name] = begin()
        return self._made[name]

    def _spark(self) -> Engine:
        from lockgate.store.ask.spark import Spark, connect

        if not self.choice.master:
            hint = "set LOCKGATE_SPARK=spark://host:port, or ask.spark in lockgate.yaml; local[2] is this machine"
            raise StoreError("no Spark master is named", where="spark", hint=hint)
        return Spark(self.tables, connect(self.choice.master))


def chosen(query: str, tables: Tables, choice: Choice) -> str:
    """The name of the engine. ``auto`` counts the files of every table whose name stands in the query."""
    if choice.engine != AUTO:
        return choice.engine
    return SPARK if choice.master and size(query, tables) >= choice.large_bytes else DUCKDB


def size(query: str, tables: Tables) -> int:
    """Bytes of the data files of the tables that a query names, or of all of them where it searches through all."""
    found = tokens(query)
    words = {query[start:end].strip("'\"") for start, end in zip(found.starts, found.ends, strict=True)}
    every = not _EVERYTHING.isdisjoint(words)
    return sum(tables.sizes(None if every else words).values())
