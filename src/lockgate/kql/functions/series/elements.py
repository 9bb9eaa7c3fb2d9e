"""Arithmetic and comparison of series, element by element.

An element that is no number, or that one of the two series does not have, gives null. One number stands for a series of
it. Longs stay longs in sums, differences and products; quotients, powers and the functions of analysis give reals, with
the infinities and NaN of IEEE 754 where a value is not defined.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from itertools import repeat, zip_longest

from lockgate.kql.functions.series.arrays import Number, Numbers, number, numbers, whole, wrapped

Binary = Callable[[Number, Number], object]


def _pairs(left: object, right: object) -> Iterator[tuple[Number | None, Number | None]] | None:
    first = numbers(left) if isinstance(left, list) else number(left)
    second = numbers(right) if isinstance(right, list) else number(right)
    if isinstance(first, list):
        return iter(zip_longest(first, second)) if isinstance(second, list) else zip(first, repeat(second))
    return zip(repeat(first), second) if isinstance(second, list) else None


def _both(compute: Binary) -> Callable[[object, object], object]:
    def of(left: object, right: object) -> object:
        pairs = _pairs(left, right)
        if pairs is None:
            return None
        return [None if one is None or two is None else compute(one, two) for one, two in pairs]

    return of


def _long(compute: Callable[[Number, Number], Number]) -> Binary:
    def of(left: Number, right: Number) -> Number:
        found = compute(left, right)
        return wrapped(found) if isinstance(found, int) else found

    return of


def quotient(left: Number, right: Number) -> float:
    """The real quotient; by zero it is infinite or NaN."""
    divisor = float(right)
    if divisor:
        return float(left) / divisor
    if not left or left != left or divisor != divisor:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, divisor)


def power(left: Number, right: Number) -> float:
    """The real power."""
    base, exponent = float(left), float(right)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _each(compute: Callable[[float], float]) -> Callable[[object], object]:
    """A function of analysis: NaN outside of its domain."""

    def one(value: Number | None) -> float | None:
        if value is None:
            return None
        try:
            return compute(float(value))
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    def of(series: object) -> object:
        found = numbers(series)
        return None if found is None else [one(value) for value in found]

    return of


def _log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _kept(compute: Callable[[Number], Number], rounded: Callable[[float], float]) -> Callable[[object], object]:
    """A function that leaves longs longs; a series with a real in it gives reals."""

    def of(series: object) -> object:
        found = numbers(series)
        if found is None:
            return None
        if whole(found):
            return [None if one is None else compute(one) for one in found]
        return [None if one is None else rounded(float(one)) for one in found]

    return of


def _rounded(compute: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(compute(value)) if math.isfinite(value) else value


def _sign(series: object) -> object:
    found: Numbers | None = numbers(series)
    return None if found is None else [None if one is None else (one > 0) - (one < 0) for one in found]


BINARY = {
    "series_add": _both(_long(operator.add)),
    "series_subtract": _both(_long(operator.sub)),
    "series_multiply": _both(_long(operator.mul)),
    "series_divide": _both(quotient),
    "series_pow": _both(power),
    "series_greater": _both(operator.gt),
    "series_greater_equals": _both(operator.ge),
    "series_less": _both(operator.lt),
    "series_less_equals": _both(operator.le),
    "series_equals": _both(operator.eq),
    "series_not_equals": _both(operator.ne),
}
UNARY = {
    "series_exp": _each(math.exp),
    "series_log": _each(_log),
    "series_sin": _each(math.sin),
    "series_asin": _each(math.asin),
    "series_cos": _each(math.cos),
    "series_acos": _each(math.acos),
    "series_tan": _each(math.tan),
    "series_atan": _each(math.atan),
    "series_sign": _sign,
    "series_abs": _kept(lambda one: wrapped(abs(int(one))), abs),
    "series_floor": _kept(int, _rounded(math.floor)),
    "series_ceiling": _kept(int, _rounded(math.ceil)),
}
