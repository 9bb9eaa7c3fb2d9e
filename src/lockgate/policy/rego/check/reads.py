"""Which fields of ``input`` the value of a rule hangs on, so that it can be kept while others change."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.policy.rego.check.calls import terms
from lockgate.policy.rego.check.recursion import dependencies
from lockgate.policy.rego.check.tree import FUNCTION, OBJECT, Tree, Unit
from lockgate.policy.rego.syntax import Body, Expr, Ref, Rule, Scalar, Var

Fields = frozenset[str] | None
"""Names of fields of ``input``; None when any may be read."""


def input_fields(tree: Tree) -> tuple[Fields, ...]:
    """For each unit, the fields that it reads or that something it asks reads. None too for units that may not be
    kept: functions, and objects with nested keys, which an evaluation builds up with a memory of its own."""
    own = [_own(unit) for unit in tree.units]
    asks = [dependencies(tree, unit) for unit in tree.units]
    found: list[Fields] = []
    for unit in tree.units:
        found.append(None if _is_built(tree, unit) else _joined(unit.index, own, asks))
    return tuple(found)


def _joined(start: int, own: list[Fields], asks: list[set[int]]) -> Fields:
    fields: set[str] = set()
    seen, waiting = {start}, [start]
    while waiting:
        number = waiting.pop()
        mine = own[number]
        if mine is None:
            return None
        fields |= mine
        waiting.extend(asks[number] - seen)
        seen |= asks[number]
    return frozenset(fields)


def _is_built(tree: Tree, unit: Unit) -> bool:
    if unit.kind == FUNCTION:
        return True
    if unit.kind != OBJECT:
        return False
    node = tree.find(unit.path)
    return node is None or bool(node.children) or any(len(each.rest) > 1 for each in unit.definitions)


def _own(unit: Unit) -> Fields:
    fields: set[str] = set()
    for definition in (*unit.definitions, *([unit.default] if unit.default else [])):
        for body in _bodies(definition.rule):
            mine = _of_body(body)
            if mine is None:
                return None
            fields |= mine
    return frozenset(fields)


def _bodies(rule: Rule) -> Iterator[Body]:
    branch: Rule | None = rule
    while branch is not None:
        yield branch.body
        heads = (branch.key, branch.value, *(branch.args or ()), *branch.ref.path)
        yield [Expr(term) for term in heads if term is not None]
        branch = branch.otherwise


def _of_body(body: Body) -> Fields:
    fields: set[str] = set()
    heads: set[int] = set()
    for term in terms(body):
        if isinstance(term, Ref) and isinstance(term.head, Var) and term.head.name == "input":
            heads.add(id(term.head))
            first = term.path[0] if term.path else None
            if not isinstance(first, Scalar) or not isinstance(first.value, str):
                return None
            fields.add(first.value)
        elif isinstance(term, Var) and term.name == "input" and id(term) not in heads:
            return None
    return frozenset(fields)
