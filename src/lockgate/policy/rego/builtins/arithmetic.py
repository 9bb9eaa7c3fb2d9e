"""Numbers: the operators, rounding, bits, ranges and random numbers.

Integers are exact. Anything else is computed as OPA does: operands are rounded to 64 bits of mantissa, the result too,
and it is kept by its shortest decimal text. A result without a fraction is an integer from then on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from lockgate.policy.rego.builtins.contract import (
    MAX_ITEMS,
    BuiltinError,
    Context,
    Function,
    LimitError,
    integer,
    number,
    string,
    wrong_type,
)
from lockgate.policy.rego.values import MAX_NUMBER_BITS, Set, Value, WideFloat, is_whole, number_text

_LIMIT: Final = 1 << MAX_NUMBER_BITS
_PRECISION: Final = 64
_SMALL: Final = 1 << 62
_LEAST_EXPONENT: Final = -4_200
_HALF: Final = Fraction(1, 2)


def plus(a: Value, b: Value) -> Value:
    """``a + b``."""
    if type(a) is int and type(b) is int:
        return _within(a + b)
    x, y = number(a, 1), number(b, 2)
    return (
        _within(_integer(x) + _integer(y)) if is_whole(x) and is_whole(y) else from_fraction(fraction(x) + fraction(y))
    )


def minus(a: Value, b: Value) -> Value:
    """``a - b`` of numbers or of sets."""
    if type(a) is int and type(b) is int:
        return _within(a - b)
    if isinstance(a, Set):
        if isinstance(b, Set):
            return a - b
        raise wrong_type(2, b, "set")
    if not _is_number(a):
        raise wrong_type(1, a, "number", "set")
    x, y = a, number(b, 2)
    return (
        _within(_integer(x) - _integer(y)) if is_whole(x) and is_whole(y) else from_fraction(fraction(x) - fraction(y))
    )


def multiply(a: Value, b: Value) -> Value:
    """``a * b``."""
    x, y = number(a, 1), number(b, 2)
    return (
        _within(_integer(x) * _integer(y)) if is_whole(x) and is_whole(y) else from_fraction(fraction(x) * fraction(y))
    )


def divide(a: Value, b: Value) -> Value:
    """``a / b``. Raises BuiltinError for a divisor of zero."""
    x, y = number(a, 1), number(b, 2)
    if y == 0:
        raise BuiltinError("divide by zero")
    if type(x) is int and type(y) is int and x % y == 0 and -_SMALL < x < _SMALL and -_SMALL < y < _SMALL:
        return x // y
    return from_fraction(fraction(x) / fraction(y))


def remainder(a: Value, b: Value) -> Value:
    """``a % b`` of integers, with the sign of ``a``."""
    x, y = number(a, 1), number(b, 2)
    if not (is_whole(x) and is_whole(y)):
        raise BuiltinError("modulo on floating-point number")
    dividend, divisor = _integer(x), _integer(y)
    if divisor == 0:
        raise BuiltinError("modulo by zero")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def fraction(value: float) -> Fraction:
    """The number, rounded to 64 bits of mantissa."""
    return rounded(Fraction(value if type(value) is int else number_text(value)))


def rounded(exact: Fraction, bits: int = _PRECISION) -> Fraction:
    """The nearest number of so many bits of mantissa; halves go to the even one."""
    above, below = abs(exact.numerator), exact.denominator
    if above.bit_length() <= bits and below == 1:
        return exact
    shift = above.bit_length() - below.bit_length() - bits
    mantissa = _quotient(above, below, shift)
    if mantissa.bit_length() > bits:
        shift += 1
        mantissa = _quotient(above, below, shift)
    scaled = Fraction(mantissa) * Fraction(2) ** shift
    return -scaled if exact < 0 else scaled


def from_fraction(exact: Fraction, bits: int = _PRECISION) -> int | float:
    """The number as a value, rounded to so many bits: an int where it has no fraction. BuiltinError past the bounds."""
    result = rounded(exact, bits)
    if result.denominator == 1 and -(1 << bits) < result.numerator < 1 << bits:
        return result.numerator
    if result.denominator == 1:
        _within(result.numerator)
    negative, digits, exponent = _shortest(result, bits)
    if result.denominator == 1:
        whole: int = int(digits) * 10 ** (exponent - len(digits) + 1)
        return -whole if negative else whole
    if exponent < _LEAST_EXPONENT:
        raise LimitError("the number is too small")
    text = ("-" if negative else "") + _general(digits, exponent)
    value = float(text)
    return value if repr(value) == text else WideFloat(text)


def absolute(value: Value) -> Value:
    x = number(value, 1)
    return abs(x) if type(x) is int and -_SMALL < x < _SMALL else from_fraction(abs(fraction(x)))


def round_half_away(value: Value) -> Value:
    x = number(value, 1)
    if type(x) is int and -_SMALL < x < _SMALL:
        return x
    exact = fraction(x)
    return int(rounded(exact - _HALF if exact < 0 else exact + _HALF))


def ceiling(value: Value) -> Value:
    """Rounded up. As in OPA, whose truncation loses the sign of zero, a number in -1 < x < 0 gives 1."""
    x = number(value, 1)
    if type(x) is int and -_SMALL < x < _SMALL:
        return x
    exact = fraction(x)
    cut = int(exact)
    return cut if cut < 0 or exact == cut else cut + 1


def flooring(value: Value) -> Value:
    """Rounded down. As in OPA, whose truncation loses the sign of zero, a number in -1 < x < 0 gives 0."""
    x = number(value, 1)
    if type(x) is int and -_SMALL < x < _SMALL:
        return x
    exact = fraction(x)
    cut = int(exact)
    return cut if cut >= 0 or exact == cut else cut - 1


def bits_and(a: Value, b: Value) -> Value:
    return big_integer(a, 1) & big_integer(b, 2)


def bits_or(a: Value, b: Value) -> Value:
    return big_integer(a, 1) | big_integer(b, 2)


def bits_xor(a: Value, b: Value) -> Value:
    return big_integer(a, 1) ^ big_integer(b, 2)


def bits_negate(a: Value) -> Value:
    return ~big_integer(a, 1)


def bits_left(a: Value, b: Value) -> Value:
    value, shift = big_integer(a, 1), _shift(b)
    if value and shift > MAX_NUMBER_BITS:
        raise LimitError("the number is too big")
    return _within(value << shift) if value else 0


def bits_right(a: Value, b: Value) -> Value:
    # OPA takes the low 64 bits of the shift.
    return big_integer(a, 1) >> min(_shift(b) & 0xFFFFFFFFFFFFFFFF, MAX_NUMBER_BITS + 1)


def big_integer(value: Value, position: int) -> int:
    """The argument as an integer of any size; 2.0 is one."""
    if not _is_number(value):
        raise wrong_type(position, value, "integer")
    if not is_whole(value):
        raise BuiltinError(f"operand {position} must be integer number but got floating-point number")
    return _integer(value)


def numbers_range(context: Context, a: Value, b: Value) -> Value:
    return _range(context, big_integer(a, 1), big_integer(b, 2), 1)


def numbers_range_step(context: Context, a: Value, b: Value, step: Value) -> Value:
    start, stop, by = big_integer(a, 1), big_integer(b, 2), big_integer(step, 3)
    if by <= 0:
        raise BuiltinError("numbers.range_step: step must be a positive integer")
    return _range(context, start, stop, by)


def rand_intn(context: Context, name: Value, limit: Value) -> Value:
    """A number in 0 <= n < limit, the same for the same name and limit all through one evaluation."""
    key, below = string(name, 1), abs(integer(limit, 2))
    if below == 0:
        return 0
    if context.random is None:
        raise BuiltinError("rand.intn: no source of random numbers is given")
    return context.memory.setdefault(("rand.intn", key, below), context.random.randrange(below))


def _range(context: Context, start: int, stop: int, step: int) -> Value:
    length = abs(stop - start) // step + 1
    if length > MAX_ITEMS:
        raise LimitError(f"a range of more than {MAX_ITEMS} numbers")
    context.budget.spend(length // 8)
    return list(range(start, stop + 1, step) if start <= stop else range(start, stop - 1, -step))


def _shift(value: Value) -> int:
    shift = big_integer(value, 2)
    if shift < 0:
        raise BuiltinError("operand 2 must be an unsigned integer number but got a negative integer")
    return shift


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _integer(value: float) -> int:
    """A whole number as an int: the one that its digits name, which for a float past 2**53 is not the double's."""
    return value if type(value) is int else int(Fraction(number_text(value)))


