"""Unions and intersections of regions, and the parts of lines in them.

As in the S2 library's boolean operation: every edge is cut where it crosses the other region's boundary, a piece is
known to lie inside or outside by counting crossings with exact predicates along its ring, the pieces that are kept are
put together to rings again. Points that are there in both operands are the same points; an edge that merely passes
close to one does not touch it. A ring begins after its piece that comes last in the operands, rings are in the
operands' order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lockgate.dataclass import dataclass
from lockgate.kql.functions.geography.sphere.cells import DEEPEST, cell_at
from lockgate.kql.functions.geography.sphere.points import Edge, Point, angle, cross, dot
from lockgate.kql.functions.geography.sphere.predicates import crossing, in_order, touches_across
from lockgate.kql.functions.geography.sphere.rings import Region, Ring, area, crossing_pairs

_MERGED = 2e-15
"""Radians within which a crossing is taken to be at an edge's end."""
_NO_AREA = 1e-16
"""Steradians, 40 square centimetres of the Earth: what points in a line enclose by rounding alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an edge."""

    start: Point
    """Where it begins."""
    stop: Point
    """Where it ends."""
    order: int
    """The place of its edge among those of both operands."""


@dataclass(frozen=True, slots=True)
class Met:
    """What two closed shapes have in common."""

    rings: list[Ring]
    """The surface."""
    lines: list[list[Point]]
    """Edges that only touch."""
    points: list[Point]
    """Points that only touch."""


class _Cuts:
    """Where the edges of one operand are cut by the other's, and the operand's edges at each of its points."""

    def __init__(self, edges: Sequence[Edge], other: Sequence[Edge], pairs: list[tuple[int, int]]) -> None:
        self.places: dict[int, list[Point]] = defaultdict(list)
        for i, j in pairs:
            self.places[i].append(_snapped(edges[i], other[j]))

    def along(self, i: int, edge: Edge) -> list[Point]:
        """The points of an edge, its cuts in order."""
        start, stop = edge
        return [start, *sorted(self.places.get(i, ()), key=lambda one: angle(start, one)), stop]


def _snapped(first: Edge, second: Edge) -> Point:
    found = crossing(first, second)
    close = [one for one in (*first, *second) if angle(one, found) <= _MERGED]
    return min(close) if close else found


class _Walk:
    """Goes along edges and knows of each piece whether it lies in a region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._at: dict[Point, list[Edge]] = defaultdict(list)
        for edge in region.edges:
            for end in edge:
                self._at[end].append(edge)
        self._shared = dict.fromkeys(region.edges, False) | {(b, a): True for a, b in region.edges}

    def shared(self, edge: Edge) -> bool | None:
        """Whether the region's boundary has the edge: in the other direction (true), in the same one, or not."""
        return self._shared.get(edge)

    def has(self, one: Point) -> bool:
        """Whether a point is one of the boundary's."""
        return one in self._at

    def starts_inside(self, edge: Edge) -> bool:
        """Whether the edge goes on from its first point within the region."""
        return self._region.contains(edge[0]) ^ self._turns(edge, edge[0])

    def _turns(self, edge: Edge, end: Point) -> bool:
        return sum(touches_across(*edge, *other) for other in self._at.get(end, ())) % 2 == 1

    def pieces(self, edges: Sequence[Edge], cuts: _Cuts, first: int) -> Iterator[tuple[Piece, bool]]:
        """Every piece of edges that are not the region's own, with whether it lies inside."""
        known: bool | None = None
        previous: Point | None = None
        for i, edge in enumerate(edges):
            if edge in self._shared:
                known, previous = None, None
                continue
            inside = self.starts_inside(edge) if known is None or edge[0] != previous else known
            places = cuts.along(i, edge)
            for start, stop in pairwise(places):
                if start != stop:
                    yield Piece(start, stop, first + i), inside
                inside = not inside
            inside = not inside
            # At a point that the boundary does not touch the next edge of the ring goes on where this one ended.
            known, previous = (None, None) if self.has(edge[1]) else (inside, edge[1])


def united(first: Region, second: Region) -> list[Ring]:
    """The rings around what lies in either region."""
    return _combined(first, second, inside=False)


def _combined(first: Region, second: Region, *, inside: bool) -> list[Ring]:
    pairs = crossing_pairs(first.edges, second.edges)
    own, other = _Walk(second), _Walk(first)
    kept = [
        *_kept(own, first.edges, _Cuts(first.edges, second.edges, pairs), 0, inside),
        *_kept(other, second.edges, _Cuts(second.edges, first.edges, _turned(pairs)), len(first.edges), inside),
    ]
    kept += [Piece(*edge, i) for i, edge in enumerate(first.edges) if own.shared(edge) is False]
    return assembled(kept)


def _turned(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(j, i) for i, j in pairs]


def _kept(walk: _Walk, edges: Sequence[Edge], cuts: _Cuts, first: int, inside: bool) -> list[Piece]:
    return [piece for piece, within in walk.pieces(edges, cuts, first) if within is inside]


def met(first: Region, second: Region) -> Met:
    """What lies in both regions, their boundaries included."""
    rings = _combined(first, second, inside=True)
    surface = {point for ring in rings for point in ring}
    walk = _Walk(second)
    touching = [edge for edge in first.edges if walk.shared(edge)]
    lines = chained(touching)
    ends = {point for edge in touching for point in edge}
    points = [one for one in dict.fromkeys(a for a, _ in first.edges) if walk.has(one)]
    return Met(rings, lines, [one for one in points if one not in surface and one not in ends])


