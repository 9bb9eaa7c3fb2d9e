"""Walking values and graphs: ``walk``, ``graph.reachable``, ``graph.reachable_paths``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from lockgate.policy.rego.builtins.contract import Context, Function, dictionary, wrong_type
from lockgate.policy.rego.values import (
    MAX_DEPTH,
    Key,
    Set,
    Value,
    in_order,
    key_of,
    keys_in_order,
    too_deep,
    value_of_key,
)


def walk(context: Context, value: Value) -> Iterator[list[Value]]:
    """``[path, value]`` for the value and for all below it; a relation: each pair is a result of its own."""
    stack: list[tuple[list[Value], Value]] = [([], value)]
    while stack:
        path, item = stack.pop()
        context.budget.spend()
        yield [path, item]
        if len(path) > MAX_DEPTH:
            raise too_deep()
        if isinstance(item, dict):
            stack += [([*path, value_of_key(key)], item[key]) for key in reversed(keys_in_order(item))]
        elif isinstance(item, (list, tuple)):
            stack += [([*path, index], item[index]) for index in range(len(item) - 1, -1, -1)]
        elif isinstance(item, Set):
            stack += [([*path, member], member) for member in reversed(in_order(item))]


def reachable(context: Context, graph: Value, initial: Value) -> Value:
    """The vertices of the graph that are reached from the initial ones, which count themselves."""
    edges = dictionary(graph, 1)
    queue = deque(_vertices(initial))
    reached: dict[Key, Value] = {}
    while queue:
        vertex = queue.popleft()
        key = key_of(vertex)
        if key in reached or key not in edges:
            continue
        reached[key] = vertex
        neighbours = _neighbours(edges[key])
        context.budget.spend(len(neighbours) + 1)
        queue.extend(neighbours)
    return Set.of_members(reached)


def reachable_paths(context: Context, graph: Value, initial: Value) -> Value:
    """The longest paths from the initial vertices, each up to where it would meet itself."""
    edges = dictionary(graph, 1)
    found = Set()
    for vertex in _vertices(initial):
        key = key_of(vertex)
        if key not in edges:
            continue
        neighbours = _neighbours(edges[key])
        if not neighbours:
            found.add([vertex])
        for neighbour in neighbours:
            _follow(context, edges, found, [vertex], neighbour)
    return found


def _follow(context: Context, edges: dict[Key, Value], found: Set, start: list[Value], first: Value) -> None:
    stack: list[tuple[list[Value], frozenset[Key], Value]] = [(start, frozenset(map(key_of, start)), first)]
    while stack:
        path, passed, vertex = stack.pop()
        context.budget.spend(len(path))
        key = key_of(vertex)
        if key not in edges:
            found.add(path)
            continue
        longer = [*path, vertex]
        neighbours = _neighbours(edges[key])
        if not neighbours:
            found.add(longer)
            continue
        passed = passed | {key}
        for neighbour in neighbours:
            if key_of(neighbour) in passed:
                found.add(longer)
            else:
                stack.append((longer, passed, neighbour))


def _vertices(value: Value) -> list[Value]:
    if isinstance(value, (list, tuple, Set)):
        return list(value)
    raise wrong_type(2, value, "{array, set}")


def _neighbours(value: Value) -> list[Value]:
    return list(value) if isinstance(value, (list, tuple, Set)) else []


RELATIONS: Final[dict[str, Function]] = {"walk": walk}
WITH_CONTEXT: Final[dict[str, Function]] = {
    "graph.reachable": reachable,
    "graph.reachable_paths": reachable_paths,
}
