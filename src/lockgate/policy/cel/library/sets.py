"""cel-go's sets extension: lists taken as sets."""

from __future__ import annotations

from lockgate.policy.cel.functions import function
from lockgate.policy.cel.metering import charge_each
from lockgate.policy.cel.operators import contains


def _holds(items: list[object], wanted: list[object]) -> bool:
    charge_each(len(wanted))
    return all(contains(item, items) for item in wanted)


def _equivalent(left: list[object], right: list[object]) -> bool:
    return _holds(left, right) and _holds(right, left)


def _intersects(left: list[object], right: list[object]) -> bool:
    charge_each(len(left))
    return any(contains(item, right) for item in left)


LIBRARY = [
    function("sets.contains", "list", "list", do=_holds, result="bool"),
    function("sets.equivalent", "list", "list", do=_equivalent, result="bool"),
    function("sets.intersects", "list", "list", do=_intersects, result="bool"),
]
