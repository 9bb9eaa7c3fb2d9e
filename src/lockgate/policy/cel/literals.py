"""Constants of an expression: how generated code spells them, and what is wrong with them before anything runs.

Kubernetes checks constant patterns, durations and timestamps when a policy is written; so does this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockgate.policy.cel.regex import compiled
from lockgate.policy.cel.syntax import Literal, Node
from lockgate.policy.cel.times import duration_of_int, parse_duration, parse_timestamp, timestamp_of_int
from lockgate.policy.cel.values import CelError, Uint

_KINDS = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes", Uint: "uint", type(None): "null"}
_CHECKS: Mapping[tuple[str, type], Callable[[Any], object]] = {
    ("duration", str): parse_duration,
    ("duration", int): duration_of_int,
    ("timestamp", str): parse_timestamp,
    ("timestamp", int): timestamp_of_int,
    ("matches", str): compiled,
    ("find", str): compiled,
    ("findAll", str): compiled,
}
_FIRST = ("duration", "timestamp")
"""Of these the first argument is checked, of the others the second: before a pattern comes the text."""


def render(value: object) -> tuple[str, str]:
    """Python source of a constant, and its kind."""
    kind = _KINDS[type(value)]
    if isinstance(value, Uint):
        return f"Uint({int(value)})", kind
    if isinstance(value, float) and math.isinf(value):
        return ("INFINITY" if value > 0 else "(-INFINITY)"), kind
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"({value!r})", kind
    return repr(value), kind


def literal_fault(name: str, args: Sequence[Node]) -> tuple[str, int] | None:
    """What is wrong with the constant that ``name`` is called with: message and offset, or ``None``."""
    place = 0 if name in _FIRST else 1
    argument = args[place] if len(args) > place else None
    check = _CHECKS.get((name, type(argument.value))) if isinstance(argument, Literal) else None
    if check is None or not isinstance(argument, Literal):
        return None
    try:
        check(argument.value)
    except CelError as error:
        return error.message, argument.at
    return None
