"""Arrays as sets: each element once, in the order in which it is first seen."""

from __future__ import annotations

from typing import Any

from lockgate.kql.convert import to_dynamic
from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.text import json_text
from lockgate.kql.types import Type


def identity(value: Any) -> Any:
    """What stands for a dynamic value among others: ``1`` and ``1.0`` are one, ``1`` and ``true`` are not."""
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, list | dict):
        return "json", json_text(value)
    return "NaN" if value != value else value


def distinct(values: list[Any]) -> dict[Any, Any]:
    """Each value once, by what stands for it."""
    found: dict[Any, Any] = {}
    for one in values:
        found.setdefault(identity(one), one)
    return found


def _union(*sets: Any) -> list[Any] | None:
    given = [one for one in sets if isinstance(one, list)]
    return list(distinct([item for one in given for item in one]).values()) if given else None


def _intersect(*sets: Any) -> list[Any] | None:
    if not all(isinstance(one, list) for one in sets):
        return None
    kept = distinct(sets[0])
    for one in sets[1:]:
        other = distinct(one)
        kept = {key: value for key, value in kept.items() if key in other}
    return list(kept.values())


def _difference(first: Any, *others: Any) -> list[Any] | None:
    if not isinstance(first, list):
        return None
    kept = distinct(first)
    for one in others:
        for key in distinct(one) if isinstance(one, list) else ():
            kept.pop(key, None)
    return list(kept.values())


def _has_element(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    pack = to_dynamic(types[1])

    def run(array: Any, value: Any) -> bool | None:
        if not isinstance(array, list):
            return None
        sought = identity(pack(value))
        return any(identity(one) == sought for one in array)

    return run


def _equals(first: Any, second: Any) -> bool | None:
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    return distinct(first).keys() == distinct(second).keys()


def _jaccard(first: Any, second: Any) -> float | None:
    """How much two sets have in common: the size of what is in both by the size of what is in either."""
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    one, other = distinct(first).keys(), distinct(second).keys()
    either = len(one | other)
    return len(one & other) / either if either else None


FUNCTIONS: dict[str, Maker] = {
    "set_union": plain(_union),
    "set_intersect": plain(_intersect),
    "set_difference": plain(_difference),
    "set_has_element": _has_element,
    "set_equals": plain(_equals),
    "jaccard_index": plain(_jaccard),
}
