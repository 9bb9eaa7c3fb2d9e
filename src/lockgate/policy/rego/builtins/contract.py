"""What a builtin function is, what it is given and how it fails."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.values import Value, is_whole, number_text, type_name

Function: TypeAlias = Callable[..., Any]
"""Values in, a value out; ``UNDEFINED`` for no result. Raises :class:`BuiltinError`."""

Kind: TypeAlias = Literal["pure", "clock", "random", "context", "network", "operator", "relation"]

MAX_TEXT: Final = 1 << 22
"""Characters of the longest text that a builtin makes."""

MAX_ITEMS: Final = 1 << 20
"""Members of the largest collection that a builtin makes."""

_INT64: Final = 1 << 63


class BuiltinError(Exception):
    """A builtin cannot answer for these arguments: the call is undefined, or an error when the caller is strict."""


class LimitError(EvaluationError):
    """A builtin would make or read more than it may.

    OPA has no such bound: were the call undefined, a policy could be led to allow by what is too large for it. So it is
    an error of the whole evaluation.
    """

    code = "limit"


@dataclass(frozen=True, slots=True)
class Type:
    """A type as OPA declares it."""

    kind: str
    """``any``, a type's name, ``tuple`` (an array whose positions have types) or ``union``."""
    of: tuple[Type, ...] = ()
    """Alternatives of a union, positions of a tuple, (element,) of an array or set, (key, value) of an object."""
    fields: tuple[tuple[str, Type], ...] = ()
    """Keys that an object must have, with their types."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """One builtin function."""

    name: str
    """As policies call it; ``plus`` for ``+``."""
    function: Function | None
    """None when it is refused (network) or when the compiler itself answers it (operators that unify)."""
    arguments: tuple[Type, ...]
    """Declared types, in order."""
    result: Type | None
    """None for those that are only called for their effect (``print``)."""
    kind: Kind = "pure"
    """clock and random read the context's time and dice; network is never run; relation yields many results."""
    infix: str = ""
    """The operator that calls it, such as ``+``."""
    variadic: bool = False
    """Whether any number of further arguments may follow."""
    deprecated: bool = False
    """Whether it exists in version 0 of the language only."""
    takes_context: bool = False
    """Whether the function's first parameter is the :class:`Context`, before the arguments."""
    topic: str = ""
    """The module beside this one that has the function."""

    @property
    def arity(self) -> int:
        """Number of declared arguments, without the result that a caller may capture in one more."""
        return len(self.arguments)


@dataclass(slots=True)
class Context:
    """What one evaluation shares with the builtins that need more than their arguments."""

    budget: Budget = field(default_factory=Budget)
    """Paid from by builtins whose work is not in proportion to their arguments."""
    now_ns: int | None = None
    """The time that the policy sees, nanoseconds since 1970; None where none is given, and asking is an error."""
    random: random.Random | None = None
    """The dice; None where none are given, and asking is an error."""
    runtime: Mapping[str, Any] = field(default_factory=dict)
    """What ``opa.runtime()`` answers."""
    print: Callable[[str], None] | None = None
    """Gets the lines that a policy prints."""
    memory: dict[Any, Any] = field(default_factory=dict)
    """What must be the same all through one evaluation, such as a random number by its name."""


def wrong_type(position: int, value: Value, *expected: str) -> BuiltinError:
    """The error for an argument of the wrong type, in OPA's words."""
    one = expected[0] if len(expected) == 1 else "one of {" + ", ".join(expected) + "}"
    return BuiltinError(f"operand {position} must be {one} but got {type_name(value)}")


def wrong_member(position: int, collection: Value, value: Value, *expected: str) -> BuiltinError:
    """The error for a member of the wrong type inside an argument, in OPA's words."""
    outer, inner = type_name(collection), type_name(value)
    wanted = f"{outer} of {expected[0]}s" if len(expected) == 1 else f"{outer} of (any of) {{{', '.join(expected)}}}"
    return BuiltinError(f"operand {position} must be {wanted} but got {outer} containing {inner}")


def string(value: Value, position: int) -> str:
    """The argument as a string."""
    if isinstance(value, str):
        return value
    raise wrong_type(position, value, "string")


def number(value: Value, position: int) -> float:
    """The argument as a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise wrong_type(position, value, "number")


def integer(value: Value, position: int) -> int:
    """The argument as an integer of 64 bits; 2.0 is one."""
    whole = number(value, position)
    if isinstance(whole, float) and is_whole(whole):
        whole = int(Fraction(number_text(whole)))
    if isinstance(whole, int) and -_INT64 <= whole < _INT64:
        return whole
    raise BuiltinError(f"operand {position} must be integer number but got floating-point number")


def array(value: Value, position: int) -> list[Value] | tuple[Value, ...]:
    """The argument as an array."""
    if isinstance(value, (list, tuple)):
        return value
    raise wrong_type(position, value, "array")


def dictionary(value: Value, position: int) -> dict[Any, Value]:
    """The argument as an object."""
    if isinstance(value, dict):
        return value
    raise wrong_type(position, value, "object")


def bounded(text: str, name: str) -> str:
    """The text that a builtin made. Raises :class:`LimitError` when it is longer than ``MAX_TEXT``."""
    if len(text) > MAX_TEXT:
        raise LimitError(f"{name}: the text is longer than {MAX_TEXT} characters")
    return text
