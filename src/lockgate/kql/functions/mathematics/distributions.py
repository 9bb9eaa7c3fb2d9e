"""The gamma, beta and error functions and what stands on them, as numerical libraries compute them.

The incomplete beta function is a continued fraction by Lentz's method (Press et al., Numerical Recipes, 6.4).
"""

from __future__ import annotations

import math
from typing import Any

from lockgate.kql.functions import Maker, strict
from lockgate.kql.functions.mathematics.elementary import real

_TINY, _CLOSE, _STEPS = 1e-300, 1e-15, 500


def _gamma(value: float) -> float:
    return math.gamma(value) if value > 0 or not float(value).is_integer() else math.nan


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    found = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + term * d, 1 + term / c
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            found *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return found


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The share of a beta distribution that lies below ``x``."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _valid(x: float, a: float, b: float) -> bool:
    return 0 <= x <= 1 and 0 < a < 1e12 and 0 < b < 1e12


def _beta_cdf(x: Any, alpha: Any, beta: Any) -> float:
    x, a, b = float(x), float(alpha), float(beta)
    return incomplete_beta(x, a, b) if _valid(x, a, b) else math.nan


def _beta_pdf(x: Any, alpha: Any, beta: Any) -> float:
    x, a, b = float(x), float(alpha), float(beta)
    if not _valid(x, a, b):
        return math.nan
    if x in (0.0, 1.0):
        edge = a if x == 0 else b
        return 0.0 if edge > 1 else math.inf if edge < 1 else math.exp(-_log_beta(a, b))
    try:
        return math.exp((a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - _log_beta(a, b))
    except OverflowError:
        return math.inf


def _beta_inv(probability: Any, alpha: Any, beta: Any) -> float | None:
    """By halving: as exact as a real can tell in a hundred steps. What is no probability gives null."""
    p, a, b = float(probability), float(alpha), float(beta)
    if not _valid(p, a, b):
        return None if _valid(0.5, a, b) else math.nan
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _welch(*values: Any) -> float | None:
    """The probability that two samples with these means, variances and sizes have one mean (two-sided)."""
    mean1, variance1, count1, mean2, variance2, count2 = map(float, values)
    if min(count1, count2) < 2 or min(variance1, variance2) < 0:
        return math.nan
    one, other = variance1 / count1, variance2 / count2
    if not one + other > 0:
        return math.nan
    try:
        square = (mean1 - mean2) ** 2 / (one + other)
        freedom = (one + other) ** 2 / (one**2 / (count1 - 1) + other**2 / (count2 - 1))
        return incomplete_beta(freedom / (freedom + square), freedom / 2, 0.5)
    except (OverflowError, ZeroDivisionError, ValueError):
        return math.nan


FUNCTIONS: dict[str, Maker] = {
    "gamma": real(_gamma, undefined=math.nan),
    "loggamma": real(math.lgamma, undefined=math.inf),
    "erf": real(math.erf),
    "erfc": real(math.erfc),
    "beta_cdf": strict(_beta_cdf),
    "beta_pdf": strict(_beta_pdf),
    "beta_inv": strict(_beta_inv),
    "welch_test": strict(_welch),
}