def clipped(lines: Sequence[Sequence[Edge]], region: Region) -> tuple[list[list[Point]], list[Point]]:
    """The parts of lines in a region, its boundary included, and the points where a line only touches it."""
    walk = _Walk(region)
    found: list[list[Point]] = []
    touched: dict[Point, None] = {}
    for edges in lines:
        cuts = _Cuts(edges, region.edges, crossing_pairs(edges, region.edges))
        pieces = [(piece, within) for piece, within in walk.pieces(edges, cuts, 0)]
        pieces += [(Piece(*edge, i), True) for i, edge in enumerate(edges) if walk.shared(edge) is not None]
        pieces.sort(key=lambda one: one[0].order)
        for piece, within in pieces:
            if not within:
                continue
            if found and found[-1][-1] == piece.start:
                found[-1].append(piece.stop)
            else:
                found.append([piece.start, piece.stop])
        touched.update(dict.fromkeys(one for edge in edges for one in edge if region.holds(one)))
    drawn = {point for line in found for point in line}
    return found, [one for one in touched if one not in drawn]


def chained(edges: Sequence[Edge]) -> list[list[Point]]:
    """Edges as lines: one goes on where a single one ends and a single one begins."""
    leaving: dict[Point, list[Edge]] = defaultdict(list)
    arriving: dict[Point, int] = defaultdict(int)
    for edge in edges:
        leaving[edge[0]].append(edge)
        arriving[edge[1]] += 1
    used: set[Edge] = set()
    found: list[list[Point]] = []
    starts = [edge for edge in edges if arriving[edge[0]] != 1 or len(leaving[edge[0]]) != 1]
    for edge in [*starts, *edges]:
        if edge in used:
            continue
        used.add(edge)
        line = list(edge)
        while arriving[line[-1]] == 1 and len(leaving[line[-1]]) == 1 and leaving[line[-1]][0] not in used:
            used.add(leaving[line[-1]][0])
            line.append(leaving[line[-1]][0][1])
        found.append(line)
    return found


def assembled(pieces: Sequence[Piece]) -> list[Ring]:
    """Directed pieces as simple rings with their inside to the left; what does not close is left out."""
    leaving: dict[Point, list[Piece]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda one: one.order):
        leaving[piece.start].append(piece)
    found: list[list[Piece]] = []
    for start in sorted(leaving, key=lambda one: cell_at(one, DEEPEST)):
        while leaving[start]:
            found += _traced(leaving, leaving[start].pop(0))
    rings = [_begun(ring) for ring in found if len(ring) > 2]
    rings.sort(key=lambda ring: ring[0].order)
    surfaces = (_without_spikes([piece.start for piece in ring]) for ring in rings)
    return [ring for ring in surfaces if len(ring) > 2 and abs(area(ring)) > _NO_AREA]


def _without_spikes(ring: Ring) -> Ring:
    """The ring without points to which it goes and comes back on the same line: they enclose nothing, and at them a
    rounding decides which side is inside."""
    at, kept = 0, list(ring)
    while at < len(kept) > 2:
        before, one, after = kept[at - 1], kept[at], kept[(at + 1) % len(kept)]
        back = cross(one, before), cross(one, after)
        if abs(dot(back[0], after)) <= _NO_AREA and dot(*back) > 0:
            del kept[at]
            at = max(at - 1, 0)
        else:
            at += 1
    return kept


def _traced(leaving: dict[Point, list[Piece]], first: Piece) -> list[list[Piece]]:
    """The rings that a walk from ``first`` closes, turning left wherever it can."""
    found: list[list[Piece]] = []
    path, seen = [first], {first.start: 0}
    while path:
        last = path[-1]
        if last.stop in seen:
            at = seen[last.stop]
            found.append(path[at:])
            for piece in path[at:]:
                del seen[piece.start]
            del path[at:]
            if not path:
                break
            last = path[-1]
        following = _leftmost(leaving[last.stop], last)
        if following is None:
            del seen[path.pop().start]
            continue
        leaving[last.stop].remove(following)
        seen[following.start] = len(path)
        path.append(following)
    return found


def _leftmost(choices: list[Piece], last: Piece) -> Piece | None:
    best = choices[0] if choices else None
    for one in choices[1:]:
        if best is not None and in_order(best.stop, one.stop, last.start, last.stop):
            best = one
    return best


def _begun(ring: list[Piece]) -> list[Piece]:
    """The ring turned so that the first run of pieces of its last edge is at its end."""
    last, gap = 0, False
    for i in range(1, len(ring)):
        if ring[i].order < ring[last].order:
            gap = True
        elif ring[i].order > ring[last].order or not gap:
            last, gap = i, False
    return ring[last + 1 :] + ring[: last + 1]


def nested(rings: Sequence[Ring]) -> list[list[Ring]]:
    """Rings as polygons: each shell with the holes in it, in the order of the shells."""
    shells = [(ring, area(ring)) for ring in rings]
    found = [[ring] for ring, size in shells if size >= 0]
    regions = [(Region(polygon), size) for polygon, size in zip(found, (s for _, s in shells if s >= 0), strict=True)]
    for ring, size in shells:
        if size >= 0:
            continue
        around = [i for i, (region, _) in enumerate(regions) if _lies_in(ring, region)]
        if around:
            found[min(around, key=lambda i: regions[i][1])].append(ring)
    return found


def _lies_in(ring: Ring, region: Region) -> bool:
    inner = next((one for one in ring if one not in region.vertices), None)
    return region.contains(inner) if inner is not None else True
