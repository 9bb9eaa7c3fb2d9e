"""Arrays made of values: repeated, counted up, packed. None has more elements than the service allows."""

from __future__ import annotations

import math
from decimal import Decimal, DecimalException
from typing import Any

from lockgate.kql.convert import to_dynamic
from lockgate.kql.functions import Compute, Maker
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.types import DATETIME, REAL, TIMESPAN, Type

MOST = 1 << 20
"""Most elements of an array."""
_HOUR = 36_000_000_000


def _repeat(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    pack = to_dynamic(types[0])

    def run(value: Any, count: Any) -> list[Any] | None:
        return None if count is None else [pack(value)] * min(max(count, 0), MOST)

    return run


def _count(start: Any, stop: Any, step: Any) -> int:
    """How many values lie from ``start`` to ``stop``, and no more than an array holds."""
    if not step:
        return 0
    try:
        steps = (stop - start) / step if isinstance(step, float) else (stop - start) // step
    except DecimalException:
        return MOST if (stop > start) == (step > 0) else 0
    return int(min(max(math.floor(steps) + 1, 0), MOST)) if math.isfinite(steps) else MOST if steps > 0 else 0


def _range(types: tuple[Type, ...], result: Type) -> Compute:
    """From ``start`` up (or down) to ``stop`` by ``step``, which is 1, or an hour of times."""
    del result
    times = types[0] in (DATETIME, TIMESPAN)
    pack = to_dynamic(types[0])
    real = REAL in types and not times

    def run(start: Any, stop: Any, step: Any = _HOUR if times else 1) -> list[Any] | None:
        if None in (start, stop, step) or not step or not all(map(math.isfinite, (start, stop, step))):
            return None
        if real:
            start, stop, step = float(start), float(stop), float(step)
        elif times:
            step = int(step)
        if isinstance(start, Decimal) or isinstance(step, Decimal):
            start, step, stop = Decimal(start), Decimal(step), Decimal(stop)
        count = _count(start, stop, step)
        last = start + (count - 1) * step if count else start
        if types[0] is DATETIME and not 0 <= last <= MAX_MOMENT:
            return None
        return [pack(start + i * step) for i in range(count)]

    return run


def _pack_array(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    packers = [to_dynamic(one) for one in types]
    return lambda *values: [pack(one) for pack, one in zip(packers, values, strict=True)]


FUNCTIONS: dict[str, Maker] = {"repeat": _repeat, "range": _range, "pack_array": _pack_array}
