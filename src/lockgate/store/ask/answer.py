"""What a query may use, and what it gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from lockgate.dataclass import dataclass
from lockgate.errors import ExitCode, LockgateError


class LimitError(LockgateError):
    """A query that needed more than it may, or was cancelled."""

    code = "query-limit"
    exit_code = ExitCode.USAGE


class TimeLimitError(LimitError):
    """It took longer than it may."""


class CancelledError(LimitError):
    """Somebody ended it."""


class MemoryLimitError(LimitError):
    """It needed more memory than it may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use."""

    seconds: float = 240.0
    """Time from its beginning to its last row."""
    rows: int = 500_000
    """Rows of one result."""
    bytes: int = 64 << 20
    """Size of one result, texts by their length and other values as 8 bytes each."""
    step_rows: int = 2_000_000
    """Rows that a step in Python may read."""


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """One result."""

    columns: tuple[tuple[str, str], ...]
    """Names and types as Kusto has them, in order."""
    rows: list[tuple[object, ...]]
    """Values as :mod:`lockgate.kql.functions` defines them, but dynamic ones as JSON text."""
    render: tuple[str, dict[str, str]] | None
    """The chart and its properties that ``render`` asks for."""
    over: LimitError | None = None
    """The limit that cut the rows off; none where they are all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: a table for each statement that asks, several for ``fork`` and ``facet``."""

    tables: tuple[AnswerTable, ...]
    """In order; at least one."""
    statistics: dict[str, float]
    """Seconds of each stage, statements, steps and functions in Python, rows and bytes of the results."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Those of the first table."""
        return self.tables[0].columns

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """Those of the first table."""
        return self.tables[0].rows


@dataclass(frozen=True, slots=True)
class Outside:
    """What ``externaldata`` asks for."""

    addresses: tuple[str, ...]
    """As they are written in the query."""
    columns: tuple[tuple[str, str], ...]
    """Names and types of the columns, in order."""
    properties: dict[str, str]
    """``format``, ``ignoreFirstRecord`` and so on."""


Reader = Callable[[Outside], Iterable[tuple[object, ...]]]
"""Gives the rows of files elsewhere, or raises what says why not."""


class Cancel:
    """Ends a query from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupt: Callable[[], None] | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """End it: at once where DuckDB is at work, after the step at hand where Python is."""
        with self._lock:
            self.cancelled = True
            if self._interrupt is not None:
                self._interrupt()

    def attach(self, interrupt: Callable[[], None] | None) -> None:
        """What ends the work at hand."""
        with self._lock:
            self._interrupt = interrupt
