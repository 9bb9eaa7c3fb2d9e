"""Values as elements of dynamic values, and as what tells them from others.

Inside a dynamic value there are JSON's types only: times, decimals and guids are the text that Kusto writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

from lockgate.kql.literals import TICKS_PER_SECOND
from lockgate.kql.types import DATETIME, DECIMAL, REAL, TIMESPAN, UNKNOWN, Type


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
    if type_ is DATETIME:
        return lambda value: None if value is None else moment_text(value)  # type: ignore[arg-type]
    if type_ is TIMESPAN:
        return lambda value: None if value is None else span_text(value)  # type: ignore[arg-type]
    if type_ is DECIMAL:
        return lambda value: None if value is None else format(value, "f")
    return None


def moment_text(ticks: int) -> str:
    """A datetime as JSON has it: ``2026-11-26T10:00:00.1234567Z``."""
    seconds, rest = divmod(ticks, TICKS_PER_SECOND)
    try:
        found = datetime(1, 1, 1) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return f"{found.isoformat()}.{rest:07d}Z"


def span_text(ticks: int) -> str:
    """A timespan as Kusto writes it: ``1.02:03:04.5000000``, without days and parts of seconds that are 0."""
    seconds, rest = divmod(abs(ticks), TICKS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{'-' if ticks < 0 else ''}{f'{days}.' if days else ''}{clock}{f'.{rest:07d}' if rest else ''}"
