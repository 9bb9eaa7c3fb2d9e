"""Numbers that sum a series up."""

from __future__ import annotations

import math

from lockgate.kql.functions.series.arrays import Vector, integer, number, numbers, real, vector

_STATISTICS = ("min", "min_idx", "max", "max_idx", "avg", "stdev", "variance")


def stats(series: object, ignore: object = False) -> tuple[object, ...]:
    """Least and greatest element with their first places, average, and the sample's deviation and variance.

    All are null when an element is not finite, unless such are to be passed over.
    """
    found = _summed(series, ignore)
    return tuple(None if found is None else found[name] for name in _STATISTICS)


def stats_dynamic(series: object, ignore: object = False) -> object:
    """The same, with sum and length, as one bag."""
    return _summed(series, ignore)


def _summed(series: object, ignore: object) -> dict[str, object] | None:
    found = numbers(series)
    if found is None:
        return None
    kept = [(i, float(one)) for i, one in enumerate(found) if one is not None and math.isfinite(one)]
    if not kept or (len(kept) < len(found) and ignore is not True):
        return None
    import numpy

    values = numpy.array([one for _, one in kept])
    least, most = int(values.argmin()), int(values.argmax())
    with numpy.errstate(all="ignore"):
        average = float(values.mean())
        variance = float(values.var(ddof=1)) if len(values) > 1 else 0.0
        total = float(values.sum())
    return {
        "min": float(values[least]), "min_idx": kept[least][0], "max": float(values[most]), "max_idx": kept[most][0],
        "avg": average, "stdev": math.sqrt(variance), "variance": variance, "sum": total, "len": len(kept),
    }  # fmt: skip


def total(series: object) -> object:
    """The sum of the elements; null when one is no number."""
    found = numbers(series)
    if not found or None in found:
        return None
    return _safely(lambda: math.fsum(one for one in found if one is not None), found)


def _safely(compute: object, found: list[int | float | None]) -> float:
    import numpy

    try:
        return float(compute())  # type: ignore[operator]
    except (OverflowError, ValueError):
        with numpy.errstate(all="ignore"):
            return float(numpy.array(found, dtype=float).sum())


def product(series: object) -> object:
    """The product of the elements; null when one is no number."""
    import numpy

    values = vector(series)
    if values is None:
        return None
    with numpy.errstate(all="ignore"):
        return float(values.prod())


def magnitude(series: object) -> object:
    """The length of the series as a vector; null when an element is no number."""
    values = vector(series)
    return None if values is None else _norm(values)


def _norm(values: Vector) -> float:
    import numpy

    with numpy.errstate(all="ignore"):
        return math.sqrt(float(values @ values))


def _shortened(left: object, right: object) -> tuple[Vector, Vector] | None:
    """Both series cut to the shorter one, without the places where one is no number."""
    import numpy

    first, second = numbers(left), numbers(right)
    if not first or not second:
        return None
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a is not None and b is not None]
    if not pairs:
        return None
    both = numpy.array(pairs, dtype=float)
    return both[:, 0], both[:, 1]


def dot_product(left: object, right: object) -> object:
    """The dot product of both, the longer one cut; one number stands for a series of it."""
    import numpy

    if isinstance(left, list) and not isinstance(right, list):
        right = [number(right)] * len(left)
    elif isinstance(right, list) and not isinstance(left, list):
        left = [number(left)] * len(right)
    both = _shortened(left, right)
    if both is None:
        return None
    with numpy.errstate(all="ignore"):
        return float(both[0] @ both[1])


def cosine_similarity(left: object, right: object, first: object = None, second: object = None) -> object:
    """The cosine of the angle between both; their magnitudes may be given, which spares computing them."""
    import numpy

    both = _shortened(left, right)
    if both is None:
        return None
    given = real(first), real(second)
    lengths = [_norm(one) if known is None else known for one, known in zip(both, given, strict=True)]
    with numpy.errstate(all="ignore"):
        dot = float(both[0] @ both[1])
    return dot / (lengths[0] * lengths[1]) if lengths[0] * lengths[1] else math.nan


def pearson_correlation(left: object, right: object) -> object:
    """Pearson's correlation; null when the lengths differ or an element is no number."""
    import numpy

    first, second = vector(left), vector(right)
    if first is None or second is None or len(first) != len(second):
        return None
    with numpy.errstate(all="ignore"):
        one, two = first - first.mean(), second - second.mean()
        divisor = math.sqrt(float(one @ one)) * math.sqrt(float(two @ two))
        return float(one @ two) / divisor if divisor else math.nan


def points(value: object, length: int) -> int:
    """How many points at the end are kept out of learning: at least two are left to learn from."""
    return min(max(integer(value, 0), 0), max(length - 2, 0))
