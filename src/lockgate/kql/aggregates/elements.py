"""Values as elements of dynamic values, and as what tells them from others.

Inside a dynamic value there are JSON's types only: times, decimals and guids are the text that Kusto writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable

from lockgate.kql.convert import to_dynamic
from lockgate.kql.types import DATETIME, DECIMAL, REAL, TIMESPAN, UNKNOWN, Type

_WRITTEN = frozenset((DATETIME, TIMESPAN, DECIMAL))


def key_of(type_: Type) -> Callable[[object], Hashable]:
    """What two values have in common when they are the same: of a dynamic one its JSON text with its keys in order."""
    if type_.dynamic or type_ is UNKNOWN:
        return _dynamic_key
    return _real_key if type_ is REAL else _plain_key


def _plain_key(value: object) -> Hashable:
    return value


def _real_key(value: object) -> Hashable:
    return value if value == value else "nan"


def _dynamic_key(value: object) -> Hashable:
    if isinstance(value, str):
        return value
    try:
        return (json.dumps(value, sort_keys=True, default=str),)
    except (RecursionError, ValueError, TypeError):
        return (id(value),)



def to_element(type_: Type) -> Callable[[object], object] | None:
    """How a value of the type is written inside a dynamic value; ``None`` where it stays as it is."""
    return to_dynamic(type_) if type_ in _WRITTEN else None
