"""Lookups, enumerations and comparisons of compiled Rego. Each enumeration pays one step for each member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from lockgate.policy.rego.run.state import COLLECTIONS, State, U
from lockgate.policy.rego.values import Set, compare, equal, in_order, key_of, keys_in_order, value_of_key

_NUMBERS: Final[frozenset[type]] = frozenset((int, float))


def dig(value: Any, names: tuple[str, ...]) -> Any:
    """What names lead to, through sets too."""
    for name in names:
        kind = value.__class__
        if kind is dict:
            value = value.get(name, U)
        elif kind is Set:
            value = value.members.get(name, U)
        else:
            return U
    return value


def get(value: Any, key: Any) -> Any:
    """``value[key]``, or undefined."""
    kind = value.__class__
    if kind is dict:
        return value.get(key if key.__class__ is str else key_of(key), U)
    if kind is list or kind is tuple:
        if key.__class__ is int and 0 <= key < len(value):
            return value[key]
        if isinstance(key, float) and key.is_integer() and 0 <= key < len(value):
            return value[int(key)]
        return U
    if kind is Set:
        return value.members.get(key if key.__class__ is str else key_of(key), U)
    return U


def base_get(value: Any, key: Any) -> Any:
    """``value[key]`` of a base document: its keys are strings, and a number finds the string it is written as."""
    if value.__class__ is dict and key.__class__ is int:
        key = str(key)
    return get(value, key)


def vals(state: State, value: Any) -> Iterable[Any]:
    """The members of a collection in any order, those of a set perhaps more than once; none of anything else."""
    kind = value.__class__
    if kind is list or kind is tuple:
        found: Any = value
    elif kind is dict:
        found = value.values()
    elif kind is Set:
        found = value.some()
    else:
        return ()
    budget = state.budget
    budget.left -= len(found)
    if budget.left < 0:
        budget.spend(0)
    return found  # type: ignore[no-any-return]


def pairs(state: State, value: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and members of a collection in any order, those of a set perhaps more than once."""
    kind = value.__class__
    if kind is Set:
        return [(item, item) for item in vals(state, value)]
    if kind not in COLLECTIONS:
        return ()
    budget = state.budget
    budget.left -= len(value)
    if budget.left < 0:
        budget.spend(0)
    if kind is dict:
        for key in value:
            if key.__class__ is not str:
                return [(value_of_key(name), item) for name, item in value.items()]
        return value.items()  # type: ignore[no-any-return]
    return enumerate(value)


def ovals(state: State, value: Any) -> Iterable[Any]:
    """The members of a collection, objects by their keys and sets by their members."""
    kind = value.__class__
    if kind is dict:
        return [item for _, item in opairs(state, value)]
    return _in_order(state, value) if kind is Set else vals(state, value)


def opairs(state: State, value: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and members of a collection in order."""
    kind = value.__class__
    if kind is dict:
        pairs(state, value)
        return [(value_of_key(key), value[key]) for key in keys_in_order(value)]
    if kind is Set:
        return [(item, item) for item in _in_order(state, value)]
    return pairs(state, value)


def _in_order(state: State, value: Set) -> list[Any]:
    """The members of a set in order, each once."""
    members = value.members
    budget = state.budget
    budget.left -= len(members)
    if budget.left < 0:
        budget.spend(0)
    return in_order(members.values())


def paid(state: State, found: Iterable[Any]) -> Iterator[Any]:
    """The results of a relation, each paid for."""
    budget = state.budget
    for value in found:
        budget.spend()
        yield value


def ordered(state: State, found: Iterable[Any]) -> Iterator[Any]:
    """The results of a relation in the order it gives them."""
    return paid(state, found)


def below(a: Any, b: Any) -> bool:
    """``a < b`` in the order of all values."""
    if a.__class__ in _NUMBERS and b.__class__ in _NUMBERS:
        return a < b  # type: ignore[no-any-return, operator]
    return compare(a, b) < 0


def at_most(a: Any, b: Any) -> bool:
    """``a <= b``"""
    if a.__class__ in _NUMBERS and b.__class__ in _NUMBERS:
        return a <= b  # type: ignore[no-any-return, operator]
    return compare(a, b) <= 0


def above(a: Any, b: Any) -> bool:
    """``a > b``"""
    if a.__class__ in _NUMBERS and b.__class__ in _NUMBERS:
        return a > b  # type: ignore[no-any-return, operator]
    return compare(a, b) > 0


def at_least(a: Any, b: Any) -> bool:
    """``a >= b``"""
    if a.__class__ in _NUMBERS and b.__class__ in _NUMBERS:
        return a >= b  # type: ignore[no-any-return, operator]
    return compare(a, b) >= 0


def unequal(a: Any, b: Any) -> bool:
    """``a != b``"""
    return not equal(a, b)
