"""Builtins whose usual case is a Python expression, so that no call is made and nothing has to be caught.

Each has a guard: where it holds, the expression gives exactly what the function of the builtin does; elsewhere the
function itself is called. What does not belong: the builtins, and how a call fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.policy.rego.syntax import Array, Scalar, Term

BOOL, SIZE, SMALL, TEXT, SIZED = "bool", "size", "small", "text", "sized"
"""Kinds of a value that are known while code is written: a boolean, a count, an integer that is far from every bound,
a string, a collection."""

_FAR: Final = 1 << 32
_DIRECTIVE: Final = re.compile(r"%([vsd])")


@dataclass(frozen=True, slots=True)
class Inline:
    """A call as a Python expression."""

    text: str
    """The expression."""
    guard: str = ""
    """Python condition under which it holds; empty for always."""
    kind: str = ""
    """What is known of its value; empty for nothing."""


class Arguments:
    """The arguments of one call: Python names or constants, and what is known of them."""

    def __init__(self, texts: Sequence[str], terms: Sequence[Term], kinds: Mapping[str, str]) -> None:
        self.texts = texts
        self.terms = terms
        self._kinds = kinds

    def constant(self, position: int) -> object:
        """The value of an argument that is a constant; None for others, and for null."""
        term = self.terms[position]
        return term.value if isinstance(term, Scalar) else None

    def kind(self, position: int) -> str:
        """What is known of an argument."""
        return self._kinds.get(self.texts[position], "")

    def small(self, position: int) -> bool:
        """Whether it is an integer far from every bound."""
        value = self.constant(position)
        return self.kind(position) in (SIZE, SMALL) or (type(value) is int and -_FAR < value < _FAR)

    def strings(self, *positions: int) -> str:
        """The condition that these arguments are strings."""
        open_ = [at for at in positions if not isinstance(self.constant(at), str) and self.kind(at) != TEXT]
        return " and ".join(f"{self.texts[at]}.__class__ is str" for at in open_)


def known(name: str) -> bool:
    """Whether calls of a builtin may be expressions."""
    return name in _WRITERS


def proven(name: str, arguments: Arguments) -> dict[str, str]:
    """What is known of the arguments of a test once it holds: it fails for other types."""
    if name == "is_string":
        return {arguments.texts[0]: TEXT}
    if name in ("startswith", "endswith", "contains"):
        return {text: TEXT for text in arguments.texts if text.isidentifier()}
    return {}


def inline(name: str, arguments: Arguments) -> Inline | None:
    """The call of a builtin as an expression; None where there is none."""
    write = _WRITERS.get(name)
    free = _ANY_CONSTANT.get(name, ())
    for at, term in enumerate(arguments.terms):
        if isinstance(term, Scalar) and not isinstance(term.value, str) and at not in free:
            return None
    return write(arguments) if write is not None else None


def comparison(operator: str, slow: str, arguments: Arguments) -> str:
    """``<`` and the like: Python's own between integers, the order of all values elsewhere."""
    a, b = arguments.texts
    if arguments.small(0) and arguments.small(1):
        return f"{a} {operator} {b}"
    for one, at in ((a, 0), (b, 1)):
        if arguments.small(1 - at) and not isinstance(arguments.terms[at], Scalar):
            return f"({a} {operator} {b} if {one}.__class__ is int else {slow}({a}, {b}))"
    return f"{slow}({a}, {b})"


