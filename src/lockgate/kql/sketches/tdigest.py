"""Where values lie: t-digest (Ted Dunning, Otmar Ertl, "Computing extremely accurate quantiles using t-digests",
2019), exact as long as there are few different values.

A sketch is ``["tdigest", type, values, weights]``: different values in order and how often each is there, of times in
ticks. Beyond 4,096 of them neighbours become their mean, fewest towards both ends, which are asked for most.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from math import asin, isfinite, pi

from lockgate.kql.aggregates.percentiles import rank
from lockgate.kql.types import DATETIME, INT, INTEGERS, LONG, REAL, SCALARS, TIMESPAN, Type

MOST = 4_096
"""Most different values that a sketch holds."""
_SCALE = 6_000.0


class TDigest:
    """A sketch: ``values`` in order and their ``weights``."""

    __slots__ = ("type", "values", "weights")

    def __init__(self, type_: Type, pairs: dict[float, int]) -> None:
        self.type = type_
        self.values = sorted(pairs)
        self.weights = [pairs[one] for one in self.values]
        if len(self.values) > MOST:
            self._compress()

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.weights)

    def _compress(self) -> None:
        total = self.total
        values: list[float] = []
        weights: list[int] = []
        before, place = 0, _scale(0)
        for value, weight in zip(self.values, self.weights, strict=True):
            if values and _scale((before + weight) / total) - place <= 1:
                joined = weights[-1] + weight
                values[-1] += (value - values[-1]) * weight / joined
                weights[-1] = joined
            else:
                place = _scale(before / total)
                values.append(value)
                weights.append(weight)
            before += weight
        self.values = values if self.type is REAL else [round(one) for one in values]
        self.weights = weights

    def percentile(self, share: object) -> float | None:
        """The value at ``share`` percent, by nearest rank; ``None`` when there are no values."""
        total = self.total
        place = rank(share, total) if total else 0
        return self.values[bisect_left(list(accumulate(self.weights)), place)] if place else None

    def rank(self, value: float) -> int:
        """How many values are not greater."""
        return sum(self.weights[: bisect_right(self.values, value)])

    def written(self) -> list[object]:
        """The sketch as a dynamic value."""
        return ["tdigest", self.type.name, self.values, self.weights]


def _scale(share: float) -> float:
    return _SCALE / (2 * pi) * asin(max(-1.0, min(1.0, 2 * share - 1)))


def of(type_: Type, values: list[object], weights: list[object] | None = None) -> TDigest:
    """The sketch of values, each counted as often as its weight says."""
    pairs: dict[float, int] = {}
    for i, one in enumerate(values):
        weight = 1 if weights is None else weights[i]
        if one is None or weight is None or weight < 1:  # type: ignore[operator]
            continue
        number = _number(one)
        if number is not None:
            pairs[number] = pairs.get(number, 0) + int(weight)  # type: ignore[call-overload]
    return TDigest(_kind(type_), pairs)


def _kind(type_: Type) -> Type:
    return LONG if type_ is INT else type_ if type_ in INTEGERS or type_ in (DATETIME, TIMESPAN) else REAL


def _number(value: object) -> float | None:
    if isinstance(value, int):
        return value
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def merged(sketches: list[TDigest]) -> TDigest | None:
    """Several sketches as one; ``None`` of none."""
    if not sketches:
        return None
    pairs: dict[float, int] = {}
    for one in sketches:
        for value, weight in zip(one.values, one.weights, strict=True):
            pairs[value] = pairs.get(value, 0) + weight
    return TDigest(sketches[0].type if len({one.type for one in sketches}) == 1 else REAL, pairs)


def read(value: object) -> TDigest | None:
    """The sketch that a dynamic value holds, or ``None``."""
    match value:
        case ["tdigest", str(name), list(values), list(weights)] if len(values) == len(weights) and name in SCALARS:
            if all(_is_number(one) for one in values) and all(type(one) is int and one > 0 for one in weights):
                return merged([TDigest(SCALARS[name], dict(zip(values, weights, strict=True)))])
    return None


def _is_number(value: object) -> bool:
    return type(value) is int or (isinstance(value, float) and isfinite(value))
