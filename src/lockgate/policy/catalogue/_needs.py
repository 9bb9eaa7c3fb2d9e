"""What an object must hold for a policy to deny anything of it, read off the condition before any object is seen.

``item.?securityContext.privileged.orValue(false) == true`` is false of every object that has no field ``privileged``
anywhere, so the policy need not be asked. The condition is worked through with some fields taken as absent; whatever
is not certain is *unknown*, and only a condition that is then certainly false, and cannot fail, counts. That holds as
long as the fields it is led through are maps (``flat`` and ``ragged`` of a shape say where they are not).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from lockgate.policy.catalogue._places import Path
from lockgate.policy.catalogue._shape import Need
from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.expression import registered
from lockgate.policy.cel.operators import equal
from lockgate.policy.errors import EvaluationError

_MOST_FIELDS = 24
"""A condition that reads more fields than that is always asked."""
_MOST_STEPS = 2_000
"""So is one that takes more steps than that to be worked through."""


class _Mark:
    """A value that is not known, or known only in part."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


_UNKNOWN = _Mark("anything, or a failure")
_MAP = _Mark("a map of the object")
_MEMBER = _Mark("an optional of something in the object")
_MAPS = _Mark("a list of maps of the object, perhaps of none")
_NONE = _Mark("an empty optional")
_FAILS = _Mark("a field that is absent")


def needs_of(condition: tree.Node, path: Path | None) -> tuple[Need, ...]:
    """Each of these alone rules the policy out. Empty when the policy must always be asked."""
    fields = sorted(_fields(condition))
    if not fields or len(fields) > _MOST_FIELDS:
        return ()
    found = [need for field in fields if (need := _ruled_out(condition, path, {field})) is not None]
    if found:
        return tuple(found)
    several = set(fields)
    need = _ruled_out(condition, path, several)
    if need is None:
        return ()
    for field in fields:
        fewer = _ruled_out(condition, path, several - {field})
        if fewer is not None:
            need, several = fewer, several - {field}
    return (need,) if several else ()


def guard_of(condition: tree.Node) -> tree.Node | None:
    """The first of several conditions that must all hold, when it says nothing of the policy's own parameters."""
    if not isinstance(condition, tree.Chain) or condition.operator != "&&":
        return None
    first = condition.operands[0]
    names = {tree.qualified(node) for node in tree.walk(first) if isinstance(node, tree.Select)}
    return None if any(name.startswith("variables.params") for name in names) else first


def _fields(condition: tree.Node) -> set[str]:
    found = set()
    for node in tree.walk(condition):
        if isinstance(node, tree.Select):
            found.add(node.name)
        elif isinstance(node, tree.Binary) and node.operator == "in" and isinstance(node.left, tree.Literal):
            found.add(str(node.left.value))
        elif isinstance(node, tree.Comprehension) and isinstance(node.target, tree.ListLiteral):
            items = (item for item, _ in node.target.items)
            found.update(str(item.value) for item in items if isinstance(item, tree.Literal))
    return found


def _ruled_out(condition: tree.Node, path: Path | None, absent: set[str]) -> Need | None:
    walk = _Walk(frozenset(absent), path)
    if walk.value(condition, {}) is not False or walk.out_of_steps:
        return None
    return Need(walk.absent, frozenset(walk.maps), frozenset(walk.lists), frozenset(walk.listed))


