"""A lowered query for Apache Spark: statements with named parameters, and what runs between them. Runs nothing itself.

The statements are written for Spark 4 with ANSI on and the session's time zone UTC.
"""

from __future__ import annotations

from lockgate.kql.emit.program import Planner, Program, Stored
from lockgate.kql.lower import Lowered
from lockgate.kql.spark.relations import Writer

__all__ = ["program"]


def program(lowered: Lowered, tables: Stored) -> Program:
    """The program of a query. ``tables``: of each stored table its name in Spark and those of its columns.

    A common table expression is a text that Spark puts in everywhere it is named: rows that are used twice are kept.
    Raises :class:`~lockgate.kql.errors.QueryError` with the place of what can be computed neither there nor in Python.
    """
    return Planner(lowered, tables, Writer, once=True).program()
