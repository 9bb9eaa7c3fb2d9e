"""A series as the sum of a seasonal part, a trend and what is left; forecasts and anomalies from that.

Order of the steps, from the documentation of ``series_decompose``: the seasonal part is the median of the points of the
same phase; the trend is that of the series without it; the baseline is the sum of both.
"""

from __future__ import annotations

import math

from lockgate.dataclass import dataclass
from lockgate.kql.functions.series import fits, outliers, periods
from lockgate.kql.functions.series.arrays import Vector, integer, listed, real, vector
from lockgate.kql.functions.series.statistics import points

_SEASONAL_SCORE = 0.7
_DECOMPOSED_SCORE = 0.6
_FENCES = {"ctukey": (10.0, 90.0), "tukey": (25.0, 75.0)}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a series, each of its length."""

    baseline: Vector
    """What is expected: season and trend."""
    seasonal: Vector
    """What repeats."""
    trend: Vector
    """The course without it."""
    residual: Vector
    """The series less its baseline."""


def _season(values: Vector, length: int, period: int) -> Vector:
    """The median of every phase of ``values``, repeated over ``length`` points."""
    import numpy

    period = min(period, len(values))
    rows = -(-len(values) // period)
    padded = numpy.full(rows * period, numpy.nan)
    padded[: len(values)] = values
    with numpy.errstate(all="ignore"):
        median = numpy.nanmedian(padded.reshape(rows, period), axis=0)
    repeated: Vector = numpy.resize(median, length)
    return repeated


def _period(values: Vector, asked: int, threshold: float) -> int:
    """The period to use: the one asked for, or for -1 the best that is found; 0 for none.

    A trend hides a period, and the documented example with one has its season found: it is looked for without the line.
    """
    if asked != -1:
        return max(asked, 0)
    level = values - fits.through(values).values
    best = next(iter(periods.found(level, 0.0, len(values) / 2)), None)
    return int(best[0]) if best is not None and best[1] >= threshold else 0


def _parts(series: object, asked: object, trend: object, test_points: object, threshold: object) -> Parts | None:
    import numpy

    values = vector(series)
    kind = "avg" if trend in (None, "") else trend
    if values is None or kind not in ("avg", "linefit", "none") or not numpy.isfinite(values).all():
        return None
    size = len(values)
    learned = values[: size - points(test_points, size)]
    limit = real(threshold)
    period = _period(learned, integer(asked, -1), _DECOMPOSED_SCORE if limit is None else limit)
    with numpy.errstate(all="ignore"):
        seasonal = _season(learned, size, period) if period else numpy.zeros(size)
        course = _course(learned - seasonal[: len(learned)], size, str(kind))
        baseline = seasonal + course
        return Parts(baseline, seasonal, course, values - baseline)


def _course(learned: Vector, size: int, kind: str) -> Vector:
    import numpy

    if kind == "none":
        return numpy.zeros(size)
    if kind == "avg":
        return numpy.full(size, float(learned.mean()))
    line = fits.through(learned)
    course: Vector = line.slope * numpy.arange(size, dtype=float) + line.interception
    return course


def seasonal(series: object, period: object = None, test_points: object = None) -> object:
    """The seasonal part alone: zeros when no period is found that scores at least 0.7."""
    import numpy

    values = vector(series)
    if values is None or not numpy.isfinite(values).all():
        return None
    learned = values[: len(values) - points(test_points, len(values))]
    found = _period(learned, integer(period, -1), _SEASONAL_SCORE)
    return listed(_season(learned, len(values), found) if found else numpy.zeros(len(values)))


def decompose(
    series: object, period: object = None, trend: object = None, test_points: object = None, threshold: object = None
) -> tuple[object, ...]:
    """Baseline, seasonal part, trend and residual."""
    found = _parts(series, period, trend, test_points, threshold)
    if found is None:
        return (None,) * 4
    return tuple(listed(one) for one in (found.baseline, found.seasonal, found.trend, found.residual))


def forecast(
    series: object, ahead: object, period: object = None, trend: object = None, threshold: object = None
) -> tuple[object, ...]:
    """The baseline that is learned without the last ``ahead`` points, with its parts."""
    return decompose(series, period, trend, ahead, threshold)


def anomalies(
    series: object,
    threshold: object = None,
    period: object = None,
    trend: object = None,
    test_points: object = None,
    method: object = None,
    seasonality: object = None,
) -> tuple[object, ...]:
    """For each point 1, -1 or 0 (above, below or within what is expected), its score and the baseline."""
    import numpy

    found = _parts(series, period, trend, test_points, seasonality)
    bounds = _FENCES.get(str(method) if method else "ctukey")
    limit = real(threshold)
    if found is None or bounds is None:
        return (None,) * 3
    size = len(found.residual)
    noise = 1e-12 * float(numpy.abs(found.baseline).max())
    residual = numpy.where(numpy.abs(found.residual) > noise, found.residual, 0.0)
    scores = outliers.scores(residual, numpy.ones(size, dtype=bool), bounds, points(test_points, size))
    bound = 1.5 if limit is None or math.isnan(limit) else limit
    flags = [1 if one > bound else -1 if one < -bound else 0 for one in scores.tolist()]
    return flags, listed(scores), listed(found.baseline)
