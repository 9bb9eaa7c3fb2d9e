"""Counting, adding, choosing and sorting the members of collections."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from lockgate.policy.rego.builtins.arithmetic import fraction, from_fraction, multiply, plus, rounded
from lockgate.policy.rego.builtins.contract import Function, wrong_member, wrong_type
from lockgate.policy.rego.values import UNDEFINED, Set, Value, compare, in_order, is_whole


def count(collection: Value) -> Value:
    """Members of an array, object or set; characters of a string."""
    if isinstance(collection, (list, dict, str, Set, tuple)):
        return len(collection)
    raise wrong_type(1, collection, "array", "object", "set", "string")


def total(collection: Value) -> Value:
    """The sum of numbers; 0 of none."""
    result: Value = 0
    for member in _numbers(collection):
        result = plus(result, member)
    return result


def product(collection: Value) -> Value:
    """The product of numbers; 1 of none. With a fraction among them, OPA keeps 53 bits of each step."""
    numbers = _numbers(collection)
    result: Value = 1
    if all(map(is_whole, numbers)):
        for member in numbers:
            result = multiply(result, member)
        return result
    exact = Fraction(1)
    for member in numbers:
        exact = rounded(exact * fraction(member), 53)
    return from_fraction(exact, 53)


def largest(collection: Value) -> Value:
    """The last member in order; undefined of none."""
    return _extreme(collection, 1)


def smallest(collection: Value) -> Value:
    """The first member in order; undefined of none."""
    return _extreme(collection, -1)


def in_sorted_order(collection: Value) -> Value:
    """The members as a sorted array."""
    return in_order(_members(collection))


def every_true(collection: Value) -> Value:
    """Whether all members are ``true``."""
    return all(member is True for member in _members(collection, "array", "set"))


def some_true(collection: Value) -> Value:
    """Whether a member is ``true``."""
    return any(member is True for member in _members(collection, "array", "set"))


def _members(collection: Value, *expected: str) -> list[Value] | tuple[Value, ...] | Set:
    if isinstance(collection, (list, tuple, Set)):
        return collection
    raise wrong_type(1, collection, *(expected or ("set", "array")))


def _numbers(collection: Value) -> list[float]:
    members = _members(collection)
    for member in members:
        if not isinstance(member, (int, float)) or isinstance(member, bool):
            raise wrong_member(1, collection, member, "number")
    return in_order(members) if isinstance(members, Set) else list(members)


def _extreme(collection: Value, sign: int) -> Value:
    members = iter(_members(collection))
    chosen = next(members, UNDEFINED)
    for member in members:
        if compare(member, chosen) * sign >= 0:
            chosen = member
    return chosen


FUNCTIONS: Final[dict[str, Function]] = {
    "count": count,
    "sum": total,
    "product": product,
    "max": largest,
    "min": smallest,
    "sort": in_sorted_order,
    "all": every_true,
    "any": some_true,
}