def _within(value: int) -> int:
    if -_LIMIT < value < _LIMIT:
        return value
    raise LimitError("the number is too big")


def _quotient(above: int, below: int, shift: int) -> int:
    if shift > 0:
        below <<= shift
    else:
        above <<= -shift
    whole, rest = divmod(above, below)
    return whole + (2 * rest > below or (2 * rest == below and whole & 1))


def _shortest(exact: Fraction, bits: int) -> tuple[bool, str, int]:
    """(negative, digits, exponent of the first digit): the shortest text that rounds back to the number."""
    size = abs(exact)
    exponent = _exponent(size)
    for length in range(1, 22):
        scale = Fraction(10) ** (length - 1 - exponent)
        mantissa = round(size * scale)
        if rounded(mantissa / scale, bits) == size:
            break
    digits = str(mantissa)
    return exact < 0, digits.rstrip("0") or "0", exponent + len(digits) - length


def _exponent(size: Fraction) -> int:
    exponent = len(str(size.numerator)) - len(str(size.denominator))
    return exponent if size >= Fraction(10) ** exponent else exponent - 1


def _general(digits: str, exponent: int) -> str:
    """Go's ``%g`` of the shortest digits, with an exponent below -4 and from 6 on."""
    if exponent < -4 or exponent >= 6:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{rest}e{exponent:+03d}"
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    padded = digits.ljust(exponent + 1, "0")
    rest = padded[exponent + 1 :]
    return padded[: exponent + 1] + (f".{rest}" if rest else "")


FUNCTIONS: Final[dict[str, Function]] = {
    "plus": plus,
    "minus": minus,
    "mul": multiply,
    "div": divide,
    "rem": remainder,
    "abs": absolute,
    "round": round_half_away,
    "ceil": ceiling,
    "floor": flooring,
    "bits.and": bits_and,
    "bits.or": bits_or,
    "bits.xor": bits_xor,
    "bits.negate": bits_negate,
    "bits.lsh": bits_left,
    "bits.rsh": bits_right,
}
WITH_CONTEXT: Final[dict[str, Function]] = {
    "numbers.range": numbers_range,
    "numbers.range_step": numbers_range_step,
    "rand.intn": rand_intn,
}
