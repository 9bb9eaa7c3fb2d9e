"""Parts of a graph that hang together. Parts are numbered from 0, in the order of their first nodes."""

from __future__ import annotations

from collections.abc import Sequence

Ends = Sequence[tuple[int, int]]


def weak(count: int, ends: Ends) -> list[int]:
    """The part of each of ``count`` nodes, whichever way edges point."""
    above = list(range(count))

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for source, target in ends:
        one, other = top(source), top(target)
        above[max(one, other)] = min(one, other)
    return _numbered([top(node) for node in range(count)])


def strong(count: int, ends: Ends) -> list[int]:
    """The part of each node, each of whose nodes is reached from every other (Tarjan 1972, without recursion)."""
    out: list[list[int]] = [[] for _ in range(count)]
    for source, target in ends:
        out[source].append(target)
    order: dict[int, int] = {}
    low = [0] * count
    parts = [-1] * count
    open_: list[int] = []
    for root in range(count):
        if root in order:
            continue
        path = [(root, iter(out[root]))]
        order[root] = low[root] = len(order)
        open_.append(root)
        while path:
            node, following = path[-1]
            for target in following:
                if target not in order:
                    order[target] = low[target] = len(order)
                    open_.append(target)
                    path.append((target, iter(out[target])))
                    break
                if parts[target] < 0:
                    low[node] = min(low[node], order[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == order[node]:
                    while True:
                        member = open_.pop()
                        parts[member] = node
                        if member == node:
                            break
    return _numbered(parts)


def _numbered(parts: list[int]) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in parts]
