"""Steps and paths from a node of a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeVar

from lockgate.kql.errors import EvaluationError
from lockgate.kql.steps.graph_values import Path
from lockgate.kql.steps.graphs import Network

MAX_WORK = 10_000_000
"""Most edges and nodes that one search looks at."""
MAX_MATCHES = 2_000_000
"""Most matches that one search finds on its way."""
_One = TypeVar("_One")


class Budget:
    """What a search may cost."""

    __slots__ = ("matches", "work")

    def __init__(self) -> None:
        self.work = self.matches = 0

    def spend(self, work: int = 1) -> None:
        """Count work."""
        self.work += work
        if self.work > MAX_WORK:
            message = "The search through the graph takes too many steps"
            raise EvaluationError(f"{message}: bound the length of paths, or say more of its nodes.")

    def found(self, one: _One) -> _One:
        """Count a match, and hand it on."""
        self.matches += 1
        if self.matches > MAX_MATCHES:
            raise EvaluationError(f"The pattern occurs more than {MAX_MATCHES} times: say more of its nodes or edges.")
        return one


class Hop:
    """How one edge of a pattern leads on: which edges it may be, which nodes may lie within a path of it."""

    def __init__(
        self, graph: Network, edges: set[int] | None, inner: set[int] | None, direction: str, forward: bool
    ) -> None:
        self.graph, self.edges, self.inner = graph, edges, inner
        self.forward = forward
        self.out = direction == "->" if forward else direction == "<-"
        self.both = direction == "-" or not graph.directed

    def steps(self, node: int, *, back: bool = False) -> Iterator[tuple[int, int]]:
        """The edges that lead on from a node, each with where it leads; ``back`` against the direction."""
        graph = self.graph
        if self.both or self.out is not back:
            for edge in graph.out[node]:
                if self.edges is None or edge in self.edges:
                    yield edge, graph.ends[edge][1]
        if self.both or self.out is back:
            for edge in graph.into[node]:
                # An edge from a node to itself leads there once, whichever way it is looked at.
                if (self.edges is None or edge in self.edges) and not (self.both and graph.ends[edge][0] == node):
                    yield edge, graph.ends[edge][0]


class Search:
    """Steps and paths by one edge of a pattern, of ``least`` to ``most`` edges."""

    def __init__(self, hop: Hop, least: int, most: int, cycles: str, budget: Budget) -> None:
        self.hop, self.least, self.most, self.cycles, self.budget = hop, least, most, cycles, budget
        self._distances: dict[frozenset[int], dict[int, int]] = {}

    def steps(
        self, node: int, ends: set[int] | None, edges: set[int], nodes: set[int]
    ) -> Iterator[tuple[int, int]]:
        """Edges from a node. ``edges`` and ``nodes`` are those that the match has."""
        for edge, end in self.hop.steps(node):
            self.budget.spend()
            if ends is not None and end not in ends:
                continue
            if self.cycles != "all" and edge in edges:
                continue
            if self.cycles == "none" and end in nodes:
                continue
            yield edge, end

    def paths(
        self, node: int, ends: set[int] | None, edges: set[int], nodes: set[int]
    ) -> Iterator[tuple[Path, int]]:
        """Paths from a node, shorter ones first."""
        if self.least == 0 and (ends is None or node in ends):
            yield Path((), ()), node
        distances = self._reach(ends)
        level: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = [(node, (), ())]
        for length in range(1, self.most + 1):
            deeper: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
            for at, way, inner in level:
                within = (*inner, at) if way else inner
                if way and self.hop.inner is not None and at not in self.hop.inner:
                    continue
                for edge, end in self.hop.steps(at):
                    self.budget.spend()
                    if self.cycles != "all" and (edge in way or edge in edges):
                        continue
                    if self.cycles == "none" and (end == node or end in within or end in nodes):
                        continue
                    if length >= self.least and (ends is None or end in ends):
                        yield self._path((*way, edge), within), end
                    if distances is None or distances.get(end, self.most + 1) <= self.most - length:
                        deeper.append((end, (*way, edge), within))
            level = deeper
            if not level:
                return

    def _path(self, edges: tuple[int, ...], inner: tuple[int, ...]) -> Path:
        return Path(edges, inner) if self.hop.forward else Path(edges[::-1], inner[::-1])

    def _reach(self, ends: set[int] | None) -> dict[int, int] | None:
        """How far each node is from the nearest end, at least one step."""
        if ends is None:
            return None
        key = frozenset(ends)
        if key not in self._distances:
            found: dict[int, int] = {}
            waiting = deque((one, 0) for one in ends)
            while waiting:
                node, far = waiting.popleft()
                if far >= self.most:
                    continue
                for _, before in self.hop.steps(node, back=True):
                    self.budget.spend()
                    if before not in found:
                        found[before] = far + 1
                        waiting.append((before, far + 1))
            self._distances[key] = found
        return self._distances[key]

    def shortest(self, node: int, ends: set[int] | None, *, every: bool) -> Iterator[tuple[Path, int]]:
        """The shortest path to each end, or all that are as short."""
        if self.least == 0 and (ends is None or node in ends):
            yield Path((), ()), node
        levels: list[dict[int, list[tuple[int, int]]]] = [{node: []}]
        seen: set[int] = {node}
        done: set[int] = set() if self.least else {node}
        for length in range(1, self.most + 1):
            deeper: dict[int, list[tuple[int, int]]] = {}
            for at in levels[-1]:
                if len(levels) > 1 and self.hop.inner is not None and at not in self.hop.inner:
                    continue
                for edge, end in self.hop.steps(at):
                    self.budget.spend()
                    if end not in seen or length < self.least or (end == node and node not in done):
                        deeper.setdefault(end, []).append((edge, at))
            levels.append(deeper)
            reached = [end for end in deeper if length >= self.least and end not in done]
            for end in reached:
                done.add(end)
                if ends is None or end in ends:
                    for path in self._back(levels, end, every):
                        yield path, end
            seen.update(deeper if length >= self.least else ())
            if not deeper or (ends is not None and ends <= done):
                return

    def _back(self, levels: list[dict[int, list[tuple[int, int]]]], end: int, every: bool) -> Iterator[Path]:
        """The paths that led to ``end`` on the last level."""
        waiting: list[tuple[int, int, tuple[int, ...], tuple[int, ...]]] = [(len(levels) - 1, end, (), ())]
        while waiting:
            level, node, edges, nodes = waiting.pop()
            if level == 0:
                yield self._path(edges, nodes[:-1])
                if not every:
                    return
                continue
            for edge, before in reversed(levels[level][node]):
                self.budget.spend()
                if self.cycles == "all" or edge not in edges:
                    waiting.append((level - 1, before, (edge, *edges), (node, *nodes)))
