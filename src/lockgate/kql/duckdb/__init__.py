"""A lowered query for DuckDB: statements with bound parameters, and what runs between them. Runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from lockgate.kql.duckdb.relations import Form, Writer
from lockgate.kql.emit.program import Planner, Program, Stored
from lockgate.kql.lower import Lowered

__all__ = ["program"]


def program(lowered: Lowered, tables: Stored, *, narrowed: Mapping[int, Form] | None = None) -> Program:
    """The program of a query. ``tables``: of each stored table its name in DuckDB and those of its columns.

    ``narrowed``: what is read in place of it by a look at it, by the identity of that node.
    Raises :class:`~lockgate.kql.errors.QueryError` with the place of what can be computed neither there nor in Python.
    """
    return Planner(lowered, tables, partial(Writer, narrowed=narrowed or {})).program()
