"""Arrays and sets: joining, cutting, membership."""

from __future__ import annotations

from typing import Final

from lockgate.policy.rego.builtins.contract import Function, array, integer, wrong_type
from lockgate.policy.rego.values import UNDEFINED, Set, Value, equal, key_of


def array_concat(a: Value, b: Value) -> Value:
    return [*array(a, 1), *array(b, 2)]


def array_flatten(items: Value) -> Value:
    """Members that are arrays give way to their members; one level."""
    flat: list[Value] = []
    for item in array(items, 1):
        if isinstance(item, (list, tuple)):
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def array_reverse(items: Value) -> Value:
    return array(items, 1)[::-1]


def array_slice(items: Value, start: Value, stop: Value) -> Value:
    """Members from ``start`` up to before ``stop``; both are moved into the bounds."""
    members = array(items, 1)
    begin, end = max(integer(start, 2), 0), max(integer(stop, 3), 0)
    return members[begin:end] if begin < end else []


def set_and(a: Value, b: Value) -> Value:
    return _set(a, 1) & _set(b, 2)


def set_or(a: Value, b: Value) -> Value:
    return _set(a, 1) | _set(b, 2)


def set_difference(a: Value, b: Value) -> Value:
    return _set(a, 1) - _set(b, 2)


def intersection(sets: Value) -> Value:
    """What all members of a set of sets have in common; empty of none."""
    result: Set | None = None
    for member in _set(sets, 1):
        result = _set(member, 1) if result is None else result & _set(member, 1)
    return Set() if result is None else result


def union(sets: Value) -> Value:
    """All that any member of a set of sets has."""
    members: dict[Value, Value] = {}
    for member in _set(sets, 1):
        members.update(_set(member, 1).members)
    return Set.of_members(members)


def member_of(value: Value, collection: Value) -> Value:
    """``value in collection``."""
    if isinstance(collection, Set):
        return value in collection
    if isinstance(collection, dict):
        return any(equal(value, item) for item in collection.values())
    return isinstance(collection, (list, tuple)) and any(equal(value, item) for item in collection)


def member_at(key: Value, value: Value, collection: Value) -> Value:
    """``key, value in collection``."""
    if isinstance(collection, Set):
        return key in collection and equal(key, value)
    found = at(collection, key)
    return found is not UNDEFINED and equal(found, value)


def at(collection: Value, key: Value) -> Value:
    """``collection[key]``, or UNDEFINED."""
    if isinstance(collection, dict):
        return collection.get(key if type(key) is str else key_of(key), UNDEFINED)
    if isinstance(collection, Set):
        return key if key in collection else UNDEFINED
    if not isinstance(collection, (list, tuple)) or isinstance(key, (bool, str)):
        return UNDEFINED
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return collection[key] if isinstance(key, int) and 0 <= key < len(collection) else UNDEFINED


def _set(value: Value, position: int) -> Set:
    if isinstance(value, Set):
        return value
    raise wrong_type(position, value, "set")


FUNCTIONS: Final[dict[str, Function]] = {
    "array.concat": array_concat,
    "array.flatten": array_flatten,
    "array.reverse": array_reverse,
    "array.slice": array_slice,
    "and": set_and,
    "or": set_or,
    "set_diff": set_difference,
    "intersection": intersection,
    "union": union,
    "internal.member_2": member_of,
    "internal.member_3": member_at,
}
