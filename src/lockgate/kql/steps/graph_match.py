"""``graph-match`` and ``graph-shortest-paths``: where a pattern occurs in a graph.

Conditions are taken apart at their ``and``: what concerns one node or edge narrows it before the search, a condition on
all edges of a path narrows every step of it, and the rest is asked as soon as all that it names is there. The search
begins at the node with fewest candidates. Paths go only where an end can still be reached. ``cycles=unique_edges``, the
default, takes no edge twice; ``none`` no node; ``all`` does not mind.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import records_in, underlying
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context, Evaluate
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.graph_paths import Budget, Hop, Search
from lockgate.kql.steps.graph_values import EDGE, NODE, PATH, Path, Slot, Values
from lockgate.kql.steps.graphs import Network, Row, network

Match = tuple[object, ...]
Part = s.PatternNode | s.PatternEdge


class Matcher:
    """One search: the elements of the patterns, what narrows them, and what is asked when."""

    def __init__(self, step: bound.Step, graph: Network, context: Context) -> None:
        node = step.syntax
        assert isinstance(node, s.GraphMatch)
        self.node, self.graph, self.budget = node, graph, Budget()
        self.slots: dict[str, Slot] = {}
        self.patterns = [[(self._slot(part), part) for part in pattern] for pattern in node.patterns]
        self.count = len(self.slots)
        self.values = Values(graph, self.slots, context)
        words = {one.name: one.word for one in node.parameters}
        self.cycles = words.get("cycles", "unique_edges")
        self.every = words.get("output", "any") == "all"
        self.node_filters: dict[int, list[Evaluate]] = {}
        self.edge_filters: dict[int, list[Evaluate]] = {}
        self.inner_filters: dict[int, list[Evaluate]] = {}
        self.rest: list[tuple[set[int], Evaluate]] = []
        if node.where is not None:
            for one in _parts_of(step.values[0]):
                self._place(one)

    def _slot(self, part: Part) -> int:
        name = part.name.text if part.name is not None else f" {len(self.slots)}"
        kind = NODE if isinstance(part, s.PatternNode) else EDGE if part.length is None else PATH
        if name in self.slots:
            if self.slots[name].kind != kind or kind != NODE:
                raise EvaluationError(f"'{name}' stands for two different elements of the pattern.")
            return self.slots[name].place
        self.slots[name] = Slot(len(self.slots), kind)
        return self.slots[name].place

    # --- conditions

    def _place(self, value: bound.Value) -> None:
        """Put a condition where it narrows most."""
        names = records_in(value)
        places = {self.slots[one].place for one in names if one in self.slots}
        kinds = {one.place: one.kind for one in self.slots.values()}
        if len(places) == 1:
            (place,) = places
            if kinds[place] != PATH:
                filters = self.node_filters if kinds[place] == NODE else self.edge_filters
                run, blank = self.values.compile(value), (None,) * place
                filters.setdefault(place, []).append(lambda row: run((*blank, *row)))
                return
            if self._along(value, place):
                return
        self.rest.append((places, self.values.compile(value)))

    def _along(self, value: bound.Value, place: int) -> bool:
        """Whether a condition is one on all edges, or all nodes, of a path; then every step is narrowed by it."""
        if not isinstance(value, bound.Call) or value.function.name != "all":
            return False
        condition = underlying(value.arguments[1])
        if records_in(condition):
            return False
        columns, _, rows, nodes = self.values.elements(value.arguments[0])
        run = self.values.of_element(condition, columns, nodes)
        filters = self.inner_filters if nodes else self.edge_filters
        filters.setdefault(place, []).append(lambda row: run((*rows[row[0]], row[0], ())))  # type: ignore[call-overload]
        return True

    def _allowed(self, filters: dict[int, list[Evaluate]], place: int, count: int) -> set[int] | None:
        """The elements that the conditions on one allow; ``None`` when there are no conditions."""
        own = filters.get(place)
        if own is None:
            return None
        self.budget.spend(count)
        return {i for i in range(count) if all(one((i,)) is True for one in own)}

    # --- search

    def run(self) -> list[Match]:
        """All matches."""
        found: list[Match] = [(None,) * self.count]
        known: set[int] = set()
        asked: set[int] = set()
        for pattern in self.patterns:
            nodes = {place: self._allowed(self.node_filters, place, len(self.graph.nodes)) for place, _ in pattern[::2]}
            begin = self._beginning(pattern, nodes, known)
            place = pattern[begin][0]
            if place not in known:
                every = nodes[place]
                chosen = sorted(every) if every is not None else list(range(len(self.graph.nodes)))
                found = [_with(match, place, one) for match in found for one in chosen]
                self.budget.spend(len(found))
                known.add(place)
                found = self._asked(found, known, asked)
            right = [(pattern[i], pattern[i + 1], pattern[i + 2], True) for i in range(begin, len(pattern) - 2, 2)]
            left = [(pattern[i], pattern[i - 1], pattern[i - 2], False) for i in range(begin, 1, -2)]
            for near, edge, far, forward in (*right, *left):
                found = list(self._extended(found, near[0], edge, far[0], nodes[far[0]], forward))
                known |= {edge[0], far[0]}
                found = self._asked(found, known, asked)
        return self._shortest(found) if self.node.shortest else found

    def _beginning(
        self, pattern: list[tuple[int, Part]], nodes: dict[int, set[int] | None], known: set[int]
    ) -> int:
        def cost(i: int) -> int:
            allowed = nodes[pattern[i][0]]
            return 0 if pattern[i][0] in known else len(self.graph.nodes) if allowed is None else len(allowed)

        return min(range(0, len(pattern), 2), key=cost)

    def _asked(self, found: list[Match], known: set[int], asked: set[int]) -> list[Match]:
        """The matches that meet every condition whose elements are all there."""
        for i, (places, run) in enumerate(self.rest):
            if i not in asked and places <= known:
                asked.add(i)
                found = [one for one in found if run(one) is True]
        return found

    def _extended(
        self,
        found: list[Match],
        near: int,
        edge: tuple[int, Part],
        far: int,
        allowed: set[int] | None,
        forward: bool,
    ) -> Iterator[Match]:
        place, part = edge
        assert isinstance(part, s.PatternEdge)
        least, most = _bounds(part)
        hop = Hop(
            self.graph, self._allowed(self.edge_filters, place, len(self.graph.edges)),
            self._allowed(self.inner_filters, place, len(self.graph.nodes)), part.direction, forward,
        )  # fmt: skip
        search = Search(hop, least, most, self.cycles, self.budget)
        for match in found:
            node = match[near]
            assert isinstance(node, int)
            bound_end = match[far]
            ends = {bound_end} if isinstance(bound_end, int) else allowed
            taken = self._taken(match)
            if part.length is None:
                for number, end in search.steps(node, ends, *taken):
                    yield self.budget.found(_with(_with(match, place, number), far, end))
                continue
            if self.node.shortest:
                paths = search.shortest(node, ends, every=self.every)
            else:
                paths = search.paths(node, ends, *taken)
            for path, end in paths:
                yield self.budget.found(_with(_with(match, place, path), far, end))

    def _taken(self, match: Match) -> tuple[set[int], set[int]]:
        """Edges and nodes that a match has so far."""
        edges: set[int] = set()
        nodes: set[int] = set()
        for slot in self.slots.values():
            value = match[slot.place]
            if isinstance(value, Path):
                edges.update(value.edges)
                nodes.update(value.inner)
            elif isinstance(value, int):
                (nodes if slot.kind == NODE else edges).add(value)
        return edges, nodes

    def _shortest(self, found: list[Match]) -> list[Match]:
        """Of each pair of ends the shortest match, or all that are as short."""
        first, last = self.patterns[0][0][0], self.patterns[-1][-1][0]
        best: dict[tuple[object, object], list[tuple[int, Match]]] = {}
        for match in found:
            length = sum(len(one.edges) for one in match if isinstance(one, Path))
            best.setdefault((match[first], match[last]), []).append((length, match))
        chosen: list[Match] = []
        for several in best.values():
            least = min(length for length, _ in several)
            short = [match for length, match in several if length == least]
            chosen += short if self.every else short[:1]
        return chosen


def _with(match: Match, place: int, value: object) -> Match:
    return (*match[:place], value, *match[place + 1 :])


def _bounds(part: s.PatternEdge) -> tuple[int, int]:
    if part.length is None:
        return 1, 1
    low, high = (one.value if isinstance(one, s.Literal) else None for one in part.length)
    if not isinstance(low, int) or not isinstance(high, int) or not 0 <= low <= high:
        raise EvaluationError("The length of a path is written as two numbers, the second not less than the first.")
    return low, high


def _parts_of(value: bound.Value) -> list[bound.Value]:
    """The conditions that ``and`` joins."""
    found: list[bound.Value] = []
    waiting = [underlying(value)]
    while waiting:
        one = underlying(waiting.pop())
        if isinstance(one, bound.Operation) and one.operator == "and":
            waiting += reversed(one.arguments)
        else:
            found.append(one)
    return found


def matched(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """The columns of ``project`` for each match."""
    graph = network(step, frames, context)
    matcher = Matcher(step, graph, context)
    found = matcher.run()
    runs = [matcher.values.compile(one.value) for one in step.made if one.value is not None]
    rows: list[Row] = [tuple(run(match) for run in runs) for match in found]
    return framed(tuple(one.column for one in step.made), rows)


def subgraph(step: bound.Step, graph: Network, context: Context) -> Network:
    """The nodes and edges of all matches."""
    matcher = Matcher(step, graph, context)
    nodes: set[int] = set()
    edges: set[int] = set()
    for match in matcher.run():
        some_edges, some_nodes = matcher._taken(match)
        edges |= some_edges
        nodes |= some_nodes
    return graph.kept(nodes, edges)
