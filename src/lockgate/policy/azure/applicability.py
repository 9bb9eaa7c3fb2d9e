"""Whether a rule concerns a resource at all: its conditions on type, name and kind, the others taken for granted.

Follows Microsoft's page on applicability for Resource Manager modes. ``IfNotExists`` effects and data planes look at
the whole ``if`` instead.
"""

from __future__ import annotations

from lockgate.policy.azure.conditions import Test, compile_condition
from lockgate.policy.azure.rules import Condition, FieldSubject, Leaf, Logic
from lockgate.policy.azure.values import ascii_fold

_LOOKED_AT = frozenset(("type", "name", "kind"))


def compile_applicability(condition: Condition) -> Test:
    """A closure that answers whether the rule is applicable; it ignores every condition that does not count."""
    fields = _fields(condition)
    counted = _counted(fields)
    if not counted:
        return lambda run: True
    return _compile(condition, counted, positive=True)


def _counted(fields: set[str]) -> frozenset[str]:
    """Which of type, name and kind decide, given everything the rule looks at."""
    named = fields & _LOOKED_AT
    if fields - _LOOKED_AT:
        return frozenset(named)
    return frozenset(("type",)) & named


def _fields(condition: Condition) -> set[str]:
    found: set[str] = set()
    todo = [condition]
    while todo:
        one = todo.pop()
        if isinstance(one, Logic):
            todo += one.children
        else:
            found.add(_field(one))
    return found


def _field(leaf: Leaf) -> str:
    if isinstance(leaf.subject, FieldSubject) and leaf.subject.name.constant:
        return ascii_fold(leaf.subject.name.value)
    return ""


def _compile(condition: Condition, counted: frozenset[str], *, positive: bool) -> Test:
    if isinstance(condition, Leaf):
        if _field(condition) in counted:
            return compile_condition(condition)
        return lambda run: positive
    if condition.kind == "not":
        inner = _compile(condition.children[0], counted, positive=not positive)
        return lambda run: not inner(run)
    children = [_compile(one, counted, positive=positive) for one in condition.children]
    if condition.kind == "allof":
        return lambda run: all(child(run) for child in children)
    return lambda run: any(child(run) for child in children)
