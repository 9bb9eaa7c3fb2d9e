"""What a row's values may depend on besides the row: who asks and when, and tables that stand where a value does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from time import time_ns

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.literals import EPOCH

Evaluate = Callable[[Sequence[object]], object]
"""Gives the value of one row."""


def clock() -> int:
    """This moment, in ticks since 0001-01-01."""
    return EPOCH + time_ns() // 100


def _no_tables(relation: bound.Relation) -> Sequence[object]:
    del relation
    raise EvaluationError("A table cannot be asked for here.")


@dataclass(frozen=True, slots=True)
class Context:
    """One asking of one query."""

    now: int = field(default_factory=clock)
    """When it began, in ticks; every ``now()`` of a query is this."""
    principal: str = ""
    """Who asks, as ``current_principal()`` writes it: ``aaduser=...;tenant``."""
    details: dict[str, object] = field(default_factory=dict)
    """What ``current_principal_details()`` gives."""
    groups: frozenset[str] = frozenset()
    """Principals and groups that the asker is or belongs to, in lower case."""
    database: str = ""
    """The database at hand."""
    endpoint: str = ""
    """The address of the service."""
    first_column: Callable[[bound.Relation], Sequence[object]] = _no_tables
    """Gives the values of the first column of a table: ``toscalar`` and ``in (table)`` stand on it."""
    own: Callable[[bound.Value], Evaluate | None] = lambda value: None
    """What the caller itself knows how to evaluate (a step's state, a node of a graph); asked before anything else
    of records, their members and calls."""
