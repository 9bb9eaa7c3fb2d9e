"""Template functions that compute from their arguments alone, by folded name.

Resource Manager documents them with its templates. Each takes a list of values and returns one; a wrong number or
kind of arguments raises :class:`EvaluationError`, which Azure answers with a denial.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure import functions_collection as collection
from lockgate.policy.azure import functions_moment as moment
from lockgate.policy.azure import functions_network as network
from lockgate.policy.azure import functions_text as text
from lockgate.policy.azure.values import Json, contains, contains_key, equal, fold, kind, order
from lockgate.policy.errors import EvaluationError

MAX_TEXT: Final = 131_072
MAX_NODES: Final = 32_768
MAX_NESTING: Final = 128

_WHOLE = re.compile(r"\s*[-+]?[0-9]+(\.[0-9]*)?\s*")
_DECIMAL = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,2})?\s*")

UNAVAILABLE: Final = frozenset((
    "copyindex", "deployment", "environment", "extensionresourceid", "lambda", "listaccountsas", "listkeys",
    "listsecrets", "list", "managementgroup", "newguid", "pickzones", "providers", "reference", "resourceid",
    "subscriptionresourceid", "tenantresourceid", "tenant", "variables",
))  # fmt: skip
"""Functions of templates that a policy rule may not call."""


CONTEXTUAL: Final[dict[str, tuple[int, int]]] = {
    "parameters": (1, 1), "field": (1, 1), "current": (0, 1), "if": (3, 3), "and": (1, 128), "or": (1, 128),
    "resourcegroup": (0, 0), "subscription": (0, 0), "requestcontext": (0, 0), "policy": (0, 0), "utcnow": (0, 1),
}  # fmt: skip
"""Functions that look around them or choose which arguments to compute, and how many they take."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of this kind."""

    run: Callable[[list[Json]], Json]
    """Computes the result."""
    least: int
    """The fewest arguments."""
    most: int
    """The most arguments."""


def checked(value: Json) -> Json:
    """A function's result, when it is within Azure's limits of size; else :class:`EvaluationError`."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise EvaluationError(f"a function returned text of more than {MAX_TEXT} characters")
        return value
    if not isinstance(value, list | dict):
        return value
    level: list[Json] = [value]
    nodes, depth = 0, 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > MAX_NESTING or nodes > MAX_NODES:
            raise EvaluationError(f"a function returned a value of more than {MAX_NODES} nodes or {MAX_NESTING} levels")
        level = [
            child
            for one in level
            if isinstance(one, list | dict)
            for child in (one if isinstance(one, list) else one.values())
        ]
    return value


def number(value: Json) -> int | float:
    """An argument that must be a number, or text that spells one is not enough."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError(f"a number is needed, not {kind(value)}")
    return value


def _arithmetic(work: Callable[[int | float, int | float], int | float]) -> Callable[[list[Json]], Json]:
    def run(arguments: list[Json]) -> Json:
        left, right = number(arguments[0]), number(arguments[1])
        try:
            result = work(left, right)
        except (ZeroDivisionError, OverflowError) as error:
            raise EvaluationError(f"arithmetic failed: {error}") from None
        if abs(result) > 1e300:
            raise EvaluationError("arithmetic left the range of numbers")
        return result

    return run


def _divide(left: int | float, right: int | float) -> int | float:
    """Whole numbers divide towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float:
    """The remainder has the sign of the dividend."""
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def _extreme(choose: Callable[[list[int | float]], int | float]) -> Callable[[list[Json]], Json]:
    def run(arguments: list[Json]) -> Json:
        given = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        if not given:
            raise EvaluationError("an empty array has no smallest or largest member")
        return choose([number(one) for one in given])

    return run


def _int(arguments: list[Json]) -> Json:
    value = arguments[0]
    if isinstance(value, str) and len(value) <= 40 and _WHOLE.fullmatch(value):
        return int(value.partition(".")[0])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    raise EvaluationError(f"{kind(value)} cannot be made a whole number")


def _float(arguments: list[Json]) -> Json:
    value = arguments[0]
    if isinstance(value, str) and len(value) <= 40 and _DECIMAL.fullmatch(value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise EvaluationError(f"{kind(value)} cannot be made a number")


def _bool(arguments: list[Json]) -> Json:
    value = arguments[0]
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in ("true", "1", "false", "0"):
        return value.strip().lower() in ("true", "1")
    raise EvaluationError(f"{kind(value)} cannot be made a boolean")


def truth(value: Json) -> bool:
    """An argument that must be a boolean, or text that spells one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise EvaluationError(f"a boolean is needed, not {kind(value)}")


def _contains(arguments: list[Json]) -> Json:
    """Text in text (case folds), a member in an array, a name in an object."""
    whole, part = arguments
    return contains_key(whole, part) if isinstance(whole, dict) else contains(whole, part)


def _equals(arguments: list[Json]) -> Json:
    left, right = arguments
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    return equal(left, right)


def _ordered(holds: Callable[[int], bool]) -> Function:
    return Function(lambda arguments: holds(order(arguments[0], arguments[1])), 2, 2)


FUNCTIONS: Final[dict[str, Function]] = {
    "add": Function(_arithmetic(lambda a, b: a + b), 2, 2),
    "sub": Function(_arithmetic(lambda a, b: a - b), 2, 2),
    "mul": Function(_arithmetic(lambda a, b: a * b), 2, 2),
    "div": Function(_arithmetic(_divide), 2, 2),
    "mod": Function(_arithmetic(_remainder), 2, 2),
    "min": Function(_extreme(min), 1, 128),
    "max": Function(_extreme(max), 1, 128),
    "int": Function(_int, 1, 1),
    "float": Function(_float, 1, 1),
    "bool": Function(_bool, 1, 1),
    "equals": Function(_equals, 2, 2),
    "less": _ordered(lambda sign: sign < 0),
    "lessorequals": _ordered(lambda sign: sign <= 0),
    "greater": _ordered(lambda sign: sign > 0),
    "greaterorequals": _ordered(lambda sign: sign >= 0),
    "not": Function(lambda arguments: not truth(arguments[0]), 1, 1),
    "true": Function(lambda _: True, 0, 0),
    "false": Function(lambda _: False, 0, 0),
    "null": Function(lambda _: None, 0, 0),
    "contains": Function(_contains, 2, 2),
    **{name: Function(*entry) for name, entry in text.TABLE.items()},
    **{name: Function(*entry) for name, entry in collection.TABLE.items()},
    **{name: Function(*entry) for name, entry in moment.TABLE.items()},
    **{name: Function(*entry) for name, entry in network.TABLE.items()},
}


def arity(name: str) -> tuple[int, int]:
    """The fewest and most arguments of a function by its folded name; -1 and -1 when there is none."""
    if name in CONTEXTUAL:
        return CONTEXTUAL[name]
    function = FUNCTIONS.get(name)
    return (function.least, function.most) if function else (-1, -1)
