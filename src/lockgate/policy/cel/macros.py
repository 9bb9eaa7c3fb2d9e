"""Calls that are macros: recognised by name, receiver and number of arguments, as the language definition says.

The names come from the language definition, from cel-go's two-variable comprehensions, bindings and optional types.
A call of a macro's name with another number of arguments is left alone and fails later as an unknown function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from lockgate.policy.cel.syntax import Bind, Call, Comprehension, Has, Ident, Node, OptionalMap, Select, height
from lockgate.policy.errors import PolicyError

_TESTS = {"all": "all", "exists": "exists", "exists_one": "exists_one", "existsOne": "exists_one"}
_TRANSFORMS = ("transformList", "transformMap", "transformMapEntry")


class Fault(Protocol):
    """Makes an error at an offset."""

    def __call__(self, message: str, at: int, *, hint: str = "", length: int = 1) -> PolicyError: ...


def expand(call: Call, fault: Fault) -> Node:
    """What ``call`` means: a macro's node, or ``call`` itself."""
    name, count = call.name, len(call.args)
    if call.target is None:
        return _has(call, fault) if name == "has" and count == 1 else call
    if isinstance(call.target, Ident) and call.target.name == "cel":
        return _bind(call, fault) if name == "bind" and count == 3 else call
    make = _receiver_macro(name, count)
    return call if make is None else make(call, call.target, fault)


def _receiver_macro(name: str, count: int) -> Callable[[Call, Node, Fault], Node] | None:
    if (name in _TESTS and count in (2, 3)) or (name == "filter" and count == 2):
        return _test
    if (name == "map" and count in (2, 3)) or (name == "sortBy" and count == 2):
        return _map
    if name in _TRANSFORMS and count in (3, 4):
        return _transform
    return _optional_map if name in ("optMap", "optFlatMap") and count == 2 else None


def _has(call: Call, fault: Fault) -> Node:
    select = call.args[0]
    if not isinstance(select, Select) or select.optional:
        raise fault("has() needs a selection like a.b", call.at, length=3)
    return Has(select, at=call.at, height=height(select))


def _bind(call: Call, fault: Fault) -> Node:
    (variable,) = _names(call, 1, fault)
    value, body = call.args[1:]
    return Bind(variable, value, body, at=call.at, height=height(value, body))


def _optional_map(call: Call, target: Node, fault: Fault) -> Node:
    (variable,) = _names(call, 1, fault)
    flat = call.name == "optFlatMap"
    return OptionalMap(target, variable, call.args[1], flat, at=call.at, height=height(target, call.args[1]))


def _test(call: Call, target: Node, fault: Fault) -> Node:
    names = _names(call, len(call.args) - 1, fault)
    return _walk(_TESTS.get(call.name, call.name), call, target, names, call.args[-1], None)


def _map(call: Call, target: Node, fault: Fault) -> Node:
    condition = call.args[1] if len(call.args) == 3 else None
    return _walk(call.name, call, target, _names(call, 1, fault), condition, call.args[-1])


def _transform(call: Call, target: Node, fault: Fault) -> Node:
    condition = call.args[2] if len(call.args) == 4 else None
    return _walk(call.name, call, target, _names(call, 2, fault), condition, call.args[-1])


def _walk(
    macro: str, call: Call, target: Node, names: tuple[str, ...], condition: Node | None, result: Node | None
) -> Node:
    node = Comprehension(macro, target, names, condition, result, at=call.at)
    return replace(node, height=height(target, condition, result))


def _names(call: Call, count: int, fault: Fault) -> tuple[str, ...]:
    names: list[str] = []
    for argument in call.args[:count]:
        if not isinstance(argument, Ident) or argument.name.startswith("."):
            raise fault(f"{call.name}() needs a simple name here", argument.at)
        if argument.name in names:
            raise fault(f"{call.name}() names {argument.name!r} twice", argument.at, length=len(argument.name))
        names.append(argument.name)
    return tuple(names)
