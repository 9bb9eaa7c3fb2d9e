"""``== != < <= > >=``, ``between`` and ``in``: what two values of perhaps different types are compared as, and nulls.

Of one null, ``==`` is false and ``!=`` true; of two, both are null; an order with a null is null. A dynamic value is
compared as the type on the other side; with a string as its text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from lockgate.kql.convert import converter, number_to_decimal
from lockgate.kql.text import json_text, lowered, text_of
from lockgate.kql.types import BOOL, DECIMAL, DYNAMIC, NUMBERS, REAL, STRING, UNKNOWN, Type

Compare = Callable[[Any, Any], bool | None]
Side = Callable[[Any], Any] | None
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def comparison(sign: str, left: Type, right: Type) -> Compare:
    """What the sign says of values of two types."""
    if left.dynamic and right.dynamic:
        return _between_dynamic(sign)
    first, second = sides(left, right)
    compute = _ORDERS.get(sign)
    if compute is not None:
        return _ordered(compute, first, second)
    return _equal(sign == "==", first, second)


def sides(left: Type, right: Type) -> tuple[Side, Side]:
    """What values of each type are converted by, so that they can be compared."""
    if left is right:
        return None, None
    if STRING in (left, right):
        return _against_text(left, right)
    if left.dynamic or left is UNKNOWN:
        return loosely(right), None
    if right.dynamic or right is UNKNOWN:
        return None, loosely(left)
    if DECIMAL in (left, right):
        return converter(left, DECIMAL), converter(right, DECIMAL)
    if REAL in (left, right):
        return converter(left, REAL), converter(right, REAL)
    return None, None


def _against_text(left: Type, right: Type) -> tuple[Side, Side]:
    other = right if left is STRING else left
    if other.dynamic or other is UNKNOWN:
        # A missing member has no text, and so it equals the empty string.
        return (None, text_of(other)) if left is STRING else (text_of(other), None)
    read = converter(STRING, other)
    return (read, None) if left is STRING else (None, read)


def loosely(target: Type) -> Side:
    """A dynamic value as ``target``, when it is one: a text is no number."""
    if target in NUMBERS:
        as_decimal = target is DECIMAL
        return lambda value: (
            (number_to_decimal(value) if as_decimal else value) if isinstance(value, int | float) else None
        )
    if target is BOOL:
        return lambda value: bool(value) if isinstance(value, int | float) else None
    return converter(DYNAMIC, target)


def _equal(same: bool, first: Side, second: Side) -> Compare:
    def plain(a: Any, b: Any) -> bool | None:
        if a is None or b is None:
            return None if a is b else not same
        return (a == b) is same

    def run(a: Any, b: Any) -> bool | None:
        return plain(first(a) if first is not None else a, second(b) if second is not None else b)

    return plain if first is None and second is None else run


def _ordered(compute: Callable[[Any, Any], bool], first: Side, second: Side) -> Compare:
    def run(a: Any, b: Any) -> bool | None:
        if a is None or b is None:
            return None
        a = first(a) if first is not None else a
        b = second(b) if second is not None else b
        return None if a is None or b is None else compute(a, b)

    return run


def _between_dynamic(sign: str) -> Compare:
    compute = _ORDERS.get(sign)
    if compute is None:
        same = sign == "=="

        def equal(a: Any, b: Any) -> bool | None:
            if a is None or b is None:
                return None if a is b else not same
            return same_dynamic(a, b) is same

        return equal

    def order(a: Any, b: Any) -> bool | None:
        comparable = isinstance(a, int | float) and isinstance(b, int | float)
        return compute(a, b) if comparable or (isinstance(a, str) and isinstance(b, str)) else None

    return order


def same_dynamic(a: Any, b: Any) -> bool:
    """Whether two dynamic values are the same; containers by what they look like, which any depth allows."""
    if isinstance(a, list | dict) or isinstance(b, list | dict):
        return type(a) is type(b) and json_text(a) == json_text(b)
    return bool(a == b) and isinstance(a, str) is isinstance(b, str)


# --- in


def key_of(value: Any) -> Any:
    """What stands for a dynamic value in a set; ``1`` and ``1.0`` are one."""
    return ("json", json_text(value)) if isinstance(value, list | dict) else value


def members(types: Sequence[Type], values: Sequence[Any], target: Type, *, lower: bool = False) -> set[Any]:
    """What values are looked for in: of arrays their elements, as the type of what is looked for."""
    found: set[Any] = set()
    as_text = lower or target is STRING
    for type_, value in zip(types, values, strict=True):
        several = value if isinstance(value, list) and type_.dynamic else (value,)
        convert = text_of(type_) if as_text else _item_converter(type_, target)
        for one in several:
            item = convert(one) if convert is not None else one
            if item is not None:
                found.add(key_of(lowered(item) if lower else item))
    return found


def _item_converter(source: Type, target: Type) -> Side:
    if source.dynamic or target.dynamic or source is target:
        return loosely(target) if source.dynamic and not target.dynamic else converter(source, target)
    if source in NUMBERS and target in NUMBERS:
        # A real is in a list of whole numbers when it is one; Python compares numbers by value.
        return number_to_decimal if target is DECIMAL else None
    return converter(source, target)
