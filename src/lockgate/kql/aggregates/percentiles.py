"""Percentiles by nearest rank: the least value that at least so many percent of the values do not exceed.

Of no values each is null. With weights a value counts as often as its weight says; weights below 1 count nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import ceil

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.aggregates.elements import to_element
from lockgate.kql.types import DECIMAL, Type


def rank(share: object, total: int) -> int:
    """The place, from 1, of the value at ``share`` percent of ``total``; 0 when the share is no number."""
    if not isinstance(share, int | float) or share != share:
        return 0
    # A product such as 99.9 * 1000 / 100 lies a little beside the whole number that is meant.
    return max(1, min(total, ceil(round(share * total / 100, 9)))) if 0 <= share <= 100 else 0


def weighted(pairs: Sequence[tuple[object, int]], shares: Sequence[object]) -> list[object]:
    """The value at each of the ``shares``; ``pairs`` are values in order with their weights."""
    sums = list(accumulate(weight for _, weight in pairs))
    total = sums[-1] if sums else 0
    places = [rank(share, total) if total else 0 for share in shares]
    return [pairs[bisect_left(sums, place)][0] if place else None for place in places]


def _plain(values: list[object], shares: Sequence[object], counts: list[object] | None) -> list[object]:
    if counts is None:
        known = _sorted([one for one in values if one is not None])
        places = [rank(share, len(known)) if known else 0 for share in shares]
        return [known[place - 1] if place else None for place in places]
    pairs = [
        (value, int(weight))  # type: ignore[call-overload]
        for value, weight in zip(values, counts, strict=True)
        if value is not None and weight is not None and weight >= 1  # type: ignore[operator]
    ]
    known = _sorted([value for value, _ in pairs])
    if len(known) < len(pairs):
        return [None] * len(shares)
    return weighted(sorted(pairs, key=lambda pair: _order(pair[0])), shares)


def _order(value: object) -> tuple[bool, object]:
    """Values that are no numbers come first, as in the service's sorting."""
    return (value == value, value) if value == value else (False, 0)


def _sorted(values: list[object]) -> list[object]:
    """The values in order; of dynamic ones that do not compare, none."""
    try:
        return sorted(values, key=_order)
    except TypeError:
        return []


def _finish(types: tuple[Type, ...]) -> Callable[[object], object]:
    """A percentile of decimals is a real."""
    return (lambda one: None if one is None else float(one)) if types[0] is DECIMAL else lambda one: one  # type: ignore[arg-type]


def _several(weight: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        finish = _finish(types)

        def of(values: list[object], *rest: list[object]) -> tuple[object, ...]:
            counts, given = (rest[0], rest[1:]) if weight else (None, rest)
            shares = [one[0] if one else None for one in given]
            return tuple(finish(one) for one in _plain(values, shares, counts))

        return of

    return make


def _array(weight: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        finish = _finish(types)
        convert = to_element(types[0]) if types[0] is not DECIMAL else None

        def of(values: list[object], *rest: list[object]) -> tuple[object, ...]:
            counts, given = (rest[0], rest[1:]) if weight else (None, rest)
            shares = [one[0] if one else None for one in given]
            if len(shares) == 1 and isinstance(shares[0], list):
                shares = shares[0]
            found = [finish(one) for one in _plain(values, shares, counts)]
            return (found if convert is None else [convert(one) for one in found],)

        return of

    return make


AGGREGATES: dict[str, Maker] = {
    "percentile": _several(False),
    "percentiles": _several(False),
    "percentilew": _several(True),
    "percentilesw": _several(True),
    "percentiles_array": _array(False),
    "percentilesw_array": _array(True),
}
