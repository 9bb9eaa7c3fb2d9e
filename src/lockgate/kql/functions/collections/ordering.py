"""``array_sort_asc`` and ``array_sort_desc``: the first array in order, the others moved along with it.

Numbers come before texts, those before what has no order of its own; nulls stand last unless they are wanted first.
"""

from __future__ import annotations

from typing import Any

from lockgate.kql.functions import Compute, Maker
from lockgate.kql.text import json_text
from lockgate.kql.types import BOOL, Type


def _key(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 0, int(value)
    if isinstance(value, int | float):
        return 1, value if value == value else float("-inf")
    return (2, value) if isinstance(value, str) else (3, json_text(value))


def _order(values: list[Any], *, descending: bool, nulls_last: bool) -> list[int]:
    """The places of the values in order; equal ones stay as they stand."""
    known = [i for i, one in enumerate(values) if one is not None]
    nulls = [i for i, one in enumerate(values) if one is None]
    known.sort(key=lambda i: _key(values[i]), reverse=descending)
    return known + nulls if nulls_last else nulls + known


def _sorted(descending: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        told = len(types) > 1 and types[-1] is BOOL
        count = len(types) - told

        def run(*values: Any) -> Any:
            arrays = values[:count]
            nulls_last = values[-1] is not False if told else True
            first = arrays[0]
            order = _order(first, descending=descending, nulls_last=nulls_last) if isinstance(first, list) else None
            found = tuple(
                [one[i] for i in order]
                if order is not None and isinstance(one, list) and len(one) == len(order)
                else None
                for one in arrays
            )
            return found if count > 1 else found[0]

        return run

    return make


FUNCTIONS: dict[str, Maker] = {"array_sort_asc": _sorted(False), "array_sort_desc": _sorted(True)}
