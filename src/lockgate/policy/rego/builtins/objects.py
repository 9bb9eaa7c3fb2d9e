"""Objects: looking up, choosing keys, merging, subsets."""

from __future__ import annotations

from typing import Any, Final

from lockgate.policy.rego.builtins.collections import at
from lockgate.policy.rego.builtins.contract import (
    BuiltinError,
    Context,
    Function,
    array,
    dictionary,
    wrong_member,
    wrong_type,
)
from lockgate.policy.rego.values import (
    MAX_DEPTH,
    UNDEFINED,
    Key,
    Set,
    Value,
    equal,
    key_of,
    too_deep,
    value_of_key,
)


def get(value: Value, path: Value, default: Value) -> Value:
    """What is at a key, or at the end of an array of keys; else the default."""
    if not isinstance(value, dict):
        dictionary(value, 1)
    if type(path) is str:
        return value.get(path, default)
    if not isinstance(path, (list, tuple)):
        return value.get(key_of(path), default)
    for key in path:
        value = at(value, key)
        if value is UNDEFINED:
            return default
    return value


def keys(value: Value) -> Value:
    """The keys as a set."""
    return Set.of_members({key: value_of_key(key) for key in dictionary(value, 1)})


def remove(value: Value, chosen: Value) -> Value:
    """The object without the keys that an array, a set, or the keys of an object name."""
    given, gone = dictionary(value, 1), _chosen(chosen)
    return {key: item for key, item in given.items() if key not in gone}


def keep(value: Value, chosen: Value) -> Value:
    """The object with those keys only that an array, a set, or the keys of an object name."""
    given, kept = dictionary(value, 1), _chosen(chosen)
    return {key: given[key] for key in kept if key in given}


def union(a: Value, b: Value) -> Value:
    """Both objects in one: objects below the same key are merged, of other values the second one stays."""
    return merged(dictionary(a, 1), dictionary(b, 2), 0)


def union_n(objects: Value) -> Value:
    """As :func:`union`, from left to right; the empty object of none."""
    result: dict[Key, Value] = {}
    for member in array(objects, 1):
        if not isinstance(member, dict):
            raise wrong_member(1, objects, member, "object")
        result = merged(result, member, 0)
    return result


def subset(context: Context, outer: Value, inner: Value) -> Value:
    """Whether the second one is part of the first: of objects in depth, an array as a run, a set by members."""
    kinds = (dict, Set, (list, tuple))
    if not any(isinstance(outer, kind) and isinstance(inner, kind) for kind in kinds):
        if isinstance(outer, (list, tuple)) and isinstance(inner, Set):
            return _covers(outer, inner)
        raise BuiltinError("both arguments object.subset must be of the same type or array and set")
    return _subset(context, outer, inner, 0)


def merged(a: dict[Key, Value], b: dict[Key, Value], depth: int) -> dict[Key, Value]:
    """``b`` over ``a``, objects below the same key merged likewise."""
    if depth >= MAX_DEPTH:
        raise too_deep()
    result = dict(a)
    for key, new in b.items():
        old = result.get(key, UNDEFINED)
        both = isinstance(old, dict) and isinstance(new, dict)
        result[key] = merged(old, new, depth + 1) if both else new
    return result


def _subset(context: Context, outer: Value, inner: Value, depth: int) -> bool:
    if depth >= MAX_DEPTH:
        raise too_deep()
    if isinstance(outer, dict) and isinstance(inner, dict):
        for key, item in inner.items():
            found = outer.get(key, UNDEFINED)
            if found is UNDEFINED or not _subset(context, found, item, depth + 1):
                return False
        return True
    if isinstance(outer, Set) and isinstance(inner, Set):
        return inner.members.keys() <= outer.members.keys()
    if isinstance(outer, (list, tuple)) and isinstance(inner, (list, tuple)):
        return _is_run(context, outer, inner)
    return equal(outer, inner)


def _covers(outer: Any, inner: Set) -> bool:
    """Whether an array has the members of a set, as OPA counts: a member that the array repeats counts each time."""
    unmatched = len(inner)
    for item in outer:
        unmatched -= item in inner
        if unmatched == 0:
            return True
    return False


def _is_run(context: Context, outer: Any, inner: Any) -> bool:
    """Whether the inner array is a run of the outer one, with OPA's cursor, which does not step back."""
    if len(inner) > len(outer):
        return False
    at_outer = at_inner = 0
    while at_inner < len(inner):
        if at_outer + at_inner == len(outer):
            return False
        context.budget.spend()
        if equal(outer[at_outer + at_inner], inner[at_inner]):
            at_inner += 1
        else:
            at_outer, at_inner = at_outer + 1, 0
    return True


def _chosen(value: Value) -> dict[Key, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, Set):
        return value.members
    if isinstance(value, (list, tuple)):
        return {key_of(key): None for key in value}
    raise wrong_type(2, value, "object", "set", "array")


FUNCTIONS: Final[dict[str, Function]] = {
    "object.get": get,
    "object.keys": keys,
    "object.remove": remove,
    "object.filter": keep,
    "object.union": union,
    "object.union_n": union_n,
}
WITH_CONTEXT: Final[dict[str, Function]] = {"object.subset": subset}
