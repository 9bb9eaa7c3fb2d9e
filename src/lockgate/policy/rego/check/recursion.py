"""Which rules a rule asks, and that none asks itself in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.policy.rego.check.calls import expressions, terms
from lockgate.policy.rego.check.tree import COMPLETE, OBJECT, SET, Node, Tree, Unit
from lockgate.policy.rego.source import RECURSION, Problems
from lockgate.policy.rego.syntax import Body, Call, Ref, Rule, Scalar, Term, Var, operator_name
from lockgate.policy.rego.values import key_of


def check_recursion(tree: Tree, problems: Problems) -> None:
    """Report every unit that depends on itself."""
    edges = {unit.index: dependencies(tree, unit) for unit in tree.units}
    done: set[int] = set()
    for unit in tree.units:
        if unit.index in done:
            continue
        cycle = _cycle(unit.index, edges, done)
        if cycle:
            first = tree.units[cycle[0]]
            names = " -> ".join(tree.units[number].name for number in cycle)
            place, at = first.first.place, first.first.rule.at
            problems.add(place, RECURSION, f"rule {first.name} is recursive: {names}", at)


def _cycle(start: int, edges: dict[int, set[int]], done: set[int]) -> list[int]:
    """A way from a unit back to itself that begins at ``start`` or below; empty when there is none."""
    path: list[int] = []
    on_path: set[int] = set()
    stack: list[tuple[int, Iterator[int]]] = [(start, iter(sorted(edges[start])))]
    path.append(start)
    on_path.add(start)
    while stack:
        unit, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            stack.pop()
            path.pop()
            on_path.discard(unit)
            done.add(unit)
        elif following in on_path:
            return [*path[path.index(following) :], following]
        elif following not in done:
            stack.append((following, iter(sorted(edges[following]))))
            path.append(following)
            on_path.add(following)
    return []


def dependencies(tree: Tree, unit: Unit) -> set[int]:
    """The units that a unit asks."""
    found: set[int] = set()
    for definition in (*unit.definitions, *([unit.default] if unit.default else [])):
        rule: Rule | None = definition.rule
        while rule is not None:
            found |= asked(tree, rule.body)
            rule = rule.otherwise
    return found


def asked(tree: Tree, body: Body) -> set[int]:
    """The units that a body asks."""
    found: set[int] = set()
    for term in terms(body):
        if isinstance(term, Call):
            called = tree.called(operator_name(term.operator))
            if called is not None:
                found.add(called.index)
        elif isinstance(term, Ref) and isinstance(term.head, Var) and term.head.name == "data":
            found.update(_reached(tree, term.path))
    for expr in expressions(body):
        for one in expr.withs:
            called = tree.function(one.function) if one.function else None
            if called is not None:
                found.add(called.index)
            if isinstance(one.target, Ref) and isinstance(one.target.head, Var) and one.target.head.name == "data":
                found.update(_reached(tree, one.target.path))
    return found


def _reached(tree: Tree, path: Sequence[Term]) -> Iterator[int]:
    """Units that a reference below ``data`` may read."""
    nodes: list[Node] = [tree.root]
    for part in path:
        following: list[Node] = []
        for node in nodes:
            if node.unit is not None and node.unit.kind in (COMPLETE, SET, OBJECT):
                yield node.unit.index
                if node.unit.kind != OBJECT:
                    continue
            if isinstance(part, Scalar):
                child = node.children.get(key_of(part.value))
                following.extend([child] if child is not None else [])
            else:
                following.extend(node.children.values())
        nodes = following
    for node in nodes:
        yield from (unit.index for unit in node.below())
