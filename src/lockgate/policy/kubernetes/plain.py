"""Values of expressions as JSON, the way the API server writes them into an object."""

from __future__ import annotations

import base64
from typing import Any

from lockgate.policy.cel.times import format_duration, format_timestamp
from lockgate.policy.cel.values import CelError, Duration, Timestamp, type_name

MAX_DEPTH = 100
"""Nesting of what an expression may put into an object."""


def plain(value: object, depth: int = 0) -> Any:
    """A new JSON value. Raises :class:`CelError` for what JSON has no form for, as an optional or a quantity."""
    if depth > MAX_DEPTH:
        raise CelError(f"the value nests deeper than {MAX_DEPTH}")
    match value:
        case None | bool() | str() | float():
            return value
        case int():
            return int(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case list():
            return [plain(item, depth + 1) for item in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: plain(item, depth + 1) for key, item in value.items()}
        case dict():
            raise CelError("the keys of a map that goes into an object must be strings")
    raise CelError(f"a value of type {type_name(value)} cannot go into an object")
