"""What CEL's operators do with values whose types are known only at run time.

Integers are checked against 64 bits, numbers of different types compare by value, and booleans are no numbers, in
lists and maps too. Every operation that a type does not have is ``no such overload``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lockgate.policy.budget import Budget
from lockgate.policy.cel.metering import charge, charge_each, charge_new
from lockgate.policy.cel.times import duration, timestamp
from lockgate.policy.cel.values import (
    INT_MAX,
    INT_MIN,
    NONE,
    UINT_MAX,
    CelError,
    Duration,
    Opaque,
    Optional,
    Timestamp,
    Uint,
    no_overload,
    type_name,
)

NUMBERS = frozenset((int, Uint, float))
_ORDERED = frozenset((str, bytes, bool, Timestamp, Duration))
_SCALARS = frozenset((str, bytes, type(None)))


def integer(value: int) -> int:
    """``value`` when it fits 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelError("integer overflow")


def unsigned(value: int) -> Uint:
    """``value`` as an unsigned integer when it fits."""
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise CelError("unsigned integer overflow")


def boolean(value: object) -> bool:
    """A condition's value. Anything but a boolean is an error."""
    if value is True or value is False:
        return bool(value)
    raise no_overload("condition", value)


def negate(value: object) -> bool:
    """``!value``."""
    if value is True:
        return False
    if value is False:
        return True
    raise no_overload("!_", value)


def minus(value: object) -> object:
    """``-value``."""
    if type(value) is int:
        return integer(-value)
    if type(value) is float:
        return -value
    if type(value) is Duration:
        return duration(-value.nanoseconds)
    raise no_overload("-_", value)


# -- equality and order


def equal(left: object, right: object) -> bool:
    """``left == right``. Values of different types are unequal, except numbers, which compare by value."""
    kind, other = type(left), type(right)
    if kind in _SCALARS or other in _SCALARS:
        return left == right
    if kind is bool or other is bool:
        return left is right
    if isinstance(left, list | dict) and isinstance(right, list | dict):
        return _deep_equal(left, right)
    return left == right


def _deep_equal(left: object, right: object) -> bool:
    pending = [(left, right)]
    seen = 0
    while pending:
        a, b = pending.pop()
        if isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif isinstance(a, dict) and isinstance(b, dict):
            if len(a) != len(b):
                return False
            for key, value in a.items():
                other = lookup(b, key)
                if other is MISSING:
                    return False
                pending.append((value, other))
        elif isinstance(a, list | dict) or isinstance(b, list | dict) or not equal(a, b):
            return False
        seen += 1
    charge_each(seen)
    return True


def less(left: object, right: object) -> bool:
    """``left < right``."""
    return _ordered("<", left, right) and left < right  # type: ignore[operator]


def less_equal(left: object, right: object) -> bool:
    """``left <= right``."""
    return _ordered("<=", left, right) and left <= right  # type: ignore[operator]


def greater(left: object, right: object) -> bool:
    """``left > right``."""
    return _ordered(">", left, right) and left > right  # type: ignore[operator]


def greater_equal(left: object, right: object) -> bool:
    """``left >= right``."""
    return _ordered(">=", left, right) and left >= right  # type: ignore[operator]


def _ordered(operator: str, left: object, right: object) -> bool:
    kind, other = type(left), type(right)
    if (kind in NUMBERS and other in NUMBERS) or (kind is other and kind in _ORDERED):
        return True
    raise no_overload(f"_{operator}_", left, right)


# -- arithmetic


def add(left: object, right: object) -> object:
    """``left + right``: numbers of one type, texts, bytes, lists, moments and spans."""
    kind, other = type(left), type(right)
    if kind is str and other is str:
        if len(left) + len(right) > 512:  # type: ignore[arg-type]
            charge_new(len(left) + len(right))  # type: ignore[arg-type]
        return left + right  # type: ignore[operator]
    if kind is int and other is int:
        return integer(left + right)  # type: ignore[operator]
    if kind is float and other is float:
        return left + right  # type: ignore[operator]
    if kind is other and kind in (list, bytes):
        charge_new(len(left) + len(right))  # type: ignore[arg-type]
        return left + right  # type: ignore[operator]
    if kind is Uint and other is Uint:
        return unsigned(int(left) + int(right))  # type: ignore[call-overload]
    return _add_times(left, right)


