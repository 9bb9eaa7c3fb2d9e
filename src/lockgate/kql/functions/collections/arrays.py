"""Parts and places of arrays. An index below zero counts from the end; what is no array gives null."""

from __future__ import annotations

from typing import Any

from lockgate.kql.convert import to_dynamic
from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.functions.collections.sets import identity
from lockgate.kql.types import Type


def _length(array: Any) -> int | None:
    return len(array) if isinstance(array, list) else None


def _concat(*arrays: Any) -> list[Any] | None:
    given = [one for one in arrays if isinstance(one, list)]
    return [item for one in given for item in one] if given else None


def _slice(array: Any, start: Any, end: Any) -> list[Any] | None:
    """From ``start`` to ``end``, which is in it."""
    if not isinstance(array, list) or start is None or end is None:
        return None
    begin = max(0, start + len(array)) if start < 0 else start
    last = end + len(array) if end < 0 else end
    return array[begin : last + 1] if last >= begin else []


def _split(array: Any, indexes: Any) -> list[Any] | None:
    if not isinstance(array, list):
        return None
    places = indexes if isinstance(indexes, list) else [indexes]
    found: list[Any] = []
    at = 0
    for one in places:
        if isinstance(one, bool) or not isinstance(one, int):
            return None
        place = max(0, one + len(array)) if one < 0 else one
        place = max(at, min(place, len(array)))
        found.append(array[at:place])
        at = place
    return [*found, array[at:]]


def _rotated(sign: int) -> Compute:
    def run(array: Any, count: Any) -> list[Any] | None:
        if not isinstance(array, list) or count is None:
            return None
        at = (sign * count) % len(array) if array else 0
        return array[at:] + array[:at]

    return run


def _shifted(sign: int) -> Maker:
    """Elements moved; what comes in is the default, or null."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        pack = to_dynamic(types[2]) if len(types) > 2 else None

        def run(array: Any, count: Any, default: Any = None) -> list[Any] | None:
            if not isinstance(array, list) or count is None:
                return None
            filler = pack(default) if pack is not None else None
            by = sign * count
            size = min(abs(by), len(array))
            return array[size:] + [filler] * size if by >= 0 else [filler] * size + array[: len(array) - size]

        return run

    return make


def _chosen(types: tuple[Type, ...], result: Type) -> Compute:
    """``array_iff``: for each condition an element of one of two arrays, or one of two values."""
    del result
    packers = [to_dynamic(one) for one in types[1:]]

    def run(conditions: Any, then: Any, otherwise: Any) -> list[Any] | None:
        if not isinstance(conditions, list):
            return None
        sides = [pack(one) for pack, one in zip(packers, (then, otherwise), strict=True)]
        return [_element(sides[0 if holds else 1], i) if _is_condition(holds) else None
                for i, holds in enumerate(conditions)]  # fmt: skip

    return run


def _is_condition(value: Any) -> bool:
    return isinstance(value, int | float)


def _element(side: Any, index: int) -> Any:
    if not isinstance(side, list):
        return side
    return side[index] if index < len(side) else None


def _index_of(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    pack = to_dynamic(types[1])

    def run(array: Any, value: Any, start: Any = 0, length: Any = -1, occurrence: Any = 1) -> int | None:
        if not isinstance(array, list) or None in (start, length, occurrence) or length < -1 or occurrence < 1:
            return None
        begin = max(0, start + len(array)) if start < 0 else start
        end = len(array) if length < 0 else min(len(array), begin + length)
        sought = identity(pack(value))
        for i in range(begin, end):
            if identity(array[i]) == sought:
                occurrence -= 1
                if not occurrence:
                    return i
        return -1

    return run


def _zip(*arrays: Any) -> list[Any] | None:
    if not all(isinstance(one, list) for one in arrays):
        return None
    longest = max(map(len, arrays))
    return [[one[i] if i < len(one) else None for one in arrays] for i in range(longest)]


FUNCTIONS: dict[str, Maker] = {
    **dict.fromkeys(("array_length", "arraylength"), plain(_length)),
    "array_concat": plain(_concat),
    "array_slice": plain(_slice),
    "array_split": plain(_split),
    "array_reverse": plain(lambda array: array[::-1] if isinstance(array, list) else None),
    "array_rotate_left": plain(_rotated(1)),
    "array_rotate_right": plain(_rotated(-1)),
    "array_shift_left": _shifted(1),
    "array_shift_right": _shifted(-1),
    **dict.fromkeys(("array_iff", "array_iif"), _chosen),
    "array_index_of": _index_of,
    "zip": plain(_zip),
}
