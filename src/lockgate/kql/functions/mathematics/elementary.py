"""Roots, powers, angles, rounding. Outside of where a function is defined its value is null, or no number (NaN)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from lockgate.kql.convert import EXACT
from lockgate.kql.functions import Compute, Maker, plain, strict
from lockgate.kql.literals import INT_MAX, LONG_MAX
from lockgate.kql.types import DECIMAL, INT, REAL, Type

_MOST_DIGITS = 400


def real(compute: Callable[[float], float], *, undefined: float | None = None) -> Maker:
    """A function of one real; ``undefined`` is its value where it has none, and what is too large is infinite."""

    def run(value: Any) -> float | None:
        try:
            return compute(float(value))
        except OverflowError:
            return math.inf
        except ValueError:
            return undefined

    return strict(run)


def _log(base: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: -math.inf if value == 0 else base(value)


def _power(base: float) -> Callable[[float], float]:
    return lambda value: math.exp2(value) if base == 2 else base**value


def _pow(base: Any, exponent: Any) -> float:
    try:
        return math.pow(float(base), float(exponent))
    except OverflowError:
        return -math.inf if float(base) < 0 and float(exponent) % 2 == 1 else math.inf
    except ValueError:
        return math.inf if float(base) == 0 else math.nan


def _cot(value: float) -> float:
    tangent = math.tan(value)
    return 1 / tangent if tangent else math.inf


def _same_type(
    of_whole: Callable[[int], int], of_real: Callable[[float], float], of_decimal: Callable[[Decimal], Decimal]
) -> Maker:
    """A function whose value has the type of its argument."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        most = INT_MAX if result is INT else LONG_MAX

        def run(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, int):
                found = of_whole(value)
                return found if -most - 1 <= found <= most else None
            try:
                return of_decimal(value) if isinstance(value, Decimal) else of_real(value)
            except DecimalException:
                return None

        del types
        return run

    return make


def _ceiling(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def _sign(value: Any) -> float:
    """Of null it is 0, as the service has it."""
    if value is None:
        return 0.0
    return float((value > 0) - (value < 0))


# --- rounding


def _round(types: tuple[Type, ...], result: Type) -> Compute:
    """Half goes away from zero; a precision below zero rounds to tens, hundreds and so on."""
    del result
    kind = types[0]

    def run(value: Any, precision: Any = 0) -> Any:
        if value is None or precision is None:
            return None
        digits = max(-_MOST_DIGITS, min(precision, _MOST_DIGITS))
        if kind is REAL:
            return _round_real(value, digits)
        if kind is DECIMAL:
            return _round_decimal(value, digits)
        return _round_whole(value, digits, INT_MAX if kind is INT else LONG_MAX)

    return run


def _round_real(value: float, digits: int) -> float:
    if not math.isfinite(value) or digits > 300:
        return value
    scale = 10.0 ** abs(digits) if abs(digits) <= 308 else math.inf
    scaled = abs(value) * scale if digits >= 0 else abs(value) / scale
    if not math.isfinite(scaled) or scaled >= 2**53:
        return value  # it has no digits there to be rounded
    whole = math.floor(scaled + 0.5)
    return math.copysign(whole / scale if digits >= 0 else whole * scale if whole else 0.0, value)


def _round_decimal(value: Decimal, digits: int) -> Decimal | None:
    try:
        return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT) if digits < 34 else value
    except DecimalException:
        return value


def _round_whole(value: int, digits: int, most: int) -> int | None:
    if digits >= 0:
        return value
    step = 10**-digits
    found = (abs(value) + step // 2) // step * step
    found = -found if value < 0 else found
    return found if -most - 1 <= found <= most else None


FUNCTIONS: dict[str, Maker] = {
    "sqrt": real(math.sqrt, undefined=math.nan),
    "log": real(_log(math.log)),
    "log2": real(_log(math.log2)),
    "log10": real(_log(math.log10)),
    "exp": real(math.exp),
    "exp2": real(_power(2.0)),
    "exp10": real(_power(10.0)),
    "pow": strict(_pow),
    "pi": plain(lambda: math.pi),
    "sin": real(math.sin, undefined=math.nan),
    "cos": real(math.cos, undefined=math.nan),
    "tan": real(math.tan, undefined=math.nan),
    "cot": real(_cot, undefined=math.nan),
    "asin": real(math.asin),
    "acos": real(math.acos),
    "atan": real(math.atan),
    "atan2": strict(lambda y, x: math.atan2(float(y), float(x))),
    "degrees": real(math.degrees),
    "radians": real(math.radians),
    "sign": plain(_sign),
    "abs": _same_type(abs, abs, abs),
    "ceiling": _same_type(lambda value: value, _ceiling, lambda value: value.to_integral_value("ROUND_CEILING")),
    "round": _round,
    "isnan": strict(math.isnan),
    "isinf": strict(math.isinf),
    "isfinite": strict(math.isfinite),
    "bitset_count_ones": strict(lambda value: (value & LONG_MAX * 2 + 1).bit_count()),
}