def _add_times(left: object, right: object) -> object:
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return timestamp(left.nanoseconds + right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return timestamp(left.nanoseconds + right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return duration(left.nanoseconds + right.nanoseconds)
    raise no_overload("_+_", left, right)


def add_all(first: object, *rest: object) -> object:
    """``first + second + ...``."""
    for value in rest:
        first = add(first, value)
    return first


def concat(*parts: str) -> str:
    """A chain of ``+`` that holds a text, in which every part must therefore be one."""
    text = "".join(parts)
    if len(text) > 512:
        charge_new(len(text))
    return text


def subtract(left: object, right: object) -> object:
    """``left - right``."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return integer(left - right)  # type: ignore[operator]
    if kind is float and other is float:
        return left - right  # type: ignore[operator]
    if kind is Uint and other is Uint:
        return unsigned(int(left) - int(right))  # type: ignore[call-overload]
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return duration(left.nanoseconds - right.nanoseconds)
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return timestamp(left.nanoseconds - right.nanoseconds)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return duration(left.nanoseconds - right.nanoseconds)
    raise no_overload("_-_", left, right)


def multiply(left: object, right: object) -> object:
    """``left * right``."""
    kind = type(left)
    if kind is type(right) and kind in NUMBERS:
        if kind is float:
            return left * right  # type: ignore[operator]
        product = int(left) * int(right)  # type: ignore[call-overload]
        return integer(product) if kind is int else unsigned(product)
    raise no_overload("_*_", left, right)


def divide(left: object, right: object) -> object:
    """``left / right``; integers truncate toward zero, doubles divide by zero as IEEE 754 says."""
    kind = type(left)
    if kind is type(right) and kind in NUMBERS:
        if kind is float:
            return _divide_doubles(left, right)  # type: ignore[arg-type]
        quotient = _truncated(int(left), int(right), "divide by zero")  # type: ignore[call-overload]
        return integer(quotient) if kind is int else unsigned(quotient)
    raise no_overload("_/_", left, right)


def modulo(left: object, right: object) -> object:
    """``left % right``; the result has the sign of ``left``."""
    kind = type(left)
    if kind is type(right) and kind in (int, Uint):
        a, b = int(left), int(right)  # type: ignore[call-overload]
        rest = a - b * _truncated(a, b, "modulus by zero")
        if kind is int and a == INT_MIN and b == -1:
            raise CelError("integer overflow")
        return rest if kind is int else Uint(rest)
    raise no_overload("_%_", left, right)


def _truncated(left: int, right: int, message: str) -> int:
    if right == 0:
        raise CelError(message)
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _divide_doubles(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


# -- maps and lists

MISSING = object()
"""What a lookup gives where there is nothing."""
KEYS = frozenset((str, int, Uint, bool))
"""Types that keys of maps may have."""


def lookup(container: dict[object, object], key: object) -> object:
    """The value at ``key``, or :data:`MISSING`. Numbers find a key of equal value; ``true`` is not 1."""
    kind = type(key)
    if kind is str:
        return container.get(key, MISSING)
    if kind not in KEYS and kind is not float:
        return MISSING
    value = container.get(key, MISSING)
    if value is MISSING or key not in (0, 1):
        return value
    same = any(found == key and (type(found) is bool) is (kind is bool) for found in container)
    return value if same else MISSING


def position(container: Sequence[object], index: object) -> int:
    """``index`` as a position of ``container``; negative and far ones stay what they are."""
    if type(index) is int or type(index) is Uint:
        return int(index)
    if type(index) is float and index.is_integer():
        return int(index)
    raise no_overload("_[_]", container, index)


def index(container: object, key: object) -> object:
    """``container[key]``. Raises :class:`CelError` for an absent key or position."""
    if isinstance(container, dict):
        value = lookup(container, key)
        if value is MISSING:
            return _missing(container, key)
        return value
    if type(container) is list:
        at = position(container, key)
        if 0 <= at < len(container):
            return container[at]
        raise CelError(f"index out of bounds: {at}")
    if isinstance(container, Optional):
        return optional_index(container, key)
    raise no_overload("_[_]", container, key)


def _missing(container: dict[object, object], key: object) -> object:
    if type(key) not in KEYS and type(key) is not float:
        raise no_overload("_[_]", container, key)
    if type(container) is not dict and type(key) is str:
        return container[key]  # a map that computes its values has its own say about what is absent
    raise CelError(f"no such key: {key if isinstance(key, str) else repr(key)}")


def select(container: object, name: str) -> object:
    """``container.name``."""
    if isinstance(container, dict | Optional):
        return index(container, name)
    if isinstance(container, Opaque):
        return container[name]
    raise CelError(f"no such overload: {type_name(container)} has no field {name!r}")


def has(container: object, name: str) -> bool:
    """``has(container.name)``. What can have no fields has none, as cel-go answers: null and plain values."""
    if type(container) is dict or isinstance(container, dict):
        return name in container
    if isinstance(container, Optional):
        return container.present and has(container.value, name)
    if container is None or isinstance(container, bool | int | float | str | bytes):
        return False
    raise CelError(f"no such overload: {type_name(container)} has no field {name!r}")


def optional_index(container: object, key: object) -> Optional:
    """``container[?key]``: an optional of the element, empty when it is absent."""
    if type(container) is dict and type(key) is str:
        value = container.get(key, MISSING)
        return NONE if value is MISSING else Optional(value)
    if isinstance(container, Optional):
        if not container.present:
            return NONE
        container = container.value
    if isinstance(container, dict):
        if type(key) is str and type(container) is not dict:
            return Optional(container[key]) if key in container else NONE
        value = lookup(container, key)
        return NONE if value is MISSING else Optional(value)
    if type(container) is list:
        at = position(container, key)
        return Optional(container[at]) if 0 <= at < len(container) else NONE
    if container is None or isinstance(container, bool | int | float | str | bytes):
        return NONE  # As cel-go since 0.26: what has no members has none of that name either.
    raise no_overload("_[?_]", container, key)


def contains(value: object, container: object) -> bool:
    """``value in container``: an element of a list, a key of a map."""
    if type(container) is list:
        if type(value) is str:
            if len(container) > 512:
                charge(len(container))
            return value in container
        charge_each(len(container))
        return any(equal(value, item) for item in container)
    if isinstance(container, dict):
        return lookup(container, value) is not MISSING
    raise no_overload("@in", value, container)


def each(container: object, budget: Budget) -> list[object] | dict[object, object]:
    """What a macro walks: the elements of a list or the keys of a map; a step is spent for each."""
    if type(container) is list or type(container) is dict or isinstance(container, dict):
        budget.left -= len(container)
        if budget.left < 0:
            budget.spend(0)
        return container
    raise no_overload("comprehension", container)


def pairs(container: object, budget: Budget) -> Iterator[tuple[object, object]]:
    """What a macro with two variables walks: positions and elements, or keys and values."""
    walked = each(container, budget)
    if isinstance(walked, dict):
        return iter([(key, index(walked, key)) for key in walked])
    return iter(enumerate(walked))
