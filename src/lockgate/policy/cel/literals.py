"""Constants of an expression: how generated code spells them, and what is wrong with them before anything runs.

Kubernetes checks constant patterns, durations and timestamps when a policy is written; so does this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from lockgate.policy.cel.regex import compiled
from lockgate.policy.cel.syntax import Literal, Node
from lockgate.policy.cel.times import parse_duration, parse_timestamp
from lockgate.policy.cel.values import CelError, Uint

_KINDS = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes", Uint: "uint", type(None): "null"}
_CHECKS: Mapping[str, Callable[[str], object]] = {
    "duration": parse_duration,
    "timestamp": parse_timestamp,
    "matches": compiled,
    "find": compiled,
    "findAll": compiled,
}


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
    """What is wrong with the constant text that ``name`` is called with: message and offset, or ``None``."""
    check = _CHECKS.get(name)
    places = {"duration": 0, "timestamp": 0}
    place = places.get(name, 1)
    if check is None or len(args) <= place:
        return None
    argument = args[place]
    if not isinstance(argument, Literal) or type(argument.value) is not str:
        return None
    try:
        check(argument.value)
    except CelError as error:
        return error.message, argument.at
    return None
