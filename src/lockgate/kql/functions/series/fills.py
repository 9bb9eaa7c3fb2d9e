"""Filling of missing values: a placeholder (by default null) is replaced from the values around it."""

from __future__ import annotations

from itertools import pairwise

from lockgate.kql.functions.series.arrays import Number, Numbers, number, numbers, whole


def _missing(found: Numbers, placeholder: object) -> list[bool]:
    mark = number(placeholder)
    return [one is None for one in found] if mark is None else [one is not None and one == mark for one in found]


def forward(series: object, placeholder: object = None) -> object:
    """The nearest value to the left; missing ones at the start stay."""
    found = numbers(series)
    if found is None:
        return None
    last: Number | None = None
    seen = False
    out: list[object] = []
    for one, missing in zip(found, _missing(found, placeholder), strict=True):
        if not missing:
            last, seen = one, True
        out.append(last if missing and seen else one)
    return out


def backward(series: object, placeholder: object = None) -> object:
    """The nearest value to the right; missing ones at the end stay."""
    found = forward(series[::-1], placeholder) if isinstance(series, list) else None
    return found[::-1] if isinstance(found, list) else None


def constant(series: object, value: object = 0, placeholder: object = None) -> object:
    """``value``, as a number of the kind that the series holds."""
    found = numbers(series)
    if found is None:
        return None
    filler = _like(found, number(value))
    return [filler if missing else one for one, missing in zip(found, _missing(found, placeholder), strict=True)]


def _like(found: Numbers, value: Number | None) -> Number | None:
    if value is None:
        return None
    if whole(found):
        return int(value) if value == value and abs(value) < 2**63 else None
    return float(value)


def linear(series: object, placeholder: object = None, edges: object = True, value: object = 0) -> object:
    """Values on the line between the neighbours, cut to whole numbers in a series of longs; at the edges the nearest
    one unless ``edges`` is false. A series without any value is filled with ``value``, unless that is null."""
    found = numbers(series)
    if found is None:
        return None
    missing = _missing(found, placeholder)
    known = [i for i, one in enumerate(missing) if not one]
    if not known:
        filler = number(value)
        return list(found) if filler is None else [float(filler)] * len(found)
    out: list[object] = list(found)
    longs = whole([found[i] for i in known])
    for left, right in pairwise(known):
        start, stop = found[left], found[right]
        if right - left == 1 or start is None or stop is None:
            continue
        step = (float(stop) - float(start)) / (right - left)
        for i in range(left + 1, right):
            between = float(start) + step * (i - left)
            out[i] = int(between) if longs else between
    if edges is not False:
        out[: known[0]] = [found[known[0]]] * known[0]
        out[known[-1] + 1 :] = [found[known[-1]]] * (len(found) - 1 - known[-1])
    return out
