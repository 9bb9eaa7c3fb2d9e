"""``+ - * / %`` and the sign: whole numbers, reals, decimals, and times counted in ticks.

Null with anything is null, and so is what no value of the result's type can hold. Whole numbers divide toward zero, the
rest of a division is never negative, and a whole number divided by zero is null; a real one is infinite or no number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from lockgate.kql.convert import EXACT, converter, number_to_decimal, real_to_long
from lockgate.kql.literals import INT_MAX, LONG_MAX
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.types import DATETIME, DECIMAL, INT, LONG, REAL, TIMESPAN, Type

Combine = Callable[[Any, Any], Any]
_TICKS = (DATETIME, TIMESPAN)


def arithmetic(operator: str, left: Type, right: Type, result: Type) -> Combine:
    """What the operator does to values of two types."""
    if result.element is not None and result.kind == "single":
        result = result.element
    if result.dynamic:
        return _on_dynamic(operator)
    sides = _sides(left, right, result)
    if result in _TICKS:
        return _guarded(_ticks(operator, MAX_MOMENT if result is DATETIME else None), sides, result)
    if result is REAL:
        return _guarded(_REALS[operator], sides, result)
    if result is DECIMAL:
        return _guarded(_DECIMALS[operator], sides, result)
    return _guarded(_WHOLE[operator], sides, result)


Side = Callable[[Any], Any] | None


def _sides(left: Type, right: Type, result: Type) -> tuple[Side, Side]:
    """What each operand is converted by before the operator sees it."""

    def one(type_: Type, other: Type) -> Side:
        if type_.dynamic:
            # Of a dynamic operand the other one's type says what it must be.
            target = other if other in (*_TICKS, DECIMAL) else REAL if result is REAL else None
            if target is None:
                return dynamic_whole if result in (LONG, INT) else dynamic_number
            return converter(type_, target)
        if result is REAL and type_ not in _TICKS:
            return None if type_ is REAL else _float
        return number_to_decimal if result is DECIMAL else None

    return one(left, right), one(right, left)


def _float(value: Any) -> float | None:
    return float(value)


def dynamic_number(value: Any) -> int | float | None:
    """The number that a dynamic value is."""
    return value if isinstance(value, int | float) else None


def dynamic_whole(value: Any) -> int | None:
    """The whole number that a dynamic value is, without its fraction."""
    return value if isinstance(value, int) else real_to_long(value) if isinstance(value, float) else None


def _guarded(compute: Combine, sides: tuple[Side, Side], result: Type) -> Combine:
    first, second = sides

    def run(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        if first is not None:
            a = first(a)
        if second is not None:
            b = second(b)
        return None if a is None or b is None else compute(a, b)

    def plain(a: Any, b: Any) -> Any:
        return None if a is None or b is None else compute(a, b)

    chosen = plain if first is None and second is None else run
    if result is not INT:
        return chosen
    # Integers of 32 bits widen under every operator; this is for results that are declared int.
    return lambda a, b: found if (found := chosen(a, b)) is not None and -INT_MAX - 1 <= found <= INT_MAX else None


def _on_dynamic(operator: str) -> Combine:
    def run(a: Any, b: Any) -> Any:
        a, b = dynamic_number(a), dynamic_number(b)
        if a is None or b is None:
            return None
        if isinstance(a, float) or isinstance(b, float):
            return _REALS[operator](float(a), float(b))
        return _WHOLE[operator](a, b)

    return run


# --- whole numbers


def _kept(value: int) -> int | None:
    return value if -LONG_MAX - 1 <= value <= LONG_MAX else None


def _divide_whole(a: Any, b: Any) -> int | None:
    if not b:
        return None
    found = abs(a) // abs(b)
    return _kept(found if (a < 0) == (b < 0) else -found)


def _rest_whole(a: Any, b: Any) -> int | None:
    return a % abs(b) if b else None


_WHOLE: dict[str, Combine] = {
    "+": lambda a, b: _kept(a + b),
    "-": lambda a, b: _kept(a - b),
    "*": lambda a, b: _kept(a * b),
    "/": _divide_whole,
    "%": _rest_whole,
}


# --- reals


def divide_real(a: float, b: float) -> float:
    """As hardware divides."""
    if b:
        return a / b
    return math.nan if not a or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _rest_real(a: float, b: float) -> float:
    try:
        found = math.fmod(a, b)
    except ValueError:
        return math.nan
    return found + abs(b) if found < 0 else found


_REALS: dict[str, Combine] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: divide_real(float(a), float(b)),
    "%": _rest_real,
}


# --- decimals


def _decimal(compute: Callable[[Decimal, Decimal], Decimal]) -> Combine:
    def run(a: Decimal, b: Decimal) -> Decimal | None:
        try:
            found = compute(a, b)
        except DecimalException:
            return None
        return found if found.is_finite() else None

    return run


def _rest_decimal(a: Decimal, b: Decimal) -> Decimal:
    found = EXACT.remainder(a, b)
    return EXACT.add(found, abs(b)) if found < 0 else found


_DECIMALS: dict[str, Combine] = {
    "+": _decimal(EXACT.add),
    "-": _decimal(EXACT.subtract),
    "*": _decimal(EXACT.multiply),
    "/": _decimal(EXACT.divide),
    "%": _decimal(_rest_decimal),
}


# --- ticks


def _ticks(operator: str, most: int | None) -> Combine:
    """On ticks, or on ticks and a number. ``most``: the result is a datetime, which is never before the first one."""
    compute = _OF_TICKS[operator]

    def run(a: Any, b: Any) -> int | None:
        try:
            found = compute(a, b)
        except (OverflowError, ValueError, DecimalException):
            return None
        if found is None:
            return None
        return _kept(found) if most is None else found if 0 <= found <= most else None

    return run


def _scale_ticks(a: Any, b: Any) -> int:
    if isinstance(a, Decimal) or isinstance(b, Decimal):
        return int(EXACT.multiply(Decimal(a), Decimal(b)))
    return int(a * b)


def _divide_ticks(a: Any, b: Any) -> int | None:
    if not b:
        return None
    return int(a / b) if isinstance(b, float) else int(EXACT.divide(Decimal(a), Decimal(b)))


def _rest_ticks(a: Any, b: Any) -> int | None:
    step = abs(int(b))
    return int(a) % step if step else None


_OF_TICKS: dict[str, Combine] = {
    "+": lambda a, b: int(a) + int(b),
    "-": lambda a, b: int(a) - int(b),
    "*": _scale_ticks,
    "/": _divide_ticks,
    "%": _rest_ticks,
}


# --- sign


def negated(type_: Type) -> Callable[[Any], Any]:
    """The value with the other sign."""
    most = INT_MAX if type_ is INT else LONG_MAX
    if type_ is DATETIME:
        return lambda value: None

    def run(value: Any) -> Any:
        if value is None or isinstance(value, str | list | dict):
            return None
        return -value if not isinstance(value, int) or -most <= value <= most + 1 else None

    return run