class _Walk:
    """Works a condition out as far as the absence of some fields decides it."""

    def __init__(self, absent: frozenset[str], path: Path | None) -> None:
        self.absent = absent
        self.maps: set[str] = set()
        self.lists: set[str] = set()
        self.listed: set[str] = set()
        self._path = path
        self._left = _MOST_STEPS
        self._present: set[tree.Select] = set()

    @property
    def out_of_steps(self) -> bool:
        """Whether the condition is too long to be worked through."""
        return self._left < 0

    def value(self, node: tree.Node, scope: Mapping[str, Any]) -> Any:
        """A constant, or one of the marks."""
        self._left -= 1
        if self._left < 0:  # loops over lists of constants multiply
            return _UNKNOWN
        match node:
            case tree.Literal():
                return node.value
            case tree.Ident():
                return self._ident(node, scope)
            case tree.Select():
                return self._select(node, scope)
            case tree.Has():
                return self._has(node.select, scope)
            case tree.Unary(operator="!"):
                value = self.value(node.operand, scope)
                return (not value) if isinstance(value, bool) else _UNKNOWN
            case tree.Chain(operator="&&" | "||"):
                return self._logic(node, scope)
            case tree.Chain():
                return self._joined([self.value(one, scope) for one in node.operands])
            case tree.Binary():
                return self._binary(node, scope)
            case tree.Conditional():
                chosen = self.value(node.condition, scope)
                if chosen is not True and chosen is not False:
                    return _UNKNOWN
                return self.value(node.then if chosen else node.otherwise, scope)
            case tree.ListLiteral() if not any(optional for _, optional in node.items):
                return [self.value(item, scope) for item, _ in node.items]
            case tree.MapLiteral(entries=()):
                return {}
            case tree.Call():
                return self._call(node, scope)
            case tree.Comprehension():
                return self._comprehension(node, scope)
        return _UNKNOWN

    def _ident(self, node: tree.Ident, scope: Mapping[str, Any]) -> Any:
        if node.name in scope:
            return scope[node.name]
        if node.name == "item" and self._path is not None and self._path.lists:
            self.lists.add(self._path.lists[-1][-1])
        return _MAP if node.name in ("object", "item", "parent") else _UNKNOWN

    def _select(self, node: tree.Select, scope: Mapping[str, Any]) -> Any:
        name = tree.qualified(node)
        if name in ("variables.podSpec", "variables.podMetadata") and "variables" not in scope:
            if name.endswith("Metadata"):
                self.maps.add("metadata")
            return _MAP
        inner = self.value(node.operand, scope)
        if inner is _NONE:
            return _NONE
        if inner is _MAP:
            if node.name in self.absent:
                return _NONE if node.optional else _FAILS
            if node.optional:
                return _MEMBER
            return self._map(node.name) if node in self._present and not scope else _UNKNOWN
        if inner is _MEMBER and isinstance(node.operand, tree.Select):
            self.maps.add(node.operand.name)
            return _NONE if node.name in self.absent else _MEMBER
        return _UNKNOWN

    def _map(self, name: str) -> Any:
        self.maps.add(name)
        return _MAP

    def _maps(self, name: str) -> Any:
        self.lists.add(name)
        self.listed.add(name)
        return _MAPS

    def _has(self, select: tree.Select, scope: Mapping[str, Any]) -> Any:
        return False if self._asked(select, scope) and select.name in self.absent else _UNKNOWN

    def _asked(self, select: tree.Select, scope: Mapping[str, Any]) -> bool:
        """Whether asking for the field cannot fail."""
        return self.value(select.operand, scope) is _MAP

    def _logic(self, node: tree.Chain, scope: Mapping[str, Any]) -> Any:
        """``&&`` is false when any operand is, even where others fail; so is ``||`` when all are.

        In an ``&&``, what one ``has()`` finds is there for the next: were it not, the whole would be false already.
        """
        if node.operator == "||":
            values = [self.value(one, scope) for one in node.operands]
            return False if all(value is False for value in values) else _UNKNOWN
        before = set(self._present)
        result: Any = _UNKNOWN
        for one in node.operands:
            if self.value(one, scope) is False:
                result = False
                break
            if isinstance(one, tree.Has) and not scope and self._asked(one.select, scope):
                self._present.add(dataclasses.replace(one.select, optional=False))
        self._present = before
        return result

    def _joined(self, values: list[Any]) -> Any:
        if all(isinstance(value, list) for value in values):
            return [one for value in values for one in value]
        return "".join(values) if all(isinstance(value, str) for value in values) else _UNKNOWN

    def _binary(self, node: tree.Binary, scope: Mapping[str, Any]) -> Any:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if node.operator == "in":
            return self._contained(left, right)
        if not _known(left) or not _known(right):
            return _UNKNOWN
        if node.operator in ("==", "!="):
            return equal(left, right) is (node.operator == "==")
        if type(left) is int and type(right) is int and node.operator in _ORDER:
            return _ORDER[node.operator](left, right)
        return _UNKNOWN

    def _contained(self, left: Any, right: Any) -> Any:
        if right is _MAP and isinstance(left, str):
            return False if left in self.absent else _UNKNOWN
        if isinstance(right, dict | list) and not right and _known(left):
            return False
        if isinstance(right, list) and _known(right) and _known(left):
            return any(equal(left, one) for one in right)
        return _UNKNOWN

    def _call(self, node: tree.Call, scope: Mapping[str, Any]) -> Any:
        if node.name == "orValue" and node.target is not None and len(node.args) == 1:
            inner, other = self.value(node.target, scope), node.args[0]
            if inner is _MEMBER and isinstance(node.target, tree.Select) and _is_empty_list(other):
                return self._maps(node.target.name)
            return self.value(other, scope) if inner is _NONE else _UNKNOWN
        table = registered().functions if node.target is None else registered().methods
        given = [
            self.value(one, scope) for one in ((*node.args,) if node.target is None else (node.target, *node.args))
        ]
        if node.name not in table or not all(map(_known, given)):
            return _UNKNOWN
        try:
            result = table[node.name].call(*given)
        except EvaluationError:
            return _UNKNOWN
        return result if isinstance(result, _PLAIN) else _UNKNOWN

    def _comprehension(self, node: tree.Comprehension, scope: Mapping[str, Any]) -> Any:
        target = self.value(node.target, scope)
        if len(node.variables) != 1 or node.condition is None:
            return _UNKNOWN
        if target is _MAPS:
            return self._among_maps(node, scope)
        if isinstance(target, dict):
            target = list(target)
        if not isinstance(target, list):
            return _UNKNOWN
        if not all(map(_certain, target)):  # then there may be no list at all
            return _UNKNOWN
        values = []
        for one in target:
            values.append(self.value(node.condition, {**scope, node.variables[0]: one}))
            if self.out_of_steps:
                return _UNKNOWN
        if node.macro == "exists":
            return False if all(value is False for value in values) else _UNKNOWN
        if node.macro == "filter" and all(value is False for value in values):
            return []
        if node.macro == "all" and all(value is True for value in values):
            return True
        return _UNKNOWN


    def _among_maps(self, node: tree.Comprehension, scope: Mapping[str, Any]) -> Any:
        """What holds of any map there may be holds of all there are."""
        assert node.condition is not None
        value = self.value(node.condition, {**scope, node.variables[0]: _MAP})
        if node.macro == "exists" and value is False:
            return False
        return True if node.macro == "all" and value is True else _UNKNOWN


_PLAIN = (bool, int, str)
_ORDER = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def _is_empty_list(node: tree.Node) -> bool:
    return isinstance(node, tree.ListLiteral) and not node.items


def _certain(value: Any) -> bool:
    """Whether there is a value, be it known or not."""
    if isinstance(value, list):
        return all(map(_certain, value))
    return value is not _UNKNOWN and value is not _FAILS


def _known(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_known, value))
    return not isinstance(value, _Mark)
