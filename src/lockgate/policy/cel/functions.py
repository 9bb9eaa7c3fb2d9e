"""Functions that expressions call: how a library declares one, and how a call finds its overload.

A function's overloads are told apart by the types of all arguments at run time, receiver included. The answer is kept
per tuple of Python types, so that a call costs one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.cel.values import Duration, Opaque, Optional, Timestamp, TypeValue, Uint, no_overload

_KEPT = 512
_PLAIN: dict[str, type] = {
    "bool": bool, "int": int, "uint": Uint, "double": float, "string": str, "bytes": bytes, "null": type(None),
    "list": list, "timestamp": Timestamp, "duration": Duration, "optional": Optional, "type": TypeValue,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Function:
    """One overload."""

    name: str
    """What is called, with its namespace: ``size``, ``base64.encode``."""
    parameters: tuple[str, ...]
    """Types of the arguments, the receiver first: ``any``, ``map``, a name of a plain type, or an opaque's ``TYPE``."""
    do: Callable[..., Any]
    """Computes the value from plain Python values. Raises ``CelError``."""
    result: str = "any"
    """Type of the value when it is always the same plain type, else ``any``."""
    method: bool = False
    """Whether it is called as ``receiver.name(...)``."""


def function(name: str, *parameters: str, do: Callable[..., Any], result: str = "any") -> Function:
    """An overload that is called ``name(...)``."""
    return Function(name, parameters, do, result)


def method(name: str, *parameters: str, do: Callable[..., Any], result: str = "any") -> Function:
    """An overload that is called on its first parameter."""
    return Function(name, parameters, do, result, method=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """All overloads of one name and one style of call."""

    symbol: str
    """The name that generated code calls it by."""
    counts: frozenset[int]
    """Numbers of arguments that some overload takes, the receiver not counted."""
    result: str
    """The plain type that every overload gives, else ``any``."""
    libraries: frozenset[str]
    """Names of the libraries that its overloads come from."""
    call: Callable[..., Any]
    """Picks the overload and calls it."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Every function that an expression may call."""

    functions: dict[str, Entry]
    """By name, those called ``name(...)``."""
    methods: dict[str, Entry]
    """By name, those called on a receiver."""

    def symbols(self) -> dict[str, Callable[..., Any]]:
        """What generated code needs in its globals."""
        return {entry.symbol: entry.call for table in (self.functions, self.methods) for entry in table.values()}


def registry(libraries: Mapping[str, Iterable[Function]]) -> Registry:
    """A registry of the overloads of ``libraries``, in the order in which they are tried."""
    by_name: dict[tuple[bool, str], list[Function]] = {}
    sources: dict[tuple[bool, str], set[str]] = {}
    for library, declared in libraries.items():
        for overload in declared:
            by_name.setdefault((overload.method, overload.name), []).append(overload)
            sources.setdefault((overload.method, overload.name), set()).add(library)
    made = Registry({}, {})
    for (is_method, name), overloads in by_name.items():
        table = made.methods if is_method else made.functions
        table[name] = _entry(name, is_method, overloads, frozenset(sources[is_method, name]))
    return made


def _entry(name: str, is_method: bool, overloads: list[Function], libraries: frozenset[str]) -> Entry:
    results = {overload.result for overload in overloads}
    return Entry(
        symbol=("M_" if is_method else "F_") + name.replace(".", "__"),
        counts=frozenset(len(overload.parameters) - is_method for overload in overloads),
        result=results.pop() if len(results) == 1 else "any",
        libraries=libraries,
        call=_dispatcher(name, overloads),
    )


def _dispatcher(name: str, overloads: Sequence[Function]) -> Callable[..., Any]:
    known: dict[tuple[type, ...], Callable[..., Any]] = {}

    def call(*args: object) -> Any:
        types = tuple(map(type, args))
        do = known.get(types)
        if do is None:
            do = next((o.do for o in overloads if _fits(o.parameters, args)), None)
            if do is None:
                raise no_overload(name, *args)
            if len(known) < _KEPT:  # an object can bring about as many combinations as it has values
                known[types] = do
        return do(*args)

    return call


def _fits(parameters: tuple[str, ...], args: tuple[object, ...]) -> bool:
    return len(parameters) == len(args) and all(map(_is, parameters, args))


def _is(parameter: str, value: object) -> bool:
    if parameter == "any":
        return True
    if parameter == "map":
        return isinstance(value, dict)
    plain = _PLAIN.get(parameter)
    if plain is not None:
        return type(value) is plain
    return isinstance(value, Opaque) and parameter == value.TYPE
