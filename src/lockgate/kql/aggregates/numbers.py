"""Counts, sums, means, spreads and bits. Nulls count for nothing but in ``count``.

Source: the public documentation of Kusto Query Language. Of no rows, sums, counts and spreads are 0, a mean of numbers
is NaN, and the least and greatest are null (of a string: empty). A sum of longs that leaves 64 bits wraps around. What
counts different values counts them exactly, whatever accuracy was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException
from functools import reduce
from math import fsum, isnan, nan, sqrt
from operator import and_, or_, xor

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.aggregates.conditions import conditional
from lockgate.kql.aggregates.elements import key_of
from lockgate.kql.types import BOOL, DECIMAL, INTEGERS, REAL, STRING, Type

_WRAP = 1 << 64
_HALF = 1 << 63


def wrapped(number: int) -> int:
    """The number in 64 bits with a sign."""
    return (number + _HALF) % _WRAP - _HALF


def added(values: Sequence[float]) -> float:
    """The sum of reals, exact before it is rounded once; of infinite ones what adding in order gives."""
    try:
        return fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def _known(values: list[object]) -> list[object]:
    return [one for one in values if one is not None]


def _count(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if not types:
        return lambda rows: rows
    if types[0] is BOOL:
        return lambda values: sum(1 for one in values if one is True)
    return len


def _countif(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result
    return lambda values: sum(1 for one in values if one is True)


def _dcount(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    key = key_of(types[0])
    return lambda values, *_: len({key(one) for one in values if one is not None})


def _sum(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if types[0] is REAL:
        return lambda values: added(_known(values))  # type: ignore[arg-type]
    if types[0] is DECIMAL:
        return lambda values: _decimal_sum(_known(values))  # type: ignore[arg-type]
    return lambda values: wrapped(sum(_known(values)))  # type: ignore[arg-type]


def _decimal_sum(values: list[Decimal]) -> Decimal | None:
    try:
        return sum(values, Decimal(0))
    except DecimalException:
        return None


def _avg(types: tuple[Type, ...], result: Type) -> Compute:
    def of(values: list[object]) -> object:
        known: list[object] = _known(values)
        if not known:
            return nan if result is REAL else None
        if types[0] is DECIMAL:
            total = _decimal_sum(known)  # type: ignore[arg-type]
            return None if total is None else total / len(known)
        if types[0] is REAL:
            return added(known) / len(known)  # type: ignore[arg-type]
        whole: int = sum(known)  # type: ignore[arg-type]
        return whole / len(known) if types[0] in INTEGERS else _halved(whole, len(known))

    return of


def _halved(total: int, count: int) -> int:
    """Ticks divided, towards zero."""
    return abs(total) // count * (1 if total >= 0 else -1)


def _extreme(choose: Callable[..., object]) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        nothing = "" if result is STRING else None
        if types[0] is REAL:
            return lambda values: _extreme_real(choose, values)
        return lambda values: choose((one for one in values if one is not None), default=nothing)

    return make


def _extreme_real(choose: Callable[..., object], values: list[object]) -> object:
    """A value that is no number is passed over as long as there is a number."""
    known: list[float] = _known(values)  # type: ignore[assignment]
    numbers = [one for one in known if not isnan(one)]
    return choose(numbers) if numbers else nan if known else None


def _spread(sample: bool, root: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del types, result

        def of(values: list[object]) -> float:
            known = [float(one) for one in values if one is not None]  # type: ignore[arg-type]
            found = _moment(known, known, sample)
            return sqrt(found) if root and found >= 0 else found

        return of

    return make


def _together(sample: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del types, result

        def of(left: list[object], right: list[object]) -> float:
            pairs = [
                (float(one), float(other))  # type: ignore[arg-type]
                for one, other in zip(left, right, strict=True)
                if one is not None and other is not None
            ]
            return _moment([one for one, _ in pairs], [other for _, other in pairs], sample)

        return of

    return make


def _moment(left: list[float], right: list[float], sample: bool) -> float:
    """The mean product of the distances from the means; of a sample divided by one less. Of one row 0."""
    count = len(left)
    if count < 2:
        return 0.0
    one = added(left) / count
    other = one if left is right else added(right) / count
    products = [(a - one) * (b - other) for a, b in zip(left, right, strict=True)]
    return added(products) / (count - 1 if sample else count)


def _bits(combine: Callable[[int, int], int]) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del types, result

        def of(values: list[object]) -> int | None:
            known = [int(one) for one in values if one is not None and one - one == 0]  # type: ignore[operator, call-overload]
            return wrapped(reduce(combine, known)) if known else None

        return of

    return make


_MAX, _MIN = _extreme(max), _extreme(min)

AGGREGATES: dict[str, Maker] = {
    "count": _count,
    "cnt": _count,
    "countif": _countif,
    "dcount": _dcount,
    "dcountif": conditional(_dcount),
    "count_distinct": _dcount,
    "count_distinctif": conditional(_dcount),
    "sum": _sum,
    "sumif": conditional(_sum),
    "avg": _avg,
    "avgif": conditional(_avg),
    "min": _MIN,
    "minif": conditional(_MIN),
    "max": _MAX,
    "maxif": conditional(_MAX),
    "stdev": _spread(True, True),
    "stdevif": conditional(_spread(True, True)),
    "stdevp": _spread(False, True),
    "variance": _spread(True, False),
    "varianceif": conditional(_spread(True, False)),
    "variancep": _spread(False, False),
    "variancepif": conditional(_spread(False, False)),
    "covariance": _together(True),
    "covarianceif": conditional(_together(True), 2),
    "covariancep": _together(False),
    "covariancepif": conditional(_together(False), 2),
    "binary_all_and": _bits(and_),
    "binary_all_or": _bits(or_),
    "binary_all_xor": _bits(xor),
}
