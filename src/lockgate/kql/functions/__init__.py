"""What Kusto's functions compute of one row's values, in Python; one module for each subject of the catalogue.

A row's values are plain: null is ``None``; ``bool``; ``int`` for int and long; ``float`` for real; ``Decimal``; ticks
of 100 ns as ``int`` for datetime (since 0001-01-01) and timespan; a guid as text in lower case; a string is
never null; a dynamic value is what JSON gives, times in it as the text that Kusto writes. Which of them an
``int`` is, the bound type says: a function is made for the types of its arguments and of its result.

Engines take their own form of a function where they have one; this one judges streams, answers where an engine has
none, and is what the others are tested against.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from lockgate.kql import catalogue
from lockgate.kql.types import STRING, Type

Compute = Callable[..., object]
"""Gives the value of one row from the arguments' values."""
Maker = Callable[[tuple[Type, ...], Type], Compute]
"""Makes it for the types of the arguments and of the result."""


def plain(compute: Compute) -> Maker:
    """A function that needs no types and takes nulls as they come."""
    return lambda types, result: compute


def strict(compute: Compute) -> Maker:
    """A function that is null (of a string: empty) as soon as one of its arguments is null."""

    def make(_: tuple[Type, ...], result: Type) -> Compute:
        nothing = "" if result is STRING else None
        return lambda *values: nothing if None in values else compute(*values)

    return make


@cache
def find(name: str) -> Maker | None:
    """How the function of that name is made, or ``None`` where it needs more than its arguments."""
    subject = catalogue.subject(name)
    module = f"{__name__}.{subject}"
    if subject is None or find_spec(module) is None:
        return None
    makers: dict[str, Maker] = import_module(module).FUNCTIONS
    return makers.get(name)
