"""Types as the checker sees them: tuples of a name and parameters, ``("list", ("int",))``.

``("dyn",)`` is any type, ``("error",)`` one that a reported error left open, and ``("var", n)`` a free variable. A name
with dots is a type of Kubernetes, without parameters.
"""

from __future__ import annotations

import re
from functools import cache

from lockgate.policy.errors import PolicyError

Type = tuple[object, ...]

DYN: Type = ("dyn",)
ERROR: Type = ("error",)
BOOL: Type = ("bool",)
INT: Type = ("int",)
NULL: Type = ("null",)
STRING: Type = ("string",)
_WORD = re.compile(r"\s*([A-Za-z_][\w.]*|[(),])")


def listed(element: Type) -> Type:
    """A list of ``element``."""
    return ("list", element)


def optional(value: Type) -> Type:
    """An optional of ``value``."""
    return ("optional", value)


def parameters(shape: Type) -> tuple[Type, ...]:
    """The types a type is made of."""
    return () if shape[0] == "var" else shape[1:]  # type: ignore[return-value]


def larger(shape: Type, most: int) -> bool:
    """Whether a type has more than ``most`` parts."""
    pending = [shape]
    while pending:
        if most <= 0:
            return True
        most -= 1
        pending += parameters(pending.pop())
    return False


def shown(shape: Type) -> str:
    """As people write it: ``map(string, list(int))``."""
    if shape[0] == "var":
        return "dyn"
    inner = parameters(shape)
    return f"{shape[0]}({', '.join(map(shown, inner))})" if inner else str(shape[0])


@cache
def read(text: str) -> Type:
    """The type that :func:`shown` writes; one capital letter is a parameter. Raises :class:`PolicyError`."""
    words = _WORD.findall(text)
    shape, rest = _read(words, 0)
    if rest != len(words):
        raise PolicyError(f"{text!r} is no type")
    return shape


def _read(words: list[str], at: int) -> tuple[Type, int]:
    if at >= len(words) or words[at] in "(),":
        raise PolicyError("a type is missing")
    name, at = words[at], at + 1
    inner: list[Type] = []
    if at < len(words) and words[at] == "(":
        while words[at] != ")":
            one, at = _read(words, at + 1)
            inner.append(one)
            if at >= len(words):
                raise PolicyError("a type lacks its ')'")
        at += 1
    return (name, *inner), at
