"""A bound value as a Python function of one row: what judges streams, what steps evaluate, what SQL is tested against.

See :mod:`lockgate.kql.functions` for what a value is in Python.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound
from lockgate.kql.row.compiling import Compiler
from lockgate.kql.row.context import Context, Evaluate
from lockgate.kql.types import Column

__all__ = ["Context", "Evaluate", "compile_predicate", "compile_value"]


def compile_value(value: bound.Value, columns: Sequence[Column], context: Context | None = None) -> Evaluate:
    """What gives ``value`` for a row, which is a tuple in the order of ``columns``.

    What is constant is computed once. Raises :class:`~lockgate.kql.errors.EvaluationError` for what no row can answer
    here (a function of the service itself, an aggregate), and the function it gives raises it for what is wrong in a
    value (a pattern that is none, a failed ``assert``).
    """
    return Compiler(columns, context or Context()).compile(value)


def compile_predicate(value: bound.Value, columns: Sequence[Column], context: Context | None = None) -> Evaluate:
    """What says whether a row is let through by ``where``: null lets none."""
    run = compile_value(value, columns, context)
    return lambda row: bool(run(row))
