"""Operators and plugins that are no relational algebra: a table in memory in, a table in memory out.

A step takes the bound :class:`~lockgate.kql.bound.Step`, the rows of its input and of its further tables, and gives the
rows of the columns it makes. What it evaluates of a row goes through :mod:`lockgate.kql.row`. Nothing here knows an
engine: it reads the rows that the step asks for and takes what it gives as a table again.
"""

from __future__ import annotations

from collections.abc import Callable

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.types import Column


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows in memory, by columns. See :mod:`lockgate.kql.functions` for what a value is."""

    columns: tuple[Column, ...]
    """The columns, in order."""
    data: tuple[list[object], ...]
    """The values of each, all equally long."""

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.data[0]) if self.data else 0


Run = Callable[[bound.Step, tuple[Frame, ...]], Frame]
"""What one operator or plugin does."""
