"""Aggregates that choose one row of a group. They give its index, or ``None`` when there are no rows.

Of several rows that are equally good the first is chosen. A row whose value is null is chosen by ``arg_min`` and
``arg_max`` only when all are. ``take_any`` of one column passes over nulls and empty texts as long as it can.
"""

from __future__ import annotations

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.types import STRING, Type


def _extreme(sign: int) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del types, result

        def of(values: list[object], *_: list[object]) -> int | None:
            best: int | None = None
            for i, value in enumerate(values):
                if value is None or value != value:
                    continue
                if best is None or (value > values[best] if sign > 0 else value < values[best]):  # type: ignore[operator]
                    best = i
            return best if best is not None else 0 if values else None

        return of

    return make


def _first(values: list[object]) -> int | None:
    for i, value in enumerate(values):
        if value is not None and value != "":
            return i
    return 0 if values else None


def _any(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result

    def of(*columns: list[object]) -> int | None:
        if len(columns) == 1:
            return _first(columns[0])
        return 0 if columns and columns[0] else None

    return of


def _any_if(types: tuple[Type, ...], result: Type) -> Compute:
    nothing = "" if types[0] is STRING else None

    def of(values: list[object], condition: list[object]) -> object:
        kept = [value for value, one in zip(values, condition, strict=True) if one is True]
        place = _first(kept)
        return nothing if place is None else kept[place]

    del result
    return of


AGGREGATES: dict[str, Maker] = {
    "any": _any,
    "take_any": _any,
    "anyif": _any_if,
    "take_anyif": _any_if,
    "arg_min": _extreme(-1),
    "argmin": _extreme(-1),
    "arg_max": _extreme(1),
    "argmax": _extreme(1),
}
