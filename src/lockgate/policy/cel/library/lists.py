"""Kubernetes' list functions and cel-go's lists extension (version 3)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from lockgate.policy.cel.constructs import ordered
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.metering import MAX_SIZE, charge_each, charge_new
from lockgate.policy.cel.operators import add, equal, less
from lockgate.policy.cel.values import NONE, CelError, Optional, no_overload, type_name

List = list[object]


def _is_sorted(items: List) -> bool:
    charge_each(len(items))
    return all(not less(after, before) for before, after in pairwise(items))


def _sum(items: List) -> object:
    charge_each(len(items))
    if not items:
        return 0
    total = items[0]
    if type_name(total) not in ("int", "uint", "double", "google.protobuf.Duration"):
        raise no_overload("sum", total)
    for item in items[1:]:
        total = add(total, item)
    return total


def _extreme(name: str, better: Callable[[object, object], bool]) -> Callable[[List], object]:
    def pick(items: List) -> object:
        charge_each(len(items))
        if not items:
            raise CelError(f"{name} called on empty list")
        best = items[0]
        for item in items[1:]:
            best = item if better(item, best) else best
        return best

    return pick


def _index_of(items: List, value: object) -> int:
    charge_each(len(items))
    return next((at for at, item in enumerate(items) if equal(item, value)), -1)


def _last_index_of(items: List, value: object) -> int:
    charge_each(len(items))
    return next((at for at in range(len(items) - 1, -1, -1) if equal(items[at], value)), -1)


def _slice(items: List, start: int, end: int) -> List:
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if end > len(items):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def _flatten(items: List, depth: int = 1) -> List:
    if depth < 0:
        raise CelError("level must be non-negative")
    while depth > 0 and any(type(item) is list for item in items):
        flat: List = []
        for item in items:
            flat.extend(item if type(item) is list else (item,))
            if len(flat) > MAX_SIZE:
                break
        charge_new(len(flat))
        items, depth = flat, depth - 1
    return items


def _sort(items: List) -> List:
    return sorted(items, key=ordered(items))  # type: ignore[arg-type]


def _distinct(items: List) -> List:
    found: List = []
    texts: set[str] = set()
    for item in items:
        if type(item) is str:
            if item not in texts:
                texts.add(item)
                found.append(item)
            continue
        charge_each(len(found))
        if not any(equal(item, other) for other in found):
            found.append(item)
    charge_each(len(items))
    return found


def _range(count: int) -> List:
    if count < 0:
        return []
    charge_new(count)
    return list(range(count))


def _reverse(items: List) -> List:
    charge_each(len(items))
    return items[::-1]


LIBRARY = [
    method("isSorted", "list", do=_is_sorted, result="bool"),
    method("sum", "list", do=_sum),
    method("min", "list", do=_extreme("min", lambda item, best: less(item, best))),
    method("max", "list", do=_extreme("max", lambda item, best: less(best, item))),
    method("indexOf", "list", "any", do=_index_of, result="int"),
    method("lastIndexOf", "list", "any", do=_last_index_of, result="int"),
    method("slice", "list", "int", "int", do=_slice, result="list"),
    method("flatten", "list", do=_flatten, result="list"),
    method("flatten", "list", "int", do=_flatten, result="list"),
    method("sort", "list", do=_sort, result="list"),
    method("distinct", "list", do=_distinct, result="list"),
    method("reverse", "list", do=_reverse, result="list"),
    method("first", "list", do=lambda items: Optional(items[0]) if items else NONE),
    method("last", "list", do=lambda items: Optional(items[-1]) if items else NONE),
    function("lists.range", "int", do=_range, result="list"),
]
