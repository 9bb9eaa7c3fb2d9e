"""Asking for the type of a value, comparing values, and casts."""

from __future__ import annotations

import re
from typing import Final

from lockgate.policy.rego.builtins.contract import BuiltinError, Function, LimitError, wrong_type
from lockgate.policy.rego.values import (
    Set,
    Value,
    compare,
    equal,
    in_order,
    rank,
    type_name,
)

# Ours, and linear: what Go's ParseFloat takes for a decimal number.
_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAX_DIGITS: Final = 4_200


def is_number(value: Value) -> Value:
    return isinstance(value, (int, float)) and value is not True and value is not False


def is_string(value: Value) -> Value:
    return isinstance(value, str)


def is_boolean(value: Value) -> Value:
    return value is True or value is False


def is_array(value: Value) -> Value:
    return isinstance(value, (list, tuple))


def is_object(value: Value) -> Value:
    return isinstance(value, dict)


def is_set(value: Value) -> Value:
    return isinstance(value, Set)


def is_null(value: Value) -> Value:
    return value is None


def not_equal(a: Value, b: Value) -> Value:
    return not equal(a, b)


def less(a: Value, b: Value) -> Value:
    return compare(a, b) < 0


def less_or_equal(a: Value, b: Value) -> Value:
    return compare(a, b) <= 0


def greater(a: Value, b: Value) -> Value:
    return compare(a, b) > 0


def greater_or_equal(a: Value, b: Value) -> Value:
    return compare(a, b) >= 0


def to_number(value: Value) -> Value:
    """null is 0, booleans are 0 and 1, strings are read as numbers."""
    if isinstance(value, str):
        return _number_of(value)
    if value is None or value is False:
        return 0
    if value is True:
        return 1
    if isinstance(value, (int, float)):
        return value
    raise wrong_type(1, value, "null", "boolean", "number", "string")


def cast_array(value: Value) -> Value:
    if isinstance(value, Set):
        return in_order(value)
    if isinstance(value, (list, tuple)):
        return value
    raise wrong_type(1, value, "array", "set")


def cast_set(value: Value) -> Value:
    if isinstance(value, Set):
        return value
    if isinstance(value, (list, tuple)):
        return Set(value)
    raise wrong_type(1, value, "array", "set")


def _only(place: int, name: str) -> Function:
    def cast(value: Value) -> Value:
        if rank(value) == place:
            return value
        raise wrong_type(1, value, name)

    return cast


def _number_of(text: str) -> Value:
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    if text.lstrip("+-").lower() in ("inf", "infinity", "nan"):
        raise wrong_type(1, text, "valid number string")
    if not _DECIMAL.fullmatch(text):
        raise BuiltinError(f'parsing "{text[:80]}": invalid syntax')
    if "." not in text and "e" not in text and "E" not in text:
        if len(text) > _MAX_DIGITS:
            raise LimitError("the number is too big")
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BuiltinError(f'parsing "{text[:80]}": value out of range')
    return number


FUNCTIONS: Final[dict[str, Function]] = {
    "is_number": is_number,
    "is_string": is_string,
    "is_boolean": is_boolean,
    "is_array": is_array,
    "is_object": is_object,
    "is_set": is_set,
    "is_null": is_null,
    "type_name": type_name,
    "equal": equal,
    "neq": not_equal,
    "lt": less,
    "lte": less_or_equal,
    "gt": greater,
    "gte": greater_or_equal,
    "to_number": to_number,
    "cast_array": cast_array,
    "cast_set": cast_set,
    "cast_null": _only(0, "null"),
    "cast_boolean": _only(1, "boolean"),
    "cast_string": _only(3, "string"),
    "cast_object": _only(5, "object"),
}
