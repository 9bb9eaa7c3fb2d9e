"""How far the elements of a series lie outside of the fences of Tukey's test.

The score of an element above the upper percentile is its distance from it in ranges between the percentiles (below the
lower one alike, negative); within, it is 0. ``tukey`` takes the 25th and 75th percentile. ``ctukey`` takes others, by
default the 10th and 90th, and scales the score so that the usual threshold of 1.5 means the same in a normal
distribution: 2.7 deviations from its middle. Source: the answer of one of its authors to question 75264555 on Stack
Overflow, whose example fixes the factor for the default percentiles.
"""

from __future__ import annotations

from statistics import NormalDist

from lockgate.kql.functions.series.arrays import Vector, listed, number, numbers, real
from lockgate.kql.functions.series.statistics import points

_FENCE = 1.5
_FENCE_IN_DEVIATIONS = 2.7
_TENTH = 1.2968208345
"""The 90th percentile of a normal distribution as the service takes it (the exact one is 1.28155); from the example's
scores, which hold 2.772605605 as the factor."""
_LEAST, _MOST = 2.0, 98.0


def outliers(
    series: object,
    kind: object = None,
    ignored: object = None,
    low: object = None,
    high: object = None,
    test_points: object = None,
) -> object:
    """The scores; 0 for nulls and for elements equal to ``ignored``, which the percentiles pass over as well. Null when
    the kind is not known or a percentile is not between 2 and 98."""
    import numpy

    found = numbers(series)
    bounds = _bounds(kind, low, high)
    if found is None or bounds is None:
        return None
    mark = number(ignored)
    used = [one is not None and (mark is None or one != mark) for one in found]
    values = numpy.array([0.0 if one is None else one for one in found], dtype=float)
    return listed(scores(values, numpy.array(used, dtype=bool), bounds, points(test_points, len(found))))


def _bounds(kind: object, low: object, high: object) -> tuple[float, float] | None:
    if kind == "tukey":
        return 25.0, 75.0
    if kind not in (None, "", "ctukey"):
        return None
    lower, upper = real(low), real(high)
    lower, upper = 10.0 if lower is None else lower, 90.0 if upper is None else upper
    return (lower, upper) if _LEAST <= lower < upper <= _MOST else None


def scores(values: Vector, used: Vector, bounds: tuple[float, float], test_points: int) -> Vector:
    """The score of each of ``values`` that is ``used``; the last ``test_points`` do not count for the percentiles. When
    these coincide, whatever lies outside is infinitely far."""
    import numpy

    learned = values[: len(values) - test_points][used[: len(values) - test_points]]
    learned = learned[numpy.isfinite(learned)]
    out = numpy.zeros(len(values))
    if not len(learned):
        return out
    with numpy.errstate(all="ignore"):
        lower, upper = numpy.percentile(learned, bounds)
        spread = upper - lower
        below, above = _factors(bounds)
        rest = numpy.where(values > upper, (values - upper) * above, (values - lower) * below)
        outside = used & ((values > upper) | (values < lower))
        out[outside] = rest[outside] / spread
    return out


def _factors(bounds: tuple[float, float]) -> tuple[float, float]:
    """What the scores below and above are multiplied by."""
    if bounds == (25.0, 75.0):
        return 1.0, 1.0
    low, high = (_deviations(one) for one in bounds)
    return (
        _FENCE * (high - low) / (_FENCE_IN_DEVIATIONS + low),
        _FENCE * (high - low) / (_FENCE_IN_DEVIATIONS - high),
    )


def _deviations(percentile: float) -> float:
    if percentile in (10.0, 90.0):
        return _TENTH if percentile > 50 else -_TENTH
    return NormalDist().inv_cdf(percentile / 100)