def printed(form: object, values: Term, texts: Sequence[str]) -> str:
    """``sprintf`` of a constant format with plain verbs, one for each value; empty where it is anything else."""
    if not isinstance(form, str) or not isinstance(values, Array):
        return ""
    pieces = _DIRECTIVE.split(form)
    if any("%" in text for text in pieces[::2]) or len(pieces) // 2 != len(values.items) or len(pieces) == 1:
        return ""
    parts = []
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            parts += [repr(piece)] if piece else []
            continue
        text, term = texts[at // 2], values.items[at // 2]
        shown = f"shown({text}, {piece!r})"
        plain = f"{text} if {text}.__class__ is str else {shown}"
        parts.append(shown if isinstance(term, Scalar) or piece == "d" else plain)
    return f"''.join(({', '.join(parts)},))"


_Write = Callable[[Arguments], Inline | None]


def _test(condition: str) -> _Write:
    def write(given: Arguments) -> Inline | None:
        return None if isinstance(given.terms[0], Scalar) else Inline(condition.format(given.texts[0]), kind=BOOL)

    return write


def _of_strings(form: str, kind: str) -> _Write:
    def write(given: Arguments) -> Inline | None:
        return Inline(form.format(*given.texts), given.strings(*range(len(given.texts))), kind)

    return write


def _count(given: Arguments) -> Inline:
    guard = "" if given.kind(0) in (SIZED, TEXT) else f"{given.texts[0]}.__class__ in COUNTED"
    return Inline(f"len({given.texts[0]})", guard, SIZE)


def _sum(operator: str) -> _Write:
    def write(given: Arguments) -> Inline | None:
        if not (given.small(0) and given.small(1)):
            return None
        # One step away from a count: a chain of them grows by the length of the policy's text only.
        return Inline(f"{given.texts[0]} {operator} {given.texts[1]}", kind=SMALL)

    return write


def _substring(given: Arguments) -> Inline | None:
    text, start, length = given.texts
    size = given.constant(2)
    if not given.small(1) or type(size) is not int:
        return None
    guard = " and ".join(filter(None, (given.strings(0), f"{start} >= 0")))
    return Inline(f"{text}[{start}:]" if size < 0 else f"{text}[{start}:{start} + {length}]", guard, TEXT)


def _split(given: Arguments) -> Inline | None:
    if not given.constant(1):
        return None
    return Inline(f"{given.texts[0]}.split({given.texts[1]})", given.strings(0, 1), SIZED)


def _replace(given: Arguments) -> Inline | None:
    old, new = given.constant(1), given.constant(2)
    if not isinstance(old, str) or not isinstance(new, str) or not old or len(new) > len(old):
        return None
    return Inline("{}.replace({}, {})".format(*given.texts), given.strings(0), TEXT)


def _object_get(given: Arguments) -> Inline | None:
    if not isinstance(given.constant(1), str):
        return None
    value, key, default = given.texts
    return Inline(f"{value}.get({key}, {default})", f"{value}.__class__ is dict")


def _case(method: str) -> _Write:
    def write(given: Arguments) -> Inline:
        text = given.texts[0]
        guard = " and ".join(filter(None, (given.strings(0), f"{text}.isascii()")))
        return Inline(f"{text}.{method}()", guard, TEXT)

    return write


_ANY_CONSTANT: Final[Mapping[str, tuple[int, ...]]] = {
    "plus": (0, 1), "minus": (0, 1), "substring": (1, 2), "object.get": (2,),
}  # fmt: skip
"""Positions at which a constant need not be a string. Elsewhere it is a call that cannot succeed."""
_WRITERS: Final[Mapping[str, _Write]] = {
    "is_string": _test("isinstance({}, str)"),
    "is_number": _test("(isinstance({0}, (int, float)) and {0} is not True and {0} is not False)"),
    "is_boolean": _test("({0} is True or {0} is False)"),
    "is_array": _test("isinstance({}, (list, tuple))"),
    "is_object": _test("isinstance({}, dict)"),
    "is_set": _test("isinstance({}, Set)"),
    "is_null": _test("({} is None)"),
    "startswith": _of_strings("{}.startswith({})", BOOL),
    "endswith": _of_strings("{}.endswith({})", BOOL),
    "contains": _of_strings("({1} in {0})", BOOL),
    "trim_prefix": _of_strings("{}.removeprefix({})", TEXT),
    "trim_suffix": _of_strings("{}.removesuffix({})", TEXT),
    "count": _count,
    "plus": _sum("+"),
    "minus": _sum("-"),
    "substring": _substring,
    "split": _split,
    "replace": _replace,
    "object.get": _object_get,
    "lower": _case("lower"),
    "upper": _case("upper"),
}
