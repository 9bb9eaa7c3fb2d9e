"""What Kusto's aggregates compute of the rows of one group, by columns.

An aggregate is made for the types of its arguments and of its result, and takes one list of values for each argument
(see :mod:`lockgate.kql.functions` for what a value is); the lists are equally long, in the order of the rows, and empty
when there are no rows. An aggregate without arguments takes the number of rows. An argument that is constant is a list
too, of one value over and over.

What it gives is one value; where the type of the result is a tuple (percentiles), a tuple of as many values. Those of
:data:`PICKS` choose a row instead, and give its index or ``None``: which values are taken of that row is the caller's
affair, since ``*`` is no argument.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from lockgate.kql.types import Type

Compute = Callable[..., object]
"""Gives the value of a group from the columns of the arguments."""
Maker = Callable[[tuple[Type, ...], Type], Compute]
"""Makes it for the types of the arguments and of the result."""

PICKS = frozenset(("any", "take_any", "arg_min", "arg_max", "argmin", "argmax"))
"""Aggregates that choose a row and give its index."""
_MODULES = ("numbers", "gathering", "percentiles", "picks", "sketches")


@cache
def _makers() -> dict[str, Maker]:
    found: dict[str, Maker] = {}
    for module in _MODULES:
        found.update(import_module(f"{__name__}.{module}").AGGREGATES)
    return found


def find(name: str) -> Maker | None:
    """How the aggregate of that name is made, or ``None`` where there is no such aggregate."""
    return _makers().get(name)
