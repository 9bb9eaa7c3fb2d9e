"""What an engine must do to answer: hold tables, and run one query's statements one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from lockgate.kql import Workspace
from lockgate.kql.emit import Foreign, Program
from lockgate.kql.lower import Lowered
from lockgate.kql.row import Context
from lockgate.kql.row_security import RowSecurity
from lockgate.kql.types import Column

if TYPE_CHECKING:
    from lockgate.store.ask.tables import Tables

Form = tuple[str, dict[str, str]]
"""The name of a table in an engine, and those of its columns."""
Rows = list[tuple[object, ...]]


class EngineError(Exception):
    """What went wrong in an engine, in its words."""


class EngineInterruptedError(EngineError):
    """It was told to end."""


class EngineMemoryError(EngineError):
    """It needs more memory than it may use."""


class EngineGoneError(EngineError):
    """A file that it was to read is not there any more."""


class Session(Protocol):
    """One query on an engine. Its methods raise :class:`EngineError`, or what a function in Python raises."""

    narrowed: list[str]
    """Of which tables rows are passed over that cannot hold a term."""

    def program(self, lowered: Lowered, forms: Mapping[str, Form], *, narrow: bool = False) -> Program:
        """The statements of the query; ``narrow``: over those rows alone that may hold the terms it wants.

        Raises :class:`~lockgate.kql.errors.QueryError`.
        """

    def register(self, foreign: Foreign, context: Context) -> None:
        """Make a function known. Raises :class:`~lockgate.kql.errors.EvaluationError` when there is no such one."""

    def rows(self, sql: str, parameters: Sequence[object], most: int) -> Iterator[Rows]:
        """The rows of a statement, some at a time, in the forms of the engine's types.

        After more than ``most`` the rest is not needed.
        """

    def store(self, name: str, sql: str, parameters: Sequence[object]) -> None:
        """Keep the rows of a statement as a table."""

    def keep(self, name: str, columns: Sequence[tuple[Column, list[object]]]) -> None:
        """Keep values as a table of these columns; they are as :mod:`lockgate.kql.functions` defines them."""

    def interrupt(self) -> None:
        """End the statement at work; called from another thread."""

    def close(self) -> None:
        """Forget what was made for the query."""


class Engine(Protocol):
    """Where queries run."""

    name: str
    tables: Tables

    @property
    def workspace(self) -> Workspace:
        """The shapes of its tables, for binding."""

    @property
    def security(self) -> RowSecurity | None:
        """Which of their rows are seen; None for all."""

    def forms(self) -> Mapping[str, Form]:
        """Of each table how it is called there."""

    def session(self) -> Session:
        """Begin a query."""
