"""Digital filters and Fourier transforms of series."""

from __future__ import annotations

from lockgate.kql.functions.series.arrays import Vector, listed, vector

_MOST_WORK = 64_000_000
"""Most multiplications of one filter."""


def fir(series: object, filter_: object, normalize: object = None, center: object = False) -> object:
    """A finite impulse response filter: every element becomes the sum of itself and those before it, weighted by the
    filter's coefficients. Outside of the series all is zero.

    Divided by the coefficients' sum when ``normalize`` (by default, unless one of them is negative; null when it is
    asked for though one is); around the element instead of before it when ``center``.
    """
    import numpy

    x, weights = vector(series), vector(filter_)
    if x is None or weights is None or len(x) * len(weights) > _MOST_WORK:
        return None
    negative = bool((weights < 0).any())
    if normalize is None:
        normalize = not negative
    if normalize:
        if negative:
            return None
        with numpy.errstate(all="ignore"):
            weights = weights / weights.sum()
    with numpy.errstate(all="ignore"):
        whole = numpy.convolve(x, weights)
    start = (len(weights) - 1) // 2 if center else 0
    return listed(whole[start : start + len(x)])


def iir(series: object, numerators: object, denominators: object) -> object:
    """An infinite impulse response filter with the transfer function of the two rows of coefficients."""
    x, upper, lower = vector(series), vector(numerators), vector(denominators)
    if x is None or upper is None or lower is None or not lower[0]:
        return None
    if len(x) * (len(upper) + len(lower)) > _MOST_WORK:
        return None
    return listed(_recursed(x, upper, lower))


def _recursed(x: Vector, upper: Vector, lower: Vector) -> Vector:
    import numpy

    with numpy.errstate(all="ignore"):
        driven = numpy.convolve(x, upper)[: len(x)]
        back = lower[1:]
        out = numpy.zeros(len(x))
        for i in range(len(x)):
            reach = min(i, len(back))
            past = float(back[:reach] @ out[i - reach : i][::-1]) if reach else 0.0
            out[i] = (driven[i] - past) / lower[0]
    return out


def fft(series: object, imaginary: object = None) -> tuple[object, object]:
    """The discrete Fourier transform: real and imaginary parts."""
    return _transformed(series, imaginary, inverse=False)


def ifft(series: object, imaginary: object = None) -> tuple[object, object]:
    """Its inverse."""
    return _transformed(series, imaginary, inverse=True)


def _transformed(series: object, imaginary: object, *, inverse: bool) -> tuple[object, object]:
    import numpy

    real = vector(series)
    other = None if imaginary is None else vector(imaginary)
    if real is None or (imaginary is not None and (other is None or len(other) != len(real))):
        return None, None
    values = real if other is None else real + 1j * other
    with numpy.errstate(all="ignore"):
        found = numpy.fft.ifft(values) if inverse else numpy.fft.fft(values)
    return listed(found.real), listed(found.imag)
