"""``bin`` and its kin: the greatest multiple that is not above a value. Datetimes count from 0001-01-01, a Monday."""

from __future__ import annotations

import math
from decimal import Decimal, DecimalException
from typing import Any

from lockgate.kql.convert import EXACT, number_to_decimal
from lockgate.kql.functions import Compute, Maker
from lockgate.kql.literals import LONG_MAX
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.types import DATETIME, DECIMAL, REAL, TIMESPAN, Type


def floored(value: Any, size: Any, origin: Any = 0) -> Any:
    """``origin`` plus the greatest whole number of ``size`` in ``value``, which of a size below zero lies above it.

    Of a size of zero it is null, and of reals NaN, as the service has it.
    """
    if isinstance(value, float) or isinstance(size, float):
        if not size:
            return math.nan
        steps = (value - origin) / size
        return (math.floor(steps) if math.isfinite(steps) else steps) * size + origin
    if not size:
        return None
    if isinstance(value, Decimal):
        try:
            steps = EXACT.divide(EXACT.subtract(value, origin), size).to_integral_value("ROUND_FLOOR")
            return EXACT.add(EXACT.multiply(steps, size), origin)
        except DecimalException:
            return None
    return (value - origin) // size * size + origin


def _bin(types: tuple[Type, ...], result: Type) -> Compute:
    """Values, sizes and perhaps an origin, all as the type of the result."""
    del types
    times = result in (DATETIME, TIMESPAN)
    as_type = number_to_decimal if result is DECIMAL else float if result is REAL else int if times else None
    least, most = (0, MAX_MOMENT) if result is DATETIME else (-LONG_MAX - 1, LONG_MAX)

    def run(*values: Any) -> Any:
        if None in values:
            return None
        try:
            given: list[Any] = [value if as_type is None else as_type(value) for value in values]
        except (ValueError, OverflowError):
            return None
        if None in given or (times and given[1] <= 0):
            return None
        found = floored(*given)
        if isinstance(found, int) and not least <= found <= most:
            return None
        return found

    return run


def _around(types: tuple[Type, ...], result: Type) -> Compute:
    """Whether a value is at most ``delta`` away from ``center``."""
    del types, result

    def run(value: Any, center: Any, delta: Any) -> bool | None:
        if value is None or center is None or delta is None:
            return None
        try:
            return bool(center - delta <= value <= center + delta)
        except (TypeError, ArithmeticError):
            return None

    return run


FUNCTIONS: dict[str, Maker] = {"bin": _bin, "floor": _bin, "bin_at": _bin, "around": _around}
