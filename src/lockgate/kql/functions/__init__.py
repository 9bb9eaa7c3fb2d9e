"""What Kusto's functions compute of one row's values, in Python; one module for each subject of the catalogue.

A row's values are plain: null is ``None``; ``bool``; ``int`` for int and long; ``float`` for real; ``Decimal``; ticks
of 100 ns as ``int`` for datetime (since 0001-01-01) and timespan; a guid as text in lower case; a string is
never null; a dynamic value is what JSON gives, times in it as the text that Kusto writes. Which of them an
``int`` is, the bound type says: a function is made for the types of its arguments and of its result.

A function with several results (``array_sort_asc`` of two arrays, ``series_stats``) gives a tuple of them.

Engines take their own form of a function where they have one; this one judges streams, answers where an engine has
none, and is what the others are tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lockgate.kql import catalogue
from lockgate.kql.convert import converter
from lockgate.kql.types import PROMOTE, SCALARS, STRING, TYPE, Type, assignable, single

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


def of_converted(compute: Compute, conversions: Sequence[Callable[[Any], object] | None]) -> Compute:
    """``compute`` of its arguments, each converted first where there is a conversion for its place."""
    if not any(conversions):
        return compute
    if len(conversions) == 1 and (only := conversions[0]) is not None:
        return lambda value: compute(only(value))

    def run(*values: object) -> object:
        return compute(*(
            value if convert is None else convert(value) for convert, value in zip(conversions, values, strict=True)
        ))  # fmt: skip

    return run


@cache
def find(name: str) -> Maker | None:
    """How the function of that name is made, or ``None`` where it needs more than its arguments."""
    subject = catalogue.subject(name)
    module = f"{__name__}.{subject}"
    if subject is None or find_spec(module) is None:
        return None
    makers: dict[str, Maker] = import_module(module).FUNCTIONS
    maker = makers.get(name)
    return None if maker is None else partial(_fitted, name, maker)


def _fitted(name: str, maker: Maker, types: tuple[Type, ...], result: Type) -> Compute:
    """The function for arguments of ``types``, each converted to what the chosen signature expects of it."""
    expected = tuple(single(one) for one in _expected(name, types, result))
    compute = maker(expected, result)
    conversions = [converter(given, wanted) for given, wanted in zip(types, expected, strict=True)]
    return of_converted(compute, conversions)


def _expected(name: str, types: tuple[Type, ...], result: Type) -> list[Type]:
    """The types that a call's arguments are converted to: what the signature that fits best declares."""
    from lockgate.kql import bound
    from lockgate.kql.bind.matching import Arguments, best, laid_out

    function = catalogue.find(name)
    assert function is not None
    chosen = best(function.signatures, Arguments([bound.Fault(one) for one in types]))
    layout = laid_out(function.signatures[chosen[0] if chosen else 0], len(types))
    return [_wanted(given, one, result) for given, one in zip(types, layout, strict=True)]


def _wanted(given: Type, parameter: catalogue.Parameter | None, result: Type) -> Type:
    if parameter is None or len(parameter.kinds) != 1 or not given.scalar:
        return given
    kind = parameter.kinds[0]
    if kind.startswith("common"):
        return result if result.scalar else given
    declared = SCALARS.get(kind)
    if declared is None or declared is TYPE or not assignable(declared, given, PROMOTE):
        return given  # another parameter's value: what repeats and what may be left out are told apart by types
    return declared
