"""Lines, two lines and polynomials through a series, by least squares."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql.functions.series.arrays import Vector, integer, listed, vector

_HIGHEST_DEGREE = 64
_NAMES = ("rsquare", "slope", "variance", "rvariance", "interception")


@dataclass(frozen=True, slots=True)
class Line:
    """The line of least squares through a series of evenly spaced points."""

    rsquare: float
    """Which part of the variance it explains."""
    slope: float
    """Its rise from one point to the next."""
    variance: float
    """The sample variance of the series."""
    rvariance: float
    """That of what the line leaves."""
    interception: float
    """Its value at the first point."""
    values: Vector
    """Its values at all points."""


def through(values: Vector) -> Line:
    """The line through at least one value."""
    import numpy

    places = numpy.arange(len(values), dtype=float)
    with numpy.errstate(all="ignore"):
        slope, interception = 0.0, float(values.mean())
        if len(values) > 1:
            centred = places - places.mean()
            slope = float(centred @ values) / float(centred @ centred)
            interception -= slope * float(places.mean())
        fitted = slope * places + interception
        variance, left = _variance(values), _variance(values - fitted)
    return Line(_explained(variance, left), slope, variance, left, interception, fitted)


def _variance(values: Vector) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _explained(variance: float, left: float) -> float:
    return 1.0 - left / variance if variance else 0.0 if left else 1.0


def line(series: object) -> tuple[object, ...]:
    """What ``series_fit_line`` gives, in its order."""
    values = vector(series)
    if values is None:
        return (None,) * 6
    found = through(values)
    return (*(getattr(found, name) for name in _NAMES), listed(found.values))


def line_dynamic(series: object) -> object:
    """The same as one bag."""
    found = line(series)
    return None if found[0] is None else dict(zip((*_NAMES, "line_fit"), found, strict=True))


@dataclass(frozen=True, slots=True)
class TwoLines:
    """The two lines that leave least, and where the second begins."""

    rsquare: float
    """Which part of the variance both explain."""
    split: int
    """The place of the first point of the right part."""
    variance: float
    """The sample variance of the series."""
    rvariance: float
    """That of what the lines leave."""
    values: Vector
    """The lines' values."""
    left: Line
    """The line through the points before the split."""
    right: Line
    """The line through the others; its first point is its origin."""


def _two(series: object) -> TwoLines | None:
    import numpy

    values = vector(series)
    if values is None or len(values) < 4:
        return None
    split = _best_split(values)
    left, right = through(values[:split]), through(values[split:])
    with numpy.errstate(all="ignore"):
        fitted = numpy.concatenate((left.values, right.values))
        variance, rest = _variance(values), _variance(values - fitted)
    return TwoLines(_explained(variance, rest), split, variance, rest, fitted, left, right)


def _best_split(values: Vector) -> int:
    """Where two lines with at least two points each leave least, from running sums."""
    import numpy

    with numpy.errstate(all="ignore"):
        scale = float(numpy.abs(values).max()) or 1.0
        centred = (values - values.mean()) / scale
        rest = _left_by_line(centred)[1:-2] + _left_by_line(centred[::-1])[::-1][2:-1]
    rest = numpy.where(numpy.isfinite(rest), rest, numpy.inf)
    return int(rest.argmin()) + 2


def _left_by_line(values: Vector) -> Vector:
    """What the line through the first 1, 2, ... values leaves, as sums of squares."""
    import numpy

    count = numpy.arange(1, len(values) + 1, dtype=float)
    places = numpy.arange(len(values), dtype=float)
    total, crossed = values.cumsum(), (places * values).cumsum()
    middle = (count - 1) / 2
    spread = count * (count * count - 1) / 12
    against = crossed - middle * total
    explained = numpy.divide(against * against, spread, out=numpy.zeros_like(spread), where=spread > 0)
    left: Vector = numpy.maximum((values * values).cumsum() - total * total / count - explained, 0.0)
    return left


def two_lines(series: object) -> tuple[object, ...]:
    """What ``series_fit_2lines`` gives, in its order."""
    found = _two(series)
    if found is None:
        return (None,) * 15
    sides = [
        value
        for one in (found.right, found.left)
        for value in (one.rsquare, one.slope, one.interception, one.variance, one.rvariance)
    ]
    return (found.rsquare, found.split, found.variance, found.rvariance, listed(found.values), *sides)


def two_lines_dynamic(series: object) -> object:
    """The same as one bag, the sides as bags in it."""
    found = _two(series)
    if found is None:
        return None
    sides = {
        side: {name: getattr(one, name) for name in ("rsquare", "slope", "interception", "variance", "rvariance")}
        for side, one in (("right", found.right), ("left", found.left))
    }
    return {
        "rsquare": found.rsquare, "split_idx": found.split, "variance": found.variance,
        "rvariance": found.rvariance, "line_fit": listed(found.values), **sides,
    }  # fmt: skip


def polynomial(series: object, places: object = None, degree: object = None) -> tuple[object, ...]:
    """What ``series_fit_poly`` gives: r-square, coefficients from the highest power on, variances, fitted values.

    Without ``places`` the points lie at 1, 2, ... The columns of the powers are scaled before they are solved for.
    """
    import numpy

    nothing = (None,) * 5
    values = vector(series)
    order = integer(degree, 1)
    if values is None or not 0 <= order <= _HIGHEST_DEGREE:
        return nothing
    at = numpy.arange(1, len(values) + 1, dtype=float) if places is None else vector(places)
    if at is None or len(at) != len(values):
        return nothing
    with numpy.errstate(all="ignore"):
        powers = numpy.vander(at, order + 1)
        scale = numpy.sqrt((powers * powers).sum(axis=0))
        scale[scale == 0] = 1.0
        columns = powers / scale
        if not (numpy.isfinite(columns).all() and numpy.isfinite(values).all()):
            return nothing
        try:
            coefficients = numpy.linalg.lstsq(columns, values, rcond=None)[0] / scale
        except numpy.linalg.LinAlgError:
            return nothing
        fitted = powers @ coefficients
        variance, rest = _variance(values), _variance(values - fitted)
    return _explained(variance, rest), listed(coefficients), variance, rest, listed(fitted)
