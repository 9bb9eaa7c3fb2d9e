"""Periods of a series.

A period is looked for as by Vlachos, Yu and Castelli ("On Periodicity Detection and Structural Periodic Similarity",
2005): what stands out in the periodogram is a hint, and the hill of the autocorrelation around the hint gives the
period. Its score is the lesser of the autocorrelations after one and after two periods, which is what the documented
scores are (0.84 and 0.0); a period is of 4 points at least and must fit more than twice into the series.
"""

from __future__ import annotations

import math

from lockgate.kql.functions.series.arrays import Vector, integer, real, vector

_SHORTEST = 4
_CHANCE = 0.01
"""How likely the strongest frequency of noise may pass for a hint."""
_MOST_HINTS = 64
_MOST_PERIODS = 1_000


def autocorrelation(values: Vector) -> Vector:
    """The autocorrelation at each distance, weighted by how many pairs there are; zeros of a constant series."""
    import numpy

    size = len(values)
    with numpy.errstate(all="ignore"):
        centred = values - values.mean()
        greatest = float(numpy.abs(centred).max())
        if not greatest or not math.isfinite(greatest):
            return numpy.zeros(size)
        centred = centred / greatest
        spectrum = numpy.fft.rfft(centred, 2 * size)
        found = numpy.fft.irfft(spectrum * spectrum.conj(), 2 * size)[:size]
        scaled: Vector = found / found[0] * size / numpy.arange(size, 0, -1)
    return scaled


def _score(correlation: Vector, period: float) -> float:
    one, two = round(period), round(2 * period)
    if not period >= _SHORTEST or two >= len(correlation):
        return 0.0
    return min(max(min(float(correlation[one]), float(correlation[two])), 0.0), 1.0)


def found(values: Vector, least: float, most: float) -> list[tuple[float, float]]:
    """Periods between ``least`` and ``most`` with their scores, best first."""
    correlation = autocorrelation(values)
    scored: dict[int, float] = {}
    for hint in _hints(values):
        period = _summit(correlation, hint)
        if period is not None and max(least, _SHORTEST) <= period <= most:
            scored[period] = _score(correlation, period)
    ordered = sorted(((score, period) for period, score in scored.items() if score), key=lambda one: (-one[0], one[1]))
    return [(float(period), score) for score, period in ordered]


def _hints(values: Vector) -> list[int]:
    """Frequencies, in cycles over the series, that are stronger than those of noise."""
    import numpy

    with numpy.errstate(all="ignore"):
        centred = values - values.mean()
        scale = float(numpy.abs(centred).max())
        if not scale or not math.isfinite(scale):
            return []
        power = numpy.abs(numpy.fft.rfft(centred / scale)[1:]) ** 2
    bound = float(power.sum()) * math.log(len(power) / _CHANCE) / len(power)
    strong = numpy.flatnonzero(power > bound)
    strongest = strong[power[strong].argsort()[::-1][:_MOST_HINTS]]
    return [int(one) + 1 for one in strongest]


def _summit(correlation: Vector, cycles: int) -> int | None:
    """The top of the hill around the period that a frequency hints at, when there is one."""
    size = len(correlation)
    start = max(math.floor(size / (cycles + 1)), 2)
    stop = min(math.ceil(size / (cycles - 1)) if cycles > 1 else size, size - 2)
    if stop < start:
        return None
    top = start + int(correlation[start : stop + 1].argmax())
    if correlation[top] < correlation[top - 1] or correlation[top] < correlation[top + 1]:
        return None
    return top


def detect(series: object, least: object, most: object, count: object) -> tuple[object, object]:
    """The ``count`` best periods and their scores; zeros where there are no more."""
    values = vector(series)
    wanted = integer(count, 0)
    shortest, longest = real(least), real(most)
    if values is None or shortest is None or longest is None or not 0 <= wanted <= _MOST_PERIODS:
        return None, None
    best = [one for one in found(values, shortest, longest) if not math.isnan(one[1])][:wanted]
    best += [(0.0, 0.0)] * (wanted - len(best))
    return [period for period, _ in best], [score for _, score in best]


def validate(series: object, *periods: object) -> tuple[object, object]:
    """The periods as they were given, and their scores."""
    values = vector(series)
    if values is None:
        return None, None
    correlation = autocorrelation(values)
    given = [real(one) for one in periods]
    usable = [one if one is not None and math.isfinite(one) else 0.0 for one in given]
    return list(given), [_score(correlation, one) for one in usable]
